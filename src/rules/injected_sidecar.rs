//! Finds Jobs in a namespace with sidecar injection whose pods are not opted out.
//!
//! ## Why
//!
//! The injected proxy does not end when the migration has: the Job never finishes, and the sync waits for it. Native
//! sidecars do end, but are not everywhere.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: v1
//! kind: Namespace
//! metadata:
//!   name: shop
//!   labels:
//!     istio-injection: enabled
//! ---
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   namespace: shop
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
//! apiVersion: v1
//! kind: Namespace
//! metadata:
//!   name: shop
//!   labels:
//!     istio-injection: enabled
//! ---
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   namespace: shop
//! spec:
//!   template:
//!     metadata:
//!       labels:
//!         sidecar.istio.io/inject: "false"
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//! ```
//!
//! ## Source
//!
//! Istio and Linkerd, automatic injection; argoproj/argo-cd#6880.

use serde_json::Value;

use super::{Facts, Found, Severity};

pub(super) const SEVERITY: Severity = Severity::Warning;

/// Where injection is asked for, and the key that turns it off for a pod.
const INJECTORS: [(&str, &str, &str, &str); 3] = [
    ("labels", "istio-injection", "enabled", "sidecar.istio.io/inject"),
    ("labels", "istio.io/rev", "", "sidecar.istio.io/inject"),
    ("annotations", "linkerd.io/inject", "enabled", "linkerd.io/inject"),
];

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for namespace in facts.objects.iter().filter(|object| object.kind() == "Namespace") {
        for (map, key, value, opt_out) in INJECTORS {
            let asked = namespace.value["metadata"][map][key].as_str();
            if !asked.is_some_and(|asked| value.is_empty() || asked == value) {
                continue;
            }
            let inside = facts.jobs().filter(|job| job.header.namespace.as_deref() == Some(namespace.name()));
            for (job, pod) in inside.filter_map(|job| Some((job, job.pod()?))) {
                let metadata = &pod.value["metadata"];
                if !is_off(&metadata["labels"][opt_out]) && !is_off(&metadata["annotations"][opt_out]) {
                    let message = format!("the namespace injects a sidecar (`{key}`), which can keep the Job from finishing");
                    let finding = Found::at(job, pod.path_to(&[]), message);
                    found.push(finding.hint("opt the pod out, or use the setting `guards.sidecars: off`"));
                }
            }
        }
    }
}

fn is_off(value: &Value) -> bool {
    matches!(value.as_str(), Some("false" | "disabled"))
}
