//! Where a migration runs: the places to try, and the model of a sync that checks every one of them.

mod app;
mod choices;
mod ladder;
mod model;
mod reasons;
mod waves;

#[cfg(test)]
mod property;

use std::collections::BTreeMap;

use app::App;
use choices::{Choices, choices};
use ladder::{Placed, Rung};
use model::{Nature, Phase as SyncPhase};
use waves::{Arranging, Early};

use crate::{
    error::Problems,
    manifest::{Header, ObjectId},
    plan::{
        Decided,
        app::{
            hooks::{self, HookType, Role},
            index::Index,
            job::Job,
        },
        needs::{Missing, Need, WaitedFor, Waiter},
    },
    settings::{Dependencies, JobSettings},
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
    /// What it, or something that it needs, refers to and the app does not render.
    pub missing: Vec<Missing>,
    /// What waits for it.
    pub waiters: Vec<Waiter>,
}

impl Candidate<'_> {
    /// Returns the wave that a setting or its author gave it.
    pub(crate) fn explicit_wave(&self) -> Option<i32> {
        self.settings.wave.value.or_else(|| hooks::explicit_wave(self.job.object))
    }

    /// Returns its wave before it is placed.
    pub(crate) fn wave(&self) -> i32 {
        self.explicit_wave().unwrap_or(0)
    }
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
    /// It stays an ordinary Job: as a hook it would make the sync wait for what it does not wait for as rendered.
    pub plain: bool,
    /// The wave of its trigger.
    pub trigger: i32,
}

/// Where an object goes that moves for a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    /// Its new wave.
    pub wave: Decided<i32>,
    /// Its new phase, if it is a hook of another one.
    pub phase: Option<HookType>,
}

/// The places of all migrations, and the objects that move for them.
#[derive(Debug, Default)]
pub(crate) struct Placements {
    /// One for each candidate, in their order.
    pub jobs: Vec<Placement>,
    /// New places of other objects.
    pub moved: BTreeMap<ObjectId, Move>,
    /// What the user should know.
    pub warnings: Vec<(ObjectId, String)>,
}

