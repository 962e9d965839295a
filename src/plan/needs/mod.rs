//! What a Job's pod needs that the same app renders, transitively, each with the field that says so.
//!
//! `docs/dependencies.md` describes the rules and holds the tables.

pub(crate) mod catalogue;
mod claims;
mod custom_resources;
mod databases;
mod dependents;
mod graph;
pub(crate) mod hostnames;
mod makers;
mod policies;
mod rbac;
pub(crate) mod texts;
mod wait_commands;
mod waited_for;

use std::cell::OnceCell;

use crate::{
    error::Result,
    manifest::{Header, ObjectId, Step},
    plan::{app::job::Job, pod::Pods},
};

pub(crate) use catalogue::kinds::{Knowledge, has_health, is_extension, knowledge};
pub(crate) use claims::mounts;
pub(crate) use hostnames::has_name;

pub(crate) use crate::plan::pod::references::Relation;
pub(crate) use dependents::Waiter;

/// An object of the app that has to be there, and up to date, before the Job's pod can do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    /// The object.
    pub header: Header,
    /// What it is to the Job.
    pub relation: Relation,
    /// Every place that refers to it, in the order found; never empty.
    pub uses: Vec<Use>,
}

impl Need {
    /// Returns the first place that refers to it, in words.
    pub(crate) fn why(&self) -> &str {
        self.uses.first().map_or("", |used| used.why.as_str())
    }
}

/// A place that refers to a needed object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    /// The object that refers to it: the Job, or another need.
    pub by: ObjectId,
    /// The field in words, such as `env DATABASE_URL of container migrate`; never a value of the manifests.
    pub why: String,
    /// The way to the name in the Job, where it stands there literally.
    pub path: Option<Vec<Step>>,
}

/// A workload of the app itself, no database, that a Job's pod waits for, or a Service that leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WaitedFor {
    /// The object.
    pub header: Header,
    /// The field in words; never a value of the manifests.
    pub why: String,
}

/// What a Job's pod needs, and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Everything that the pod needs and the app renders. Objects that are hooks are included: the phase judges whether
    /// they come early enough.
    pub needs: Vec<Need>,
    /// What the pod waits for though it is no need: the Job cannot run before it.
    pub awaits: Vec<WaitedFor>,
    /// What the pod, or a pod that it needs, refers to and the app does not render.
    pub missing: Vec<Missing>,
    /// What waits for the Job.
    pub waiters: Vec<Waiter>,
}

/// A reference to an object that the app does not render: it is in the cluster, or an object of the app makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// The object that refers to it: the Job, or a need.
    pub by: ObjectId,
    /// `Kind name`.
    pub why: String,
}

/// What is read of the app once for all of its Jobs.
#[derive(Default)]
pub(crate) struct Shared<'v> {
    makers: makers::Makers<'v>,
    policies: policies::Policies<'v>,
    /// Whether an object of an unknown kind may be a database.
    database: OnceCell<bool>,
}

/// Follows the Job's pod through the app; fails where a document cannot be read.
pub(crate) fn of<'v, 'a>(job: &Job<'a>, shared: &Shared<'v>, pods: &Pods<'v, 'a>) -> Result<Found> {
    graph::from(job, shared, pods)
}

#[cfg(test)]
mod tests;
