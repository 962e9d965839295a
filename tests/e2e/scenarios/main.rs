//! The end-to-end tests: each scenario is a test, and all run at once on one stack.
//!
//! `make e2e` builds what is needed and runs them; `docs/how-we-test.md` tells more. The arguments are those of any
//! Rust test: names to filter by, `--list`, `--test-threads`.

#![expect(clippy::print_stdout, reason = "it is a program that talks to who runs it")]

use std::env;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, bail, ensure};
use e2e::lab::Lab;
use e2e::scenario::Scenario;
use e2e::stack::{self, Stack};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};

mod rescue;
mod rescue_faults;
mod rescue_rbac;
mod rescue_watch;
mod seed;

type Run = fn(Arc<Scenario>) -> Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Lists scenarios: `module::function` of type `async fn(&Scenario) -> Result<()>`.
macro_rules! scenarios {
    ($($module:ident::$function:ident),* $(,)?) => {
        &[$((concat!(stringify!($module), "::", stringify!($function)), |scenario| {
            Box::pin(async move { $module::$function(&scenario).await })
        })),*]
    };
}

const SCENARIOS: &[(&str, Run)] = scenarios![
    rescue::a_job_that_ttl_deleted_is_named_and_after_the_fix_forgotten,
    rescue::the_remedy_of_doctor_cures_for_good,
    rescue::a_half_fixed_sync_is_ended_and_leaves_nothing,
    rescue_faults::a_few_conflicts_are_outlived,
    rescue_faults::conflicts_on_every_write_are_given_up_and_change_nothing,
    rescue_faults::an_api_server_that_goes_away_in_the_middle_is_waited_for,
    rescue_faults::an_api_server_that_stays_away_ends_the_wait,
    rescue_faults::an_app_that_is_deleted_meanwhile_is_no_error_of_its_own,
    rescue_rbac::doctor_needs_exactly_its_permissions,
    rescue_rbac::repair_needs_exactly_its_permissions,
    rescue_rbac::watch_needs_exactly_its_permissions,
    rescue_watch::a_deletion_by_ttl_is_counted_once_and_told,
    seed::native_with_self_heal_runs_the_migration_again_after_every_ttl,
    seed::native_without_self_heal_drifts_for_ever,
];

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        println!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode> {
    let mut arguments = Arguments::from_args();
    // They wait nearly all of the time.
    arguments.test_threads.get_or_insert(SCENARIOS.len());
    let runtime = Runtime::new()?;
    let trials = |lab: Option<&Lab>| {
        let trial = |(name, run): &(&'static str, Run)| {
            let (handle, lab, name, run) = (runtime.handle().clone(), lab.cloned(), *name, *run);
            Trial::test(name, move || perform(&handle, lab, name, run))
        };
        SCENARIOS.iter().map(trial).collect()
    };
    if arguments.list {
        return Ok(libtest_mimic::run(&arguments, trials(None)).exit_code());
    }

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let output = root.join("target/e2e");
    if let Some(lab) = runtime.block_on(Lab::from_env(&output))? {
        return Ok(libtest_mimic::run(&arguments, trials(Some(&lab))).exit_code());
    }
    let Some(binaries) = stack::binaries(&root)? else {
        println!(
            "e2e: NOT RUN, because target/tools holds no Argo CD; `make e2e` builds it and runs the tests"
        );
        return Ok(ExitCode::SUCCESS);
    };
    let presync = presync(&root)?;
    let stack = runtime.block_on(Stack::start(&binaries, &presync, &root.join("plugin.yaml"), &output))?;
    let lab = stack.lab.clone();
    println!("e2e: kubectl --kubeconfig {} shows the cluster", stack.kubeconfig.display());
    let stack = Arc::new(Mutex::new(Some(stack)));
    runtime.spawn(end_on_signal(Arc::clone(&stack)));

    let conclusion = libtest_mimic::run(&arguments, trials(Some(&lab)));
    let stack = stack.lock().ok().and_then(|mut stack| stack.take());
    stack.context("the stack was ended")?.check()?;
    Ok(conclusion.exit_code())
}

/// Runs one scenario, and keeps what it made if it fails.
fn perform(handle: &Handle, lab: Option<Lab>, name: &'static str, run: Run) -> Result<(), Failed> {
    let Some(lab) = lab else { return Err("no cluster".into()) };
    handle.block_on(async {
        // The name of a namespace, so not longer than 63 characters with a role after it.
        let (_, function) = name.rsplit_once("::").unwrap_or(("", name));
        let short: String = function.replace('_', "-").chars().take(45).collect();
        let scenario = Arc::new(Scenario::new(lab, short.trim_end_matches('-')));
        // A task of its own, so that a failed assertion does not end the clean-up too.
        let outcome = match tokio::spawn(run(Arc::clone(&scenario))).await {
            Ok(outcome) => outcome,
            Err(panic) => Err(anyhow::anyhow!("{panic}")),
        };
        match outcome {
            Ok(()) => scenario.clean_up().await.map_err(|error| format!("{error:#}").into()),
            Err(error) => {
                let saved = match scenario.save().await {
                    Ok(folder) => format!("what it made is in {}", folder.display()),
                    Err(error) => format!("what it made could not be saved: {error:#}"),
                };
                Err(format!("{error:#}\n\n{saved}").into())
            }
        }
    })
}

/// The program under test: `E2E_PRESYNC`, else it is built.
fn presync(root: &Path) -> Result<PathBuf> {
    if let Some(given) = env::var_os("E2E_PRESYNC") {
        let given = PathBuf::from(given);
        ensure!(given.is_file(), "E2E_PRESYNC names {}, which is no file", given.display());
        return Ok(given);
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = Command::new(cargo).args(["build", "--quiet", "--bin", "presync"]).current_dir(root).status();
    if !build.context("cannot run cargo")?.success() {
        bail!("presync does not build");
    }
    Ok(root.join("target/debug/presync"))
}

/// Ends the stack and this process when somebody presses Ctrl-C or a runner loses patience.
async fn end_on_signal(stack: Arc<Mutex<Option<Stack>>>) -> Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    drop(stack.lock().ok().and_then(|mut stack| stack.take()));
    #[expect(clippy::exit, reason = "the tests' own threads cannot be told to stop")]
    std::process::exit(130)
}
