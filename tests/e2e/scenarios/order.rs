//! What comes before what: the migration before the workloads, and what it needs before the migration.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use e2e::app::{App, SOON};
use e2e::catalog::{MIGRATION, Migration};
use e2e::migrations::Seen;
use e2e::scenario::Scenario;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim};
use kube::api::ListParams;
use tokio::time::sleep;

use crate::HOOK;

/// The incident's waves: the migration in wave 0, the workloads in wave 5.
pub(crate) async fn workloads_wait_for_the_migration(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = scenario.app("").catalog("1", &Migration::new("1", lab.ttl).takes(8)).automated(true);
    let app = scenario.create(app.presync(&[])).await?;
    app.at_rest().await?;
    let job = only(&app)?;
    ensure!(job.annotation(HOOK) == Some("PreSync"), "the phase is {:?}", job.annotation(HOOK));
    ensure_before_the_workloads(&app, &job).await
}

/// On the first install and on every later one, the migration reads the app's own configuration, and runs under the
/// app's own identity.
pub(crate) async fn what_the_migration_needs_comes_first(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = scenario.app("").catalog("1", &needy("1", lab.ttl)).file("needs.yaml", needs("1"));
    let app = scenario.create(app.automated(true).presync(&[])).await?;
    app.at_rest().await?;
    let job = only(&app)?;
    ensure!(job.annotation(HOOK) == Some("Sync"), "the phase is {:?}", job.annotation(HOOK));
    ensure_before_the_workloads(&app, &job).await?;

    // The next version reads a key that only its own ConfigMap has: with the old one its pod could not start.
    app.repository.commit("needs", "app", [("needs.yaml", Some(needs("2").as_str()))])?;
    app.deploy("2", &needy("2", lab.ttl)).await?;
    app.at_rest().await?;
    ensure!(app.migrations.runs(MIGRATION) == 2, "one run of each version:\n{}", app.migrations);
    ensure!(app.deployed().await? == "2", "the new version is deployed");
    Ok(())
}

/// Why the phase is computed: forced to PreSync, the same migration waits without end for what comes after it.
pub(crate) async fn forced_before_its_needs_it_hangs(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = scenario.app("").catalog("1", &needy("1", lab.ttl)).file("needs.yaml", needs("1"));
    let app = scenario.create(app.automated(true).presync(&[("phase", "PreSync")])).await?;
    let hanging =
        app.history.until("the hook", SOON, |state| state.message.contains("waiting for completion of hook"));
    hanging.await?;
    sleep(Duration::from_secs(20)).await;
    ensure!(app.history.now()?.operating, "it still waits:\n{}", app.history);
    ensure!(app.migrations.runs(MIGRATION) == 0, "and nothing has run:\n{}", app.migrations);
    app.terminate().await
}

/// With copies of what it reads, a migration can be forced before everything.
pub(crate) async fn copies_of_its_needs(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let migration =
        Migration::new("1", lab.ttl).container("envFrom: [{configMapRef: {name: catalog-database}}]");
    let app = scenario.app("").catalog("1", &migration).file("needs.yaml", config_map("1")).automated(true);
    let app = scenario.create(app.presync(&[("phase", "PreSync"), ("dependencies", "copy")])).await?;
    let since = app.at_rest().await?;
    let job = only(&app)?;
    ensure!(job.annotation(HOOK) == Some("PreSync"), "the phase is {:?}", job.annotation(HOOK));
    ensure!(job.runs.len() == 1, "exactly one run:\n{}", app.migrations);
    ensure_before_the_workloads(&app, &job).await?;

    let names = app.api::<ConfigMap>().list(&ListParams::default()).await?.items.into_iter();
    let names: Vec<String> = names.filter_map(|map| map.metadata.name).collect();
    let copies = names.iter().filter(|name| name.starts_with("catalog-database-"));
    ensure!(copies.count() == 0, "the copy is gone after the sync: {names:?}");
    app.stays_at_rest(since).await
}

/// A claim that is bound only when a pod uses it must not be waited for before that pod is made.
pub(crate) async fn volume_claim(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let migration = Migration::new("1", lab.ttl)
        .pod("volumes: [{name: dump, persistentVolumeClaim: {claimName: catalog-dump}}]")
        .container("volumeMounts: [{name: dump, mountPath: /dump}]");
    let claim = "apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: catalog-dump
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
";
    let app = scenario.app("").catalog("1", &migration).file("claim.yaml", claim).automated(true);
    let app = scenario.create(app.presync(&[])).await?;
    app.at_rest().await?;
    ensure!(only(&app)?.runs.len() == 1, "exactly one run:\n{}", app.migrations);
    let claim = app.api::<PersistentVolumeClaim>().get("catalog-dump").await?;
    let phase = claim.status.and_then(|status| status.phase);
    ensure!(phase.as_deref() == Some("Bound"), "the claim is {phase:?}");
    Ok(())
}

/// A migration that reads the key of its version from a ConfigMap, under a ServiceAccount of its own.
fn needy(version: &str, ttl: Duration) -> Migration {
    Migration::new(version, ttl).pod("serviceAccountName: catalog-migration").container(&format!(
        "env: [{{name: URL, valueFrom: {{configMapKeyRef: {{name: catalog-database, key: url-{version}}}}}}}]"
    ))
}

/// What [`needy`] needs.
fn needs(version: &str) -> String {
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: catalog-migration\n";
    format!("{}---\n{account}", config_map(version))
}

fn config_map(version: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: catalog-database\ndata:\n  url-{version}: postgres://catalog\n"
    )
}

fn only(app: &App) -> Result<Seen> {
    let mut jobs = app.migrations.of(MIGRATION);
    match (jobs.pop(), jobs.is_empty()) {
        (Some(job), true) => Ok(job),
        _ => bail!("exactly one Job:\n{}", app.migrations),
    }
}

async fn ensure_before_the_workloads(app: &App, job: &Seen) -> Result<()> {
    let deployment = app.api::<Deployment>().get("catalog").await?;
    let created: Timestamp = deployment.metadata.creation_timestamp.context("a Deployment without a time")?.0;
    let finished = job.completed().context("the Job has not completed")?;
    ensure!(finished <= created, "the migration ended {finished}, the Deployment was made {created}");
    Ok(())
}
