//! From rendered manifests and settings to the plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    argocd,
    error::{Problem, Problems},
    exit::Exit,
    manifest::{Manifests, ObjectId, Step},
    plan::{
        JobPlan, Moved, Outcome, Plan, Rendering, Rewrite, Warning,
        app::{hooks, index::Index, job::Job, jobs::jobs_of},
        left,
        migration::{self, Selection},
        needs::{self, Found, Shared},
        placement::{self, Candidate, Placements},
        pod::Pods,
        rewrite::{
            again::Again,
            edits,
            name::{self, JobNames},
            writer::{self, Writer},
        },
    },
    settings::{JobProblem, JobSettings, Settings, Strategy},
};

/// Decides the strategy, the place and the edits of every Job of the app.
///
/// # Errors
/// All problems of the manifests, of the annotations on Jobs, and of decisions that contradict each other or the app.
pub fn plan(
    manifests: &Manifests,
    rendering: Rendering<'_>,
    settings: &Settings,
    app: &argocd::App,
) -> Result<Plan, Problems> {
    let objects = jobs_of(manifests, settings.workflows)?;
    let mut plan = Plan {
        environment: settings.environment.clone(),
        jobs: Vec::new(),
        moved: Vec::new(),
        warnings: Vec::new(),
        doubtful_names: Vec::new(),
        additions: Vec::new(),
        edits: BTreeMap::new(),
    };
    plan.warnings = left::job_sets(manifests)?;
    if objects.is_empty() {
        return Ok(plan);
    }
    let index = Index::new(manifests, app.namespace.as_deref())?.with_kinds(&settings.kinds);
    let jobs: Vec<Job<'_>> =
        objects.iter().map(|(id, object)| Job { id: *id, object: object.as_ref() }).collect();
    index.look_for(&jobs.iter().map(Job::name).filter(|name| !name.is_empty()).collect::<Vec<_>>());
    let pods = Pods::new(&index);
    let judged = judge(&jobs, settings, &pods)?;
    let candidates = candidates(&judged, &pods)?;
    let placements = placement::place(&candidates, &index)?;

    let again = Again::new(&jobs, rendering.again, settings.workflows)?;
    let with_settings: Vec<_> = judged.iter().map(|judged| (judged.job, &judged.settings)).collect();
    let names = JobNames::of(&with_settings, settings, rendering.affixes, app, &index, &again);
    let mut problems = Problems::default();
    let mut rewrites: BTreeMap<ObjectId, Rewrite> = BTreeMap::new();
    for (candidate, placement) in candidates.iter().zip(&placements.jobs) {
        let writer = Writer { settings, names: &names, again: &again, index: &index };
        let rewrite = writer.rewrite(candidate, placement, &mut plan);
        rewrites.extend(problems.collect(rewrite).map(|rewrite| (candidate.job.id, rewrite)));
    }
    plan.warnings.extend(name::warning(&plan.doubtful_names, &index));
    plan.place(placements, &index)?;
    for judged in judged {
        let rewrite = rewrites.remove(&judged.job.id);
        // The problem of a Job that is to be placed and is not rewritten is among `problems`.
        if let Some(outcome) = plan.outcome(&judged, rewrite, settings, manifests) {
            let Judged { job, selection, .. } = judged;
            let (kind, label) = (job.kind().to_owned(), job.label());
            plan.jobs.push(JobPlan { id: job.id, kind, label, selection, outcome });
        }
    }
    // Only a whole plan can be checked: a Job with a problem is not in it.
    let mut plan = problems.or(plan)?;
    plan.jobs.sort_by_key(|job| job.id);
    collisions(&jobs, &plan, &index).or(plan)
}

impl Plan {
    /// Adds what moves for the migrations.
    fn place(&mut self, placements: Placements, index: &Index<'_>) -> Result<(), Problems> {
        for (id, moved) in placements.moved {
            let from = hooks::wave(index.object(id)?);
            let on_object = self.edits.entry(id).or_default();
            // Argo CD's annotation wins over Helm's: argo-cd `hook/hook.go`.
            on_object.extend(moved.phase.map(|phase| edits::annotate(hooks::ARGO_HOOK, &phase.to_string())));
            on_object.push(edits::annotate(hooks::SYNC_WAVE, &moved.wave.value.to_string()));
            self.moved.push(Moved { label: index.label(id), from, to: moved.wave });
        }
        let warnings = placements.warnings.into_iter();
        self.warnings.extend(warnings.map(|(id, text)| Warning {
            text,
            location: index.location(id).to_string(),
            hint: None,
        }));
        Ok(())
    }

