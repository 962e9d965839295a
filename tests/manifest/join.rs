//! Several sources, and new documents among those that are there.

use presync::manifest::{Addition, Changes, Edit, Manifests, ObjectId, Source};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::oracle::Decoder;

fn read(sources: &[&str]) -> Manifests {
    let source = |(i, text): (usize, &&str)| Source {
        name: format!("{i}.yaml"),
        bytes: text.as_bytes().to_vec(),
        validate: false,
    };
    Manifests::read(sources.iter().enumerate().map(source).collect()).unwrap()
}

fn apply(manifests: &Manifests, changes: &Changes) -> String {
    let output = manifests.apply(changes).unwrap_or_else(|problems| panic!("{problems}")).to_vec();
    String::from_utf8(output).unwrap()
}

fn joined(sources: &[&str]) -> String {
    apply(&read(sources), &Changes::default())
}

fn document(document: usize) -> ObjectId {
    ObjectId { document, item: None }
}

fn with_additions(sources: &[&str], additions: &[(usize, Value)]) -> String {
    let additions = additions
        .iter()
        .map(|(after, object)| Addition { after: document(*after), object: object.clone() })
        .collect();
    apply(&read(sources), &Changes { additions, ..Changes::default() })
}

#[test]
fn one_source_comes_out_as_it_went_in() {
    for text in [
        "",
        "\n",
        "# c",
        "a: 1",
        "---\n\n--- # x\r\na: 1\r\n---",
        "{\"a\":1}\n\n{\"b\":2}",
        "\u{feff}a: 1\n...\n",
    ] {
        assert_eq!(joined(&[text]), text);
        assert_eq!(joined(&["", text, "\n"]), if text == "\n" { "" } else { text });
    }
}

#[test]
fn sources_are_separated_by_lines() {
    assert_eq!(joined(&["a: 1\n", "b: 2\n"]), "a: 1\n---\nb: 2\n");
    assert_eq!(joined(&["a: 1", "b: 2"]), "a: 1\n---\nb: 2");
    assert_eq!(joined(&["---\na: 1\n---\n", "---\nb: 2"]), "---\na: 1\n---\n---\nb: 2");
    assert_eq!(joined(&["a: 1", "---\nb: 2"]), "a: 1\n---\nb: 2");
    assert_eq!(joined(&["# only a comment", "a: 1\n"]), "# only a comment\n---\na: 1\n");
    assert_eq!(joined(&["a: 1\n", "# only a comment\n"]), "a: 1\n---\n# only a comment\n");
}

#[test]
fn json_among_others_is_read_as_yaml() {
    assert_eq!(joined(&["{\"a\":1}", "b: 2\n"]), "---\n{\"a\":1}\n---\nb: 2\n");
    assert_eq!(joined(&["b: 2\n", "{\"a\":1}\n{\"c\":3}\n"]), "b: 2\n---\n{\"a\":1}\n---\n{\"c\":3}\n");
    assert_eq!(joined(&["{\"a\":1}\n---\nc: 3\n", "b: 2\n"]), "---\n{\"a\":1}\n---\nc: 3\n---\nb: 2\n");
    assert_eq!(joined(&["{\"a\":1}\nc: 3\n", "b: 2\n"]), "---\n{\"a\":1}\n---\nc: 3\n---\nb: 2\n");
}

#[test]
fn a_new_document_stands_behind_its_neighbour() {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"digest": "0123", "on": "x\ny\n"}});
    let text = "apiVersion: v1\nkind: ConfigMap\ndata:\n  digest: \"0123\"\n  \"on\": |\n    x\n    y\n";
    assert_eq!(
        with_additions(&["a: 1\n---\nb: 2\n"], &[(0, object.clone())]),
        format!("a: 1\n---\n{text}---\nb: 2\n")
    );
    assert_eq!(
        with_additions(&["a: 1\n---\nb: 2"], &[(1, object.clone())]),
        format!("a: 1\n---\nb: 2\n---\n{text}")
    );
    assert_eq!(
        with_additions(&["a: 1\n", "b: 2"], &[(0, object.clone()), (0, json!({"kind": "X"}))]),
        format!("a: 1\n---\n{text}---\nkind: X\n---\nb: 2")
    );
    assert_eq!(
        with_additions(&["a: 1\r\n"], &[(0, object)]),
        format!("a: 1\r\n---\n{}", text.replace('\n', "\r\n"))
    );
}

