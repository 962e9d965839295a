//! `presync repair`.

use std::{
    cell::RefCell,
    fmt::{self, Write as _},
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use presync::{
    cluster::{
        application::Application,
        key::AppKey,
        repair::{
            Ending, Outcome,
            execute::Repairer,
            fleet::{self, Pace},
            plan::{Options, Plan, SyncAfter},
        },
        report::text::counted,
    },
    error::Result,
    exit::Exit,
};

use super::{
    connect::{Connect, block_on, duration, tell},
    output::print,
    selection::AppSelection,
};

/// End stuck syncs and compare anew (a dry run without --yes)
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(
    after_help = "It ends a sync as Argo CD's own API does, and verifies. Exit code 10 when an app is left unrepaired, 9 when the cluster refused or failed."
)]
pub(crate) struct Args {
    #[command(flatten)]
    applications: AppSelection,
    /// Act; without it the requests are only shown
    #[arg(long)]
    yes: bool,
    /// Sync afterwards; a migration Job that is missing runs again
    #[arg(long)]
    sync: bool,
    /// With --sync: delete what is no longer rendered
    #[arg(long, requires = "sync")]
    prune: bool,
    /// End a sync although its hook is running, or cannot be seen
    #[arg(long)]
    force: bool,
    /// Take Argo CD's finalizer from hook Jobs that nothing else lets go
    #[arg(long)]
    remove_finalizers: bool,
    /// Time for each app, all waits included
    #[arg(long, default_value = "2m", value_parser = duration, value_name = "DURATION")]
    timeout: Duration,
    /// Apps that are worked on at the same time
    #[arg(long, default_value_t = 4, value_name = "COUNT")]
    parallel: usize,
    /// Longest random pause before each app, when there are several
    #[arg(long, default_value = "2s", value_parser = duration, value_name = "DURATION")]
    jitter: Duration,
    #[command(flatten)]
    connect: Connect,
}

