//! What is reported, and where.

use presync::manifest::{Manifests, ObjectId, Source, Step};

fn source(name: &str, text: &str, validate: bool) -> Source {
    Source { name: name.into(), bytes: text.as_bytes().to_vec(), validate }
}

/// The problems of one file that people wrote.
#[track_caller]
fn problems(text: &str) -> String {
    Manifests::read(vec![source("job.yaml", text, true)]).unwrap_err().to_string()
}

#[test]
fn a_syntax_error_names_file_line_and_column() {
    assert_eq!(
        problems("kind: Job\nmetadata:\n\tname: x\n"),
        "error: the manifest is not valid YAML\n  at: job.yaml:3:2\ncaused by: a tab is used for indentation\nhint: indent with spaces"
    );
    assert_eq!(
        problems("kind: Job\n---\nkind: Job\ncommand: echo: x\n"),
        "error: the manifest is not valid YAML\n  at: job.yaml:4:14, document 2\ncaused by: a `: ` where no value may begin\nhint: put a value that contains `: ` in quotes, and check the indentation"
    );
    assert_eq!(
        problems("kind: Job\nimage: {{ .Values.image }}\n"),
        "error: the manifest is not valid YAML\n  at: job.yaml:2:9\ncaused by: a list or a map cannot be a key\nhint: `{{` begins a template expression: this file is not a rendered manifest, or the expression is unquoted"
    );
    assert_eq!(
        problems("kind: Job\n{{- if .Values.x }}\na: 1\n{{- end }}\n"),
        "error: the manifest is not valid YAML\n  at: job.yaml:2:3\ncaused by: \"-\" is only valid inside a block\nhint: `{{` begins a template expression: this file is not a rendered manifest, or the expression is unquoted"
    );
    assert_eq!(
        problems("kind: Job\na: 'it's'\n"),
        "error: the manifest is not valid YAML\n  at: job.yaml:2:8\ncaused by: invalid trailing content after single-quoted scalar\nhint: put the whole value in quotes"
    );
}

#[test]
fn every_problem_of_every_source_is_reported() {
    let sources = vec![
        source("a.yaml", "kind: Job\n--- x\na: [1\n---\na: \"x\n", true),
        source("helm template", "a: [1\n", false),
        source("b.yaml", "kind: Job\nmetadata:\n  annotations:\n    x: 1\n    w: yes\n", true),
    ];
    let problems = Manifests::read(sources).unwrap_err().to_string();
    let heads: Vec<_> =
        problems.lines().filter(|line| line.starts_with("error:") || line.contains("at:")).collect();
    assert_eq!(
        heads,
        [
            "error: text after the document separator",
            "  at: a.yaml:2",
            "error: the manifest is not valid YAML",
            "  at: a.yaml:3:4, document 2",
            "error: the manifest is not valid YAML",
            "  at: a.yaml:5:4, document 3",
            "error: the annotation x is a number, not a string",
            "  at: b.yaml:4, Job",
            "error: the annotation w is a boolean, not a string",
            "  at: b.yaml:5, Job",
        ]
    );
}

#[test]
fn values_are_never_repeated() {
    for text in [
        "a: \"s3cret\nb: 1\n",
        "a: @s3cret\n",
        "a: s3cret: s3cret\n",
        "s3cret\n",
        "kind: X\nmetadata:\n  annotations: s3cret\n",
    ] {
        assert!(!problems(text).contains("s3cret"), "{text}");
    }
}

#[test]
fn documents_that_are_no_objects() {
    assert!(problems("just text\n").contains("the document is a string, not a Kubernetes object"));
    assert!(problems("- kind: Job\n").contains("the document is a list, not a Kubernetes object"));
    assert!(problems("kind:\n").contains("the object has no kind"));
    assert!(problems("a: 1\n").contains("the object has no kind"));
    assert!(problems("kind: List\nitems:\n- 1\n").contains("the item is a number, not a Kubernetes object"));
    assert!(
        problems("kind: X\n...\nkind: Z\n")
            .contains("text after the end of the document, which Argo CD would drop")
    );
    assert!(problems("kind: X\na: \u{2028}\n").contains("CR, NEL, LS or PS"));
    assert!(problems("%YAML 1.1\n---\nkind: X\n").contains("a YAML directive"));
}

