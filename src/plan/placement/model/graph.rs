//! Who must be told when something becomes true: the needs of all resources, turned round.

use std::collections::BTreeMap;

use super::{Id, Nature, Need, Place, Resource, steps::Step};

/// What of a resource depends on another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dependent {
    /// That its pod is created.
    Scheduling(Id),
    /// That it does its work.
    Working(Id),
    /// That it does its work in an earlier step than its author's.
    Guarded(Id),
}

/// The needs of all resources as indices, and the barriers that stand for what the author's order says.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) resources: Vec<Resource>,
    /// What a resource may need without a word of it, and has as rendered: it counts where the resource runs earlier.
    pub(super) guards: Vec<Vec<Need>>,
    /// Who waits until a resource is there.
    pub(super) on_exists: Vec<Vec<Dependent>>,
    /// Who waits until a resource works.
    pub(super) on_works: Vec<Vec<Dependent>>,
    /// For each resource, how many needs its pod's creation has.
    pub(super) scheduling: Vec<u32>,
    /// For each resource, how many other needs it has.
    pub(super) working: Vec<u32>,
}

impl Graph {
    /// Indexes the resources, whose steps as rendered are `steps`.
    pub(super) fn new(mut resources: Vec<Resource>, steps: &[Step]) -> Self {
        let guards = guards(&mut resources, steps);
        let count = resources.len();
        let mut graph = Self {
            on_exists: vec![Vec::new(); count],
            on_works: vec![Vec::new(); count],
            scheduling: vec![0; count],
            working: vec![0; count],
            resources,
            guards,
        };
        for id in 0..count {
            for at in 0..graph.guards[id].len() {
                graph.on_works[graph.guards[id][at].on()].push(Dependent::Guarded(id));
            }
            for at in 0..graph.resources[id].needs.len() {
                graph.index(id, graph.resources[id].needs[at]);
            }
        }
        graph
    }

    fn index(&mut self, id: Id, need: Need) {
        match need {
            Need::Accepted(_) => {}
            Need::Account(on) => {
                self.on_exists[on].push(Dependent::Scheduling(id));
                self.scheduling[id] += 1;
            }
            Need::Exists(on) => {
                self.on_exists[on].push(Dependent::Working(id));
                self.working[id] += 1;
            }
            Need::Works(on) => {
                self.on_works[on].push(Dependent::Working(id));
                self.working[id] += 1;
            }
            Need::Claim(on) => {
                self.on_exists[on].push(Dependent::Scheduling(id));
                self.scheduling[id] += 1;
                self.on_works[on].push(Dependent::Working(id));
                self.working[id] += 1;
            }
        }
    }
}

/// Returns what the app does not say but may hold: whatever an author put behind an object of an unknown kind needs it;
/// so does what refers to something outside of the app, if it is in the same step. What the object itself needs is
/// unknown too, so that nothing that was there before may come later. A Job that its author put behind workloads needs
/// them.
fn guards(resources: &mut Vec<Resource>, steps: &[Step]) -> Vec<Vec<Need>> {
    let mut first: BTreeMap<Id, usize> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        for id in &step.tasks {
            first.entry(*id).or_insert(at);
        }
    }
    let is = |wanted: Nature| move |resource: &Resource| resource.nature == wanted;
    let unknown = chain(resources, steps, "what is of an unknown kind", is(Nature::Unknown));
    let workloads = chain(resources, steps, "the workloads", is(Nature::Workload));
    let all = chain(resources, steps, "what is there before it", |_| true);
    let beside: Vec<Id> =
        steps.iter().map(|step| barrier(resources, "what is there beside it", step)).collect();
    let mut guards = vec![Vec::new(); resources.len()];
    for (id, at) in first {
        let resource = &resources[id];
        if matches!(resource.nature, Nature::Passive | Nature::Outward | Nature::Claim | Nature::Unknown) {
            continue;
        }
        let earlier = at.checked_sub(1);
        let behind = if resource.outside { Some(at) } else { earlier };
        let maker = behind.and_then(|at| unknown[at]);
        // An unknown object of a later step is there already where an earlier sync left it.
        if maker.is_some() || resource.outside && unknown.last().is_some_and(Option::is_some) {
            let before = earlier.and_then(|at| all[at]);
            guards[id].extend([maker, before, Some(beside[at])].into_iter().flatten().map(Need::Works));
        }
        if let Some(barrier) = earlier.and_then(|at| workloads[at]).filter(|_| resource.ordered) {
            guards[id].push(Need::Works(barrier));
        }
    }
    guards
}

/// For each step, the barrier that stands for all matching resources of the steps until and with it. They work: the next
/// step begins only then.
fn chain(
    resources: &mut Vec<Resource>,
    steps: &[Step],
    label: &str,
    matches: impl Fn(&Resource) -> bool,
) -> Vec<Option<Id>> {
    let mut last = None;
    let mut chain = Vec::with_capacity(steps.len());
    for step in steps {
        let members = step.tasks.iter().filter(|id| matches(&resources[**id]));
        let mut needs: Vec<Need> = members.map(|id| Need::Works(*id)).collect();
        if !needs.is_empty() {
            needs.extend(last.map(Need::Works));
            last = Some(add(resources, label, needs));
        }
        chain.push(last);
    }
    chain
}

/// Returns the barrier that stands for the resources of one step. They are there; what of them works may be waiting.
fn barrier(resources: &mut Vec<Resource>, label: &str, step: &Step) -> Id {
    let needs = step.tasks.iter().map(|id| Need::Exists(*id)).collect();
    add(resources, label, needs)
}

fn add(resources: &mut Vec<Resource>, label: &str, needs: Vec<Need>) -> Id {
    resources.push(Resource { needs, ..Resource::new(label, 0, Place::default(), Nature::Barrier) });
    resources.len() - 1
}
