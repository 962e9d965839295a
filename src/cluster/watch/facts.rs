//! What the watch keeps of an object: little, so that its memory depends on how many objects there are and not on
//! their size or history.

use std::time::Duration;

use k8s_openapi::{api::batch::v1::Job, jiff::Timestamp};
use kube::{ResourceExt, runtime::watcher::Event};

use crate::cluster::{
    application::{Application, ResourceStatus},
    job::{self, Nature, Outcome},
    key::{AppKey, ObjectKey},
    operation::{Operation, OperationState, Phase, ResourceResult},
    settling::Moment,
    tracking::Tracking,
};

/// What the watch keeps of a Job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobFacts {
    /// Tells it from an earlier Job of the same name.
    pub uid: String,
    /// Its namespace and name.
    pub key: ObjectKey,
    /// The Application that tracks it.
    pub owner: Option<AppKey>,
    /// It is a hook, so that its deletion is no drift.
    pub hook: bool,
    /// It is a migration.
    pub migration: bool,
    /// Its TTL.
    pub ttl: Option<Duration>,
    /// When it started.
    pub started: Option<Timestamp>,
    /// When and how it ended.
    pub finished: Option<(Timestamp, Outcome)>,
    /// When its deletion was asked for.
    pub deleting: Option<Timestamp>,
}

/// What the watch keeps of an Application.
#[derive(Debug, Clone, PartialEq)]
pub struct AppFacts {
    /// Namespace and name.
    pub key: AppKey,
    /// For Events about it.
    pub uid: String,
    /// Tracked plain Jobs that are gone when no such Job is there.
    pub doubtful: Vec<ObjectKey>,
    /// When it was synced and compared.
    pub moment: Moment,
    /// Hooks that the operation waits for.
    pub waiting: Vec<ObjectKey>,
    /// When the operation started.
    pub since: Option<Timestamp>,
    /// The `AppProject`.
    pub project: String,
    /// The environment, as the plugin would tell it.
    pub environment: String,
    /// Its objects are in another cluster, whose Jobs are not watched.
    pub remote: bool,
    /// The commit of the last operation.
    pub revision: String,
    /// Jobs and hooks that ended in the last operation.
    pub runs: Vec<SyncRun>,
    /// All of its Jobs, when the last operation was a full sync that succeeded: others are not its any longer.
    pub jobs: Option<Vec<ObjectKey>>,
}

/// How a Job or hook ended, by the operation that ran it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRun {
    /// Which one.
    pub key: ObjectKey,
    /// How it ended.
    pub outcome: Outcome,
    /// When the operation started.
    pub since: Option<Timestamp>,
    /// When it ended, or the attempt that failed.
    pub at: Timestamp,
}

/// A change in one kind of object, as a watch tells it.
#[derive(Debug, Clone)]
pub enum Change<T> {
    /// A full list begins.
    Restart,
    /// One object of that list.
    Listed(T),
    /// The list is complete: what it did not hold is gone.
    Complete,
    /// Created or changed.
    Applied(T),
    /// Deleted, as it last was.
    Deleted(T),
}

impl<T> Change<T> {
    /// From an event of a watch.
    pub fn of<K>(event: Event<K>, facts: impl FnOnce(K) -> T) -> Self {
        match event {
            Event::Init => Self::Restart,
            Event::InitApply(object) => Self::Listed(facts(object)),
            Event::InitDone => Self::Complete,
            Event::Apply(object) => Self::Applied(facts(object)),
            Event::Delete(object) => Self::Deleted(facts(object)),
        }
    }
}

impl JobFacts {
    /// Of a Job.
    pub fn new(live: &Job, tracking: &Tracking) -> Self {
        let key = job::key(live);
        let Nature { hook, migration } = job::nature(live);
        Self {
            uid: live.uid().unwrap_or_default(),
            owner: tracking.owner(&key, live.annotations(), live.labels()),
            key,
            hook,
            migration: migration.is_some(),
            ttl: job::ttl(live),
            started: live.status.as_ref().and_then(|status| status.start_time.as_ref()).map(|time| time.0),
            finished: job::finished(live),
            deleting: job::deleting_since(live),
        }
    }

    /// Whether anything about it is ever counted.
    pub fn matters(&self) -> bool {
        self.owner.is_some() || self.ttl.is_some()
    }

    /// Whether its TTL deleted it: its deletion, or without a time for that `gone`, came when the TTL was over. The
    /// times are whole seconds of two clocks, which may differ by one.
    pub fn died_of_ttl(&self, gone: Timestamp) -> bool {
        let expiry = self.finished.zip(self.ttl).and_then(|((at, _), ttl)| job::expires(at, ttl));
        expiry.is_some_and(|expiry| {
            let slack = k8s_openapi::jiff::SignedDuration::from_secs(1);
            self.deleting.unwrap_or(gone) >= expiry.saturating_sub(slack).unwrap_or(expiry)
        })
    }
}

impl AppFacts {
    /// Of an Application.
    pub fn new(app: &Application) -> Self {
        let state = match app.operation() {
            Operation::Active(state) | Operation::Orphaned(state) => Some(state),
            Operation::None | Operation::Requested => None,
        };
        Self {
            key: app.key(),
            uid: app.uid().unwrap_or_default(),
            doubtful: if app.is_local() {
                app.doubtful_jobs().map(ResourceStatus::key).collect()
            } else {
                Vec::new()
            },
            moment: Moment::of(app),
            waiting: state.into_iter().flat_map(|state| state.awaited().map(ResourceResult::key)).collect(),
            since: state.and_then(OperationState::started),
            project: app.spec.project.clone(),
            environment: app.environment(),
            remote: !app.is_local(),
            revision: app.status.operation_state.as_ref().map(OperationState::revision).unwrap_or_default(),
            runs: app.status.operation_state.iter().flat_map(runs).collect(),
            jobs: jobs(app),
        }
    }
}

fn runs(state: &OperationState) -> impl Iterator<Item = SyncRun> {
    let at = state.finished().or(state.started());
    state.results().filter_map(move |result| {
        let outcome = if result.is_failed_run() && !result.is_immutable() {
            Outcome::Failed
        } else if result.key().is_job()
            && !result.hook_type.is_empty()
            && result.hook_phase == Phase::Succeeded
        {
            Outcome::Succeeded
        } else {
            return None;
        };
        Some(SyncRun { key: result.key(), outcome, since: state.started(), at: at? })
    })
}

fn jobs(app: &Application) -> Option<Vec<ObjectKey>> {
    let state = app.status.operation_state.as_ref()?;
    if state.phase != Phase::Succeeded || !state.runs_hooks() {
        return None;
    }
    let wanted = app.status.resources.iter().map(ResourceStatus::key);
    Some(state.results().map(ResourceResult::key).chain(wanted).filter(ObjectKey::is_job).collect())
}
