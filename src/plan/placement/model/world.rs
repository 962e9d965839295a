//! What is true in the cluster at one moment of a sync.

use super::{
    Id, Nature, Need,
    graph::{Dependent, Graph},
    run::Cluster,
};

/// The cluster: what is there, what works. Nothing ever becomes untrue.
#[derive(Debug, Clone)]
pub(super) struct World<'g> {
    graph: &'g Graph,
    exists: Vec<bool>,
    /// Its pod is created.
    scheduled: Vec<bool>,
    works: Vec<bool>,
    /// It is Healthy though the app does not show why; a claim is bound without a pod.
    healthy: Vec<bool>,
    scheduling: Vec<u32>,
    working: Vec<u32>,
    /// How many guards of a resource that runs earlier than its author's do not hold.
    guarded: Vec<u32>,
}

/// Something that has become true and of which others are to be told.
enum News {
    Exists(Id),
    Works(Id),
}

impl<'g> World<'g> {
    /// The world before a sync in which some resources run earlier than as rendered.
    pub(super) fn new(graph: &'g Graph, cluster: &Cluster, earlier: impl Fn(Id) -> bool) -> Self {
        let count = graph.resources.len();
        let mut world = Self {
            graph,
            exists: vec![false; count],
            scheduled: vec![false; count],
            works: vec![false; count],
            healthy: cluster.healthy.clone(),
            scheduling: graph.scheduling.clone(),
            working: graph.working.clone(),
            guarded: (0..count).map(|id| if earlier(id) { count_of(&graph.guards[id]) } else { 0 }).collect(),
        };
        let mut news = Vec::new();
        for id in 0..count {
            if graph.resources[id].nature == Nature::Barrier || cluster.exists[id] {
                world.create(id, &mut news);
            }
        }
        world.tell(news);
        for id in (0..count).filter(|id| cluster.works[*id]) {
            world.assume(id);
        }
        world
    }

    /// Creates the object; returns whether the API server accepts it.
    pub(super) fn apply(&mut self, id: Id) -> bool {
        let accepted = self.exists[id] || self.refused_for(id).is_none();
        if accepted && !self.exists[id] {
            let mut news = Vec::new();
            self.create(id, &mut news);
            self.tell(news);
        }
        accepted
    }

    /// Returns what must be there before the API server takes the object.
    pub(super) fn refused_for(&self, id: Id) -> Option<Id> {
        self.graph.resources[id].needs.iter().find_map(|need| match need {
            Need::Accepted(on) if !self.exists[*on] => Some(*on),
            _ => None,
        })
    }

    /// The object is there and works, whatever it needs: an earlier sync left it so.
    pub(super) fn assume(&mut self, id: Id) {
        let mut news = Vec::new();
        if !self.exists[id] {
            self.create(id, &mut news);
        }
        if !self.works[id] {
            self.works[id] = true;
            news.push(News::Works(id));
        }
        self.healthy[id] = true;
        self.tell(news);
    }

    /// The object is Healthy as soon as it is there.
    pub(super) fn assume_healthy(&mut self, id: Id) {
        self.healthy[id] = true;
        let mut news = Vec::new();
        self.advance(id, &mut news);
        self.tell(news);
    }

    pub(super) fn exists(&self, id: Id) -> bool {
        self.exists[id]
    }

    pub(super) fn works(&self, id: Id) -> bool {
        self.works[id]
    }

    /// Whether Argo CD no longer waits for it.
    pub(super) fn is_healthy(&self, id: Id) -> bool {
        let hazard = self.graph.resources[id].nature.is_hazard();
        self.works[id] && (!hazard || self.healthy[id])
    }

    /// Returns the needs of a resource that do not hold.
    pub(super) fn unmet(&self, id: Id) -> impl Iterator<Item = Need> {
        let guards = if self.guarded[id] == 0 { &[][..] } else { &self.graph.guards[id] };
        self.graph.resources[id].needs.iter().chain(guards).copied().filter(|need| match *need {
            Need::Accepted(on) | Need::Account(on) | Need::Exists(on) => !self.exists[on],
            Need::Works(on) | Need::Claim(on) => !self.works[on],
        })
    }

    fn create(&mut self, id: Id, news: &mut Vec<News>) {
        self.exists[id] = true;
        news.push(News::Exists(id));
        self.advance(id, news);
    }

    fn tell(&mut self, mut news: Vec<News>) {
        let graph = self.graph;
        while let Some(item) = news.pop() {
            let dependents = match item {
                News::Exists(id) => &graph.on_exists[id],
                News::Works(id) => &graph.on_works[id],
            };
            for dependent in dependents {
                let id = match *dependent {
                    Dependent::Scheduling(id) => {
                        self.scheduling[id] -= 1;
                        id
                    }
                    Dependent::Working(id) => {
                        self.working[id] -= 1;
                        id
                    }
                    Dependent::Guarded(id) => {
                        self.guarded[id] = self.guarded[id].saturating_sub(1);
                        id
                    }
                };
                self.advance(id, &mut news);
            }
        }
    }

    /// What a resource does by itself once what it waits for is there.
    fn advance(&mut self, id: Id, news: &mut Vec<News>) {
        if !self.exists[id] {
            return;
        }
        let resource = &self.graph.resources[id];
        if !self.scheduled[id] && self.scheduling[id] == 0 {
            self.scheduled[id] = true;
            // The scheduler has the claims of a pod bound when it has chosen a node, whatever else the pod waits for.
            for need in &resource.needs {
                if let Need::Claim(claim) = *need
                    && !self.works[claim]
                {
                    self.works[claim] = true;
                    news.push(News::Works(claim));
                }
            }
        }
        let done = match resource.nature {
            Nature::Claim => self.healthy[id],
            Nature::Unknown | Nature::Outward | Nature::Passive => true,
            Nature::Workload | Nature::Job | Nature::Custom | Nature::Barrier => {
                self.scheduled[id] && self.working[id] == 0 && self.guarded[id] == 0
            }
        };
        if done && !self.works[id] {
            self.works[id] = true;
            news.push(News::Works(id));
        }
    }
}

fn count_of(needs: &[Need]) -> u32 {
    u32::try_from(needs.len()).unwrap_or(u32::MAX)
}
