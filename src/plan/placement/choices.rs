//! The places to try for a migration.

use super::{
    Candidate,
    app::{App, is_foreign, phases},
    ladder::{Migration, Rung},
    model::{Phase as SyncPhase, Place},
};
use crate::{
    plan::app::{
        hooks::{self, Author, HookType, Role},
        index::Index,
    },
    settings::{Phase, Strategy},
};

/// The places to try for one migration, the most ambitious first, each with what speaks for it.
pub(super) struct Choices {
    /// For the ladder.
    pub(super) migration: Migration,
    /// Of each rung.
    pub(super) reasons: Vec<Reason>,
}

/// Why a migration is on a rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// Whatever stands against it: a setting, or its author's word.
    Fixed(String),
    /// There is no better place.
    Best,
    /// In a wave before the workloads.
    Early,
    /// Where its author put it.
    Own,
    /// An ordinary Job where its author put it.
    Plain,
}

/// Returns the places to try for a candidate; none if Argo CD does not apply it in a sync.
pub(super) fn choices(candidate: &Candidate<'_>, app: &App, index: &Index<'_>) -> Option<Choices> {
    let id = app.resource(candidate.job.id)?;
    let (role, author) = hooks::role(candidate.job.object);
    let wave = candidate.wave();
    let free = ladder(candidate, &role, author, app, index);
    let (rungs, reasons) = free.into_iter().unzip();
    let order = matches!(candidate.settings.phase.value, Phase::Auto) && candidate.after_workloads.is_none();
    let rank = authored_order(&role, wave);
    let last = app.last_wave.unwrap_or(0);
    let migration = Migration {
        id,
        rungs,
        order: order.then_some(rank),
        wave: (rank.0 == 1).then_some(wave),
        plain: candidate.settings.strategy.value == Strategy::Once,
        trigger: Some(last.min(0)),
    };
    Some(Choices { migration, reasons })
}

fn ladder(
    candidate: &Candidate<'_>,
    role: &Role,
    author: Author,
    app: &App,
    index: &Index<'_>,
) -> Vec<(Rung, Reason)> {
    let Candidate { job, settings, .. } = candidate;
    let wave = candidate.wave();
    let own = own_place(role, wave);
    let fixed = |text: &str| Reason::Fixed(text.to_owned());
    if settings.strategy.value == Strategy::Once {
        let why = fixed("a plain Job runs in the Sync phase");
        let last = settings.phase.value == Phase::PostSync || candidate.after_workloads.is_some();
        return if last {
            vec![(Rung::At(Place::plain(behind_the_workloads(app))), why)]
        } else if settings.phase.value == Phase::Sync && settings.wave.value.is_some() {
            vec![(Rung::At(Place::plain(wave)), why)]
        } else {
            vec![(Rung::Early, why), (Rung::At(Place::plain(wave)), Reason::Plain)]
        };
    }
    let because = format!("phase, from the {}", settings.phase.source());
    let at_own = [(Rung::At(own.clone()), Reason::Own), (Rung::WithTrigger(own.clone()), Reason::Own)];
    match settings.phase.value {
        Phase::Auto => {}
        Phase::PreSync => return vec![(Rung::PreSync(wave), Reason::Fixed(because))],
        Phase::PostSync => {
            return vec![(Rung::At(Place::hook(SyncPhase::PostSync, wave)), Reason::Fixed(because))];
        }
        Phase::Sync => {
            let here = Rung::At(Place::hook(SyncPhase::Sync, wave));
            if settings.wave.value.is_some() {
                return vec![(here, Reason::Fixed(because))];
            }
            return vec![(Rung::Early, Reason::Fixed(because.clone())), (here, Reason::Fixed(because))];
        }
    }
    if author == Author::ArgoCd {
        return vec![(Rung::At(own), fixed("its author made it an Argo CD hook"))];
    }
    let mut rungs = Vec::new();
    if let Some(reason) = &candidate.after_workloads {
        rungs.push((Rung::At(Place::hook(SyncPhase::PostSync, wave)), fixed(reason)));
    } else if let Some(awaited) = candidate.awaits.first() {
        let label = awaited.header.label();
        let why = fixed(&format!("waits for {label} ({}), so it runs beside it", awaited.why));
        rungs.push((Rung::At(Place::hook(SyncPhase::Sync, beside(candidate, app))), why));
    } else if let Some(namespace) = foreign_namespace(candidate, index).filter(|_| app.unknown) {
        let why = format!(
            "in its author's place: namespace {namespace} is neither the destination nor rendered, and an object of an unknown kind may make it"
        );
        rungs.push((Rung::At(own.clone()), Reason::Fixed(why)));
    } else {
        rungs.extend([(Rung::PreSync(wave), Reason::Best), (Rung::Early, Reason::Early)]);
    }
    rungs.extend(at_own);
    if author == Author::Nobody && !job.is_workflow() {
        rungs.push((Rung::At(Place::plain(wave)), Reason::Plain));
    }
    rungs
}

/// Returns the place of its author's: an ordinary Job becomes a hook in its own wave, which Argo CD runs at the moment
/// at which it would have applied the Job.
fn own_place(role: &Role, wave: i32) -> Place {
    match role {
        Role::Hook(types) if !phases(types).is_empty() => Place { hook: phases(types), wave },
        _ => Place::hook(SyncPhase::Sync, wave),
    }
}

/// Returns the order that the author gave to the app's migrations: Helm's `pre-*` hooks, then plain Jobs, then Helm's
/// `post-*` hooks; in each by weight or wave.
pub(super) fn authored_order(role: &Role, wave: i32) -> (u8, i32) {
    let rank = match role {
        Role::Hook(types) if types.contains(&HookType::PreSync) => 0,
        Role::Hook(types) if types.contains(&HookType::PostSync) => 2,
        _ => 1,
    };
    (rank, wave)
}

/// Returns the latest wave of what a pod waits for.
fn beside(candidate: &Candidate<'_>, app: &App) -> i32 {
    let awaited = candidate.awaits.iter().filter_map(|awaited| app.resource(awaited.header.id));
    awaited.map(|id| app.resources[id].place.wave).max().unwrap_or(0)
}

/// Returns the wave behind that of the last workload.
fn behind_the_workloads(app: &App) -> i32 {
    let last = app.last_of_workloads.unwrap_or(0).max(0);
    last.saturating_add(1)
}

fn foreign_namespace(candidate: &Candidate<'_>, index: &Index<'_>) -> Option<String> {
    let header = index.header(candidate.job.id)?;
    is_foreign(header, index).then(|| header.namespace.clone().unwrap_or_default())
}
