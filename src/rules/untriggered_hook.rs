//! Finds migration hooks whose change does not make Argo CD sync.
//!
//! ## Why
//!
//! Argo CD compares resources, not hooks. A commit that changes only the hook leaves the app Synced, and the new
//! migration does not run until something else changes. presync adds a ConfigMap that changes with the Job, unless the
//! setting `trigger` is `none`, the Job is left alone, or something else in the app always changes with it.
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
//!     argocd-presync-plugin/trigger: none
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
//! argo-cd, `controller/state.go`: hooks are left out of the comparison; docs/how-we-test.md.

use super::{Facts, Found, Severity, Stage};
use crate::plan::Outcome;

pub(super) const SEVERITY: Severity = Severity::Note;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    if facts.stage == Stage::Rendered {
        return;
    }
    for job in facts.hook_jobs().filter(|job| job.is_migration()) {
        let triggered = job.job.is_some_and(|plan| match &plan.outcome {
            Outcome::Rewritten(rewrite) => rewrite.trigger.is_some(),
            Outcome::Left(_) => false,
        });
        if !triggered {
            let message = "a commit that changes only this hook does not make Argo CD sync";
            let finding = Found::new(job, &["metadata", "annotations"], message);
            found.push(finding.hint("let presync add its trigger: `argocd-presync-plugin/trigger: job`"));
        }
    }
}
