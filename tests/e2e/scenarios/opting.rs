//! A team opts in with an application that runs, and out again.

use anyhow::{Result, ensure};
use e2e::app::{SOON, presync};
use e2e::catalog::{LASTING, MIGRATION, Migration};
use e2e::history::State;
use e2e::scenario::Scenario;
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Value, json};

use crate::HOOK;

pub(crate) async fn in_and_out_again(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = scenario.app("").catalog("1", &Migration::new("1", LASTING)).automated(true);
    let app = scenario.create(app).await?;
    app.at_rest().await?;
    ensure!(app.migrations.runs(MIGRATION) == 1, "one run by the native sync:\n{}", app.migrations);

    // The plain Job is still there, and the hook has its name.
    let plugin = presync(&[("environment", "dev"), ("ttl", &lab.ttl_setting())]);
    app.patch(&json!({ "spec": { "source": { "plugin": plugin } } })).await?;
    let hook = app.migrations.until("a hook in the Job's place", SOON, MIGRATION, |jobs| {
        jobs.iter().any(|job| job.annotation(HOOK) == Some("PreSync") && job.outcome() == Some("Complete"))
    });
    hook.await?;
    let since = app.at_rest().await?;
    app.stays_at_rest(since).await?;
    let runs = app.migrations.runs(MIGRATION);
    let config_maps = app.api::<ConfigMap>();
    ensure!(config_maps.get_opt(TRIGGER).await?.is_some(), "the trigger is there");

    app.patch(&json!({ "spec": { "source": { "plugin": Value::Null } } })).await?;
    let plain = app.migrations.until("a plain Job again", SOON, MIGRATION, |jobs| {
        jobs.iter().any(|job| !job.gone && job.annotation(HOOK).is_none())
    });
    plain.await?;
    app.at_rest().await?;
    ensure!(app.migrations.runs(MIGRATION) == runs + 1, "the plain Job ran:\n{}", app.migrations);
    ensure!(config_maps.get_opt(TRIGGER).await?.is_none(), "the trigger is pruned");
    // And the trouble is back.
    app.ttl_passes().await?;
    app.history.until("OutOfSync again", SOON, |state: &State| state.sync == "OutOfSync").await?;
    Ok(())
}

/// The ConfigMap that makes Argo CD sync when only the migration changed.
const TRIGGER: &str = "catalog-migration-presync-trigger";
