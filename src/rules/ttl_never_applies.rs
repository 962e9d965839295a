//! Finds a TTL beside a delete policy that removes the Job first.
//!
//! ## Why
//!
//! With `HookSucceeded` (Helm: `hook-succeeded`) Argo CD deletes the Job as soon as it has succeeded. A TTL that was set
//! to keep its logs for a while never counts.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: report
//!   annotations:
//!     argocd.argoproj.io/hook: PostSync
//!     argocd.argoproj.io/hook-delete-policy: HookSucceeded
//! spec:
//!   ttlSecondsAfterFinished: 3600
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
//!     argocd.argoproj.io/hook: PostSync
//!     argocd.argoproj.io/hook-delete-policy: BeforeHookCreation
//! spec:
//!   ttlSecondsAfterFinished: 3600
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: report, image: shop:1.0.0, command: [report]}]
//! ```
//!
//! ## Source
//!
//! gitops-engine, `pkg/sync/hook/delete_policy.go`; flexprice/flexprice#2694.

use super::{Facts, Found, Severity};
use crate::plan::app::hooks::{ARGO_DELETE_POLICY, HELM_DELETE_POLICY};

pub(super) const SEVERITY: Severity = Severity::Warning;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for job in facts.hook_jobs().filter(|job| job.ttl().is_some()) {
        let succeeded = job.entries(ARGO_DELETE_POLICY).contains(&"HookSucceeded")
            || job.entries(HELM_DELETE_POLICY).contains(&"hook-succeeded");
        if succeeded {
            let message = "the delete policy removes the Job at its success, so that its TTL never counts";
            let finding = Found::new(job, &["spec", "ttlSecondsAfterFinished"], message);
            found.push(finding.hint("use `BeforeHookCreation` alone, and let the TTL clean up"));
        }
    }
}
