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
    /// Nothing more will happen, as Argo CD judges it (`OperationPhase.Completed`).
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
    /// Where the hook is.
    pub hook_phase: Phase,
}

impl ResourceResult {
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
    /// All hooks of the operation.
    pub fn hooks(&self) -> impl Iterator<Item = &ResourceResult> {
        self.sync_result
            .iter()
            .flat_map(|result| &result.resources)
            .filter(|result| !result.hook_type.is_empty())
    }

    /// The hooks that the operation waits for.
    pub fn running_hooks(&self) -> impl Iterator<Item = &ResourceResult> {
        self.hooks().filter(|result| result.hook_phase == Phase::Running)
    }

    /// When it started.
    pub fn started(&self) -> Option<Timestamp> {
        self.started_at.as_ref().map(|time| time.0)
    }

    /// Which operation it is.
    pub fn id(&self) -> OperationId {
        OperationId(self.started())
    }

    /// Whether its `info` carries `name` with this `value`.
    pub fn is_marked(&self, name: &str, value: &str) -> bool {
        is_marked(&self.operation, name, value)
    }

    /// Argo CD started it by itself.
    pub fn is_automated(&self) -> bool {
        self.operation.pointer("/initiatedBy/automated").and_then(Value::as_bool).unwrap_or_default()
    }

    /// How many times in a row self-heal repaired the same revision.
    pub fn self_heal_attempts(&self) -> u64 {
        self.operation.pointer("/sync/autoHealAttemptsCount").and_then(Value::as_u64).unwrap_or_default()
    }

    /// Names of the Jobs in a selective sync, which is what self-heal does.
    pub fn selected_jobs(&self) -> impl Iterator<Item = &str> {
        let selected = self.operation.pointer("/sync/resources").and_then(Value::as_array);
        selected
            .into_iter()
            .flatten()
            .filter(|resource| resource["group"] == "batch" && resource["kind"] == "Job")
            .filter_map(|resource| resource["name"].as_str())
    }
}

/// Whether an operation's `info` carries `name` with this `value`.
pub fn is_marked(operation: &Value, name: &str, value: &str) -> bool {
    let info = operation["info"].as_array();
    info.into_iter().flatten().any(|entry| entry["name"] == name && entry["value"] == value)
}
