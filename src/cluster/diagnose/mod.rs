//! What is wrong with Applications because of their Jobs: pure functions from a [`Snapshot`] to [`Finding`]s.

mod failures;
mod instance;
mod jobs;
mod operation;
mod owner;
mod pending;
mod shared;
mod triggers;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use k8s_openapi::{api::batch::v1::Job, jiff::Timestamp};
use serde::Serialize;

use crate::cluster::{
    application::{Application, ResourceStatus},
    failure::Failure,
    hook::Hook,
    instance::Instance,
    key::{AppKey, ObjectKey},
    snapshot::Snapshot,
    trigger::Trigger,
};

/// Hook Jobs with a TTL below this can be gone before every Argo CD has seen their end.
pub const TTL_FLOOR: Duration = Duration::from_mins(1);

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A migration failed, and nothing has made it good.
    FailedMigration,
    /// The operation waits for a hook for too long.
    StuckOperation,
    /// `.operation` was removed while it ran.
    OrphanedOperation,
    /// A tracked plain Job is gone.
    MissingJob,
    /// Self-heal runs a migration again.
    SelfHealRerun,
    /// A Job is to change that Kubernetes does not let change.
    ImmutableJob,
    /// Argo CD's finalizer holds a Job that is being deleted.
    LeakedFinalizer,
    /// A hook Job's TTL is below the floor.
    TtlBelowFloor,
    /// A plain Job can be gone before Argo CD compares again.
    TtlBelowRefresh,
    /// The live Job has a TTL that nobody applied.
    InjectedTtl,
    /// This Argo CD has a known bug with hook Jobs.
    ArgocdVersion,
    /// A Job that the plugin would rewrite.
    CouldOptIn,
    /// A hook waits for an object that is not there.
    PendingHook,
    /// Two Applications have one Job or trigger.
    SharedResource,
    /// The trigger changed, and the migration did not run.
    MigrationNotRun,
    /// Nothing starts a sync that would run a hook.
    HookNeverRuns,
    /// The app's objects are in another cluster.
    RemoteDestination,
}

impl Kind {
    /// All, the worst first.
    pub const ALL: [Self; 17] = [
        Self::FailedMigration,
        Self::StuckOperation,
        Self::OrphanedOperation,
        Self::MissingJob,
        Self::SelfHealRerun,
        Self::ImmutableJob,
        Self::SharedResource,
        Self::MigrationNotRun,
        Self::PendingHook,
        Self::LeakedFinalizer,
        Self::TtlBelowFloor,
        Self::TtlBelowRefresh,
        Self::InjectedTtl,
        Self::ArgocdVersion,
        Self::HookNeverRuns,
        Self::CouldOptIn,
        Self::RemoteDestination,
    ];

    /// Returns the name in both outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FailedMigration => "failed-migration",
            Self::ImmutableJob => "immutable-job",
            Self::StuckOperation => "stuck-operation",
            Self::OrphanedOperation => "orphaned-operation",
            Self::MissingJob => "missing-job",
            Self::SelfHealRerun => "self-heal-rerun",
            Self::LeakedFinalizer => "leaked-finalizer",
            Self::TtlBelowFloor => "ttl-below-floor",
            Self::TtlBelowRefresh => "ttl-below-refresh",
            Self::InjectedTtl => "injected-ttl",
            Self::ArgocdVersion => "argocd-version",
            Self::CouldOptIn => "could-opt-in",
            Self::PendingHook => "pending-hook",
            Self::SharedResource => "shared-resource",
            Self::MigrationNotRun => "migration-not-run",
            Self::HookNeverRuns => "hook-never-runs",
            Self::RemoteDestination => "remote-destination",
        }
    }

    /// Returns what it makes of the Application.
    pub const fn group(self) -> Option<Group> {
        match self {
            Self::StuckOperation | Self::OrphanedOperation | Self::PendingHook => Some(Group::Stuck),
            Self::MissingJob | Self::SelfHealRerun | Self::SharedResource => Some(Group::Drifting),
            Self::FailedMigration | Self::ImmutableJob => Some(Group::Failed),
            Self::MigrationNotRun => Some(Group::NotRun),
            _ => None,
        }
    }

    /// Whether the plugin would keep it from happening.
    pub const fn concerns_plain_jobs(self) -> bool {
        matches!(
            self,
            Self::MissingJob
                | Self::SelfHealRerun
                | Self::ImmutableJob
                | Self::TtlBelowRefresh
                | Self::InjectedTtl
                | Self::CouldOptIn
        )
    }

    /// Returns how bad it is.
    pub const fn severity(self) -> Severity {
        match self {
            Self::FailedMigration
            | Self::StuckOperation
            | Self::OrphanedOperation
            | Self::MissingJob
            | Self::SelfHealRerun
            | Self::ImmutableJob
            | Self::SharedResource
            | Self::MigrationNotRun => Severity::Error,
            Self::LeakedFinalizer
            | Self::TtlBelowFloor
            | Self::TtlBelowRefresh
            | Self::InjectedTtl
            | Self::PendingHook
            | Self::ArgocdVersion => Severity::Warning,
            Self::CouldOptIn | Self::HookNeverRuns | Self::RemoteDestination => Severity::Advice,
        }
    }
}

