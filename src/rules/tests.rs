use super::*;
use crate::{
    argocd::App,
    manifest::{Manifests, Source},
    plan,
    settings::Settings,
};

fn manifests(yaml: &str) -> Manifests {
    let source = Source { name: "a.yaml".to_owned(), bytes: yaml.into(), validate: true };
    Manifests::read(vec![source]).unwrap_or_else(|problems| panic!("{problems}\n{yaml}"))
}

fn judged(yaml: &str, settings: &Settings) -> Vec<Finding> {
    let manifests = manifests(yaml);
    let plan = plan::plan(&manifests, plan::Rendering::default(), settings, &App::default())
        .unwrap_or_else(|problems| panic!("{problems}"));
    judge(&Subject { manifests: &manifests, plan: &plan, settings, unstable: &[] }).unwrap()
}

fn of_rule(yaml: &str, rule: &str) -> Vec<Finding> {
    judged(yaml, &Settings::default()).into_iter().filter(|finding| finding.rule == rule).collect()
}

/// Only a second render shows this one: the example is a template.
const NOT_YAML: &str = "unstable-render";

#[test]
fn every_rule_fires_on_its_example_and_is_silent_on_what_it_says_instead() {
    for rule in RULES.iter().filter(|rule| rule.id != NOT_YAML) {
        let doc = rule.doc();
        let found = of_rule(&doc.example, rule.id);
        assert!(!found.is_empty(), "{} does not fire on its example", rule.id);
        assert!(found[0].location.line.is_some(), "{} says no line", rule.id);
        assert_eq!(of_rule(&doc.instead, rule.id), [], "{} fires on what it says instead", rule.id);
    }
}

#[test]
fn every_rule_is_documented_and_its_name_is_its_files() {
    for rule in RULES {
        let doc = rule.doc();
        assert!(doc.what.starts_with("Finds ") && doc.what.ends_with('.'), "{}: {}", rule.id, doc.what);
        for heading in ["## Why", "## Example", "## Instead", "## Source"] {
            assert!(doc.text.contains(&format!("{heading}\n\n")), "{} lacks {heading}", rule.id);
        }
        assert!(!doc.example.is_empty() && !doc.instead.is_empty(), "{}", rule.id);
    }
    assert!(RULES.is_sorted_by_key(|rule| rule.id));
}

#[test]
fn a_fix_leaves_nothing_to_find() {
    let mut fixed = 0;
    for rule in RULES {
        let example = rule.doc().example;
        let found: Vec<_> =
            of_rule(&example, rule.id).into_iter().filter(|finding| !finding.fix.is_empty()).collect();
        for finding in found {
            let manifests = manifests(&example);
            let edits = [(finding.id.unwrap(), finding.fix)].into();
            let changes = crate::manifest::Changes { edits, additions: Vec::new() };
            let bytes = manifests.apply(&changes).unwrap().to_vec();
            let after = String::from_utf8(bytes).unwrap();
            assert_eq!(of_rule(&after, rule.id), [], "{}\n{after}", rule.id);
            fixed += 1;
        }
    }
    assert!(fixed >= 7, "{fixed}");
}

#[test]
fn what_presync_repairs_is_a_note() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\nspec:\n  ttlSecondsAfterFinished: 5\n  template:\n    \
               spec:\n      restartPolicy: Never\n      containers: [{name: a, image: b, command: [rails, 'db:migrate']}]\n";
    let findings = judged(job, &Settings::default());
    let drift = findings.iter().find(|finding| finding.rule == "ttl-drift").unwrap();
    assert!(drift.repaired && drift.severity == Severity::Note, "{drift:?}");
    assert!(!findings.iter().any(|finding| finding.rule == "short-ttl"), "{findings:?}");
}

#[test]
fn a_suppression_needs_a_reason_and_something_to_suppress() {
    let job = |ignore: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: report\n  annotations:\n    argocd-presync-plugin/check.ignore: \
             {ignore}\nspec:\n  ttlSecondsAfterFinished: 500\n  template:\n    spec: {{restartPolicy: Never, containers: [{{name: a}}]}}\n"
        )
    };
    let unused = |yaml: &str| {
        let found = of_rule(yaml, UNUSED);
        found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
    };
    let right = job("ttl-drift=it is meant");
    assert_eq!(of_rule(&right, "ttl-drift")[0].suppressed.as_deref(), Some("it is meant"));
    assert_eq!(unused(&right), [""; 0]);
    let bare = job("ttl-drift=");
    assert_eq!(of_rule(&bare, "ttl-drift")[0].suppressed, None);
    assert!(unused(&bare)[0].contains("gives no reason"), "{:?}", unused(&bare));
    assert!(unused(&job("short-ttl=x"))[0].contains("finds nothing"));
    assert!(unused(&job("ttl-drit=x"))[0].contains("is not a rule"));

    let mut settings = Settings::default();
    settings.ignored_rules.insert("ttl-drift".to_owned(), "all of them".to_owned());
    let plain = right.replace("check.ignore: ttl-drift=it is meant", "migration: \"false\"");
    let found = judged(&plain, &settings);
    assert!(found.iter().any(|f| f.rule == "ttl-drift" && f.suppressed.is_some()), "{found:?}");
}

#[test]
fn an_object_that_varies_is_found_by_what_varies() {
    let yaml = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n";
    let (manifests, settings) = (manifests(yaml), Settings::default());
    let plan = plan::plan(&manifests, plan::Rendering::default(), &settings, &App::default()).unwrap();
    let unstable = [manifests.index().unwrap()[0].id];
    let judge = |unstable: &[ObjectId]| {
        judge(&Subject { manifests: &manifests, plan: &plan, settings: &settings, unstable }).unwrap()
    };
    assert_eq!(judge(&unstable)[0].rule, NOT_YAML);
    assert!(judge(&[]).is_empty());
}

/// `PRESYNC_BLESS=1` writes the page anew.
#[test]
fn the_page_is_made_from_the_rules() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/rules.md");
    if std::env::var_os("PRESYNC_BLESS").is_some() {
        std::fs::write(file, page()).unwrap();
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    assert_eq!(text, page(), "run `PRESYNC_BLESS=1 cargo test --lib rules`");
}
