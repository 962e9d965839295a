//! The cluster with Argo CD that the scenarios run on.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use kube::api::{ApiResource, DynamicObject, GroupVersionKind};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};

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
    /// Where a failed scenario leaves what is needed to understand it.
    pub output: PathBuf,
    /// The kubeconfig of `client`.
    pub kubeconfig: PathBuf,
    /// The program under test.
    pub presync: PathBuf,
}

/// What can be seen of the plugin's container from outside.
#[derive(Clone, Debug)]
pub struct Sidecar {
    /// The only folder in which it may write.
    pub folder: PathBuf,
    /// The program under test, as it is started there.
    pub presync: PathBuf,
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
        Api::namespaced_with(self.client.clone(), &self.argocd, &argoproj("Application"))
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
