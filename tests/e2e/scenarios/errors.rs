//! What presync refuses: the message reaches the user as it is, and nothing in the cluster changes.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use e2e::app::{App, SOON};
use e2e::catalog::{JOB, Migration, WORKLOADS};
use e2e::scenario::Scenario;
use k8s_openapi::api::apps::v1::Deployment;

pub(crate) async fn broken_manifest(scenario: &Scenario) -> Result<()> {
    let app = deployed(scenario).await?;
    app.commit(
        "broken",
        &[("broken.yaml", Some("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a: b}\n"))],
    )
    .await?;
    let message = "error: the manifest is not valid YAML\n  at: broken.yaml:3:";
    refused(&app, message, "\ncaused by: ").await?;

    app.commit("repaired", &[("broken.yaml", None)]).await?;
    app.at_rest().await?;
    Ok(())
}

/// Nothing rendered would mean: prune everything.
pub(crate) async fn empty_render(scenario: &Scenario) -> Result<()> {
    let app = deployed(scenario).await?;
    app.commit("empty", &[(WORKLOADS, None), (JOB, None), ("README.md", Some("Moved."))]).await?;
    refused(&app, "error: nothing was rendered by directory", "allowEmpty").await
}

async fn deployed(scenario: &Scenario) -> Result<Arc<App>> {
    let app = scenario.app("").catalog("1", &Migration::new("1", scenario.lab().ttl)).automated(true);
    let app = scenario.create(app.presync(&[])).await?;
    app.at_rest().await?;
    Ok(app)
}

/// The condition holds both parts of the message, and the Deployment is the same as before.
async fn refused(app: &App, begins: &str, and: &str) -> Result<()> {
    let deployments = app.api::<Deployment>();
    let before = deployments.get("catalog").await?.metadata;
    let state = app.history.until("the error", SOON, |state| !state.conditions.is_empty()).await?;
    let mut conditions = state.conditions.iter();
    let condition =
        conditions.find(|condition| condition.starts_with("ComparisonError")).context("which error?")?;
    ensure!(condition.contains(begins) && condition.contains(and), "the user reads:\n{condition}");

    app.refresh("hard").await?;
    app.refreshed().await?;
    let after = deployments.get("catalog").await?.metadata;
    ensure!(after.uid == before.uid && after.generation == before.generation, "the Deployment was touched");
    ensure!(after.deletion_timestamp.is_none(), "the Deployment is deleted");
    Ok(())
}
