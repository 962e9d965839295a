//! The cluster with Argo CD that the scenarios run on.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::{Value, json};

use crate::repository::GitRoot;

/// All that a scenario needs to know of a cluster.
#[derive(Clone)]
pub struct Lab {
    /// A client that may do everything.
    pub client: Client,
    /// Argo CD's namespace, where the Applications are made.
    pub argocd: String,
    /// Where repositories are made.
    pub git: GitRoot,
    /// The TTL of the hook Jobs. The incident's was 300 s; a hook stays until Argo CD has seen its end.
    pub ttl: Duration,
    /// The plugin's container, where it is one of this machine's processes.
    pub sidecar: Option<Sidecar>,
    /// Another cluster that Argo CD deploys to.
    pub remote: Option<Remote>,
    /// The namespace of another Argo CD of this cluster, which tracks by label.
    pub by_label: Option<String>,
    /// A plugin that keeps what it printed.
    pub recorder: Option<Recorder>,
    /// Where a failed scenario leaves what is needed to understand it.
    pub output: PathBuf,
    /// The kubeconfig of `client`.
    pub kubeconfig: PathBuf,
    /// The program under test.
    pub presync: PathBuf,
}

/// A cluster that Argo CD knows beside its own.
#[derive(Clone)]
pub struct Remote {
    /// A client that may do everything.
    pub client: Client,
    /// Its URL, by which an Application names it.
    pub server: String,
    token: String,
}

impl Remote {
    /// The cluster of a kubeconfig whose user has a token, and a client for it.
    pub fn new(client: Client, kubeconfig: &Path) -> Result<Self> {
        // The kubeconfig's own type hides the token.
        let config: Value = serde_yaml::from_str(&fs::read_to_string(kubeconfig)?)?;
        let text = |path: &str| {
            let text = config.pointer(path).and_then(Value::as_str).map(str::to_owned);
            text.with_context(|| format!("{} has no {path}", kubeconfig.display()))
        };
        Ok(Self { client, server: text("/clusters/0/cluster/server")?, token: text("/users/0/user/token")? })
    }

    /// Tells Argo CD of it.
    pub(crate) async fn make_known(&self, lab: &Lab) -> Result<()> {
        let access = json!({ "bearerToken": self.token, "tlsClientConfig": { "insecure": true } });
        let secret = json!({
            "metadata": { "name": "remote", "labels": { "argocd.argoproj.io/secret-type": "cluster" } },
            "stringData": { "name": "remote", "server": self.server, "config": access.to_string() },
        });
        let secrets = Api::<Secret>::namespaced(lab.client.clone(), &lab.argocd);
        secrets.create(&PostParams::default(), &serde_json::from_value(secret)?).await?;
        Ok(())
    }
}

/// What can be seen of the plugin's container from outside.
#[derive(Clone, Debug)]
pub struct Sidecar {
    /// The only folder in which it may write.
    pub folder: PathBuf,
    /// The program under test, as it is started there.
    pub presync: PathBuf,
    /// The `PATH` in its environment.
    pub path: OsString,
    /// The platform file that its environment names.
    pub platform: PathBuf,
}

/// A plugin that runs presync and keeps what it printed.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// Its name in an Application.
    pub plugin: String,
    /// What it printed last for each Application, under its name.
    pub folder: PathBuf,
}

impl Lab {
    /// The cluster that the environment names, for a run against an Argo CD that somebody else started:
    /// `E2E_KUBECONFIG`, and `E2E_GIT_FOLDER` with the URL `E2E_GIT_URL` under which the repo-server sees that folder;
    /// `E2E_NAMESPACE` if Argo CD is not in `argocd`; `E2E_PRESYNC` if the program is not in `PATH`; `E2E_TTL` for another
    /// TTL than 60 seconds, which must not be below the floor in presync's platform file. Without `E2E_KUBECONFIG`:
    /// nothing.
    pub async fn from_env(output: &Path) -> Result<Option<Self>> {
        let Some(kubeconfig) = env::var_os("E2E_KUBECONFIG") else { return Ok(None) };
        let variable =
            |name: &str| env::var(name).with_context(|| format!("E2E_KUBECONFIG is set, so {name} must be"));
        Ok(Some(Self {
            client: connect(Path::new(&kubeconfig)).await?,
            argocd: env::var("E2E_NAMESPACE").unwrap_or_else(|_| "argocd".to_owned()),
            git: GitRoot {
                folder: PathBuf::from(variable("E2E_GIT_FOLDER")?),
                url: variable("E2E_GIT_URL")?,
                owner: None,
            },
            ttl: Duration::from_secs(
                env::var("E2E_TTL").map_or(Ok(60), |text| text.parse()).context("E2E_TTL")?,
            ),
            sidecar: None,
            remote: None,
            by_label: None,
            recorder: None,
            output: output.to_owned(),
            kubeconfig: PathBuf::from(kubeconfig),
            presync: env::var_os("E2E_PRESYNC").map_or_else(|| PathBuf::from("presync"), PathBuf::from),
        }))
    }

    /// The TTL as presync's settings take it.
    pub fn ttl_setting(&self) -> String {
        format!("{}s", self.ttl.as_secs())
    }

    /// The Applications in Argo CD's namespace.
    pub fn applications(&self) -> Api<DynamicObject> {
        self.applications_in(&self.argocd)
    }

    /// The Applications in a namespace.
    pub fn applications_in(&self, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &argoproj("Application"))
    }
}

/// One of Argo CD's own kinds.
pub fn argoproj(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", kind))
}

/// A client for the current context of a kubeconfig.
pub async fn connect(kubeconfig: &Path) -> Result<Client> {
    let read =
        Kubeconfig::read_from(kubeconfig).with_context(|| format!("cannot read {}", kubeconfig.display()))?;
    let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}
