//! Finds the opt-out of sidecar injection on the Job instead of its pod template.
//!
//! ## Why
//!
//! The injector looks at pods. An opt-out on the Job itself does nothing: the pod gets its proxy, the proxy does not end,
//! and the Job never finishes.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   annotations:
//!     sidecar.istio.io/inject: "false"
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
//! spec:
//!   template:
//!     metadata:
//!       annotations:
//!         sidecar.istio.io/inject: "false"
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//! ```
//!
//! ## Source
//!
//! Istio, sidecar injection; entigolabs/entigo-infralib#917 and #919.

use super::{Facts, Found, Severity};
use crate::manifest::Edit;

pub(super) const SEVERITY: Severity = Severity::Error;

const OPT_OUTS: [&str; 4] =
    ["sidecar.istio.io/inject", "linkerd.io/inject", "consul.hashicorp.com/connect-inject", "kuma.io/sidecar-injection"];

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for job in facts.jobs() {
        for map in ["annotations", "labels"] {
            for key in OPT_OUTS {
                let Some(value) = job.value["metadata"][map].get(key) else { continue };
                let pod = &job.value["spec"]["template"]["metadata"];
                if pod["annotations"].get(key).is_some() || pod["labels"].get(key).is_some() {
                    continue;
                }
                let fix = [
                    Edit::remove(["metadata", map, key]),
                    Edit::set(["spec", "template", "metadata", map, key], value.clone()),
                ];
                let message = format!("`{key}` stands on the Job, and only that of the pod template has an effect");
                let finding = Found::new(job, &["metadata", map, key], message);
                found.push(finding.hint("move it to `spec.template.metadata`").fix(fix));
            }
        }
    }
}
