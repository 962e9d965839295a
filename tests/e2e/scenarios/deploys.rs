//! One deployment after another, and the end of it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use e2e::app::{App, SOON};
use e2e::catalog::{JOB, MIGRATION, Migration, WORKLOADS, workloads};
use e2e::scenario::Scenario;
use e2e::wait;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Service};
use kube::api::ListParams;
use serde::de::DeserializeOwned;
use tokio::time::sleep;

/// A new version with a new migration, while the old Job is still there.
pub(crate) async fn changed_migration(scenario: &Scenario) -> Result<()> {
    let app = first(scenario).await?;
    app.deploy("2", &Migration::new("2", scenario.lab().ttl)).await?;
    let since = app.at_rest().await?;
    ensure!(app.migrations.runs(MIGRATION) == 2, "one run of each version:\n{}", app.migrations);
    ensure!(app.deployed().await? == "2", "the new version is deployed");
    app.stays_at_rest(since).await
}

/// A new version with the same migration: a hook runs in every sync, as Argo CD's own documentation says.
pub(crate) async fn unchanged_migration(scenario: &Scenario) -> Result<()> {
    let app = first(scenario).await?;
    app.deploy("2", &Migration::new("1", scenario.lab().ttl)).await?;
    let since = app.at_rest().await?;
    ensure!(app.migrations.runs(MIGRATION) == 2, "one run by each sync:\n{}", app.migrations);
    app.stays_at_rest(since).await
}

/// Only the migration changes: without the trigger, Argo CD would see nothing to sync.
pub(crate) async fn only_the_migration_changed(scenario: &Scenario) -> Result<()> {
    let app = first(scenario).await?;
    let migration = Migration::new("2", scenario.lab().ttl).yaml();
    app.commit("migration", &[(JOB, Some(&migration))]).await?;
    let second = app.migrations.until("the changed migration", SOON, MIGRATION, |jobs| {
        jobs.iter().filter(|job| job.outcome() == Some("Complete")).count() == 2
    });
    second.await?;
    let since = app.at_rest().await?;
    app.stays_at_rest(since).await?;
    ensure!(app.migrations.runs(MIGRATION) == 2, "once, and not again:\n{}", app.migrations);
    Ok(())
}

/// What the trigger is for: without it, nobody runs the changed migration.
pub(crate) async fn only_the_migration_changed_without_trigger(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = scenario.app("").catalog("1", &Migration::new("1", lab.ttl)).automated(true);
    let settings = [("environment", "dev"), ("ttl", &*lab.ttl_setting()), ("trigger", "none")];
    let app = scenario.create(app.presync(&settings)).await?;
    app.at_rest().await?;
    let migration = Migration::new("2", lab.ttl).yaml();
    app.commit("migration", &[(JOB, Some(&migration))]).await?;
    let since = app.at_rest().await?;
    app.stays_at_rest(since).await?;
    ensure!(app.migrations.runs(MIGRATION) == 1, "Argo CD saw nothing to sync:\n{}", app.migrations);
    Ok(())
}

/// A chart puts a hash into the Job's name, and production keeps finished Jobs: still, they do not pile up.
pub(crate) async fn ten_names_with_a_hash(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let hashed = |version: u32| {
        let name = format!("name: {MIGRATION}-{:08x}", version.wrapping_mul(0x9e37_79b1));
        Migration::new(&version.to_string(), lab.ttl).yaml().replacen(&format!("name: {MIGRATION}"), &name, 1)
    };
    let app = scenario.app("").file(WORKLOADS, workloads("1")).file(JOB, hashed(1)).automated(true);
    let app = scenario.create(app.presync(&[("environment", "production"), ("names", "likely")])).await?;
    app.at_rest().await?;
    for version in 2..=10 {
        app.commit("migration", &[(JOB, Some(&hashed(version)))]).await?;
        app.at_rest().await?;
    }
    let left = names::<Job>(&app).await?;
    let [left] = &left[..] else { bail!("one finished Job is left, not {left:?}:\n{}", app.migrations) };
    ensure!(app.migrations.runs(left) == 10, "each ran once:\n{}", app.migrations);
    Ok(())
}

/// A commit that changes nothing that is rendered runs nothing.
pub(crate) async fn nothing_changed(scenario: &Scenario) -> Result<()> {
    let app = first(scenario).await?;
    app.commit("notes", &[("README.md", Some("Read me."))]).await?;
    app.at_rest().await?;
    sleep(Duration::from_secs(15)).await;
    ensure!(app.history.now()?.at_rest(), "Synced and Healthy:\n{}", app.history);
    ensure!(app.migrations.runs(MIGRATION) == 1, "no second run:\n{}", app.migrations);
    Ok(())
}

/// The old version again.
pub(crate) async fn rollback(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = first(scenario).await?;
    app.deploy("2", &Migration::new("2", lab.ttl)).await?;
    app.at_rest().await?;
    app.deploy("1", &Migration::new("1", lab.ttl)).await?;
    let since = app.at_rest().await?;
    ensure!(app.deployed().await? == "1", "the old version is deployed");
    ensure!(app.migrations.runs(MIGRATION) == 3, "one run by each sync:\n{}", app.migrations);
    app.stays_at_rest(since).await
}

/// Nothing stays behind when the Application is deleted: no hook, no trigger.
pub(crate) async fn deletion(scenario: &Scenario) -> Result<()> {
    let app = scenario.app("").catalog("1", &Migration::new("1", scenario.lab().ttl)).automated(true);
    // In production the finished Job is still there then.
    let app = scenario.create(app.presync(&[("environment", "production")])).await?;
    app.at_rest().await?;
    ensure!(!names::<Job>(&app).await?.is_empty(), "the Job is there");
    app.delete().await?;
    wait::until("an empty namespace", SOON, async || {
        let mut left = names::<Job>(&app).await?;
        left.extend(names::<Pod>(&app).await?);
        left.extend(names::<Service>(&app).await?);
        left.extend(names::<Deployment>(&app).await?);
        left.extend(names::<ConfigMap>(&app).await?.into_iter().filter(|name| name != "kube-root-ca.crt"));
        Ok(left.is_empty().then_some(()))
    })
    .await
}

/// The first version, deployed.
async fn first(scenario: &Scenario) -> Result<Arc<App>> {
    let lab = scenario.lab();
    let app = scenario.app("").catalog("1", &Migration::new("1", lab.ttl));
    let app = app.automated(true).presync(&[("environment", "dev"), ("ttl", &lab.ttl_setting())]);
    let app = scenario.create(app).await?;
    app.at_rest().await?;
    ensure!(app.migrations.runs(MIGRATION) == 1, "one run by the first sync:\n{}", app.migrations);
    Ok(app)
}

async fn names<K>(app: &App) -> Result<Vec<String>>
where
    K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    K: Clone + std::fmt::Debug + DeserializeOwned,
{
    Ok(app.api::<K>().list(&ListParams::default()).await?.iter().map(kube::ResourceExt::name_any).collect())
}
