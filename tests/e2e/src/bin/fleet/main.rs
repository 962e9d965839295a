//! The fleet that hurts: hundreds of Applications on a real Argo CD, some of them broken in every way that the scenarios
//! know, and `repair` among conflicts, a busy API server, one that is killed, and a token that expires.
//!
//! Writes `docs/fleet.json`. `FLEET_APPS` and `FLEET_BROKEN` say how many.

#![expect(clippy::print_stdout, reason = "it is a program that talks to who runs it")]

mod broken;
mod run;
mod ways;

use std::{env, fs, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use e2e::{
    lab::Lab,
    proxy::{Before, Proxy, Trouble, no_trouble},
    stack::{self, Stack},
};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use run::{Figures, presync};
use tokio::sync::mpsc;
use ways::Way;

const APPS: usize = 500;
const BROKEN: usize = 63;
/// For how long a killed API server is not started again.
const DOWN: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let (apps, broken) = (number("FLEET_APPS", APPS)?, number("FLEET_BROKEN", BROKEN)?);
    let binaries =
        stack::binaries(&root)?.context("there is no Argo CD in target/tools: run `make fleet`")?;
    let program = stack::program(&root)?;
    let output = root.join("target/e2e");
    let mut stack = Stack::start(&binaries, &program, &root.join("plugin.yaml"), &output).await?;
    let lab = stack.lab.clone();
    let fleet = broken::Fleet::create(&lab, apps, broken).await?;
    fleet.settle(&lab).await?;
    let (kill, mut kills) = mpsc::channel(1);
    let killing = async {
        while kills.recv().await.is_some() {
            stack.restart("kube-apiserver", DOWN).await?;
        }
        std::future::pending::<Result<()>>().await
    };
    let figures = tokio::select! {
        figures = measure(&lab, &fleet, kill) => figures?,
        failed = killing => return failed,
    };
    stack.check()?;
    let report = json!({ "applications": apps, "broken": fleet.counts(), "runs": figures });
    fs::write(root.join("docs/fleet.json"), serde_json::to_string_pretty(&report)? + "\n")?;
    Ok(())
}

fn number(variable: &'static str, default: usize) -> Result<usize> {
    env::var(variable).map_or(Ok(default), |text| text.parse()).context(variable)
}

async fn measure(lab: &Lab, fleet: &broken::Fleet, kill: mpsc::Sender<()>) -> Result<Vec<Figures>> {
    let mut figures = Vec::new();
    let quiet = Proxy::start(lab.client.clone(), no_trouble()).await?;
    let doctor = ["doctor", "--all", "--older-than", "0s", "--format", "json"];
    let before = presync(lab, "doctor, before", quiet.kubeconfig(), &doctor).await?;
    ensure!(before.code == Some(10), "{}", before.stderr);
    fleet.check_found(&before.report()?, |_| true)?;
    figures.push(before.figures);

    let repair = ["repair", "--all", "--yes", "--older-than", "0s", "--parallel", "8", "--jitter", "0s"];
    let expires = Some(fleet.size() * 2 / 3);
    let storm = Proxy::start(lab.client.clone(), trouble(lab, kill.clone(), expires)).await?;
    let stopped = presync(lab, "repair, until its token expires", storm.kubeconfig(), &repair).await?;
    ensure!(stopped.code == Some(9), "{}{}", stopped.stdout, stopped.stderr);
    ensure!(stopped.stderr.contains("the credentials are not accepted"), "{}", stopped.stderr);
    fleet.nothing_half_done(lab).await?;
    figures.push(stopped.figures);

    let storm = Proxy::start(lab.client.clone(), trouble(lab, kill, None)).await?;
    let rest = presync(lab, "repair, the rest", storm.kubeconfig(), &repair).await?;
    ensure!(rest.code == Some(10), "{}{}", rest.stdout, rest.stderr);
    fleet.nothing_half_done(lab).await?;
    fleet.nothing_stuck(lab).await?;
    figures.push(rest.figures);

    let after = presync(lab, "doctor, after", quiet.kubeconfig(), &doctor).await?;
    ensure!(after.report()?["summary"]["stuck"] == 0, "{}", after.stdout);
    // What no repair was asked for is as it was.
    fleet.check_found(&after.report()?, |way| !way.is_ended_by_repair() && way != Way::Rerun)?;
    figures.push(after.figures);
    Ok(figures)
}

/// Somebody else writes before every seventh write, every eleventh is refused with 429, at the twentieth the API server
/// is killed, and from one on the token is refused.
fn trouble(lab: &Lab, kill: mpsc::Sender<()>, expires: Option<usize>) -> Before {
    let applications = lab.applications();
    Arc::new(move |number, target: String, _| {
        let (applications, kill) = (applications.clone(), kill.clone());
        Box::pin(async move {
            if expires.is_some_and(|expires| number >= expires) {
                return Ok(Trouble::Refused(401));
            }
            if number == 20 {
                kill.send(()).await?;
            }
            if number % 11 == 10 {
                return Ok(Trouble::Refused(429));
            }
            if number % 7 == 6 {
                let name = target.rsplit('/').next().unwrap_or_default();
                let note: Value =
                    json!({ "metadata": { "annotations": { "e2e.presync/write": number.to_string() } } });
                applications.patch(name, &PatchParams::default(), &Patch::Merge(note)).await?;
            }
            Ok(Trouble::None)
        })
    })
}
