//! The examples render as their Applications say, in every environment.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail as a test does")]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use presync::{
    manifest::Manifests,
    render::{Deadline, Rendered, Request, Root, Tools, render},
    settings::{self, Flags, Inputs, RendererKind, Settings},
};
use serde_json::Value;

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// The Applications of `examples/<renderer>`.
fn applications(renderer: &str) -> Vec<Value> {
    let file = Path::new(REPOSITORY).join("examples").join(renderer).join("applications.yaml");
    let text = fs::read_to_string(file).unwrap();
    text.split("---\n").map(|document| serde_yaml::from_str(document).unwrap()).collect()
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value}"))
}

/// An Application rendered as Argo CD would have it rendered.
fn rendered(application: &Value, tools: &BTreeMap<String, String>) -> (Settings, Rendered) {
    let path = text(application, "/spec/source/path");
    let dir = PathBuf::from(REPOSITORY).join(path);
    let parameters = application.pointer("/spec/source/plugin/parameters").unwrap_or(&Value::Null);
    let mut env = tools.clone();
    for (name, value) in [
        ("ARGOCD_APP_NAME", text(application, "/metadata/name")),
        ("ARGOCD_APP_NAMESPACE", text(application, "/spec/destination/namespace")),
        ("ARGOCD_APP_PROJECT_NAME", text(application, "/spec/project")),
        ("ARGOCD_APP_SOURCE_PATH", path),
        ("ARGOCD_APP_PARAMETERS", &parameters.to_string()),
        ("KUBE_VERSION", "1.34.2"),
    ] {
        env.insert(name.to_owned(), value.to_owned());
    }
    let tools = Tools::from_env(&env, None);
    let loaded = settings::load(&Inputs { env, app_dir: Some(dir.clone()), flags: Flags::default() })
        .unwrap_or_else(|problems| panic!("{path}\n{problems}"));
    let root = Root::find(&dir, Some(path)).unwrap();
    let rendered = render(&Request {
        dir: &dir,
        root: &root,
        settings: &loaded.settings,
        app: &loaded.app,
        tools: &tools,
        deadline: Deadline::after(Duration::from_secs(50)),
    })
    .unwrap_or_else(|problems| panic!("{path}\n{problems}"));
    (loaded.settings, rendered)
}

/// The objects of a rendered app by kind.
fn objects(rendered: Rendered) -> BTreeMap<String, Value> {
    let manifests = Manifests::read(rendered.sources).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(manifests.candidates("Job").unwrap().len(), 1);
    manifests
        .index()
        .unwrap()
        .into_iter()
        .map(|header| (header.kind, manifests.object(header.id).unwrap().clone()))
        .collect()
}

/// Renders all three environments, and checks what is the same in every renderer.
fn check(example: &str, kind: RendererKind, tools: &BTreeMap<String, String>) {
    let mut images = BTreeSet::new();
    for application in applications(example) {
        let name = text(&application, "/metadata/name");
        let environment = name.strip_prefix("catalog-").unwrap();
        assert_eq!(text(&application, "/spec/source/plugin/name"), "presync");

        let (settings, output) = rendered(&application, tools);
        assert_eq!(settings.environment.name, environment, "{name}");
        assert_eq!(output.renderer, kind, "{name}");
        let objects = objects(output);
        let kinds: Vec<_> = objects.keys().map(String::as_str).collect();
        assert_eq!(kinds, ["ConfigMap", "Deployment", "Job", "Service"], "{name}");

        let (deployment, job) = (&objects["Deployment"], &objects["Job"]);
        assert_eq!(job.pointer("/spec/ttlSecondsAfterFinished"), Some(&Value::from(300)));
        assert!(text(job, "/metadata/name").starts_with("catalog-migration"));
        let image = text(job, "/spec/template/spec/containers/0/image");
        assert_eq!(image, text(deployment, "/spec/template/spec/containers/0/image"), "{name}");
        images.insert(image.to_owned());

        let (replicas, log_level) = match environment {
            "dev" => (1, "debug"),
            "staging" => (2, "info"),
            _ => (3, "warn"),
        };
        assert_eq!(deployment.pointer("/spec/replicas"), Some(&Value::from(replicas)), "{name}");
        let config = text(&objects["ConfigMap"], "/metadata/name");
        assert_eq!(config, text(deployment, "/spec/template/spec/containers/0/envFrom/0/configMapRef/name"));
        assert_eq!(text(&objects["ConfigMap"], "/data/LOG_LEVEL"), log_level, "{name}");
        for pods in [deployment, job] {
            let secret = text(pods, "/spec/template/spec/containers/0/env/0/valueFrom/secretKeyRef/name");
            assert_eq!(secret, "catalog-database", "{name}");
        }
    }
    assert_eq!(images.len(), 3, "each environment runs an image of its own");
}

fn tools(variable: &str, name: &str) -> Option<BTreeMap<String, String>> {
    let path = env::var("PATH").unwrap();
    let tool = common::tool(name)?.to_str().unwrap().to_owned();
    Some([(variable.to_owned(), tool), ("PATH".to_owned(), path)].into())
}

#[test]
fn directory() {
    check("directory", RendererKind::Directory, &BTreeMap::new());
}

#[test]
fn handlebars() {
    check("handlebars", RendererKind::Handlebars, &BTreeMap::new());
}

#[test]
fn helm() {
    for name in ["helm3", "helm4"] {
        if let Some(tools) = tools("PRESYNC_HELM", name) {
            check("helm", RendererKind::Helm, &tools);
        }
    }
}

/// Whoever changes a renderer's example changes the others too.
#[test]
fn each_renderer_has_the_same_environments() {
    for renderer in ["directory", "handlebars", "helm", "kustomize"] {
        let applications = applications(renderer);
        let names: Vec<_> =
            applications.iter().map(|application| text(application, "/metadata/name")).collect();
        assert_eq!(names, ["catalog-dev", "catalog-staging", "catalog-production"], "{renderer}");
    }
}
