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
