//! Sync waves for migrations that need something of their own app: what they need first, the migrations in their own
//! order next, the workloads after them; as few resources moved as possible, and no order that the author wrote is broken.

use std::collections::{BTreeMap, BTreeSet};

use super::ladder::{Migration, Rung};
use super::model::{Id, Nature, Need, Phase, Resource};

/// What may be done with a resource for the sake of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Its place may change.
    pub(crate) movable: bool,
    /// Its author gave it a wave.
    pub(crate) explicit: bool,
    /// It runs the app, so it waits for the migrations.
    pub(crate) runs_app: bool,
}

/// A migration that is to run in a wave before the workloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Early {
    /// The Job.
    pub(crate) id: Id,
    /// Its place among the migrations: those of one order have none between them.
    pub(crate) order: (u8, i32),
    /// The wave that its author gave it, if any.
    pub(crate) wave: Option<i32>,
}

impl Early {
    /// Returns the migrations that are on the rung for it.
    pub(crate) fn of(migrations: &[Migration], rung: impl Fn(usize) -> usize) -> Vec<Self> {
        let early = migrations.iter().enumerate().filter(|(at, it)| it.rungs[rung(*at)] == Rung::Early);
        let early = early.map(|(_, Migration { id, order, wave, .. })| Self {
            id: *id,
            order: order.unwrap_or_default(),
            wave: *wave,
        });
        early.collect()
    }
}

/// An app whose waves are to be arranged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arranging<'a> {
    /// All resources of the app.
    pub(crate) resources: &'a [Resource],
    /// What may be done with each.
    pub(crate) pieces: &'a [Piece],
    /// The migrations of the app, wherever they run.
    pub(crate) migrations: &'a BTreeSet<Id>,
}

/// Which resource would have to move though it must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fixed(pub(crate) Id);

