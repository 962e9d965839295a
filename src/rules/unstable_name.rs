//! Finds hook Jobs whose name changes, so that they pile up.
//!
//! ## Why
//!
//! `BeforeHookCreation` deletes the Job of the same name. One with a new name each time (`now`, `randAlphaNum`,
//! `.Release.Revision`, a version or hash, `generateName`) leaves its predecessors behind, and without a TTL they stay.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   generateName: report-
//!   annotations:
//!     argocd.argoproj.io/hook: PostSync
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
//! gitops-engine, `pkg/sync/hook/delete_policy.go`; grafana/oncall, opf/helm-charts.

use super::{Facts, Found, Severity};
use crate::plan::app::hooks::{ARGO_DELETE_POLICY, HELM_DELETE_POLICY};

pub(super) const SEVERITY: Severity = Severity::Warning;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for job in facts.hook_jobs().filter(|job| job.ttl().is_none()) {
        let generated = job.name().is_empty() && job.value["metadata"]["generateName"].is_string();
        let removed = job.entries(ARGO_DELETE_POLICY).contains(&"HookSucceeded")
            || job.entries(HELM_DELETE_POLICY).contains(&"hook-succeeded");
        let varies = generated && !removed || facts.unstable.contains(&job.id());
        if varies && job.is_hook() {
            let key = if generated { "generateName" } else { "name" };
            let message = "each sync makes a Job of a new name, and nothing removes the old ones";
            found.push(Found::new(job, &["metadata", key], message).hint("give it one name, or a TTL"));
        }
    }
}