impl Args {
    fn options(&self) -> Options {
        Options {
            older_than: self.applications.older_than,
            force: self.force,
            sync: self.sync.then_some(SyncAfter { prune: self.prune }),
            remove_finalizers: self.remove_finalizers,
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<Exit> {
    block_on(repair(args))
}

async fn repair(args: &Args) -> Result<Exit> {
    let started = Instant::now();
    let selection = args.applications.required(&args.connect)?;
    let access = args.connect.access().await?;
    let mut apps = selection.read(&access.client).await?;
    let seen = apps.len();
    let progress = |app: &AppKey, step: &str| tell(&format!("{app}: {step}"));
    let repairer = Repairer {
        client: access.client.clone(),
        options: args.options(),
        timeout: args.timeout,
        progress: &progress,
    };
    if !args.applications.is_named() {
        apps = repairer.needy(apps, args.parallel).await?;
    }
    let exit = if args.yes {
        access.check(&fleet::permissions(&apps, &repairer.options)).await?;
        act(args, &repairer, &apps).await?
    } else {
        preview(args, &repairer, &apps).await?
    };
    let (chosen, requests, seconds) = (apps.len(), access.requests(), started.elapsed().as_secs_f64());
    print(&format!(
        "{} looked at, {chosen} chosen ({}, {seconds:.1} s)\n",
        counted(seen, "application"),
        counted(requests, "request"),
    ))?;
    Ok(exit)
}

/// Shows what would be sent.
async fn preview(args: &Args, repairer: &Repairer<'_>, apps: &[Application]) -> Result<Exit> {
    let mut exit = Exit::OK;
    let mut previews = stream::iter(apps)
        .map(|app| async move { (app, repairer.preview(app).await) })
        .buffered(args.parallel.max(1));
    while let Some((app, preview)) = previews.next().await {
        match preview? {
            Ok(plan) => print(&requests(app, &plan))?,
            Err(refusal) => {
                exit = Exit::FINDINGS;
                print(&format!(
                    "{}: {}, left alone: {refusal}
",
                    app.key(),
                    app.state()
                ))?;
            }
        }
    }
    if !apps.is_empty() {
        print("dry run: nothing was changed; --yes acts\n")?;
    }
    Ok(exit)
}

fn requests(app: &Application, plan: &Plan) -> String {
    let mut text = format!("{}: {}\n", app.key(), app.state());
    for need in &plan.needs {
        let _ = writeln!(text, "  {need}");
    }
    for request in &plan.requests {
        let _ = writeln!(text, "  would send  {}\n  as kubectl  {}", request.http(), request.kubectl());
    }
    text
}

/// Sends it, and reports.
async fn act(args: &Args, repairer: &Repairer<'_>, apps: &[Application]) -> Result<Exit> {
    let tally = RefCell::new(Tally::default());
    let jitter = if apps.len() > 1 { args.jitter } else { Duration::ZERO };
    let pace = Pace { parallel: args.parallel, jitter };
    let done = |outcome: Outcome| {
        tell_problems(&outcome);
        tally.borrow_mut().add(&outcome);
        // What cannot be printed now would fail again at the end.
        let _ = print(&line(&outcome));
    };
    let interrupted = tokio::select! {
        () = fleet::run(repairer, apps, pace, done) => false,
        _ = tokio::signal::ctrl_c() => true,
    };
    let tally = tally.into_inner();
    if apps.len() > 1 {
        print(&format!("{tally}\n"))?;
    }
    if interrupted {
        let rest = apps.len() - tally.all();
        tell(&format!(
            "interrupted with {rest} to go; what was begun is safe to leave, run it again to go on"
        ));
        return Ok(Exit::FINDINGS);
    }
    Ok(tally.exit())
}

/// Returns how an app was, is and why; nothing for one that was not tried.
fn line(outcome: &Outcome) -> String {
    let Outcome { app, before, ending, requests, elapsed, .. } = outcome;
    let cost = format!("({}, {:.1} s)", counted(*requests, "request"), elapsed.as_secs_f64());
    match ending {
        Ending::Repaired => format!("{outcome} {cost}\n"),
        Ending::Left(complaints) => format!("{outcome}, still: {} {cost}\n", complaints.join("; ")),
        Ending::Refused(refusal) => format!("{app}: {before}, left alone: {refusal}\n"),
        Ending::Gone => format!("{app}: {before}, deleted meanwhile {cost}\n"),
        Ending::Failed(_) | Ending::Forbidden(_) => format!("{outcome}, failed {cost}\n"),
        Ending::NotTried => String::new(),
    }
}

fn tell_problems(outcome: &Outcome) {
    if let Ending::Failed(problems) | Ending::Forbidden(problems) = &outcome.ending {
        tell(&problems.to_string());
    }
}

/// How many ended how.
#[derive(Debug, Default)]
struct Tally {
    repaired: usize,
    left: usize,
    refused: usize,
    gone: usize,
    failed: usize,
    untried: usize,
}

impl Tally {
    fn add(&mut self, outcome: &Outcome) {
        *match outcome.ending {
            Ending::Repaired => &mut self.repaired,
            Ending::Left(_) => &mut self.left,
            Ending::Refused(_) => &mut self.refused,
            Ending::Gone => &mut self.gone,
            Ending::Failed(_) | Ending::Forbidden(_) => &mut self.failed,
            Ending::NotTried => &mut self.untried,
        } += 1;
    }

    fn all(&self) -> usize {
        self.repaired + self.left + self.refused + self.gone + self.failed + self.untried
    }

    fn exit(&self) -> Exit {
        match (self.failed, self.left + self.refused + self.gone + self.untried) {
            (0, 0) => Exit::OK,
            (0, _) => Exit::FINDINGS,
            _ => Exit::CLUSTER,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { repaired, left, refused, gone, failed, untried } = self;
        write!(
            f,
            "{repaired} repaired, {left} still out of sync or unhealthy, {refused} left alone, {gone} deleted meanwhile, {failed} failed, {untried} not tried"
        )
    }
}
