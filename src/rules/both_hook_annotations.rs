//! Finds objects with hook annotations of both Helm and Argo CD.
//!
//! ## Why
//!
//! Where `argocd.argoproj.io/hook` is there, Argo CD ignores `helm.sh/hook`: the object runs in other phases than a
//! reader of the chart expects, and changing the Helm annotation changes nothing.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   annotations:
//!     helm.sh/hook: post-upgrade
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
//! gitops-engine, `pkg/sync/hook/hook.go`; argoproj/argo-cd#14283.

use super::{Facts, Found, Severity};
use crate::plan::app::hooks::{ARGO_HOOK, HELM_HOOK};

pub(super) const SEVERITY: Severity = Severity::Warning;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for object in &facts.objects {
        if object.annotation(ARGO_HOOK).is_some() && object.annotation(HELM_HOOK).is_some() {
            let message = "`helm.sh/hook` is ignored beside `argocd.argoproj.io/hook`";
            let finding = Found::new(object, &["metadata", "annotations", HELM_HOOK], message);
            found.push(finding.hint("keep one of the two, with its own delete policy and weight"));
        }
    }
}
