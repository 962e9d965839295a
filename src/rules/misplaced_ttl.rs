//! Finds `ttlSecondsAfterFinished` in the pod template, where Kubernetes ignores it.
//!
//! ## Why
//!
//! The field belongs to the Job's own `spec`. Under `spec.template.spec` the API server drops it with a warning that
//! Argo CD does not show: the finished Job stays for good.
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
//!     spec:
//!       ttlSecondsAfterFinished: 300
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
//!   ttlSecondsAfterFinished: 300
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//! ```
//!
//! ## Source
//!
//! Kubernetes, `JobSpec.ttlSecondsAfterFinished`; seen in public charts.

use super::{Facts, Found, Severity};
use crate::manifest::Edit;

pub(super) const SEVERITY: Severity = Severity::Warning;

const FIELD: &str = "ttlSecondsAfterFinished";

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for job in facts.jobs() {
        for path in [&["spec", "template", "spec", FIELD][..], &["spec", "template", FIELD]] {
            let Some(value) = path.iter().try_fold(&*job.value, |value, key| value.get(key)) else { continue };
            let mut fix = vec![Edit::remove(path.iter().copied())];
            if job.ttl().is_none() {
                fix.push(Edit::set(["spec", FIELD], value.clone()));
            }
            let finding = Found::new(job, path, "`ttlSecondsAfterFinished` stands in the pod template, where it has no effect");
            found.push(finding.hint("move it to the Job's own `spec`").fix(fix));
        }
    }
}
