//! The examples render as their Applications say, in every environment.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use presync::{
    error::Problems,
    manifest::{Manifests, Source},
    plan::{Rendering, plan},
    render::{Deadline, Rendered, Request, Tools, render},
    repo_root::Root,
    settings::{self, Flags, Inputs, Loaded, RendererKind, Settings},
};
use serde_json::Value;

use crate::common;

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

/// An Application rendered as Argo CD would have it rendered, before and after the rewrite.
struct Output {
    settings: Settings,
    renderer: RendererKind,
    before: Manifests,
    after: Manifests,
}

fn generate(application: &Value, tools: &BTreeMap<String, String>) -> Result<Output, Problems> {
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
    let Loaded { app, settings, .. } =
        settings::load(&Inputs { env, app_dir: Some(dir.clone()), flags: Flags::default() })?;
    let Rendered { renderer, sources, .. } = render(&Request {
        dir: &dir,
        root: &Root::find(&dir, Some(path))?,
        settings: &settings,
        app: &app,
        tools: &tools,
        deadline: Deadline::after(Duration::from_secs(50)),
    })?;
    let before = Manifests::read(sources)?;
    let changes = plan(&before, Rendering::default(), &settings, &app)?.changes();
    let bytes = before.apply(&changes)?.to_vec();
    let after = Manifests::read(vec![Source { name: "<output>".to_owned(), bytes, validate: true }])?;
    Ok(Output { settings, renderer, before, after })
}

/// The objects by kind and name.
fn objects(manifests: &Manifests) -> BTreeMap<(String, String), Value> {
    let headers = manifests.index().unwrap();
    let object = |id| manifests.object(id).unwrap().clone();
    headers.into_iter().map(|header| ((header.kind, header.name), object(header.id))).collect()
}

/// The only object of a kind.
fn one<'o>(objects: &'o BTreeMap<(String, String), Value>, kind: &str) -> &'o Value {
    let mut found = objects.iter().filter(|((of, _), _)| of == kind);
    let (_, object) = found.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(found.next().is_none(), "two of {kind}");
    object
}

/// Renders all three environments, and checks what is the same in every renderer.
fn check(example: &str, kind: RendererKind, tools: &BTreeMap<String, String>) {
    let mut images = BTreeSet::new();
    for application in applications(example) {
        let name = text(&application, "/metadata/name");
        let environment = name.strip_prefix("catalog-").unwrap();
        assert_eq!(text(&application, "/spec/source/plugin/name"), "presync");

        let output =
            generate(&application, tools).unwrap_or_else(|problems| panic!("{example} {name}\n{problems}"));
        assert_eq!(output.settings.environment.name, environment, "{name}");
        assert_eq!(output.renderer, kind, "{name}");
        let before = objects(&output.before);
        let kinds: Vec<_> = before.keys().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["ConfigMap", "Deployment", "Job", "Service"], "{name}");
        let [config, deployment, job] = ["ConfigMap", "Deployment", "Job"].map(|kind| one(&before, kind));

        let image = text(job, "/spec/template/spec/containers/0/image");
        assert_eq!(image, text(deployment, "/spec/template/spec/containers/0/image"), "{name}");
        images.insert(image.to_owned());
        let (replicas, log_level) = match environment {
            "dev" => (1, "debug"),
            "staging" => (2, "info"),
            _ => (3, "warn"),
        };
        assert_eq!(deployment.pointer("/spec/replicas"), Some(&Value::from(replicas)), "{name}");
        assert_eq!(text(config, "/data/LOG_LEVEL"), log_level, "{name}");
        assert_eq!(
            text(config, "/metadata/name"),
            text(deployment, "/spec/template/spec/containers/0/envFrom/0/configMapRef/name")
        );
        for pods in [deployment, job] {
            let secret = text(pods, "/spec/template/spec/containers/0/env/0/valueFrom/secretKeyRef/name");
            assert_eq!(secret, "catalog-database", "{name}");
        }

        let after = objects(&output.after);
        let hook = one(&after, "Job");
        let ttl = |job: &Value| job.pointer("/spec/ttlSecondsAfterFinished").cloned();
        assert_eq!(ttl(job), Some(Value::from(300)), "the incident's TTL");
        assert_eq!(ttl(hook), (environment != "production").then(|| Value::from(300)), "{name}");
        assert_eq!(text(hook, "/metadata/annotations/argocd.argoproj.io~1hook"), "PreSync");
        assert_eq!(hook.pointer("/spec/template"), job.pointer("/spec/template"), "{name}");
        for (id, object) in before.iter().filter(|((kind, _), _)| kind != "Job") {
            assert_eq!(after.get(id), Some(object), "{name}");
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

#[test]
fn kustomize() {
    if let Some(tools) = tools("PRESYNC_KUSTOMIZE", "kustomize") {
        check("kustomize", RendererKind::Kustomize, &tools);
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
