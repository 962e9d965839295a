//! The kustomize renderer.

mod edits;

use std::{collections::BTreeMap, fs, os::unix::fs::symlink, path::Path, process::Command, time::Duration};

use presync::{
    argocd::App,
    error::Problems,
    exit::Exit,
    settings::{KustomizeOptions, Layer, RendererKind, Settings, Sourced},
};
use serde_json::{Value, json};

use crate::{
    common,
    double::Double,
    fixture::{Repository, app, run, serve, settings, tools},
};

/// An overlay with something that every option touches, above a base outside its directory.
const FILES: &[(&str, &str)] = &[
    (
        "apps/catalog/overlays/dev/kustomization.yaml",
        "# kept\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamePrefix: own-\nresources:\n- ../../base\n- extra.yaml\n\
         configMapGenerator:\n- name: settings\n  files: [settings.properties]\ncommonLabels:\n  team: shop\n\
         images:\n- name: catalog\n  newTag: own\npatches:\n- patch: |-\n    - {op: add, path: /metadata/annotations, value: {own: patch}}\n  target: {kind: Deployment}\n",
    ),
    ("apps/catalog/overlays/dev/extra.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra\n"),
    ("apps/catalog/overlays/dev/settings.properties", "a=1\n"),
    (
        "apps/catalog/overlays/dev/patch.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra\ndata:\n  from: path\n",
    ),
    ("apps/catalog/base/kustomization.yaml", "resources: [app.yaml, migrate.yaml]\n"),
    (
        "apps/catalog/base/app.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: catalog\nspec:\n  replicas: 1\n  selector:\n    matchLabels:\n      app: catalog\n\
         \x20 template:\n    metadata:\n      labels:\n        app: catalog\n    spec:\n      containers:\n      - name: app\n        image: catalog:1\n        envFrom:\n        - configMapRef:\n            name: settings\n",
    ),
    (
        "apps/catalog/base/migrate.yaml",
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migration\nspec:\n  ttlSecondsAfterFinished: 300\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: migrate\n        image: catalog:1\n",
    ),
    (
        "apps/components/debug/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- patch: |-\n    - {op: add, path: /metadata/annotations, value: {debug: 'on'}}\n  target: {kind: Job}\n",
    ),
];

fn overlay() -> Repository {
    Repository::new("apps/catalog/overlays/dev", FILES)
}

fn with(kustomize: KustomizeOptions) -> Settings {
    Settings { kustomize, renderer: Some(RendererKind::Kustomize), ..settings() }
}

fn render(repository: &Repository, tool: &Path, options: KustomizeOptions) -> Result<String, Problems> {
    let rendered = repository.render(&tools(&[("PRESYNC_KUSTOMIZE", tool)]), &app(), &with(options))?;
    let [source] = &rendered.sources[..] else { panic!("one source") };
    assert_eq!((source.name.as_str(), source.validate), ("kustomize build", false));
    Ok(String::from_utf8(source.bytes.clone()).unwrap())
}

/// What Argo CD would render: the edits made in place in a copy of the repository, and the build of that.
fn edited(repository: &Repository, tool: &Path, edits: &[&str], build: &str) -> String {
    let copy = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-r").arg(repository.root().join(".")).arg(copy.path()).status();
    assert!(copied.unwrap().success());
    let dir = copy.path().join(repository.dir().strip_prefix(repository.root()).unwrap());
    for edit in edits {
        run(tool, &dir, &["edit"].into_iter().chain(edit.split(' ')).collect::<Vec<_>>());
    }
    let args =
        ["build", dir.to_str().unwrap()].into_iter().chain(build.split_whitespace()).collect::<Vec<_>>();
    String::from_utf8(run(tool, copy.path(), &args)).unwrap()
}

