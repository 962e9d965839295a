//! Finds hooks that destroy data when they run again.
//!
//! ## Why
//!
//! Argo CD runs hooks in every full sync, and again when it retries a failed one. A command that drops, resets or
//! reloads the database does so each time.
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
//!       containers: [{name: migrate, image: shop:1.0.0, command: [php, artisan, "migrate:fresh"]}]
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
//!       containers: [{name: migrate, image: shop:1.0.0, command: [php, artisan, migrate, --force]}]
//! ```
//!
//! ## Source
//!
//! argoproj/argo-cd#3837, #4614; the manuals of the tools.

use super::{Facts, Found, Severity};

pub(super) const SEVERITY: Severity = Severity::Error;

/// Commands that destroy, as consecutive words.
const DESTROY: [&[&str]; 18] = [
    &["db:reset"],
    &["db:drop"],
    &["db:schema:load"],
    &["db:structure:load"],
    &["db:setup"],
    &["migrate:fresh"],
    &["migrate:refresh"],
    &["migrate:reset"],
    &["db:wipe"],
    &["flyway", "clean"],
    &["prisma", "migrate", "reset"],
    &["--force-reset"],
    &["typeorm", "schema:drop"],
    &["liquibase", "drop-all"],
    &["drop", "database"],
    &["drop", "schema"],
    &["manage.py", "flush"],
    &["ecto.reset"],
];

pub(super) fn check(facts: &Facts<'_>, found: &mut Vec<Found>) {
    for job in facts.hook_jobs() {
        let Some(pod) = job.pod() else { continue };
        for container in pod.containers().iter().chain(pod.init_containers()) {
            let mut words = Vec::new();
            for key in ["command", "args"] {
                for text in container[key].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str) {
                    words.extend(text.split(|c: char| c.is_whitespace() || ";&|\"'`".contains(c)).map(str::to_lowercase));
                }
            }
            let words: Vec<_> = words.iter().map(|word| word.rsplit('/').next().unwrap_or(word)).collect();
            let holds = |wanted: &&&[&str]| words.windows(wanted.len()).any(|window| window == **wanted);
            if let Some(command) = DESTROY.iter().find(holds) {
                let message = format!("runs `{}` in every sync, which destroys data each time", command.join(" "));
                found.push(Found::at(job, pod.path_to(&["spec", "containers"]), message).hint(
                    "use a command that may run again, or leave the Job to run by hand: \
                     `argocd-presync-plugin/strategy: \"off\"`",
                ));
            }
        }
    }
}
