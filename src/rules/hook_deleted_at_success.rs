//! Finds migrations that are deleted, with their logs, as soon as they end.
//!
//! ## Why
//!
//! `HookSucceeded` and `HookFailed` delete the Job and its pod at once. Nobody can read what a migration did, or why it
//! failed.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   annotations:
//!     argocd.argoproj.io/hook: PreSync
//!     argocd.argoproj.io/hook-delete-policy: HookSucceeded,HookFailed
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
//! gitops-engine, `pkg/sync/hook/delete_policy.go`; flexprice/flexprice#2694, traceroot-ai/traceroot#2119.

use super::{Facts, Found, Severity};
use crate::plan::app::hooks::{ARGO_DELETE_POLICY, HELM_DELETE_POLICY};

pub(super) const SEVERITY: Severity = Severity::Warning;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for job in facts.hook_jobs().filter(|job| job.is_migration()) {
        for (key, policies) in
            [(ARGO_DELETE_POLICY, ["HookSucceeded", "HookFailed"]), (HELM_DELETE_POLICY, ["hook-succeeded", "hook-failed"])]
        {
            if let Some(policy) = job.entries(key).into_iter().find(|entry| policies.contains(entry)) {
                let message = format!("`{policy}` deletes the migration and its logs as soon as it ends");
                let finding = Found::new(job, &["metadata", "annotations", key], message);
                found.push(finding.hint("use `BeforeHookCreation`, with a TTL where it should go by itself"));
            }
        }
    }
}
