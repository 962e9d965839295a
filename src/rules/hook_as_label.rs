//! Finds hook annotations that were written as labels.
//!
//! ## Why
//!
//! Argo CD and Helm read hooks, weights and sync waves from annotations only. As labels they do nothing, and the Job is
//! an ordinary resource.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   labels:
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
//! gitops-engine, `pkg/sync/hook/hook.go`; validatedpatterns/rag-llm-gitops#28.

use super::{Facts, Found, Severity};
use crate::{
    manifest::Edit,
    plan::app::hooks::{ARGO_DELETE_POLICY, ARGO_HOOK, HELM_ANNOTATIONS, SYNC_WAVE},
};

pub(super) const SEVERITY: Severity = Severity::Error;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for object in &facts.objects {
        let labels = object.value["metadata"]["labels"].as_object().into_iter().flatten();
        for (key, value) in labels {
            let known = [ARGO_HOOK, ARGO_DELETE_POLICY, SYNC_WAVE];
            if !known.contains(&key.as_str()) && !HELM_ANNOTATIONS.contains(&key.as_str()) {
                continue;
            }
            let mut fix = vec![Edit::remove(["metadata", "labels", key])];
            if object.annotation(key).is_none() {
                fix.push(Edit::set(["metadata", "annotations", key], value.clone()));
            }
            let message = format!("`{key}` is a label, and only the annotation has an effect");
            found.push(Found::new(object, &["metadata", "labels", key], message).hint("make it an annotation").fix(fix));
        }
    }
}
