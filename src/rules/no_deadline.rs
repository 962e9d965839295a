//! Finds hook Jobs without `activeDeadlineSeconds`.
//!
//! ## Why
//!
//! Argo CD waits for a hook without limit. A pod that cannot pull its image or reach its database holds up the sync until
//! somebody ends it, and no later commit is synced meanwhile.
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
//!   activeDeadlineSeconds: 900
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//! ```
//!
//! ## Source
//!
//! argoproj/argo-cd#15593; alphagov/govuk-helm-charts#737.

use super::{Facts, Found, Severity};

pub(super) const SEVERITY: Severity = Severity::Note;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for job in facts.hook_jobs() {
        if job.value["spec"].get("activeDeadlineSeconds").is_none() {
            let finding = Found::new(job, &["spec"], "the hook has no deadline, and Argo CD waits for it without limit");
            found.push(finding.hint("set `activeDeadlineSeconds`, or the setting `guards.activeDeadlineSeconds`"));
        }
    }
}
