//! Finds Jobs with both `name` and `generateName`, or several with one `generateName`.
//!
//! ## Why
//!
//! Beside `name`, `generateName` has no effect. And Argo CD tells hooks with one `generateName` apart by nothing but
//! their place: of two it can lose one.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   generateName: migrate-
//!   annotations:
//!     argocd.argoproj.io/hook: PreSync
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
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//! ```
//!
//! ## Source
//!
//! gitops-engine, `pkg/sync/sync_context.go`: names of hooks with `generateName`.

use super::{Facts, Found, Severity};
use crate::manifest::Edit;

pub(super) const SEVERITY: Severity = Severity::Warning;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    let path = ["metadata", "generateName"];
    let mut seen: Vec<&str> = Vec::new();
    for job in facts.jobs() {
        let Some(prefix) = job.value["metadata"]["generateName"].as_str() else { continue };
        if !job.name().is_empty() {
            let finding = Found::new(job, &path, "`generateName` has no effect beside `name`");
            found.push(finding.hint("remove it").fix([Edit::remove(path)]));
        } else if seen.contains(&prefix) {
            let message = format!("two Jobs of the app have the `generateName` `{prefix}`");
            found.push(Found::new(job, &path, message).hint("give each a name of its own"));
        }
        seen.push(prefix);
    }
}
