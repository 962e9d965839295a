//! The Argo CD Application, as far as it is read here.
//!
//! The source is `pkg/apis/application/v1alpha1/types.go`. Every field has a default, so that one odd object does not
//! make a list unreadable. The type is never written back: writes are patches that name only what they change.

use std::borrow::Cow;

use k8s_openapi::{NamespaceResourceScope, apimachinery::pkg::apis::meta::v1::Time};
use kube::{Resource, ResourceExt, core::ObjectMeta};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    argocd::App,
    cluster::{
        key::{AppKey, ObjectKey},
        operation::{Operation, OperationState, ResourceResult},
    },
    settings::environment_of,
};

/// `argoproj.io/v1alpha1` Application.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Application {
    /// Metadata.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: Spec,
    /// What Argo CD last saw.
    pub status: Status,
    /// The operation that is requested or runs; gone when it is over.
    pub operation: Option<Value>,
}

/// `spec`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spec {
    /// Where the app is deployed.
    pub destination: Destination,
    /// How it is synced.
    pub sync_policy: SyncPolicy,
    /// The `AppProject`.
    pub project: String,
    /// The source; only which of its blocks exist is looked at.
    pub source: Option<Map<String, Value>>,
    /// The sources of an Application with several.
    pub sources: Vec<Map<String, Value>>,
    /// Where hydrated manifests come from.
    pub source_hydrator: Option<SourceHydrator>,
}

/// `spec.sourceHydrator`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SourceHydrator {
    /// What is rendered.
    pub dry_source: Map<String, Value>,
}

/// `spec.destination`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Destination {
    /// The API server's URL.
    pub server: String,
    /// Or the cluster's name in Argo CD.
    pub name: String,
    /// The namespace of objects that name none.
    pub namespace: String,
}

/// `spec.syncPolicy`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SyncPolicy {
    /// Automated sync, when it is configured.
    pub automated: Option<Automated>,
    /// Options such as `ServerSideApply=true`.
    pub sync_options: Vec<String>,
}

/// `spec.syncPolicy.automated`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Automated {
    /// `false` turns the block off (since v3.1).
    pub enabled: Option<bool>,
    /// A drift alone starts a sync.
    pub self_heal: bool,
    /// What is no longer rendered is deleted.
    pub prune: bool,
}

/// `status`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Status {
    /// Every object of the app.
    pub resources: Vec<ResourceStatus>,
    /// Whether the app is in sync.
    pub sync: SyncStatus,
    /// The app's health.
    pub health: Health,
    /// Errors and warnings.
    pub conditions: Vec<Condition>,
    /// When the app was last compared with git.
    pub reconciled_at: Option<Time>,
    /// The operation that runs or ran last.
    pub operation_state: Option<OperationState>,
    /// The syncs that succeeded, the latest last.
    pub history: Vec<Deployment>,
}

/// `status.history[]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Deployment {
    /// The commit.
    pub revision: String,
    /// Those of an Application with several sources.
    pub revisions: Vec<String>,
    /// When it was deployed.
    pub deployed_at: Option<Time>,
}

/// `status.resources[]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ResourceStatus {
    /// API group, empty for core.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace, empty for a cluster-scoped object.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `Synced`, `OutOfSync`; empty for a hook.
    pub status: String,
    /// Health, when the kind has a health check.
    pub health: Option<Health>,
    /// A hook, as the live object's annotations say.
    pub hook: bool,
    /// It is no longer wanted.
    pub requires_pruning: bool,
}

/// `status.sync`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SyncStatus {
    /// `Synced`, `OutOfSync` or `Unknown`; empty before the first comparison.
    pub status: String,
    /// The commit that was compared.
    pub revision: String,
    /// Those of an Application with several sources.
    pub revisions: Vec<String>,
}

/// A health status.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Health {
    /// `Healthy`, `Progressing`, `Degraded`, `Suspended`, `Missing`, `Unknown`; empty before the first comparison.
    pub status: String,
}

/// `status.conditions[]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// Such as `SyncError`.
    #[serde(rename = "type")]
    pub type_: String,
    /// What happened.
    pub message: String,
}

impl Resource for Application {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "Application".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "argoproj.io".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1alpha1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "applications".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl Application {
    /// Namespace and name.
    pub fn key(&self) -> AppKey {
        AppKey { namespace: self.namespace().unwrap_or_default(), name: self.name_any() }
    }

    /// Returns `<sync>:<health>`, such as `OutOfSync:Missing`.
    pub fn state(&self) -> String {
        let or_unknown =
            |status: &str| if status.is_empty() { "Unknown".to_owned() } else { status.to_owned() };
        format!("{}:{}", or_unknown(&self.status.sync.status), or_unknown(&self.status.health.status))
    }

