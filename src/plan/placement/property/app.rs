//! A random app.

use super::super::{
    ladder::{Migration, Rung},
    model::{Id, Nature, Need, Phase, Place, Resource, kind_order},
    waves::Piece,
};
use super::random::Random;

/// An app in its two views: positions in one are positions in the other; controllers, which are no resources, come behind
/// those of the truth.
pub(super) struct App {
    pub(super) truth: Vec<Resource>,
    pub(super) known: Vec<Resource>,
    pub(super) pieces: Vec<Piece>,
    pub(super) migrations: Vec<Migration>,
}

/// Who wrote that an object is a hook.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Author {
    Nobody,
    Helm,
    ArgoCd,
}

/// What the app has so far, by what can be done with it.
#[derive(Default)]
struct Made {
    configs: Vec<Id>,
    accounts: Vec<Id>,
    claims: Vec<Id>,
    /// Databases, custom resources of known kinds, Jobs that make something.
    works: Vec<Id>,
    /// Custom resources of unknown kinds, each with who does its work.
    unknown: Vec<(Id, Id)>,
    webs: Vec<Id>,
}

struct Maker<'r> {
    random: &'r mut Random,
    app: App,
    made: Made,
    /// The app has waves of its author's.
    waves: bool,
    /// The app has hooks beside its migrations.
    hooks: bool,
    /// What does the work of each unknown object, to be put behind the resources.
    controllers: Vec<(Id, Vec<Need>)>,
}

impl App {
    pub(super) fn new(random: &mut Random) -> Self {
        let app = Self { truth: Vec::new(), known: Vec::new(), pieces: Vec::new(), migrations: Vec::new() };
        let (waves, hooks) = (random.chance(50), random.chance(30));
        let mut maker = Maker { random, app, made: Made::default(), waves, hooks, controllers: Vec::new() };
        maker.configs();
        maker.unknown();
        maker.databases();
        maker.outward();
        maker.webs();
        maker.jobs();
        maker.finish()
    }
}

