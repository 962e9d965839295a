//! Finds apps that consist of hooks alone.
//!
//! ## Why
//!
//! Hooks are no part of the comparison: an app without any other resource is Synced from the start and never syncs by
//! itself, so that its migrations never run.
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
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: report, image: shop:1.0.0, command: [report]}]
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: ConfigMap
//! metadata:
//!   name: report
//! data:
//!   version: 1.0.0
//! ---
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
//! argoproj/argo-cd#7237.

use super::{Facts, Found, Severity, Stage};

pub(super) const SEVERITY: Severity = Severity::Warning;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    let triggers = facts.stage == Stage::Rewritten && !facts.plan.changes().additions.is_empty();
    let Some(first) = facts.objects.first() else { return };
    if !triggers && facts.objects.iter().all(super::Object::is_hook) {
        let message = "all resources of the app are hooks: Argo CD takes it for Synced and never runs them";
        found.push(Found::new(first, &["metadata", "annotations"], message).hint(
            "add a resource that changes with the hook, such as a ConfigMap with the version",
        ));
    }
}
