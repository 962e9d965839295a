//! An Application, its repository and its namespace, made for one scenario.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::ObjectMeta;
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::history::{History, State};
use crate::lab::{Lab, Remote, argoproj};
use crate::migrations::{Migrations, Seen};
use crate::repository::Repository;
use crate::wait;

/// How long anything that Argo CD does by itself may take: a comparison, a sync without slow hooks. It takes seconds;
/// the rest is for a machine that has other work too.
pub const SOON: Duration = Duration::from_mins(12);

/// Asks Argo CD for a comparison. It removes the annotation afterwards.
const REFRESH: &str = "argocd.argoproj.io/refresh";

/// Argo CD's finalizer on the Jobs of hooks.
pub const HOOK_FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";

/// The cluster that Argo CD itself runs in.
const LOCAL: &str = "https://kubernetes.default.svc";

/// The folder of an application in its repository, unless told otherwise.
const PATH: &str = "app";

/// An Application to be made: a native directory source, synced by hand, unless told otherwise.
pub struct Builder {
    lab: Lab,
    name: String,
    files: Vec<(String, String)>,
    secrets: Vec<Secret>,
    source: Value,
    sync_policy: Value,
    metadata: Value,
    remote: Option<Remote>,
    namespace: Option<String>,
    home: Option<String>,
    second: Option<String>,
}

impl Builder {
    pub(crate) fn new(lab: Lab, name: String) -> Self {
        let source = json!({ "path": PATH });
        Self {
            lab,
            name,
            files: Vec::new(),
            secrets: Vec::new(),
            source,
            sync_policy: json!({}),
            metadata: json!({}),
            remote: None,
            namespace: None,
            home: None,
            second: None,
        }
    }