impl Maker<'_> {
    fn place(&mut self) -> (Place, Author) {
        let wave = if self.waves && self.random.chance(60) { self.wave() } else { 0 };
        if !self.hooks || self.random.chance(75) {
            return (Place::plain(wave), Author::Nobody);
        }
        let phase = [Phase::PreSync, Phase::PostSync][self.random.below(2)];
        if self.random.chance(70) {
            return (Place::hook(phase, wave), Author::Helm);
        }
        let phase = if self.random.chance(30) { Phase::Sync } else { phase };
        (Place::hook(phase, wave), Author::ArgoCd)
    }

    fn wave(&mut self) -> i32 {
        i32::try_from(self.random.below(6)).unwrap() - 2
    }

    /// Adds a resource whose truth differs from what is known of it.
    fn add(
        &mut self,
        label: &str,
        place: (Place, Author),
        natures: [Nature; 2],
        needs: [Vec<Need>; 2],
    ) -> Id {
        let id = self.app.truth.len();
        let (place, author) = place;
        let order = kind_order(label);
        let [truth, known] = natures;
        let runs_app = truth == Nature::Workload;
        let movable = match author {
            Author::Nobody => known != Nature::Unknown,
            Author::Helm => known == Nature::Passive,
            Author::ArgoCd => false,
        };
        self.app.pieces.push(Piece { movable, explicit: place.wave != 0, runs_app });
        let [true_needs, known_needs] = needs;
        let label = format!("{label} {id}");
        let resource = Resource::new(label, order, place, truth);
        self.app.known.push(Resource { nature: known, needs: known_needs, ..resource.clone() });
        self.app.truth.push(Resource { needs: true_needs, ..resource });
        id
    }

    fn plain(&mut self, label: &str, nature: Nature, needs: Vec<Need>) -> Id {
        let wave = if self.waves && self.random.chance(60) { self.wave() } else { 0 };
        self.add(label, (Place::plain(wave), Author::Nobody), [nature; 2], [needs.clone(), needs])
    }

    fn configs(&mut self) {
        for _ in 0..self.random.below(5) {
            let place = self.place();
            let id = self.add("ConfigMap", place, [Nature::Passive; 2], [Vec::new(), Vec::new()]);
            self.made.configs.push(id);
        }
        for _ in 0..self.random.below(3) {
            let place = self.place();
            let id = self.add("ServiceAccount", place, [Nature::Passive; 2], [Vec::new(), Vec::new()]);
            self.made.accounts.push(id);
        }
        for _ in 0..self.random.below(3) {
            let wave = if self.waves && self.random.chance(40) { self.wave() } else { 0 };
            // Whether volumes are bound at once is a setting of the cluster.
            let truth = if self.random.chance(30) { Nature::Passive } else { Nature::Claim };
            let place = (Place::plain(wave), Author::Nobody);
            let id =
                self.add("PersistentVolumeClaim", place, [truth, Nature::Claim], [Vec::new(), Vec::new()]);
            self.made.claims.push(id);
        }
    }

    /// Returns what a pod needs and presync can see.
    fn pod(&mut self) -> Vec<Need> {
        let mut needs = Vec::new();
        for _ in 0..self.random.below(3) {
            needs.extend(self.random.pick(&self.made.configs).map(Need::Exists));
        }
        if self.random.chance(30) {
            needs.extend(self.random.pick(&self.made.accounts).map(Need::Account));
        }
        if self.random.chance(25) {
            needs.extend(self.random.pick(&self.made.claims).map(Need::Claim));
        }
        needs
    }

    /// Custom resources of unknown kinds. What they need, and whether Argo CD waits for them, is in the truth only.
    fn unknown(&mut self) {
        for _ in 0..self.random.below(3) {
            let wave = if self.waves && self.random.chance(60) { self.wave() } else { 0 };
            let mut needs: Vec<Need> =
                self.random.pick(&self.made.configs).map(Need::Exists).into_iter().collect();
            if self.random.chance(40) {
                needs.extend(self.random.pick(&self.made.unknown).map(|(_, works)| Need::Works(works)));
            }
            let truth = [Nature::Passive, Nature::Outward][usize::from(self.random.chance(40))];
            let place = (Place::plain(wave), Author::Nobody);
            let id = self.add("Thing", place, [truth, Nature::Unknown], [Vec::new(), Vec::new()]);
            // The controller is put behind the resources: its position is not known yet.
            let controller = usize::MAX / 2 + self.controllers.len();
            needs.push(Need::Exists(id));
            self.controllers.push((id, needs));
            self.made.unknown.push((id, controller));
        }
    }

    /// Databases of their own, and those that an operator of the app or of the cluster runs.
    fn databases(&mut self) {
        for _ in 0..self.random.below(3) {
            let needs = self.pod();
            let id = if self.random.chance(50) {
                self.plain("StatefulSet", Nature::Workload, needs)
            } else {
                let mut needs: Vec<Need> =
                    self.random.pick(&self.made.configs).map(Need::Exists).into_iter().collect();
                if self.random.chance(40) {
                    let pod = self.pod();
                    needs.push(Need::Works(self.plain("Deployment", Nature::Workload, pod)));
                }
                if self.random.chance(30) {
                    let definition = self.plain("CustomResourceDefinition", Nature::Passive, Vec::new());
                    needs.push(Need::Accepted(definition));
                }
                self.plain("Cluster", Nature::Custom, needs)
            };
            self.made.works.push(id);
        }
    }

    /// A Service or Ingress that waits for an address: whether it gets one is a property of the cluster.
    fn outward(&mut self) {
        for _ in 0..self.random.below(3) {
            let wave = if self.waves && self.random.chance(60) { self.wave() } else { 0 };
            let truth = if self.random.chance(50) { Nature::Passive } else { Nature::Outward };
            let place = (Place::plain(wave), Author::Nobody);
            self.add("Ingress", place, [truth, Nature::Outward], [Vec::new(), Vec::new()]);
        }
    }

    fn webs(&mut self) {
        for _ in 0..=self.random.below(2) {
            let needs = self.pod();
            let id = self.plain("Deployment", Nature::Workload, needs);
            self.made.webs.push(id);
        }
    }

    fn jobs(&mut self) {
        if self.random.chance(30) {
            let needs = self.pod();
            let place = self.place();
            let id = self.add("Job", place, [Nature::Job; 2], [needs.clone(), needs]);
            self.made.works.push(id);
        }
        for _ in 0..=self.random.below(3) {
            self.migration();
        }
    }

    fn migration(&mut self) {
        let (place, author) = self.author();
        let mut needs = self.pod();
        for _ in 0..self.random.below(3) {
            needs.extend(self.random.pick(&self.made.works).map(Need::Works));
        }
        let awaited = if self.random.chance(10) { self.random.pick(&self.made.webs) } else { None };
        needs.extend(awaited.map(Need::Works));
        let mut truth = needs.clone();
        // A reference to something that is not rendered: made by an unknown object, or by nobody.
        let outside = self.random.chance(40);
        if outside && self.random.chance(60) {
            truth.extend(self.random.pick(&self.made.unknown).map(|(_, works)| Need::Works(works)));
        }
        let id = self.add("Job", (place.clone(), author), [Nature::Job; 2], [truth, needs]);
        let ordered = author != Author::Helm;
        self.app.known[id].outside = outside;
        self.app.known[id].ordered = ordered;
        self.secret_order(id, ordered);
        if self.random.chance(20)
            && let Some(web) = self.random.pick(&self.made.webs).filter(|web| Some(*web) != awaited)
        {
            self.app.truth[web].needs.push(Need::Works(id));
            self.app.known[web].needs.push(Need::Works(id));
        }
        let migration = self.rungs(id, &place, author, awaited);
        self.app.migrations.push(migration);
        self.made.works.push(id);
    }

    fn author(&mut self) -> (Place, Author) {
        let wave = if self.waves && self.random.chance(60) { self.wave() } else { 0 };
        match self.random.below(10) {
            0..5 => (Place::plain(wave), Author::Nobody),
            5..7 => (Place::hook(Phase::PreSync, wave), Author::Helm),
            7..9 => (Place::hook(Phase::PostSync, wave), Author::Helm),
            _ => {
                let phase = [Phase::PreSync, Phase::Sync, Phase::PostSync][self.random.below(3)];
                (Place::hook(phase, wave), Author::ArgoCd)
            }
        }
    }

    /// What an author's order may stand for: something earlier that the Job needs though it does not say so.
    fn secret_order(&mut self, id: Id, ordered: bool) {
        if !self.random.chance(30) {
            return;
        }
        let before = self.app.truth[id].place.first();
        let earlier = |other: &Id| self.app.truth[*other].place.first() < before;
        let unknown: Vec<Need> = self
            .made
            .unknown
            .iter()
            .filter(|(object, _)| earlier(object))
            .map(|(_, works)| Need::Works(*works))
            .collect();
        let webs: Vec<Need> = self
            .made
            .webs
            .iter()
            .filter(|web| ordered && earlier(web))
            .map(|web| Need::Works(*web))
            .collect();
        let secret = self.random.pick(&[unknown, webs].concat());
        self.app.truth[id].needs.extend(secret);
    }

    fn rungs(&mut self, id: Id, place: &Place, author: Author, awaited: Option<Id>) -> Migration {
        let wave = place.wave;
        let own = if author == Author::Nobody { Place::hook(Phase::Sync, wave) } else { place.clone() };
        let beside = awaited.map(|web| Rung::At(Place::hook(Phase::Sync, self.app.truth[web].place.wave)));
        let mut rungs = match author {
            Author::ArgoCd => Vec::new(),
            _ if self.random.chance(10) => vec![Rung::At(Place::hook(Phase::PostSync, wave))],
            _ => [Rung::PreSync(wave), Rung::Early].into_iter().chain(beside).collect(),
        };
        rungs.extend([Rung::At(own.clone()), Rung::WithTrigger(own)]);
        if author == Author::Nobody {
            rungs.push(Rung::At(place.clone()));
        }
        let rank = match place.first().0 {
            Phase::PreSync => 0,
            Phase::Sync => 1,
            Phase::PostSync => 2,
        };
        Migration {
            id,
            rungs,
            order: Some((rank, wave)),
            wave: (author == Author::Nobody && wave != 0).then_some(wave),
            plain: false,
            trigger: Some(0),
        }
    }

    fn finish(mut self) -> App {
        let count = self.app.truth.len();
        for (at, (id, needs)) in std::mem::take(&mut self.controllers).into_iter().enumerate() {
            let label = format!("controller of {}", self.app.truth[id].label);
            let barrier = Resource::new(label, 0, Place::default(), Nature::Barrier);
            self.app.truth.push(Resource { needs, ..barrier });
            debug_assert_eq!(self.app.truth.len(), count + at + 1);
        }
        let waves = self.app.truth[..count].iter().filter(|resource| !resource.place.is_hook());
        let last = waves.map(|resource| resource.place.wave).max().unwrap_or(0);
        for migration in &mut self.app.migrations {
            migration.trigger = Some(last.min(0));
        }
        for resource in &mut self.app.truth {
            for need in &mut resource.needs {
                if let Need::Works(on) = need
                    && *on >= usize::MAX / 2
                {
                    *on = count + (*on - usize::MAX / 2);
                }
            }
        }
        self.app
    }
}
