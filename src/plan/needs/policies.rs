//! Network policies that let a pod's traffic through: where another one denies it, the pod reaches nothing without them.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashMap},
};

use serde_json::{Map, Value};

use crate::{
    error::Result,
    labels::{LabelSelector, Requirement},
    manifest::Header,
    plan::app::index::Index,
};

/// The kinds, and the field that selects pods. A policy of Cilium's may be for the whole cluster.
const KINDS: [(&str, &str); 4] = [
    ("NetworkPolicy", "podSelector"),
    ("FQDNNetworkPolicy.networking.gke.io", "podSelector"),
    ("CiliumNetworkPolicy.cilium.io", "endpointSelector"),
    ("CiliumClusterwideNetworkPolicy.cilium.io", "endpointSelector"),
];

/// The labels that Kubernetes gives to the pods of a Job: `pkg/controller/job`, `batch/v1` `JobNameLabel`.
const JOB_NAME: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];

/// The policies of an app, read once, when the first pod asks.
#[derive(Default)]
pub(crate) struct Policies<'v>(OnceCell<Read<'v>>);

#[derive(Default)]
struct Read<'v> {
    all: Vec<Policy<'v>>,
    /// The positions of those that ask for this label.
    by_label: HashMap<(String, String), Vec<usize>>,
    /// The positions of the others.
    others: Vec<usize>,
}

struct Policy<'v> {
    header: &'v Header,
    selector: LabelSelector,
    /// It lets something out of the pods; else only in.
    sends: bool,
}

/// The pod that asks.
pub(crate) struct Pod<'p> {
    pub(crate) labels: BTreeMap<String, String>,
    /// As a manifest gives it.
    pub(crate) namespace: Option<&'p str>,
    /// Others reach it: what lets traffic in counts too.
    pub(crate) serves: bool,
}

impl<'p> Pod<'p> {
    /// Returns the pod of a Job, or of something that serves.
    pub(crate) fn new(
        labels: Option<&Map<String, Value>>,
        namespace: Option<&'p str>,
        job: Option<&str>,
    ) -> Self {
        let written = labels.into_iter().flatten();
        let mut labels: BTreeMap<_, _> =
            written.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
        if let Some(name) = job {
            labels.extend(JOB_NAME.map(|key| (key.to_owned(), name.to_owned())));
        }
        Self { labels, namespace, serves: job.is_none() }
    }
}

impl<'v> Policies<'v> {
    /// Returns the policies that select the pod and let something through; one that only denies is not needed.
    pub(crate) fn of(&self, pod: &Pod<'_>, app: &'v Index<'_>) -> Result<Vec<&'v Header>> {
        let read = if let Some(read) = self.0.get() {
            read
        } else {
            let read = Read::new(app)?;
            self.0.get_or_init(|| read)
        };
        let label = |(key, value): (&String, &String)| read.by_label.get(&(key.clone(), value.clone()));
        let asked = pod.labels.iter().filter_map(label).flatten();
        let mut positions: Vec<_> = asked.chain(&read.others).copied().collect();
        positions.sort_unstable();
        positions.dedup();
        let policies = positions.into_iter().map(|at| &read.all[at]);
        let selects = |policy: &&Policy<'v>| {
            (policy.sends || pod.serves)
                && app.reaches(policy.header, pod.namespace)
                && policy.selector.matches(&pod.labels)
        };
        Ok(policies.filter(selects).map(|policy| policy.header).collect())
    }
}

impl<'v> Read<'v> {
    fn new(app: &'v Index<'_>) -> Result<Self> {
        let mut read = Self::default();
        for (kind, field) in KINDS {
            for header in app.of_kind(kind) {
                let spec = &app.object(header.id)?["spec"];
                let lets = |way: &str| spec[way].as_array().is_some_and(|rules| !rules.is_empty());
                let sends = lets("egress");
                if let (true, Ok(selector)) = (sends || lets("ingress"), LabelSelector::of(&spec[field])) {
                    read.add(Policy { header, selector, sends });
                }
            }
        }
        Ok(read)
    }

    fn add(&mut self, policy: Policy<'v>) {
        let at = self.all.len();
        let asks = policy.selector.requirements.iter().find_map(|requirement| match requirement {
            Requirement::In(key, values) => Some((key, values)),
            _ => None,
        });
        match asks {
            Some((key, values)) => {
                for value in values {
                    self.by_label.entry((key.clone(), value.clone())).or_default().push(at);
                }
            }
            None => self.others.push(at),
        }
        self.all.push(policy);
    }
}
