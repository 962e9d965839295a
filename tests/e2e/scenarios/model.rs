//! The model of Argo CD's sync, held against the real one: random apps end as it predicts.
//!
//! `make model` writes the apps and their verdicts and runs this.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use e2e::scenario::Scenario;
use futures::future::try_join_all;
use tokio::time::sleep;

/// How many apps run at once.
const AT_ONCE: usize = 40;

/// A sync that goes on for longer is taken to block. Those that end take some ten seconds, most of them between waves.
const BLOCKS: Duration = Duration::from_secs(150);

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
        let runs = chunk.iter().enumerate().map(|(number, file)| async move {
            let text = fs::read_to_string(file)?;
            let predicted = text.starts_with("# ends");
            let role = format!("{at}-{number}");
            let app = scenario.create(scenario.app(&role).file("app.yaml", text)).await?;
            app.sync().await?;
            let done = |phase: &str| matches!(phase, "Succeeded" | "Failed" | "Error");
            let ended =
                app.history.until("the end", BLOCKS, |state| !state.operating && done(&state.phase)).await;
            let real = match ended {
                Ok(state) if state.phase == "Succeeded" => true,
                Ok(state) => bail!("{}: {} {}", file.display(), state.phase, state.message),
                Err(_) => false,
            };
            let difference = (predicted != real).then(|| format!("{}\n{}", file.display(), app.history));
            if !real {
                app.terminate().await?;
            }
            Ok::<_, anyhow::Error>((real, difference))
        });
        for (real, difference) in try_join_all(runs).await? {
            *(if real { &mut ends } else { &mut blocks }) += 1;
            differences.extend(difference);
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
