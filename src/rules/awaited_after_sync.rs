//! Finds migrations after the sync for which workloads of the app wait.
//!
//! ## Why
//!
//! A PostSync hook starts when everything else is healthy. A Deployment whose init container waits for the migration is
//! not healthy before it has run: the sync never ends.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   annotations:
//!     argocd.argoproj.io/hook: PostSync
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [airflow, db, migrate]}]
//! ---
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata:
//!   name: web
//! spec:
//!   selector: {matchLabels: {app: web}}
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec:
//!       initContainers: [{name: wait-for-migrations, image: shop:1.0.0, args: [airflow, db, check-migrations]}]
//!       containers: [{name: web, image: shop:1.0.0}]
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
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [airflow, db, migrate]}]
//! ---
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata:
//!   name: web
//! spec:
//!   selector: {matchLabels: {app: web}}
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec:
//!       initContainers: [{name: wait-for-migrations, image: shop:1.0.0, args: [airflow, db, check-migrations]}]
//!       containers: [{name: web, image: shop:1.0.0}]
//! ```
//!
//! ## Source
//!
//! argoproj/argo-cd#4288; apache/airflow, `useHelmHooks`.

use serde_json::Value;

use super::{Facts, Found, Severity};
use crate::plan::app::hooks::HookType;

pub(super) const SEVERITY: Severity = Severity::Error;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for job in facts.hook_jobs().filter(|job| job.is_migration() && job.phases() == [HookType::PostSync]) {
        let waits = |container: &Value| waits(container, job.name());
        let mut waiting = facts
            .workloads()
            .filter(|it| it.pod().is_some_and(|pod| pod.init_containers().iter().any(waits)));
        if let Some(workload) = waiting.next() {
            let message = format!(
                "runs after the app is healthy, and {} is not healthy before it has run",
                workload.header.label()
            );
            found.push(Found::new(job, &["metadata", "annotations"], message).hint(
                "run it as a Sync hook: annotate it with `argocd-presync-plugin/phase: Sync`",
            ));
        }
    }
}

/// Whether an init container waits for migrations, or for the Job of this name, by its name and its command.
fn waits(container: &Value, job: &str) -> bool {
    let text = ["name", "command", "args"].map(|key| container[key].to_string()).concat();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    text.contains("migration") && says(&["wait", "check", "pending"])
        || !job.is_empty() && text.contains(job) && says(&["wait", "kubectl"])
}
