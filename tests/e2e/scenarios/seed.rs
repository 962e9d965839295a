//! The incident that the project started from: a migration Job with a TTL, deployed by Argo CD. First as it was, then
//! through presync.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use e2e::app::SOON;
use e2e::catalog::{MIGRATION, Migration};
use e2e::history::State;
use e2e::scenario::Scenario;
use tokio::time::sleep;

use crate::HOOK;

pub(crate) async fn native_with_self_heal(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = scenario.app("").catalog("1", &Migration::new("1", lab.ttl)).automated(true);
    let app = scenario.create(app).await?;
    let since = app.at_rest().await?;
    ensure!(app.migrations.runs(MIGRATION) == 1, "one run by the first sync:\n{}", app.migrations);

    // Nobody commits anything, and yet it runs again after every TTL.
    let again = app.migrations.until("a third run", 3 * lab.after_ttl(), MIGRATION, |jobs| {
        jobs.iter().filter(|job| !job.runs.is_empty()).count() >= 3
    });
    again.await?;
    ensure!(app.history.ensure_at_rest_since(since).is_err(), "OutOfSync before each run:\n{}", app.history);
    Ok(())
}

pub(crate) async fn native_without_self_heal(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = scenario.app("").catalog("1", &Migration::new("1", lab.ttl)).automated(false);
    let app = scenario.create(app).await?;
    app.at_rest().await?;

    let drifting = app.history.until("drift after the TTL", lab.after_ttl(), State::drifts).await?;
    ensure!(
        drifting.sync == "OutOfSync" && drifting.health == "Missing",
        "as the incident tells: {drifting}"
    );
    // Neither time nor a refresh heals it.
    sleep(lab.after_ttl()).await;
    app.refresh("hard").await?;
    app.refreshed().await?;
    ensure!(app.history.now()?.drifts(), "still:\n{}", app.history);
    ensure!(app.migrations.runs(MIGRATION) == 1, "the migration ran once:\n{}", app.migrations);
    Ok(())
}

/// How an application gets stuck for good: the Job is gone before Argo CD has seen it finish. A TTL of 0 makes sure of
/// that; with the incident's it takes a controller that is restarted, or has too much to do, for those five minutes.
pub(crate) async fn native_job_gone_before_argocd_looks(scenario: &Scenario) -> Result<()> {
    let app = scenario.app("").catalog("1", &Migration::new("1", Duration::ZERO)).automated(true);
    let app = scenario.create(app).await?;
    let stuck = "waiting for healthy state of batch/Job/catalog-migration";
    app.history.until("a sync that waits for the deleted Job", SOON, |state| state.message == stuck).await?;
    sleep(Duration::from_secs(30)).await;
    let state = app.history.now()?;
    ensure!(state.operating && state.message == stuck, "it waits for ever:\n{}", app.history);
    app.terminate().await
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
        ensure!(app.history.drift(app.created()).is_zero(), "it never drifted:\n{}", app.history);

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
    ensure!(app.history.drift(app.created()).is_zero(), "it never drifted:\n{}", app.history);

    let jobs = app.migrations.of(MIGRATION);
    let [job] = jobs.as_slice() else { bail!("exactly one Job:\n{}", app.migrations) };
    ensure!(job.runs.len() == 1, "exactly one run:\n{}", app.migrations);
    ensure!(!job.gone && job.outcome() == Some("Complete"), "kept:\n{}", app.migrations);
    ensure!(job.ttl().is_none(), "without a TTL, not {:?}", job.ttl());
    Ok(())
}
