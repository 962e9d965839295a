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
        "---\n{\"a\":1}\n---\nkind: X\n---\nb: 2\n"
    );
    assert_eq!(
        with_additions(&["{\"a\":1}\nb: 2\n"], &[(0, json!({"kind": "X"}))]),
        "---\n{\"a\":1}\n---\nkind: X\n---\nb: 2\n"
    );
    let control = json!({"kind": "X", "a": ["\u{7f}"]});
    let added = with_additions(&["{\"a\":1}"], &[(0, control.clone())]);
    assert_eq!(added, "{\"a\":1}\n{\"kind\":\"X\",\"a\":[\"\\u007f\"]}", "an escape passes in JSON");
    let changes =
        Changes { additions: vec![Addition { after: document(0), object: control }], ..Changes::default() };
    assert!(read(&["a: 1"]).apply(&changes).is_err(), "but not in YAML");
}

#[test]
fn what_only_json_can_carry_makes_all_json() {
    let sources = ["{\"kind\":\"A\",\"a\":\"\\u007f\\u00e9\"}\n", "# c\nkind: B\non: 0644\n---\nnull\n"];
    assert_eq!(
        joined(&sources),
        "{\"kind\":\"A\",\"a\":\"\\u007f\\u00e9\"}\n{\"kind\":\"B\",\"true\":420}\n"
    );
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

/// What Argo CD reads of one source, and of JSON what its own directory source reads.
fn read_alone(decoder: &mut Decoder, source: &str) -> Vec<Value> {
    let values = serde_json::Deserializer::from_str(source).into_iter().collect::<Result<_, _>>();
    values.unwrap_or_else(|_| decoder.decode(source.as_bytes()).unwrap())
}

/// Sources, among them all that can stand before, between and behind JSON values.
fn sources() -> impl Strategy<Value = Vec<&'static str>> {
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
            "{\"kind\":\"A\"}\n---\n",
            "{\"kind\":\"A\"}\r\n---",
            "{\"kind\":\"A\"}\n# the end\n",
            "{\"kind\":\"A\"} # the end\n",
            "\t{\"kind\":\"A\"}\t\n\t",
            "\r\n\t {\"kind\":\t\"A\",\n\t\"a\":\t[]}",
            "\u{a0}{\"kind\":\"A\"}\n",
            "\u{3000}\u{a0}\n {kind: A}\n",
            "\u{feff}{\"kind\":\"A\"}\n",
            "{\"kind\":\"A\",\"a\":\"x\\/ \\ud83d\\ude00 \u{2028}\"}",
            "{\"kind\":\"A\",\"a\":\"\\u007f \u{85}\"}",
            "{\"kind\":\"A\",\"a\":0x64}\n{\"kind\":\"B\"}\n",
            "{kind: A}\n---\n{kind: B}",
            "{kind: A, a: !!str }\n",
            "kind: A\na: \"x\u{2028}z\"\n",
            "kind: A\n...\n",
            "kind: A\nx: |+\n  a\n\n",
            "kind: A\nx: |\n  a",
            "null\n---\nkind: A\n",
            "kind: List\nitems:\n- kind: A\n",
        ][..],
    );
    proptest::collection::vec(source, 0..5)
}

/// Whatever is joined, edited and added, Argo CD reads the union.
#[test]
fn argo_cd_reads_the_union() {
    let Some(mut decoder) = Decoder::start() else { return };
    let changes = proptest::collection::vec((any::<proptest::sample::Index>(), 0..3), 0..4);
    let mut runner = TestRunner::new(Config { cases: 4000, failure_persistence: None, ..Config::default() });
    let decoder = std::cell::RefCell::new(&mut decoder);
    runner
        .run(&(sources(), changes), |(sources, wanted)| {
            let manifests = read(&sources);
            let ids: Vec<_> = manifests.index().unwrap().iter().map(|header| header.id.document).collect();
            let mut objects: Vec<Value> =
                sources.iter().flat_map(|source| read_alone(&mut decoder.borrow_mut(), source)).collect();
            prop_assert_eq!(ids.len(), objects.len());
            let mut changes = Changes::default();
            let mut added = vec![Vec::new(); ids.len()];
            for (i, (index, what)) in wanted.iter().enumerate().filter(|_| !ids.is_empty()) {
                let at = index.index(ids.len());
                let (key, id) = (format!("k{i}"), document(ids[at]));
                match what {
                    0 => {
                        let object = json!({"kind": "New", "i": i});
                        added[at].push(object.clone());
                        changes.additions.push(Addition { after: id, object });
                        continue;
                    }
                    1 => objects[at][&key] = json!("v"),
                    _ => drop(objects[at].as_object_mut().unwrap().shift_remove("a")),
                }
                let edit = if *what == 1 { Edit::set([key.as_str()], "v") } else { Edit::remove(["a"]) };
                changes.edits.entry(id).or_default().push(edit);
            }
            let expected: Vec<_> = objects
                .into_iter()
                .zip(added)
                .flat_map(|(object, added)| [vec![object], added].concat())
                .collect();
            let output = apply(&manifests, &changes);
            let read = decoder.borrow_mut().decode(output.as_bytes());
            prop_assert_eq!(read, Ok(expected), "{:?}\n=>\n{}", sources, output);
            Ok(())
        })
        .unwrap();
}
