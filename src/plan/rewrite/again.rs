//! The same app, rendered once more: what differs between two renders is generated, and no change of the app.

use std::{
    borrow::Cow,
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use serde_json::Value;

use crate::{
    error::Result,
    manifest::{Header, Manifests, ObjectId, Step},
    plan::{
        app::{job::Job, jobs::jobs_of},
        rewrite::name::common_tokens,
    },
};

/// What differs in the second render. Nothing where the app was rendered once.
#[derive(Debug, Default)]
pub(crate) struct Again<'m> {
    manifests: Option<&'m Manifests>,
    jobs: BTreeMap<ObjectId, Difference>,
    /// The other objects of the second render, by kind and name.
    others: OnceCell<HashMap<(String, String), ObjectId>>,
}

/// What differs in one Job.
#[derive(Debug, Default)]
struct Difference {
    /// Its other name.
    name: Option<String>,
    /// Paths in its spec.
    spec: Vec<Vec<Step>>,
}

impl<'m> Again<'m> {
    /// Compares each of `jobs` with itself in the second render.
    pub(crate) fn new(jobs: &[Job<'_>], manifests: Option<&'m Manifests>, workflows: bool) -> Result<Self> {
        let Some(again) = manifests else { return Ok(Self::default()) };
        let objects = jobs_of(again, workflows)?;
        let others: Vec<Job<'_>> =
            objects.iter().map(|(id, object)| Job { id: *id, object: object.as_ref() }).collect();
        let differences = pairs(jobs, &others).into_iter().map(|(job, other)| {
            let name = (job.name() != other.name()).then(|| other.name().to_owned());
            let mut difference = Difference { name, spec: Vec::new() };
            differing(job.spec(), other.spec(), &mut Vec::new(), &mut difference.spec);
            (job.id, difference)
        });
        Ok(Self { manifests, jobs: differences.collect(), others: OnceCell::new() })
    }

    /// Returns the Job's name in the second render, where it is another one.
    pub(crate) fn other_name(&self, job: &Job<'_>) -> Option<&str> {
        self.jobs.get(&job.id)?.name.as_deref()
    }

    /// Returns the Job's spec with null in the place of what differs.
    pub(crate) fn stable_spec<'v>(&self, job: &Job<'v>) -> Cow<'v, Value> {
        match self.jobs.get(&job.id) {
            Some(difference) => stable(job.spec(), &difference.spec),
            None => Cow::Borrowed(job.spec()),
        }
    }

    /// Returns a ConfigMap or Secret with null in the place of what differs.
    pub(crate) fn stable_object<'v>(&self, header: &Header, object: &'v Value) -> Result<Cow<'v, Value>> {
        let Some(again) = self.manifests else { return Ok(Cow::Borrowed(object)) };
        if self.others.get().is_none() {
            let index = again.index()?.into_iter().map(|header| ((header.kind, header.name), header.id));
            let _ = self.others.set(index.collect());
        }
        let key = (header.kind.clone(), header.name.clone());
        let other = self.others.get().and_then(|others| others.get(&key));
        let Some(other) = other else { return Ok(Cow::Borrowed(object)) };
        let mut paths = Vec::new();
        differing(object, again.object(*other)?, &mut Vec::new(), &mut paths);
        Ok(stable(object, &paths))
    }
}

/// Returns each Job with itself in the second render: the one of its name, else the one whose name has the most tokens
/// in common.
fn pairs<'j, 'a, 'b>(jobs: &'j [Job<'a>], others: &[Job<'b>]) -> Vec<(&'j Job<'a>, Job<'b>)> {
    let key =
        |job: &Job<'_>| (job.kind().to_owned(), job.namespace().map(str::to_owned), job.name().to_owned());
    let by_key: BTreeMap<_, _> = others.iter().map(|other| (key(other), *other)).collect();
    let keys: BTreeSet<_> = jobs.iter().map(key).collect();
    let mut left: Vec<Job<'b>> = others.iter().copied().filter(|other| !keys.contains(&key(other))).collect();
    let mut pairs = Vec::new();
    for job in jobs {
        if let Some(other) = by_key.get(&key(job)) {
            pairs.push((job, *other));
            continue;
        }
        let alike = |other: &Job<'_>| {
            let of_kind = other.kind() == job.kind() && other.namespace() == job.namespace();
            (of_kind, common_tokens(job.name(), other.name()), other.pod() == job.pod())
        };
        // Of several that are as much alike, the first: Helm sorts both renders in one way.
        let best = (0..left.len()).rev().max_by_key(|at| alike(&left[*at]));
        if let Some(at) = best.filter(|at| alike(&left[*at]).0) {
            pairs.push((job, left.remove(at)));
        }
    }
    pairs
}

/// The paths at which two values differ.
fn differing(a: &Value, b: &Value, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    let mut below = |step: Step, a: &Value, b: &Value| {
        path.push(step);
        differing(a, b, path, found);
        path.pop();
    };
    match (a, b) {
        (a, b) if a == b => {}
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                below(Step::Key(key.clone()), value, b.get(key).unwrap_or(&Value::Null));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                below(Step::Index(index), a, b);
            }
        }
        _ => found.push(path.clone()),
    }
}

fn stable<'v>(value: &'v Value, paths: &[Vec<Step>]) -> Cow<'v, Value> {
    if paths.is_empty() {
        return Cow::Borrowed(value);
    }
    let mut value = value.clone();
    for path in paths {
        let place = path.iter().try_fold(&mut value, |value, step| match step {
            Step::Key(key) => value.get_mut(key),
            Step::Index(index) => value.get_mut(*index),
        });
        if let Some(place) = place {
            *place = Value::Null;
        }
    }
    Cow::Owned(value)
}
