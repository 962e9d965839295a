//! Finds ordinary Jobs with a TTL, which turn the app OutOfSync when Kubernetes deletes them.
//!
//! ## Why
//!
//! Argo CD still wants the Job that the TTL has deleted: "Resource not found in cluster". With self-heal it runs again
//! after every TTL. presync makes hooks of migrations; it leaves other Jobs alone.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: report
//! spec:
//!   ttlSecondsAfterFinished: 300
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: report, image: shop:1.0.0, command: [report]}]
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: report
//!   annotations:
//!     argocd.argoproj.io/hook: PostSync
//! spec:
//!   ttlSecondsAfterFinished: 300
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: report, image: shop:1.0.0, command: [report]}]
//! ```
//!
//! ## Source
//!
//! docs/how-we-test.md: drift with and without presync, on a real Argo CD.

use super::{Facts, Found, Severity};
use crate::plan::app::hooks::{self, Role};

pub(super) const SEVERITY: Severity = Severity::Error;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for job in facts.jobs().filter(|job| hooks::role(&job.value).0 == Role::Resource) {
        if let Some(ttl) = job.ttl() {
            let message = format!("Kubernetes deletes the Job {ttl} s after its end, and Argo CD then reports it as missing");
            found.push(Found::new(job, &["spec", "ttlSecondsAfterFinished"], message).hint(
                "make it a hook, or remove the TTL; if it is a migration, annotate it with \
                 `argocd-presync-plugin/migration: \"true\"`",
            ));
        }
    }
}
