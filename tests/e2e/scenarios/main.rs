//! The end-to-end tests: each scenario is a test, and all run at once on one stack.
//!
//! `make e2e` builds what is needed and runs them; `docs/how-we-test.md` tells more. The arguments are those of any
//! Rust test: names to filter by, `--list`, `--test-threads`.

#![expect(clippy::print_stdout, reason = "it is a program that talks to who runs it")]

use std::env;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use e2e::lab::Lab;
use e2e::scenario::Scenario;
use e2e::stack::{self, Stack};
use futures::FutureExt as _;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

mod deploys;
mod elsewhere;
mod errors;
mod failures;
mod golden;
mod installing;
mod local;
mod many;
mod model;
mod opting;
mod options;
mod order;
mod renderers;
mod rescue;
mod rescue_failed;
mod rescue_faults;
mod rescue_rbac;
mod rescue_watch;
mod seed;
mod settings;
mod strategies;

/// The repository that is tested.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The annotation that makes a resource a hook.
const HOOK: &str = "argocd.argoproj.io/hook";

/// For one scenario. Each wait has a limit of its own; this one is for a cluster that does not answer.
const LIMIT: Duration = Duration::from_mins(40);

type Run = fn(Arc<Scenario>) -> Pin<Box<dyn Future<Output = Result<()>>>>;

/// Lists scenarios: `module::function` of type `async fn(&Scenario) -> Result<()>`.
macro_rules! scenarios {
    ($($module:ident::$function:ident),* $(,)?) => {
        &[$((concat!(stringify!($module), "::", stringify!($function)), |scenario| {
            Box::pin(async move { $module::$function(&scenario).await })
        })),*]
    };
}

const SCENARIOS: &[(&str, Run)] = scenarios![
    seed::native_with_self_heal,
    seed::native_without_self_heal,
    seed::native_job_gone_before_argocd_looks,
    seed::presync_job_gone_before_argocd_looks,
    seed::presync_in_dev,
    seed::presync_in_production,
    strategies::once,
    strategies::extend,
    strategies::off,
    renderers::directory,
    renderers::handlebars,
    renderers::helm,
    renderers::kustomize,
    installing::sidecar,
    installing::init_container,
    settings::parameters,
    settings::environment_variables,
    settings::settings_file,
    settings::platform_file,
    opting::in_and_out_again,
    order::workloads_wait_for_the_migration,
    order::what_the_migration_needs_comes_first,
    order::forced_before_its_needs_it_hangs,
    order::copies_of_its_needs,
    order::volume_claim,
    golden::cases_come_up,
    local::runs_equal_the_repo_servers,
    model::random_apps_come_up_as_predicted,
    options::server_side_apply,
    options::server_side_diff,
    options::apply_out_of_sync_only,
    options::two_sources,
    options::a_migration_that_reads_the_other_source,
    options::two_apps_with_one_job,
    elsewhere::in_a_namespace_of_a_team,
    elsewhere::tracked_by_label,
    deploys::changed_migration,
    deploys::unchanged_migration,
    deploys::only_the_migration_changed,
    deploys::only_the_migration_changed_without_trigger,
    deploys::ten_names_with_a_hash,
    deploys::nothing_changed,
    deploys::rollback,
    deploys::deletion,
    failures::workloads_stay_and_a_fix_recovers,
    failures::retry,
    errors::broken_manifest,
    errors::empty_render,
    many::apps_at_once,
    rescue::a_job_that_ttl_deleted_is_named_and_after_the_fix_forgotten,
    rescue::the_remedy_of_doctor_cures_for_good,
    rescue::a_half_fixed_sync_is_ended_and_leaves_nothing,
    rescue_failed::a_failed_migration_is_told_until_it_is_fixed,
    rescue_failed::a_failed_migration_in_another_cluster_is_told,
    rescue_failed::a_sync_without_hooks_is_found_and_made_good,
    rescue_failed::the_fix_of_an_owned_app_is_its_owners,
    rescue_faults::a_few_conflicts_are_outlived,
    rescue_faults::conflicts_on_every_write_are_given_up_and_change_nothing,
    rescue_faults::an_api_server_that_goes_away_in_the_middle_is_waited_for,
    rescue_faults::an_api_server_that_stays_away_ends_the_wait,
    rescue_faults::an_app_that_is_deleted_meanwhile_is_no_error_of_its_own,
    rescue_faults::a_finalizer_that_a_deletion_waits_for_goes,
    rescue_rbac::doctor_needs_exactly_its_permissions,
    rescue_rbac::repair_needs_exactly_its_permissions,
    rescue_rbac::watch_needs_exactly_its_permissions,
    rescue_watch::a_deletion_by_ttl_is_counted_once_and_told,
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
        SCENARIOS.iter().filter(|(name, _)| model::is_asked_for(name)).map(trial).collect()
    };
    if arguments.list {
        return Ok(libtest_mimic::run(&arguments, trials(None)).exit_code());
    }

    let root = Path::new(ROOT).canonicalize()?;
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
    let presync = stack::program(&root)?;
    let plugin = root.join("plugin.yaml");
    let stack = runtime.block_on(async {
        let mut stack = Stack::start(&binaries, &presync, &plugin, &output).await?;
        stack.add_operators().await?;
        stack.add_cluster().await?;
        stack.add_argocd().await?;
        stack.add_recorder(&plugin)?;
        anyhow::Ok(stack)
    })?;
    let lab = stack.lab.clone();
    println!("e2e: kubectl --kubeconfig {} shows the cluster", lab.kubeconfig.display());
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
        // It begins the names of namespaces, which have at most 63 characters.
        let short: String = name.replace("::", "-").replace('_', "-").chars().take(45).collect();
        let scenario = Arc::new(Scenario::new(lab, short.trim_end_matches('-')));
        // What panicked is saved like what failed; the panic itself has been printed.
        let outcome = timeout(LIMIT, AssertUnwindSafe(run(Arc::clone(&scenario))).catch_unwind()).await;
        let outcome = match outcome {
            Ok(outcome) => outcome.unwrap_or_else(|_| Err(anyhow!("it panicked"))),
            Err(_) => Err(anyhow!("it did not end within {} s", LIMIT.as_secs())),
        };
        match outcome {
            Ok(()) => scenario.clean_up().await.map_err(|error| format!("{error:#}").into()),
            Err(error) => {
                let saved = match timeout(LIMIT / 8, scenario.save()).await {
                    Ok(Ok(folder)) => format!("what it made is in {}", folder.display()),
                    Ok(Err(error)) => format!("what it made could not be saved: {error:#}"),
                    Err(_) => "what it made could not be saved: the cluster does not answer".to_owned(),
                };
                Err(format!("{error:#}\n\n{saved}").into())
            }
        }
    })
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
