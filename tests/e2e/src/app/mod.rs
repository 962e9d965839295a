//! An Application, its repository and its namespace, made for one scenario.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::history::{History, State};
use crate::lab::Lab;
use crate::migrations::{Migrations, Seen};
use crate::repository::Repository;
use crate::wait;

mod builder;

pub use builder::{Builder, presync};

/// How long anything that Argo CD does by itself may take: a comparison, a sync without slow hooks. It takes seconds;
/// the rest is for a machine that has other work too.
pub const SOON: Duration = Duration::from_mins(12);

/// Asks Argo CD for a comparison. It removes the annotation afterwards.
const REFRESH: &str = "argocd.argoproj.io/refresh";

/// Argo CD's finalizer on the Jobs of hooks.
pub const HOOK_FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";

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
