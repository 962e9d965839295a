//! The Application, as far as the environment tells.

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
    /// Returns what the process environment tells of the Application.
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

    /// Returns the Application's own name, without the namespace that stands before it outside Argo CD's namespace:
    /// what Argo CD takes as Helm's release name (`util/argo/argo.go`, `ParseInstanceName`).
    pub fn short_name(&self) -> Option<&str> {
        let name = self.name.as_deref()?;
        Some(name.split_once('_').map_or(name, |(_, name)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_app_is_what_argo_cd_tells() {
        let app = App::from_env(&env(&[
            ("ARGOCD_APP_NAME", "team-a_catalog-dev"),
            ("ARGOCD_APP_NAMESPACE", ""),
            ("ARGOCD_APP_PROJECT_NAME", "default"),
            ("ARGOCD_APP_REVISION", "0123"),
            ("ARGOCD_APP_SOURCE_REPO_URL", "https://example.com/repo.git"),
            ("ARGOCD_APP_SOURCE_PATH", "apps/catalog"),
            ("ARGOCD_APP_SOURCE_TARGET_REVISION", "main"),
            ("KUBE_VERSION", "1.34.2"),
            ("KUBE_API_VERSIONS", "v1,apps/v1,,apps/v1/Deployment"),
            ("ARGOCD_ENV_REGION", "eu"),
            ("PATH", "/bin"),
        ]));
        let expected = App {
            name: Some("team-a_catalog-dev".into()),
            namespace: None,
            project: Some("default".into()),
            revision: Some("0123".into()),
            repo_url: Some("https://example.com/repo.git".into()),
            path: Some("apps/catalog".into()),
            target_revision: Some("main".into()),
            kube_version: Some("1.34.2".into()),
            api_versions: ["v1", "apps/v1", "apps/v1/Deployment"].map(Into::into).into(),
            env: env(&[("REGION", "eu")]),
        };
        assert_eq!(app, expected);
        assert_eq!(app.short_name(), Some("catalog-dev"));
        assert_eq!(App::from_env(&BTreeMap::new()), App::default());
        assert_eq!(App::default().short_name(), None);
    }
}
