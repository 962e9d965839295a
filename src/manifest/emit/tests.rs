use serde_json::json;

use super::*;
use crate::manifest::compose::compose;
use crate::manifest::parse::parse;

fn read(text: &str) -> Value {
    compose(&parse(text, false).unwrap()).unwrap()
}

/// What some reader of YAML takes for something other than a string.
const DOUBTFUL: &[&str] = &[
    "",
    " ",
    "y",
    "Y",
    "n",
    "yes",
    "No",
    "on",
    "OFF",
    "true",
    "null",
    "~",
    "0",
    "012",
    "0o12",
    "0x1F",
    "0b11",
    "1_000",
    "1__0",
    "1_",
    "1e3",
    "1.5",
    ".5",
    "1.",
    "+1",
    "-1",
    "0.1.2",
    "12:30",
    "12:30:45",
    "2024-01-01",
    "10.0.0.1",
    "3fa8",
    "1e5",
    ".inf",
    "-.inf",
    ".nan",
    "=",
    "<<",
    "-",
    "- x",
    "?",
    ": x",
    "x:",
    "x: z",
    "x #z",
    "#x",
    "@x",
    "`x`",
    "%x",
    "&x",
    "*x",
    "!x",
    "|",
    ">",
    "'x'",
    "\"x\"",
    "{x}",
    "[x]",
    ",x",
    " x",
    "x ",
    "a\\b",
    "it's",
    "\t",
    "x\tz",
    "\u{1}",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\r\n",
    "---",
    "...",
    "\u{1f600} \"x\"",
];

#[test]
fn strings_stay_strings_in_every_place() {
    for text in DOUBTFUL.iter().filter(|text| !text.contains(['\u{7f}', '\u{85}'])) {
        let value = json!({*text: *text, "list": [text], "map": {"a": {*text: [[text]]}}});
        assert_eq!(read(&Block::default().document(&value)), value, "{text:?}");
        for json in [false, true] {
            let style = Flow { json, spaced: true, lines: None };
            assert_eq!(read(&style.value(&value)), value, "{text:?}");
            let style = Flow { lines: Some(Lines { column: 0, step: 2 }), ..style };
            assert_eq!(read(&style.value(&value)), value, "{text:?}");
        }
        assert_eq!(serde_json::from_str::<Value>(&Flow::PRETTY_JSON.value(&value)).unwrap(), value);
        assert_eq!(serde_json::from_str::<Value>(&Flow::COMPACT_JSON.value(&value)).unwrap(), value);
    }
}

#[test]
fn doubtful_strings_are_quoted() {
    for text in DOUBTFUL {
        assert!(string(text).starts_with(['"', '\'']), "{text:?}: {}", string(text));
    }
}

#[test]
fn what_people_leave_without_quotes_has_none() {
    for text in [
        "x",
        "PreSync",
        "BeforeHookCreation,HookSucceeded",
        "argocd.argoproj.io/hook",
        "/bin/sh",
        "300s",
        "10Gi",
        "v1",
        "a b",
        "registry.example.com:5000/x@sha256:0f",
        "http://x/z",
        "$(HOST)",
        "it is 5 (five)",
        "é",
        "batch/v1",
    ] {
        assert_eq!(string(text), text);
    }
}

#[test]
fn lines_become_a_literal_block_where_it_reads_back() {
    let cases = [
        ("a\nb\n", "|\n  a\n  b"),
        ("a\n\n  b", "|-\n  a\n\n    b"),
        ("a\nb\n\n", "\"a\\nb\\n\\n\""),
        (" a\nb\n", "\" a\\nb\\n\""),
        ("a \nb\n", "\"a \\nb\\n\""),
        ("\na\n", "\"\\na\\n\""),
        ("a\r\nb\n", "\"a\\r\\nb\\n\""),
        ("a\n", "\"a\\n\""),
        ("\n\n", "\"\\n\\n\""),
    ];
    for (text, expected) in cases {
        let block = Block::default().after_colon(&json!(text), 0);
        assert_eq!(block, format!(" {expected}"));
        assert_eq!(read(&format!("a:{block}\n")), json!({"a": text}));
        let value = json!([[text], {"k": [text, {"d": text}]}]);
        assert_eq!(read(&Block::default().document(&value)), value, "{text:?}");
    }
}

#[test]
fn a_document_looks_as_if_written_by_hand() {
    let value = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "annotations": {"a/b": "{\"c\": 1}", "d": "300"}, "labels": {}},
        "spec": {"list": [{"a": 1, "b": [true, null]}, [1, [2]], []]},
    });
    let text = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: x
  annotations:
    a/b: '{\"c\": 1}'
    d: \"300\"
  labels: {}
spec:
  list:
  - a: 1
    b:
    - true
    - null
  - - 1
    - - 2
  - []
";
    assert_eq!(Block::default().document(&value), text);
}
