//! Finds migrations in the Sync phase that do not run before the workloads.
//!
//! ## Why
//!
//! A Sync hook runs in its wave. In the wave of the Deployments, or a later one, the new version starts against the old
//! schema.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   annotations:
//!     argocd.argoproj.io/hook: Sync
//!     argocd.argoproj.io/sync-wave: "1"
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//! ---
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata:
//!   name: web
//! spec:
//!   selector: {matchLabels: {app: web}}
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec: {containers: [{name: web, image: shop:1.0.0}]}
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
//!     argocd.argoproj.io/hook: Sync
//!     argocd.argoproj.io/sync-wave: "-1"
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//! ---
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata:
//!   name: web
//! spec:
//!   selector: {matchLabels: {app: web}}
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec: {containers: [{name: web, image: shop:1.0.0}]}
//! ```
//!
//! ## Source
//!
//! argoproj/argo-cd#5086: hooks and resources of a wave.

use super::{Facts, Found, Severity};
use crate::plan::app::hooks::HookType;

pub(super) const SEVERITY: Severity = Severity::Warning;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    let Some(first) = facts.workloads().min_by_key(|workload| workload.wave()) else { return };
    for job in facts.hook_jobs().filter(|job| job.is_migration()) {
        if job.phases() == [HookType::Sync] && job.wave() >= first.wave() {
            let message = format!("runs in wave {}, not before {} in wave {}", job.wave(), first.header.label(), first.wave());
            found.push(Found::new(job, &["metadata", "annotations"], message).hint("give it an earlier wave"));
        }
    }
}
