//! What happened to Jobs and Applications since the start: a pure state machine over changes.
//!
//! Everything is counted by the Job's uid, once: a list after a lost connection repeats what is known and shows by
//! absence what was deleted. What had happened before the first list is not counted.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use k8s_openapi::jiff::Timestamp;

use crate::cluster::{
    job::{Outcome, elapsed, human},
    key::{AppKey, ObjectKey},
    settling::Settling,
    watch::{
        facts::{AppFacts, Change, JobFacts},
        migrations::Migrations,
    },
};

/// Upper bounds of the duration histogram, in seconds.
pub const BUCKETS: [f64; 8] = [10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

/// Everything that is known and was counted.
#[derive(Debug, Default)]
pub struct State {
    jobs: HashMap<String, Known>,
    /// Those of `jobs` that an Application tracks, as the objects that it wants.
    live: HashMap<ObjectKey, String>,
    apps: BTreeMap<AppKey, App>,
    /// Jobs that TTL deleted, tracked or not.
    pub ttl_deleted: u64,
    /// Progress of the two lists.
    pub job_lists: Lists,
    /// Likewise for Applications.
    pub app_lists: Lists,
    /// An operation that waits for a hook for longer is stuck.
    patience: Duration,
}

/// How often a kind was listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lists {
    /// Lists that began.
    pub started: u64,
    /// Lists that were completed.
    pub completed: u64,
}

#[derive(Debug)]
struct Known {
    facts: JobFacts,
    /// Its end is counted, or was before we looked.
    counted: bool,
    /// The list that last held it.
    list: u64,
}

/// An Application and what was counted for it.
#[derive(Debug, Default)]
pub struct App {
    /// What is known of it; nothing as long as only its Jobs were seen.
    pub facts: Option<AppFacts>,
    /// Since when a Job is missing without a sync.
    pub missing_since: Option<Timestamp>,
    /// Tracked Jobs that TTL deleted: hooks, which is no drift.
    pub ttl_deleted_hooks: u64,
    /// And plain ones, which is.
    pub ttl_deleted_plain: u64,
    /// Migrations that ended.
    pub runs: Runs,
    /// The state of each.
    pub migrations: Migrations,
    list: u64,
    settling: Settling,
    /// The operation that was reported as stuck, by its start.
    reported: Option<Timestamp>,
}

/// Migrations that ended.
#[derive(Debug, Default)]
pub struct Runs {
    /// Well.
    pub succeeded: u64,
    /// Not well.
    pub failed: u64,
    /// Seconds that all of them took.
    pub seconds: f64,
    /// How many took at most as long as each of [`BUCKETS`] and longer than the one before; the last took longer.
    pub buckets: [u64; BUCKETS.len() + 1],
}

/// Something that people should hear of, as an Event on the Application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The Application.
    pub app: AppKey,
    /// Its uid.
    pub uid: String,
    /// What it is about.
    pub object: ObjectKey,
    /// What happened.
    pub reason: Reason,
    /// In a sentence.
    pub text: String,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum Reason {
    TrackedJobDeletedByTtl,
    MigrationSucceeded,
    MigrationFailed,
    HookStuck,
}

impl State {
    /// Nothing known yet.
    pub fn new(patience: Duration) -> Self {
        Self { patience, ..Self::default() }
    }

    /// Whether both kinds were listed in full.
    pub fn is_ready(&self) -> bool {
        self.job_lists.completed > 0 && self.app_lists.completed > 0
    }

    /// Applications and what was counted for them.
    pub fn apps(&self) -> impl Iterator<Item = (&AppKey, &App)> {
        self.apps.iter()
    }

    /// Returns how many Jobs are remembered.
    pub fn jobs_known(&self) -> usize {
        self.jobs.len()
    }

    /// Returns a change of a Job.
    pub fn job(&mut self, change: Change<JobFacts>, now: Timestamp) -> Vec<Notice> {
        match change {
            Change::Restart => self.job_lists.started += 1,
            Change::Listed(facts) => return self.job_seen(facts, self.job_lists.completed == 0),
            Change::Applied(facts) => return self.job_seen(facts, false),
            Change::Deleted(facts) => return self.job_gone(&facts.uid.clone(), Some(facts), now),
            Change::Complete => {
                self.job_lists.completed += 1;
                let list = self.job_lists.started;
                let gone: Vec<String> = self
                    .jobs
                    .iter()
                    .filter(|(_, job)| job.list != list)
                    .map(|(uid, _)| uid.clone())
                    .collect();
                let notices = gone.iter().flat_map(|uid| self.job_gone(uid, None, now)).collect();
                self.apps.values_mut().for_each(|app| app.look(&self.live, now));
                return notices;
            }
        }
        Vec::new()
    }

