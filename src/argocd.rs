//! What Argo CD hands a plugin.
//!
//! The contract is `reposerver/repository/repository.go` (`newEnv`, `getPluginEnvs`, `getPluginParamEnvs`).

use std::collections::BTreeMap;

/// The Application that is rendered, as far as Argo CD's environment tells; empty strings count as unset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct App {
    /// `ARGOCD_APP_NAME`; `<namespace>_<name>` for an Application outside Argo CD's namespace.
    pub name: Option<String>,
    /// `ARGOCD_APP_NAMESPACE`: the destination namespace.
    pub namespace: Option<String>,
    /// `ARGOCD_APP_PROJECT_NAME`.
    pub project: Option<String>,
    /// `ARGOCD_APP_REVISION`: the resolved commit.
    pub revision: Option<String>,
    /// `ARGOCD_APP_SOURCE_REPO_URL`.
    pub repo_url: Option<String>,
    /// `ARGOCD_APP_SOURCE_PATH`: the app's directory in the repository.
    pub path: Option<String>,
    /// `ARGOCD_APP_SOURCE_TARGET_REVISION`.
    pub target_revision: Option<String>,
    /// `KUBE_VERSION`, such as `1.34.2`.
    pub kube_version: Option<String>,
    /// `KUBE_API_VERSIONS`, split at commas: `group/version` and `group/version/Kind`.
    pub api_versions: Vec<String>,
    /// `ARGOCD_ENV_*`, by the name after the prefix.
    pub env: BTreeMap<String, String>,
}

impl App {
    /// What the process environment tells of the Application.
    pub fn from_env(env: &BTreeMap<String, String>) -> Self {
        let get = |name: &str| env.get(name).filter(|value| !value.is_empty()).cloned();
        Self {
            name: get("ARGOCD_APP_NAME"),
            namespace: get("ARGOCD_APP_NAMESPACE"),
            project: get("ARGOCD_APP_PROJECT_NAME"),
            revision: get("ARGOCD_APP_REVISION"),
            repo_url: get("ARGOCD_APP_SOURCE_REPO_URL"),
            path: get("ARGOCD_APP_SOURCE_PATH"),
            target_revision: get("ARGOCD_APP_SOURCE_TARGET_REVISION"),
            kube_version: get("KUBE_VERSION"),
            api_versions: get("KUBE_API_VERSIONS")
                .map(|list| {
                    list.split(',').filter(|version| !version.is_empty()).map(str::to_owned).collect()
                })
                .unwrap_or_default(),
            env: env
                .iter()
                .filter_map(|(name, value)| {
                    Some((name.strip_prefix("ARGOCD_ENV_")?.to_owned(), value.clone()))
                })
                .collect(),
        }
    }

    /// The Application's own name, without the namespace that stands before it outside Argo CD's namespace: what
    /// Argo CD takes as Helm's release name (`util/argo/argo.go`, `ParseInstanceName`).
    pub fn short_name(&self) -> Option<&str> {
        let name = self.name.as_deref()?;
        Some(name.split_once('_').map_or(name, |(_, name)| name))
    }
}
