//! Finds Jobs with a proxy or agent beside the container that does the work.
//!
//! ## Why
//!
//! A Job is finished when all its containers have ended. A proxy that never exits (Cloud SQL, Istio, PgBouncer, a log
//! shipper) keeps it, and the sync that waits for it, from finishing.
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
//!       restartPolicy: Never
//!       containers:
//!         - {name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}
//!         - {name: cloudsql-proxy, image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.11.0}
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
//!     spec:
//!       restartPolicy: Never
//!       containers: [{name: migrate, image: shop:1.0.0, command: [rails, "db:migrate"]}]
//!       initContainers:
//!         - name: cloudsql-proxy
//!           image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.11.0
//!           restartPolicy: Always
//! ```
//!
//! ## Source
//!
//! Kubernetes, sidecar containers (1.29 and later); fleetdm/fleet, DefectDojo.

use super::{Facts, Found, Severity};
use crate::manifest::Step;

pub(super) const SEVERITY: Severity = Severity::Error;

const SIDECARS: [&str; 12] = [
    "cloud-sql-proxy",
    "cloudsql-proxy",
    "gce-proxy",
    "istio/proxyv2",
    "envoy",
    "linkerd2-proxy",
    "pgbouncer",
    "fluent-bit",
    "fluentd",
    "vault-agent",
    "tailscale",
    "datadog/agent",
];

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for job in facts.jobs() {
        let Some(pod) = job.pod().filter(|pod| pod.containers().len() > 1) else { continue };
        for (index, container) in pod.containers().iter().enumerate() {
            let text = |key: &str| container[key].as_str().unwrap_or_default();
            // An image that is told to end, such as by `/quitquitquit`, is told so from elsewhere: not looked for.
            if SIDECARS.iter().any(|sidecar| text("image").contains(sidecar) || text("name").contains(sidecar)) {
                let message = format!("container `{}` never exits, so the Job does not finish", text("name"));
                let mut path = pod.path_to(&["spec", "containers"]);
                path.push(Step::Index(index));
                found.push(Found::at(job, path, message).hint(
                    "make it a sidecar: move it to `initContainers` with `restartPolicy: Always`",
                ));
            }
        }
    }
}