    /// Returns a change of an Application.
    pub fn app(&mut self, change: Change<AppFacts>, now: Timestamp) -> Vec<Notice> {
        match change {
            Change::Restart => self.app_lists.started += 1,
            Change::Listed(facts) | Change::Applied(facts) => {
                let key = facts.key.clone();
                let mut notices = self.app_seen(&facts, now);
                notices.extend(self.stuck(&key, now));
                return notices;
            }
            Change::Deleted(facts) => {
                self.apps.remove(&facts.key);
            }
            Change::Complete => {
                self.app_lists.completed += 1;
                let list = self.app_lists.started;
                self.apps.retain(|_, app| app.facts.is_some() && app.list == list);
            }
        }
        Vec::new()
    }

    /// Time passes: what became stuck or final meanwhile.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Notice> {
        if self.job_lists.completed > 0 {
            self.apps.values_mut().for_each(|app| app.look(&self.live, now));
        }
        let keys: Vec<AppKey> = self.apps.keys().cloned().collect();
        keys.iter().filter_map(|key| self.stuck(key, now)).collect()
    }

    fn job_seen(&mut self, facts: JobFacts, first_list: bool) -> Vec<Notice> {
        if !facts.matters() {
            return Vec::new();
        }
        let list = self.job_lists.started;
        // A Job that had ended before the first list is not news.
        let fresh = Known { counted: first_list && facts.finished.is_some(), facts: facts.clone(), list };
        let known = self.jobs.entry(facts.uid.clone()).or_insert(fresh);
        known.facts = facts;
        known.list = list;
        let old = known.counted && first_list;
        let JobFacts { uid, key, owner, .. } = known.facts.clone();
        if owner.is_some() {
            self.live.insert(key, uid.clone());
        }
        if old {
            self.seed(&uid);
        }
        self.count_end(&uid).into_iter().collect()
    }

    /// The state of a migration that had ended before the first list.
    fn seed(&mut self, uid: &str) {
        let Some(Known { facts, .. }) = self.jobs.get(uid).filter(|known| known.facts.migration) else {
            return;
        };
        let owner = facts.owner.as_ref().and_then(|key| app_of(&mut self.apps, self.app_lists, key));
        if let (Some(app), Some(end)) = (owner, facts.finished) {
            let revision = app.revision();
            app.migrations.job_ended(&facts.key, end, facts.started, &revision, false);
        }
    }

    /// A Job that is not known has been counted already, or never mattered.
    fn job_gone(&mut self, uid: &str, last: Option<JobFacts>, now: Timestamp) -> Vec<Notice> {
        let Some(known) = self.jobs.get_mut(uid) else { return Vec::new() };
        if let Some(last) = last {
            known.facts = last;
        }
        let mut notices: Vec<Notice> = self.count_end(uid).into_iter().collect();
        let Some(Known { facts, .. }) = self.jobs.remove(uid) else { return notices };
        // By then another of the same name may have taken its place.
        if self.live.get(&facts.key).is_some_and(|live| live == uid) {
            self.live.remove(&facts.key);
        }
        if !facts.died_of_ttl(now) {
            return notices;
        }
        self.ttl_deleted += 1;
        if let Some(app) = facts.owner.as_ref().and_then(|key| app_of(&mut self.apps, self.app_lists, key)) {
            if facts.hook {
                app.ttl_deleted_hooks += 1;
            } else {
                app.ttl_deleted_plain += 1;
                let text = format!(
                    "{} was deleted by its TTL and Argo CD still wants it: the app will be OutOfSync, and with self-heal it runs again",
                    facts.key
                );
                notices.extend(notice(app, facts.key, Reason::TrackedJobDeletedByTtl, text));
            }
        }
        notices
    }

    /// Counts the end of a migration, once.
    fn count_end(&mut self, uid: &str) -> Option<Notice> {
        let known = self.jobs.get_mut(uid)?;
        let (at, outcome) = known.facts.finished.filter(|_| !known.counted)?;
        known.counted = true;
        let facts = &known.facts;
        let app = app_of(&mut self.apps, self.app_lists, facts.owner.as_ref().filter(|_| facts.migration)?)?;
        let took = facts.started.map(|started| elapsed(started, at)).unwrap_or_default();
        app.runs.add(outcome, took);
        let revision = app.revision();
        app.migrations.job_ended(&facts.key, (at, outcome), facts.started, &revision, true);
        let (reason, word) = match outcome {
            Outcome::Succeeded => (Reason::MigrationSucceeded, "completed"),
            Outcome::Failed => (Reason::MigrationFailed, "failed"),
        };
        notice(
            app,
            facts.key.clone(),
            reason,
            format!("migration {} {word} after {}", facts.key, human(took)),
        )
    }

    fn app_seen(&mut self, facts: &AppFacts, now: Timestamp) -> Vec<Notice> {
        let app = self.apps.entry(facts.key.clone()).or_default();
        app.list = self.app_lists.started;
        app.facts = Some(facts.clone());
        if self.job_lists.completed > 0 {
            app.look(&self.live, now);
        }
        let (mut notices, jobs, live) = (Vec::new(), &self.jobs, &self.live);
        for run in &facts.runs {
            let known = live.get(&run.key).and_then(|uid| jobs.get(uid));
            // Of a hook in this cluster its Job tells whether it is a migration, unless it is gone.
            let creates =
                facts.remote || known.map_or(run.outcome == Outcome::Failed, |known| known.facts.migration);
            let fresh = app.migrations.sync_ended(run, creates);
            if fresh && self.app_lists.completed > 0 {
                let text = format!("migration {} failed, as its sync tells", run.key);
                notices.extend(notice(app, run.key.clone(), Reason::MigrationFailed, text));
            }
        }
        if let Some(jobs) = &facts.jobs {
            app.migrations.retain(|key| jobs.contains(key) || live.contains_key(key));
        }
        notices
    }

    fn stuck(&mut self, key: &AppKey, now: Timestamp) -> Option<Notice> {
        let app = self.apps.get_mut(key)?;
        let facts = app.facts.as_ref()?;
        let (since, hook) = (facts.since?, facts.waiting.first()?.clone());
        let age = elapsed(since, now);
        if age < self.patience || app.reported == Some(since) {
            return None;
        }
        app.reported = Some(since);
        let text =
            format!("the sync waits for {hook} since {}: `presync doctor {}` says why", human(age), key.name);
        notice(app, hook, Reason::HookStuck, text)
    }
}

