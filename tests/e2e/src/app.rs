//! An Application, its repository and its namespace, made for one scenario.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::ObjectMeta;
use serde_json::{Value, json};

use crate::history::{History, State};
use crate::lab::{Lab, argoproj};
use crate::migrations::Migrations;
use crate::repository::Repository;
use crate::wait;

/// How long anything that Argo CD does by itself may take: a comparison, a sync without slow hooks. It takes seconds;
/// the rest is for a machine that has other work too.
pub const SOON: Duration = Duration::from_mins(2);

/// The folder of an application in its repository.
const PATH: &str = "app";

/// An Application to be made: a native directory source, synced by hand, unless told otherwise.
pub struct Builder {
    lab: Lab,
    name: String,
    files: Vec<(String, String)>,
    source: Value,
    sync_policy: Value,
}

impl Builder {
    pub(crate) fn new(lab: Lab, name: String) -> Self {
        Self { lab, name, files: Vec::new(), source: json!({}), sync_policy: json!({}) }
    }

    /// A file of the application's folder.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl Into<String>) -> Self {
        self.files.push((format!("{PATH}/{path}"), content.into()));
        self
    }

    /// Rendered by presync with these parameters, a JSON array as in the Application's `plugin.parameters`.
    #[must_use]
    pub fn presync(mut self, parameters: &Value) -> Self {
        self.source = presync(parameters);
        self
    }

    /// Synced by Argo CD itself, with pruning.
    #[must_use]
    pub fn automated(mut self, self_heal: bool) -> Self {
        self.sync_policy["automated"] = json!({ "prune": true, "selfHeal": self_heal });
        self
    }

    /// The `retry` of the sync policy.
    #[must_use]
    pub fn retry(mut self, limit: u32, backoff: &str) -> Self {
        self.sync_policy["retry"] =
            json!({ "limit": limit, "backoff": { "duration": backoff, "factor": 1 } });
        self
    }

    /// Makes the repository, the namespace and the Application, and starts to follow them.
    pub async fn create(self) -> Result<App> {
        let Self { lab, name, files, mut source, sync_policy } = self;
        let repository = Repository::create(&lab.git, &name)?;
        let files: Vec<_> =
            files.iter().map(|(path, content)| (path.as_str(), Some(content.as_str()))).collect();
        repository.commit("first", &files)?;

        let namespace = Namespace {
            metadata: ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() },
            ..Namespace::default()
        };
        Api::<Namespace>::all(lab.client.clone()).create(&PostParams::default(), &namespace).await?;
        let migrations = Migrations::follow(&lab.client, &name);
        let history = History::follow(lab.applications(), &name);

        source["repoURL"] = json!(repository.url());
        source["targetRevision"] = json!("main");
        source["path"] = json!(PATH);
        let mut application = DynamicObject::new(&name, &argoproj("Application")).data(json!({ "spec": {
            "project": "default",
            "source": source,
            "destination": { "server": "https://kubernetes.default.svc", "namespace": name },
            "syncPolicy": sync_policy,
        }}));
        application.metadata.finalizers = Some(vec!["resources-finalizer.argocd.argoproj.io".to_owned()]);
        lab.applications().create(&PostParams::default(), &application).await?;
        Ok(App { lab, name, repository, history, migrations, created: Instant::now() })
    }
}

/// An Application in the cluster.
pub struct App {
    lab: Lab,
    name: String,
    created: Instant,
    /// Where it is rendered from.
    pub repository: Repository,
    /// What Argo CD reported of it.
    pub history: History,
    /// The Jobs that ran in its namespace.
    pub migrations: Migrations,
}

impl App {
    /// The name of the Application, and of its namespace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Since when it exists.
    pub fn created(&self) -> Instant {
        self.created
    }

    /// The Application as it is now.
    pub async fn object(&self) -> Result<DynamicObject> {
        Ok(self.lab.applications().get(&self.name).await?)
    }

    /// Commits files of the application's folder (`None` removes one) and tells Argo CD. Returns the commit's hash.
    pub async fn commit(&self, message: &str, files: &[(&str, Option<&str>)]) -> Result<String> {
        let paths: Vec<String> = files.iter().map(|(path, _)| format!("{PATH}/{path}")).collect();
        let files: Vec<_> =
            paths.iter().zip(files).map(|(path, (_, content))| (path.as_str(), *content)).collect();
        let revision = self.repository.commit(message, &files)?;
        self.refresh("normal").await?;
        Ok(revision)
    }

    /// Asks for a comparison, `normal` or `hard`: Argo CD would not look at the branch again for three minutes.
    pub async fn refresh(&self, how: &str) -> Result<()> {
        self.patch(&json!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": how } } })).await
    }

    /// Starts a sync by hand, as `argocd app sync` does.
    pub async fn sync(&self) -> Result<()> {
        // The old state must go first: Argo CD would take it up again.
        self.patch(&json!({ "operation": null, "status": { "operationState": null } })).await?;
        let operation =
            json!({ "initiatedBy": { "username": "e2e" }, "sync": { "syncStrategy": { "hook": {} } } });
        self.patch(&json!({ "operation": operation })).await
    }

    /// A merge patch on the Application.
    pub async fn patch(&self, patch: &Value) -> Result<()> {
        self.lab.applications().patch(&self.name, &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }

    /// Waits until it is synced, healthy and idle, at the newest commit.
    pub async fn at_rest(&self, limit: Duration) -> Result<State> {
        let newest = self.repository.head()?;
        let what = format!("{}: Synced and Healthy at {newest}", self.name);
        self.history.until(&what, limit, |state| state.at_rest() && state.revision == newest).await
    }

    /// Deletes the Application with its resources, and waits until it is gone.
    pub async fn delete(&self) -> Result<()> {
        let applications = self.lab.applications();
        applications.delete(&self.name, &DeleteParams::default()).await?;
        let what = format!("{}: its deletion", self.name);
        wait::until(&what, SOON, async || Ok(applications.get_opt(&self.name).await?.is_none().then_some(())))
            .await
    }

    /// Deletes the namespace too. It goes in the background.
    pub(crate) async fn clean_up(&self) -> Result<()> {
        if self.lab.applications().get_opt(&self.name).await?.is_some() {
            self.delete().await?;
        }
        let namespaces = Api::<Namespace>::all(self.lab.client.clone());
        namespaces
            .delete(&self.name, &DeleteParams::default())
            .await
            .context("cannot delete the namespace")?;
        Ok(())
    }
}

/// The `plugin` block of a source that presync renders.
pub fn presync(parameters: &Value) -> Value {
    json!({ "plugin": { "name": "presync", "parameters": parameters } })
}
