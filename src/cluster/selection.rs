//! Which Applications a command works on.

use kube::{Api, Client, api::ListParams};

use crate::{
    cluster::{
        access::{Attempt, list},
        application::Application,
        key::AppKey,
    },
    error::{Problem, Problems, Result},
    exit::Exit,
};

const RESOURCE: &str = "applications.argoproj.io";

/// Which Applications a command works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// These, in the order in which they were named.
    Named(Vec<AppKey>),
    /// All in `namespace` that `selector`, a label selector, matches; every one without it.
    Matching {
        /// The Applications' namespace.
        namespace: String,
        /// A label selector; empty for all.
        selector: String,
    },
}

impl Selection {
    /// From a command line. A name may carry its namespace, `team-a/order`, for Applications outside Argo CD's.
    pub fn new(names: &[String], all: bool, selector: Option<&str>, namespace: &str) -> Result<Self> {
        match (names, all || selector.is_some()) {
            ([], false) => Err(Problem::new(Exit::USAGE, "no application is named")
                .hint("name Applications, or use --all or --selector")
                .into()),
            ([], true) => Ok(Self::Matching {
                namespace: namespace.to_owned(),
                selector: selector.unwrap_or_default().to_owned(),
            }),
            (_, true) => {
                Err(Problem::new(Exit::USAGE, "names cannot be combined with --all or --selector").into())
            }
            (names, false) => Ok(Self::Named(names.iter().map(|name| key(name, namespace)).collect())),
        }
    }

    /// Reads them; a name that does not exist is a problem, and all of them are reported.
    pub async fn read(&self, client: &Client) -> Result<Vec<Application>> {
        match self {
            Self::Matching { namespace, selector } => {
                let api = Api::namespaced(client.clone(), namespace);
                let apps = list(&api, &ListParams::default().labels(selector)).await;
                Ok(apps.map_err(|error| Attempt::new("list", RESOURCE, namespace).problem(error))?)
            }
            Self::Named(keys) => {
                let mut problems = Problems::default();
                let mut apps = Vec::new();
                for key in keys {
                    let api = Api::namespaced(client.clone(), &key.namespace);
                    let attempt = Attempt::new("get", RESOURCE, &key.namespace).name(&key.name);
                    let app = api.get(&key.name).await.map_err(|error| unreadable(error, &attempt));
                    apps.extend(problems.collect(app));
                }
                problems.or(apps)
            }
        }
    }
}

fn unreadable(error: kube::Error, attempt: &Attempt<'_>) -> Problem {
    match error {
        kube::Error::Api(status) if status.is_not_found() => {
            let Attempt { name, namespace, .. } = attempt;
            Problem::new(Exit::CLUSTER, format!("there is no Application {name} in namespace {namespace}"))
                .hint(format!("list them with `kubectl get applications.argoproj.io -n {namespace}`"))
        }
        error => attempt.problem(error),
    }
}

fn key(name: &str, namespace: &str) -> AppKey {
    let (namespace, name) = name.split_once('/').unwrap_or((namespace, name));
    AppKey { namespace: namespace.to_owned(), name: name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_carry_their_namespace() {
        let names = ["order".to_owned(), "team-a/catalog".to_owned()];
        let Ok(Selection::Named(keys)) = Selection::new(&names, false, None, "argocd") else {
            panic!("named")
        };
        assert_eq!(
            keys.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["argocd/order", "team-a/catalog"]
        );
    }

    #[test]
    fn nothing_named_is_not_everything() {
        assert!(Selection::new(&[], false, None, "argocd").is_err());
        assert!(Selection::new(&["order".to_owned()], true, None, "argocd").is_err());
        assert!(Selection::new(&[], false, Some("team=shop"), "argocd").is_ok());
    }
}
