//! Documents whose meaning is easily got wrong, with Argo CD's own decoder as the judge.
//!
//! Those that do not mention `kind` get one in front.

use presync::manifest::{Manifests, ObjectId, Source};
use serde_json::Value;

use crate::oracle::Decoder;

/// Read as Argo CD reads them.
const SAME: &[&str] = &[
    // Blanks and comments.
    "a: 1\t# c\n",
    "a:\t1\n",
    "a: \"x\n\ty\n\t\"\n",
    "a: 1 \t\nb: 2\n",
    "a: [1,\t2]\n",
    "a: x #y\nb: x# y\n",
    "a: 1\n  \n   \nb: 2\n",
    "a: |\n  x\n  \ty\nb: 1\n",
    "{\"kind\": \"X\",\n\t\"a\": 1}",
    // Quotes and folding.
    "a: 'x\ny'\n",
    "a: 'x\n\n  y'\n",
    "a: \"x\n\n  y\"\n",
    "a: \"x\\\n  y\"\n",
    "a: x\n\n  y\n",
    "a: \"\\u00e9\\x41\\U0001F600\\0\\e\\a\\_\\L\\P\"\n",
    "a: x\u{a0}y\n",
    "a: :x\n",
    "a: \"{{ x }}\"\n",
    // Block scalars.
    "a: |1\n  x\n",
    "a: |-\n\n  x\n",
    "a: |+\n\n",
    "a: |+\n\nb: 1\n",
    "a: >+\n  x\n\n\nb: 1\n",
    "a: >\n  x\n\n   y\n  z\n",
    "a: |2-\n    x\n",
    "a: |-2\n    x\n",
    "a: |\n\nb: 1\n",
    "a: >-\n  x\n  y\n\n  z",
    "a: |",
    "a: >",
    // Nothing, and what stands for it.
    "a:",
    "a: &x",
    "a: !!str",
    "a: !!null",
    "a: !!null ''\n",
    // Flow style.
    "a: x\nb: [\n1,\n2\n]\n",
    "a: [1,2\n]\nb: 1\n",
    "a: [x: y, z]\n",
    "a: {x}\n",
    "a: {x: }\n",
    "a: {x:y}\n",
    "a: {\"x\":y}\n",
    "a: {\"x\":}\n",
    "a: {'x':[y]}\n",
    "a: {x: y,}\n",
    "a: [x,]\n",
    "a: {x: http://y}\n",
    "a: {? x : y}\n",
    "a: {x: #c\n y}\n",
    "a: {x: 'a\n  b'}\n",
    "a: {x\n b}\n",
    "a: {x: 1, 'y'\n, z\n}\n",
    "a: {x:\n 1, ? y\n z : 1, ? # c\n w\n : 1}\n",
    "a: [? x\n : 1]\n",
    "a: [x\n z]\n",
    "a: {x: {y: 1}, z: [1,\n 2]}\n",
    "a: &x b\nc: {*x : 1}\n",
    // Anchors and merges.
    "a: &x 1\nb: *x\n",
    "&x a: 1\nb: *x\n",
    "a: &x\n  b: 1\nc:\n  <<: *x\n  d: 1\n",
    "a: &x\n  b: 1\nc:\n  b: 2\n  <<: *x\n",
    "a: &x {b: 1}\nd: &z {b: 2, c: 3}\nc:\n  <<: [*x, *z]\n",
    "c:\n  <<: [{a: 1}, {a: 2, b: 3}]\n",
    "c:\n  '<<': 1\n",
    "c:\n  \"<<\": {a: 1}\n",
    "c:\n  !!merge <<: {a: 1}\n",
    "c:\n  ! <<: {a: 1}\n",
    "c: <<\n",
    "a: &x 1\nb: &x 2\nc: *x\n",
    // Tags.
    "a: !!binary aGVsbG8=\n",
    "a: !!binary |\n  aGVs\n  bG8=\n",
    "a: !!timestamp 2001-01-01\n",
    "a: !!set {x, z}\n",
    "a: !!omap [a: 1]\n",
    "a: !!bool yes\n",
    "a: !!float 1\n",
    "a: !!int '1'\n",
    "a: !!int \"0x10\"\n",
    "a: !<tag:yaml.org,2002:int> 3\n",
    "a: !foo 3\n",
    "a: ! yes\n",
    "a: !!python/object:x 3\n",
    // Keys.
    ".inf: 1\n",
    "'': 1\n",
    "? a\n: b\n",
    "? a\nb: c\n",
    "true: a\nyes: b\n",
    "1.5: a\n1234567.5: b\n1e10: c\n0.00001: d\n-1.5: e\n",
    "123456789012: a\n99999999999999999999: b\n",
    "2001-01-01: a\n0o17: b\n0x1f: c\n",
    "a: 1\na: 2\n",
    "a: {b: 1}\na: {c: 2}\n",
    // Numbers.
    "a: 0o8\nb: 08\nc: 1_0.5\nd: 1e400\ne: 0b12\nf: 0x\ng: +0x1f\nh: -0b11\ni: 0B11\nj: 0X1F\nk: 1__\nl: 1.\n",
    "a: -.5\nb: .5e3\nc: ._5\nd: 1e+3\ne: 5e-324\nf: 0.1\ng: 1e22\nh: 1e20\ni: 123456789.125\nj: -0.0\n",
    "a: -9223372036854775809\nb: 18446744073709551615\nc: 18446744073709551616\nd: 1152921504606846976.0\n",
    // Documents.
    "kind: X\n...\n",
    "kind: X\n... # c\n",
    "kind: X\n---\n---\n\n---\n# c\n---\nkind: Z",
    "kind: X\r\na: |\r\n  x\r\n  z\r\n---\r\nkind: Z\r\n",
    "kind: X\n--- # c\nkind: Z\n---\t\nkind: Z\n---\u{a0}\nkind: Z\n",
    "kind: X\n ---\nb: 1\n",
    "\u{feff}kind: X\n---\n\u{feff}kind: Z\n",
    "\u{feff}---\nkind: X\n",
    "\u{feff}{\"kind\": \"X\"}",
    "kind: X\nitems: null\nspec: 1\n",
    "kind: X\nitems: {}\n",
    "kind: X\nitems:\n- kind: Z\n",
    // JSON.
    "{\"kind\": \"X\"}{\"kind\": \"Z\"}",
    "{\"kind\": \"X\"}\n---\nkind: Z\n",
    "{\"kind\": \"X\"}\nkind: Z\n",
    "{\"kind\": \"X\"} {kind: Z}\n",
    "{\"kind\": \"X\"}\nnull\n{\"kind\": \"Z\"}",
    "{\"kind\": \"X\",}\n",
    "{\"kind\": \"X\", \"kind\": \"Z\"}",
    "{\"kind\": \"X\", \"a\": 1e3, \"b\": 1.0}",
    "{\"kind\":\"X\",\"a\":[1,{\"b\":null}]}",
    // Line breaks of YAML 1.1 between quotes.
    "a: \"x\u{2028}z\"\n",
    "a: ['x\u{2029}z', \"\u{2028}\"]\n",
    "a: \"x\u{85}z\"\nb: 'x\rz'\n",
    // Tags and anchors with their blank.
    "a: {b: !!str , c: &x }\n",
    "a: !!str'x'\n",
    "a: [&x, &y ]\n",
    // Tabs between the parts of JSON, and blanks of other scripts before it.
    "\t{\"kind\": \"X\",\n\t\"a\": [\t1\t]\t}\t\n",
    "\u{a0}{\"kind\": \"X\"}\n",
    "\u{3000}\n {kind: X}\n",
    "{\"kind\": \"X\"}\n---\n",
    "{\"kind\": \"X\"}\n# the end\n",
];

