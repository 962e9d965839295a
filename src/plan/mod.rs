//! The plan: for every Job a decision and its reasons. Pure: no IO, no clock, no randomness.
//!
//! The order of the decisions is in `docs/decisions.md`; each row of that table has a case in `tests/cases`.

pub(crate) mod app;
mod decide;
mod left;
pub(crate) mod migration;
pub(crate) mod needs;
pub(crate) mod placement;
pub(crate) mod pod;
pub(crate) mod rewrite;

use std::collections::BTreeMap;

use crate::{
    error::Problem,
    manifest::{Addition, Changes, Edit, Manifests, ObjectId},
    plan::{app::hooks::HookType, migration::Selection, rewrite::name::Doubtful},
    settings::{Environment, Strategy},
};

pub use decide::plan;

/// A decided value and the reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided<T> {
    /// The value.
    pub value: T,
    /// Why, a sentence fragment for the user.
    pub why: String,
}

impl<T> Decided<T> {
    /// Returns a value with its reason.
    pub fn new(value: T, why: impl Into<String>) -> Self {
        Self { value, why: why.into() }
    }
}

/// What a render tells beside its manifests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rendering<'a> {
    /// The same app rendered once more, where its templates ask for the time or for random values.
    pub again: Option<&'a Manifests>,
    /// What the app's kustomizations put before or after names.
    pub affixes: &'a [String],
}

/// What is decided for one app.
#[derive(Debug)]
pub struct Plan {
    /// The environment, which drives the TTL.
    pub environment: Environment,
    /// Every Job, in the order of the manifests.
    pub jobs: Vec<JobPlan>,
    /// Objects that get another sync wave so that a migration runs after what it needs.
    pub moved: Vec<Moved>,
    /// What the user should know, though nothing is wrong.
    pub warnings: Vec<Warning>,
    /// Names of Jobs that may have a generated part.
    doubtful_names: Vec<Doubtful>,
    additions: Vec<Addition>,
    edits: BTreeMap<ObjectId, Vec<Edit>>,
}

impl Plan {
    /// Returns the changes to the manifests.
    pub fn changes(&self) -> Changes {
        Changes { edits: self.edits.clone(), additions: self.additions.clone() }
    }
}

/// What is decided for one Job.
#[derive(Debug)]
pub struct JobPlan {
    /// Where it stands.
    pub id: ObjectId,
    /// `Job`, or `Workflow`.
    pub kind: String,
    /// Its name as rendered; a `generateName` ends with `*`.
    pub label: String,
    /// Whether it is a migration, and why.
    pub selection: Selection,
    /// What presync does with it.
    pub outcome: Outcome,
}

/// What presync does with a Job.
#[derive(Debug)]
pub enum Outcome {
    /// It is left as it is, for this reason.
    Left(String),
    /// It is rewritten.
    Rewritten(Box<Rewrite>),
}

/// The decisions for a rewritten Job.
#[derive(Debug)]
pub struct Rewrite {
    /// What it becomes.
    pub strategy: Decided<Strategy>,
    /// The hook's phases, or the Sync phase of a plain Job; none for strategy `extend`, which leaves them.
    pub phase: Option<Decided<Vec<HookType>>>,
    /// The sync wave, where one is written.
    pub wave: Option<Decided<i32>>,
    /// TTL in seconds; `None` keeps the finished Job.
    pub ttl: Decided<Option<u64>>,
    /// The name in the output.
    pub name: Decided<String>,
    /// The trigger ConfigMap.
    pub trigger: Option<Decided<String>>,
    /// What its pod needs that the app renders: object and reason.
    pub needs: Vec<(String, String)>,
    /// Hook copies: what is copied and the copy's name.
    pub copies: Vec<(String, String)>,
    /// Limits that were added.
    pub guards: Vec<String>,
    /// Whether the output differs from the input.
    pub changed: bool,
}

/// An object whose sync wave changes.
#[derive(Debug)]
pub struct Moved {
    /// `Kind name`.
    pub label: String,
    /// Its wave as rendered.
    pub from: i32,
    /// Its wave in the output.
    pub to: Decided<i32>,
}

/// Something that the user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The text, a sentence fragment.
    pub text: String,
    /// Where, as [`crate::error::Location`] prints it.
    pub location: String,
    /// What to do.
    pub hint: Option<String>,
}

impl From<Problem> for Warning {
    fn from(problem: Problem) -> Self {
        let Problem { message, location, hints, .. } = problem;
        let location = location.unwrap_or_default().to_string();
        Self { text: message, location, hint: hints.into_iter().next() }
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "warning: {}\n  at: {}", self.text, self.location)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}
