//! Which Jobs are migrations: by evidence, unless the author or a selector decides.

mod app_commands;
mod counter_evidence;
mod environment;
mod evidence;
mod post_sync;
mod schema;
pub(crate) mod tools;
pub(crate) mod words;

use std::collections::BTreeMap;

use crate::{
    plan::{
        app::{
            hooks::{self, HookType, Role},
            job::Job,
        },
        pod::Pod,
    },
    settings::model::Selectors,
};

pub(crate) use self::evidence::Evidence;
pub(crate) use self::evidence::THRESHOLD;
pub(crate) use self::post_sync::runs_after_workloads;

/// Whether a Job is a migration, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// It is.
    pub migration: bool,
    /// What decided.
    pub by: SelectedBy,
    /// What was found, whatever decided.
    pub evidence: Evidence,
}

/// What decided, in the order in which it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectedBy {
    /// It can be no migration hook, whatever anyone says; why.
    Never(String),
    /// The annotation `argocd-presync-plugin/migration`.
    Annotation,
    /// A selector that excludes; which.
    Exclusion(String),
    /// A selector that includes; which.
    Selector(String),
    /// The evidence's score.
    Evidence,
}

impl Selection {
    /// Returns what decided, in words.
    pub(crate) fn why(&self) -> String {
        match &self.by {
            SelectedBy::Never(why) => why.clone(),
            SelectedBy::Annotation => "the setting `migration` of this Job says so".to_owned(),
            SelectedBy::Exclusion(which) => format!("excluded by {which}"),
            SelectedBy::Selector(which) => format!("selected by {which}"),
            SelectedBy::Evidence => {
                let compared = if self.migration { "reaches" } else { "is below" };
                format!("evidence of {} {compared} the threshold of {THRESHOLD}", self.evidence.score)
            }
        }
    }
}

/// Decides whether the Job, whose pod this is, is a migration.
pub(crate) fn select(
    job: &Job<'_>,
    pod: &Pod<'_>,
    selectors: &Selectors,
    annotation: Option<bool>,
) -> Selection {
    let evidence = evidence::gather(job, pod);
    let (migration, by) = if let Some(why) = never(job) {
        (false, SelectedBy::Never(why))
    } else if let Some(says) = annotation {
        (says, SelectedBy::Annotation)
    } else if let Some(which) = excluded(job, selectors) {
        (false, SelectedBy::Exclusion(which))
    } else if let Some(which) = included(job, selectors) {
        (true, SelectedBy::Selector(which))
    } else {
        (evidence.suffices(), SelectedBy::Evidence)
    };
    Selection { migration, by, evidence }
}

/// Returns why the Job can never become a migration hook.
fn never(job: &Job<'_>) -> Option<String> {
    let reason = match hooks::role(job.object).0 {
        Role::Resource => return None,
        Role::Hook(types) => {
            if types
                .iter()
                .any(|kind| matches!(kind, HookType::PreSync | HookType::Sync | HookType::PostSync))
            {
                return None;
            }
            if types.contains(&HookType::SyncFail) {
                "a hook for failed syncs only"
            } else {
                "a hook for the app's deletion only"
            }
        }
        Role::Ignored => ignored(job),
    };
    Some(reason.to_owned())
}

/// Returns what the annotations are that make Argo CD ignore the Job.
fn ignored(job: &Job<'_>) -> &'static str {
    let helm = hooks::entries(job.object, hooks::HELM_HOOK);
    if hooks::entries(job.object, hooks::ARGO_HOOK).contains(&"Skip") {
        "`hook: Skip`: Argo CD never applies it"
    } else if helm.iter().any(|entry| entry.starts_with("test")) {
        "a Helm test: Argo CD never applies it"
    } else if helm.iter().any(|entry| entry.ends_with("rollback")) {
        "a Helm hook for rollbacks only: Argo CD never applies it"
    } else {
        "its hook annotation names no hook that Argo CD knows: Argo CD never applies it"
    }
}

fn excluded(job: &Job<'_>, selectors: &Selectors) -> Option<String> {
    let at = *selectors.exclude.matches(name(job)).first()?;
    Some(format!("glob {} of `migrations.exclude`", at + 1))
}

fn included(job: &Job<'_>, selectors: &Selectors) -> Option<String> {
    if let Some(at) = selectors.names.matches(name(job)).first() {
        return Some(format!("glob {} of `migrations.names`", at + 1));
    }
    let labels: BTreeMap<String, String> = job
        .labels()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    let at = selectors.labels.iter().position(|selector| selector.matches(&labels))?;
    Some(format!("selector {} of `migrations.selector`", at + 1))
}

/// Returns the name, or the prefix of a generated one.
fn name<'a>(job: &Job<'a>) -> &'a str {
    match job.name() {
        "" => job.generate_name().unwrap_or_default(),
        name => name,
    }
}

#[cfg(test)]
mod tests;
