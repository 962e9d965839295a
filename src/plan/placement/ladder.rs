//! The ladder: for each migration the most ambitious place at which nothing blocks that comes up as rendered.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    model::{Blocked, Id, Layout, Model, Nature, Phase, Place, Resource, Waiting},
    waves::{Arranging, Early, Fixed, Piece},
};

/// A place to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rung {
    /// In the PreSync phase, in this wave.
    PreSync(i32),
    /// In the Sync phase, in a computed wave before the workloads.
    Early,
    /// Here: beside a workload, or where its author put it.
    At(Place),
    /// The same, with its trigger in the same wave: behind it, the trigger would make a step for which everything of this
    /// one must be Healthy.
    WithTrigger(Place),
}

impl Rung {
    /// Returns its place, if it is not computed.
    pub(crate) fn place(&self) -> Option<&Place> {
        match self {
            Self::At(place) | Self::WithTrigger(place) => Some(place),
            Self::PreSync(_) | Self::Early => None,
        }
    }
}

/// A migration to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Migration {
    /// The Job.
    pub(crate) id: Id,
    /// The places to try, the most ambitious first; never empty.
    pub(crate) rungs: Vec<Rung>,
    /// Its place in the order that the author gave to the migrations; none if it has no part in it.
    pub(crate) order: Option<(u8, i32)>,
    /// The wave that its author gave it as an ordinary Job, if any.
    pub(crate) wave: Option<i32>,
    /// It stays an ordinary resource.
    pub(crate) plain: bool,
    /// As a hook it gets a trigger, in this wave unless it runs in the Sync phase: an early wave that the app has.
    pub(crate) trigger: Option<i32>,
}

/// What stands against a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Objection {
    /// Something would wait without end.
    Waits(Waiting),
    /// Something would have to move though it must not.
    Fixed(Id),
    /// It would not run after this migration, which its author put before it; or this one not after it.
    Order(Id),
}

/// Where everything goes.
#[derive(Debug)]
pub(crate) struct Placed {
    /// The model, for the labels of resources.
    pub(crate) model: Model,
    /// The places of all resources.
    pub(crate) layout: Layout,
    /// For each migration the rung that it is on, and what stood against those before.
    pub(crate) steps: Vec<(usize, Vec<Objection>)>,
    /// The wave of each migration's trigger.
    pub(crate) triggers: Vec<Option<i32>>,
}

/// How often all migrations are tried before those that are not on their last rung are put there: each time finds all
/// that stands against the present places, so that more is only needed where migrations wait for each other in a row.
const ROUNDS: usize = 16;

/// Finds a place for each migration.
pub(crate) fn climb(resources: Vec<Resource>, pieces: &[Piece], migrations: &[Migration]) -> Placed {
    let model = Model::new(resources);
    let ladder =
        Ladder { model: &model, pieces, migrations, ids: migrations.iter().map(|it| it.id).collect() };
    let mut steps: Vec<(usize, Vec<Objection>)> = vec![(0, Vec::new()); migrations.len()];
    let mut round = 0;
    let layout = loop {
        round += 1;
        let (layout, found) = match ladder.layout(&steps) {
            Ok(layout) => {
                let free: BTreeSet<Id> = ladder.free(&steps).map(|(_, migration)| migration.id).collect();
                let blocked = model.check(&layout, |id| free.contains(&id));
                let mut found = ladder.against(&blocked, &steps);
                if found.is_empty() {
                    found = ladder.out_of_order(&layout, &steps);
                }
                (layout, found)
            }
            Err(Fixed(id)) => (Layout::default(), ladder.against_fixed(id, &steps)),
        };
        if found.is_empty() {
            break layout;
        }
        for (at, objection) in found {
            let last = migrations[at].rungs.len() - 1;
            let (rung, objections) = &mut steps[at];
            objections.push(objection);
            *rung = if round < ROUNDS { *rung + 1 } else { last };
        }
    };
    let triggers = ladder.triggers(&layout.places, &steps);
    Placed { model, layout, steps, triggers }
}

