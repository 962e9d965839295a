//! Edits of one document: only the lines that must change do.

use presync::manifest::{Changes, Edit, Manifests, ObjectId, Source};
use serde_json::{Value, json};

const ROOT: ObjectId = ObjectId { document: 0, item: None };

fn read(text: &str) -> Manifests {
    let source = Source { name: "test.yaml".into(), bytes: text.into(), validate: false };
    Manifests::read(vec![source]).unwrap()
}

/// The text after edits of one object; the engine has verified what it reads as.
#[track_caller]
fn edited(text: &str, id: ObjectId, edits: Vec<Edit>) -> String {
    let manifests = read(text);
    let changes = Changes { edits: [(id, edits)].into(), ..Changes::default() };
    let output = manifests.apply(&changes).unwrap_or_else(|problems| panic!("{problems}")).to_vec();
    String::from_utf8(output).unwrap()
}

/// The same, where a second time must change nothing.
#[track_caller]
fn edited_for_good(text: &str, edit: Edit) -> String {
    let output = edited(text, ROOT, vec![edit.clone()]);
    assert_eq!(edited(&output, ROOT, vec![edit]), output, "twice is once");
    output
}

/// `a.b` as a path; keys with dots are given as they are.
fn path(path: &str) -> Vec<&str> {
    path.split('.').collect()
}

#[track_caller]
fn set(text: &str, at: &str, value: impl Into<Value>) -> String {
    edited_for_good(text, Edit::set(path(at), value))
}

#[track_caller]
fn remove(text: &str, at: &str) -> String {
    edited_for_good(text, Edit::remove(path(at)))
}

#[test]
fn a_new_entry_stands_below_the_others() {
    assert_eq!(
        set(
            "metadata:\n  annotations:\n    a: b # c\n\n  # below\n  name: x\n",
            "metadata.annotations.new",
            "v"
        ),
        "metadata:\n  annotations:\n    a: b # c\n    new: v\n\n  # below\n  name: x\n"
    );
}

#[test]
fn new_annotations_stand_at_the_end_of_metadata_in_the_files_own_indentation() {
    let hook = Edit::set(["metadata", "annotations", "argocd.argoproj.io/hook"], "PreSync");
    assert_eq!(
        edited("metadata:\n  name: x\nspec: {}\n", ROOT, vec![hook.clone()]),
        "metadata:\n  name: x\n  annotations:\n    argocd.argoproj.io/hook: PreSync\nspec: {}\n"
    );
    assert_eq!(
        edited("metadata:\n    name: x\nspec: {}\n", ROOT, vec![hook.clone()]),
        "metadata:\n    name: x\n    annotations:\n        argocd.argoproj.io/hook: PreSync\nspec: {}\n"
    );
    assert_eq!(
        edited("kind: Job", ROOT, vec![hook]),
        "kind: Job\nmetadata:\n  annotations:\n    argocd.argoproj.io/hook: PreSync"
    );
}

#[test]
fn empty_annotations_become_a_block() {
    for empty in ["", " {}", " null", " ~", " { }"] {
        assert_eq!(
            set(
                &format!("metadata:\n  annotations:{empty} # none\n  name: x\n"),
                "metadata.annotations.a",
                "b"
            ),
            "metadata:\n  annotations: # none\n    a: b\n  name: x\n",
            "{empty:?}"
        );
        assert_eq!(
            set(&format!("metadata:\n  annotations:{empty}\n"), "metadata.annotations.a", "b"),
            "metadata:\n  annotations:\n    a: b\n",
            "{empty:?}"
        );
    }
}

#[test]
fn a_scalar_is_replaced_in_its_place() {
    assert_eq!(set("a:   1  # one\nb: 2\n", "a", 2), "a:   2  # one\nb: 2\n");
    assert_eq!(set("a: 'x'\n", "a", "yes"), "a: \"yes\"\n");
    assert_eq!(set("a: \"x\n  y\" # c\nb: 2\n", "a", "z"), "a: z # c\nb: 2\n");
    assert_eq!(set("a: &n !!str 1 # c\n", "a", "z"), "a: z # c\n");
    assert_eq!(set("a: |\n  x\n  y\n\nb: 2\n", "a", "z"), "a: z\n\nb: 2\n");
    assert_eq!(set("a: |+\n  x\n\n", "a", "z"), "a: z\n");
    assert_eq!(set("a:\n  x\n  y\nb: 2\n", "a", "z"), "a: z\nb: 2\n");
    assert_eq!(set("? a\n: b\n", "a", "z"), "? a\n: z\n");
}

