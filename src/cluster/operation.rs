//! The operation of an Application: what runs, how far it is, and what it did to each object.

use std::fmt;

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::cluster::key::ObjectKey;

/// What is with the operation of an Application.
#[derive(Debug, Clone, Copy)]
pub enum Operation<'a> {
    /// None is requested and none runs.
    None,
    /// Requested; the controller has not begun.
    Requested,
    /// The controller works on it.
    Active(&'a OperationState),
    /// `.operation` was removed while it ran: the controller never comes back to it, and what it left stays.
    Orphaned(&'a OperationState),
}

/// `status.operationState`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OperationState {
    /// The operation as it was requested.
    pub operation: Value,
    /// Where it is.
    pub phase: Phase,
    /// Argo CD's words, such as `waiting for completion of hook batch/Job/order-migration`.
    pub message: String,
    /// When it started.
    pub started_at: Option<Time>,
    /// When it finished; with phase `Running`, when the attempt failed that will be retried.
    pub finished_at: Option<Time>,
    /// What became of each object.
    pub sync_result: Option<SyncResult>,
    /// Times that it was tried again.
    pub retry_count: u64,
}

/// The phase of an operation (`gitops-engine/pkg/sync/common/types.go`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum Phase {
    Running,
    Terminating,
    Failed,
    Error,
    Succeeded,
    #[default]
    #[serde(other)]
    Unknown,
}

impl Phase {
    /// Whether the operation has ended, as Argo CD judges it (`OperationPhase.Completed`).
    pub fn is_completed(self) -> bool {
        matches!(self, Self::Failed | Self::Error | Self::Succeeded)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "Running",
            Self::Terminating => "Terminating",
            Self::Failed => "Failed",
            Self::Error => "Error",
            Self::Succeeded => "Succeeded",
            Self::Unknown => "Unknown",
        })
    }
}

/// Tells one operation of an Application from the next: when it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationId(Option<Timestamp>);

/// `status.operationState.syncResult`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SyncResult {
    /// One entry for each object that the sync touched.
    pub resources: Vec<ResourceResult>,
    /// The commit that was synced to.
    pub revision: String,
    /// Those of an Application with several sources.
    pub revisions: Vec<String>,
}

/// `status.operationState.syncResult.resources[]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ResourceResult {
    /// API group, empty for core.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `PreSync`, `Sync`, …; empty for an object that is no hook.
    pub hook_type: String,
    /// Where the hook, or the plain object, is.
    pub hook_phase: Phase,
    /// What applying it gave: `Synced`, `SyncFailed`, `Pruned`, …
    pub status: String,
    /// The health's words, or the error of applying it.
    pub message: String,
}

impl ResourceResult {
    /// Whether it is a Job, or a hook of another kind, that failed: by its own end, or because it could not be applied.
    pub fn is_failed_run(&self) -> bool {
        let failed = matches!(self.hook_phase, Phase::Failed | Phase::Error);
        failed && (self.key().is_job() || !self.hook_type.is_empty())
    }

    /// Whether it failed because it could not be applied, so that nothing ran.
    pub fn could_not_be_applied(&self) -> bool {
        self.status == "SyncFailed"
    }

    /// Whether the sync wanted to change what Kubernetes does not let change.
    pub fn is_immutable(&self) -> bool {
        self.could_not_be_applied() && self.message.contains("field is immutable")
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

impl OperationState {
    /// Returns what the operation did to each object.
    pub fn results(&self) -> impl Iterator<Item = &ResourceResult> {
        self.sync_result.iter().flat_map(|result| &result.resources)
    }

    /// Returns all hooks of the operation.
    pub fn hooks(&self) -> impl Iterator<Item = &ResourceResult> {
        self.results().filter(|result| !result.hook_type.is_empty())
    }

    /// Jobs and hooks that failed.
    pub fn failed_runs(&self) -> impl Iterator<Item = &ResourceResult> {
        self.results().filter(|result| result.is_failed_run())
    }

    /// Returns the commit or commits that it syncs to.
    pub fn revision(&self) -> String {
        let Some(result) = &self.sync_result else { return String::new() };
        if result.revisions.is_empty() { result.revision.clone() } else { result.revisions.join(" ") }
    }

    /// When it finished.
    pub fn finished(&self) -> Option<Timestamp> {
        self.finished_at.as_ref().map(|time| time.0)
    }

    /// Whether hooks run: not in a selective sync, which self-heal's is, nor with strategy `apply`
    /// (`controller/sync.go`, `SyncAppState`).
    pub fn runs_hooks(&self) -> bool {
        let selected = self.operation.pointer("/sync/resources").and_then(Value::as_array);
        let apply = self.operation.pointer("/sync/syncStrategy/apply").is_some();
        !apply && selected.is_none_or(Vec::is_empty)
    }

    /// Returns the hooks and plain Jobs that the operation waits for. A Job that is gone before Argo CD sees its end,
    /// hook or not, can keep it waiting: Argo CD before v3.4 never notices that a plain one is gone.
    pub fn awaited(&self) -> impl Iterator<Item = &ResourceResult> {
        let runs = |result: &&ResourceResult| !result.hook_type.is_empty() || result.key().is_job();
        self.results().filter(runs).filter(|result| result.hook_phase == Phase::Running)
    }

    /// When it started.
    pub fn started(&self) -> Option<Timestamp> {
        self.started_at.as_ref().map(|time| time.0)
    }

    /// Returns which operation it is.
    pub fn id(&self) -> OperationId {
        OperationId(self.started())
    }

    /// Whether its `info` carries `name` with this `value`.
    pub fn is_marked(&self, name: &str, value: &str) -> bool {
        is_marked(&self.operation, name, value)
    }

    /// Whether Argo CD started it by itself.
    pub fn is_automated(&self) -> bool {
        self.operation.pointer("/initiatedBy/automated").and_then(Value::as_bool).unwrap_or_default()
    }

    /// Returns how many times in a row self-heal repaired the same revision.
    pub fn self_heal_attempts(&self) -> u64 {
        self.operation.pointer("/sync/autoHealAttemptsCount").and_then(Value::as_u64).unwrap_or_default()
    }
}

/// Whether an operation's `info` carries `name` with this `value`.
pub fn is_marked(operation: &Value, name: &str, value: &str) -> bool {
    let info = operation["info"].as_array();
    info.into_iter().flatten().any(|entry| entry["name"] == name && entry["value"] == value)
}