/// Places all migrations of the app.
pub(crate) fn place(candidates: &[Candidate<'_>], index: &Index<'_>) -> Result<Placements, Problems> {
    if candidates.is_empty() {
        return Ok(Placements::default());
    }
    let app = App::read(candidates, index)?;
    let tried: Vec<Option<Choices>> =
        candidates.iter().map(|candidate| choices(candidate, &app, index)).collect();
    let migrations: Vec<_> = tried.iter().flatten().map(|choices| choices.migration.clone()).collect();
    let placed = ladder::climb(app.resources.clone(), &app.pieces, &migrations);
    let mut placements = Placements::default();
    let mut at = 0;
    for (candidate, choices) in candidates.iter().zip(&tried) {
        let placement = match choices {
            Some(choices) => {
                at += 1;
                placement(at - 1, candidate, choices, &placed, index)?
            }
            None => as_written(candidate),
        };
        placements.jobs.push(placement);
    }
    let early = Early::of(&migrations, |at| placed.steps[at].0);
    moves(candidates, &early, &app, &placed, &mut placements);
    Ok(placements)
}

/// Returns the place of a Job that Argo CD does not apply in a sync: it keeps its phases.
fn as_written(candidate: &Candidate<'_>) -> Placement {
    let types = match hooks::role(candidate.job.object).0 {
        Role::Hook(types) => types,
        Role::Resource | Role::Ignored => Vec::new(),
    };
    let types = Decided::new(types, "its author's");
    Placement { types, wave: None, unmet: Vec::new(), plain: false, trigger: 0 }
}

fn placement(
    at: usize,
    candidate: &Candidate<'_>,
    choices: &Choices,
    placed: &Placed,
    index: &Index<'_>,
) -> Result<Placement, Problems> {
    let (job, migration) = (&candidate.job, &choices.migration);
    let place = &placed.layout.places[migration.id];
    let rung = placed.steps[at].0;
    let types = if place.is_hook() {
        place.hook.iter().map(|phase| hook_type(*phase)).collect()
    } else {
        vec![HookType::Sync]
    };
    let mut unmet = Vec::new();
    // Where nothing else was to be tried: a setting, or its author's own hook.
    if place.hook.contains(&SyncPhase::PreSync) && migration.rungs.len() == 1 {
        for (number, need) in candidate.needs.iter().enumerate() {
            if !is_there_before_sync(need, place.wave, index)? {
                unmet.push(number);
            }
        }
    }
    let written = hooks::annotation(job.object, hooks::SYNC_WAVE).is_some();
    let (rung, reason) = (&migration.rungs[rung], &choices.reasons[rung]);
    let wave = if *rung == Rung::Early || place.wave != hooks::wave(job.object) {
        Some(Decided::new(place.wave, reasons::wave(candidate, place.wave, rung, reason)))
    } else {
        // Without the annotation, Helm's weight is the wave; it goes with Helm's annotations, so it must be written.
        let weight = hooks::explicit_wave(job.object).filter(|_| !written);
        weight.map(|wave| Decided::new(wave, "its weight as a Helm hook"))
    };
    Ok(Placement {
        types: Decided::new(types, reasons::phase(at, candidate, choices, placed)),
        wave,
        unmet,
        plain: !place.is_hook(),
        trigger: placed.triggers[at].unwrap_or(0),
    })
}

fn hook_type(phase: SyncPhase) -> HookType {
    match phase {
        SyncPhase::PreSync => HookType::PreSync,
        SyncPhase::Sync => HookType::Sync,
        SyncPhase::PostSync => HookType::PostSync,
    }
}

/// What moves for the migrations, and what cannot wait for them.
fn moves(
    candidates: &[Candidate<'_>],
    early: &[Early],
    app: &App,
    placed: &Placed,
    placements: &mut Placements,
) {
    let jobs: BTreeMap<ObjectId, &Candidate<'_>> =
        candidates.iter().map(|candidate| (candidate.job.id, candidate)).collect();
    for (id, resource) in app.resources.iter().enumerate() {
        let (object, place) = (app.objects[id], &placed.layout.places[id]);
        if *place == resource.place || jobs.contains_key(&object) {
            continue;
        }
        let why = why_moved(object, resource.nature, candidates);
        let phase = place.hook.first().filter(|_| place.hook != resource.place.hook);
        let phase = phase.map(|phase| hook_type(*phase));
        let why = phase.map_or_else(|| why.clone(), |phase| format!("as a {phase} hook, {why}"));
        let moved = Move { wave: Decided::new(place.wave, why), phase };
        placements.moved.insert(object, moved);
    }
    let (resources, migrations) = (placed.model.resources(), &app.migrations);
    let arranging = Arranging { resources, pieces: &app.pieces, migrations };
    let all: Vec<String> = early.iter().map(|job| label(app.objects[job.id], &jobs)).collect();
    for id in arranging.cannot_wait(early) {
        let all = all.join(", ");
        let text = format!("does not wait for Job {all}: its wave is earlier than what that Job needs");
        placements.warnings.push((app.objects[id], text));
    }
}

fn label(id: ObjectId, jobs: &BTreeMap<ObjectId, &Candidate<'_>>) -> String {
    jobs.get(&id).map(|candidate| candidate.job.label()).unwrap_or_default()
}

fn why_moved(object: ObjectId, nature: Nature, candidates: &[Candidate<'_>]) -> String {
    let needing: Vec<String> = candidates
        .iter()
        .filter(|candidate| candidate.needs.iter().any(|need| need.header.id == object))
        .map(|candidate| candidate.job.label())
        .collect();
    let names = needing.join(", ");
    match (nature, needing.is_empty()) {
        (_, true) => "stays before what moved".to_owned(),
        (Nature::Claim, false) => format!("with the first pod that mounts it, for Job {names}"),
        (_, false) => format!("before Job {names}, which needs it"),
    }
}

/// Returns a hook of an earlier wave, or of the same one (within a wave Argo CD creates a Job after what it may need).
///
/// An app may render an object twice, as a hook and as an ordinary resource; the hook counts.
fn is_there_before_sync(need: &Need, wave: i32, index: &Index<'_>) -> Result<bool, Problems> {
    let Header { kind, api_version, name, namespace, .. } = &need.header;
    for header in index.find_all(kind, name, namespace.as_deref()) {
        if header.api_version != *api_version {
            continue;
        }
        let ((role, _), own) = app::written(header, index)?;
        if matches!(role, Role::Hook(types) if types.contains(&HookType::PreSync)) && own.unwrap_or(0) <= wave
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a forced `PreSync` hook whose needs are not there gets copies of them.
pub(crate) fn copies_wanted(settings: &JobSettings, placement: &Placement) -> bool {
    !placement.unmet.is_empty() && settings.dependencies.value == Dependencies::Copy
}