#[test]
fn a_collection_is_replaced_and_the_keys_comment_stays() {
    assert_eq!(set("a: # c\n  b: 1\n  # d\nc: 2\n", "a", 1), "a: 1 # c\n  # d\nc: 2\n");
    assert_eq!(set("a:\n- 1\n- 2\nc: 2\n", "a", json!({"x": [1]})), "a:\n  x:\n  - 1\nc: 2\n");
    assert_eq!(set("a: 1 # c\n", "a", json!({"b": "line\nline\n"})), "a: # c\n  b: |\n    line\n    line\n");
    assert_eq!(set("a: 1 # c\n", "a", "line\nline"), "a: |- # c\n  line\n  line\n");
}

#[test]
fn a_removed_key_takes_only_its_own_lines() {
    assert_eq!(
        remove("spec:\n  # keep\n  a: 1 # one\n  b:\n    - c: |\n        x\n\n  d: 2\n", "spec.b"),
        "spec:\n  # keep\n  a: 1 # one\n\n  d: 2\n"
    );
    assert_eq!(remove("a: 1\nb: 2", "b"), "a: 1");
    assert_eq!(remove("a: 1\nb: 2", "a"), "b: 2");
    assert_eq!(remove("\u{feff}a: 1\nb: 2\n", "a"), "\u{feff}b: 2\n");
}

#[test]
fn what_is_absent_is_removed_without_a_trace() {
    let text = "a:   {b: 1}\nc:\n";
    assert_eq!(remove(text, "x"), text);
    assert_eq!(remove(text, "a.x"), text);
    assert_eq!(remove(text, "a.b.x"), text);
    assert_eq!(remove(text, "c.x"), text);
}

#[test]
fn the_emptied_map_stays() {
    assert_eq!(
        remove("metadata:\n  annotations: # c\n    a: b\n  name: x", "metadata.annotations.a"),
        "metadata:\n  annotations: {} # c\n  name: x"
    );
    assert_eq!(remove("a:\n  b: 1 # c\nd: 1\n", "a.b"), "a: {}\nd: 1\n");
    assert_eq!(remove("a: {b: 1}\n", "a.b"), "a: {}\n");
    assert_eq!(remove("a: {b: 1,}\n", "a.b"), "a: {}\n");
}

#[test]
fn several_edits_are_one_change() {
    let edits = vec![
        Edit::remove(["a", "x"]),
        Edit::remove(["a", "q"]),
        Edit::set(["a", "z"], 1),
        Edit::set(["a", "m", "k"], "o"),
        Edit::set(["b"], "c"),
        Edit::remove(["a", "z"]),
    ];
    assert_eq!(edited("a:\n  x: 1\n  q: 2 # c\nb: 1\n", ROOT, edits), "a:\n  m:\n    k: o\nb: c\n");
}

#[test]
fn carriage_returns_stay_and_are_added() {
    assert_eq!(
        set("metadata:\r\n  name: x\r\nspec: {}\r\n", "metadata.annotations.a", "l\nm\n"),
        "metadata:\r\n  name: x\r\n  annotations:\r\n    a: |\r\n      l\r\n      m\r\nspec: {}\r\n"
    );
    assert_eq!(remove("a: 1\r\nb: |\r\n  x\r\n\r\nc: 1\r\n", "b"), "a: 1\r\n\r\nc: 1\r\n");
    assert_eq!(set("a: 1\r\nb: 2", "b", json!({"c": 1})), "a: 1\r\nb:\r\n  c: 1");
}

