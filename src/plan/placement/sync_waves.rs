//! Sync waves for migration Jobs that need something of their own app: what they need first, the Jobs in their own order
//! next, the workloads after them; as few objects moved as possible, and no order that the author wrote is broken.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::ObjectId;

/// An object of the Sync phase, as far as its wave matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    /// The object.
    pub id: ObjectId,
    /// Its wave as rendered.
    pub wave: i32,
    /// It runs the app, so it must wait for the migrations.
    pub workload: bool,
    /// It keeps its wave: the author made it a hook.
    pub fixed: bool,
    /// Its author gave it a wave.
    pub explicit: bool,
}

/// A migration Job to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    /// The Job.
    pub id: ObjectId,
    /// Its place among the migrations: Jobs of one level have no order between them.
    pub level: usize,
    /// The wave that its author gave it, if any.
    pub wave: Option<i32>,
    /// What must be there before it.
    pub needs: BTreeSet<ObjectId>,
    /// Claims that must be in its own wave: with `WaitForFirstConsumer` they are bound by its pod.
    pub claims: BTreeSet<ObjectId>,
}

/// The waves found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Arrangement {
    /// The wave of each Job.
    pub jobs: BTreeMap<ObjectId, i32>,
    /// New waves of other objects; only those that change.
    pub moved: BTreeMap<ObjectId, i32>,
    /// Workloads in an earlier wave than something that a Job needs: they cannot wait for it.
    pub cannot_wait: Vec<ObjectId>,
}

/// Why there is no arrangement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an object that would have to move to wave {wave} is a hook whose wave its author chose")]
pub(crate) struct Fixed {
    /// The hook.
    pub id: ObjectId,
    /// The wave in which it would have to be.
    pub wave: i32,
}

/// Finds waves for `jobs` among `items` (all other objects of the Sync phase).
///
/// # Errors
/// When a hook with a wave of its author's would have to move.
pub(crate) fn arrange(items: &[Item], jobs: &[Placed]) -> Result<Arrangement, Fixed> {
    let wave_of: BTreeMap<ObjectId, i32> = items.iter().map(|item| (item.id, item.wave)).collect();
    let needed: BTreeSet<ObjectId> = jobs.iter().flat_map(|job| job.needs.iter().copied()).collect();
    let claims: BTreeSet<ObjectId> = jobs.iter().flat_map(|job| job.claims.iter().copied()).collect();
    let last_need = needed.iter().filter_map(|id| wave_of.get(id)).max().copied();
    let waits = |item: &&Item| !needed.contains(&item.id) && !claims.contains(&item.id);
    let reachable = |item: &&Item| last_need.is_none_or(|last| item.wave >= last);

    let workloads: Vec<&Item> = items.iter().filter(|item| item.workload).filter(waits).collect();
    // Kinds that we do not know may run the app too; they count where no workload is known.
    let first_after = workloads
        .iter()
        .copied()
        .filter(reachable)
        .map(|item| item.wave)
        .min()
        .or_else(|| items.iter().filter(waits).filter(reachable).map(|item| item.wave).min());

    let levels = levels(jobs, &wave_of);
    let waves = place(&levels, first_after);
    let mut arrangement = Arrangement {
        cannot_wait: workloads.iter().filter(|item| !reachable(item)).map(|item| item.id).collect(),
        ..Arrangement::default()
    };
    for job in jobs {
        if let Some(wave) = waves.get(&job.level) {
            arrangement.jobs.insert(job.id, *wave);
        }
    }
    arrangement.moved = move_needs(items, jobs, &arrangement.jobs)?;
    Ok(arrangement)
}

/// The Jobs of one level, taken together.
struct Level {
    place: usize,
    /// First wave after everything that they need.
    earliest: Option<i32>,
    /// The author's wave: the latest of the level.
    wave: Option<i32>,
}

