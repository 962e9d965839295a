//! What a repair of one Application will do, or why it will not: a pure function of what was read.

use std::{fmt, time::Duration};

use k8s_openapi::{api::batch::v1::Job, jiff::Timestamp};

use crate::cluster::{
    application::Application,
    hook::{self, Hook, Progress},
    job::{self, elapsed, human},
    key::ObjectKey,
    operation::{Operation, OperationId, OperationState, Phase},
    repair::request::Request,
};
use crate::settings::duration;

/// A Job that is being deleted for longer than this is held.
const LEAK_GRACE: Duration = Duration::from_secs(30);

/// What the user allows.
#[derive(Debug, Clone)]
pub struct Options {
    /// An operation that is younger is left alone.
    pub older_than: Duration,
    /// End an operation although it may be making progress.
    pub force: bool,
    /// Sync afterwards.
    pub sync: Option<SyncAfter>,
    /// Take Argo CD's finalizer from Jobs that nothing else will let go.
    pub remove_finalizers: bool,
}

/// How to sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncAfter {
    /// Delete what is no longer rendered.
    pub prune: bool,
}

/// What a repair will do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is wrong; empty when nothing is, and a refresh is all that can be done.
    pub needs: Vec<String>,
    /// The writes, in order, as they would be sent now.
    pub requests: Vec<Request>,
    /// The operation that will be ended; another one is not touched.
    pub ends: Option<OperationId>,
}

/// Why a repair does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The Application is being deleted.
    Deleting,
    /// The operation is requested and the controller has not begun it.
    NotStarted,
    /// The operation is younger than the limit.
    Young {
        /// Its age.
        age: Duration,
        /// The limit.
        limit: Duration,
    },
    /// A hook's pod runs.
    Progress(String),
    /// Whether it gets on cannot be seen.
    Unseen(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deleting => f.write_str("it is being deleted"),
            Self::NotStarted => {
                f.write_str("a sync is requested and not yet begun; if it stays so, is the application controller running?")
            }
            Self::Young { age, limit } => {
                write!(f, "its sync is only {} old (--older-than {})", human(*age), duration::show(*limit))
            }
            Self::Progress(what) => write!(f, "{what} is running; --force ends it all the same"),
            Self::Unseen(what) => write!(f, "whether {what} gets on cannot be seen; --force ends it all the same"),
        }
    }
}

/// What was seen around an Application.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// The hooks that its operation waits for.
    pub hooks: Vec<Hook>,
    /// Its Jobs that are wanted and gone.
    pub missing: Vec<ObjectKey>,
    /// Its live hook Jobs, when their finalizers may be touched.
    pub jobs: Vec<Job>,
}

/// Decides.
pub fn plan(app: &Application, around: &Around, options: &Options, now: Timestamp) -> Result<Plan, Refusal> {
    let Around { hooks, missing, jobs } = around;
    let mut plan = Plan { needs: Vec::new(), requests: Vec::new(), ends: None };
    let deleting = app.metadata.deletion_timestamp.is_some();
    if deleting && matches!(app.operation(), Operation::None) {
        // Its deletion waits for the Jobs.
        plan.release(jobs, options, now);
        return if plan.requests.is_empty() { Err(Refusal::Deleting) } else { Ok(plan) };
    }
    match app.operation() {
        Operation::None => {}
        Operation::Requested => return Err(Refusal::NotStarted),
        Operation::Orphaned(state) => {
            plan.needs.push("`.operation` was removed while the sync ran".to_owned());
            plan.requests.push(Request::restore(app, state));
            plan.ends = Some(state.id());
        }
        Operation::Active(state) => {
            plan.needs.push(waiting(state, hooks, now));
            if state.phase != Phase::Terminating {
                check(state, hooks, options, now)?;
                plan.requests.push(Request::terminate(app));
            }
            plan.ends = Some(state.id());
        }
    }
    // Argo CD deletes an Application only after its operation: to end that is all that can be done for it.
    if deleting {
        return Ok(plan);
    }
    // During a sync every app is out of sync for a while, so this counts only without one.
    if plan.needs.is_empty() {
        plan.needs.extend(missing.iter().map(|job| format!("{job} is missing")));
    }
    plan.requests.push(Request::refresh(&app.key()));
    if let Some(SyncAfter { prune }) = options.sync {
        plan.requests.push(Request::sync(app, prune, "<this run>"));
    }
    plan.release(jobs, options, now);
    Ok(plan)
}

