//! Finds ConfigMaps, Secrets and the like that were made hooks so that a hook Job finds them.
//!
//! ## Why
//!
//! Argo CD does not track hooks: it deletes and creates such an object in every sync, while the pods of the running
//! version use it, and does not notice when it is gone. A claim or namespace as a hook loses its data.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: v1
//! kind: Secret
//! metadata:
//!   name: database
//!   annotations:
//!     argocd.argoproj.io/hook: PreSync
//! stringData:
//!   host: db.example.com
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Secret
//! metadata:
//!   name: database
//! stringData:
//!   host: db.example.com
//! ```
//!
//! ## Source
//!
//! argoproj/argo-cd#13429, #3837, #15146.

use super::{Facts, Found, Severity};
use crate::settings::TRACES;

pub(super) const SEVERITY: Severity = Severity::Warning;

const KINDS: [&str; 9] = [
    "ConfigMap",
    "Secret",
    "ServiceAccount",
    "PersistentVolumeClaim",
    "ExternalSecret",
    "SealedSecret",
    "SecretProviderClass",
    "Namespace",
    "Certificate",
];

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    let ours = |key: &String| TRACES.iter().any(|trace| key.ends_with(trace) && key.starts_with("argocd-presync-plugin/"));
    for object in facts.objects.iter().filter(|object| KINDS.contains(&object.kind()) && object.is_hook()) {
        if object.annotations().any(|(key, _)| ours(key)) {
            continue;
        }
        let message = format!("a {} as a hook is deleted and created in every sync, and not tracked", object.kind());
        found.push(Found::new(object, &["metadata", "annotations"], message).hint(
            "make it an ordinary resource, and the Job that needs it a Sync hook in a later wave",
        ));
    }
}