/// Refused by Argo CD, and by the engine first.
const REFUSED: &[&str] = &[
    // Tabs.
    "a: 1\n\t\nb: 2\n",
    "a:\n  b: 1\n\t# c\n",
    "a: |\n  x\n\t\nb: 1\n",
    "a: |\n  x\n  \tz\n\tz\nb: 1\n",
    "a:\n- x\n\t- z\n",
    "\t\na: 1\n",
    "a: x\n\tz\n",
    "a:\n\t- x\n",
    "a:\n  -\tx\n",
    "a:\n  - b: 1\n  \t c: 2\n",
    "a: |\n\tx\n",
    "a: >\n  x\n \tz\n",
    "kind: X\n\t\n",
    // Syntax.
    "a: \"x\"\n b\n",
    "a: x\n  # c\n  z\n",
    "a: |\n  x\n # c\n  z\n",
    "a: |\n   x\n  z\n",
    "a: @x\n",
    "a: `x\n",
    "a: %x\n",
    "a: |x\n",
    "a: - b\n",
    "a: ? b\n",
    "a: x: z\n",
    "a: 'it's'\n",
    "a: \"x\" z\n",
    "a: [x\n",
    "a: \"x\n",
    "a: 1\n b: 2\n",
    " a: 1\n",
    "a: 1\nb\nc: 2\n",
    "a: {x:[z]}\n",
    "a: [,x]\n",
    "a: {x: z w: 1}\n",
    "a: {x: a?b}\n",
    "a: [a?b]\n",
    "a: {\"b\"::c}\n",
    // A key between braces is on one line with its colon.
    "a: {x\n b: 1}\n",
    "a: {x: 1, \"y\n z\": 1}\n",
    "a: {'x'\n : 1}\n",
    "a: {x\r\n : 1}\n",
    "a: {x # c\n : 1}\n",
    "a: {x # ?\n : 1}\n",
    "a: {&x y\n : 1}\n",
    "a: {&x\n y: 1}\n",
    "a: {x: 1, !!str\n y: 1}\n",
    "a: &x b\nc: {*x\n : 1}\n",
    "a: [x\n y: 1]\n",
    "a: [{x\n : 1}]\n",
    "x\n y: 1\n",
    "\"x\n y\": 1\n",
    "{\"kind\"\n: \"X\"}",
    "a: {{ x }}\n",
    "{{ x }}\nkind: X\n",
    "a: *x\n",
    "a: \"\\/\"\n",
    "a: \"\\ud83d\\ude00\"\n",
    // Characters.
    "a: \u{1}\n",
    "a: \u{7f}\n",
    "a: \"\\x7f\"\n",
    "a: \u{fffe}\n",
    // Types.
    "c:\n  <<: 1\n",
    "a: &a [*a]\n",
    "a: &a {b: *a}\n",
    "a: !!binary x\n",
    "a: !!null x\n",
    "a: !!bool x\n",
    "a: !!float x\n",
    "a: !!int 1.5\n",
    "a: !!int ''\n",
    "a: !e!foo 3\n",
    "a: .inf\n",
    "a: .nan\n",
    "~: 1\n",
    "18446744073709551615: 1\n",
    "? [a]\n: b\n",
    "[a]: b\n",
    // Documents.
    "%YAML 1.1\nkind: X\n",
    "%YAML 1.1\n---\nkind: X\n",
    "kind: X\n---x\nkind: Z\n",
    "kind: X\n----\nkind: Z\n",
    "kind: X\na: \"\n---\n\"\n",
    "- kind: X\n",
    "kind\n",
    "{\"kind\": \"X\"}\n{\"kind\": \"Z\"}\n---\nkind: Z\n",
    "{\"kind\": \"X\"}\n#\n",
    // A tag ends only at a blank, and so does an anchor's name.
    "a: {b: !!str}\n",
    "a: {b: !!str, c: 1}\n",
    "a: [!!str]\n",
    "a: &b.c x\n",
    "a: &b'x'\n",
    // Line breaks in YAML 1.1 that end more than a line.
    "\"x\u{2028}z\": 1\n",
    "a: \"x\u{2028}--- z\"\n",
    "# c\u{2028}z\n",
    "{\"kind\": \"X\"}\n---\n\t{\"kind\": \"Z\"}\n",
];

