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
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DynamicObject, PostParams};
use kube::{Api, Client};
use serde_json::json;

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

/// The least TTL that presync's platform file allows here. The default would make every scenario take minutes.
const PLATFORM: &str = "ttlFloor: 5s\n";

/// Starts Argo CD and waits until it accepts work. Returns the plugin's container, so to speak.
pub(super) async fn start(
    binaries: &Path,
    presync: &Path,
    plugin: &Path,
    kubernetes: &Kubernetes,
    place: &Place,
    components: &mut Vec<Component>,
) -> Result<Sidecar> {
    prepare(&kubernetes.client, binaries).await.context("cannot prepare the cluster for Argo CD")?;
    let programs = programs(binaries, presync, place)?;
    let (redis, repo_server) = (free_port()?, free_port()?);
    let address = |port: u16| format!("127.0.0.1:{port}");

    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &redis.to_string(), "--save", "", "--appendonly", "no"]);
    command.current_dir(place.owned_folder("redis")?);
    components.push(Component::start("redis", command, &place.logs)?);

    let sockets = place.owned_folder("plugins")?;
    let role = |name: &str| -> Result<Command> {
        let mut command = Command::new(programs.join("argocd"));
        let home = place.owned_folder(name)?;
        command.env_clear().env("ARGOCD_BINARY_NAME", name).env("ARGOCD_PLUGINSOCKFILEPATH", &sockets);
        command.env("PATH", path(&programs)).env("TMPDIR", &home).current_dir(&home);
        if let Some(user) = place.user {
            command.uid(user).gid(user);
        }
        Ok(command)
    };

    let config = place.path("plugin");
    fs::create_dir(&config)?;
    fs::copy(plugin, config.join("plugin.yaml"))
        .with_context(|| format!("cannot copy {}", plugin.display()))?;
    let mut command = role(CMP_SERVER)?;
    command.arg("--config-dir-path").arg(&config).args(["--loglevel", "debug"]);
    command.env("PRESYNC_CONFIG", place.write("platform.yaml", PLATFORM)?);
    components.push(Component::start("cmp-server", command, &place.logs)?);

    let mut command = role("argocd-repo-server")?;
    command.args(["--address", "127.0.0.1", "--port", &repo_server.to_string(), "--redis", &address(redis)]);
    command.args(["--metrics-address", "127.0.0.1", "--metrics-port", &free_port()?.to_string()]);
    command
        .env("ARGOCD_GPG_ENABLED", "false")
        .env("ARGOCD_ASK_PASS_SOCK", place.path("argocd-repo-server/ask-pass"));
    command.env("ARGOCD_TLS_DATA_PATH", place.owned_folder("tls")?);
    command.env("ARGOCD_SSH_DATA_PATH", place.owned_folder("ssh")?);
    components.push(Component::start("repo-server", command, &place.logs)?);

    let mut command = role("argocd-application-controller")?;
    command.args([
        "--namespace",
        NAMESPACE,
        "--redis",
        &address(redis),
        "--repo-server",
        &address(repo_server),
    ]);
    // The default, 120 s, is only how long one would wait for what is seen here at once.
    command.args(["--app-resync", "10", "--metrics-port", &free_port()?.to_string()]);
    command.env("KUBECONFIG", &kubernetes.kubeconfig).env("ARGOCD_FAKE_IN_CLUSTER", "true");
    // A processor sleeps between waves; with the default of 10, the scenarios would wait for each other.
    command.args(["--operation-processors", "60", "--status-processors", "20"]);
    command.env("ARGOCD_K8S_CLIENT_QPS", "500").env("ARGOCD_K8S_CLIENT_BURST", "1000");
    command.env("ARGOCD_RECONCILIATION_JITTER", "0").env("HOSTNAME", "argocd-application-controller-0");
    components.push(Component::start("application-controller", command, &place.logs)?);

    wait::until("Argo CD's readiness", Duration::from_mins(1), async || {
        components.iter_mut().try_for_each(Component::check)?;
        let plugin = fs::read_dir(&sockets)?.next().is_some();
        let repo_server = TcpStream::connect(address(repo_server)).is_ok();
        Ok((plugin && repo_server).then_some(()))
    })
    .await?;
    Ok(Sidecar { folder: place.path(CMP_SERVER), presync: programs.join("presync") })
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

/// What Argo CD expects to find in the cluster.
async fn prepare(client: &Client, binaries: &Path) -> Result<()> {
    let post = PostParams::default();
    let definitions = Api::<CustomResourceDefinition>::all(client.clone());
    for entry in fs::read_dir(binaries.join("argocd-crds"))? {
        let definition: CustomResourceDefinition = serde_yaml::from_str(&fs::read_to_string(entry?.path())?)?;
        definitions.create(&post, &definition).await?;
    }
    let namespace = serde_json::from_value(json!({ "metadata": { "name": NAMESPACE } }))?;
    Api::<Namespace>::all(client.clone()).create(&post, &namespace).await?;
    let metadata = |name: &str| json!({ "metadata": { "name": name, "labels": { "app.kubernetes.io/part-of": "argocd" } } });
    let config_maps = Api::<ConfigMap>::namespaced(client.clone(), NAMESPACE);
    for name in ["argocd-cm", "argocd-rbac-cm"] {
        config_maps.create(&post, &serde_json::from_value(metadata(name))?).await?;
    }
    let secrets = Api::<Secret>::namespaced(client.clone(), NAMESPACE);
    secrets.create(&post, &serde_json::from_value(metadata("argocd-secret"))?).await?;

    // The API server of Argo CD, which is not needed here, would make this one.
    let kind = argoproj("AppProject");
    let project = DynamicObject::new("default", &kind).data(json!({ "spec": {
        "sourceRepos": ["*"],
        "destinations": [{ "server": "*", "namespace": "*" }],
        "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }],
    }}));
    let projects = Api::<DynamicObject>::namespaced_with(client.clone(), NAMESPACE, &kind);
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
