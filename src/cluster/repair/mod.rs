//! Gets a stuck Application going again: end the operation as Argo CD's own API does, compare anew, verify.
//!
//! Every write is one patch that leaves the Application in a state that Argo CD itself knows how to go on from, so a
//! repair can be interrupted anywhere and run again.

pub mod execute;
pub mod fleet;
mod handle;
pub mod plan;
pub mod request;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

use std::{fmt, time::Duration};

use crate::{
    cluster::{
        application::{Application, ResourceStatus},
        key::{AppKey, ObjectKey},
        operation::{Operation, OperationState},
    },
    error::Problems,
};

/// How a repair of one Application ended.
#[derive(Debug)]
pub struct Outcome {
    /// The Application.
    pub app: AppKey,
    /// `<sync>:<health>` before.
    pub before: String,
    /// `<sync>:<health>` as last seen.
    pub after: String,
    /// How it ended.
    pub ending: Ending,
    /// Requests made for it.
    pub requests: usize,
    /// Time it took.
    pub elapsed: Duration,
}

/// How a repair ended.
#[derive(Debug)]
pub enum Ending {
    /// Synced, and nothing runs.
    Repaired,
    /// What was asked was done, and these are still wrong.
    Left(Vec<String>),
    /// Not touched.
    Refused(plan::Refusal),
    /// Somebody deleted it meanwhile, or its deletion has begun.
    Gone,
    /// It could not be done.
    Failed(Problems),
    /// The cluster refused to let us.
    Forbidden(Problems),
    /// An earlier one failed in a way that this one would too, or the run was interrupted.
    NotTried,
}

impl Ending {
    /// Whether nothing is left to do.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Repaired)
    }
}

impl fmt::Display for Outcome {
    /// Returns the line that the incident's report ends with: `catalog-dev: OutOfSync:Missing → Synced:Healthy`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} → {}", self.app, self.before, self.after)
    }
}

/// Returns what is still wrong with an Application, in the order of importance; empty when nothing is.
pub fn complaints(app: &Application, missing: &[ObjectKey]) -> Vec<String> {
    let mut complaints = Vec::new();
    match app.operation() {
        Operation::None => {}
        Operation::Requested => complaints.push("a new sync is requested".to_owned()),
        Operation::Active(state) => complaints.push(format!("a sync is {}: {}", state.phase, state.message)),
        Operation::Orphaned(state) => {
            complaints.push(format!("`.operation` is gone and the sync {}", state.phase));
        }
    }
    let failed = app.status.operation_state.iter().flat_map(OperationState::failed_runs);
    complaints.extend(failed.map(|run| format!("{} failed: {}", run.key(), run.message)));
    let missing: Vec<String> = missing.iter().map(|job| format!("{job} is missing")).collect();
    let health = app.status.health.status.as_str();
    if !matches!(health, "Healthy" | "Suspended") && (health != "Missing" || missing.is_empty()) {
        complaints.push(format!("it is {health}"));
    }
    // A live hook is marked too, and never pruned.
    let extra = app.status.resources.iter().filter(|object| object.requires_pruning && !object.hook);
    let extra: Vec<ObjectKey> = extra.map(ResourceStatus::key).collect();
    let explained = !missing.is_empty() || !extra.is_empty();
    complaints.extend(missing);
    if let Some(first) = extra.first() {
        let more = if extra.len() > 1 { format!(" and {} more", extra.len() - 1) } else { String::new() };
        complaints.push(format!("{first}{more} is no longer wanted: --sync --prune deletes it"));
    }
    if !explained && matches!(app.operation(), Operation::None) && app.status.sync.status != "Synced" {
        complaints.push(format!("it is {}: the next commit or --sync starts a sync", app.status.sync.status));
    }
    let errors = app.status.conditions.iter().filter(|condition| condition.type_.ends_with("Error"));
    complaints.extend(errors.map(|condition| format!("{}: {}", condition.type_, condition.message)));
    complaints
}
