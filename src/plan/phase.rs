//! The sync phase of every migration of the app: `PreSync` where nothing of the app is needed, else `Sync` in a wave
//! before the workloads; what its author placed stays where it is.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Decided,
    dependencies::{Need, Relation},
    hooks::{self, Author, HookType, Role},
    job::Job,
    view::View,
    waves::{self, Item, Placed},
};
use crate::{
    error::{Problem, Problems},
    exit::Exit,
    manifest::{Header, ObjectId},
    settings::{Dependencies, JobSettings, Layer, Phase, Strategy},
};

/// A migration to be placed.
pub struct Candidate<'a> {
    /// The Job.
    pub job: Job<'a>,
    /// Its settings.
    pub settings: &'a JobSettings,
    /// Why it is meant to run after the workloads, if it is.
    pub after_workloads: Option<String>,
    /// What it needs that the app renders, hooks included.
    pub needs: Vec<Need>,
}

/// Where a migration goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The phases of the hook; more than one only where its author wrote so.
    pub types: Decided<Vec<HookType>>,
    /// The wave to be written; `None` leaves the annotation as it is.
    pub wave: Option<Decided<i32>>,
    /// Needs that will not be there when the Job runs, indices into [`Candidate::needs`].
    pub unmet: Vec<usize>,
}

impl Placement {
    /// It runs in this phase.
    pub fn runs_in(&self, phase: HookType) -> bool {
        self.types.value.contains(&phase)
    }
}

/// The places of all migrations, and the objects that move for them.
#[derive(Debug, Default)]
pub struct Placements {
    /// One for each candidate, in their order.
    pub jobs: Vec<Placement>,
    /// New waves of other objects, with the reason.
    pub moved: BTreeMap<ObjectId, Decided<i32>>,
    /// What the user should know.
    pub warnings: Vec<(ObjectId, String)>,
}

/// Places all migrations of the app.
pub fn place(candidates: &[Candidate<'_>], view: &View<'_>) -> Result<Placements, Problems> {
    let mut phases: Vec<Decided<Place>> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        phases.push(first_choice(candidate, view)?);
    }
    keep_jobs_in_order(candidates, &mut phases);
    let mut placements = Placements::default();
    for (candidate, phase) in candidates.iter().zip(&phases) {
        let placement = placement(candidate, phase, candidates, view)?;
        placements.jobs.push(placement);
    }
    arrange_sync_jobs(candidates, &phases, view, &mut placements)?;
    Ok(placements)
}

/// A place before waves are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// As its author wrote it for Argo CD.
    Authored,
    Pre,
    /// In a wave that is computed.
    Sync,
    /// In the Sync phase, in the wave of its author.
    SyncAsIs,
    /// In the Sync phase, after the workloads: a plain Job has no `PostSync`.
    SyncLast,
    Post,
}

fn first_choice(candidate: &Candidate<'_>, view: &View<'_>) -> Result<Decided<Place>, Problems> {
    let Candidate { job, settings, .. } = candidate;
    let forced = &settings.phase;
    if settings.strategy.value == Strategy::Keep {
        let last = forced.value == Phase::PostSync || candidate.after_workloads.is_some();
        let place = if last { Place::SyncLast } else { Place::Sync };
        return Ok(Decided::new(place, "a plain Job runs in the Sync phase"));
    }
    let (role, author) = hooks::role(job.object);
    if author == Author::ArgoCd && forced.layer != Layer::Annotation {
        return Ok(Decided::new(Place::Authored, "its author made it an Argo CD hook"));
    }
    let because = format!("phase, from the {}", forced.source());
    match forced.value {
        Phase::PreSync => return Ok(Decided::new(Place::Pre, because)),
        Phase::Sync => return Ok(Decided::new(Place::Sync, because)),
        Phase::PostSync => return Ok(Decided::new(Place::Post, because)),
        Phase::Auto => {}
    }
    if author == Author::ArgoCd {
        return Ok(Decided::new(Place::Authored, "its author made it an Argo CD hook"));
    }
    if let Some(reason) = &candidate.after_workloads {
        return Ok(Decided::new(Place::Post, reason.clone()));
    }
    if role == Role::Resource
        && let Some(wave) = hooks::explicit_wave(job.object)
        && let Some(workload) = earlier_workload(view, wave, &candidate.needs)?
    {
        return Ok(Decided::new(
            Place::SyncAsIs,
            format!("its author put it into wave {wave}, after {workload}"),
        ));
    }
    let wave = hooks::wave(job.object);
    for need in &candidate.needs {
        if !is_there_before_sync(view.object(need.header.id)?, wave) {
            let why = format!("needs {} of this app ({})", need.header.label(), need.why());
            return Ok(Decided::new(Place::Sync, why));
        }
    }
    let why = if candidate.needs.is_empty() {
        "needs nothing that this app renders"
    } else {
        "all that it needs of this app are earlier hooks"
    };
    Ok(Decided::new(Place::Pre, why))
}

/// A hook of an earlier wave, or of the same one (within a wave Argo CD creates a Job after what it may need).
fn is_there_before_sync(object: &serde_json::Value, wave: i32) -> bool {
    matches!(hooks::role(object).0, Role::Hook(types) if types.contains(&HookType::PreSync))
        && hooks::wave(object) <= wave
}

/// A workload in an earlier wave, other than what the Job needs.
fn earlier_workload(view: &View<'_>, wave: i32, needs: &[Need]) -> Result<Option<String>, Problems> {
    for header in view.headers() {
        if is_workload(&header.api_version, &header.kind)
            && !needs.iter().any(|need| need.header.id == header.id)
        {
            let (role, own) = placed(header, view)?;
            if role == Role::Resource && own.unwrap_or(0) < wave {
                return Ok(Some(header.label()));
            }
        }
    }
    Ok(None)
}