impl Arranging<'_> {
    /// Returns the waves of the migrations, and of whatever moves for them.
    ///
    /// # Errors
    /// When something that must not move would have to.
    pub(crate) fn arrange(&self, early: &[Early]) -> Result<BTreeMap<Id, i32>, Fixed> {
        let needed = self.closure(early.iter().map(|job| job.id));
        let placed = self.place(early, &needed);
        let mut waves: BTreeMap<Id, i32> = self.items().map(|id| (id, self.wave(id))).collect();
        self.move_needs(early, &placed, &mut waves);
        self.bind_claims(&needed, &placed, &mut waves);
        self.keep_order(&mut waves);
        self.bind_claims(&needed, &placed, &mut waves);
        waves.retain(|id, wave| *wave != self.wave(*id) || self.is_late(*id));
        if let Some(id) = waves.keys().find(|id| !self.pieces[**id].movable) {
            return Err(Fixed(*id));
        }
        waves.extend(placed);
        Ok(waves)
    }

    /// Everything that resources need, and what that needs.
    pub(crate) fn closure(&self, of: impl Iterator<Item = Id>) -> BTreeSet<Id> {
        let mut found = BTreeSet::new();
        let mut stack: Vec<Id> = of.collect();
        while let Some(id) = stack.pop() {
            let needs = self.resources[id].needs.iter().map(|need| need.on());
            stack.extend(needs.filter(|on| self.is_resource(*on) && found.insert(*on)));
        }
        found
    }

    /// Whether it is a resource of the app, not a barrier: barriers come after the resources.
    fn is_resource(&self, id: Id) -> bool {
        id < self.pieces.len()
    }

    /// Returns the resources other than migrations that are applied in the Sync phase.
    fn items(&self) -> impl Iterator<Item = Id> {
        (0..self.pieces.len())
            .filter(|id| !self.migrations.contains(id) && self.resources[*id].place.first().0 == Phase::Sync)
    }

    /// Whether it is a hook after the Sync phase.
    fn is_late(&self, id: Id) -> bool {
        self.resources[id].place.first().0 == Phase::PostSync
    }

    fn wave(&self, id: Id) -> i32 {
        self.resources[id].place.wave
    }

    /// Returns the workloads in an earlier wave than something that the migrations need: they cannot wait for them.
    pub(crate) fn cannot_wait(&self, early: &[Early]) -> Vec<Id> {
        let needed = self.closure(early.iter().map(|job| job.id));
        let Some(last) = self.last(&needed) else { return Vec::new() };
        let workloads = self.items().filter(|id| self.pieces[*id].runs_app && !needed.contains(id));
        workloads.filter(|id| self.wave(*id) < last).collect()
    }

    /// Returns a wave for each migration: between what is needed and the first workload if there is room, nearest to
    /// the author's wave; else directly before the first workload, and what is needed must move.
    fn place(&self, early: &[Early], needed: &BTreeSet<Id>) -> BTreeMap<Id, i32> {
        let is_need = |id: &Id| needed.contains(id);
        let last_need = self.last(needed);
        let reachable = |id: &Id| last_need.is_none_or(|last| self.wave(*id) >= last);
        let waiting = || self.items().filter(|id| !is_need(id)).filter(reachable);
        // Kinds that we do not know may run the app too; they count where no workload is known.
        let workloads = waiting().filter(|id| self.pieces[*id].runs_app).map(|id| self.wave(id)).min();
        let first_after = workloads.or_else(|| waiting().map(|id| self.wave(id)).min());

        let orders: BTreeSet<(u8, i32)> = early.iter().map(|job| job.order).collect();
        let mut behind = i32::try_from(orders.len()).unwrap_or(i32::MAX);
        let mut previous: Option<i32> = None;
        let mut placed = BTreeMap::new();
        for order in orders {
            let level: Vec<&Early> = early.iter().filter(|job| job.order == order).collect();
            let needs = self.closure(level.iter().map(|job| job.id));
            let earliest = self.last(&needs).max(previous).map(|wave| wave.saturating_add(1));
            let latest = first_after.map(|wave| wave.saturating_sub(behind));
            behind -= 1;
            let written = level.iter().filter_map(|job| job.wave).max();
            let wanted = written.or(latest).or(earliest).unwrap_or(0);
            let wave = earliest.map_or(wanted, |earliest| wanted.max(earliest));
            let wave = latest.map_or(wave, |latest| wave.min(latest));
            placed.extend(level.iter().map(|job| (job.id, wave)));
            previous = Some(wave);
        }
        placed
    }

    /// Returns the latest wave of what is needed; a claim does not count, since it follows its pods.
    fn last(&self, needed: &BTreeSet<Id>) -> Option<i32> {
        let counts = |id: &&Id| {
            let resource = &self.resources[**id];
            let in_sync = resource.place.first().0 == Phase::Sync;
            in_sync && resource.nature != Nature::Claim && !self.migrations.contains(id)
        };
        needed.iter().filter(counts).map(|id| self.wave(*id)).max()
    }

    /// Needs move before the first migration that needs them; a hook that runs behind the Sync phase moves into it.
    fn move_needs(&self, early: &[Early], placed: &BTreeMap<Id, i32>, waves: &mut BTreeMap<Id, i32>) {
        let mut jobs: Vec<(i32, Id)> = early.iter().map(|job| (placed[&job.id], job.id)).collect();
        jobs.sort_unstable();
        let mut seen = BTreeSet::new();
        for (wave, job) in jobs {
            let mut stack = vec![job];
            while let Some(id) = stack.pop() {
                for need in &self.resources[id].needs {
                    let on = need.on();
                    if !self.is_resource(on) || !seen.insert(on) {
                        continue;
                    }
                    stack.push(on);
                    // Its own place in the order of migrations says when another one runs; a claim follows its pods.
                    if self.migrations.contains(&on) || matches!(need, Need::Claim(_)) {
                        continue;
                    }
                    let before = wave.saturating_sub(1);
                    match self.resources[on].place.first().0 {
                        Phase::PreSync => {}
                        Phase::Sync => {
                            waves.entry(on).and_modify(|current| *current = (*current).min(before));
                        }
                        Phase::PostSync => {
                            waves.insert(on, before);
                        }
                    }
                }
            }
        }
    }

    /// A claim is in the earliest wave of all pods that mount it: before, nothing binds it, and after, a pod waits.
    fn bind_claims(&self, needed: &BTreeSet<Id>, placed: &BTreeMap<Id, i32>, waves: &mut BTreeMap<Id, i32>) {
        let mut first: BTreeMap<Id, i32> = BTreeMap::new();
        for (id, resource) in self.resources.iter().enumerate() {
            let Some(wave) = placed.get(&id).or_else(|| waves.get(&id)) else { continue };
            for need in &resource.needs {
                if let Need::Claim(claim) = need
                    && needed.contains(claim)
                {
                    first.entry(*claim).and_modify(|first| *first = (*first).min(*wave)).or_insert(*wave);
                }
            }
        }
        for (claim, first) in first {
            let explicit = self.pieces[claim].explicit;
            waves.entry(claim).and_modify(|wave| *wave = if explicit { (*wave).min(first) } else { first });
        }
    }

    /// Whatever was in an earlier wave than a moved resource stays in an earlier wave than it.
    fn keep_order(&self, waves: &mut BTreeMap<Id, i32>) {
        let mut by_wave: Vec<Id> = waves.keys().copied().filter(|id| !self.is_late(*id)).collect();
        by_wave.sort_by_key(|id| std::cmp::Reverse(self.wave(*id)));
        // From the latest wave down: the lowest new wave of all later waves is the ceiling of this one.
        let mut ceiling: Option<i32> = None;
        for group in by_wave.chunk_by(|a, b| self.wave(*a) == self.wave(*b)) {
            let mut lowest: Option<i32> = None;
            for id in group {
                let Some(wave) = waves.get_mut(id) else { continue };
                if let Some(ceiling) = ceiling {
                    *wave = (*wave).min(ceiling.saturating_sub(1));
                }
                lowest = Some(lowest.map_or(*wave, |lowest| lowest.min(*wave)));
            }
            ceiling = lowest.map(|lowest| ceiling.map_or(lowest, |ceiling| ceiling.min(lowest))).or(ceiling);
        }
    }
}
