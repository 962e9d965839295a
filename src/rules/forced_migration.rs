//! Finds migrations with `Force=true` or `Replace=true`.
//!
//! ## Why
//!
//! With these options a sync deletes the live Job to create it anew, whether it is running or not. A migration that is
//! ended in the middle can leave the database half changed, and its lock held.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   annotations:
//!     argocd.argoproj.io/sync-options: Force=true,Replace=true
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   annotations:
//!     argocd.argoproj.io/hook: PreSync
//!     argocd.argoproj.io/hook-delete-policy: BeforeHookCreation
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//! ```
//!
//! ## Source
//!
//! gitops-engine, `pkg/sync/sync_context.go`, `applyObject`.

use super::{Facts, Found, Severity};

pub(super) const SEVERITY: Severity = Severity::Warning;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for job in facts.jobs().filter(|job| job.is_migration()) {
        if job.has_option("Force=true") || job.has_option("Replace=true") {
            let path = ["metadata", "annotations", "argocd.argoproj.io/sync-options"];
            let message = "a sync deletes this migration while it runs and starts it again";
            found.push(Found::new(job, &path, message).hint("remove the sync option: a hook is replaced once it has ended"));
        }
    }
}