#[test]
fn an_item_of_a_list_is_edited_through_its_index() {
    let text = "spec:\n  containers:\n  - name: x\n    env: []\n  - image: y # c\n    name: z\n";
    let item = |rest: &str| vec!["spec".into(), "containers".into(), 1.into(), rest.into()];
    assert_eq!(
        edited(text, ROOT, vec![Edit::Set { path: item("image"), value: json!("z") }]),
        text.replace("image: y", "image: z")
    );
    assert_eq!(
        edited(text, ROOT, vec![Edit::Remove { path: item("image") }]),
        text.replace("image: y # c\n    name", "name")
    );
    assert_eq!(
        edited(text, ROOT, vec![Edit::Set { path: item("tty"), value: json!(true) }]),
        format!("{text}    tty: true\n")
    );
}

#[test]
fn items_are_replaced_removed_and_emptied() {
    let item = |index: usize| vec!["a".into(), index.into()];
    let put = |index, value| vec![Edit::Set { path: item(index), value }];
    let cut = |index| vec![Edit::Remove { path: item(index) }];
    let text = "a:\n  # first\n  - 1 # one\n  -\n  - b: 1\n    c: 2\n";
    assert_eq!(edited(text, ROOT, put(0, json!("x"))), text.replace("- 1", "- x"));
    assert_eq!(
        edited(text, ROOT, put(1, json!({"x": 1, "z": 2}))),
        text.replace("  -\n", "  - x: 1\n    z: 2\n")
    );
    assert_eq!(edited(text, ROOT, put(2, json!(3))), "a:\n  # first\n  - 1 # one\n  -\n  - 3\n");
    assert_eq!(edited(text, ROOT, cut(0)), "a:\n  # first\n  -\n  - b: 1\n    c: 2\n");
    assert_eq!(edited(text, ROOT, cut(1)), text.replace("  -\n", ""));
    assert_eq!(edited(text, ROOT, cut(2)), "a:\n  # first\n  - 1 # one\n  -\n");
    assert_eq!(edited("a:\n- 1\nb: 2\n", ROOT, cut(0)), "a: []\nb: 2\n");
    assert_eq!(edited("a: [1, 2, 3]\n", ROOT, cut(1)), "a: [1, 3]\n");
    assert_eq!(edited("a: [1, 2, 3]\n", ROOT, cut(2)), "a: [1, 2]\n");
    assert_eq!(set("a: [1]\n", "a", json!([0, 1])), "a: [0, 1]\n");
    assert_eq!(set("a:\n  - 1\n", "a", json!([1, 2, {"b": [3]}])), "a:\n  - 1\n  - 2\n  - b:\n      - 3\n");
}

#[test]
fn flow_style_stays_flow_style() {
    assert_eq!(set("a: {b: 1, c: x}\n", "a.d", "yes"), "a: {b: 1, c: x, d: \"yes\"}\n");
    assert_eq!(set("a: {b: 1, c: x}\n", "a.b", json!({"e": ["f, g"]})), "a: {b: {e: [\"f, g\"]}, c: x}\n");
    assert_eq!(remove("a: {b: 1, c: x}\n", "a.b"), "a: {c: x}\n");
    assert_eq!(remove("a: {b: 1, c: x, }\n", "a.c"), "a: {b: 1, }\n");
    assert_eq!(set("a: {b: , c}\n", "a.c", 1), "a: {b: , c: 1}\n");
    assert_eq!(set("a: {b: }\n", "a.c", 1), "a: {b: , c: 1 }\n");
    assert_eq!(
        set("a: {\n  b: 1,\n  c: 2\n}\n", "a.d", json!({"e": 1})),
        "a: {\n  b: 1,\n  c: 2,\n  d: {\n    e: 1\n  }\n}\n"
    );
}

