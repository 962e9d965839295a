use serde_json::Value;

use super::*;
use crate::report::Paint;

fn report() -> Report {
    let finding = |rule: &str, severity, line| Finding {
        rule: rule.to_owned(),
        severity,
        message: "100% <wrong>, \"really\"".to_owned(),
        hint: Some("do it\nso".to_owned()),
        object: "Job shop/migrate".to_owned(),
        file: Some("apps/a b/job.yaml".to_owned()),
        line,
        repaired: false,
        fixable: true,
        suppressed: None,
        known: false,
        fingerprint: "0123".to_owned(),
    };
    let quiet = Finding {
        suppressed: Some("known & meant".to_owned()),
        ..finding("short-ttl", Level::Error, Some(3))
    };
    let old = Finding { known: true, ..finding("no-deadline", Level::Note, None) };
    Report {
        version: VERSION,
        apps: vec![
            App {
                name: "a".to_owned(),
                findings: vec![
                    finding("ttl-drift", Level::Error, Some(7)),
                    quiet,
                    old,
                    finding("x", Level::Note, None),
                ],
            },
            App { name: "b".to_owned(), findings: Vec::new() },
        ],
    }
}

#[test]
fn text_shows_what_is_open_and_counts_the_rest() {
    let text = Format::Text.show(&report(), Paint::PLAIN);
    assert!(text.starts_with("## a\n\nerror: 100% <wrong>, \"really\" [ttl-drift]\n  at: apps/a b/job.yaml:7, Job shop/migrate\nhint: do it\n"), "{text}");
    assert!(
        text.ends_with(
            "2 apps: 1 error, 1 note; 1 suppressed; 1 in the baseline; 2 can be fixed with --fix\n"
        ),
        "{text}"
    );
    assert!(!text.contains("short-ttl"), "{text}");
}

#[test]
fn sarif_has_what_the_standard_asks_for() {
    let document: Value = serde_json::from_str(&Format::Sarif.show(&report(), Paint::PLAIN)).unwrap();
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(result["message"]["text"].is_string());
        if let Some(index) = result["ruleIndex"].as_u64() {
            assert_eq!(rules[usize::try_from(index).unwrap()]["id"], result["ruleId"]);
        }
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "apps/a%20b/job.yaml");
        assert!(place.get("region").is_none_or(|region| region["startLine"].as_u64() > Some(0)));
    }
    assert_eq!(run["results"][1]["suppressions"][0]["justification"], "known & meant");
    assert_eq!(run["results"][2]["baselineState"], "unchanged");
}

#[test]
fn junit_and_github_escape_what_they_must() {
    let junit = Format::Junit.show(&report(), Paint::PLAIN);
    assert!(junit.contains("message=\"100% &lt;wrong&gt;, &quot;really&quot;\""), "{junit}");
    assert!(junit.contains("<skipped message=\"known &amp; meant\"/>"), "{junit}");
    assert!(junit.contains("<testcase classname=\"b\" name=\"no findings\"/>"), "{junit}");
    let github = Format::Github.show(&report(), Paint::PLAIN);
    let first = github.lines().next().unwrap();
    assert_eq!(
        first,
        "::error file=apps/a b/job.yaml,line=7,title=ttl-drift::Job shop/migrate: 100%25 <wrong>, \"really\"%0Ahint: do it%0Aso"
    );
    assert_eq!(github.lines().count(), 2);
}

#[test]
fn json_reads_back() {
    let json = Format::Json.show(&report(), Paint::PLAIN);
    let read: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(read.apps[0].findings[1].suppressed.as_deref(), Some("known & meant"));
    assert_eq!(read.open().count(), 2);
}

/// `PRESYNC_BLESS=1` writes the schema anew.
#[test]
fn the_schema_of_check_is_that_of_the_type() {
    let mut schema = schemars::schema_for!(Report).to_value();
    schema["title"] = "presync check --format json".into();
    let text = format!("{schema:#}\n");
    if std::env::var_os("PRESYNC_BLESS").is_some() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/check.schema.json");
        std::fs::write(file, text).unwrap();
    } else {
        assert_eq!(text, SCHEMA, "run `PRESYNC_BLESS=1 cargo test --lib schema`");
    }
}