    /// Returns what is with its operation (`isOperationInProgress` in `controller/appcontroller.go`, and the state that
    /// removing `.operation` by hand leaves behind).
    pub fn operation(&self) -> Operation<'_> {
        let open = self.status.operation_state.as_ref().filter(|state| !state.phase.is_completed());
        match (&self.operation, open) {
            (Some(_), Some(state)) => Operation::Active(state),
            (Some(_), None) => Operation::Requested,
            (None, Some(state)) => Operation::Orphaned(state),
            (None, None) => Operation::None,
        }
    }

    /// Tracked plain Jobs that are wanted and may be gone, which is what the TTL controller leaves.
    ///
    /// Only the cluster tells for sure: since v3.0 Argo CD keeps the health of single objects, `Missing` too, out of
    /// the Application (`controller.resource.health.persist`).
    pub fn doubtful_jobs(&self) -> impl Iterator<Item = &ResourceStatus> {
        self.status.resources.iter().filter(|resource| {
            let health = resource.health.as_ref().map_or("", |health| health.status.as_str());
            resource.key().is_job()
                && resource.status == "OutOfSync"
                && !resource.hook
                && !resource.requires_pruning
                && matches!(health, "" | "Missing")
        })
    }

    /// Returns the commit or commits that Argo CD compared last.
    pub fn compared_revision(&self) -> String {
        let SyncStatus { revision, revisions, .. } = &self.status.sync;
        if revisions.is_empty() { revision.clone() } else { revisions.join(" ") }
    }

    /// Whether automated sync is on, with self-heal.
    pub fn self_heals(&self) -> bool {
        self.automated().is_some_and(|automated| automated.self_heal)
    }

    /// Automated sync, when it is on.
    pub fn automated(&self) -> Option<&Automated> {
        self.spec.sync_policy.automated.as_ref().filter(|automated| automated.enabled != Some(false))
    }

    /// Whether the app's objects are in the cluster that Argo CD itself runs in.
    pub fn is_local(&self) -> bool {
        let Destination { server, name, .. } = &self.spec.destination;
        match (server.as_str(), name.as_str()) {
            ("", "") => true,
            ("", name) => name == "in-cluster",
            (server, _) => server.trim_end_matches('/') == "https://kubernetes.default.svc",
        }
    }

    /// Whether a Config Management Plugin renders one of its sources.
    pub fn has_plugin(&self) -> bool {
        self.sources().any(|source| source.contains_key("plugin"))
    }

    /// Returns the environment, as the plugin tells it: by its parameter or variable, else by names.
    pub fn environment(&self) -> String {
        let plugins = self.sources().filter_map(|source| source.get("plugin"));
        let mut given = plugins.filter_map(|plugin| {
            let entry = |list: &str, key: &str, name: &str, value: &str| {
                let entries = plugin[list].as_array()?;
                entries.iter().find(|entry| entry[key] == name)?[value].as_str().map(str::to_owned)
            };
            entry("parameters", "name", "environment", "string").or(entry(
                "env",
                "name",
                "ENVIRONMENT",
                "value",
            ))
        });
        given.next().unwrap_or_else(|| {
            let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let path = self.sources().find_map(|source| source.get("path")?.as_str());
            environment_of(&App {
                name: text(&self.name_any()),
                namespace: text(&self.spec.destination.namespace),
                path: path.and_then(text),
                ..App::default()
            })
        })
    }

    /// Returns its sources: one, several, or the dry source of a hydrated one.
    pub fn sources(&self) -> impl Iterator<Item = &Map<String, Value>> {
        let dry = self.spec.source_hydrator.as_ref().map(|hydrator| &hydrator.dry_source);
        self.spec.source.iter().chain(&self.spec.sources).chain(dry)
    }

    /// Returns the live Jobs that are hooks of this app, by its status and by the last operation.
    pub fn hook_jobs(&self) -> Vec<ObjectKey> {
        let listed = self.status.resources.iter().filter(|resource| resource.hook).map(ResourceStatus::key);
        let touched =
            self.status.operation_state.iter().flat_map(OperationState::hooks).map(ResourceResult::key);
        let mut keys: Vec<ObjectKey> = listed.chain(touched).filter(ObjectKey::is_job).collect();
        keys.sort();
        keys.dedup();
        keys
    }
}

impl ResourceStatus {
    /// Whether Argo CD itself reports the object as missing.
    pub fn is_missing(&self) -> bool {
        self.health.as_ref().is_some_and(|health| health.status == "Missing")
    }

    /// Group, kind, namespace and name.
    pub fn key(&self) -> ObjectKey {
        ObjectKey {
            group: self.group.clone(),
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

#[cfg(test)]
pub(in crate::cluster) mod testing {
    //! What the tests of this room share: an Application from JSON.

    use serde_json::Value;

    use super::Application;

    /// Returns the Application `argocd/order`, the rest from JSON.
    pub(in crate::cluster) fn app(value: Value) -> Application {
        let mut app: Application = serde_json::from_value(value).expect("an Application");
        app.metadata.name = Some("order".into());
        app.metadata.namespace = Some("argocd".into());
        app
    }
}

#[cfg(test)]
mod tests;