/// Returns the Application to count for. One that is not known is remembered only until the first list of Applications
/// is complete, so that Jobs of deleted Applications leave nothing behind.
fn app_of<'a>(apps: &'a mut BTreeMap<AppKey, App>, lists: Lists, key: &AppKey) -> Option<&'a mut App> {
    if lists.completed == 0 { Some(apps.entry(key.clone()).or_default()) } else { apps.get_mut(key) }
}

fn notice(app: &App, object: ObjectKey, reason: Reason, text: String) -> Option<Notice> {
    let AppFacts { key, uid, .. } = app.facts.as_ref()?;
    Some(Notice { app: key.clone(), uid: uid.clone(), object, reason, text })
}

impl Runs {
    /// Returns how many there were.
    pub fn count(&self) -> u64 {
        self.succeeded + self.failed
    }

    fn add(&mut self, outcome: Outcome, took: Duration) {
        match outcome {
            Outcome::Succeeded => self.succeeded += 1,
            Outcome::Failed => self.failed += 1,
        }
        let seconds = took.as_secs_f64();
        self.seconds += seconds;
        self.buckets[BUCKETS.iter().position(|bound| seconds <= *bound).unwrap_or(BUCKETS.len())] += 1;
    }
}

impl App {
    fn revision(&self) -> String {
        self.facts.as_ref().map(|facts| facts.revision.clone()).unwrap_or_default()
    }

    /// Whether it lacks a Job. During a sync, and until Argo CD has compared it afterwards, its status is that of the
    /// past: then nothing changes.
    fn look(&mut self, live: &HashMap<ObjectKey, String>, now: Timestamp) {
        let Some(facts) = &self.facts else { return };
        if !self.settling.is_settled(&facts.moment, now) {
            return;
        }
        let lacks = facts.doubtful.iter().any(|key| !live.contains_key(key));
        self.missing_since = lacks.then(|| self.missing_since.unwrap_or(now));
    }

    /// Returns how long a Job has been missing without a sync.
    pub fn missing_for(&self, now: Timestamp) -> Option<Duration> {
        self.missing_since.map(|since| elapsed(since, now))
    }

    /// Returns the hooks that its operation waits for, and how long.
    pub fn waits(&self, now: Timestamp) -> impl Iterator<Item = (&ObjectKey, Duration)> {
        let facts = self.facts.as_ref();
        let since = facts.and_then(|facts| facts.since);
        let hooks = facts.into_iter().flat_map(|facts| &facts.waiting);
        hooks.filter_map(move |hook| Some((hook, elapsed(since?, now))))
    }
}

#[cfg(test)]
mod tests;
