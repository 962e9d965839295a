//! Finds hook Jobs with a TTL so small that Argo CD can miss their end.
//!
//! ## Why
//!
//! Kubernetes deletes the finished Job after its TTL. When that happens before Argo CD has looked at it, older versions
//! wait for the hook without end ("waiting for completion of hook"), and newer ones hold it with a finalizer that has had
//! faults of its own. A minute is enough.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: certgen
//!   annotations:
//!     helm.sh/hook: pre-install,pre-upgrade
//! spec:
//!   ttlSecondsAfterFinished: 0
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: certgen, image: certgen:1.0.0}]
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: certgen
//!   annotations:
//!     helm.sh/hook: pre-install,pre-upgrade
//! spec:
//!   ttlSecondsAfterFinished: 300
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: certgen, image: certgen:1.0.0}]
//! ```
//!
//! ## Source
//!
//! argoproj/argo-cd#6880, #18884, #21055.

use super::{Facts, Found, Severity};
use crate::manifest::Edit;

pub(super) const SEVERITY: Severity = Severity::Error;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    let floor = facts.settings.ttl_floor.as_secs();
    let path = ["spec", "ttlSecondsAfterFinished"];
    for job in facts.hook_jobs() {
        if let Some(ttl) = job.ttl().filter(|ttl| *ttl < floor) {
            let message = format!("Kubernetes deletes the hook {ttl} s after its end, which Argo CD can miss");
            let finding = Found::new(job, &path, message).hint("raise the TTL to at least a minute");
            found.push(finding.fix([Edit::set(path, floor)]));
        }
    }
}