/// What an object's annotations make of it, and the wave that they give; it is parsed only if it can have any of them.
fn placed(header: &Header, view: &View<'_>) -> Result<(Role, Option<i32>), Problems> {
    if !["sync-wave", "hook"].iter().any(|word| view.mentions(header, word)) {
        return Ok((Role::Resource, None));
    }
    let object = view.object(header.id)?;
    Ok((hooks::role(object).0, hooks::explicit_wave(object)))
}

/// Kinds that run the app and so must wait for its migrations.
pub fn is_workload(api_version: &str, kind: &str) -> bool {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    matches!(
        (group, kind),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("", "Pod" | "ReplicationController")
            | ("batch", "CronJob" | "Job")
            | ("argoproj.io", "Rollout" | "Workflow" | "CronWorkflow")
            | ("serving.knative.dev", "Service")
            | ("apps.kruise.io", "CloneSet" | "StatefulSet" | "DaemonSet")
            | ("apps.openshift.io", "DeploymentConfig")
    )
}

/// The order that the author gave to the app's migrations: Helm's `pre-*` hooks, then plain Jobs, then Helm's `post-*`
/// hooks; in each by weight or wave.
fn authored_order(job: &Job<'_>) -> (u8, i32) {
    let rank = match hooks::role(job.object).0 {
        Role::Hook(types) if types.contains(&HookType::PreSync) => 0,
        Role::Hook(types) if types.contains(&HookType::PostSync) => 2,
        _ => 1,
    };
    (rank, hooks::wave(job.object))
}

/// A migration that its author put after one in the Sync phase cannot run in PreSync.
fn keep_jobs_in_order(candidates: &[Candidate<'_>], phases: &mut [Decided<Place>]) {
    let first_sync = candidates
        .iter()
        .zip(phases.iter())
        .filter(|(_, phase)| phase.value == Place::Sync)
        .map(|(candidate, _)| (authored_order(&candidate.job), candidate.job.label()))
        .min();
    let Some((order, label)) = first_sync else { return };
    for (candidate, phase) in candidates.iter().zip(phases.iter_mut()) {
        let free = candidate.settings.phase.value == Phase::Auto;
        if phase.value == Place::Pre && free && authored_order(&candidate.job) > order {
            *phase = Decided::new(Place::Sync, format!("runs after Job {label}, which is in the Sync phase"));
        }
    }
}

fn placement(
    candidate: &Candidate<'_>,
    place: &Decided<Place>,
    all: &[Candidate<'_>],
    view: &View<'_>,
) -> Result<Placement, Problems> {
    let job = &candidate.job;
    let written = hooks::annotation(job.object, hooks::SYNC_WAVE).is_some();
    // Without the annotation, Helm's weight is the wave; it goes with Helm's annotations, so it must be written.
    let weight = hooks::explicit_wave(job.object).filter(|_| !written);
    let kept = weight.map(|wave| Decided::new(wave, "its weight as a Helm hook"));
    let (types, wave) = match place.value {
        Place::Authored => match hooks::role(job.object).0 {
            Role::Hook(types) => (types, kept),
            Role::Resource | Role::Ignored => (Vec::new(), kept),
        },
        Place::Pre => (vec![HookType::PreSync], kept),
        Place::Sync | Place::SyncAsIs => (vec![HookType::Sync], kept),
        Place::SyncLast => (vec![HookType::Sync], Some(after_workloads(all, view)?)),
        Place::Post => (vec![HookType::PostSync], kept),
    };
    let mut unmet = Vec::new();
    if types.contains(&HookType::PreSync) {
        for (index, need) in candidate.needs.iter().enumerate() {
            if !is_there_before_sync(view.object(need.header.id)?, hooks::wave(job.object)) {
                unmet.push(index);
            }
        }
    }
    Ok(Placement { types: Decided::new(types, place.why.clone()), wave, unmet })
}

/// The wave behind that of the last workload.
fn after_workloads(migrations: &[Candidate<'_>], view: &View<'_>) -> Result<Decided<i32>, Problems> {
    let is_migration = |id| migrations.iter().any(|candidate| candidate.job.id == id);
    let mut last = 0;
    for header in view.headers() {
        if !is_workload(&header.api_version, &header.kind) || is_migration(header.id) {
            continue;
        }
        last = last.max(placed(header, view)?.1.unwrap_or(0));
    }
    Ok(Decided::new(last + 1, "after the workloads"))
}

/// Computes the waves of the migrations in the Sync phase and of what must move for them.
fn arrange_sync_jobs(
    candidates: &[Candidate<'_>],
    phases: &[Decided<Place>],
    view: &View<'_>,
    placements: &mut Placements,
) -> Result<(), Problems> {
    let sync: Vec<usize> =
        (0..candidates.len()).filter(|index| phases[*index].value == Place::Sync).collect();
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
    let arrangement = waves::arrange(&items, &jobs).map_err(|fixed| {
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
fn items(view: &View<'_>, migrations: &BTreeSet<ObjectId>) -> Result<Vec<Item>, Problems> {
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

/// What becomes of a forced `PreSync` hook whose needs are not there.
pub fn copies_wanted(settings: &JobSettings, placement: &Placement) -> bool {
    !placement.unmet.is_empty() && settings.dependencies.value == Dependencies::Copy
}
