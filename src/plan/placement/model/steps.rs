//! From places to the steps of a sync.

use std::collections::{BTreeMap, BTreeSet};

use super::{Id, Nature, Phase, Place, Resource};

/// All tasks of one phase and wave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) phase: Phase,
    pub(crate) wave: i32,
    /// In the order in which they are applied.
    pub(crate) tasks: Vec<Id>,
    /// Whose health ends the step.
    pub(crate) gates: Vec<Id>,
}

/// Returns the steps of a sync in their order, by phase and wave: `sync_tasks.go` `Less`.
///
/// A step ends when its hooks are done and, if the sync has more than one step, its resources are Healthy
/// (`sync_context.go` `Sync`: `multiStep || t.isHook()`). The last step, if it has no hook, ends at once (`Sync`: "no
/// more tasks" with `remainingTasks.Len() == 0 && !tasks.Any(isHook)`).
pub(crate) fn steps<'p>(
    resources: &[Resource],
    place: impl Fn(Id) -> &'p Place,
    triggers: &BTreeSet<i32>,
) -> Vec<Step> {
    let mut grouped: BTreeMap<(Phase, i32), Vec<Id>> = BTreeMap::new();
    for (id, _) in resources.iter().enumerate().filter(|(_, resource)| resource.nature != Nature::Barrier) {
        let Place { hook, wave } = place(id);
        let phases = if hook.is_empty() { &[Phase::Sync][..] } else { hook };
        for phase in phases {
            grouped.entry((*phase, *wave)).or_default().push(id);
        }
    }
    for wave in triggers {
        grouped.entry((Phase::Sync, *wave)).or_default();
    }
    let count = grouped.len();
    let step = |(at, ((phase, wave), mut tasks)): (usize, ((Phase, i32), Vec<Id>))| {
        tasks.sort_by(|a, b| {
            let key = |id: Id| (resources[id].order, &resources[id].label);
            key(*a).cmp(&key(*b))
        });
        let is_hook = |id: &Id| place(*id).is_hook();
        let ends_at_once = at + 1 == count && !tasks.iter().any(is_hook);
        let gates = tasks.iter().copied().filter(|id| !ends_at_once && (count > 1 || is_hook(id))).collect();
        Step { phase, wave, tasks, gates }
    };
    grouped.into_iter().enumerate().map(step).collect()
}