/// What is the matter with an Application, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// A sync does not get on.
    Stuck,
    /// A Job is missing, runs again, or is fought over.
    Drifting,
    /// A migration failed.
    Failed,
    /// A migration changed and did not run.
    NotRun,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know; alone it does not make `doctor` fail.
    Advice,
    /// It will go wrong.
    Warning,
    /// It is wrong now.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// The Application; `None` for Argo CD as a whole.
    pub app: Option<AppKey>,
    /// The object.
    pub object: Option<ObjectKey>,
    /// A sentence.
    pub summary: String,
    /// Why, and what it does.
    pub details: Vec<String>,
    /// What to do: commands, each exact.
    pub remedy: Vec<String>,
}

/// One Application with what belongs to it.
struct Case<'a> {
    app: &'a Application,
    key: AppKey,
    jobs: &'a [Job],
    hooks: &'a [Hook],
    failures: &'a [Failure],
    triggers: &'a BTreeMap<ObjectKey, Trigger>,
    live: &'a BTreeSet<ObjectKey>,
    instance: &'a Instance,
    now: Timestamp,
    /// An operation that runs for less is not stuck.
    patience: Duration,
}

impl Case<'_> {
    fn finding(&self, kind: Kind, object: Option<ObjectKey>, summary: impl Into<String>) -> Finding {
        Finding {
            kind,
            app: Some(self.key.clone()),
            object,
            summary: summary.into(),
            details: Vec::new(),
            remedy: Vec::new(),
        }
    }

    /// Returns `presync repair` for this Application.
    fn repair(&self, flags: &str) -> String {
        let AppKey { namespace, name } = &self.key;
        format!("presync repair {name} -n {namespace} {flags}")
    }

    /// Returns how the plugin comes to render this Application; `None` when a plugin does already.
    fn opt_in(&self) -> Option<String> {
        owner::opt_in(self.app, &self.instance.tracking)
    }
}

impl Finding {
    fn detail(mut self, text: impl Into<String>) -> Self {
        self.details.push(text.into());
        self
    }

    fn fix(mut self, command: impl Into<Option<String>>) -> Self {
        self.remedy.extend(command.into());
        self
    }
}

/// Everything that is wrong: first Argo CD's own findings, then each Application's, the worst first.
pub fn diagnose(snapshot: &Snapshot, patience: Duration) -> Vec<Finding> {
    let mut findings = instance::findings(&snapshot.instance);
    let mut shared = shared::findings(&snapshot.apps);
    for app in &snapshot.apps {
        let key = app.key();
        let case = Case {
            app,
            jobs: snapshot.jobs.get(&key).map_or(&[], Vec::as_slice),
            hooks: snapshot.hooks.get(&key).map_or(&[], Vec::as_slice),
            failures: snapshot.failures.get(&key).map_or(&[], Vec::as_slice),
            key,
            triggers: &snapshot.triggers,
            live: &snapshot.live,
            instance: &snapshot.instance,
            now: snapshot.now,
            patience,
        };
        let mut found = operation::findings(&case);
        found.extend(failures::findings(&case));
        found.extend(pending::findings(&case));
        found.extend(triggers::findings(&case));
        found.extend(jobs::findings(&case));
        found.extend(shared.extract_if(.., |finding| finding.app.as_ref() == Some(&case.key)));
        found.sort_by_key(|finding| (std::cmp::Reverse(finding.kind.severity()), finding.kind));
        findings.extend(found);
    }
    findings
}

#[cfg(test)]
mod tests;
