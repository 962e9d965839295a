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
use crate::plan::pod::{commands::Command, program};

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
        let Some(template) = job.pod() else { continue };
        let pod = facts.read(job, &template);
        if let Some(command) = pod.commands().find_map(destroys) {
            let message = format!("runs `{}` in every sync, which destroys data each time", command.join(" "));
            found.push(Found::at(job, template.path_to(&["spec", "containers"]), message).hint(
                "use a command that may run again, or leave the Job to run by hand: \
                 `argocd-presync-plugin/strategy: \"off\"`",
            ));
        }
    }
}

/// The words with which a command destroys data.
fn destroys(command: &Command) -> Option<&'static [&'static str]> {
    if program::running(&command.words).is_empty() {
        return None;
    }
    let line = command.line().to_lowercase();
    let words = line.split(|c: char| c.is_whitespace() || ";&|\"'`".contains(c));
    let words: Vec<_> = words.map(program::base_name).collect();
    let holds = |wanted: &&&[&str]| words.windows(wanted.len()).any(|window| window == **wanted);
    DESTROY.iter().find(holds).copied()
}
