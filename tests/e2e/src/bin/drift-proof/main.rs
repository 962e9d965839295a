//! The proof that the README shows: one app four times, native and through presync, with and without self-heal, its status
//! sampled each second over several TTLs. Nobody commits anything meanwhile.
//!
//! Writes `docs/drift-proof.csv` (every sample), `docs/drift-proof.json` (the figures) and `docs/drift-proof.svg`.

mod picture;

use std::{env, fmt::Write as _, fs, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use e2e::{
    app::App,
    catalog::{MIGRATION, Migration},
    history::State,
    scenario::Scenario,
    stack::{self, Stack},
};
use serde::Serialize;
use tokio::time::{Instant, interval};

/// For how long the apps are sampled; `DRIFT_PROOF_SECONDS` says otherwise.
const SECONDS: u64 = 240;

/// The four ways of the one app: title, through presync, self-heal.
const WAYS: [(&str, bool, bool); 4] = [
    ("native, self-heal", false, true),
    ("native, no self-heal", false, false),
    ("presync, self-heal", true, true),
    ("presync, no self-heal", true, false),
];

/// What was seen of one app.
#[derive(Debug, Serialize)]
struct Seen {
    title: &'static str,
    /// Seconds in which it was `OutOfSync` or `Missing` while no operation ran.
    drift_seconds: usize,
    /// Seconds in which it was `OutOfSync` or `Missing` at all, after its first sync.
    out_of_sync_seconds: usize,
    /// How often the migration ran.
    migration_runs: usize,
    #[serde(skip)]
    samples: Vec<Sample>,
}

/// One second of one app.
#[derive(Debug, Clone)]
struct Sample {
    state: State,
    /// How often the migration had run by then.
    runs: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let seconds = match env::var("DRIFT_PROOF_SECONDS") {
        Ok(text) => text.parse().context("DRIFT_PROOF_SECONDS")?,
        Err(_) => SECONDS,
    };
    let binaries =
        stack::binaries(&root)?.context("there is no Argo CD in target/tools: run `make drift-proof`")?;
    let presync = stack::program(&root)?;
    let mut stack =
        Stack::start(&binaries, &presync, &root.join("plugin.yaml"), &root.join("target/e2e")).await?;
    let ttl = stack.lab.ttl;
    let seen = {
        let scenario = Scenario::new(stack.lab.clone(), "drift-proof");
        let seen = sample(&scenario, seconds).await?;
        scenario.clean_up().await?;
        seen
    };
    stack.check()?;
    let docs = root.join("docs");
    fs::write(docs.join("drift-proof.csv"), csv(&seen))?;
    fs::write(docs.join("drift-proof.json"), json(&seen, ttl, seconds)?)?;
    fs::write(docs.join("drift-proof.svg"), picture::draw(&seen, ttl))?;
    Ok(())
}

async fn sample(scenario: &Scenario, seconds: u64) -> Result<Vec<Seen>> {
    let lab = scenario.lab();
    let mut apps = Vec::new();
    for (number, (title, plugin, self_heal)) in WAYS.into_iter().enumerate() {
        let app = scenario.app(&number.to_string()).catalog("1", &Migration::new("1", lab.ttl));
        let app = app.automated(self_heal);
        let ttl = lab.ttl_setting();
        let app = if plugin { app.presync(&[("environment", "dev"), ("ttl", &ttl)]) } else { app };
        apps.push((title, scenario.create(app).await?, Vec::new()));
    }
    for (_, app, _) in &apps {
        app.synced().await?;
    }
    let mut second = interval(Duration::from_secs(1));
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        second.tick().await;
        for (_, app, samples) in &mut apps {
            samples.push(Sample { state: app.history.now()?, runs: app.migrations.runs(MIGRATION) });
        }
    }
    Ok(apps.into_iter().map(|(title, app, samples)| seen(title, &app, samples)).collect())
}

fn seen(title: &'static str, app: &App, samples: Vec<Sample>) -> Seen {
    let count = |wanted: fn(&State) -> bool| samples.iter().filter(|sample| wanted(&sample.state)).count();
    Seen {
        title,
        drift_seconds: count(State::drifts),
        out_of_sync_seconds: count(|state| state.sync == "OutOfSync" || state.health == "Missing"),
        migration_runs: app.migrations.runs(MIGRATION),
        samples,
    }
}

fn csv(seen: &[Seen]) -> String {
    let mut text = "app,second,sync,health,operating,migration_runs\n".to_owned();
    for app in seen {
        for (second, Sample { state, runs }) in app.samples.iter().enumerate() {
            let State { sync, health, operating, .. } = state;
            let _ = writeln!(text, "\"{}\",{second},{sync},{health},{operating},{runs}", app.title);
        }
    }
    text
}

fn json(seen: &[Seen], ttl: Duration, seconds: u64) -> Result<String> {
    let figures = serde_json::json!({"ttl_seconds": ttl.as_secs(), "sampled_seconds": seconds, "apps": seen});
    Ok(serde_json::to_string_pretty(&figures)? + "\n")
}
