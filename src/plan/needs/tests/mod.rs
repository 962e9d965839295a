//! The needs of small apps.

mod databases;
mod fields;
mod operators;
mod policies;
mod tables;
mod waiting;

use crate::{
    manifest::Manifests,
    plan::{
        app::index::{Index, testing::manifests},
        needs::*,
    },
};

/// Returns a Job with this pod spec, before the other objects of its app.
fn app(pod: &str, others: &[&str]) -> Manifests {
    let indented = pod.lines().map(|line| format!("      {line}")).collect::<Vec<_>>().join("\n");
    let job = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: shop-migrate, labels: {{app: migrate}}}}\nspec:\n  template:\n    metadata: {{labels: {{step: schema}}}}\n    spec:\n{indented}"
    );
    let documents = std::iter::once(job.as_str()).chain(others.iter().copied());
    manifests(&documents.map(str::trim_end).collect::<Vec<_>>().join("\n---\n"))
}

/// Returns an object with nothing but its name.
fn object(api_version: &str, kind: &str, name: &str) -> String {
    format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: {name}}}\n")
}

/// Runs something for the first object of the app, a Job.
fn with_job<'a, T>(manifests: &'a Manifests, run: impl FnOnce(&Job<'a>, &Pods<'_, 'a>) -> T) -> T {
    let app = Index::new(manifests, Some("shop")).unwrap();
    let id = app.headers()[0].id;
    run(&Job { id, object: app.object(id).unwrap() }, &Pods::new(&app))
}

/// Returns what the Job needs, where no other one was looked at before.
fn alone<'a>(job: &Job<'a>, pods: &Pods<'_, 'a>) -> Result<Found> {
    of(job, &Shared::default(), pods)
}

fn lines(needs: &[Need]) -> Vec<String> {
    needs
        .iter()
        .map(|need| format!("{} {}: {}", need.header.kind, need.header.name, need.uses[0].why))
        .collect()
}

/// Returns the needs as `Kind name: why`.
fn found(pod: &str, others: &[&str]) -> Vec<String> {
    lines(&with_job(&app(pod, others), alone).unwrap().needs)
}

/// Returns the needs as `Kind name`.
fn names(pod: &str, others: &[&str]) -> Vec<String> {
    let needs = with_job(&app(pod, others), alone).unwrap().needs;
    needs.iter().map(|need| format!("{} {}", need.header.kind, need.header.name)).collect()
}

/// Returns what the Job waits for though it is no need, as `Kind name: why`.
fn awaited(manifests: &Manifests) -> Vec<String> {
    let found = with_job(manifests, alone).unwrap().awaits;
    found.iter().map(|found| format!("{} {}: {}", found.header.kind, found.header.name, found.why)).collect()
}
