//! `presync adopt` on native sources: what the plugin then renders is what the native source rendered.
//!
//! The oracle is the tool itself with the arguments, or the kustomization, that Argo CD's documentation gives for each
//! field, written out by hand beside the source.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

use crate::common;

/// The commit-independent parts of the build environment.
const APPLICATION: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: shop\nspec:\n  destination: {namespace: \
                           retail}\n  source:\n    repoURL: https://git.example.com/r.git\n    targetRevision: main\n    path: app\n";

const CHART: &[(&str, &str)] = &[
    ("app/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"),
    ("app/values.yaml", "a: 1\nlist: [x]\nnested: {b: 2}\n"),
    ("app/values-dev.yaml", "a: dev\n"),
    ("app/env/b.yaml", "a: b\n"),
    ("app/env/c.yaml", "a: c\n"),
    ("app/key.txt", "line 1\nline, 2\n"),
    ("shared/values.yaml", "a: shared\n"),
    (
        "app/crds/crd.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.example.com}\n",
    ),
    ("app/values.schema.json", "{\"properties\": {\"a\": {\"not\": {\"const\": \"refused\"}}}}"),
    (
        "app/templates/all.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\ndata:\n  values: {{ .Values | \
         toJson | quote }}\n  version: {{ .Capabilities.KubeVersion.Version | quote }}\n  has: {{ .Capabilities.APIVersions.Has \
         \"example.com/v1/Shop\" | quote }}\n",
    ),
    (
        "app/templates/tests/t.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: t\n  annotations: {helm.sh/hook: test}\nspec: {containers: [{name: a, image: b}]}\n",
    ),
];

const BASE: &[(&str, &str)] = &[
    (
        "app/all.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: \
         web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: \"web:1\"}]}\n---\napiVersion: v1\nkind: \
         Service\nmetadata: {name: web}\nspec: {selector: {app: web}}\n",
    ),
    (
        "app/part/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -part\n",
    ),
];

const PATCH: (&str, &str) = (
    "app/patch.yaml",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: renamed}\nspec: {replicas: 5}\n",
);

