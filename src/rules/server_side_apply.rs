//! Finds Jobs with `ServerSideApply=true` beside `Replace=true` or `Force=true`.
//!
//! ## Why
//!
//! `Replace=true` wins over server-side apply, and `Force=true` does not go together with it: the API server refuses a
//! forced server-side apply of a Job whose pod template changed.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: report
//!   annotations:
//!     argocd.argoproj.io/sync-options: ServerSideApply=true,Force=true,Replace=true
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
//! gitops-engine, `pkg/sync/sync_context.go`, `applyObject`; argoproj/argo-cd#22142.

use super::{Facts, Found, Severity};

pub(super) const SEVERITY: Severity = Severity::Warning;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for job in facts.jobs() {
        if job.has_option("ServerSideApply=true") && (job.has_option("Replace=true") || job.has_option("Force=true")) {
            let path = ["metadata", "annotations", "argocd.argoproj.io/sync-options"];
            let message = "server-side apply does not go together with `Replace=true` and `Force=true`";
            found.push(Found::new(job, &path, message).hint("remove `ServerSideApply=true` from the Job"));
        }
    }
}
