//! A sync from its first step to its end.

use std::collections::BTreeSet;

use super::{
    Id, Nature, Phase, Place, Resource,
    graph::Graph,
    steps::{Step, steps},
    world::World,
};

/// A step that never ends, or resources that never work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blocked {
    /// The step; none if the sync ends but something never works.
    pub(crate) step: Option<(Phase, i32)>,
    /// What never becomes Healthy, in the order in which it is applied.
    pub(crate) waiting: Vec<Waiting>,
}

/// A resource that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// The resource.
    pub(crate) id: Id,
    /// The last resource of the line: this one, or what it waits for.
    pub(crate) last: Id,
    /// What the last one waits for; itself if its health comes from outside of the app.
    pub(crate) on: Id,
}

/// The cluster before a sync: what of the app is there, what of that works, and what becomes Healthy by something
/// outside of the app: an address is assigned, a volume is bound without a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cluster {
    pub(crate) exists: Vec<bool>,
    pub(crate) works: Vec<bool>,
    pub(crate) healthy: Vec<bool>,
}

/// Where everything is applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Layout {
    /// The place of each resource.
    pub(crate) places: Vec<Place>,
    /// The waves of the Sync phase that get a trigger: an ordinary ConfigMap that the app as rendered does not have.
    pub(crate) triggers: BTreeSet<i32>,
}

/// An app as rendered, and the clusters in which it comes up.
#[derive(Debug)]
pub(crate) struct Model {
    graph: Graph,
    /// How many resources the app has; barriers come behind them.
    count: usize,
    /// A cluster without the app.
    empty: Cluster,
    /// What blocks on a first install of the app as rendered.
    hangs: BTreeSet<Id>,
    /// If anything does, what earlier syncs must have left for the rendered app to come up.
    left: Vec<Cluster>,
}

impl Model {
    /// Runs the app as rendered, and notes what must be true of the cluster for it to come up.
    pub(crate) fn new(resources: Vec<Resource>) -> Self {
        let rendered = steps(&resources, |id| &resources[id].place, &BTreeSet::new());
        let count = resources.len();
        let graph = Graph::new(resources, &rendered);
        let mut empty = nothing(graph.resources.len());
        let hangs = settle(&graph, &rendered, &mut empty);
        let mut model = Self { graph, count, empty, hangs, left: Vec::new() };
        if !model.hangs.is_empty() {
            model.left = [false, true].into_iter().flat_map(|works| model.left(&rendered, works)).collect();
        }
        model
    }

    /// Whether something blocks with the resources at other places though the rendered app comes up.
    ///
    /// A first install counts even where the rendered app blocks, but not for what blocks there as well, unless it is to
    /// be `improved`.
    pub(crate) fn check(&self, layout: &Layout, improved: impl Fn(Id) -> bool) -> Vec<Blocked> {
        let mut found = self.run(layout, &self.empty);
        for blocked in &mut found {
            blocked.waiting.retain(|waiting| !self.hangs.contains(&waiting.id) || improved(waiting.id));
        }
        found.extend(self.left.iter().flat_map(|cluster| self.run(layout, cluster)));
        found.retain(|blocked| !blocked.waiting.is_empty());
        found
    }

    /// Returns what blocks with the resources at these places. Whatever blocks is taken for done, so that all is found
    /// at once.
    pub(crate) fn run(&self, layout: &Layout, cluster: &Cluster) -> Vec<Blocked> {
        let place = |id: Id| layout.places.get(id).unwrap_or_else(|| &self.graph.resources[id].place);
        let steps = steps(&self.graph.resources, place, &layout.triggers);
        let earlier = |id: Id| place(id).first() < self.graph.resources[id].place.first();
        let mut sync = Sync { graph: &self.graph, world: World::new(&self.graph, cluster, earlier) };
        let (mut from, mut found) = (0, Vec::new());
        while let Some((step, blocked)) = sync.until_blocked(&steps, from) {
            from = step;
            for waiting in &blocked.waiting {
                sync.world.assume(waiting.id);
            }
            found.push(blocked);
        }
        found
    }

    /// Returns the resources of the app, as rendered.
    pub(crate) fn resources(&self) -> &[Resource] {
        &self.graph.resources[..self.count]
    }

    /// Returns the label of a resource, or what a barrier stands for.
    pub(crate) fn label(&self, id: Id) -> &str {
        &self.graph.resources[id].label
    }

    /// Returns a cluster without anything of the app, in which nothing becomes Healthy from outside.
    #[cfg(test)]
    pub(crate) fn nothing(&self) -> Cluster {
        nothing(self.graph.resources.len())
    }