impl Plan {
    /// Takes Argo CD's finalizer from the Jobs that it holds, if that was asked for.
    fn release(&mut self, jobs: &[Job], options: &Options, now: Timestamp) {
        let asked = jobs.iter().filter(|_| options.remove_finalizers);
        for held in asked.filter(|job| hook::is_leaked(job, now, LEAK_GRACE)) {
            self.needs.push(format!("{} is held by Argo CD's hook finalizer", job::key(held)));
            self.requests.push(Request::remove_finalizer(held));
        }
    }
}

/// Refuses to end an operation that may be getting on.
fn check(state: &OperationState, hooks: &[Hook], options: &Options, now: Timestamp) -> Result<(), Refusal> {
    let age = state.started().map(|started| elapsed(started, now)).unwrap_or_default();
    if age < options.older_than {
        return Err(Refusal::Young { age, limit: options.older_than });
    }
    if options.force {
        return Ok(());
    }
    for hook in hooks {
        match hook.progress() {
            Progress::Running => return Err(Refusal::Progress(hook.key.to_string())),
            Progress::Unknown => return Err(Refusal::Unseen(hook.key.to_string())),
            Progress::Stalled => {}
        }
    }
    if hooks.is_empty() { Err(Refusal::Unseen(format!("its sync ({})", state.message))) } else { Ok(()) }
}

fn waiting(state: &OperationState, hooks: &[Hook], now: Timestamp) -> String {
    let since = state.started().map(|at| format!(" since {}", human(elapsed(at, now)))).unwrap_or_default();
    if hooks.is_empty() {
        return format!("a sync is {}{since}: {}", state.phase, state.message);
    }
    let names: Vec<String> = hooks.iter().map(|hook| hook.key.to_string()).collect();
    format!("a sync waits for {}{since}", names.join(", "))
}

