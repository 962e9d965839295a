//! The programs that render: where they are on this machine.

use std::{collections::BTreeMap, ffi::OsString, io, path::PathBuf};

use crate::{error::Problem, exit::Exit};

/// The programs of this run. The platform chooses them, never the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// Helm 3 or 4.
    pub helm: Tool,
    /// kustomize 5.
    pub kustomize: Tool,
    /// `presync` itself, to be started as the watchdog of a run; without it a child process can outlive this process when
    /// this is killed.
    pub watchdog: Option<PathBuf>,
    /// The sidecar's environment, of which a child gets what it needs.
    pub environment: BTreeMap<String, String>,
}

/// A program that is found by name in `PATH`, or by the path in an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    name: &'static str,
    variable: &'static str,
    given: Option<OsString>,
    search: Option<String>,
}

impl Tools {
    /// Returns the programs that `env`, the process environment, names: `PRESYNC_HELM` and `PRESYNC_KUSTOMIZE`, or
    /// those in `PATH`. Whether they exist shows when they are run.
    pub fn from_env(env: &BTreeMap<String, String>, watchdog: Option<PathBuf>) -> Self {
        let tool = |name, variable| Tool {
            name,
            variable,
            given: env.get(variable).filter(|path| !path.is_empty()).map(|path| absolute(path)),
            search: env.get("PATH").cloned(),
        };
        Self {
            helm: tool("helm", "PRESYNC_HELM"),
            kustomize: tool("kustomize", "PRESYNC_KUSTOMIZE"),
            watchdog,
            environment: env.clone(),
        }
    }
}

impl Default for Tools {
    /// Returns the programs in `PATH`, without a watchdog.
    fn default() -> Self {
        Self::from_env(&BTreeMap::new(), None)
    }
}

impl Tool {
    /// Returns `helm` or `kustomize`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what to execute: a path, or a name to be found in `PATH`.
    pub fn program(&self) -> OsString {
        self.given.clone().unwrap_or_else(|| self.name.into())
    }

    /// Returns why it could not be started.
    pub(super) fn not_started(&self, error: io::Error) -> Problem {
        let Self { name, variable, .. } = self;
        let problem = match &self.given {
            Some(path) => Problem::new(Exit::FAILURE, format!("cannot run {variable}=`{}`", path.display()))
                .caused_by(error),
            None if error.kind() == io::ErrorKind::NotFound => {
                Problem::new(Exit::FAILURE, format!("there is no program `{name}` in PATH"))
            }
            None => Problem::new(Exit::FAILURE, format!("cannot run `{name}`")).caused_by(error),
        };
        match &self.given {
            Some(_) => problem.hint(format!("{variable} must be the path of an executable `{name}`")),
            None => problem
                .hint(format!("put `{name}` into the plugin's image, or set {variable} to its path"))
                .hint(format!("PATH is `{}`", self.search.as_deref().unwrap_or_default())),
        }
    }
}

/// Returns the program that a variable names: a path is relative to where `presync` was started, not to where the tool
/// will run; a plain name is searched for in `PATH`.
fn absolute(path: &str) -> OsString {
    if path.contains('/') {
        std::path::absolute(path).map_or_else(|_| path.into(), Into::into)
    } else {
        path.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(env: &[(&str, &str)]) -> Tools {
        Tools::from_env(&env.iter().map(|&(name, value)| (name.into(), value.into())).collect(), None)
    }

    #[test]
    fn a_tool_is_found_by_name_unless_its_variable_is_set() {
        let tools = tools(&[("PATH", "/bin"), ("PRESYNC_KUSTOMIZE", "/opt/kustomize"), ("PRESYNC_HELM", "")]);
        assert_eq!(tools.helm.program(), "helm");
        assert_eq!(tools.kustomize.program(), "/opt/kustomize");
        assert_eq!(super::tests::tools(&[("PRESYNC_HELM", "helm3")]).helm.program(), "helm3");
    }

    #[test]
    fn a_relative_path_is_relative_to_where_we_started() {
        let helm = tools(&[("PRESYNC_HELM", "./bin/helm")]).helm;
        assert_eq!(helm.program(), std::env::current_dir().unwrap().join("bin/helm"));
    }

    #[test]
    fn a_missing_tool_says_where_it_was_looked_for() {
        let error = || io::Error::from(io::ErrorKind::NotFound);
        insta::assert_snapshot!(tools(&[("PATH", "/usr/bin:/bin")]).helm.not_started(error()), @r"
        error: there is no program `helm` in PATH
        hint: put `helm` into the plugin's image, or set PRESYNC_HELM to its path
        hint: PATH is `/usr/bin:/bin`
        ");
        insta::assert_snapshot!(tools(&[("PRESYNC_KUSTOMIZE", "/x/kustomize")]).kustomize.not_started(error()), @r"
        error: cannot run PRESYNC_KUSTOMIZE=`/x/kustomize`
        caused by: entity not found
        hint: PRESYNC_KUSTOMIZE must be the path of an executable `kustomize`
        ");
    }
}