/// Read by Argo CD, and refused by the engine with a word about why, because readers disagree about it, because it
/// cannot be what its author meant, or because the parser is stricter.
const STRICTER: &[&str] = &[
    // Argo CD takes one of the two by chance.
    "1: a\n1.0: b\n",
    "1: a\n'1': b\n",
    "true: a\n'true': b\n",
    // Argo CD drops the rest.
    "kind: X\n...\nb: 1\n",
    "{kind: X}\n{kind: Z}\n",
    "---\n{\"kind\":\"X\"}\n{\"kind\":\"Z\"}",
    // The key would be `x:`.
    "a: {x:}\n",
    // Line breaks in YAML 1.1 only.
    "a: x\u{85}b: z\n",
    "a: \"x \u{2028}z\"\n",
    "a: \"x\u{2028}\u{2028}z\"\n",
    "a: \"x\u{85}\\x20\"\n",
    "a: {b: x\u{2028}z}\n",
    "a: 1 # c\u{2028}\n",
    "a: \"x\\\u{2028}z\"\n",
    "a: x\rz: 1\n",
    "\n\u{2028}{kind: X}\n",
    // Parts of text that begin with a byte order mark.
    "kind: X\na: \u{feff}b\n",
    // libyaml is lenient.
    "a: 'x'#z\n",
    "a: [x]#z\n",
    "a: {x: -}\n",
    "a: {?x: z}\n",
    "a: {\n\tb: 1\n}\n",
    // The repo-server fails later.
    "kind: X\nitems: [1]\n",
    "kind: X\nmetadata:\n  annotations:\n    a: 1\n",
];

