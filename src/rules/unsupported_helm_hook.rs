//! Finds Helm hooks that Argo CD does not support.
//!
//! ## Why
//!
//! Argo CD knows `pre-install`, `pre-upgrade`, `post-install`, `post-upgrade`, `pre-delete` (3.3 and later) and
//! `post-delete`. It ignores `pre-rollback` and `post-rollback`, and applies an object that has nothing else not at all.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   annotations:
//!     helm.sh/hook: post-install,post-upgrade,post-rollback
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
//!     helm.sh/hook: post-install,post-upgrade
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//! ```
//!
//! ## Source
//!
//! gitops-engine, `pkg/sync/hook/helm/type.go`; openfga/helm-charts#107.

use super::{Facts, Found, Severity};
use crate::plan::app::hooks::{ARGO_HOOK, HELM_HOOK};

pub(super) const SEVERITY: Severity = Severity::Warning;

const KNOWN: [&str; 10] = [
    "pre-install",
    "pre-upgrade",
    "post-install",
    "post-upgrade",
    "pre-delete",
    "post-delete",
    "crd-install",
    "test",
    "test-success",
    "test-failure",
];

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for object in facts.objects.iter().filter(|object| object.annotation(ARGO_HOOK).is_none()) {
        for hook in object.entries(HELM_HOOK) {
            if !KNOWN.contains(&hook) {
                let message = format!("Argo CD does not support the Helm hook `{hook}`");
                let finding = Found::new(object, &["metadata", "annotations", HELM_HOOK], message);
                found.push(finding.hint("remove it, or name the phase with `argocd.argoproj.io/hook`"));
            }
        }
    }
}