const PLAIN: &[(&str, &str)] = &[
    ("app/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
    ("app/b.json", "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"b\"}}\n"),
    ("app/sub/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"),
];

struct Clone(tempfile::TempDir);

impl Clone {
    /// A clone whose Application has this block, adopted.
    fn adopted(files: &[(&str, &str)], block: &Value) -> Self {
        let clone = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = clone.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::create_dir(clone.path().join(".git")).unwrap();
        let yaml = serde_yaml::to_string(block).unwrap();
        let indented: String = yaml.lines().flat_map(|line| ["    ", line, "\n"]).collect();
        let indented =
            if block.as_object().is_some_and(serde_json::Map::is_empty) { String::new() } else { indented };
        fs::write(clone.path().join("app.yaml"), format!("{APPLICATION}{indented}")).unwrap();
        let output = clone.presync(&["adopt", "app.yaml"], &[]);
        assert!(output.status.success(), "{block}\n{}", String::from_utf8_lossy(&output.stderr));
        clone
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn presync(&self, args: &[&str], env: &[(&str, &Path)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_presync"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .current_dir(self.path())
            .args(args);
        command.envs(env.iter().copied()).output().unwrap()
    }

    /// What the plugin renders for the Application.
    fn objects(&self, env: &[(&str, &Path)], block: &Value) -> Vec<Value> {
        let output =
            self.presync(&["generate", "--application", "app.yaml", "--kube-version", "1.34.2"], env);
        assert!(output.status.success(), "{block}\n{}", String::from_utf8_lossy(&output.stderr));
        objects(&output.stdout)
    }
}

/// All objects, in any order.
fn objects(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    let documents = serde_yaml::Deserializer::from_str(text);
    let mut objects: Vec<Value> = documents
        .map(|document| serde::Deserialize::deserialize(document).unwrap())
        .filter(|value| *value != Value::Null)
        .collect();
    objects.sort_by_key(ToString::to_string);
    objects
}

fn run(program: &Path, dir: &Path, args: &[&str]) -> Vec<Value> {
    let output = Command::new(program).current_dir(dir).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}\n{}", String::from_utf8_lossy(&output.stderr));
    objects(&output.stdout)
}

/// Blocks of charts, with the arguments of `helm template` that they stand for.
fn charts() -> Vec<(Value, Vec<String>)> {
    let values = |file: &str| format!("--values={file}");
    vec![
        (json!({}), vec![]),
        (json!({"releaseName": "other"}), vec!["--name-template=other".into()]),
        (json!({"namespace": "elsewhere"}), vec!["--namespace=elsewhere".into()]),
        (json!({"valueFiles": ["values-dev.yaml"]}), vec![values("values-dev.yaml")]),
        (
            json!({"valueFiles": ["/shared/values.yaml", "values-dev.yaml"]}),
            vec![values("../shared/values.yaml"), values("values-dev.yaml")],
        ),
        (json!({"valueFiles": ["env/*.yaml"]}), vec![values("env/b.yaml"), values("env/c.yaml")]),
        (
            json!({"valueFiles": ["none.yaml", "values-dev.yaml"], "ignoreMissingValueFiles": true}),
            vec![values("values-dev.yaml")],
        ),
        (
            json!({"values": "a: text\nnested:\n  b: '3'\n"}),
            vec!["--set=a=text".into(), "--set-string=nested.b=3".into()],
        ),
        (
            json!({"valuesObject": {"a": {"deep": [1, "two"]}}}),
            vec!["--set-json=a={\"deep\":[1,\"two\"]}".into()],
        ),
        (
            json!({"parameters": [{"name": "nested.b", "value": "1.10"}, {"name": "a", "value": "x,y"}]}),
            vec!["--set=nested.b=1.10".into(), "--set=a=x\\,y".into()],
        ),
        (
            json!({"parameters": [{"name": "a", "value": "010", "forceString": true}]}),
            vec!["--set-string=a=010".into()],
        ),
        (
            json!({"parameters": [{"name": "a", "value": "$ARGOCD_APP_NAME-x"}]}),
            vec!["--set=a=shop-x".into()],
        ),
        (json!({"parameters": [{"name": "list", "value": "{p,q}"}]}), vec!["--set=list={p,q}".into()]),
        (json!({"fileParameters": [{"name": "a", "path": "key.txt"}]}), vec!["--set-file=a=key.txt".into()]),
        (json!({"skipTests": true}), vec!["--skip-tests".into()]),
        (
            json!({"skipSchemaValidation": true, "values": "a: refused"}),
            vec!["--skip-schema-validation".into(), "--set=a=refused".into()],
        ),
        (json!({"kubeVersion": "v1.30.0"}), vec!["--kube-version=1.30.0".into()]),
        (json!({"apiVersions": ["example.com/v1/Shop"]}), vec!["--api-versions=example.com/v1/Shop".into()]),
        (json!({"skipCrds": true, "passCredentials": true, "version": "v3"}), vec!["--skip-crds".into()]),
    ]
}

#[test]
fn helm_sources_render_the_same() {
    let Some(helm) = common::tool("helm3") else { return };
    for (block, args) in &charts() {
        let block = if block.as_object().is_some_and(serde_json::Map::is_empty) {
            json!({})
        } else {
            json!({"helm": block})
        };
        let clone = Clone::adopted(CHART, &block);
        let has = |name: &str| args.iter().any(|arg| arg.starts_with(name));
        let mut all = vec!["template", "."];
        let defaults = [
            ("--name-template=shop", "--name-template"),
            ("--namespace=retail", "--namespace"),
            ("--kube-version=1.34.2", "--kube-version"),
            ("--include-crds", "--skip-crds"),
        ];
        all.extend(defaults.iter().filter(|(_, name)| !has(name)).map(|(default, _)| *default));
        all.extend(args.iter().map(String::as_str));
        let native = run(&helm, &clone.path().join("app"), &all);
        assert_eq!(clone.objects(&[("PRESYNC_HELM", &helm)], &block), native, "{block}");
    }
}

/// A base with a label and an annotation, which only force overwrites.
const LABELLED: &str = "resources: [all.yaml]\ncommonLabels: {team: base}\ncommonAnnotations: {note: base}\n";

/// Blocks of kustomizations: the kustomization in the repository, the block, and the kustomization that renders the same.
fn kustomizations() -> Vec<(&'static str, Value, String)> {
    const OLD: &str = "resources: [all.yaml]\nnamePrefix: old-\nlabels: [{pairs: {tier: base}}]\n";
    let rest = "resources: [all.yaml]\nlabels: [{pairs: {tier: base}}]\n";
    let and = |more: &str| format!("{OLD}{more}\n");
    vec![
        (OLD, json!({}), OLD.to_owned()),
        (OLD, json!({"namePrefix": "new-"}), format!("{rest}namePrefix: new-\n")),
        (OLD, json!({"nameSuffix": "-x"}), and("nameSuffix: -x")),
        (OLD, json!({"namespace": "other"}), and("namespace: other")),
        (
            OLD,
            json!({"images": ["web=registry.example.com/web:2"]}),
            and("images: [{name: web, newName: registry.example.com/web, newTag: \"2\"}]"),
        ),
        (
            OLD,
            json!({"images": ["web:$ARGOCD_APP_NAME", "other@sha256:0"], "version": "v5.0.0"}),
            and("images: [{name: web, newTag: shop}]"),
        ),
        (OLD, json!({"replicas": [{"name": "web", "count": 3}]}), and("replicas: [{name: web, count: 3}]")),
        (OLD, json!({"replicas": [{"name": "web", "count": "3"}]}), and("replicas: [{name: web, count: 3}]")),
        (OLD, json!({"commonLabels": {"team": "a"}}), and("commonLabels: {team: a}")),
        (
            OLD,
            json!({"commonLabels": {"team": "a"}, "labelWithoutSelector": true}),
            "resources: [all.yaml]\nnamePrefix: old-\nlabels: [{pairs: {tier: base}}, {pairs: {team: a}}]\n".to_owned(),
        ),
        (
            OLD,
            json!({"commonLabels": {"team": "a"}, "labelWithoutSelector": true, "labelIncludeTemplates": true}),
            "resources: [all.yaml]\nnamePrefix: old-\nlabels: [{pairs: {tier: base}}, {pairs: {team: a}, includeTemplates: true}]\n"
                .to_owned(),
        ),
        (
            OLD,
            json!({"commonAnnotations": {"note": "$ARGOCD_APP_NAME"}, "commonAnnotationsEnvsubst": true}),
            and("commonAnnotations: {note: shop}"),
        ),
        (OLD, json!({"commonAnnotations": {"note": "$HOME"}}), and("commonAnnotations: {note: $HOME}")),
        (
            LABELLED,
            json!({"commonLabels": {"team": "a"}, "forceCommonLabels": true}),
            LABELLED.replace("team: base", "team: a"),
        ),
        (
            LABELLED,
            json!({"commonAnnotations": {"note": "a"}, "forceCommonAnnotations": true}),
            LABELLED.replace("note: base", "note: a"),
        ),
        (OLD, json!({"components": ["part"]}), and("components: [part]")),
        (OLD, json!({"components": ["none"], "ignoreMissingComponents": true}), OLD.to_owned()),
        (
            OLD,
            json!({"patches": [{"target": {"kind": "Deployment"}, "patch": "- op: replace\n  path: /spec/replicas\n  value: 7\n"}]}),
            and("patches: [{target: {kind: Deployment}, patch: \"- {op: replace, path: /spec/replicas, value: 7}\"}]"),
        ),
        (
            OLD,
            json!({"patches": [{"path": "patch.yaml", "target": {"group": "apps", "version": "v1", "name": "web",
                                "labelSelector": "!none", "annotationSelector": "!none"}, "options": {"allowNameChange": true}}]}),
            and("patches: [{path: patch.yaml, target: {group: apps, version: v1, name: web, labelSelector: \"!none\", \
                 annotationSelector: \"!none\"}, options: {allowNameChange: true}}]"),
        ),
    ]
}

#[test]
fn kustomize_sources_render_the_same() {
    let Some(kustomize) = common::tool("kustomize") else { return };
    for (before, block, kustomization) in &kustomizations() {
        let block = if block.as_object().is_some_and(serde_json::Map::is_empty) {
            json!({})
        } else {
            json!({"kustomize": block})
        };
        let files: Vec<_> =
            BASE.iter().copied().chain([PATCH, ("app/kustomization.yaml", *before)]).collect();
        let clone = Clone::adopted(&files, &block);
        let env = [("PRESYNC_KUSTOMIZE", kustomize.as_path())];
        let rendered = clone.objects(&env, &block);
        fs::write(clone.path().join("app/kustomization.yaml"), kustomization).unwrap();
        let native = run(&kustomize, &clone.path().join("app"), &["build", "."]);
        assert_eq!(rendered, native, "{block}");
    }
}

/// The block of a kustomization with a chart, and the flags that it stands for.
fn versions() -> (Value, [&'static str; 4]) {
    (
        json!({"kustomize": {"kubeVersion": "v1.30.0", "apiVersions": ["example.com/v1/Shop"]}}),
        ["--helm-kube-version", "1.30.0", "--helm-api-versions", "example.com/v1/Shop"],
    )
}

#[test]
fn a_chart_in_a_kustomization_sees_the_same_versions() {
    let (Some(kustomize), Some(helm)) = (common::tool("kustomize"), common::tool("helm3")) else { return };
    let (block, flags) = versions();
    let inside =
        |(name, text): &(&'static str, &'static str)| (name.replace("app/", "app/charts/chart/"), *text);
    let chart: Vec<(String, &str)> =
        CHART.iter().filter(|(name, _)| name.starts_with("app/")).map(inside).collect();
    let mut files: Vec<(&str, &str)> = chart.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    files.push(("app/kustomization.yaml", "helmCharts: [{name: chart, releaseName: web}]\n"));
    files.push(("platform.yaml", "kustomize: {buildOptions: [--enable-helm]}\n"));
    let clone = Clone::adopted(&files, &block);
    let platform = clone.path().join("platform.yaml");
    let env = [
        ("PRESYNC_KUSTOMIZE", kustomize.as_path()),
        ("PRESYNC_HELM", helm.as_path()),
        ("PRESYNC_CONFIG", platform.as_path()),
    ];
    let rendered = clone.objects(&env, &block);
    let program = helm.to_str().unwrap();
    let mut args = vec!["build", ".", "--enable-helm", "--helm-command", program];
    args.extend(flags);
    assert_eq!(rendered, run(&kustomize, &clone.path().join("app"), &args));
}

/// Blocks of plain manifests, with the names of the objects that they take.
fn directories() -> Vec<(Value, &'static [&'static str])> {
    vec![
        (json!({}), &["a", "b"]),
        (json!({"directory": {"recurse": true}}), &["a", "b", "c"]),
        (json!({"directory": {"recurse": true, "include": "{a.yaml,sub/*}"}}), &["a", "c"]),
        (json!({"directory": {"exclude": "*.json", "jsonnet": {}}}), &["a"]),
    ]
}

#[test]
fn directory_sources_render_the_same() {
    for (block, names) in directories() {
        let clone = Clone::adopted(PLAIN, &block);
        let objects = clone.objects(&[], &block);
        let found: Vec<_> =
            objects.iter().map(|object| object["metadata"]["name"].as_str().unwrap()).collect();
        assert_eq!(found, names, "{block}");
    }
}

/// The fields of the three blocks in `pkg/apis/application/v1alpha1/types.go` of Argo CD 3.5.
const FIELDS: &[(&str, &[&str])] = &[
    (
        "helm",
        &[
            "apiVersions",
            "fileParameters",
            "ignoreMissingValueFiles",
            "kubeVersion",
            "namespace",
            "parameters",
            "passCredentials",
            "releaseName",
            "skipCrds",
            "skipSchemaValidation",
            "skipTests",
            "valueFiles",
            "values",
            "valuesObject",
            "version",
        ],
    ),
    (
        "kustomize",
        &[
            "apiVersions",
            "commonAnnotations",
            "commonAnnotationsEnvsubst",
            "commonLabels",
            "components",
            "forceCommonAnnotations",
            "forceCommonLabels",
            "ignoreMissingComponents",
            "images",
            "kubeVersion",
            "labelIncludeTemplates",
            "labelWithoutSelector",
            "namePrefix",
            "nameSuffix",
            "namespace",
            "patches",
            "replicas",
            "version",
        ],
    ),
    ("directory", &["exclude", "include", "jsonnet", "recurse"]),
];

#[test]
fn every_field_of_the_three_blocks_is_in_a_case() {
    let of = |block: &'static str, value: Value| json!({block: value});
    let mut blocks = vec![versions().0];
    blocks.extend(charts().into_iter().map(|(block, _)| of("helm", block)));
    blocks.extend(kustomizations().into_iter().map(|(_, block, _)| of("kustomize", block)));
    blocks.extend(directories().into_iter().map(|(block, _)| block));
    assert!(blocks.len() >= 30, "{}", blocks.len());
    for (block, fields) in FIELDS {
        for field in *fields {
            assert!(blocks.iter().any(|value| value[*block].get(*field).is_some()), "{block}.{field}");
        }
    }
}