#[test]
fn a_new_document_in_a_json_stream_is_json() {
    let object = json!({"kind": "X", "a": ["\u{7f}"]});
    assert_eq!(
        with_additions(&["{\"a\":1}{\"b\":2}"], &[(0, json!({"kind": "X"}))]),
        "{\"a\":1}\n{\"kind\":\"X\"}\n{\"b\":2}"
    );
    assert_eq!(
        with_additions(&["{\n  \"a\": 1\n}\n"], &[(0, json!({"kind": "X"}))]),
        "{\n  \"a\": 1\n}\n{\n  \"kind\": \"X\"\n}\n"
    );
    assert_eq!(
        with_additions(&["{\"a\":1}\n---\nb: 2\n"], &[(0, json!({"kind": "X"}))]),
        "{\"a\":1}\n---\nkind: X\n---\nb: 2\n"
    );
    assert_eq!(
        with_additions(&["{\"a\":1}\nb: 2\n"], &[(0, json!({"kind": "X"}))]),
        "{\"a\":1}\n---\nkind: X\n---\nb: 2\n"
    );
    let additions = vec![Addition { after: document(0), object }];
    let changes = Changes { additions, ..Changes::default() };
    assert!(read(&["{\"a\":1}"]).apply(&changes).is_err(), "Argo CD cannot read the control character");
}

#[test]
fn edits_and_additions_go_together() {
    let manifests = read(&["{\"kind\":\"A\"}{\"kind\":\"B\"}", "kind: C # c", "# nothing"]);
    let changes = Changes {
        edits: [(document(1), vec![Edit::set(["x"], 1)]), (document(2), vec![Edit::set(["x"], 1)])].into(),
        additions: vec![Addition { after: document(2), object: json!({"kind": "D"}) }],
    };
    assert_eq!(
        apply(&manifests, &changes),
        "---\n{\"kind\":\"A\"}\n---\n{\"kind\":\"B\",\"x\":1}\n---\nkind: C # c\nx: 1\n---\nkind: D\n---\n# nothing"
    );
}

/// Whatever is joined, Argo CD reads the union.
#[test]
fn argo_cd_reads_the_union() {
    let Some(mut decoder) = Decoder::start() else { return };
    let source = select(
        &[
            "",
            "\n",
            "# c",
            "---\n",
            "kind: A",
            "kind: A\n",
            "kind: A\r\n---\r\nkind: B\r\n",
            "---\nkind: A\n---\n---\n# c\n---\nkind: B\n---",
            "\u{feff}kind: A\n",
            "\u{feff}---\nkind: A\n",
            "{\"kind\":\"A\"}",
            "{\"kind\":\"A\"}{\"kind\":\"B\"}",
            " {\n\"kind\": \"A\"\n}\n{\n\"kind\": \"B\"\n}\n",
            "{\"kind\":\"A\"}\n---\nkind: B\n",
            "{\"kind\":\"A\"}\nkind: B\n",
            "{kind: A}\n---\n{kind: B}",
            "kind: A\n...\n",
            "kind: A\nx: |+\n  a\n\n",
            "kind: A\nx: |\n  a",
            "null\n---\nkind: A\n",
            "kind: List\nitems:\n- kind: A\n",
        ][..],
    );
    let sources = proptest::collection::vec(source, 0..5);
    let additions = proptest::collection::vec(any::<proptest::sample::Index>(), 0..3);
    let mut runner = TestRunner::new(Config { cases: 2000, failure_persistence: None, ..Config::default() });
    let decoder = std::cell::RefCell::new(&mut decoder);
    runner
        .run(&(sources, additions), |(sources, additions)| {
            let decode = |text: &str| decoder.borrow_mut().decode(text.as_bytes()).unwrap();
            let manifests = read(&sources);
            let ids: Vec<_> = manifests.index().unwrap().iter().map(|header| header.id.document).collect();
            let mut expected: Vec<Value> = sources.iter().flat_map(|source| decode(source)).collect();
            prop_assert_eq!(ids.len(), expected.len());
            let mut added = Vec::new();
            for (i, index) in additions.iter().enumerate().filter(|_| !ids.is_empty()) {
                added.push((index.index(ids.len()), json!({"kind": "New", "i": i})));
            }
            added.sort_by_key(|(after, _)| *after);
            for (after, object) in added.iter().rev() {
                expected.insert(after + 1, object.clone());
            }
            let additions = added
                .into_iter()
                .map(|(after, object)| Addition { after: document(ids[after]), object })
                .collect();
            let output = apply(&manifests, &Changes { additions, ..Changes::default() });
            prop_assert_eq!(decode(&output), expected, "{:?}\n=>\n{}", sources, output);
            Ok(())
        })
        .unwrap();
}
