//! The incident that the project started from: a migration Job with a TTL, deployed by Argo CD. First as it was, then
//! through presync.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use e2e::app::SOON;
use e2e::catalog::{LASTING, MIGRATION, Migration};
use e2e::history::State;
use e2e::scenario::Scenario;
use tokio::time::sleep;

use crate::HOOK;

pub(crate) async fn native_with_self_heal(scenario: &Scenario) -> Result<()> {
    let app = scenario.app("").catalog("1", &Migration::new("1", LASTING)).automated(true);
    let app = scenario.create(app).await?;
    // Nobody commits anything, and yet it runs again after every TTL.
    for runs in 1..=2 {
        let since = app.at_rest().await?;
        ensure!(app.migrations.runs(MIGRATION) == runs, "once after each TTL:\n{}", app.migrations);
        app.ttl_passes().await?;
        let again = app.migrations.until("another run", SOON, MIGRATION, |jobs| {
            jobs.iter().filter(|job| !job.runs.is_empty()).count() > runs
        });
        again.await?;
        ensure!(app.history.ensure_at_rest_since(since).is_err(), "OutOfSync before it:\n{}", app.history);
    }
    Ok(())
}

pub(crate) async fn native_without_self_heal(scenario: &Scenario) -> Result<()> {
    let app = scenario.app("").catalog("1", &Migration::new("1", LASTING)).automated(false);
    let app = scenario.create(app).await?;
    app.at_rest().await?;
    app.ttl_passes().await?;

    let drifting = app.history.until("drift after the TTL", SOON, State::drifts).await?;
    // Until v3.3 the app is Missing too, as the incident tells; since v3.4 it stays Healthy.
    ensure!(
        drifting.sync == "OutOfSync" && ["Missing", "Healthy", "Progressing"].contains(&&*drifting.health),
        "as the incident tells: {drifting}"
    );
    // Neither time nor a refresh heals it.
    sleep(scenario.lab().ttl).await;
    app.refresh("hard").await?;
    app.refreshed().await?;
    ensure!(app.history.now()?.drifts(), "still:\n{}", app.history);
    ensure!(app.migrations.runs(MIGRATION) == 1, "the migration ran once:\n{}", app.migrations);
    Ok(())
}

/// How an application gets stuck for good: the Job is gone before Argo CD has seen it finish. A TTL of 0 makes sure of
/// that; with the incident's it takes a controller that is restarted, or has too much to do, for those five minutes.
/// Since v3.4 Argo CD notices, and the sync fails and is tried again; it succeeds only if Argo CD is quick once.
pub(crate) async fn native_job_gone_before_argocd_looks(scenario: &Scenario) -> Result<()> {
    let app = scenario.app("").catalog("1", &Migration::new("1", Duration::ZERO)).automated(true);
    let app = scenario.create(app).await?;
    let waits = |state: &State| state.message == "waiting for healthy state of batch/Job/catalog-migration";
    let fails = |state: &State| state.message.contains("one or more");
    app.history
        .until("a sync that misses the deleted Job", SOON, |state| waits(state) || fails(state))
        .await?;
    sleep(Duration::from_secs(30)).await;
    let state = app.history.now()?;
    ensure!(!state.at_rest(), "it cannot come to rest:\n{}", app.history);
    if !waits(&state) {
        return Ok(());
    }
    let lab = scenario.lab();
    let found = lab.presync(&["doctor", app.name(), "--older-than", "0s"]).await?.expect(10)?;
    found.says("error stuck-operation:")?.says("the Job is gone")?;
    lab.repair(app.name(), &["--older-than", "0s"]).await?.says("ending its sync")?;
    Ok(())
}

/// The same application: Argo CD's finalizer on a hook keeps it until it has been seen.
pub(crate) async fn presync_job_gone_before_argocd_looks(scenario: &Scenario) -> Result<()> {
    let app = scenario.app("").catalog("1", &Migration::new("1", Duration::ZERO)).automated(true);
    let app = scenario.create(app.presync(&[("environment", "dev"), ("ttl", "0s")])).await?;
    let since = app.at_rest().await?;
    app.stays_at_rest(since).await?;
    ensure!(app.migrations.runs(MIGRATION) == 1, "exactly one run:\n{}", app.migrations);
    Ok(())
}

pub(crate) async fn presync_in_dev(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    for (role, self_heal) in [("heal", true), ("no-heal", false)] {
        let app = scenario.app(role).catalog("1", &Migration::new("1", lab.ttl)).automated(self_heal);
        scenario.create(app.presync(&[("environment", "dev"), ("ttl", &lab.ttl_setting())])).await?;
    }
    for app in scenario.apps().await {
        let since = app.at_rest().await?;
        app.stays_at_rest(since).await?;

        let jobs = app.migrations.of(MIGRATION);
        let [job] = jobs.as_slice() else { bail!("exactly one Job:\n{}", app.migrations) };
        ensure!(job.runs.len() == 1, "exactly one run:\n{}", app.migrations);
        ensure!(job.gone, "deleted after its TTL:\n{}", app.migrations);
        // It needs nothing of its own app.
        ensure!(job.annotation(HOOK) == Some("PreSync"), "the phase is {:?}", job.annotation(HOOK));
    }
    Ok(())
}

pub(crate) async fn presync_in_production(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = scenario.app("").catalog("1", &Migration::new("1", lab.ttl)).automated(true);
    let app = scenario.create(app.presync(&[("environment", "production")])).await?;
    let since = app.at_rest().await?;
    app.stays_at_rest(since).await?;

    let jobs = app.migrations.of(MIGRATION);
    let [job] = jobs.as_slice() else { bail!("exactly one Job:\n{}", app.migrations) };
    ensure!(job.runs.len() == 1, "exactly one run:\n{}", app.migrations);
    ensure!(!job.gone && job.outcome() == Some("Complete"), "kept:\n{}", app.migrations);
    ensure!(job.ttl().is_none(), "without a TTL, not {:?}", job.ttl());
    Ok(())
}