fn map<V: Clone>(pairs: &[(&str, V)]) -> BTreeMap<String, V> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn strings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn list(items: &[&str]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

#[test]
fn patches_are_added_to_those_of_the_kustomization() {
    let Some(tool) = common::tool("kustomize") else { return };
    let repository = overlay();
    let patches: Vec<Value> = vec![
        json!({"path": "patch.yaml"}),
        json!({
            "patch": "- {op: add, path: /metadata/annotations/by, value: application}",
            "target": {"kind": "Deployment", "name": "catalog"},
        }),
        json!({"patch": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migration}\nspec: {backoffLimit: 0}\n"}),
    ];
    let options = KustomizeOptions { name_suffix: Some("-x".into()), patches, ..KustomizeOptions::default() };
    let text = render(&repository, &tool, options).unwrap();

    let file = "apps/catalog/overlays/dev/kustomization.yaml";
    let with_patches = FILES.iter().find(|(name, _)| *name == file).unwrap().1.to_owned()
        + "- path: patch.yaml\n- patch: '- {op: add, path: /metadata/annotations/by, value: application}'\n  target: {kind: Deployment, name: catalog}\n\
           - patch: |\n    apiVersion: batch/v1\n    kind: Job\n    metadata: {name: migration}\n    spec: {backoffLimit: 0}\n";
    let by_hand = overlay();
    by_hand.write(file, &with_patches);
    assert_eq!(text, edited(&by_hand, &tool, &["set namesuffix -- -x"], ""));
    assert!(
        text.contains("own: patch") && text.contains("by: application") && text.contains("from: path"),
        "{text}"
    );
}

#[test]
fn patches_need_none_before_them() {
    let Some(tool) = common::tool("kustomize") else { return };
    let repository = Repository::new(
        ".",
        &[
            ("Kustomization", "resources: [a.yaml]\n"),
            ("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
        ],
    );
    let patches =
        vec![json!({"patch": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {yes: 'no'}\n"})];
    let text =
        render(&repository, &tool, KustomizeOptions { patches, ..KustomizeOptions::default() }).unwrap();
    assert_eq!(text, "apiVersion: v1\ndata:\n  \"yes\": \"no\"\nkind: ConfigMap\nmetadata:\n  name: a\n");
}

#[test]
fn a_conflict_with_the_kustomization_is_kustomizes_own_problem() {
    let Some(tool) = common::tool("kustomize") else { return };
    let options =
        KustomizeOptions { common_labels: strings(&[("team", "x")]), ..KustomizeOptions::default() };
    let problems = render(&overlay(), &tool, options).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "error: `kustomize edit` failed (exit status: 1)\n\
         caused by: Error: label team already in kustomization file. Use --force to override.\n\
         hint: here that is `kustomize.forceCommonLabels` or `kustomize.forceCommonAnnotations`"
    );
}

#[test]
fn a_linked_kustomization_is_edited_in_the_copy_alone() {
    let Some(tool) = common::tool("kustomize") else { return };
    let repository = overlay();
    let file = repository.dir().join("kustomization.yaml");
    fs::rename(&file, repository.root().join("shared.yaml")).unwrap();
    symlink("../../../../shared.yaml", &file).unwrap();
    let before = repository.contents();
    let options = KustomizeOptions { name_prefix: Some("x-".into()), ..KustomizeOptions::default() };
    assert!(render(&repository, &tool, options).unwrap().contains("name: x-migration"));
    assert_eq!(repository.contents(), before);
}

#[test]
fn charts_are_rendered_with_our_helm_and_the_clusters_version() {
    let Some(kustomize) = common::tool("kustomize") else { return };
    let repository = Repository::new(
        "app",
        &[
            ("app/kustomization.yaml", "helmCharts: [{name: catalog, releaseName: r, namespace: shop}]\n"),
            ("app/charts/catalog/Chart.yaml", "apiVersion: v2\nname: catalog\nversion: 1.0.0\n"),
            ("app/charts/catalog/values.yaml", "{}\n"),
            (
                "app/charts/catalog/templates/c.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  kube: {{ .Capabilities.KubeVersion.Version }}\n\
                 \x20 widget: {{ .Capabilities.APIVersions.Has \"example.com/v1/Widget\" | quote }}\n",
            ),
        ],
    );
    for helm in ["helm3", "helm4"].into_iter().filter_map(common::tool) {
        let tools = tools(&[("PRESYNC_KUSTOMIZE", &kustomize), ("PRESYNC_HELM", &helm)]);
        for name_prefix in [None, Some("p-".to_owned())] {
            let options = KustomizeOptions {
                build_options: Sourced {
                    layer: Layer::Platform,
                    ..Sourced::built_in(list(&["--enable-helm"]))
                },
                name_prefix: name_prefix.clone(),
                ..KustomizeOptions::default()
            };
            let rendered = repository.render(&tools, &app(), &with(options)).unwrap();
            let text = String::from_utf8(rendered.sources[0].bytes.clone()).unwrap();
            assert!(text.contains("kube: v1.31.5") && text.contains("widget: \"true\""), "{text}");
            let edits: &[&str] = if name_prefix.is_some() { &["set nameprefix p-"] } else { &[] };
            let build = format!(
                "--enable-helm --helm-command {} --helm-kube-version 1.31.5 --helm-api-versions example.com/v1/Widget",
                helm.display()
            );
            assert_eq!(text, edited(&repository, &kustomize, edits, &build));
        }
    }
}

#[test]
fn a_chart_that_is_pulled_is_not_left_in_the_app() {
    let (Some(kustomize), Some(helm)) = (common::tool("kustomize"), common::tool("helm4")) else { return };
    let server = tempfile::tempdir().unwrap();
    let repository = Repository::new(
        "app",
        &[
            ("chart/Chart.yaml", "apiVersion: v2\nname: common\nversion: 1.0.0\n"),
            ("chart/values.yaml", "{}\n"),
            ("chart/templates/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-chart\n"),
        ],
    );
    run(&helm, server.path(), &["package", repository.root().join("chart").to_str().unwrap()]);
    let url = serve(server.path().to_owned());
    run(&helm, server.path(), &["repo", "index", ".", "--url", &url]);
    repository.write(
        "app/kustomization.yaml",
        &format!("helmCharts: [{{name: common, version: 1.0.0, repo: '{url}'}}]\n"),
    );
    let before = repository.contents();
    let options = KustomizeOptions {
        build_options: Sourced { layer: Layer::Platform, ..Sourced::built_in(list(&["--enable-helm"])) },
        ..KustomizeOptions::default()
    };
    let tools = tools(&[("PRESYNC_KUSTOMIZE", &kustomize), ("PRESYNC_HELM", &helm)]);
    let rendered = repository.render(&tools, &app(), &with(options)).unwrap();
    assert!(String::from_utf8_lossy(&rendered.sources[0].bytes).contains("name: from-chart"));
    assert_eq!(repository.contents(), before, "nothing is left behind");
}

#[test]
fn a_component_that_leaves_the_repository_is_a_problem() {
    let repository = overlay();
    symlink("/", repository.root().join("everything")).unwrap();
    let options = KustomizeOptions {
        components: list(&["../../../../../outside", "../../../../everything/etc"]),
        patches: vec![json!({"path": "../../../../../outside.yaml"})],
        ignore_missing_components: true,
        ..KustomizeOptions::default()
    };
    let problems = render(&repository, Path::new("/nowhere/kustomize"), options).unwrap_err();
    let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(|message| message.ends_with("leads out of the repository")), "{messages:?}");
}

#[test]
fn a_failure_is_quoted_without_secrets_and_temporary_paths() {
    let Some(tool) = common::tool("kustomize") else { return };
    let options = KustomizeOptions {
        name_prefix: Some("x-".into()),
        patches: vec![json!({
            "patch": "- {op: replace, path: /data/missing, value: swordfish-1}",
            "target": {"kind": "ConfigMap", "name": "extra"},
        })],
        ..KustomizeOptions::default()
    };
    let problems = render(&overlay(), &tool, options).unwrap_err();
    assert_eq!(problems.exit(), Exit::RENDER);
    let text = problems.to_string();
    assert!(text.starts_with("error: `kustomize build` failed (exit status: 1)\ncaused by: "), "{text}");
    assert!(!text.contains("swordfish") && !text.contains("presync-"), "{text}");
    assert!(text.contains("doc is missing path: /data/missing"), "{text}");
}

#[test]
fn without_edits_kustomize_is_called_once_where_the_app_is() {
    let double = Double::new("pwd >> $DIR/dirs; echo \"$@\" >> $DIR/calls; echo 'kind: Job'");
    let repository = overlay();
    repository
        .render(&double.tools("PRESYNC_KUSTOMIZE"), &App::default(), &with(KustomizeOptions::default()))
        .unwrap();
    assert_eq!(double.note("calls"), "build .\n");
    assert_eq!(double.note("dirs").trim(), repository.dir().to_str().unwrap());
}

#[test]
fn a_kustomize_that_hangs_in_an_edit_ends_with_all_that_it_started() {
    let double = Double::new("sleep 300 & echo $! > $DIR/pid; wait");
    let options = KustomizeOptions { name_prefix: Some("x-".into()), ..KustomizeOptions::default() };
    let settings = Settings { timeout: Duration::from_secs(1), ..with(options) };
    let problems = overlay().render(&double.tools("PRESYNC_KUSTOMIZE"), &app(), &settings).unwrap_err();
    assert_eq!(problems.exit(), Exit::TIMEOUT);
    assert!(problems.to_string().starts_with("error: `kustomize edit` did not end"), "{problems}");
    double.assert_ended("pid");
}
