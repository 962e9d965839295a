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
    let cron_jobs = facts.objects.iter().filter(|object| object.kind() == "CronJob");
    let owners = facts.jobs().map(|job| (job, &["spec"][..]));
    for (object, spec) in owners.chain(cron_jobs.map(|object| (object, &["spec", "jobTemplate", "spec"][..]))) {
        for inside in [&["template", "spec", FIELD][..], &["template", FIELD]] {
            let path = [spec, inside].concat();
            let at = |path: &[&str]| path.iter().try_fold(&*object.value, |value, key| value.get(key));
            let Some(value) = at(&path) else { continue };
            let right = [spec, &[FIELD]].concat();
            let mut fix = vec![Edit::remove(path.iter().copied())];
            if at(&right).is_none() {
                fix.push(Edit::set(right, value.clone()));
            }
            let finding = Found::new(object, &path, "`ttlSecondsAfterFinished` stands in the pod template, where it has no effect");
            found.push(finding.hint("move it to the Job's own `spec`").fix(fix));
        }
    }
}
