//! Argo CD: redis, repo-server, controller, and a cmp-server that runs presync.
//!
//! Each role is the same binary, told by `ARGOCD_BINARY_NAME` which one to be. The cmp-server and the repo-server run
//! as they do in one pod: the same user, which is not root, a shared folder of sockets, and nothing else in common.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DynamicObject, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use super::kubernetes::Kubernetes;
use super::{Place, free_port};
use crate::lab::{Sidecar, argoproj};
use crate::process::Component;
use crate::wait;

/// Where Argo CD lives in the cluster.
pub(super) const NAMESPACE: &str = "argocd";

/// The role that runs plugins, and the folder in which it works.
const CMP_SERVER: &str = "argocd-cmp-server";

/// Argo CD's wrapper of `git verify-commit`, from its image.
const VERIFY: &str = "git-verify-wrapper.sh";

/// Namespaces outside Argo CD's in which teams may make Applications.
const TEAMS: &str = "*-team";

/// The least TTL that presync's platform file allows here. The default would make every scenario take minutes.
const PLATFORM: &str = "ttlFloor: 5s\n";

/// Where a second Argo CD lives, which tracks by label.
pub(super) const BY_LABEL: &str = "argocd-by-label";

/// What a second Argo CD has in common with the first: all but the controller.
pub(super) struct Shared {
    /// The plugin's container, so to speak.
    pub(super) sidecar: Sidecar,
    pub(super) repo_server: String,
    /// Where the repo-server looks for plugins.
    pub(super) sockets: PathBuf,
    pub(super) programs: PathBuf,
    version: Option<String>,
}

/// Starts Argo CD and waits until it accepts work.
pub(super) async fn start(
    binaries: &Path,
    presync: &Path,
    plugin: &Path,
    kubernetes: &Kubernetes,
    place: &Place,
    components: &mut Vec<Component>,
) -> Result<Shared> {
    let programs = programs(binaries, presync, place)?;
    let version = version(&programs)?;
    define(&kubernetes.client, &binaries.join("argocd-crds")).await?;
    prepare(&kubernetes.client, NAMESPACE, &json!({}), version.as_deref()).await?;
    let redis = redis(place, components)?;
    let repo_server = free_port()?;
    let address = format!("127.0.0.1:{repo_server}");

    let sockets = place.owned_folder("plugins")?;
    let config = fs::read_to_string(plugin).with_context(|| format!("cannot read {}", plugin.display()))?;
    let platform = place.write("platform.yaml", PLATFORM)?;
    let mut command = cmp_server(&config, &programs, &sockets, place)?;
    command.env("PRESYNC_CONFIG", &platform);
    components.push(Component::start("cmp-server", command, &place.logs)?);

    let mut command = role("argocd-repo-server", &programs, place)?;
    command.args(["--address", "127.0.0.1", "--port", &repo_server.to_string(), "--redis", &redis]);
    command.args(["--metrics-address", "127.0.0.1", "--metrics-port", &free_port()?.to_string()]);
    command
        .env("ARGOCD_PLUGINSOCKFILEPATH", &sockets)
        .env("ARGOCD_GPG_ENABLED", "false")
        .env("ARGOCD_ASK_PASS_SOCK", place.path("argocd-repo-server/ask-pass"));
    command.env("ARGOCD_TLS_DATA_PATH", place.owned_folder("tls")?);
    command.env("ARGOCD_SSH_DATA_PATH", place.owned_folder("ssh")?);
    components.push(Component::start("repo-server", command, &place.logs)?);

    controller(NAMESPACE, &redis, &address, &programs, kubernetes, place, components)?;

    wait::until("Argo CD's readiness", Duration::from_mins(1), async || {
        components.iter_mut().try_for_each(Component::check)?;
        let plugin = fs::read_dir(&sockets)?.next().is_some();
        let repo_server = TcpStream::connect(&address).is_ok();
        Ok((plugin && repo_server).then_some(()))
    })
    .await?;
    let sidecar = Sidecar {
        folder: place.path(CMP_SERVER),
        presync: programs.join("presync"),
        path: path(&programs),
        platform,
    };
    Ok(Shared { sidecar, repo_server: address, sockets, programs, version })
}

