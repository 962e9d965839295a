//! What Argo CD tells a plugin about its app, for a run outside Argo CD.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use presync::{argocd, settings};

use super::{flags::Flags, git};

/// The app's identity and settings, on the command line.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Local {
    /// Set the Application's name
    #[arg(long, value_name = "NAME", help_heading = "Application")]
    app_name: Option<String>,
    /// Set the destination namespace
    #[arg(long, value_name = "NAME", help_heading = "Application")]
    namespace: Option<String>,
    /// Set the Application's project
    #[arg(long, value_name = "NAME", help_heading = "Application")]
    project: Option<String>,
    /// Set the commit that is rendered [default: the clone's HEAD]
    #[arg(long, value_name = "SHA", help_heading = "Application")]
    revision: Option<String>,
    /// Set the destination cluster's Kubernetes version
    #[arg(long, value_name = "VERSION", help_heading = "Application")]
    kube_version: Option<String>,
    /// Set the namespace of Argo CD: Applications elsewhere are called `<namespace>_<name>`
    #[arg(long, value_name = "NAME", default_value = argocd::ARGOCD_NAMESPACE, help_heading = "Application")]
    pub(super) argocd_namespace: String,
    #[command(flatten)]
    flags: Flags,
}

impl Local {
    /// Returns the settings on the command line.
    pub(super) fn flags(&self) -> settings::Flags {
        self.flags.values()
    }

    /// Returns the commit: that of the command line, else the clone's.
    pub(super) fn revision(&self, root: Option<&Path>) -> Option<String> {
        self.revision.clone().or_else(|| git::head(root?))
    }

    /// Puts what the command line says into the environment.
    pub(super) fn apply(&self, env: &mut BTreeMap<String, String>) {
        let given = [
            ("ARGOCD_APP_NAME", &self.app_name),
            ("ARGOCD_APP_NAMESPACE", &self.namespace),
            ("ARGOCD_APP_PROJECT_NAME", &self.project),
            ("ARGOCD_APP_REVISION", &self.revision),
            ("KUBE_VERSION", &self.kube_version),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                env.insert(name.to_owned(), value.clone());
            }
        }
    }

    /// Returns the environment of a run on a directory: where Argo CD does not say it, the source path is the
    /// directory's place in the clone, and the revision the commit that is checked out.
    pub(super) fn of_directory(&self, dir: &Path) -> BTreeMap<String, String> {
        let mut env = environment();
        // In the sidecar Argo CD has said everything, and git is not run in a repository that an app owner wrote.
        let in_argo_cd = env.get("ARGOCD_APP_NAME").is_some_and(|name| !name.is_empty());
        self.apply(&mut env);
        let lacks = |name: &str| env.get(name).is_none_or(String::is_empty);
        if !in_argo_cd
            && lacks("ARGOCD_APP_SOURCE_PATH")
            && let Some((root, path)) = place(dir)
        {
            if lacks("ARGOCD_APP_REVISION")
                && let Some(commit) = git::head(&root)
            {
                env.insert("ARGOCD_APP_REVISION".to_owned(), commit);
            }
            env.insert("ARGOCD_APP_SOURCE_PATH".to_owned(), path);
        }
        env
    }
}

/// Returns the clone that a directory is in, and its path there as an Application writes it.
pub(super) fn place(dir: &Path) -> Option<(PathBuf, String)> {
    let dir = dir.canonicalize().ok()?;
    let root = git::root(&dir)?;
    let path = dir.strip_prefix(&root).ok()?.to_str()?;
    let path = if path.is_empty() { ".".to_owned() } else { path.to_owned() };
    Some((root, path))
}

/// Returns the process environment; what is not UTF-8 cannot be a setting.
pub(super) fn environment() -> BTreeMap<String, String> {
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text).collect()
}

/// Returns the process environment without what Argo CD says about one app.
pub(super) fn environment_of_no_app() -> BTreeMap<String, String> {
    let mut env = environment();
    env.retain(|name, _| {
        !["ARGOCD_APP_", "ARGOCD_ENV_", "PARAM_"].iter().any(|prefix| name.starts_with(prefix))
    });
    env
}
