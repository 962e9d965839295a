//! The places that a setting can stand in, seen in the Job that Argo CD creates.

use anyhow::{Result, bail, ensure};
use e2e::app::{App, Builder};
use e2e::catalog::{MIGRATION, Migration};
use e2e::scenario::Scenario;

use crate::HOOK;

pub(crate) async fn parameters(scenario: &Scenario) -> Result<()> {
    let app = catalog(scenario).presync(&[("ttl", "601s"), ("phase", "Sync")]);
    let app = scenario.create(app).await?;
    expect(&app, "Sync", 601).await
}

pub(crate) async fn environment_variables(scenario: &Scenario) -> Result<()> {
    let app = catalog(scenario).presync(&[]).env("PRESYNC_TTL", "602s");
    let app = scenario.create(app).await?;
    expect(&app, "PreSync", 602).await
}

pub(crate) async fn settings_file(scenario: &Scenario) -> Result<()> {
    let settings = "environments: {staging: {ttl: 603s}}\n";
    let app = catalog(scenario).file("presync.yaml", settings).presync(&[("environment", "staging")]);
    let app = scenario.create(app).await?;
    expect(&app, "PreSync", 603).await
}

/// The platform file of the stack lowers the floor that a hook's TTL has by default.
pub(crate) async fn platform_file(scenario: &Scenario) -> Result<()> {
    if scenario.lab().sidecar.is_none() {
        // Somebody else's Argo CD has a platform file of its own, or none.
        return Ok(());
    }
    let app = catalog(scenario).presync(&[("ttl", "1s")]);
    let app = scenario.create(app).await?;
    expect(&app, "PreSync", 5).await
}

fn catalog(scenario: &Scenario) -> Builder {
    scenario.app("").catalog("1", &Migration::new("1", scenario.lab().ttl)).automated(true)
}

async fn expect(app: &App, phase: &str, ttl: i32) -> Result<()> {
    app.at_rest().await?;
    let jobs = app.migrations.of(MIGRATION);
    let [job] = jobs.as_slice() else { bail!("exactly one Job:\n{}", app.migrations) };
    ensure!(job.annotation(HOOK) == Some(phase), "the phase is {:?}", job.annotation(HOOK));
    ensure!(job.ttl() == Some(ttl), "the TTL is {:?}", job.ttl());
    Ok(())
}
