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

/// A Job that works, with more lines under `metadata`, `spec` and the pod's `spec`.
fn job(metadata: &str, spec: &str, pod: &str, container: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: db-migrate{metadata}}}\nspec:\n  activeDeadlineSeconds: 600\n{spec}  \
         template:\n    spec:\n      restartPolicy: Never\n{pod}      containers: [{{name: a, image: shop{container}}}]\n"
    )
}

const WEB: &str = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {app: web}}, \
                   template: {metadata: {labels: {app: web}}, spec: {INIT containers: [{name: web, image: web}]}}}\n";

/// The rules that find something in an app, notes included.
fn rules_of(yaml: &str) -> Vec<&'static str> {
    let mut rules: Vec<_> =
        judged(yaml, &Settings::default()).into_iter().map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

#[test]
fn rules_fire_on_other_shapes_than_their_examples() {
    const PRE: &str = ", annotations: {argocd.argoproj.io/hook: PreSync}";
    const MIGRATE: &str = ", command: [rails, 'db:migrate']";
    let web = WEB.replace("INIT", "");
    let waiting = |args: &str| {
        WEB.replace("INIT", &format!("initContainers: [{{name: first, image: kubectl, command: [{args}]}}],"))
    };
    let post = job(", annotations: {argocd.argoproj.io/hook: PostSync}", "", "", MIGRATE);
    let cron = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {schedule: '* * * * *', jobTemplate: {spec: \
                {template: {spec: {ttlSecondsAfterFinished: 60, restartPolicy: Never, containers: [{name: a}]}}}}}\n";
    for (yaml, rule) in [
        (job(", labels: {helm.sh/hook: pre-install}", "", "", ""), "hook-as-label"),
        (cron.to_owned(), "misplaced-ttl"),
        (job(", annotations: {argocd.argoproj.io/hook: pre-sync}", "", "", "") + &web, "hook-never-runs"),
        (
            post.clone() + &waiting("kubectl, wait, --for=condition=complete, job/db-migrate"),
            "awaited-after-sync",
        ),
        (post + &waiting("rails, 'db:abort_if_pending_migrations'"), "awaited-after-sync"),
        (
            job(PRE, "", "", ", command: [sh, -c, 'bin/rails db:drop db:create db:migrate']") + &web,
            "unsafe-to-repeat",
        ),
        (job(PRE, "  ttlSecondsAfterFinished: 0\n", "", MIGRATE) + &web, "short-ttl"),
        (
            job(PRE, "", "      serviceAccountName: own\n", MIGRATE)
                + "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: own}\n"
                + &web,
            "hook-needs-its-app",
        ),
    ] {
        assert!(rules_of(&yaml).contains(&rule), "{rule}: {:?}\n{yaml}", rules_of(&yaml));
    }
}

#[test]
fn rules_are_silent_on_what_only_resembles_a_mistake() {
    const MIGRATE: &str = ", command: [rails, 'db:migrate']";
    let web = WEB.replace("INIT", "");
    let hook = |hook: &str| {
        format!(
            ", annotations: {{argocd.argoproj.io/hook: {hook}, argocd.argoproj.io/hook-delete-policy: HookSucceeded}}"
        )
    };
    for yaml in [
        // Native sidecars end with the Job.
        job("", "", "      initContainers: [{name: proxy, image: cloudsql, restartPolicy: Always}]\n", MIGRATE),
        // The TTL of what a CronJob creates is no drift.
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: {schedule: '* * * * *', suspend: true, jobTemplate: {spec: \
         {ttlSecondsAfterFinished: 60, template: {spec: {restartPolicy: Never, containers: [{name: a}]}}}}}\n"
            .to_owned(),
        // Hooks that are not migrations may be deleted at their success.
        job(&hook("PostSync"), "", "", ", command: [curl, 'http://web']").replace("db-migrate", "smoke") + &web,
        job(&hook("SyncFail"), "", "", ", command: [curl, 'http://chat']").replace("db-migrate", "notify") + &web,
        // A generated name is removed at its success.
        job(&hook("PostSync"), "", "", ", command: [report]").replace("name: db-migrate", "generateName: report-") + &web,
        // Words of labels and data are not hooks.
        job(", labels: {webhook: 'true', app.kubernetes.io/component: hook}", "", "", MIGRATE),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {job.yaml: '{kind: Job, spec: {template: {spec: \
         {ttlSecondsAfterFinished: 1}}}}'}\n"
            .to_owned(),
        // An init container that waits for the database, beside a migration before the workloads.
        job("", "", "", MIGRATE) + &WEB.replace("INIT", "initContainers: [{name: wait-for-db, image: shop-migrations, command: [nc, -z, db, '5432']}],"),
        // `Replace=true` on what is no Job.
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {argocd.argoproj.io/sync-options: Replace=true}}\n".to_owned(),
    ] {
        assert_eq!(rules_of(&yaml), [""; 0], "{yaml}");
    }
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