/// A plugin's container with this `plugin.yaml`.
pub(super) fn cmp_server(plugin: &str, programs: &Path, sockets: &Path, place: &Place) -> Result<Command> {
    let config = place.path("plugin");
    fs::create_dir(&config)?;
    fs::write(config.join("plugin.yaml"), plugin)?;
    let mut command = role(CMP_SERVER, programs, place)?;
    command.env("ARGOCD_PLUGINSOCKFILEPATH", sockets);
    command.arg("--config-dir-path").arg(&config).args(["--loglevel", "debug"]);
    Ok(command)
}

/// Starts a second Argo CD, which tracks by label.
pub(super) async fn start_by_label(
    kubernetes: &Kubernetes,
    shared: &Shared,
    place: &Place,
    components: &mut Vec<Component>,
) -> Result<()> {
    let settings = json!({ "application.resourceTrackingMethod": "label" });
    prepare(&kubernetes.client, BY_LABEL, &settings, shared.version.as_deref()).await?;
    let redis = redis(place, components)?;
    controller(BY_LABEL, &redis, &shared.repo_server, &shared.programs, kubernetes, place, components)
}

/// A process of one role, in a folder of its own.
pub(super) fn role(name: &str, programs: &Path, place: &Place) -> Result<Command> {
    let mut command = Command::new(programs.join("argocd"));
    let home = place.owned_folder(name)?;
    command.env_clear().env("ARGOCD_BINARY_NAME", name);
    command.env("PATH", path(programs)).env("TMPDIR", &home).current_dir(&home);
    if let Some(user) = place.user {
        command.uid(user).gid(user);
    }
    Ok(command)
}

/// Starts a redis, and returns its address.
fn redis(place: &Place, components: &mut Vec<Component>) -> Result<String> {
    let port = free_port()?.to_string();
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"]);
    command.current_dir(place.owned_folder("redis")?);
    components.push(Component::start("redis", command, &place.logs)?);
    Ok(format!("127.0.0.1:{port}"))
}

/// Starts the application controller of the Argo CD in `namespace`.
fn controller(
    namespace: &str,
    redis: &str,
    repo_server: &str,
    programs: &Path,
    kubernetes: &Kubernetes,
    place: &Place,
    components: &mut Vec<Component>,
) -> Result<()> {
    let mut command = role("argocd-application-controller", programs, place)?;
    command.args(["--namespace", namespace, "--redis", redis, "--repo-server", repo_server]);
    // An Application of a team belongs to one Argo CD.
    if namespace == NAMESPACE {
        command.args(["--application-namespaces", TEAMS]);
    }
    // Argo CD sees a change of the cluster at once, and is told of a commit. This is for what it misses.
    command.args(["--app-resync", "60", "--metrics-port", &free_port()?.to_string()]);
    command.env("KUBECONFIG", &kubernetes.kubeconfig).env("ARGOCD_FAKE_IN_CLUSTER", "true");
    // A processor sleeps between waves; with the default of 10, the scenarios would wait for each other.
    command.args(["--operation-processors", "60", "--status-processors", "20"]);
    command.env("ARGOCD_K8S_CLIENT_QPS", "500").env("ARGOCD_K8S_CLIENT_BURST", "1000");
    command.env("ARGOCD_RECONCILIATION_JITTER", "0").env("HOSTNAME", "argocd-application-controller-0");
    components.push(Component::start("application-controller", command, &place.logs)?);
    Ok(())
}

/// What the program says of its version, as a tag; nothing for one that was built without.
fn version(programs: &Path) -> Result<Option<String>> {
    let mut command = Command::new(programs.join("argocd"));
    let output = command.args(["version", "--client", "--short"]).output().context("cannot run argocd")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.trim().trim_start_matches("argocd: ").split('+').next().unwrap_or_default();
    Ok(version.starts_with('v').then(|| version.to_owned()))
}

