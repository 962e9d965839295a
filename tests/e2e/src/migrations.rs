//! Which Jobs ran in a namespace, and how often: counted from what a watch saw, since the Jobs themselves are deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug};
use std::time::Duration;

use anyhow::{Result, anyhow};
use futures::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, ResourceExt as _};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// One Job that was seen: one per UID, so that a Job deleted and made again is two.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The last state that was seen.
    pub job: Job,
    /// It has been deleted.
    pub gone: bool,
    /// The names of its pods that started: each is one run of the migration.
    pub runs: BTreeSet<String>,
}

impl Seen {
    /// An annotation of the Job.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.job.annotations().get(name).map(String::as_str)
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.job.name_any()
    }

    /// Its `ttlSecondsAfterFinished`.
    pub fn ttl(&self) -> Option<i32> {
        self.job.spec.as_ref()?.ttl_seconds_after_finished
    }

    /// When it completed.
    pub fn completed(&self) -> Option<Timestamp> {
        Some(self.job.status.as_ref()?.completion_time.as_ref()?.0)
    }

    /// `Complete`, `Failed`, or nothing while it runs.
    pub fn outcome(&self) -> Option<&str> {
        let conditions = self.job.status.as_ref()?.conditions.as_ref()?;
        let ended =
            conditions.iter().find(|c| c.status == "True" && (c.type_ == "Complete" || c.type_ == "Failed"));
        ended.map(|condition| condition.type_.as_str())
    }
}

/// What was seen in one namespace. Jobs and pods come through two watches, in any order.
#[derive(Debug, Default)]
struct Record {
    /// By UID: the last state, and whether it has been deleted.
    jobs: BTreeMap<String, (Job, bool)>,
    /// The pods of Jobs that started: name and UID of the Job.
    started: BTreeSet<(String, String)>,
}

impl Record {
    fn of(&self, name: &str) -> Vec<Seen> {
        self.seen().filter(|seen| seen.job.name_any() == name).collect()
    }

    fn seen(&self) -> impl Iterator<Item = Seen> {
        self.jobs.iter().map(|(uid, (job, gone))| {
            let runs = self.started.iter().filter(|(_, owner)| owner == uid).map(|(pod, _)| pod.clone());
            Seen { job: job.clone(), gone: *gone, runs: runs.collect() }
        })
    }

    fn see_job(&mut self, job: Job, gone: bool) {
        if let Some(uid) = job.uid() {
            self.jobs.insert(uid, (job, gone));
        }
    }

    fn see_pod(&mut self, pod: &Pod) {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let job = pod.owner_references().iter().find(|owner| owner.kind == "Job");
        if let (Some("Running" | "Succeeded" | "Failed"), Some(job)) = (phase, job) {
            self.started.insert((pod.name_any(), job.uid.clone()));
        }
    }
}

/// Follows the Jobs and their pods in one namespace.
#[derive(Debug)]
pub struct Migrations {
    record: watch::Receiver<Record>,
    followers: [JoinHandle<()>; 2],
}

impl Migrations {
    /// Starts to follow what happens in `namespace`.
    pub fn follow(client: &Client, namespace: &str) -> Self {
        let (sender, record) = watch::channel(Record::default());
        let of_pods = sender.clone();
        let followers = [
            follow(Api::<Job>::namespaced(client.clone(), namespace), move |job, gone| {
                sender.send_modify(|record| record.see_job(job, gone));
            }),
            follow(Api::<Pod>::namespaced(client.clone(), namespace), move |pod, _| {
                of_pods.send_modify(|record| record.see_pod(&pod));
            }),
        ];
        Self { record, followers }
    }

    /// All Jobs, in no particular order.
    pub fn all(&self) -> Vec<Seen> {
        self.record.borrow().seen().collect()
    }

    /// The Jobs called `name`, in no particular order.
    pub fn of(&self, name: &str) -> Vec<Seen> {
        self.record.borrow().of(name)
    }

    /// How often the migration called `name` ran: the pods that its Jobs started.
    pub fn runs(&self, name: &str) -> usize {
        self.of(name).iter().map(|seen| seen.runs.len()).sum()
    }

    /// Waits until every Job that `expected` holds for is deleted.
    pub async fn deleted(&self, limit: Duration, expected: impl Fn(&Seen) -> bool) -> Result<()> {
        let mut record = self.record.clone();
        let over = record.wait_for(|record| record.seen().all(|seen| seen.gone || !expected(&seen)));
        match timeout(limit, over).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(anyhow!("not deleted within {} s; the Jobs were:\n{self}", limit.as_secs())),
        }
    }

    /// Waits until the Jobs called `name` are as `wanted`. The error names `what` was awaited and lists the Jobs.
    pub async fn until(
        &self,
        what: &str,
        limit: Duration,
        name: &str,
        wanted: impl Fn(&[Seen]) -> bool,
    ) -> Result<Vec<Seen>> {
        let mut record = self.record.clone();
        let reached = record.wait_for(|record| wanted(&record.of(name)));
        if let Ok(Ok(record)) = timeout(limit, reached).await {
            return Ok(record.of(name));
        }
        Err(anyhow!("{what} did not come within {} s; the Jobs were:\n{self}", limit.as_secs()))
    }
}

impl fmt::Display for Migrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for seen in self.record.borrow().seen() {
            let (name, outcome) = (seen.job.name_any(), seen.outcome().unwrap_or("not finished"));
            let gone = if seen.gone { ", deleted" } else { "" };
            writeln!(f, "  Job {name}: {outcome}, {} runs{gone}", seen.runs.len())?;
        }
        Ok(())
    }
}

impl Drop for Migrations {
    fn drop(&mut self) {
        for follower in &self.followers {
            follower.abort();
        }
    }
}

/// Calls `see` with every state of every object, and whether it has been deleted.
fn follow<K>(api: Api<K>, see: impl Fn(K, bool) + Send + 'static) -> JoinHandle<()>
where
    K: kube::Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + 'static,
{
    tokio::spawn(async move {
        let mut events = std::pin::pin!(watcher(api, watcher::Config::default()));
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Apply(object) | Event::InitApply(object)) => see(object, false),
                Ok(Event::Delete(object)) => see(object, true),
                // The watcher repairs itself after an error, and lists anew.
                Ok(Event::Init | Event::InitDone) | Err(_) => {}
            }
        }
    })
}
