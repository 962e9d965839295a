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
use crate::plan::{
    app::hooks::HookType,
    needs::{
        catalogue::{
            known_databases::{self, Counts},
            operators,
        },
        hostnames,
        texts::{self, Text},
    },
};

pub(super) const SEVERITY: Severity = Severity::Error;

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    let databases: Vec<_> = facts.objects.iter().filter(|object| is_database(object)).collect();
    for job in facts.hook_jobs().filter(|job| job.is_migration() && job.runs_in(HookType::PreSync)) {
        let Some(template) = job.pod() else { continue };
        let pod = facts.read(job, &template);
        let texts = texts::of_pod(&pod);
        let uses = |database: &&&Object<'_>| texts.iter().any(|text| names(text, database.name()));
        if let Some(database) = databases.iter().find(uses) {
            let message = format!("runs before its database, {}, is there", database.header.label());
            found.push(Found::at(job, template.path_to(&["spec"]), message).hint(
                "let presync place it: remove the hook annotation, or annotate it with `argocd-presync-plugin/phase: Sync`",
            ));
        }
    }
}

fn is_database(object: &Object<'_>) -> bool {
    if object.is_hook() {
        return false;
    }
    if let Some(operator) = operators::of(&object.header) {
        return operator.counts == Counts::Named;
    }
    let image = |container: &serde_json::Value| {
        let known = known_databases::of_image(container["image"].as_str().unwrap_or_default());
        known.is_some_and(|database| database.counts == Counts::Named)
    };
    let workload = matches!(object.kind(), "StatefulSet" | "Deployment");
    workload && object.pod().is_some_and(|pod| pod.containers().iter().any(image))
}

/// Whether a text names a host of this name, or of the Services that operators make for it.
fn names(text: &Text<'_>, name: &str) -> bool {
    let is_host = |label: &str| label.strip_prefix(name).is_some_and(|rest| matches!(rest, "" | "-rw" | "-primary"));
    !name.is_empty() && hostnames::mentions(text, is_host).iter().any(|mention| mention.expected)
}