/// The folder of programs that the sidecar's image would hold: it must be one that its user may read.
fn programs(binaries: &Path, presync: &Path, place: &Place) -> Result<PathBuf> {
    let folder = place.path("bin");
    fs::create_dir(&folder)?;
    let copy = |from: &Path, name: &str| {
        fs::copy(from, folder.join(name)).with_context(|| format!("cannot copy {}", from.display()))
    };
    copy(&binaries.join("argocd"), "argocd")?;
    copy(presync, "presync")?;
    // The scenarios that need these say so when they are absent.
    // Since v3.5 the repo-server runs the last for every commit.
    let others = [("helm3", "helm"), ("kustomize", "kustomize"), (VERIFY, VERIFY)];
    for (name, known_as) in others {
        if binaries.join(name).exists() {
            copy(&binaries.join(name), known_as)?;
        }
    }
    Ok(folder)
}

/// Our programs first, then the system's, for git.
fn path(programs: &Path) -> OsString {
    let system = env::var_os("PATH").unwrap_or_default();
    let folders = [programs.to_owned()].into_iter().chain(env::split_paths(&system));
    env::join_paths(folders).unwrap_or(system)
}

/// Makes Argo CD's custom resource definitions.
async fn define(client: &Client, folder: &Path) -> Result<()> {
    let definitions = Api::<CustomResourceDefinition>::all(client.clone());
    for entry in fs::read_dir(folder)? {
        let definition: CustomResourceDefinition = serde_yaml::from_str(&fs::read_to_string(entry?.path())?)?;
        definitions.create(&PostParams::default(), &definition).await?;
    }
    Ok(())
}

/// Makes what an Argo CD expects to find in its namespace, with these settings in `argocd-cm`.
async fn prepare(client: &Client, namespace: &str, settings: &Value, version: Option<&str>) -> Result<()> {
    let post = PostParams::default();
    let object = serde_json::from_value(json!({ "metadata": { "name": namespace } }))?;
    Api::<Namespace>::all(client.clone()).create(&post, &object).await?;
    let part = |name: &str| json!({ "metadata": { "name": name, "labels": { "app.kubernetes.io/part-of": "argocd" } } });
    let config_maps = Api::<ConfigMap>::namespaced(client.clone(), namespace);
    let mut config = part("argocd-cm");
    config["data"] = settings.clone();
    for config_map in [config, part("argocd-rbac-cm")] {
        config_maps.create(&post, &serde_json::from_value(config_map)?).await?;
    }
    let secrets = Api::<Secret>::namespaced(client.clone(), namespace);
    secrets.create(&post, &serde_json::from_value(part("argocd-secret"))?).await?;
    if let Some(version) = version {
        declare(client, namespace, version).await?;
    }

    // The API server of Argo CD, which is not needed here, would make this one.
    let kind = argoproj("AppProject");
    let project = DynamicObject::new("default", &kind).data(json!({ "spec": {
        "sourceRepos": ["*"],
        "sourceNamespaces": ["*"],
        "destinations": [{ "server": "*", "namespace": "*" }],
        "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }],
    }}));
    let projects = Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &kind);
    // The definition is served a moment after it was made.
    wait::until("the AppProject's definition", Duration::from_secs(30), async || {
        match projects.create(&post, &project).await {
            Ok(_) => Ok(Some(())),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

/// The controller as an installation has it, for who wants to know its version; the process runs elsewhere.
async fn declare(client: &Client, namespace: &str, version: &str) -> Result<()> {
    let name = "argocd-application-controller";
    let labels = json!({ "app.kubernetes.io/component": "application-controller" });
    let container = json!({ "name": name, "image": format!("quay.io/argoproj/argocd:{version}") });
    let set = json!({
        "metadata": { "name": name, "labels": labels },
        "spec": {
            "replicas": 0,
            "serviceName": name,
            "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": { "containers": [container] } },
        },
    });
    let sets = Api::<StatefulSet>::namespaced(client.clone(), namespace);
    sets.create(&PostParams::default(), &serde_json::from_value(set)?).await?;
    Ok(())
}