struct Ladder<'a> {
    model: &'a Model,
    pieces: &'a [Piece],
    migrations: &'a [Migration],
    ids: BTreeSet<Id>,
}

impl Ladder<'_> {
    fn arranging(&self) -> Arranging<'_> {
        Arranging { resources: self.model.resources(), pieces: self.pieces, migrations: &self.ids }
    }

    /// Returns the places of all resources with the migrations on these rungs.
    fn layout(&self, steps: &[(usize, Vec<Objection>)]) -> Result<Layout, Fixed> {
        let resources = self.model.resources();
        let mut places: Vec<Place> = resources.iter().map(|resource| resource.place.clone()).collect();
        let before_sync = self.before_sync(steps);
        for (at, (migration, (rung, _))) in self.migrations.iter().zip(steps).enumerate() {
            match &migration.rungs[*rung] {
                Rung::PreSync(wave) => {
                    let wave = before_sync.get(&at).copied().unwrap_or(*wave);
                    places[migration.id] = Place::hook(Phase::PreSync, wave);
                    self.take_along(migration.id, wave, &mut places);
                }
                Rung::At(place) | Rung::WithTrigger(place) => places[migration.id] = place.clone(),
                Rung::Early => {}
            }
        }
        let early = Early::of(self.migrations, |at| steps[at].0);
        if !early.is_empty() {
            for (id, wave) in self.arranging().arrange(&early)? {
                let place = &mut places[id];
                if place.first().0 == Phase::PreSync && !self.ids.contains(&id) {
                    continue;
                }
                let hook = place.is_hook() || self.ids.contains(&id);
                *place = if hook { Place::hook(Phase::Sync, wave) } else { Place::plain(wave) };
            }
            for migration in self.migrations.iter().filter(|migration| migration.plain) {
                places[migration.id].hook.clear();
            }
        }
        let triggers = self.triggers(&places, steps).into_iter().flatten().collect();
        Ok(Layout { places, triggers })
    }

    /// Returns the waves of the triggers. In the Sync phase a trigger comes behind its migration: if that fails, the
    /// app stays `OutOfSync`.
    fn triggers(&self, places: &[Place], steps: &[(usize, Vec<Objection>)]) -> Vec<Option<i32>> {
        let wave = |(migration, (rung, _)): (&Migration, &(usize, Vec<Objection>))| {
            let place = &places[migration.id];
            let home = migration.trigger.filter(|_| place.is_hook())?;
            Some(match (&migration.rungs[*rung], place.first()) {
                (Rung::WithTrigger(_), (Phase::Sync, wave)) => wave,
                (_, (Phase::Sync, wave)) => home.max(wave.saturating_add(1)),
                _ => home,
            })
        };
        self.migrations.iter().zip(steps).map(wave).collect()
    }

    /// Returns the waves of those in the PreSync phase: the author's, or a later one where his order asks for it.
    fn before_sync(&self, steps: &[(usize, Vec<Objection>)]) -> BTreeMap<usize, i32> {
        let mut levels: BTreeMap<(u8, i32), Vec<(usize, i32)>> = BTreeMap::new();
        for (at, migration) in self.migrations.iter().enumerate() {
            if let (Some(order), Rung::PreSync(wave)) = (migration.order, &migration.rungs[steps[at].0]) {
                levels.entry(order).or_default().push((at, *wave));
            }
        }
        let mut waves = BTreeMap::new();
        let mut last: Option<i32> = None;
        for level in levels.into_values() {
            let first = last.map_or(i32::MIN, |last| last.saturating_add(1));
            for (at, wave) in level {
                waves.insert(at, wave.max(first));
                last = last.max(Some(wave.max(first)));
            }
        }
        waves
    }

    /// Later hooks without a health that a PreSync hook needs come along; ordinary resources do not: as hooks they would
    /// be deleted and made again by every sync.
    fn take_along(&self, job: Id, wave: i32, places: &mut [Place]) {
        let resources = self.model.resources();
        for id in self.arranging().closure(std::iter::once(job)) {
            let (resource, piece) = (&resources[id], self.pieces[id]);
            let late = places[id].is_hook() && places[id].first().0 > Phase::PreSync;
            if late && piece.movable && resource.nature == Nature::Passive {
                places[id] = Place::hook(Phase::PreSync, places[id].wave.min(wave));
            }
        }
    }

    /// Returns which migrations take the next rung because of what blocks; none if all that could are on their last
    /// one.
    fn against(&self, blocked: &[Blocked], steps: &[(usize, Vec<Objection>)]) -> Vec<(usize, Objection)> {
        let waiting: BTreeMap<Id, Waiting> =
            blocked.iter().flat_map(|step| &step.waiting).map(|waiting| (waiting.id, *waiting)).collect();
        let Some(first) = blocked.first().and_then(|step| step.waiting.first()) else { return Vec::new() };
        let own: Vec<_> = self
            .free(steps)
            .filter_map(|(at, migration)| {
                waiting.get(&migration.id).map(|waiting| (at, Objection::Waits(*waiting)))
            })
            .collect();
        if !own.is_empty() {
            return own;
        }
        let needing = self.needing(|id| waiting.contains_key(&id), steps);
        let all = if needing.is_empty() { self.free(steps).map(|(at, _)| at).collect() } else { needing };
        all.into_iter().map(|at| (at, Objection::Waits(*first))).collect()
    }

    fn against_fixed(&self, id: Id, steps: &[(usize, Vec<Objection>)]) -> Vec<(usize, Objection)> {
        let early = |at: &usize| self.migrations[*at].rungs[steps[*at].0] == Rung::Early;
        let needing: Vec<usize> = self.needing(|need| need == id, steps).into_iter().filter(early).collect();
        let all = if needing.is_empty() {
            self.free(steps).map(|(at, _)| at).filter(early).collect()
        } else {
            needing
        };
        all.into_iter().map(|at| (at, Objection::Fixed(id))).collect()
    }

    /// Returns which migrations take the next rung because one would not run after those that its author put before it.
    fn out_of_order(&self, layout: &Layout, steps: &[(usize, Vec<Objection>)]) -> Vec<(usize, Objection)> {
        let mut ordered: Vec<(usize, &Migration)> = self.migrations.iter().enumerate().collect();
        ordered.retain(|(_, migration)| migration.order.is_some());
        ordered.sort_by_key(|(_, migration)| migration.order);
        let place = |migration: &Migration| layout.places[migration.id].first();
        let has_rung = |at: usize| steps[at].0 + 1 < self.migrations[at].rungs.len();
        let mut latest: Option<(usize, &Migration)> = None;
        let mut found = Vec::new();
        for level in ordered.chunk_by(|(_, a), (_, b)| a.order == b.order) {
            for (at, migration) in level {
                let Some((before, earlier)) =
                    latest.filter(|(_, earlier)| place(migration) <= place(earlier))
                else {
                    continue;
                };
                if has_rung(*at) {
                    found.push((*at, Objection::Order(earlier.id)));
                } else if has_rung(before) {
                    found.push((before, Objection::Order(migration.id)));
                }
            }
            latest = level.iter().copied().chain(latest).max_by_key(|(_, migration)| place(migration));
        }
        found.sort_by_key(|(at, _)| *at);
        found.dedup_by_key(|(at, _)| *at);
        found
    }

    /// Returns the migrations that have a rung left.
    fn free<'s>(
        &'s self,
        steps: &'s [(usize, Vec<Objection>)],
    ) -> impl Iterator<Item = (usize, &'s Migration)> {
        let all = self.migrations.iter().enumerate();
        all.filter(|(at, migration)| steps[*at].0 + 1 < migration.rungs.len())
    }

    /// Those of them that need a resource.
    fn needing(&self, wanted: impl Fn(Id) -> bool, steps: &[(usize, Vec<Objection>)]) -> Vec<usize> {
        let arranging = self.arranging();
        let needs =
            |migration: &Migration| arranging.closure(std::iter::once(migration.id)).into_iter().any(&wanted);
        self.free(steps).filter(|(_, migration)| needs(migration)).map(|(at, _)| at).collect()
    }
}
