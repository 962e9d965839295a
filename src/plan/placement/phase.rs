//! The sync phase of every migration of the app: `PreSync` where nothing of the app is needed, else `Sync` in a wave
//! before the workloads; what its author placed stays where it is.

use std::collections::BTreeMap;

use crate::{
    error::Problems,
    manifest::{Header, ObjectId},
    plan::{
        Decided,
        app::{
            hooks::{self, Author, HookType, Role},
            index::Index,
            job::Job,
        },
        needs::{Need, WaitedFor},
        placement::arrange,
    },
    settings::{Dependencies, JobSettings, Layer, Phase, Strategy},
};

/// A migration to be placed.
pub(crate) struct Candidate<'a> {
    /// The Job.
    pub job: Job<'a>,
    /// Its settings.
    pub settings: &'a JobSettings,
    /// Why it is meant to run after the workloads, if it is.
    pub after_workloads: Option<String>,
    /// What it needs that the app renders, hooks included.
    pub needs: Vec<Need>,
    /// The app's own workloads that its pod waits for: it can run beside them, not before.
    pub awaits: Vec<WaitedFor>,
}

/// Where a migration goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placement {
    /// The phases of the hook; more than one only where its author wrote so.
    pub types: Decided<Vec<HookType>>,
    /// The wave to be written; `None` leaves the annotation as it is.
    pub wave: Option<Decided<i32>>,
    /// Needs that will not be there when the Job runs, indices into [`Candidate::needs`].
    pub unmet: Vec<usize>,
}

impl Placement {
    /// It runs in this phase.
    pub(crate) fn runs_in(&self, phase: HookType) -> bool {
        self.types.value.contains(&phase)
    }
}

/// The places of all migrations, and the objects that move for them.
#[derive(Debug, Default)]
pub(crate) struct Placements {
    /// One for each candidate, in their order.
    pub jobs: Vec<Placement>,
    /// New waves of other objects, with the reason.
    pub moved: BTreeMap<ObjectId, Decided<i32>>,
    /// What the user should know.
    pub warnings: Vec<(ObjectId, String)>,
}

/// Places all migrations of the app.
pub(crate) fn place(candidates: &[Candidate<'_>], view: &Index<'_>) -> Result<Placements, Problems> {
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
    let sync: Vec<usize> = (0..phases.len()).filter(|index| phases[*index].value == Place::Sync).collect();
    arrange::sync_jobs(candidates, &sync, view, &mut placements)?;
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
    /// In the Sync phase, in the wave of the workloads that its pod waits for.
    SyncBeside,
    /// In the Sync phase, after the workloads: a plain Job has no `PostSync`.
    SyncLast,
    Post,
}

fn first_choice(candidate: &Candidate<'_>, view: &Index<'_>) -> Result<Decided<Place>, Problems> {
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
    if let Some(awaited) = candidate.awaits.first() {
        let why = format!("waits for {} ({}), so it runs beside it", awaited.header.label(), awaited.why);
        return Ok(Decided::new(Place::SyncBeside, why));
    }
    let wave = hooks::wave(job.object);
    for need in &candidate.needs {
        if !is_there_before_sync(need, wave, view)? {
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
///
/// An app may render an object twice, as a hook and as an ordinary resource; the hook counts.
fn is_there_before_sync(need: &Need, wave: i32, view: &Index<'_>) -> Result<bool, Problems> {
    let Header { kind, api_version, name, namespace, .. } = &need.header;
    for header in view.headers() {
        let same = header.name == *name && header.kind == *kind && header.api_version == *api_version;
        if !same || !view.same_namespace(header.namespace.as_deref(), namespace.as_deref()) {
            continue;
        }
        let (role, own) = placed(header, view)?;
        if matches!(role, Role::Hook(types) if types.contains(&HookType::PreSync)) && own.unwrap_or(0) <= wave
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A workload in an earlier wave, other than what the Job needs.
fn earlier_workload(view: &Index<'_>, wave: i32, needs: &[Need]) -> Result<Option<String>, Problems> {
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
pub(crate) fn placed(header: &Header, view: &Index<'_>) -> Result<(Role, Option<i32>), Problems> {
    if !["sync-wave", "hook"].iter().any(|word| view.mentions(header, word)) {
        return Ok((Role::Resource, None));
    }
    let object = view.object(header.id)?;
    Ok((hooks::role(object).0, hooks::explicit_wave(object)))
}

/// Kinds that run the app and so must wait for its migrations.
pub(crate) fn is_workload(api_version: &str, kind: &str) -> bool {
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
pub(crate) fn authored_order(job: &Job<'_>) -> (u8, i32) {
    let rank = match hooks::role(job.object).0 {
        Role::Hook(types) if types.contains(&HookType::PreSync) => 0,
        Role::Hook(types) if types.contains(&HookType::PostSync) => 2,
        _ => 1,
    };
    (rank, hooks::wave(job.object))
}

/// A migration that its author put after one in the Sync phase, or that needs one there, cannot run in `PreSync`.
fn keep_jobs_in_order(candidates: &[Candidate<'_>], phases: &mut [Decided<Place>]) {
    follow_needed_jobs(candidates, phases);
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

/// A migration that needs another one goes where that one goes: each pass finds those one step further.
fn follow_needed_jobs(candidates: &[Candidate<'_>], phases: &mut [Decided<Place>]) {
    loop {
        let in_sync = |id: ObjectId| {
            let mut all = candidates.iter().zip(phases.iter());
            all.any(|(candidate, phase)| candidate.job.id == id && phase.value == Place::Sync)
        };
        let found = candidates.iter().zip(phases.iter()).position(|(candidate, phase)| {
            let free = phase.value == Place::Pre && candidate.settings.phase.value == Phase::Auto;
            free && candidate.needs.iter().any(|need| in_sync(need.header.id))
        });
        let Some(index) = found else { return };
        phases[index] = Decided::new(Place::Sync, "needs another migration, which is in the Sync phase");
    }
}

fn placement(
    candidate: &Candidate<'_>,
    place: &Decided<Place>,
    all: &[Candidate<'_>],
    view: &Index<'_>,
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
        Place::SyncBeside => (vec![HookType::Sync], Some(beside(&candidate.awaits, view)?)),
        Place::SyncLast => (vec![HookType::Sync], Some(after_workloads(all, view)?)),
        Place::Post => (vec![HookType::PostSync], kept),
    };
    let mut unmet = Vec::new();
    if types.contains(&HookType::PreSync) {
        for (index, need) in candidate.needs.iter().enumerate() {
            if !is_there_before_sync(need, hooks::wave(job.object), view)? {
                unmet.push(index);
            }
        }
    }
    Ok(Placement { types: Decided::new(types, place.why.clone()), wave, unmet })
}

/// The latest wave of what a pod waits for.
fn beside(awaits: &[WaitedFor], view: &Index<'_>) -> Result<Decided<i32>, Problems> {
    let mut latest = i32::MIN;
    for awaited in awaits {
        latest = latest.max(placed(&awaited.header, view)?.1.unwrap_or(0));
    }
    Ok(Decided::new(latest, "that of what its pod waits for"))
}

/// The wave behind that of the last workload.
fn after_workloads(migrations: &[Candidate<'_>], view: &Index<'_>) -> Result<Decided<i32>, Problems> {
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

/// What becomes of a forced `PreSync` hook whose needs are not there.
pub(crate) fn copies_wanted(settings: &JobSettings, placement: &Placement) -> bool {
    !placement.unmet.is_empty() && settings.dependencies.value == Dependencies::Copy
}
