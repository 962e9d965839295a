//! A model of Argo CD's sync: which steps an app goes through, when each of them ends, and who waits for whom.
//!
//! Every placement is tried on it, the app as rendered against the app as placed ([`Model::check`]). Each rule names its
//! source; paths without a repository are those of gitops-engine, `pkg/sync`.
//!
//! The model is monotone: an object that is there, or that works, never makes another one stop. So an app that comes up in
//! a cluster comes up in every cluster with more of it, and only the least has to be tried: a first install, where the
//! rendered app comes up on one; else the least that an earlier sync must have left for it.

mod graph;
mod kinds;
mod run;
mod steps;
mod world;

pub(crate) use kinds::kind_order;
#[cfg(test)]
pub(crate) use run::Cluster;
pub(crate) use run::{Blocked, Layout, Model, Waiting};

/// The position of a resource in the app.
pub(crate) type Id = usize;

/// A phase of a sync, in order: `common/types.go` `SyncPhase`. `SyncFail` runs only when a sync has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    PreSync,
    Sync,
    PostSync,
}

/// When a resource is applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// The phases of a hook; none for an ordinary resource, which is applied in the Sync phase.
    pub(crate) hook: Vec<Phase>,
    /// The sync wave.
    pub(crate) wave: i32,
}

impl Place {
    /// Returns an ordinary resource in a wave.
    pub(crate) fn plain(wave: i32) -> Self {
        Self { hook: Vec::new(), wave }
    }

    /// Returns a hook of one phase in a wave.
    pub(crate) fn hook(phase: Phase, wave: i32) -> Self {
        Self { hook: vec![phase], wave }
    }

    /// Returns the phase and wave in which the resource is there for the first time.
    pub(crate) fn first(&self) -> (Phase, i32) {
        (self.hook.iter().copied().min().unwrap_or(Phase::Sync), self.wave)
    }

    pub(crate) fn is_hook(&self) -> bool {
        !self.hook.is_empty()
    }
}

/// What a resource does once it is applied, and what its health depends on: `pkg/health`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Nothing, and it has no health: a ConfigMap, a Secret, RBAC, a Service of the cluster.
    Passive,
    /// Runs pods for good; Healthy when they run: `health_deployment.go`, `health_statefulset.go`, `health_daemonset.go`.
    Workload,
    /// Runs a pod until it completes; Healthy then: `health_job.go`.
    Job,
    /// A claim for a volume; Healthy when bound: `health_pvc.go`. With `WaitForFirstConsumer` it is bound when a pod
    /// that mounts it is scheduled.
    Claim,
    /// A custom resource of a known kind; Healthy, if it has a health, when its controller has done its work.
    Custom,
    /// Done at once, but Healthy only by something outside of the app: a Service of type `LoadBalancer` or an Ingress
    /// that waits for its address (`health_service.go`, `health_ingress.go`), a suspended or paused workload.
    Outward,
    /// A resource of a kind that nobody knows: it may make anything, and may never be Healthy.
    Unknown,
    /// Not a resource: stands for all that it needs. It is there from the start.
    Barrier,
}

impl Nature {
    /// Whether its health depends on what the app does not show.
    fn is_hazard(self) -> bool {
        matches!(self, Self::Outward | Self::Unknown)
    }
}

/// What must be true before a resource does its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// The API server refuses the resource before the object is there: its Namespace, the definition of its kind. A
    /// failed apply fails the sync (`sync_context.go` `runTasks`).
    Accepted(Id),
    /// The pod is not created before the object is there: its ServiceAccount.
    Account(Id),
    /// The pod does not start before the object is there: a ConfigMap, a Secret, a Service.
    Exists(Id),
    /// The pod, or the controller, cannot do its work before the other one does: a database, another Job, the custom
    /// resource that makes a Secret.
    Works(Id),
    /// The pod mounts the claim: it is scheduled when the claim is there, and runs when it is bound.
    Claim(Id),
}

impl Need {
    /// Returns the object that is needed.
    pub(crate) fn on(self) -> Id {
        match self {
            Self::Accepted(id) | Self::Account(id) | Self::Exists(id) | Self::Works(id) | Self::Claim(id) => {
                id
            }
        }
    }
}

/// An object of the app, as far as a sync is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    /// `Kind name`.
    pub(crate) label: String,
    /// Its place among the kinds of a step; see [`kind_order`].
    pub(crate) order: u8,
    /// When it is applied.
    pub(crate) place: Place,
    /// What it does.
    pub(crate) nature: Nature,
    /// What it waits for.
    pub(crate) needs: Vec<Need>,
    /// It refers to something that the app does not render, so that an unknown object may make it.
    pub(crate) outside: bool,
    /// Its author put it behind the workloads of earlier steps.
    pub(crate) ordered: bool,
}

impl Resource {
    /// Returns a resource without needs.
    pub(crate) fn new(label: impl Into<String>, order: u8, place: Place, nature: Nature) -> Self {
        Self { label: label.into(), order, place, nature, needs: Vec::new(), outside: false, ordered: false }
    }
}

#[cfg(test)]
mod tests;
