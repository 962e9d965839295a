//! From the migrations in the Sync phase to their waves, and to the objects that move for them.

use std::collections::BTreeSet;

use crate::{
    error::{Problem, Problems},
    exit::Exit,
    manifest::ObjectId,
    plan::{
        Decided,
        app::{
            hooks::{HookType, Role},
            index::Index,
        },
        needs::Relation,
        placement::{
            phase::{Candidate, Placements, authored_order, is_workload, placed},
            sync_waves::{self, Item, Placed},
        },
    },
};

/// Computes the waves of the migrations `sync` (indices into `candidates`) and of what must move for them.
pub(crate) fn sync_jobs(
    candidates: &[Candidate<'_>],
    sync: &[usize],
    view: &Index<'_>,
    placements: &mut Placements,
) -> Result<(), Problems> {
    if sync.is_empty() {
        return Ok(());
    }
    let orders: BTreeSet<(u8, i32)> =
        sync.iter().map(|index| authored_order(&candidates[*index].job)).collect();
    let migrations: BTreeSet<ObjectId> = candidates.iter().map(|candidate| candidate.job.id).collect();
    let items = items(view, &migrations)?;
    let jobs: Vec<Placed> = sync
        .iter()
        .map(|index| {
            let candidate = &candidates[*index];
            let order = authored_order(&candidate.job);
            let of = |volume: bool| {
                let ids =
                    candidate.needs.iter().filter(move |need| (need.relation == Relation::Volume) == volume);
                ids.map(|need| need.header.id).filter(|id| items.iter().any(|item| item.id == *id)).collect()
            };
            Placed {
                id: candidate.job.id,
                level: orders.range(..order).count(),
                wave: (order.0 == 1).then_some(order.1),
                needs: of(false),
                claims: of(true),
            }
        })
        .collect();
    let arrangement = sync_waves::arrange(&items, &jobs).map_err(|fixed| {
        Problem::new(Exit::PLAN, "the migrations cannot run before the workloads in any order of sync waves")
            .at(view.location(fixed.id))
            .caused_by(fixed)
            .hint(
                "give that hook an earlier argocd.argoproj.io/sync-wave, or set `phase` on the Job yourself",
            )
    })?;
    for (index, placed) in sync.iter().zip(&jobs) {
        if let Some(wave) = arrangement.jobs.get(&placed.id) {
            let why = if placed.needs.is_empty() {
                "before the workloads"
            } else {
                "after what it needs and before the workloads"
            };
            placements.jobs[*index].wave = Some(Decided::new(*wave, why));
        }
    }
    let names = |belongs: &dyn Fn(&Placed) -> bool| {
        let labels = sync.iter().zip(&jobs).filter(|(_, placed)| belongs(placed));
        labels.map(|(index, _)| candidates[*index].job.label()).collect::<Vec<_>>().join(", ")
    };
    for (id, wave) in &arrangement.moved {
        let (binds, needs) = (names(&|job| job.claims.contains(id)), names(&|job| job.needs.contains(id)));
        let why = if !binds.is_empty() {
            format!("with Job {binds}, whose pod may have to bind it")
        } else if !needs.is_empty() {
            format!("before Job {needs}, which needs it")
        } else {
            "stays before what moved".to_owned()
        };
        placements.moved.insert(*id, Decided::new(*wave, why));
    }
    let all = names(&|_| true);
    for id in arrangement.cannot_wait {
        let text = format!("does not wait for Job {all}: its wave is earlier than what that Job needs");
        placements.warnings.push((id, text));
    }
    Ok(())
}

/// The other objects of the Sync phase.
fn items(view: &Index<'_>, migrations: &BTreeSet<ObjectId>) -> Result<Vec<Item>, Problems> {
    let mut items = Vec::new();
    for header in view.headers() {
        if migrations.contains(&header.id) {
            continue;
        }
        let (role, explicit) = placed(header, view)?;
        let fixed = match role {
            Role::Resource => false,
            Role::Hook(types) if types.contains(&HookType::Sync) => true,
            Role::Hook(_) | Role::Ignored => continue,
        };
        items.push(Item {
            id: header.id,
            wave: explicit.unwrap_or(0),
            workload: !fixed && is_workload(&header.api_version, &header.kind),
            fixed,
            explicit: explicit.is_some(),
        });
    }
    Ok(items)
}