fn levels(jobs: &[Placed], wave_of: &BTreeMap<ObjectId, i32>) -> Vec<Level> {
    let mut levels: BTreeMap<usize, Level> = BTreeMap::new();
    for job in jobs {
        let level = levels.entry(job.level).or_insert(Level { place: job.level, earliest: None, wave: None });
        let earliest = job.needs.iter().filter_map(|id| wave_of.get(id)).max().map(|wave| wave + 1);
        level.earliest = level.earliest.max(earliest);
        level.wave = level.wave.max(job.wave);
    }
    levels.into_values().collect()
}

/// A wave for each level: between what is needed and the first workload if there is room, nearest to the author's
/// wave; else directly before the first workload, and what is needed must move.
fn place(levels: &[Level], first_after: Option<i32>) -> BTreeMap<usize, i32> {
    let mut placed = BTreeMap::new();
    let mut previous: Option<i32> = None;
    let mut behind = i32::try_from(levels.len()).unwrap_or(i32::MAX);
    for level in levels {
        let latest = first_after.map(|wave| wave - behind);
        behind -= 1;
        let earliest = level.earliest.max(previous.map(|wave| wave + 1));
        let wanted = level.wave.or(latest).or(earliest).unwrap_or(0);
        let wave = earliest.map_or(wanted, |earliest| wanted.max(earliest));
        let wave = latest.map_or(wave, |latest| wave.min(latest));
        placed.insert(level.place, wave);
        previous = Some(wave);
    }
    placed
}

/// The waves of what must move: needs before their Jobs, claims beside them, and whatever the author put before those.
fn move_needs(
    items: &[Item],
    jobs: &[Placed],
    placed: &BTreeMap<ObjectId, i32>,
) -> Result<BTreeMap<ObjectId, i32>, Fixed> {
    let mut waves: BTreeMap<ObjectId, i32> = items.iter().map(|item| (item.id, item.wave)).collect();
    for job in jobs {
        let Some(&wave) = placed.get(&job.id) else { continue };
        for id in &job.needs {
            if let Some(current) = waves.get_mut(id) {
                *current = (*current).min(wave - 1);
            }
        }
        for id in &job.claims {
            if let Some(current) = waves.get_mut(id) {
                *current = (*current).min(wave);
            }
        }
    }
    keep_order(items, &mut waves);
    for item in items.iter().filter(|item| !item.explicit) {
        let users = jobs.iter().filter(|job| job.claims.contains(&item.id));
        if let (Some(wave), Some(first)) =
            (waves.get_mut(&item.id), users.filter_map(|job| placed.get(&job.id)).min())
        {
            *wave = *first;
        }
    }
    let mut moved = BTreeMap::new();
    for item in items {
        let wave = waves.get(&item.id).copied().unwrap_or(item.wave);
        if wave != item.wave {
            if item.fixed {
                return Err(Fixed { id: item.id, wave });
            }
            moved.insert(item.id, wave);
        }
    }
    Ok(moved)
}

/// Whatever was in an earlier wave than a moved object stays in an earlier wave than it.
fn keep_order(items: &[Item], waves: &mut BTreeMap<ObjectId, i32>) {
    let mut by_wave: Vec<&Item> = items.iter().collect();
    by_wave.sort_by_key(|item| std::cmp::Reverse(item.wave));
    // From the latest wave down: the lowest new wave of all later waves is the ceiling of this one.
    let mut ceiling: Option<i32> = None;
    for group in by_wave.chunk_by(|a, b| a.wave == b.wave) {
        let mut lowest: Option<i32> = None;
        for item in group {
            let Some(wave) = waves.get_mut(&item.id) else { continue };
            if let Some(ceiling) = ceiling {
                *wave = (*wave).min(ceiling - 1);
            }
            lowest = Some(lowest.map_or(*wave, |lowest| lowest.min(*wave)));
        }
        ceiling = lowest.map(|lowest| ceiling.map_or(lowest, |ceiling| ceiling.min(lowest))).or(ceiling);
    }
}

#[cfg(test)]
mod tests;
