//! Migrations that fail.

use anyhow::{Result, ensure};
use e2e::app::SOON;
use e2e::catalog::{MIGRATION, Migration};
use e2e::scenario::Scenario;
use serde_json::Value;

/// The sync fails, the workloads stay at their version, Argo CD says why, and the next commit recovers.
pub(crate) async fn workloads_stay_and_a_fix_recovers(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = scenario.app("").catalog("1", &Migration::new("1", lab.ttl)).automated(true).retry(0, "1s");
    let app = scenario.create(app.presync(&[])).await?;
    app.at_rest().await?;

    app.deploy("2", &Migration::new("2", lab.ttl).fails()).await?;
    let failed = app.history.until("the failure", SOON, |state| state.phase == "Failed").await?;
    ensure!(failed.message.contains("synchronization tasks completed unsuccessfully"), "{failed}");
    let object = app.object().await?;
    let results =
        object.data.pointer("/status/operationState/syncResult/resources").and_then(Value::as_array);
    let hook = results.into_iter().flatten().find(|result| result["name"] == MIGRATION);
    let message = hook.and_then(|hook| hook["message"].as_str()).unwrap_or_default();
    ensure!(message.contains("backoff limit"), "Argo CD says of the hook: {message:?}");
    ensure!(app.deployed().await? == "1", "the old version stays");

    app.deploy("3", &Migration::new("3", lab.ttl)).await?;
    let since = app.at_rest().await?;
    ensure!(app.deployed().await? == "3", "the fixed version is deployed");
    app.history.ensure_at_rest_since(since)
}

/// A retry runs the migration again, as a new Job. Argo CD 3.2 does so only every other time: a retry that finds the
/// failed Job deletes it, and then reads that Job's result as its own.
pub(crate) async fn retry(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app =
        scenario.app("").catalog("1", &Migration::new("1", lab.ttl).fails()).automated(true).retry(2, "2s");
    let app = scenario.create(app.presync(&[("environment", "production")])).await?;
    app.history.until("the failure", SOON, |state| state.phase == "Failed" && !state.operating).await?;
    let jobs = app.migrations.of(MIGRATION);
    ensure!(jobs.len() >= 2, "it was made again:\n{}", app.migrations);
    ensure!(jobs.iter().all(|job| job.runs.len() == 1), "each has run:\n{}", app.migrations);
    ensure!(
        jobs.iter().filter(|job| !job.gone).count() == 1,
        "the last is there to be read:\n{}",
        app.migrations
    );
    Ok(())
}