    /// A file of the application's folder.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl Into<String>) -> Self {
        self.files.push((path.to_owned(), content.into()));
        self
    }

    /// The folder of the application in its repository.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.source["path"] = json!(path);
        self
    }

    /// Rendered by presync with these parameters.
    #[must_use]
    pub fn presync(mut self, parameters: &[(&str, &str)]) -> Self {
        self.source["plugin"] = presync(parameters);
        self
    }

    /// Rendered by presync with the `plugin` block as it stands in an Application.
    #[must_use]
    pub fn plugin(mut self, plugin: Value) -> Self {
        self.source["plugin"] = plugin;
        self
    }

    /// A Secret that somebody else has put into the namespace before.
    #[must_use]
    pub fn secret(mut self, name: &str, key: &str, value: &str) -> Self {
        self.secrets.push(Secret {
            metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
            string_data: Some([(key.to_owned(), value.to_owned())].into()),
            ..Secret::default()
        });
        self
    }

    /// Synced by Argo CD itself, with pruning.
    #[must_use]
    pub fn automated(mut self, self_heal: bool) -> Self {
        self.sync_policy["automated"] = json!({ "prune": true, "selfHeal": self_heal });
        self
    }

    /// Deployed to another cluster than Argo CD's own.
    #[must_use]
    pub fn remote(mut self, cluster: Remote) -> Self {
        self.remote = Some(cluster);
        self
    }

    /// Of the Argo CD in another namespace.
    #[must_use]
    pub fn argocd(mut self, namespace: &str) -> Self {
        namespace.clone_into(&mut self.lab.argocd);
        self
    }

    /// Not in Argo CD's namespace, but in this one of a team, which is made with it.
    #[must_use]
    pub fn home(mut self, namespace: &str) -> Self {
        self.home = Some(namespace.to_owned());
        self
    }

    /// Deployed to a namespace that it shares with others.
    #[must_use]
    pub fn namespace(mut self, name: &str) -> Self {
        self.namespace = Some(name.to_owned());
        self
    }

    /// With a second source: this folder of the same repository, rendered by Argo CD itself.
    #[must_use]
    pub fn second_source(mut self, path: &str) -> Self {
        self.second = Some(path.to_owned());
        self
    }

    /// A sync option such as `ServerSideApply=true`.
    #[must_use]
    pub fn sync_option(mut self, option: &str) -> Self {
        let mut options = self.sync_policy["syncOptions"].as_array().cloned().unwrap_or_default();
        options.push(json!(option));
        self.sync_policy["syncOptions"] = Value::from(options);
        self
    }

    /// An annotation of the Application.
    #[must_use]
    pub fn annotation(mut self, name: &str, value: &str) -> Self {
        self.metadata["annotations"][name] = json!(value);
        self
    }

    /// The `retry` of the sync policy.
    #[must_use]
    pub fn retry(mut self, limit: u32, backoff: &str) -> Self {
        self.sync_policy["retry"] =
            json!({ "limit": limit, "backoff": { "duration": backoff, "factor": 1 } });
        self
    }

    /// A variable in the `plugin` block's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.source["plugin"]["env"] = json!([{ "name": name, "value": value }]);
        self
    }

    /// Makes the repository, the namespace and the Application, and starts to follow them.
    pub async fn create(self) -> Result<App> {
        let Self { lab, name, files, secrets, mut source, sync_policy, metadata, .. } = self;
        let space = self.namespace.unwrap_or_else(|| name.clone());
        let client = self.remote.as_ref().map_or(&lab.client, |remote| &remote.client).clone();
        let server = self.remote.map_or_else(|| LOCAL.to_owned(), |remote| remote.server);
        let home = self.home.unwrap_or_else(|| lab.argocd.clone());
        let repository = Repository::create(&lab.git, &name)?;
        let path = source["path"].as_str().unwrap_or_default().to_owned();
        repository.commit(
            "first",
            &path,
            files.iter().map(|(file, content)| (file.as_str(), Some(content.as_str()))),
        )?;

        make_namespace(&client, &space).await?;
        make_namespace(&lab.client, &home).await?;
        for secret in secrets {
            Api::namespaced(client.clone(), &space).create(&PostParams::default(), &secret).await?;
        }
        let applications = lab.applications_in(&home);
        let migrations = Migrations::follow(&client, &space);
        let history = History::follow(applications.clone(), &name);

        source["repoURL"] = json!(repository.url());
        source["targetRevision"] = json!("main");
        let source = match self.second {
            Some(second) => {
                let mut other = json!({ "path": second });
                other["repoURL"] = source["repoURL"].clone();
                other["targetRevision"] = source["targetRevision"].clone();
                json!({ "sources": [source, other] })
            }
            None => json!({ "source": source }),
        };
        let mut spec = json!({
            "project": "default",
            "destination": { "server": server, "namespace": space },
            "syncPolicy": sync_policy,
        });
        for (key, value) in source.as_object().into_iter().flatten() {
            spec[key] = value.clone();
        }
        let mut application =
            DynamicObject::new(&name, &argoproj("Application")).data(json!({ "spec": spec }));
        let annotations = metadata["annotations"].as_object().into_iter().flatten();
        application.metadata.annotations = Some(
            annotations
                .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect(),
        );
        application.metadata.finalizers = Some(vec!["resources-finalizer.argocd.argoproj.io".to_owned()]);
        applications.create(&PostParams::default(), &application).await?;
        Ok(App {
            lab,
            client,
            name,
            home,
            space,
            path,
            repository,
            history,
            migrations,
            created: Instant::now(),
        })
    }
}

