//! What becomes of a migration that is not to be a hook. The strategy `hook` is everywhere else.

use anyhow::{Result, ensure};
use e2e::app::SOON;
use e2e::catalog::{LASTING, MIGRATION, Migration};
use e2e::history::State;
use e2e::migrations::Seen;
use e2e::scenario::Scenario;

use crate::HOOK;

/// A plain Job that stays, and is replaced when its content changes.
pub(crate) async fn once(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let app = scenario.app("").catalog("1", &Migration::new("1", lab.ttl)).automated(true);
    let app = scenario.create(app.presync(&[("strategy", "once")])).await?;
    let since = app.at_rest().await?;
    app.stays_at_rest(since).await?;
    let first = app.migrations.all();
    ensure!(first.len() == 1 && !first[0].gone, "one Job, which stays:\n{}", app.migrations);
    let name = first[0].name();
    ensure!(name.starts_with(MIGRATION) && name != MIGRATION, "its name carries a digest: {name}");
    ensure!(first[0].annotation(HOOK).is_none() && first[0].ttl().is_none(), "plain and without a TTL");

    // The workloads change, the migration does not: it does not run again.
    app.deploy("2", &Migration::new("1", lab.ttl)).await?;
    app.at_rest().await?;
    ensure!(app.deployed().await? == "2", "the new version is deployed");
    ensure!(app.migrations.all().len() == 1, "still one Job:\n{}", app.migrations);

    // Now it changes: one new Job, and the old one is pruned.
    app.deploy("3", &Migration::new("3", lab.ttl)).await?;
    app.at_rest().await?;
    let jobs = app.migrations.all();
    let standing: Vec<&Seen> = jobs.iter().filter(|job| !job.gone).collect();
    ensure!(jobs.len() == 2 && standing.len() == 1, "the second in the first's place:\n{}", app.migrations);
    ensure!(jobs.iter().all(|job| job.runs.len() == 1), "one run of each:\n{}", app.migrations);
    Ok(())
}

/// The TTL is longer, and the drift comes later.
pub(crate) async fn extend(scenario: &Scenario) -> Result<()> {
    let longer = 3 * LASTING;
    let app = scenario.app("").catalog("1", &Migration::new("1", LASTING)).automated(false);
    let app = app.presync(&[("strategy", "extend"), ("ttl", &format!("{}s", longer.as_secs()))]);
    let app = scenario.create(app).await?;
    app.at_rest().await?;
    let jobs = app.migrations.of(MIGRATION);
    ensure!(jobs.len() == 1 && jobs[0].annotation(HOOK).is_none(), "a plain Job:\n{}", app.migrations);
    ensure!(jobs[0].ttl() == i32::try_from(longer.as_secs()).ok(), "the TTL is {:?}", jobs[0].ttl());
    app.ttl_passes().await?;
    app.history.until("the drift after all", SOON, State::drifts).await?;
    Ok(())
}

/// Left as it is, with its drift.
pub(crate) async fn off(scenario: &Scenario) -> Result<()> {
    let migration = Migration::new("1", LASTING).annotation("argocd-presync-plugin/strategy", "off");
    let app = scenario.app("").catalog("1", &migration).automated(false);
    let app = scenario.create(app.presync(&[("environment", "dev")])).await?;
    app.at_rest().await?;
    app.ttl_passes().await?;
    app.history.until("the drift that presync would prevent", SOON, State::drifts).await?;
    let jobs = app.migrations.of(MIGRATION);
    ensure!(jobs.len() == 1 && jobs[0].annotation(HOOK).is_none(), "a plain Job:\n{}", app.migrations);
    Ok(())
}
