//! From the rendered app to what the model and the ladder see of it.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    Candidate,
    model::{Id, Nature, Need as Waits, Phase, Place, Resource, kind_order},
    waves::Piece,
};
use crate::{
    error::Problems,
    manifest::{Header, ObjectId},
    plan::{
        app::{
            hooks::{self, Author, HookType, Role},
            index::{Index, is_cluster_scoped, is_custom, runs_app},
        },
        needs::{self, Need, Relation},
    },
};

/// The objects that Argo CD applies in a sync of the app.
#[derive(Default)]
pub(super) struct App {
    pub(super) resources: Vec<Resource>,
    pub(super) pieces: Vec<Piece>,
    /// The object of each resource.
    pub(super) objects: Vec<ObjectId>,
    pub(super) migrations: BTreeSet<Id>,
    /// An object is of a kind that may make anything, a Namespace too.
    pub(super) unknown: bool,
    /// The last wave of an ordinary resource.
    pub(super) last_wave: Option<i32>,
    /// The last wave of a workload that is no migration.
    pub(super) last_of_workloads: Option<i32>,
    at: HashMap<ObjectId, Id>,
}

impl App {
    /// Reads the app around its migrations.
    pub(super) fn read(candidates: &[Candidate<'_>], index: &Index<'_>) -> Result<Self, Problems> {
        let mut app = Self::default();
        // Most objects of an app have neither; those need no further look.
        let annotated = ["sync-wave", "hook"].iter().flat_map(|word| index.mentioning(word));
        let annotated: HashSet<ObjectId> = annotated.map(|header| header.id).collect();
        for header in index.headers() {
            let written = if annotated.contains(&header.id) { written(header, index)? } else { UNWRITTEN };
            app.add(header, written, index);
        }
        app.unknown = app.resources.iter().any(|resource| resource.nature == Nature::Unknown);
        for (piece, object) in app.pieces.iter_mut().zip(&app.objects) {
            let foreign = index.header(*object).is_some_and(|header| is_foreign(header, index));
            piece.movable &= !(app.unknown && foreign);
        }
        app.migrations = candidates.iter().filter_map(|candidate| app.resource(candidate.job.id)).collect();
        app.set_waves(candidates);
        app.last_wave = app.last_wave_of(|_| true);
        app.last_of_workloads =
            app.last_wave_of(|id| app.pieces[id].runs_app && !app.migrations.contains(&id));
        app.connect(candidates, index)?;
        Ok(app)
    }

    /// Returns the resource of an object, if Argo CD applies it in a sync.
    pub(super) fn resource(&self, id: ObjectId) -> Option<Id> {
        self.at.get(&id).copied()
    }

    fn last_wave_of(&self, counts: impl Fn(Id) -> bool) -> Option<i32> {
        let all = self.resources.iter().enumerate();
        let counted = all.filter(|(id, resource)| !resource.place.is_hook() && counts(*id));
        counted.map(|(_, resource)| resource.place.wave).max()
    }

    fn add(&mut self, header: &Header, ((role, author), explicit): Written, index: &Index<'_>) {
        let hook = match role {
            Role::Resource => Vec::new(),
            Role::Hook(types) => phases(&types),
            Role::Ignored => return,
        };
        let plain = author == Author::Nobody;
        if hook.is_empty() && !plain {
            return;
        }
        let nature = nature(header, index);
        let movable = match author {
            Author::Nobody => nature != Nature::Unknown,
            Author::Helm => nature == Nature::Passive,
            Author::ArgoCd => false,
        };
        self.pieces.push(Piece {
            movable,
            explicit: explicit.is_some(),
            runs_app: plain && runs_app(header),
        });
        let place = Place { hook, wave: explicit.unwrap_or(0) };
        self.at.insert(header.id, self.resources.len());
        self.objects.push(header.id);
        self.resources.push(Resource::new(header.label(), kind_order(&header.kind), place, nature));
    }

    /// Puts the migrations into the waves that settings give them.
    fn set_waves(&mut self, candidates: &[Candidate<'_>]) {
        for candidate in candidates {
            if let (Some(wave), Some(id)) = (candidate.settings.wave.value, self.resource(candidate.job.id)) {
                self.resources[id].place.wave = wave;
                self.pieces[id].explicit = true;
            }
        }
    }

    /// Adds what the migrations, what they need, and what waits for them is known to wait for.
    fn connect(&mut self, candidates: &[Candidate<'_>], index: &Index<'_>) -> Result<(), Problems> {
        let mut edges: BTreeSet<(Id, Waits)> = BTreeSet::new();
        let mut claims: BTreeSet<ObjectId> = BTreeSet::new();
        for candidate in candidates {
            let is_maker = |need: &&Need| need.relation == Relation::Producer && need.header.kind == "Job";
            let makers: BTreeSet<ObjectId> =
                candidate.needs.iter().filter(is_maker).map(|need| need.header.id).collect();
            for need in &candidate.needs {
                let Some(on) = self.resource(need.header.id) else { continue };
                if self.resources[on].nature == Nature::Claim {
                    claims.insert(need.header.id);
                }
                for used in &need.uses {
                    // What a Job writes into a Secret is for who reads the Secret.
                    let by = if need.relation == Relation::Database && makers.contains(&used.by) {
                        candidate.job.id
                    } else {
                        used.by
                    };
                    let by = self.resource(by);
                    edges.extend(by.map(|by| (by, edge(need.relation, &need.header, on))));
                }
            }
            let Some(job) = self.resource(candidate.job.id) else { continue };
            let awaited = candidate.awaits.iter().filter_map(|awaited| self.resource(awaited.header.id));
            edges.extend(awaited.map(|on| (job, Waits::Works(on))));
            let waiters = candidate.waiters.iter().filter_map(|waiter| self.resource(waiter.header.id));
            edges.extend(waiters.map(|by| (by, Waits::Works(job))));
            self.resources[job].ordered = hooks::role(candidate.job.object).1 != Author::Helm;
            for missing in &candidate.missing {
                if let Some(by) = self.resource(missing.by) {
                    self.resources[by].outside = true;
                }
            }
        }
        for claim in claims {
            let Some(on) = self.resource(claim) else { continue };
            let mounts = needs::mounts(claim, index)?;
            let by = mounts.into_iter().filter_map(|header| self.resource(header.id));
            edges.extend(by.map(|by| (by, Waits::Claim(on))));
        }
        for (by, need) in edges {
            if by != need.on() {
                self.resources[by].needs.push(need);
            }
        }
        Ok(())
    }
}

/// Returns what a need is to who needs it.
fn edge(relation: Relation, header: &Header, on: Id) -> Waits {
    match (relation, header.kind.as_str()) {
        (Relation::Namespace | Relation::Definition, _) => Waits::Accepted(on),
        (Relation::Identity, "ServiceAccount") => Waits::Account(on),
        (Relation::Volume, "PersistentVolumeClaim") => Waits::Claim(on),
        _ => Waits::Works(on),
    }
}

/// What an object's annotations make of it, and the wave that they give.
type Written = ((Role, Author), Option<i32>);

/// Without annotations.
const UNWRITTEN: Written = ((Role::Resource, Author::Nobody), None);

/// Returns what an object's annotations make of it, and the wave that they give.
pub(super) fn written(header: &Header, index: &Index<'_>) -> Result<Written, Problems> {
    let object = index.object(header.id)?;
    Ok((hooks::role(object), hooks::explicit_wave(object)))
}

/// Returns the phases of a sync among those of a hook.
pub(super) fn phases(types: &[HookType]) -> Vec<Phase> {
    let phase = |kind: &HookType| match kind {
        HookType::PreSync => Some(Phase::PreSync),
        HookType::Sync => Some(Phase::Sync),
        HookType::PostSync => Some(Phase::PostSync),
        HookType::SyncFail | HookType::PreDelete | HookType::PostDelete => None,
    };
    types.iter().filter_map(phase).collect()
}

/// Whether an object is in a namespace that the sync may find missing: neither the destination nor rendered.
pub(super) fn is_foreign(header: &Header, index: &Index<'_>) -> bool {
    let Some(namespace) = header.namespace.as_deref().filter(|namespace| !namespace.is_empty()) else {
        return false;
    };
    !is_cluster_scoped(header)
        && !index.same_namespace(Some(namespace), None)
        && index.find("Namespace", namespace, None).is_none()
}

/// Kinds of Kubernetes' own whose health depends on something outside of the app: `pkg/health`, and the checks in Lua of
/// `resource_customizations`.
const OUTWARD: [&str; 7] = [
    "APIService",
    "Gateway",
    "GRPCRoute",
    "HTTPRoute",
    "HorizontalPodAutoscaler",
    "Ingress",
    "PodDisruptionBudget",
];

fn nature(header: &Header, index: &Index<'_>) -> Nature {
    let kind = header.kind.as_str();
    if runs_app(header) {
        return match kind {
            "Job" | "Workflow" => Nature::Job,
            // It runs its pods later.
            "CronJob" | "CronWorkflow" | "ScaledJob" => Nature::Outward,
            _ => Nature::Workload,
        };
    }
    if is_custom(header) || needs::is_extension(header) {
        return match needs::knowledge(header, index) {
            needs::Knowledge::Maker => Nature::Custom,
            needs::Knowledge::Harmless if needs::has_health(header) => Nature::Outward,
            needs::Knowledge::Harmless => Nature::Passive,
            needs::Knowledge::Unknown => Nature::Unknown,
        };
    }
    match kind {
        "PersistentVolumeClaim" => Nature::Claim,
        "Service" if index.mentions(header, "LoadBalancer") => Nature::Outward,
        _ if OUTWARD.contains(&kind) => Nature::Outward,
        _ => Nature::Passive,
    }
}