fn text(case: &str) -> String {
    if case.contains("kind") { case.to_owned() } else { format!("kind: X\n{case}") }
}

/// Every document's value, all of them validated.
fn read(text: &str) -> Result<Vec<Value>, String> {
    let source = Source { name: "test.yaml".into(), bytes: text.into(), validate: true };
    let manifests = Manifests::read(vec![source]).map_err(|problems| problems.to_string())?;
    let mut documents: Vec<_> = manifests.index().unwrap().iter().map(|header| header.id.document).collect();
    documents.dedup();
    let value = |document| manifests.object(ObjectId { document, item: None }).unwrap().clone();
    Ok(documents.into_iter().map(value).collect())
}

#[test]
fn read_as_argo_cd_reads_them() {
    let Some(mut decoder) = Decoder::start() else { return };
    for case in SAME {
        let text = text(case);
        assert_eq!(read(&text), Ok(decoder.decode(text.as_bytes()).unwrap()), "{case:?}");
    }
}

/// Keys of a length, in characters, as they can be written; with the quotes they have in JSON they may have 1024.
fn long_keys(length: usize) -> Vec<String> {
    let key = |c: &str| c.repeat(length);
    vec![
        format!("{}: 1\n", key("x")),
        format!("a: {{{}: 1}}\n", key("é")),
        format!("a: {{\"{}\": 1}}\n", key("x")),
        format!("? {}\n: 1\n", key("x")),
        format!("a: {{\"{}{}\": 1}}\n", "\\\"".repeat(100), "x".repeat(length - 200)),
        format!("{}{}: 1\n", "<".repeat(100), "x".repeat(length - 600)),
        format!("a: {{{}: 1}}\n", ["z".repeat(length - 20), " ".repeat(20)].concat()),
        format!("{{\"kind\": \"X\", \"{}\": 1}}", key("x")),
        format!("{{\"kind\": \"X\", \"a\": {{\"{}\" : 1}}}}", "x".repeat(length - 1)),
        format!("{{\"kind\": \"X\", \"{}{}\": 1}}", "\\u003c".repeat(100), "x".repeat(length - 600)),
    ]
}

#[test]
fn a_key_can_be_too_long() {
    let Some(mut decoder) = Decoder::start() else { return };
    for case in long_keys(1022) {
        let text = text(&case);
        assert_eq!(read(&text), Ok(decoder.decode(text.as_bytes()).unwrap()), "{case:?}");
    }
    for case in long_keys(1023) {
        let text = text(&case);
        let refused = decoder.decode(text.as_bytes()).is_err();
        assert!(read(&text).is_err() || !refused, "{case:?}");
    }
}

#[test]
fn refused() {
    for case in REFUSED.iter().chain(STRICTER) {
        assert!(read(&text(case)).is_err(), "{case:?}");
    }
}

#[test]
fn refused_by_argo_cd_too() {
    let Some(mut decoder) = Decoder::start() else { return };
    for case in REFUSED {
        assert!(decoder.decode(text(case).as_bytes()).is_err(), "{case:?}");
    }
    for case in STRICTER {
        assert!(decoder.decode(text(case).as_bytes()).is_ok(), "{case:?}");
    }
}
