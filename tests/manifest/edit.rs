//! Edits of one document: only the lines that must change do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test helpers")]

use presync::manifest::{Changes, Edit, Manifests, ObjectId, Source};

const ROOT: ObjectId = ObjectId { document: 0, item: None };

fn read(text: &str) -> Manifests {
    let source = Source { name: "test.yaml".into(), bytes: text.into(), validate: false };
    Manifests::read(vec![source]).unwrap()
}

/// The text after edits of its first object; the engine has verified what it reads as.
#[track_caller]
fn edited(text: &str, edits: Vec<Edit>) -> String {
    let manifests = read(text);
    let changes = Changes { edits: [(ROOT, edits)].into(), ..Changes::default() };
    let output = manifests.apply(&changes).unwrap_or_else(|problems| panic!("{problems}")).to_vec();
    let output = String::from_utf8(output).unwrap();
    let again = read(&output);
    assert_eq!(again.apply(&changes).unwrap().to_vec(), output.as_bytes(), "twice is once");
    output
}

#[track_caller]
fn set(text: &str, path: &[&str], value: impl Into<serde_json::Value>) -> String {
    edited(text, vec![Edit::set(path.iter().copied(), value)])
}

#[track_caller]
fn remove(text: &str, path: &[&str]) -> String {
    edited(text, vec![Edit::remove(path.iter().copied())])
}

#[test]
fn a_new_annotation_joins_the_others() {
    assert_eq!(
        set(
            "metadata:\n  annotations:\n    a: b # c\n\n  # below\n  name: x\n",
            &["metadata", "annotations", "m"],
            "v"
        ),
        "metadata:\n  annotations:\n    a: b # c\n    m: v\n\n  # below\n  name: x\n"
    );
}

#[test]
fn new_annotations_stand_at_the_end_of_metadata() {
    assert_eq!(
        set(
            "metadata:\n    name: x\nspec: {}\n",
            &["metadata", "annotations", "argocd.argoproj.io/hook"],
            "PreSync"
        ),
        "metadata:\n    name: x\n    annotations:\n        argocd.argoproj.io/hook: PreSync\nspec: {}\n"
    );
}

#[test]
fn a_removed_key_takes_only_its_own_lines() {
    assert_eq!(
        remove("spec:\n  # keep\n  a: 1 # one\n  b:\n    - c: |\n        x\n\n  d: 2\n", &["spec", "b"]),
        "spec:\n  # keep\n  a: 1 # one\n\n  d: 2\n"
    );
    assert_eq!(
        remove("metadata:\n  annotations: # c\n    a: b\n  name: x", &["metadata", "annotations", "a"]),
        "metadata:\n  annotations: {} # c\n  name: x"
    );
}
