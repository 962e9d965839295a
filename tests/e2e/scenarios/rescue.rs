//! The incident, from what `doctor` says of it to its end by `repair`.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::app::{App, Builder, SOON};
use e2e::catalog::{LASTING, MIGRATION, Migration, workloads};
use e2e::history::State;
use e2e::scenario::Scenario;
use k8s_openapi::api::batch::v1::Job;
use kube::Api;
use serde_json::{Value, json};

/// Asks again and again. Unlike [`e2e::wait::until`] its future can go to another thread.
pub(crate) async fn eventually<F>(what: &str, probe: impl Fn() -> F) -> Result<()>
where
    F: Future<Output = Result<bool>>,
{
    let deadline = Instant::now() + SOON;
    while !probe().await? {
        ensure!(Instant::now() < deadline, "not within {} s: {what}", SOON.as_secs());
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    Ok(())
}

/// A hook that waits without end on the first install: it reads a `ConfigMap` that comes after it.
pub(crate) fn hanging_hook() -> String {
    let migration =
        Migration::new("1", Duration::from_mins(5)).annotation("argocd.argoproj.io/hook", "PreSync");
    migration.container("envFrom: [{configMapRef: {name: catalog}}]").yaml()
}

/// An app whose sync waits for a hook that will not end.
pub(crate) async fn stuck(scenario: &Scenario, role: &str) -> Result<Arc<App>> {
    let app = scenario.app(role).file("workloads.yaml", workloads("1"));
    let app = scenario.create(app.file("migration.yaml", hanging_hook()).automated(false)).await?;
    let waits =
        |state: &State| state.message.contains("waiting for completion of hook batch/Job/catalog-migration");
    app.history.until("a sync that waits for the hook", SOON, waits).await?;
    // Its pod must have been refused by the node, so that the reason can be seen.
    eventually("the hook's pod is refused", || async {
        let output = scenario.lab().presync(&["doctor", app.name(), "--older-than", "0s"]).await?;
        Ok(output.stdout.contains("CreateContainerConfigError"))
    })
    .await?;
    Ok(app)
}

/// An app whose plain Job TTL has deleted, so that it drifts.
pub(crate) async fn without_its_job(scenario: &Scenario, app: Builder) -> Result<Arc<App>> {
    let app = app.catalog("1", &Migration::new("1", LASTING)).automated(false);
    let app = scenario.create(app).await?;
    app.at_rest().await?;
    app.ttl_passes().await?;
    app.history.until("drift after the TTL", SOON, State::drifts).await?;
    Ok(app)
}

/// TTL deletes a plain Job, the app drifts; `doctor` names it, and after the fix in git `repair` shows its end.
pub(crate) async fn a_job_that_ttl_deleted_is_named_and_after_the_fix_forgotten(
    scenario: &Scenario,
) -> Result<()> {
    let app = without_its_job(scenario, scenario.app("")).await?;
    let found =
        scenario.lab().presync(&["doctor", app.name()]).await?.expect(10)?.says("error missing-job:")?;
    found.says(&format!("Resource not found in cluster: batch/v1/Job:{MIGRATION}"))?;
    let tried = scenario.lab().repair(app.name(), &[]).await?.expect(10)?;
    tried.says(&format!("still: Job {}/{MIGRATION} is missing", app.name()))?;

    // The seed's option 4, in git. Nobody tells Argo CD: the hard refresh of the repair does.
    let hook =
        Migration::new("1", scenario.lab().ttl).annotation("argocd.argoproj.io/hook", "PreSync").yaml();
    app.repository.commit("make it a hook", "app", [("migration.yaml", Some(hook.as_str()))])?;
    let repaired = scenario.lab().repair(app.name(), &[]).await?.expect(0)?;
    repaired.says("→ Synced:Healthy")?;
    scenario
        .lab()
        .presync(&["doctor", app.name(), "--format", "json"])
        .await?
        .says("\"sync\": \"Synced\"")?;
    Ok(())
}

/// What `doctor` says of a missing Job is carried out to the letter, and the app is at rest for good.
pub(crate) async fn the_remedy_of_doctor_cures_for_good(scenario: &Scenario) -> Result<()> {
    let app = without_its_job(scenario, scenario.app("")).await?;
    let found = scenario.lab().presync(&["doctor", app.name(), "--format", "json"]).await?.expect(10)?;
    let report: Value = serde_json::from_str(&found.stdout)?;
    let remedy = report["findings"][0]["remedy"][0].as_str().context("a remedy")?;
    let patch = remedy.split_once("-p '").and_then(|(_, rest)| rest.strip_suffix('\'')).context("a patch")?;
    app.patch(&serde_json::from_str(patch)?).await?;
    app.at_rest().await?;
    app.commit(
        "change what runs",
        &[("migration.yaml", Some(&Migration::new("2", scenario.lab().ttl).yaml()))],
    )
    .await?;
    let since = app.at_rest().await?;
    app.stays_at_rest(since).await
}

/// The incident's own fix makes it worse; `repair` ends it from there, and then the fix goes out.
pub(crate) async fn a_half_fixed_sync_is_ended_and_leaves_nothing(scenario: &Scenario) -> Result<()> {
    let app = stuck(scenario, "").await?;
    let found = scenario.lab().presync(&["doctor", app.name(), "--older-than", "0s"]).await?.expect(10)?;
    found.says("error stuck-operation:")?.says("configmap \"catalog\" not found")?;
    scenario
        .lab()
        .presync(&["repair", "no-such-app"])
        .await?
        .expect(9)?
        .says("there is no Application no-such-app")?;

    // A young sync is left alone.
    scenario.lab().presync(&["repair", app.name(), "--yes"]).await?.expect(10)?.says("--older-than 10m")?;

    // The seed: kubectl patch application … --type json -p='[{"op": "remove", "path": "/operation"}]'
    app.patch(&json!({ "operation": null })).await?;
    app.refresh("hard").await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let state = app.history.now()?;
    ensure!(state.phase == "Running", "it changed nothing: {state}");
    let found = scenario.lab().presync(&["doctor", app.name()]).await?.expect(10)?;
    found.says("error orphaned-operation:")?;
    scenario.lab().presync(&["repair", app.name()]).await?.expect(0)?.says("jq ")?;

    let ended = scenario.lab().repair(app.name(), &[]).await?.expect(10)?;
    ended.says("the next commit or --sync starts a sync")?;
    let state = app.history.until("the end", SOON, |state| !state.operating).await?;
    ensure!(state.phase == "Failed" && state.message.contains("Operation terminated"), "{state}");
    let jobs = Api::<Job>::namespaced(scenario.lab().client.clone(), app.name());
    eventually("the hook Job is gone", || async { Ok(jobs.get_opt(MIGRATION).await?.is_none()) }).await?;

    let fixed =
        Migration::new("1", Duration::from_mins(5)).annotation("argocd.argoproj.io/hook", "Sync").yaml();
    app.repository.commit("run it after what it reads", "app", [("migration.yaml", Some(fixed.as_str()))])?;
    let repaired = scenario.lab().repair(app.name(), &[]).await?.expect(0)?;
    repaired.says("→ Synced:Healthy")?;
    Ok(())
}
