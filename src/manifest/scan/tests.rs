use super::*;

#[test]
fn plain_documents_tell_their_head() {
    let text = "# Source: a/b.yaml\napiVersion: batch/v1\nkind: \"Job\"  # c\nmetadata:\n  labels:\n    name: z\n  ownerReferences:\n  - name: w\n  name: x\n  namespace: 'ns'\nspec:\n- kind: Other\n- |\n  kind: Other\n";
    let expected = Head { api_version: "batch/v1", kind: "Job", namespace: Some("ns"), name: "x" };
    assert_eq!(head(text.as_bytes()), Some(expected));
    let text = "kind: Job\r\nmetadata:\r\n    generateName: x-\r\n\r\napiVersion: v1";
    assert_eq!(
        head(text.as_bytes()),
        Some(Head { api_version: "v1", kind: "Job", namespace: None, name: "" })
    );
}

#[test]
fn doubtful_documents_are_left_to_the_parser() {
    let whole = "apiVersion: v1\nkind: Job\nmetadata:\n  name: x\n";
    assert!(head(whole.as_bytes()).is_some());
    for (from, to) in [
        ("kind: Job", "kind: Job\nkind: Job"),
        ("kind: Job", "kind: Job\n  Template"),
        ("kind: Job", "kind: \"J\\u006fb\""),
        ("kind: Job", "kind: &k Job"),
        ("kind: Job", "kind: !!str Job"),
        ("kind: Job", "kind: on"),
        ("kind: Job", "kind:\n  Job"),
        ("kind: Job", "\"kind\": Job"),
        ("kind: Job", "? kind\n: Job"),
        ("kind: Job", "<<: {kind: Job}"),
        ("kind: Job", "kind: Job\n..."),
        ("kind: Job", "kind: Job\u{85}x: z"),
        ("kind: Job", "kind: Job\rx: z"),
        ("kind: Job", "kind: Job\nitems: []"),
        ("kind: Job", "kind: Job\nx: \"a\nb: c\""),
        ("kind: Job", "kind: Job\nx: {\na: b}"),
        ("kind: Job", ""),
        ("metadata:\n  name: x", "metadata: {name: x}"),
        ("name: x", "name: 12"),
        ("name: x", "name: x\n    z"),
        ("name: x", "name: x\n  name: z"),
        ("name: x", "<<: *m"),
        ("name: x", "\"name\": x"),
        ("  name: x", "   namespace: z\n  name: x"),
        ("apiVersion: v1\n", ""),
        ("apiVersion: v1", "apiVersion: 1"),
        ("apiVersion: v1", "{"),
    ] {
        let text = whole.replacen(from, to, 1);
        assert_eq!(head(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn a_kind_is_a_word_of_its_own() {
    let finder = KindFinder::new("Job");
    let found = |text: &str| !finder.find(text.as_bytes(), std::slice::from_ref(&(0..text.len()))).is_empty();
    for text in [
        "kind: Job",
        "{\"kind\":\"Job\"}",
        "[kind,Job]",
        "kind: !!str Job",
        "kind: &k Job # c",
        "Job : x",
        "a\n  Job\n",
        "kind: \"\\u004aob\"",
        "\"Jo\\x62\"",
        "\"J\\\r\n  o\\U00000062\"",
        "a Job a: Job",
    ] {
        assert!(found(text), "{text}");
    }
    for text in [
        "CronJob",
        "JobList",
        "batch.Job",
        "a_Job",
        "# the Job",
        "# Job of",
        "a Job",
        "\"\\u004aobs\"",
        "\"\\u004bob\"",
        "\\u004aob",
        "\"x\\u004aob\"",
    ] {
        assert!(!found(text), "{text}");
    }
}

#[test]
fn only_documents_are_searched() {
    let text = b"Job\n# Job\nx\nJob Job\n\"\\u004aob\" Job";
    assert_eq!(KindFinder::new("Job").find(text, &[0..4, 10..12, 12..20, 20..text.len()]), [0, 3]);
}

#[test]
fn helm_names_the_template_in_a_first_comment() {
    assert_eq!(source_comment(b"\n# Source: c/templates/x.yaml\r\nkind: Job\n"), Some("c/templates/x.yaml"));
    assert_eq!(source_comment(b"# c\n# Source: a"), Some("a"));
    assert_eq!(source_comment(b"kind: Job\n# Source: a\n"), None);
    assert_eq!(source_comment(b""), None);
}
