//! Values files, and how their values are read.

use serde_json::json;

use super::*;

/// Returns the values that a template sees.
fn values(case: &Case) -> serde_json::Value {
    case.write("a.hbs", "{{toJson values}}");
    let sources = case.render().unwrap_or_else(|problems| panic!("{problems}"));
    serde_json::from_str(&sources[0].1).unwrap()
}

fn options(files: &[&str], setting: serde_json::Value) -> HandlebarsOptions {
    let serde_json::Value::Object(values) = setting else { panic!("a map") };
    let value_files = files.iter().map(|name| (*name).to_owned()).collect();
    HandlebarsOptions { values, value_files, ..HandlebarsOptions::default() }
}

#[test]
fn later_layers_win_key_by_key() {
    let case = Case::new(&[
        (
            "values.yaml",
            "all: base\nmap: {a: base, b: base, gone: 1}\nlist: [1, 2]\nkept: null\nscalar: {x: 1}",
        ),
        ("values-dev.yaml", "all: dev\nmap: {b: dev, gone: null}\nlist: [3]\nscalar: 1"),
        ("values-production.yaml", "all: production"),
        ("extra.yaml", "all: extra\nmap: {c: extra}"),
        ("../shared/more.yaml", "more: {d: more}"),
    ])
    .options(options(&["extra.yaml", "/apps/shared/more.yaml"], json!({"all": "set", "more": {"e": 1}})));
    assert_eq!(
        values(&case),
        json!({
            "all": "set",
            "map": {"a": "base", "b": "dev", "c": "extra"},
            "list": [3],
            "kept": null,
            "scalar": 1,
            "more": {"d": "more", "e": 1},
        })
    );
}

#[test]
fn an_app_needs_no_values() {
    assert_eq!(values(&Case::new(&[])), json!({}));
    assert_eq!(
        values(&Case::new(&[("values.yaml", "# nothing yet\n"), ("values-dev.yaml", "---\n")])),
        json!({})
    );
}

/// YAML 1.2: what the reference tells users.
#[test]
fn scalars_keep_their_type() {
    let text = "bools: [true, false]\n\
                texts: [yes, no, on, off, y, NO, 0644, 09, 1_000, 12:30:45, 2024-01-01, '1.10', \"true\", 0x]\n\
                numbers: [1, -2, 18446744073709551615, 1.10, 1e3, 0x1F, 0o17]\n\
                1: number\ntrue: bool\n";
    assert_eq!(
        values(&Case::new(&[("values.yaml", text)])),
        json!({
            "bools": [true, false],
            "texts": ["yes", "no", "on", "off", "y", "NO", "0644", "09", "1_000", "12:30:45", "2024-01-01", "1.10", "true", "0x"],
            "numbers": [1, -2, u64::MAX, 1.1, 1000.0, 31, 15],
            "1": "number",
            "true": "bool",
        })
    );
}

#[test]
fn what_to_yaml_writes_reads_back_as_the_same_in_yaml_1_1() {
    let text = "a: {yes: 'no', n: [y, '0644', '1e3', ''], t: \"l1\\n l2\\n\"}\nm: 0644\nv: '1.10'";
    let written = rendered("spec:{{nindent 2 (toYaml values)}}\n", text);
    assert_eq!(
        written,
        "spec:\n  a:\n    \"yes\": \"no\"\n    \"n\":\n    - \"y\"\n    - \"0644\"\n    - \"1e3\"\n    - \"\"\n    \
         t: |\n      l1\n       l2\n  m: \"0644\"\n  v: \"1.10\"\n"
    );
}

#[test]
fn anchors_and_merge_keys_are_resolved() {
    let text = "base: &b {x: 1, y: 2}\nderived:\n  <<: *b\n  y: 3\n";
    assert_eq!(
        values(&Case::new(&[("values.yaml", text)])),
        json!({"base": {"x": 1, "y": 2}, "derived": {"x": 1, "y": 3}})
    );
}

#[test]
fn an_invalid_values_file_is_a_problem_with_its_place() {
    for (text, place, cause) in [
        ("a: 1\na: 2\n", "values.yaml:1:1", "duplicate entry with key \"a\""),
        ("a: 1\nb: c: d\n", "values.yaml:2:5", "mapping values are not allowed"),
        ("a: !secret x\n", "values.yaml", "`a`: a value has a tag"),
        ("a: {b: [.nan]}\n", "values.yaml", "`a.b.0`: a number is too large, or none"),
        ("a: {[1]: 2}\n", "values.yaml", "`a`: a key is a list or an object"),
        ("a: *b\n", "values.yaml:1:4", "unknown anchor"),
        ("a: 1\n---\nb: 1\n", "values.yaml", "more than one document"),
    ] {
        let problem = refused("", text);
        let expected = format!("error: the values file is not valid\n  at: {place}\ncaused by: ");
        assert!(problem.starts_with(&expected) && problem.contains(cause), "{text}\n{problem}");
    }
    for text in ["[1]", "text", "- a: 1"] {
        assert_eq!(
            refused("", text),
            "error: the values file is not valid\n  at: values.yaml\nhint: a values file holds a map: `key: value` lines"
        );
    }
}

#[test]
fn no_value_shows_in_a_problem() {
    for text in [
        "password: hunter2\npassword: hunter2\n",
        "a: [hunter2\n",
        "hunter2",
        "a: !t hunter2",
        "a: 'hunter2\nb: {",
    ] {
        assert!(!refused("{{values.b}}", text).contains("hunter2"), "{text}");
    }
    for template in [
        "{{values.b}}",
        "{{values.a.b}}",
        "{{indent values.a \"x\"}}",
        "{{b64dec values.a}}",
        "{{join values.a values.a}}",
        "{{lt values.a 1}}",
        "{{lookup values.m values.a}}",
        "{{env values.x}}",
        "{{values.l}}",
    ] {
        let problem = refused(template, "a: hunter2\nm: {k: hunter2}\nl: [hunter2]");
        assert!(!problem.contains("hunter2"), "{template}\n{problem}");
    }
}

#[test]
fn values_files_are_confined_to_the_repository() {
    let case = Case::new(&[("values.yaml", "a: 1"), ("a.hbs", "")])
        .options(options(&["../../../etc/values.yaml", "none.yaml", "out.yaml"], json!({})));
    symlink("/dev/null", case.dir().join("out.yaml")).unwrap();
    fs::remove_file(case.dir().join("values.yaml")).unwrap();
    symlink("/dev/null", case.dir().join("values.yaml")).unwrap();
    let problems = case.render().unwrap_err();
    let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`apps/catalog/out.yaml` leads out of the repository",
            "`values.yaml` leads out of the repository",
            "`../../../etc/values.yaml` leads out of the repository",
            "the values file `none.yaml` does not exist",
            "`out.yaml` leads out of the repository",
        ]
    );
}
