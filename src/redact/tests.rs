use proptest::prelude::*;
use serde_json::json;

use super::*;

fn secrets(values: &[&str]) -> Secrets {
    let mut secrets = Secrets::default();
    for value in values {
        secrets.add(value);
    }
    secrets
}

#[test]
fn a_value_goes_wherever_it_stands() {
    let secrets = secrets(&["hunter2", "correct horse"]);
    assert_eq!(secrets.redact("got hunter2, want x: correct horse!"), "got [redacted], want x: [redacted]!");
}

#[test]
fn a_short_value_goes_only_where_it_is_a_word_and_a_tiny_one_stays() {
    let secrets = secrets(&["prod", "abc", "80"]);
    assert_eq!(
        secrets.redact("prod (prod) production reprod abc 80"),
        "[redacted] ([redacted]) production reprod abc 80"
    );
}

#[test]
fn a_long_value_goes_inside_words_too() {
    assert_eq!(secrets(&["s3cr3t-v4lue"]).redact("xs3cr3t-v4luey"), "x[redacted]y");
}

#[test]
fn a_value_goes_in_every_spelling() {
    let secrets = secrets(&["pass\"word\\1"]);
    for text in [r#"pass"word\1"#, r#"pass\"word\\1"#, "cGFzcyJ3b3JkXDE=", "cGFzcyJ3b3JkXDE"] {
        let shown = secrets.redact(&format!("bad value {text}"));
        assert!(shown.starts_with("bad value [redacted]"), "{shown}");
        assert!(!shown.contains("word") && !shown.contains("cGFz"), "{shown}");
    }
}

#[test]
fn a_value_of_many_lines_goes_line_by_line() {
    let secrets = secrets(&["first-line\nsecond-line\n"]);
    assert_eq!(secrets.redact("at second-line\n> first-line"), "at [redacted]\n> [redacted]");
}

#[test]
fn a_value_within_another_leaves_no_rest() {
    assert_eq!(
        secrets(&["hunter2hunter2", "hunter2hunter2-and-more"]).redact("hunter2hunter2-and-more"),
        REMOVED
    );
}

#[test]
fn every_value_of_a_document_goes_and_no_key() {
    let mut secrets = Secrets::default();
    secrets.add_document(
        &json!({"database": {"url": "db.internal", "ports": [54321], "tls": true, "ca": null}}),
    );
    assert_eq!(
        secrets.redact("database url db.internal:54321 true"),
        "database url [redacted]:[redacted] true"
    );
}

#[test]
fn broken_yaml_is_held_back_by_the_line() {
    let mut secrets = Secrets::default();
    secrets.add_yaml("database:\n  url: 'swordfish-1\n  - \"swordfish-2\"\n");
    assert_eq!(secrets.redact("near swordfish-1 and swordfish-2"), "near [redacted] and [redacted]");
}

#[test]
fn a_public_word_stays() {
    let mut secrets = secrets(&["catalog"]);
    secrets.publish("catalog");
    assert_eq!(secrets.redact("catalog/templates/job.yaml"), "catalog/templates/job.yaml");
}

#[test]
fn known_shapes_go() {
    for (text, shown) in [
        ("GET https://bob:p@ss/word@charts.example.com/x", "GET https://[redacted]@charts.example.com/x"),
        ("GET https://ghp@charts.example.com/x", "GET https://[redacted]@charts.example.com/x"),
        ("password: hunter22 is wrong", "password: [redacted] is wrong"),
        (r#"{"dbPassword":"a b\"c","port":1}"#, r#"{"dbPassword":[redacted],"port":1}"#),
        ("DB_PASSWORD='a b' TOKEN=abc&x=1", "DB_PASSWORD=[redacted] TOKEN=[redacted]&x=1"),
        ("auth.password: hunter22", "auth.password: [redacted]"),
        ("helm repo add --password hunter22 x", "helm repo add --password [redacted] x"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer [redacted]"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig-_1 end", "jwt [redacted] end"),
        ("ghp_0123456789abcdefghij rejected", "[redacted] rejected"),
        ("AKIAIOSFODNN7EXAMPLE rejected", "[redacted] rejected"),
        ("data: aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8=", "data: [redacted]"),
        ("a\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nb", "a\n[redacted]\nb"),
        ("-----BEGIN PRIVATE KEY-----\nMII cut off", "[redacted]"),
    ] {
        assert_eq!(shapes::redact(text), shown, "{text}");
    }
}

#[test]
fn what_a_message_needs_stays() {
    for text in [
        "Error: YAML parse error on catalog/templates/secret.yaml: error converting YAML to JSON: yaml: line 5",
        "template: catalog/templates/secret-token.yaml:5:3: executing \"x\" at <.Values.token>: nil pointer",
        r#"secrets "db" not found"#,
        "open /srv/repository1/Apps/catalog/overlays/production/values.yaml: no such file",
        "image@sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "oci://registry.example.com:5000/charts/catalog:1.2.3",
        "found in Chart.yaml, but missing in charts/ directory: postgresql",
    ] {
        assert_eq!(shapes::redact(text), text);
    }
}

#[test]
fn the_patterns_are_sound() {
    assert_ne!(shapes::redact("harmless"), REMOVED, "a broken pattern removes everything");
}

proptest! {
    #[test]
    fn nothing_that_was_added_is_shown(
        values in prop::collection::vec("[a-zA-Z0-9!-/:-@]{8,20}", 1..4),
        around in "[ a-z:=\n]{0,12}",
    ) {
        let mut held_back = Secrets::default();
        for value in &values {
            held_back.add(value);
        }
        let text = around.clone() + &values.join(&around);
        let shown = held_back.redact(&text);
        for value in &values {
            prop_assert!(!shown.contains(value.trim()), "{value:?} in {shown:?}");
        }
    }

    #[test]
    fn a_second_pass_changes_nothing(text in "\\PC{0,80}") {
        let held_back = secrets(&["hunter2hunter2"]);
        let once = held_back.redact(&text);
        prop_assert_eq!(held_back.redact(&once), once);
    }
}