#[test]
fn json_stays_json() {
    let pretty = "{\n    \"kind\": \"Job\",\n    \"metadata\": {\n        \"name\": \"x\"\n    }\n}\n";
    let with_hook = "{\n    \"kind\": \"Job\",\n    \"metadata\": {\n        \"name\": \"x\",\n        \"annotations\": {\n            \"a\": \"b\"\n        }\n    }\n}\n";
    assert_eq!(set(pretty, "metadata.annotations.a", "b"), with_hook);
    assert_eq!(remove(with_hook, "metadata.annotations"), pretty);
    assert_eq!(set("{\"kind\":\"Job\",\"a\":{}}", "a.b", "c"), "{\"kind\":\"Job\",\"a\":{\"b\":\"c\"}}");
    assert_eq!(
        set("{\"kind\":\"Job\"}", "a.b", json!(["c", 1])),
        "{\"kind\":\"Job\",\"a\":{\"b\":[\"c\",1]}}"
    );
    assert_eq!(remove("{\"kind\":\"Job\",\"a\":1}", "a"), "{\"kind\":\"Job\"}");
}

#[test]
fn an_alias_keeps_its_tie_to_the_anchor() {
    let text = "base: &base\n  a: 1\nmetadata:\n  annotations: *base # c\n";
    assert_eq!(
        set(text, "metadata.annotations.b", "2"),
        "base: &base\n  a: 1\nmetadata:\n  annotations: # c\n    <<: *base\n    b: \"2\"\n"
    );
    assert_eq!(set(text, "metadata.annotations", "x"), text.replace("*base #", "x #"));
}

#[test]
fn a_merged_key_is_overridden_below_the_merge() {
    assert_eq!(
        set("x: &x {ttl: 1}\nspec:\n  <<: *x\n  a: 1\n", "spec.ttl", 2),
        "x: &x {ttl: 1}\nspec:\n  <<: *x\n  a: 1\n  ttl: 2\n"
    );
}

/// No edit in place can do it: the document is written anew, between its comments.
#[test]
fn a_shared_anchor_is_not_changed_for_its_other_users() {
    assert_eq!(
        set("# head\na: &x {b: 1} # c\nc: *x\n# tail\n", "a.b", 2),
        "# head\na:\n  b: 2\nc:\n  b: 1\n# tail\n"
    );
    assert_eq!(remove("a: &x {b: 1}\nc:\n  <<: *x\n", "c.b"), "a:\n  b: 1\nc: {}\n");
}

#[test]
fn the_last_of_duplicate_keys_counts() {
    assert_eq!(set("a: 1\nb: 1\na: 2\n", "a", 3), "a: 1\nb: 1\na: 3\n");
    assert_eq!(remove("a: 1\nb: 1\na: 2\n", "a"), "b: 1\n");
    assert_eq!(set("m:\n  a: 1\nm:\n  b: 2\n", "m.c", 3), "m:\n  a: 1\nm:\n  b: 2\n  c: 3\n");
}

#[test]
fn keys_are_found_by_what_they_mean() {
    assert_eq!(set("on: 1\n'y': 2\n", "true", 3), "on: 3\n'y': 2\n");
    assert_eq!(set("0x10: 1\n", "16", 3), "0x10: 3\n");
    assert_eq!(remove("\"a\\u0062\": 1\nc: 2\n", "ab"), "c: 2\n");
}

#[test]
fn an_item_of_a_list_object_is_an_object() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- kind: Job\n  metadata:\n    name: a\n- kind: Job\n  metadata:\n    name: b # c\n";
    let id = ObjectId { document: 0, item: Some(1) };
    assert_eq!(
        edited(text, id, vec![Edit::set(["metadata", "annotations", "a"], "b")]),
        format!("{text}    annotations:\n      a: b\n")
    );
}

#[test]
fn an_edit_that_does_not_fit_is_an_error_that_names_the_object() {
    let manifests = read("# c\nkind: Job\nmetadata:\n  name: x\nspec: y\n");
    let edits = vec![Edit::set(["spec", "ttl"], 1)];
    let problems =
        manifests.apply(&Changes { edits: [(ROOT, edits)].into(), ..Changes::default() }).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "error: cannot set spec.ttl: spec is not a map\n  at: test.yaml:2, Job x"
    );
}

/// A literal block would take the comment below it for one of its lines.
#[test]
fn an_indented_comment_does_not_become_text() {
    assert_eq!(set("a:\n  b: 1\n   # c\n", "n1", "x\nz\n"), "a:\n  b: 1\nn1: \"x\\nz\\n\"\n   # c\n");
}