    /// Returns a cluster that has the ordinary resources of so many steps, from a sync that failed behind them or, with
    /// all of them, from an earlier version of the app. Hooks do not count: their delete policies may have taken them away.
    fn left_by(&self, rendered: &[Step], steps: usize, works: bool) -> Option<Cluster> {
        let mut cluster = nothing(self.graph.resources.len());
        for id in rendered[..steps].iter().flat_map(|step| &step.tasks) {
            if !self.graph.resources[*id].place.is_hook() {
                cluster.exists[*id] = true;
                cluster.works[*id] = works;
            }
        }
        settle(&self.graph, rendered, &mut cluster).is_empty().then_some(cluster)
    }

    /// Returns all steps, and the fewest, that an earlier sync must have left for the rendered app to come up. The more
    /// are left, the more it can: so half of the rest is looked at each time.
    fn left(&self, rendered: &[Step], works: bool) -> Vec<Cluster> {
        let Some(all) = self.left_by(rendered, rendered.len(), works) else { return Vec::new() };
        let (mut blocks, mut up, mut least) = (0, rendered.len(), None);
        while up - blocks > 1 {
            let middle = blocks + (up - blocks) / 2;
            match self.left_by(rendered, middle, works) {
                Some(cluster) => (up, least) = (middle, Some(cluster)),
                None => blocks = middle,
            }
        }
        least.into_iter().chain([all]).collect()
    }
}

/// Returns a cluster without anything, in which nothing becomes Healthy from outside.
fn nothing(count: usize) -> Cluster {
    Cluster { exists: vec![false; count], works: vec![false; count], healthy: vec![false; count] }
}

/// Runs the rendered app in a cluster; what it waits for that only something outside of the app makes Healthy is so in
/// this cluster. Gives what blocks all the same.
fn settle(graph: &Graph, rendered: &[Step], cluster: &mut Cluster) -> BTreeSet<Id> {
    let mut hangs = BTreeSet::new();
    let mut sync = Sync { graph, world: World::new(graph, cluster, |_| false) };
    let mut from = 0;
    while let Some((step, blocked)) = sync.until_blocked(rendered, from) {
        from = step;
        let mut seen = BTreeSet::new();
        let mut outside = Vec::new();
        for waiting in &blocked.waiting {
            sync.outside(waiting.id, &mut seen, &mut outside);
        }
        for id in &outside {
            cluster.healthy[*id] = true;
            sync.world.assume_healthy(*id);
        }
        if outside.is_empty() {
            for waiting in &blocked.waiting {
                hangs.insert(waiting.id);
                sync.world.assume(waiting.id);
            }
        }
    }
    hangs
}

/// A sync in the making.
struct Sync<'g> {
    graph: &'g Graph,
    world: World<'g>,
}

impl Sync<'_> {
    /// Goes on from a step until one blocks; gives that step and what waits in it.
    fn until_blocked(&mut self, steps: &[Step], from: usize) -> Option<(usize, Blocked)> {
        for (at, step) in steps.iter().enumerate().skip(from) {
            let mut refused = Vec::new();
            for id in &step.tasks {
                if !self.world.apply(*id) {
                    refused.push(*id);
                }
            }
            let unhealthy = step.gates.iter().copied().filter(|id| !self.world.is_healthy(*id));
            let waiting: Vec<Id> = if refused.is_empty() { unhealthy.collect() } else { refused };
            if !waiting.is_empty() {
                return Some((at, self.blocked(Some((step.phase, step.wave)), &waiting)));
            }
        }
        let tasks = steps.iter().flat_map(|step| &step.tasks);
        let waiting: Vec<Id> = tasks.copied().filter(|id| !self.world.works(*id)).collect();
        (!waiting.is_empty()).then(|| (steps.len(), self.blocked(None, &waiting)))
    }

    fn blocked(&self, step: Option<(Phase, i32)>, waiting: &[Id]) -> Blocked {
        Blocked { step, waiting: waiting.iter().map(|id| self.line(*id)).collect() }
    }

    /// Follows what a resource waits for to the end of the line.
    fn line(&self, from: Id) -> Waiting {
        let mut seen = BTreeSet::from([from]);
        let (mut last, mut on) = (from, from);
        while let Some(need) = self.world.unmet(on).find(|need| !seen.contains(&need.on())) {
            // A barrier is no resource: whoever waits for it waits for what it stands for.
            if self.graph.resources[on].nature != Nature::Barrier {
                last = on;
            }
            on = need.on();
            seen.insert(on);
            if !self.world.exists(on) && self.world.refused_for(on).is_none() {
                break;
            }
        }
        Waiting { id: from, last, on }
    }

    /// What stops a resource and becomes Healthy only by something outside of the app.
    fn outside(&self, from: Id, seen: &mut BTreeSet<Id>, found: &mut Vec<Id>) {
        let mut stack = vec![from];
        while let Some(id) = stack.pop() {
            if self.world.is_healthy(id) || !seen.insert(id) {
                continue;
            }
            match self.graph.resources[id].nature {
                Nature::Outward | Nature::Unknown | Nature::Claim if self.world.exists(id) => found.push(id),
                _ => stack.extend(self.world.unmet(id).map(super::Need::on)),
            }
        }
    }
}
