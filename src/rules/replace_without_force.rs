//! Finds Jobs with `Replace=true` and without `Force=true`.
//!
//! ## Why
//!
//! A Job's pod template is immutable. `kubectl replace` of a changed Job fails with `field is immutable`; only with
//! `Force=true` Argo CD deletes the Job first.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: report
//!   annotations:
//!     argocd.argoproj.io/sync-options: Replace=true
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: report, image: shop:1.0.0, command: [report]}]
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: report
//!   annotations:
//!     argocd.argoproj.io/sync-options: Force=true,Replace=true
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: report, image: shop:1.0.0, command: [report]}]
//! ```
//!
//! ## Source
//!
//! gitops-engine, `pkg/sync/sync_context.go`, `applyObject`.

use super::{Facts, Found, Severity};

pub(super) const SEVERITY: Severity = Severity::Warning;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for job in facts.jobs() {
        if job.has_option("Replace=true") && !job.has_option("Force=true") && !job.is_hook() {
            let path = ["metadata", "annotations", "argocd.argoproj.io/sync-options"];
            let message = "a changed Job cannot be replaced: its pod template is immutable";
            found.push(Found::new(job, &path, message).hint("add `Force=true`, or make the Job a hook"));
        }
    }
}
