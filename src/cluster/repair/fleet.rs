//! Repairs many Applications: a few at a time, not all at once.

use std::{cell::Cell, collections::BTreeSet, time::Duration};

use futures::{StreamExt, stream};
use tokio::time::sleep;

use crate::cluster::{
    access::Attempt,
    application::Application,
    repair::{Ending, Outcome, execute::Repairer, plan::Options},
};

/// How to go through them.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Repaired at the same time.
    pub parallel: usize,
    /// Longest random pause before each, so that Argo CD's controller and repo-server are not hit by all at once.
    pub jitter: Duration,
}

/// Repairs them, and tells `done` of each as it ends. When the cluster refuses one, those that have not begun are not
/// tried: each would be refused alike.
pub async fn run(repairer: &Repairer<'_>, apps: &[Application], pace: Pace, mut done: impl FnMut(Outcome)) {
    let refused = Cell::new(false);
    let repairs = apps.iter().map(|app| one(repairer, app, pace, &refused));
    let mut running = stream::iter(repairs).buffer_unordered(pace.parallel.max(1));
    while let Some(outcome) = running.next().await {
        done(outcome);
    }
}

/// Returns what the cluster must allow before anything is begun.
pub fn permissions<'a>(apps: &'a [Application], options: &Options) -> Vec<Attempt<'a>> {
    let own: BTreeSet<&str> = apps.iter().filter_map(|app| app.metadata.namespace.as_deref()).collect();
    let get = own.iter().map(|namespace| Attempt::new("get", "applications.argoproj.io", namespace));
    let patch = own.iter().map(|namespace| Attempt::new("patch", "applications.argoproj.io", namespace));
    let destinations: BTreeSet<&str> = apps
        .iter()
        .filter(|app| options.remove_finalizers && app.is_local())
        .map(|app| app.spec.destination.namespace.as_str())
        .collect();
    let jobs = destinations.into_iter().map(|namespace| Attempt::new("patch", "jobs.batch", namespace));
    get.chain(patch).chain(jobs).collect()
}

async fn one(repairer: &Repairer<'_>, app: &Application, pace: Pace, refused: &Cell<bool>) -> Outcome {
    if !refused.get() {
        sleep(pace.jitter.mul_f64(fastrand::f64())).await;
    }
    if refused.get() {
        return untried(app);
    }
    let outcome = repairer.repair(&app.key(), &app.state()).await;
    if matches!(outcome.ending, Ending::Forbidden(_)) {
        refused.set(true);
    }
    outcome
}

/// One that was not begun.
pub fn untried(app: &Application) -> Outcome {
    Outcome {
        app: app.key(),
        before: app.state(),
        after: app.state(),
        ending: Ending::NotTried,
        requests: 0,
        elapsed: Duration::ZERO,
    }
}
