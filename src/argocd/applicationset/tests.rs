use serde_json::json;

use super::*;

fn repository(files: &[(&str, &str)]) -> (tempfile::TempDir, Repository) {
    let temp = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = temp.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let repository = Repository::new(temp.path());
    (temp, repository)
}

fn set(go: bool, generators: &Value, name: &str, path: &str) -> Value {
    json!({
        "metadata": {"name": "shop", "namespace": "argocd"},
        "spec": {
            "goTemplate": go,
            "generators": generators,
            "template": {"metadata": {"name": name}, "spec": {"source": {"path": path}}},
        },
    })
}

fn names(set: &Value, repository: &Repository) -> Vec<String> {
    let made = expand(set, &Location::default(), repository).unwrap();
    made.into_iter()
        .map(|application| {
            format!("{} {}", application.name, application.spec["source"]["path"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn a_list_gives_its_elements() {
    let (_temp, repository) = repository(&[]);
    let elements = json!([{"list": {"elements": [{"env": "dev", "values": {"n": "1"}}, {"env": "prod"}]}}]);
    assert_eq!(
        names(&set(false, &elements, "shop-{{ env }}", "apps/{{values.n}}"), &repository),
        ["shop-dev apps/1", "shop-prod apps/{{values.n}}"]
    );
    assert_eq!(
        names(
            &set(true, &elements, "shop-{{.env | upper | lower}}", "apps/{{ default \"0\" .values }}"),
            &repository
        ),
        ["shop-dev apps/map[n:1]", "shop-prod apps/0"]
    );
}

#[test]
fn git_directories_and_files_are_those_of_the_clone() {
    let (_temp, repository) = repository(&[
        ("apps/Shop_A/x.yaml", ""),
        ("apps/b/x.yaml", ""),
        ("apps/b/deep/x.yaml", ""),
        (".github/x.yaml", ""),
        ("clusters/eu/config.json", "{\"cluster\": {\"name\": \"eu-1\"}}"),
        (
            "clusters/us/config.json",
            "[{\"cluster\": {\"name\": \"us-1\"}}, {\"cluster\": {\"name\": \"us-2\"}}]",
        ),
    ]);
    let directories =
        json!([{"git": {"directories": [{"path": "apps/*"}, {"path": "apps/b", "exclude": true}]}}]);
    assert_eq!(
        names(&set(false, &directories, "{{path.basenameNormalized}}", "{{path}}-{{path[1]}}"), &repository),
        ["shop-a apps/Shop_A-Shop_A"]
    );
    assert_eq!(
        names(&set(true, &directories, "{{.path.basename}}", "{{index .path.segments 0}}"), &repository),
        ["Shop_A apps"]
    );
    let files = json!([{"git": {"files": [{"path": "clusters/**/config.json"}]}}]);
    assert_eq!(
        names(&set(false, &files, "{{cluster.name}}", "{{path}}/{{path.filename}}"), &repository),
        ["eu-1 clusters/eu/config.json", "us-1 clusters/us/config.json", "us-2 clusters/us/config.json"]
    );
    assert_eq!(
        names(&set(true, &files, "{{.cluster.name}}", "{{.path.path}}"), &repository)[0],
        "eu-1 clusters/eu"
    );
}

#[test]
fn matrix_and_merge_combine() {
    let (_temp, repository) = repository(&[("apps/a/x", ""), ("apps/b/x", "")]);
    let matrix = json!([{"matrix": {"generators": [
        {"list": {"elements": [{"env": "dev"}, {"env": "prod"}]}},
        {"git": {"directories": [{"path": "apps/*"}]}},
    ]}, "selector": {"matchExpressions": [{"key": "env", "operator": "In", "values": ["dev"]}]}}]);
    assert_eq!(
        names(&set(false, &matrix, "{{path.basename}}-{{env}}", "{{path}}"), &repository),
        ["a-dev apps/a", "b-dev apps/b"]
    );
    let merge = json!([{"merge": {"mergeKeys": ["env"], "generators": [
        {"list": {"elements": [{"env": "dev", "size": "1"}, {"env": "prod", "size": "1"}]}},
        {"list": {"elements": [{"env": "prod", "size": "3"}, {"env": "none", "size": "9"}]}},
    ]}}]);
    assert_eq!(names(&set(true, &merge, "{{.env}}", "{{.size}}"), &repository), ["dev 1", "prod 3"]);
}

#[test]
fn go_templates_branch_and_loop() {
    let params = json!({"env": "prod", "names": ["a", "b"], "n": 3});
    for (template, text) in [
        ("{{ if eq .env \"prod\" \"live\" }}x{{ else }}y{{ end }}", "x"),
        ("{{ if .none }}x{{ else if (and .env (gt .n)) }}y{{ end }}", "?"),
        ("a {{- range .names }} {{ . }}{{ $.env }} {{- end }}", "a aprod bprod"),
        ("{{ printf \"%s-%d\" .env .n }} {{ .none }}", "prod-3 <no value>"),
        ("{{ .env | replace \"p\" \"P\" | quote }}{{/* no */}}", "\"Prod\""),
    ] {
        match gotemplate::render(template, &params, false) {
            Ok(found) => assert_eq!(found, text, "{template}"),
            Err(error) => assert!(text == "?" && error.contains("`gt`"), "{template}: {error}"),
        }
    }
    assert!(gotemplate::render("{{ .none.x }}", &params, true).unwrap_err().contains("none.x"));
    assert!(
        gotemplate::render("{{ $x := 1 }}", &params, true).unwrap_err().contains("cannot be expanded here")
    );
}

#[test]
fn a_patch_and_a_generators_own_template_change_the_application() {
    let (_temp, repository) = repository(&[]);
    let mut set = set(
        true,
        &json!([{"list": {"elements": [{"env": "dev"}], "template": {"metadata": {"name": ""}, "spec": {"project": "p-{{.env}}", "source": {"path": ""}}}}}]),
        "{{.env}}",
        "x",
    );
    set["spec"]["templatePatch"] =
        "spec:\n  source:\n    helm:\n      valueFiles: [{{ .env }}.yaml]\n".into();
    let made = expand(&set, &Location::default(), &repository).unwrap();
    assert_eq!(made[0].spec["project"], "p-dev");
    assert_eq!(made[0].spec["source"], json!({"path": "x", "helm": {"valueFiles": ["dev.yaml"]}}));
    assert_eq!(made[0].namespace.as_deref(), Some("argocd"));
}

#[test]
fn what_each_element_has_is_said_once() {
    let (_temp, repository) = repository(&[]);
    let elements = json!([{"list": {"elements": [{"a": "1"}, {"a": "2"}]}}]);
    let set = set(true, &elements, "{{ .a | repeat 2 }}", "x");
    let problems = expand(&set, &Location::default(), &repository).unwrap_err().to_string();
    assert_eq!(problems.matches("`repeat`").count(), 1, "{problems}");
}

#[test]
fn what_only_a_cluster_knows_is_said() {
    let (_temp, repository) = repository(&[]);
    for kind in ["clusters", "scmProvider", "pullRequest", "plugin", "clusterDecisionResource"] {
        let set = set(false, &json!([{kind: {}}]), "a", "x");
        let problems = expand(&set, &Location::default(), &repository).unwrap_err().to_string();
        assert!(problems.contains("cannot be expanded here") && problems.contains("hint:"), "{problems}");
    }
}
