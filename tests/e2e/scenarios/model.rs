//! The model of Argo CD's sync, held against the real one: random apps end as it predicts.
//!
//! `make model` writes the apps and their verdicts and runs this.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::app::{App, SOON};
use e2e::history::State;
use e2e::scenario::Scenario;
use futures::future::{join_all, try_join_all};
use tokio::time::sleep;

/// How many apps run at once.
const AT_ONCE: usize = 40;

/// A sync that goes on for so much longer than the slowest of those that end is taken to block.
const SLACK: Duration = Duration::from_secs(15);

/// The folder with the apps: `<seed>.yaml`, whose first line is `# ends` or `# blocks`.
fn folder() -> Option<PathBuf> {
    std::env::var_os("PRESYNC_RANDOM_FOLDER").map(PathBuf::from)
}

/// Whether a scenario is to run: the one of this file only where apps were written.
pub(crate) fn is_asked_for(name: &str) -> bool {
    !name.starts_with("model::") || folder().is_some()
}

pub(crate) async fn random_apps_come_up_as_predicted(scenario: &Scenario) -> Result<()> {
    let folder = folder().context("PRESYNC_RANDOM_FOLDER is not set")?;
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    ensure!(!files.is_empty(), "no apps in {}", folder.display());
    let mut differences = Vec::new();
    let (mut ends, mut blocks) = (0, 0);
    for (at, chunk) in files.chunks(AT_ONCE).enumerate() {
        for (app, predicted, real) in run(scenario, at, chunk).await? {
            *(if real { &mut ends } else { &mut blocks }) += 1;
            if predicted != real {
                differences.push(format!("{}\n{}", app.name(), app.history));
            }
        }
        scenario.clean_up().await?;
        sleep(Duration::from_secs(1)).await;
    }
    println!(
        "{} random apps: {ends} syncs end, {blocks} block; {} differ from the model",
        files.len(),
        differences.len()
    );
    ensure!(differences.is_empty(), "{}", differences.join("\n"));
    Ok(())
}

/// Syncs apps side by side: each with the verdict of the model, whether its sync ends, and the real one.
async fn run(scenario: &Scenario, at: usize, files: &[PathBuf]) -> Result<Vec<(Arc<App>, bool, bool)>> {
    let starts = files.iter().enumerate().map(|(number, file)| async move {
        let text = fs::read_to_string(file)?;
        let predicted = text.starts_with("# ends");
        let seed = file.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        let app =
            scenario.create(scenario.app(&format!("{at}-{number}-{seed}")).file("app.yaml", text)).await?;
        app.sync().await?;
        anyhow::Ok((app, predicted))
    });
    let apps = try_join_all(starts).await?;
    let began = Instant::now();
    let ends = |state: &State| !state.operating && matches!(&*state.phase, "Succeeded" | "Failed" | "Error");
    let ending = apps.iter().filter(|(_, predicted)| *predicted);
    // One that does not end is told below.
    join_all(ending.map(|(app, _)| app.history.until("the end", SOON, ends))).await;
    sleep(began.elapsed() + SLACK).await;
    let mut verdicts = Vec::new();
    for (app, predicted) in apps {
        let state = app.history.now()?;
        let real = ends(&state);
        ensure!(!real || state.phase == "Succeeded", "{}: {} {}", app.name(), state.phase, state.message);
        if !real {
            app.terminate().await?;
        }
        verdicts.push((app, predicted, real));
    }
    Ok(verdicts)
}
