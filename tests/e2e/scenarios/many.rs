//! Many applications at once, in one sidecar.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::app::SOON;
use e2e::catalog::{MIGRATION, Migration};
use e2e::lab::Sidecar;
use e2e::scenario::Scenario;
use e2e::wait;
use futures::future::try_join_all;

const APPS: usize = 20;

pub(crate) async fn apps_at_once(scenario: &Scenario) -> Result<()> {
    let lab = scenario.lab();
    let apps = (1..=APPS).map(|number| {
        // Each with a TTL of its own, by which its Job is recognised.
        let ttl = format!("{}s", 600 + number);
        let app =
            scenario.app(&number.to_string()).catalog("1", &Migration::new("1", lab.ttl)).automated(true);
        let app = app.presync(&[("environment", "dev"), ("ttl", &ttl)]);
        async move { Ok::<_, anyhow::Error>((600 + number, scenario.create(app).await?)) }
    });
    let apps = try_join_all(apps).await?;
    try_join_all(apps.iter().map(|(_, app)| app.at_rest())).await?;
    // From scratch, so that the plugin runs for each.
    try_join_all(apps.iter().map(|(_, app)| app.refresh("hard"))).await?;
    try_join_all(apps.iter().map(|(_, app)| app.refreshed())).await?;

    for (ttl, app) in &apps {
        ensure!(app.history.now()?.at_rest(), "{} is Synced and Healthy:\n{}", app.name(), app.history);
        let jobs = app.migrations.of(MIGRATION);
        ensure!(jobs.len() == 1, "{} has exactly one Job:\n{}", app.name(), app.migrations);
        ensure!(
            jobs[0].ttl() == i32::try_from(*ttl).ok(),
            "{} has its own TTL: {:?}",
            app.name(),
            jobs[0].ttl()
        );
    }
    match &lab.sidecar {
        Some(sidecar) => nothing_left_behind(sidecar).await,
        None => Ok(()),
    }
}

/// No process of presync, and no file. Other scenarios may be rendered in between, so that it may take a moment.
async fn nothing_left_behind(sidecar: &Sidecar) -> Result<()> {
    wait::until(
        "a sidecar with nothing left behind",
        Duration::min(SOON, Duration::from_mins(1)),
        async || {
            let idle = !runs(&sidecar.presync)? && is_empty(&sidecar.folder)?;
            Ok(idle.then_some(()))
        },
    )
    .await
}

/// Some process runs `program`, or a descendant of one in its group: what it started holds its name no longer.
fn runs(program: &Path) -> Result<bool> {
    for entry in fs::read_dir("/proc")? {
        // Processes come and go while one looks.
        if fs::read_link(entry?.path().join("exe")).is_ok_and(|exe| exe == program) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// No file, however deep. The cmp-server keeps an empty folder for its work.
fn is_empty(folder: &Path) -> Result<bool> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(true) };
    for entry in entries {
        let path = entry?.path();
        if !path.is_dir() || !is_empty(&path)? {
            return Ok(false);
        }
    }
    Ok(true)
}
