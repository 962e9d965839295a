//! The incident that the project started from: a migration Job with a TTL, deployed by Argo CD.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::app::SOON;
use e2e::catalog::{MIGRATION, Migration, workloads};
use e2e::history::State;
use e2e::scenario::Scenario;

/// The TTL of the Jobs, in seconds. The incident's was 300.
const TTL: u32 = 15;

/// Enough for the TTL to pass and for Kubernetes and Argo CD to notice.
const AFTER_TTL: Duration = Duration::from_secs(TTL as u64 + 30);

pub(crate) async fn native_with_self_heal_runs_the_migration_again_after_every_ttl(
    scenario: &Scenario,
) -> Result<()> {
    let app = scenario.app("").file("workloads.yaml", workloads("1"));
    let app = app.file("migration.yaml", Migration::new("1", TTL).yaml()).automated(true);
    let app = scenario.create(app).await?;
    app.at_rest(SOON).await?;
    ensure!(app.migrations.runs(MIGRATION) == 1, "one run by the first sync:\n{}", app.migrations);

    // Nobody commits anything, and yet:
    let again = app.migrations.until("a third run", 3 * AFTER_TTL, MIGRATION, |jobs| {
        jobs.iter().map(|job| job.runs.len()).sum::<usize>() >= 3
    });
    let jobs = again.await?;
    ensure!(jobs.len() >= 3, "each run is a Job of its own:\n{}", app.migrations);
    Ok(())
}

pub(crate) async fn native_without_self_heal_drifts_for_ever(scenario: &Scenario) -> Result<()> {
    let app = scenario.app("").file("workloads.yaml", workloads("1"));
    let app = app.file("migration.yaml", Migration::new("1", TTL).yaml()).automated(false);
    let app = scenario.create(app).await?;
    app.at_rest(SOON).await?;

    let drifting = app.history.until("drift after the TTL", AFTER_TTL, State::drifts).await?;
    ensure!(
        drifting.sync == "OutOfSync" && drifting.health == "Missing",
        "as the incident tells: {drifting}"
    );
    // Neither time nor a refresh heals it.
    app.refresh("hard").await?;
    tokio::time::sleep(AFTER_TTL).await;
    ensure!(app.history.now()?.drifts(), "still:\n{}", app.history);
    ensure!(app.migrations.runs(MIGRATION) == 1, "the migration ran once:\n{}", app.migrations);
    Ok(())
}
