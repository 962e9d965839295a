//! Finds hook Jobs that are suspended.
//!
//! ## Why
//!
//! A suspended Job has no pods and never ends. As a hook it holds up every sync, without a word.
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
//! spec:
//!   suspend: true
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
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: report, image: shop:1.0.0, command: [report]}]
//! ```
//!
//! ## Source
//!
//! Kubernetes, `JobSpec.suspend`; gitops-engine, `pkg/health/health_job.go`.

use super::{Facts, Found, Severity};

pub(super) const SEVERITY: Severity = Severity::Error;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for job in facts.hook_jobs().filter(|job| job.value["spec"]["suspend"] == true) {
        // Kueue starts the Jobs of its queues, which are suspended until then.
        if job.value["metadata"]["labels"].get("kueue.x-k8s.io/queue-name").is_none() {
            let message = "a suspended hook never ends, and the sync waits for it";
            found.push(Found::new(job, &["spec", "suspend"], message).hint("remove `suspend`, or the hook annotation"));
        }
    }
}
