//! Which Applications a command works on.

use kube::{Api, Client, api::ListParams};

use crate::{
    cluster::{
        access::{Attempt, list, patient},
        application::Application,
        key::AppKey,
    },
    error::{Problem, Problems, Result},
    exit::Exit,
};

const RESOURCE: &str = "applications.argoproj.io";

/// Which Applications a command works on: all that every condition holds for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// These, in the order in which they were named; empty for all that the rest selects.
    pub names: Vec<AppKey>,
    /// Their namespace; empty for every namespace.
    pub namespace: String,
    /// A label selector; empty for all.
    pub labels: String,
    /// Their `AppProject`.
    pub project: Option<String>,
    /// Their destination: the cluster's name in Argo CD, or the URL of its API server.
    pub cluster: Option<String>,
}

impl Selection {
    /// From the names on a command line. A name may carry its namespace, `team-a/order`, for an Application outside Argo
    /// CD's.
    pub fn named(names: &[String], namespace: &str) -> Self {
        let names: Vec<AppKey> = names.iter().map(|name| key(name, namespace)).collect();
        let first = names.first().map_or(namespace, |first| first.namespace.as_str());
        let one = names.iter().all(|name| name.namespace == first);
        let namespace = if one { first.to_owned() } else { String::new() };
        Self { names, namespace, ..Self::default() }
    }

    /// Whether it holds for an Application that the cluster listed by [`Selection::labels`].
    pub fn holds(&self, app: &Application) -> bool {
        let destination = &app.spec.destination;
        let is_at = |cluster: &String| {
            let server = |url: &str| url.trim_end_matches('/').to_owned();
            let local = ["in-cluster", "https://kubernetes.default.svc"].contains(&server(cluster).as_str());
            local && app.is_local()
                || !cluster.is_empty()
                    && (*cluster == destination.name || server(cluster) == server(&destination.server))
        };
        (self.names.is_empty() || self.names.contains(&app.key()))
            && self.project.as_ref().is_none_or(|project| *project == app.spec.project)
            && self.cluster.as_ref().is_none_or(is_at)
    }

    /// Reads them; a name that does not exist is a problem, and all of them are reported.
    pub async fn read(&self, client: &Client) -> Result<Vec<Application>> {
        if self.names.is_empty() {
            let api = self.api(client);
            let params = ListParams::default().labels(&self.labels);
            let apps = patient(|| list(&api, &params)).await;
            let mut apps =
                apps.map_err(|error| Attempt::new("list", RESOURCE, &self.namespace).problem(error))?;
            apps.retain(|app| self.holds(app));
            return Ok(apps);
        }
        let mut problems = Problems::default();
        let mut apps = Vec::new();
        for key in &self.names {
            let api = Api::<Application>::namespaced(client.clone(), &key.namespace);
            let attempt = Attempt::new("get", RESOURCE, &key.namespace).name(&key.name);
            let app = patient(|| api.get(&key.name)).await.map_err(|error| unreadable(error, &attempt));
            apps.extend(problems.collect(app));
        }
        problems.or(apps)
    }

    /// Returns the Applications of its namespace, or of all.
    pub fn api(&self, client: &Client) -> Api<Application> {
        if self.namespace.is_empty() {
            Api::all(client.clone())
        } else {
            Api::namespaced(client.clone(), &self.namespace)
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
    use serde_json::{Value, json};

    use super::*;

    fn app(spec: &Value) -> Application {
        let app = json!({"metadata": {"name": "order", "namespace": "argocd"}, "spec": spec});
        serde_json::from_value(app).expect("an Application")
    }

    #[test]
    fn names_may_carry_their_namespace() {
        let names = ["order".to_owned(), "team-a/catalog".to_owned()];
        let selection = Selection::named(&names, "argocd");
        let shown: Vec<String> = selection.names.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["argocd/order", "team-a/catalog"]);
        assert!(selection.holds(&app(&json!({}))));
        assert!(!Selection::named(&["catalog".to_owned()], "argocd").holds(&app(&json!({}))));
    }

    #[test]
    fn a_project_and_a_cluster_narrow_it() {
        let by = |project: Option<&str>, cluster: Option<&str>, spec: &Value| {
            let (project, cluster) = (project.map(str::to_owned), cluster.map(str::to_owned));
            Selection { project, cluster, ..Selection::default() }.holds(&app(spec))
        };
        let local = json!({"project": "shop", "destination": {"server": "https://kubernetes.default.svc"}});
        let remote = json!({"project": "shop", "destination": {"name": "prod-eu"}});
        assert!(by(Some("shop"), None, &local) && !by(Some("other"), None, &local));
        assert!(by(None, Some("in-cluster"), &local) && !by(None, Some("prod-eu"), &local));
        assert!(by(None, Some("prod-eu"), &remote) && !by(None, Some("in-cluster"), &remote));
        let url = json!({"destination": {"server": "https://10.0.0.1/"}});
        assert!(by(None, Some("https://10.0.0.1"), &url) && !by(None, Some(""), &remote));
    }
}
