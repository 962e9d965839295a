//! The state of each migration of an Application: how its last run ended. It holds until a later run ends otherwise.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::jiff::Timestamp;

use crate::cluster::{
    job::{Outcome, elapsed},
    key::ObjectKey,
    watch::facts::SyncRun,
};

/// The migrations of an Application.
#[derive(Debug, Default)]
pub struct Migrations(BTreeMap<ObjectKey, Migration>);

/// One migration, by its Job's name.
#[derive(Debug, Clone, PartialEq)]
pub struct Migration {
    /// Its last run failed.
    pub failed: bool,
    /// When its last run started.
    pub started: Option<Timestamp>,
    /// When it last succeeded.
    pub succeeded: Option<Timestamp>,
    /// How long its last run took.
    pub took: Option<Duration>,
    /// Runs for a revision for which it had run before.
    pub reruns: u64,
    ended: Timestamp,
    revision: String,
}

impl Migrations {
    /// Returns each with its Job.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectKey, &Migration)> {
        self.0.iter()
    }

    /// A Job ended, while the Application was at `revision`. `news` is false for one that had ended before the watch
    /// began.
    pub fn job_ended(
        &mut self,
        key: &ObjectKey,
        (at, outcome): (Timestamp, Outcome),
        started: Option<Timestamp>,
        revision: &str,
        news: bool,
    ) {
        let migration = self.0.entry(key.clone()).or_insert_with(|| Migration::new(at));
        if at < migration.ended {
            return;
        }
        if news && !revision.is_empty() && migration.revision == revision {
            migration.reruns += 1;
        }
        revision.clone_into(&mut migration.revision);
        migration.started = started;
        migration.took = started.map(|started| elapsed(started, at));
        migration.end(at, outcome);
    }

    /// A sync tells how a Job or hook ended, which is all there is to know of another cluster. Returns whether a run
    /// failed of which nothing was known.
    pub fn sync_ended(&mut self, run: &SyncRun, creates: bool) -> bool {
        let new = !self.0.contains_key(&run.key);
        if new && !creates {
            return false;
        }
        let migration = self.0.entry(run.key.clone()).or_insert_with(|| Migration::new(run.at));
        if run.at < migration.ended {
            return false;
        }
        let another = new || run.since.is_some_and(|since| since > migration.ended);
        if another {
            migration.started = run.since;
            migration.took = None;
        }
        migration.end(run.at, run.outcome);
        another && run.outcome == Outcome::Failed
    }

    /// Drops what is no migration of the Application any longer.
    pub fn retain(&mut self, keep: impl Fn(&ObjectKey) -> bool) {
        self.0.retain(|key, _| keep(key));
    }
}

impl Migration {
    fn new(ended: Timestamp) -> Self {
        Self {
            failed: false,
            started: None,
            succeeded: None,
            took: None,
            reruns: 0,
            ended,
            revision: String::new(),
        }
    }

    fn end(&mut self, at: Timestamp, outcome: Outcome) {
        self.ended = at;
        self.failed = outcome == Outcome::Failed;
        if !self.failed {
            self.succeeded = Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("a time")
    }

    fn key() -> ObjectKey {
        ObjectKey::job("shop", "edge-migration")
    }

    fn sync(since: i64, end: i64, outcome: Outcome) -> SyncRun {
        SyncRun { key: key(), outcome, since: Some(at(since)), at: at(end) }
    }

    fn only(migrations: &Migrations) -> Migration {
        let mut all = migrations.iter();
        let (_, migration) = all.next().expect("one");
        assert!(all.next().is_none());
        migration.clone()
    }

    #[test]
    fn a_failure_stays_until_a_later_run_succeeds() {
        let mut migrations = Migrations::default();
        migrations.job_ended(&key(), (at(10), Outcome::Failed), Some(at(0)), "a", true);
        assert!(only(&migrations).failed);
        migrations.job_ended(&key(), (at(100), Outcome::Succeeded), Some(at(70)), "b", true);
        let now = only(&migrations);
        assert_eq!(
            (now.failed, now.succeeded, now.took),
            (false, Some(at(100)), Some(Duration::from_secs(30)))
        );
        assert!(!migrations.sync_ended(&sync(0, 12, Outcome::Failed), true), "an old sync that is told late");
        assert!(!only(&migrations).failed);
    }

    #[test]
    fn another_cluster_is_known_by_its_syncs() {
        let mut migrations = Migrations::default();
        assert!(migrations.sync_ended(&sync(0, 10, Outcome::Failed), true));
        assert!(!migrations.sync_ended(&sync(0, 10, Outcome::Failed), true), "the same sync again");
        assert!(migrations.sync_ended(&sync(20, 30, Outcome::Failed), true), "the next one");
        assert!(!migrations.sync_ended(&sync(40, 50, Outcome::Succeeded), true));
        assert!(!only(&migrations).failed);
    }

    #[test]
    fn a_job_and_its_sync_are_one_run() {
        let mut migrations = Migrations::default();
        migrations.job_ended(&key(), (at(10), Outcome::Failed), Some(at(2)), "a", true);
        assert!(!migrations.sync_ended(&sync(0, 12, Outcome::Failed), true));
        assert_eq!(only(&migrations).started, Some(at(2)), "the Job knows better");
    }

    #[test]
    fn a_hook_that_only_a_local_sync_knows_is_not_taken_for_a_migration() {
        let mut migrations = Migrations::default();
        assert!(!migrations.sync_ended(&sync(0, 10, Outcome::Succeeded), false));
        assert_eq!(migrations.iter().count(), 0);
    }

    #[test]
    fn one_job_for_one_revision_is_a_rerun_and_four_jobs_of_a_sync_are_none() {
        let mut migrations = Migrations::default();
        for name in ["a", "b", "c", "d"] {
            let key = ObjectKey::job("shop", name);
            migrations.job_ended(&key, (at(10), Outcome::Succeeded), None, "1", true);
        }
        assert!(migrations.iter().all(|(_, migration)| migration.reruns == 0));
        let a = ObjectKey::job("shop", "a");
        migrations.job_ended(&a, (at(20), Outcome::Succeeded), None, "2", true);
        migrations.job_ended(&a, (at(30), Outcome::Succeeded), None, "2", true);
        migrations.job_ended(&a, (at(40), Outcome::Succeeded), None, "2", true);
        assert_eq!(
            migrations.iter().map(|(_, migration)| migration.reruns).collect::<Vec<_>>(),
            [2, 0, 0, 0]
        );
    }
}