    /// Returns what becomes of a Job, with its edits and warnings added; `rewrite` is that of a Job that was placed.
    fn outcome(
        &mut self,
        judged: &Judged<'_>,
        rewrite: Option<Rewrite>,
        settings: &Settings,
        manifests: &Manifests,
    ) -> Option<Outcome> {
        let job = &judged.job;
        match &judged.action {
            Action::Leave(why) => {
                let migration = judged.selection.migration;
                self.warnings.extend(left::warnings(job, migration, settings, manifests));
                let mut why = why.clone();
                if let Some(raised) = left::raise(job, settings) {
                    self.edits.entry(job.id).or_default().extend(writer::written(job, vec![raised]));
                    why.push_str("; its TTL is raised to the minimum of the platform");
                }
                Some(Outcome::Left(why))
            }
            Action::Extend => {
                let rewrite = writer::extend(job, &judged.settings, settings, self);
                Some(Outcome::Rewritten(Box::new(rewrite)))
            }
            Action::Place => rewrite.map(|rewrite| Outcome::Rewritten(Box::new(rewrite))),
        }
    }
}

/// A Job, its settings, and what is to happen to it.
struct Judged<'a> {
    job: Job<'a>,
    settings: JobSettings,
    selection: Selection,
    action: Action,
}

/// What the strategy does to a Job.
enum Action {
    /// Nothing, for this reason.
    Leave(String),
    /// A longer TTL.
    Extend,
    /// Another place, as a hook or a plain Job.
    Place,
}

/// Returns settings, selection and strategy of every Job; the error holds all problems of their annotations.
fn judge<'a>(
    jobs: &[Job<'a>],
    settings: &Settings,
    pods: &Pods<'_, 'a>,
) -> Result<Vec<Judged<'a>>, Problems> {
    let mut problems = Problems::default();
    let mut judged = Vec::with_capacity(jobs.len());
    for job in jobs {
        let empty = serde_json::Map::new();
        match settings.for_job(&job.label(), job.annotations().unwrap_or(&empty)) {
            Err(found) => {
                for JobProblem { annotation, problem } in found {
                    let key = annotation.map(Step::from);
                    let path: Vec<_> = key
                        .into_iter()
                        .flat_map(|key| ["metadata".into(), "annotations".into(), key])
                        .collect();
                    problems.push(problem.at(pods.app().location_of(job.id, &path)));
                }
            }
            Ok(own) => {
                let selection = migration::select(job, &pods.of_job(job), &settings.selectors, own.migration);
                let action = action(&own, &selection);
                judged.push(Judged { job: *job, settings: own, selection, action });
            }
        }
    }
    problems.or(judged)
}

fn action(settings: &JobSettings, selection: &Selection) -> Action {
    if !selection.migration {
        return Action::Leave(selection.why());
    }
    match settings.strategy.value {
        Strategy::Off => {
            let source = settings.strategy.source();
            Action::Leave(match &settings.reason {
                Some(reason) => format!("strategy `off`, from the {source}: {reason}"),
                None => format!("strategy `off`, from the {source}"),
            })
        }
        Strategy::Extend => Action::Extend,
        Strategy::Hook | Strategy::Once => Action::Place,
    }
}

fn candidates<'j, 'a>(judged: &'j [Judged<'a>], pods: &Pods<'_, 'a>) -> Result<Vec<Candidate<'j>>, Problems> {
    let placed = judged.iter().filter(|judged| matches!(judged.action, Action::Place));
    let shared = Shared::default();
    placed
        .map(|judged| {
            let Found { needs, awaits, missing, waiters } = needs::of(&judged.job, &shared, pods)?;
            Ok(Candidate {
                job: judged.job,
                settings: &judged.settings,
                after_workloads: migration::runs_after_workloads(&judged.job, &pods.of_job(&judged.job)),
                needs,
                awaits,
                missing,
                waiters,
            })
        })
        .collect()
}

/// Returns a problem for each two Jobs of one name: Argo CD would apply only the last.
fn collisions(jobs: &[Job<'_>], plan: &Plan, index: &Index<'_>) -> Problems {
    let mut problems = Problems::default();
    let mut seen = BTreeSet::new();
    for (job, planned) in jobs.iter().zip(&plan.jobs) {
        let name = match &planned.outcome {
            Outcome::Rewritten(rewrite) => rewrite.name.value.as_str(),
            Outcome::Left(_) => job.name(),
        };
        if !name.is_empty() && !seen.insert((job.namespace(), name.to_owned())) {
            problems.push(
                Problem::new(Exit::PLAN, format!("two Jobs of the app are called `{name}`"))
                    .at(index.location(job.id))
                    .hint("Argo CD would apply only the last of them: rename one"),
            );
        }
    }
    problems
}
