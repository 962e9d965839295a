//! What rules look at.

use std::{borrow::Cow, collections::HashMap};

use serde_json::Value;

use super::pod::Template;
use crate::{
    error::Result,
    manifest::{Header, Manifests, ObjectId},
    plan::{
        JobPlan, Plan,
        app::{
            hooks::{self, HookType, Role},
            index::is,
        },
        pod::{self, Pod},
    },
    settings::Settings,
};

/// Which manifests the rules see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// As the author wrote them.
    Rendered,
    /// As Argo CD gets them.
    Rewritten,
}

/// An app's objects and what is decided for them.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Which manifests these are.
    pub stage: Stage,
    /// What is decided.
    pub plan: &'a Plan,
    /// The effective settings.
    pub settings: &'a Settings,
    /// The objects, in the order of the manifests.
    pub objects: Vec<Object<'a>>,
    /// The objects that differ when the app is rendered again.
    pub unstable: &'a [ObjectId],
    /// The positions of the objects of each name.
    by_name: HashMap<String, Vec<usize>>,
}

/// An object of the app.
#[derive(Debug)]
pub struct Object<'a> {
    /// What identifies it.
    pub header: Header,
    /// The whole object.
    pub value: Cow<'a, Value>,
    /// What is decided, if it is a Job.
    pub job: Option<&'a JobPlan>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(
        stage: Stage,
        manifests: &'a Manifests,
        plan: &'a Plan,
        settings: &'a Settings,
        unstable: &'a [ObjectId],
    ) -> Result<Self> {
        let mut changes = plan.changes();
        let mut objects = Vec::new();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        let jobs: HashMap<ObjectId, &JobPlan> = plan.jobs.iter().map(|job| (job.id, job)).collect();
        for header in manifests.index()? {
            let mut value = Cow::Borrowed(manifests.object(header.id)?);
            if stage == Stage::Rewritten
                && let Some(edits) = changes.edits.remove(&header.id)
            {
                for edit in edits {
                    // The plan's edits have been applied before: they fit.
                    let _ = edit.apply_to(value.to_mut());
                }
            }
            let job = jobs.get(&header.id).copied();
            by_name.entry(header.name.clone()).or_default().push(objects.len());
            objects.push(Object { header, value, job });
        }
        Ok(Self { stage, plan, settings, objects, unstable, by_name })
    }

    /// Returns the Jobs of Kubernetes.
    pub(super) fn jobs(&self) -> impl Iterator<Item = &Object<'a>> {
        self.objects.iter().filter(|object| object.is_job())
    }

    /// Returns the Jobs that Argo CD runs as hooks.
    pub(super) fn hook_jobs(&self) -> impl Iterator<Item = &Object<'a>> {
        self.jobs().filter(|job| job.is_hook())
    }

    /// Returns the objects of a name.
    fn named(&self, name: &str) -> impl Iterator<Item = &Object<'a>> {
        self.by_name.get(name).into_iter().flatten().map(|at| &self.objects[*at])
    }

    /// What the pod of an object runs and reads.
    pub(super) fn read<'f>(&'f self, object: &'f Object<'a>, template: &Template<'f>) -> Pod<'f> {
        pod::read(template.spec(), |reference| {
            let namespace = object.header.namespace.as_deref();
            let is_meant = |other: &&Object<'_>| {
                is(&other.header, &reference.kind) && other.header.namespace.as_deref() == namespace
            };
            self.named(&reference.name).filter(is_meant).map(|other| other.value.as_ref()).collect()
        })
    }

    /// What runs the app: Deployments and the like.
    pub(super) fn workloads(&self) -> impl Iterator<Item = &Object<'a>> {
        const KINDS: [&str; 4] = ["Deployment", "StatefulSet", "DaemonSet", "Rollout"];
        self.objects.iter().filter(|object| KINDS.contains(&object.kind()) && !object.is_hook())
    }
}

impl Object<'_> {
    /// Returns which object it is.
    pub(super) fn id(&self) -> ObjectId {
        self.header.id
    }

    /// Returns `kind`.
    pub(super) fn kind(&self) -> &str {
        &self.header.kind
    }

    /// Returns `metadata.name`.
    pub(super) fn name(&self) -> &str {
        &self.header.name
    }

    pub(super) fn is_job(&self) -> bool {
        self.kind() == "Job" && self.header.api_version.starts_with("batch/")
    }

    pub(super) fn is_migration(&self) -> bool {
        self.job.is_some_and(|job| job.selection.migration)
    }

    pub(super) fn annotation(&self, key: &str) -> Option<&str> {
        hooks::annotation(&self.value, key)
    }

    pub(super) fn annotations(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.value["metadata"]["annotations"].as_object().into_iter().flatten()
    }

    /// Returns the entries of a comma-separated annotation.
    pub(super) fn entries(&self, key: &str) -> Vec<&str> {
        hooks::entries(&self.value, key)
    }

    /// Whether an entry of `argocd.argoproj.io/sync-options` is there.
    pub(super) fn has_option(&self, option: &str) -> bool {
        self.entries("argocd.argoproj.io/sync-options").contains(&option)
    }

    pub(super) fn is_hook(&self) -> bool {
        matches!(hooks::role(&self.value).0, Role::Hook(_))
    }

    /// Returns the phases in which it runs as a hook.
    pub(super) fn phases(&self) -> Vec<HookType> {
        match hooks::role(&self.value).0 {
            Role::Hook(types) => types,
            _ => Vec::new(),
        }
    }

    pub(super) fn runs_in(&self, phase: HookType) -> bool {
        self.phases().contains(&phase)
    }

    /// Returns the sync wave.
    pub(super) fn wave(&self) -> i32 {
        hooks::wave(&self.value)
    }

    /// The template of the pod that it runs.
    pub(super) fn pod(&self) -> Option<Template<'_>> {
        Template::of(&self.header, &self.value)
    }

    /// Returns `spec.ttlSecondsAfterFinished`.
    pub(super) fn ttl(&self) -> Option<u64> {
        self.value["spec"]["ttlSecondsAfterFinished"].as_u64()
    }
}
