//! Finds PreSync migrations of a database that the same app runs.
//!
//! ## Why
//!
//! A PreSync hook runs before the database's StatefulSet is there: the first install never ends.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: v1
//! kind: Service
//! metadata:
//!   name: postgres
//! spec:
//!   selector: {app: postgres}
//!   ports: [{port: 5432}]
//! ---
//! apiVersion: apps/v1
//! kind: StatefulSet
//! metadata:
//!   name: postgres
//! spec:
//!   serviceName: postgres
//!   selector: {matchLabels: {app: postgres}}
//!   template:
//!     metadata: {labels: {app: postgres}}
//!     spec: {containers: [{name: postgres, image: "postgres:17"}]}
//! ---
//! apiVersion: batch/v1
//! kind: Job
//! metadata:
//!   name: migrate
//!   annotations:
//!     argocd.argoproj.io/hook: PreSync
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers:
//!         - name: migrate
//!           image: shop:1.0.0
//!           command: [rails, "db:migrate"]
//!           env: [{name: DATABASE_HOST, value: postgres}]
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
//!     argocd.argoproj.io/hook: PreSync
//! spec:
//!   template:
//!     spec:
//!       restartPolicy: Never
//!       containers:
//!         - name: migrate
//!           image: shop:1.0.0
//!           command: [rails, "db:migrate"]
//!           env: [{name: DATABASE_HOST, value: postgres}]
//! ```
//!
//! ## Source
//!
//! BerriAI/litellm#7110; Kong and LangSmith charts.

use super::{Facts, Found, Object, Severity};
use crate::plan::app::hooks::HookType;

pub(super) const SEVERITY: Severity = Severity::Error;

const IMAGES: [&str; 8] = ["postgres", "mysql", "mariadb", "mongo", "clickhouse", "cockroach", "redis", "mssql"];

const RESOURCES: [&str; 6] =
    ["Cluster", "PostgresCluster", "Postgresql", "postgresql", "PerconaServerMySQL", "InnoDBCluster"];

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    let databases: Vec<_> = facts.objects.iter().filter(|object| is_database(object)).collect();
    for job in facts.hook_jobs().filter(|job| job.is_migration() && job.runs_in(HookType::PreSync)) {
        let Some(pod) = job.pod() else { continue };
        let texts = pod.texts();
        let uses = |database: &&&Object<'_>| texts.iter().any(|text| names(text, database.name()));
        if let Some(database) = databases.iter().find(uses) {
            let message = format!("runs before its database, {}, is there", database.header.label());
            found.push(Found::at(job, pod.path_to(&["spec"]), message).hint(
                "let presync place it: remove the hook annotation, or annotate it with `argocd-presync-plugin/phase: Sync`",
            ));
        }
    }
}

fn is_database(object: &Object<'_>) -> bool {
    if object.is_hook() {
        return false;
    }
    if RESOURCES.contains(&object.kind()) && object.header.api_version.contains('.') {
        return true;
    }
    let workload = matches!(object.kind(), "StatefulSet" | "Deployment");
    let image = |container: &serde_json::Value| {
        let image = container["image"].as_str().unwrap_or_default();
        let name = image.rsplit('/').next().unwrap_or_default();
        IMAGES.iter().any(|known| name.starts_with(known))
    };
    workload && object.pod().is_some_and(|pod| pod.containers().iter().any(image))
}

/// Whether a text is a host of this name, or holds one.
fn names(text: &str, name: &str) -> bool {
    let part = |c: char| !c.is_ascii_alphanumeric() && c != '-';
    let host = |word: &str| word == name || word.strip_prefix(name).is_some_and(|rest| rest.starts_with("-rw"));
    !name.is_empty() && text.split(part).any(host)
}
