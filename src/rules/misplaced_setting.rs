//! Finds annotations of presync that are misspelled or stand where they have no effect.
//!
//! ## Why
//!
//! presync reads `argocd-presync-plugin/…` from the annotations of Jobs. With another prefix, as a label, on the pod
//! template or on another kind the setting does nothing, silently.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   annotations:
//!     presync/ttl: 10m
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
//!     argocd-presync-plugin/ttl: 10m
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//! ```
//!
//! ## Source
//!
//! docs/reference/settings.md.

use serde_json::Value;

use super::{Facts, Found, Object, Severity};
use crate::{
    manifest::Edit,
    settings::{ANNOTATION_PREFIX, IGNORE, TRACES, table},
};

pub(super) const SEVERITY: Severity = Severity::Error;

/// Groups of words that were meant to be our prefix.
const ALMOST: [&str; 6] = [
    "presync/",
    "argocd-presync/",
    "argo-presync-plugin/",
    "presync-plugin/",
    "argocd-presync-plugin.io/",
    "argocd.argoproj.io/presync-",
];

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for object in &facts.objects {
        wrong_prefixes(object, found);
        let metadata = &object.value["metadata"];
        for key in keys(&metadata["labels"]) {
            let message = format!("`{key}` is a label, and only the annotation has an effect");
            found.push(Found::new(object, &["metadata", "labels", key], message).hint("make it an annotation"));
        }
        if !object.is_job() && object.job.is_none() {
            for key in keys(&metadata["annotations"]).filter(|key| !anywhere(key)) {
                let message = format!("`{key}` has no effect on a {}", object.kind());
                found.push(Found::new(object, &["metadata", "annotations", key], message).hint("it belongs on a Job"));
            }
        }
        if let Some(pod) = object.pod() {
            for map in ["annotations", "labels"] {
                for key in keys(&pod.value["metadata"][map]) {
                    let message = format!("`{key}` on the pod template has no effect");
                    let finding = Found::at(object, pod.path_to(&["metadata", map, key]), message);
                    found.push(finding.hint("put it on the Job itself"));
                }
            }
        }
    }
}

fn wrong_prefixes(object: &Object<'_>, found: &mut Vec<Found>) {
    for (key, value) in object.annotations() {
        let Some(setting) = ALMOST.iter().find_map(|prefix| key.strip_prefix(prefix)) else { continue };
        let right = format!("{ANNOTATION_PREFIX}{setting}");
        let known = table::find(setting).is_some_and(|setting| setting.allows(table::Place::Annotation));
        let message = format!("`{key}` is not an annotation of presync; did you mean `{right}`?");
        let finding = Found::new(object, &["metadata", "annotations", key], message);
        let fix = [
            Edit::remove(["metadata", "annotations", key]),
            Edit::set(["metadata", "annotations", &right], value.clone()),
        ];
        found.push(if known && object.annotation(&right).is_none() { finding.fix(fix) } else { finding });
    }
}

/// Our keys in a map.
fn keys(map: &Value) -> impl Iterator<Item = &str> {
    let keys = map.as_object().into_iter().flat_map(|map| map.keys());
    keys.map(String::as_str).filter(|key| key.starts_with(ANNOTATION_PREFIX))
}

/// Whether the annotation may be on any object: presync's own traces, and suppressions.
fn anywhere(key: &str) -> bool {
    let name = key.strip_prefix(ANNOTATION_PREFIX).unwrap_or(key);
    name == IGNORE || TRACES.contains(&name)
}