#[test]
fn what_a_tool_wrote_is_parsed_only_where_it_matters() {
    let read = |text| Manifests::read(vec![source("helm template", text, false)]).unwrap();
    let manifests = read("kind: Job\nmetadata:\n  name: x\n---\nkind: [broken\n");
    assert_eq!(manifests.candidates("Job").unwrap(), [ObjectId { document: 0, item: None }]);
    let manifests = read("kind: Job\nmetadata:\n  annotations:\n    x: 1\n---\nkind: Job\na: [broken\n");
    let problems = manifests.candidates("Job").unwrap_err().to_string();
    assert!(problems.contains("helm template:4, document 1, Job"), "{problems}");
    assert!(problems.contains("helm template:7:4, document 2"), "{problems}");
}

#[test]
fn what_helm_rendered_is_named_by_its_template() {
    let text = "---\n# Source: catalog/templates/job.yaml\nkind: Job\nmetadata:\n  name: x\n---\n# Source: catalog/templates/b.yaml\nkind: Job\na: [x\n";
    let manifests = Manifests::read(vec![source("helm template", text, false)]).unwrap();
    let id = ObjectId { document: 0, item: None };
    assert_eq!(manifests.location(id).to_string(), "helm template: catalog/templates/job.yaml, Job x");
    assert_eq!(
        manifests.candidates("Job").unwrap_err().to_string(),
        "error: the manifest is not valid YAML\n  at: helm template: catalog/templates/b.yaml\ncaused by: line 3 of the rendered document: a `[` that is not closed"
    );
}

#[test]
fn an_object_is_located_by_its_first_line_and_a_node_by_its_key() {
    let text = "# c\n\nkind: Job\nmetadata:\n  namespace: ns\n  name: x\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n      -\n        image: b\n---\nkind: List\nitems:\n- kind: Job\n  metadata: {name: \"z\"}\n";
    let manifests = Manifests::read(vec![source("job.yaml", text, true)]).unwrap();
    let job = ObjectId { document: 0, item: None };
    let item = ObjectId { document: 1, item: Some(0) };
    let path = |keys: &[&str]| keys.iter().map(|key| Step::from(*key)).collect::<Vec<_>>();
    assert_eq!(manifests.location(job).to_string(), "job.yaml:3, document 1, Job ns/x");
    assert_eq!(manifests.location(item).to_string(), "job.yaml:17, document 2, Job z");
    assert_eq!(manifests.location_of(job, &path(&["spec", "template"])).line, Some(8));
    let mut container = path(&["spec", "template", "spec", "containers"]);
    container.extend([Step::from(1), Step::from("image")]);
    assert_eq!(manifests.location_of(job, &container).line, Some(13));
    assert_eq!(manifests.location_of(item, &path(&["metadata", "name"])).line, Some(18));
    assert_eq!(manifests.location_of(item, &path(&["spec"])).line, Some(17));
}

#[test]
fn emptiness() {
    let is_empty = |texts: &[&str]| {
        let sources = texts.iter().map(|text| source("x", text, false)).collect();
        Manifests::read(sources).unwrap().is_empty()
    };
    assert!(is_empty(&[]));
    assert!(is_empty(&["", "# c\n---\n", "---\nnull\n---\n~\n---\n", "# Source: a\n\n"]));
    assert!(is_empty(&["kind: List\nitems: []\n---\nkind: List\nitems: null\n"]));
    assert!(!is_empty(&["kind: X\nitems: null\nspec: {}\n"]));
    assert!(!is_empty(&["", "kind: X"]));
    assert!(!is_empty(&["{}"]));
    assert!(!is_empty(&["a: [broken"]));
}