async fn make_namespace(client: &Client, name: &str) -> Result<()> {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    let namespace = Namespace { metadata, ..Namespace::default() };
    match Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &namespace).await {
        Ok(_) => Ok(()),
        // It is shared.
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// An Application in the cluster.
pub struct App {
    lab: Lab,
    /// For the cluster that it is deployed to.
    client: Client,
    name: String,
    home: String,
    space: String,
    path: String,
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

    /// Its name with the namespace that it is in, as the cluster commands take it.
    pub fn key(&self) -> String {
        format!("{}/{}", self.home, self.name)
    }

    /// The cluster, with the Argo CD that it belongs to.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    fn applications(&self) -> Api<DynamicObject> {
        self.lab.applications_in(&self.home)
    }

    /// Since when it exists.
    pub fn created(&self) -> Instant {
        self.created
    }

    /// The objects of one kind in its namespace.
    pub fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.space)
    }

    /// The Application as it is now.
    pub async fn object(&self) -> Result<DynamicObject> {
        Ok(self.applications().get(&self.name).await?)
    }

    /// Commits files of the application's folder (`None` removes one) and tells Argo CD. Returns the commit's hash.
    pub async fn commit(&self, message: &str, files: &[(&str, Option<&str>)]) -> Result<String> {
        let revision = self.repository.commit(message, &self.path, files.iter().copied())?;
        self.refresh("normal").await?;
        Ok(revision)
    }

    /// Asks for a comparison, `normal` or `hard`: Argo CD would not look at the branch again for three minutes.
    pub async fn refresh(&self, how: &str) -> Result<()> {
        self.patch(&json!({ "metadata": { "annotations": { REFRESH: how } } })).await
    }

    /// Starts a sync by hand, as `argocd app sync` does.
    pub async fn sync(&self) -> Result<()> {
        self.start(&json!({ "syncStrategy": { "hook": {} } })).await
    }

    /// Starts a sync with these options. The state of the last one is gone then.
    pub async fn start(&self, sync: &Value) -> Result<()> {
        // The old state must go first: Argo CD would take it up again.
        self.patch(&json!({ "operation": null, "status": { "operationState": null } })).await?;
        self.history.until("the end of the old state", SOON, |state| state.phase.is_empty()).await?;
        let operation = json!({ "initiatedBy": { "username": "e2e" }, "sync": sync });
        self.patch(&json!({ "operation": operation })).await
    }

    /// Waits until the sync that was started last has succeeded, and Argo CD has compared.
    pub async fn started_well(&self) -> Result<()> {
        self.history.until("the sync's success", SOON, |state| state.phase == "Succeeded").await?;
        self.at_rest().await?;
        Ok(())
    }

    /// Ends a running operation, as `argocd app terminate-op` does, and waits until Argo CD has cleared up.
    pub async fn terminate(&self) -> Result<()> {
        self.patch(&json!({ "status": { "operationState": { "phase": "Terminating" } } })).await?;
        self.history.until("the operation's end", SOON, |state| !state.operating).await?;
        Ok(())
    }

    /// A merge patch on the Application.
    pub async fn patch(&self, patch: &Value) -> Result<()> {
        self.applications().patch(&self.name, &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }

    /// Waits until it is synced, healthy and idle, at the newest commit. Returns since when.
    pub async fn at_rest(&self) -> Result<Instant> {
        let newest = self.repository.head()?;
        let what = format!("{}: Synced and Healthy at {newest}", self.name);
        self.history.until(&what, SOON, |state| state.at_rest() && state.revision == newest).await?;
        Ok(Instant::now())
    }

    /// Waits until a sync to the newest commit has succeeded. What Argo CD makes of the app afterwards is left open: on a
    /// busy machine a short TTL has passed before its first comparison.
    pub async fn synced(&self) -> Result<()> {
        let newest = self.repository.head()?;
        let what = format!("{}: a sync to {newest}", self.name);
        let done =
            |state: &State| !state.operating && state.phase == "Succeeded" && state.synced_revision == newest;
        self.history.until(&what, SOON, done).await?;
        Ok(())
    }

    /// Makes the TTL of its Jobs pass now, and waits until Kubernetes has deleted them. A short TTL in git would pass
    /// before Argo CD's first comparison on a busy machine; this is for an Application that has come to rest.
    pub async fn ttl_passes(&self) -> Result<()> {
        let over: Value = json!({ "spec": { "ttlSecondsAfterFinished": 0 } });
        let expiring = |job: &Seen| job.ttl().is_some() && job.outcome().is_some();
        for job in self.migrations.all().iter().filter(|job| !job.gone && expiring(job)) {
            self.api::<Job>().patch(&job.name(), &PatchParams::default(), &Patch::Merge(&over)).await?;
        }
        self.migrations.deleted(SOON, expiring).await
    }

    /// Lets the TTL of its Jobs pass, makes Argo CD compare from scratch, and checks that nothing of it disturbed the
    /// Application.
    pub async fn stays_at_rest(&self, since: Instant) -> Result<()> {
        sleep(self.lab.ttl).await;
        let ttl = i32::try_from(self.lab.ttl.as_secs())?;
        self.migrations.deleted(SOON, |job| job.ttl().is_some_and(|seconds| seconds <= ttl)).await?;
        self.refresh("hard").await?;
        self.refreshed().await?;
        self.history.ensure_at_rest_since(since)
    }

    /// Waits until Argo CD has done what [`App::refresh`] asked for.
    pub async fn refreshed(&self) -> Result<()> {
        let what = format!("{}: the comparison that was asked for", self.name);
        wait::until(&what, SOON, async || {
            let asked = self.object().await?.annotations().contains_key(REFRESH);
            Ok((!asked).then_some(()))
        })
        .await
    }

    /// Deletes the Application with its resources, and waits until it is gone.
    pub async fn delete(&self) -> Result<()> {
        self.delete_with(async || Ok(())).await
    }

    async fn delete_with(&self, mut help: impl AsyncFnMut() -> Result<()>) -> Result<()> {
        let applications = self.applications();
        applications.delete(&self.name, &DeleteParams::default()).await?;
        let what = format!("{}: its deletion", self.name);
        wait::until(&what, SOON, async || {
            let gone = applications.get_opt(&self.name).await?.is_none();
            if !gone {
                help().await?;
            }
            Ok(gone.then_some(()))
        })
        .await
    }

    /// Takes Argo CD's finalizer from hooks that are being deleted.
    ///
    /// Where its cache is behind, Argo CD leaves the finalizer on the Job of a hook that has ended, and the deletion of
    /// the Application waits for that Job for ever: argoproj/argo-cd#29464.
    async fn release_hooks(&self) -> Result<()> {
        let jobs = self.api::<Job>();
        for job in jobs.list(&ListParams::default()).await? {
            let held = job.metadata.deletion_timestamp.is_some()
                && job.finalizers().iter().any(|finalizer| finalizer == HOOK_FINALIZER);
            if held {
                let patch =
                    json!({ "metadata": { "$deleteFromPrimitiveList/finalizers": [HOOK_FINALIZER] } });
                match jobs.patch(&job.name_any(), &PatchParams::default(), &Patch::Strategic(patch)).await {
                    Err(kube::Error::Api(status)) if status.code == 404 => {}
                    patched => drop(patched?),
                }
            }
        }
        Ok(())
    }

    /// Deletes the namespace too. It goes in the background.
    pub(crate) async fn clean_up(&self) -> Result<()> {
        if self.applications().get_opt(&self.name).await?.is_some() {
            self.delete_with(async || self.release_hooks().await).await?;
        }
        let namespaces = Api::<Namespace>::all(self.client.clone());
        // Another Application of the scenario may have taken it along.
        if namespaces.get_opt(&self.space).await?.is_some() {
            namespaces
                .delete(&self.space, &DeleteParams::default())
                .await
                .context("cannot delete the namespace")?;
        }
        Ok(())
    }
}

/// The `plugin` block of a source that presync renders with these parameters.
pub fn presync(parameters: &[(&str, &str)]) -> Value {
    let parameters: Vec<Value> =
        parameters.iter().map(|(name, value)| json!({ "name": name, "string": value })).collect();
    json!({ "name": "presync", "parameters": parameters })
}