/// Whether `--all` works on it: a sync that waits for a hook, an orphaned one, or a missing Job. A sync that waits
/// for anything else is a roll-out.
pub fn is_needy(app: &Application, missing: &[ObjectKey]) -> bool {
    match app.operation() {
        Operation::Active(state) => state.awaited().next().is_some(),
        Operation::Orphaned(_) => true,
        Operation::Requested => false,
        Operation::None => !missing.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::{HOOK_FINALIZER, application::testing::app, hook::Sight, repair::request::Purpose};

    fn running(requested: bool, phase: &str) -> Value {
        let mut app = json!({"status": {"operationState": {"phase": phase, "operation": {"sync": {}},
            "startedAt": "2026-01-01T00:18:00Z", "message": "waiting for something"}}});
        if requested {
            app["operation"] = json!({"sync": {}});
        }
        app
    }

    fn hook(sight: Sight) -> Vec<Hook> {
        vec![Hook { key: ObjectKey::job("shop", "migrate"), sight }]
    }

    fn busy() -> Sight {
        let pod = json!({"status": {"containerStatuses": [{"name": "m", "image": "", "imageID": "", "ready": true,
            "restartCount": 0, "state": {"running": {}}}]}});
        Sight::Job {
            job: Box::default(),
            pods: vec![serde_json::from_value(pod).expect("a Pod")],
            warnings: Vec::new(),
        }
    }

    fn options() -> Options {
        Options { older_than: Duration::from_mins(10), force: false, sync: None, remove_finalizers: false }
    }

    fn decide(app: &Application, hooks: &[Hook], options: &Options) -> Result<Vec<Purpose>, Refusal> {
        let now = "2026-01-01T01:00:00Z".parse().expect("a time");
        let around = Around { hooks: hooks.to_vec(), ..Around::default() };
        let plan = plan(app, &around, options, now)?;
        Ok(plan.requests.iter().map(|request| request.purpose).collect())
    }

    #[test]
    fn a_stuck_operation_is_terminated_and_compared() {
        let requests = decide(&app(running(true, "Running")), &hook(Sight::Gone), &options());
        assert_eq!(requests, Ok(vec![Purpose::Terminate, Purpose::Refresh]));
    }

    #[test]
    fn an_orphaned_operation_is_put_back_at_any_age() {
        let options = Options { older_than: Duration::from_hours(9), ..options() };
        let requests = decide(&app(running(false, "Running")), &hook(busy()), &options);
        assert_eq!(requests, Ok(vec![Purpose::RestoreAndTerminate, Purpose::Refresh]));
    }

    #[test]
    fn an_operation_that_is_ending_already_is_only_waited_for() {
        let requests = decide(&app(running(true, "Terminating")), &hook(busy()), &options());
        assert_eq!(requests, Ok(vec![Purpose::Refresh]));
    }

    #[test]
    fn a_young_operation_is_left_alone_even_by_force() {
        let options = Options { older_than: Duration::from_hours(1), force: true, ..options() };
        let refusal = decide(&app(running(true, "Running")), &hook(Sight::Gone), &options);
        let (age, limit) = (Duration::from_mins(42), Duration::from_hours(1));
        assert_eq!(refusal, Err(Refusal::Young { age, limit }));
    }

    #[test]
    fn progress_is_respected_unless_forced() {
        let app = app(running(true, "Running"));
        let refused = decide(&app, &hook(busy()), &options());
        assert_eq!(refused, Err(Refusal::Progress("Job shop/migrate".into())));
        let forced = decide(&app, &hook(busy()), &Options { force: true, ..options() });
        assert_eq!(forced, Ok(vec![Purpose::Terminate, Purpose::Refresh]));
    }

    #[test]
    fn what_cannot_be_seen_is_not_ended() {
        let app = app(running(true, "Running"));
        assert_eq!(
            decide(&app, &hook(Sight::None), &options()),
            Err(Refusal::Unseen("Job shop/migrate".into()))
        );
        let roll_out = decide(&app, &[], &options());
        assert_eq!(roll_out, Err(Refusal::Unseen("its sync (waiting for something)".into())));
    }

    #[test]
    fn a_sync_that_has_not_begun_or_an_app_that_goes_is_not_touched() {
        let requested = app(json!({"operation": {"sync": {}}}));
        assert_eq!(decide(&requested, &[], &options()), Err(Refusal::NotStarted));
        let going = app(json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}));
        assert_eq!(decide(&going, &[], &options()), Err(Refusal::Deleting));
    }

    #[test]
    fn a_stuck_operation_that_blocks_a_deletion_is_ended_and_no_more() {
        let mut going = app(running(true, "Running"));
        going.metadata.deletion_timestamp = Some(Time("2026-01-01T00:00:00Z".parse().expect("a time")));
        let options = Options { sync: Some(SyncAfter { prune: true }), ..options() };
        assert_eq!(decide(&going, &hook(Sight::Gone), &options), Ok(vec![Purpose::Terminate]));
    }

    #[test]
    fn a_sync_is_asked_for_last() {
        let options = Options { sync: Some(SyncAfter { prune: true }), ..options() };
        let requests = decide(&app(running(true, "Running")), &hook(Sight::Gone), &options);
        assert_eq!(requests, Ok(vec![Purpose::Terminate, Purpose::Refresh, Purpose::Sync]));
    }

    #[test]
    fn finalizers_are_touched_only_when_asked() {
        let held: Job = serde_json::from_value(json!({"metadata": {"name": "m", "namespace": "shop",
            "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [HOOK_FINALIZER]}}))
        .expect("a Job");
        let now = "2026-01-01T01:00:00Z".parse().expect("a time");
        let purposes = |app: Value, remove_finalizers| {
            let options = Options { remove_finalizers, ..options() };
            let around = Around { jobs: vec![held.clone()], ..Around::default() };
            let plan = plan(&super::tests::app(app), &around, &options, now)?;
            Ok(plan.requests.iter().map(|request| request.purpose).collect::<Vec<_>>())
        };
        assert_eq!(purposes(json!({}), false), Ok(vec![Purpose::Refresh]));
        assert_eq!(purposes(json!({}), true), Ok(vec![Purpose::Refresh, Purpose::RemoveFinalizer]));
        let going = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
        assert_eq!(purposes(going.clone(), false), Err(Refusal::Deleting));
        assert_eq!(purposes(going, true), Ok(vec![Purpose::RemoveFinalizer]));
    }

    #[test]
    fn all_works_only_on_what_needs_it() {
        let needy = |value: Value, missing: &[ObjectKey]| is_needy(&app(value), missing);
        let missing = [ObjectKey::job("shop", "m")];
        assert!(needy(json!({}), &missing));
        assert!(needy(running(false, "Running"), &[]));
        assert!(!needy(running(true, "Running"), &[]), "a roll-out");
        let mut gone = running(true, "Running");
        gone["status"]["operationState"]["syncResult"] = json!({"resources": [
            {"group": "batch", "kind": "Job", "namespace": "shop", "name": "m", "hookPhase": "Running"}]});
        assert!(needy(gone, &[]), "a plain Job that it waits for");
        assert!(!needy(running(false, "Succeeded"), &[]));
        assert!(!needy(json!({"status": {"sync": {"status": "OutOfSync"}}}), &[]));
        assert!(!needy(json!({"operation": {"sync": {}}}), &missing));
    }
}
