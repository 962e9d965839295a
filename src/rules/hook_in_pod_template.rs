//! Finds hook annotations on a pod template.
//!
//! ## Why
//!
//! Charts that copy a Job's annotations into its pod template put the hook there too. Argo CD does not read it there,
//! but a change of it changes the pod template, and whoever reads the pod takes it for a hook.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//! spec:
//!   template:
//!     metadata:
//!       annotations:
//!         helm.sh/hook: pre-upgrade
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
//!     helm.sh/hook: pre-upgrade
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//! ```
//!
//! ## Source
//!
//! gitops-engine, `pkg/sync/hook/hook.go`, which reads the annotations of the object alone; seen in public charts.

use super::{Facts, Found, Severity};
use crate::{
    manifest::Edit,
    plan::app::hooks::{ARGO_DELETE_POLICY, ARGO_HOOK, HELM_ANNOTATIONS, SYNC_WAVE},
};

pub(super) const SEVERITY: Severity = Severity::Warning;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for object in &facts.objects {
        let Some(pod) = object.pod() else { continue };
        let annotations = pod.value["metadata"]["annotations"].as_object();
        let known = [ARGO_HOOK, ARGO_DELETE_POLICY, SYNC_WAVE];
        let is_hook =
            |key: &&String| known.contains(&key.as_str()) || HELM_ANNOTATIONS.contains(&key.as_str());
        let keys: Vec<_> = annotations.into_iter().flat_map(|map| map.keys()).filter(is_hook).collect();
        let Some(first) = keys.first() else { continue };
        let path = |key: &str| pod.path_to(&["metadata", "annotations", key]);
        let message = format!("`{first}` on the pod template has no effect");
        let fix = keys.iter().map(|key| Edit::Remove { path: path(key) });
        found.push(Found::at(object, path(first), message).hint("keep it on the object itself only").fix(fix));
    }
}
