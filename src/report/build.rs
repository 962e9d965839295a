//! From a plan to the report.

use super::model::{
    App, Copy, Count, Decision, Decisions, Evidence, Job, Location, Moved, Need, Note, Origin, Setting,
};
use crate::{
    error::Problems,
    manifest::{Manifests, ObjectId},
    plan::{JobPlan, Outcome, Plan, Rewrite, rewrite::edits::types_text},
    settings::{JobSettings, Layer, Loaded, Settings, Sourced},
};

/// What an [`App`] is made of.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The Application's name, or the directory.
    pub name: &'a str,
    /// The file that holds the Application.
    pub file: Option<&'a str>,
    /// The settings.
    pub loaded: &'a Loaded,
    /// The renderer and why it was chosen.
    pub renderer: Option<(&'a str, &'a str)>,
    /// What was rendered.
    pub manifests: &'a Manifests,
    /// What is decided.
    pub plan: &'a Plan,
    /// The platform file.
    pub platform_file: Option<&'a str>,
}

impl App {
    /// Returns an app whose plan could not be made.
    pub fn failed(name: &str, file: Option<&str>, problems: &Problems) -> Self {
        Self {
            name: name.to_owned(),
            file: file.map(str::to_owned),
            problems: problems.iter().map(ToString::to_string).collect(),
            ..Self::default()
        }
    }

    /// Returns an app with its plan.
    pub fn new(parts: &Parts<'_>) -> Self {
        let Parts { loaded, manifests, plan, .. } = *parts;
        let decision =
            |value: &str, why: &str| Decision { value: value.into(), why: why.into(), setting: None };
        Self {
            name: parts.name.to_owned(),
            file: parts.file.map(str::to_owned),
            path: loaded.app.path.clone(),
            namespace: loaded.app.namespace.clone(),
            environment: Some(decision(&plan.environment.name, &plan.environment.reason)),
            renderer: parts.renderer.map(|(name, why)| decision(name, why)),
            settings: loaded
                .rows
                .iter()
                .map(|row| Setting {
                    name: row.name.to_owned(),
                    value: row.value.clone(),
                    source: row.source.clone(),
                    file: file_of(&row.layer, parts, None),
                    default: row.is_default,
                })
                .collect(),
            objects: counts(manifests),
            jobs: plan.jobs.iter().map(|job| Job::new(job, parts)).collect(),
            moved: plan
                .moved
                .iter()
                .map(|moved| Moved {
                    object: moved.label.clone(),
                    from: moved.from,
                    to: moved.to.value,
                    why: moved.to.why.clone(),
                })
                .collect(),
            warnings: plan
                .warnings
                .iter()
                .map(|warning| Note {
                    text: warning.text.clone(),
                    location: Some(warning.location.clone()),
                    hint: warning.hint.clone(),
                })
                .collect(),
            problems: Vec::new(),
        }
    }

    /// Returns the Jobs that are migrations.
    pub fn migrations(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(|job| job.migration)
    }
}

impl Job {
    fn new(job: &JobPlan, parts: &Parts<'_>) -> Self {
        let location = parts.manifests.location(job.id);
        let settings = job_settings(job, parts);
        let (left, rewrite) = match &job.outcome {
            Outcome::Left(why) => (Some(why.clone()), None),
            Outcome::Rewritten(rewrite) => {
                (None, Some(Decider { parts, id: job.id }.all(rewrite, &settings)))
            }
        };
        Self {
            kind: job.kind.clone(),
            name: job.label.clone(),
            location: Location { text: location.to_string(), file: location.file, line: location.line },
            migration: job.selection.migration,
            why: job.selection.why(),
            evidence: job
                .selection
                .evidence
                .reasons
                .iter()
                .map(|reason| Evidence { points: reason.points, text: reason.text.clone() })
                .collect(),
            reason: settings.reason,
            left,
            rewrite,
        }
    }
}

/// Makes the decisions for one Job, each with the setting behind it.
struct Decider<'a> {
    parts: &'a Parts<'a>,
    id: ObjectId,
}

impl Decider<'_> {
    fn decision<T>(&self, value: &impl ToString, why: &str, name: &str, setting: &Sourced<T>) -> Decision {
        let setting = Some(Origin {
            name: name.to_owned(),
            layer: setting.layer.to_string(),
            file: file_of(&setting.layer, self.parts, Some(self.id)),
            environment: setting.entry.clone(),
        });
        Decision { value: value.to_string(), why: why.to_owned(), setting }
    }

    fn all(&self, rewrite: &Rewrite, settings: &JobSettings) -> Decisions {
        let Rewrite { strategy, phase, wave, ttl, name, trigger, .. } = rewrite;
        let seconds = ttl.value.map_or_else(|| "keep".to_owned(), |ttl| ttl.to_string());
        Decisions {
            strategy: self.decision(&strategy.value, &strategy.why, "strategy", &settings.strategy),
            phase: phase
                .as_ref()
                .map(|phase| self.decision(&types_text(&phase.value), &phase.why, "phase", &settings.phase)),
            wave: wave.as_ref().map(|wave| Decision {
                value: wave.value.to_string(),
                why: wave.why.clone(),
                setting: None,
            }),
            ttl: self.decision(&seconds, &ttl.why, "ttl", &settings.ttl),
            name: self.decision(&name.value, &name.why, "names", &settings.names),
            trigger: trigger
                .as_ref()
                .map(|trigger| self.decision(&trigger.value, &trigger.why, "trigger", &settings.trigger)),
            needs: rewrite
                .needs
                .iter()
                .map(|(object, why)| Need { object: object.clone(), why: why.clone() })
                .collect(),
            copies: rewrite
                .copies
                .iter()
                .map(|(of, name)| Copy { of: of.clone(), name: name.clone() })
                .collect(),
            guards: rewrite.guards.clone(),
            changed: rewrite.changed,
        }
    }
}

/// Returns what holds for the Job: the app's settings and its annotations. The plan has read them, so they are right.
fn job_settings(job: &JobPlan, parts: &Parts<'_>) -> JobSettings {
    let settings: &Settings = &parts.loaded.settings;
    let annotations =
        parts.manifests.object(job.id).ok().and_then(|object| object["metadata"]["annotations"].as_object());
    let empty = serde_json::Map::new();
    settings.for_job(&job.label, annotations.unwrap_or(&empty)).unwrap_or_else(|_| settings.job.clone())
}

/// Returns the file that holds a layer.
fn file_of(layer: &Layer, parts: &Parts<'_>, job: Option<ObjectId>) -> Option<String> {
    match layer {
        Layer::Platform => parts.platform_file.map(str::to_owned),
        Layer::AppFile => {
            let dir = parts.loaded.app.path.as_deref().filter(|path| *path != ".");
            Some(dir.map_or_else(|| "presync.yaml".to_owned(), |dir| format!("{dir}/presync.yaml")))
        }
        Layer::Env(_) | Layer::Parameter => parts.file.map(str::to_owned),
        Layer::Annotation => parts.manifests.location(job?).file,
        Layer::Jobs(_) => file_of(&Layer::AppFile, parts, job),
        Layer::BuiltIn | Layer::Flag => None,
    }
}

fn counts(manifests: &Manifests) -> Vec<Count> {
    let mut counts: Vec<Count> = Vec::new();
    for header in manifests.index().unwrap_or_default() {
        match counts.iter_mut().find(|count| count.kind == header.kind) {
            Some(count) => count.count += 1,
            None => counts.push(Count { kind: header.kind, count: 1 }),
        }
    }
    counts
}
