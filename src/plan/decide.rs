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
        placement::{self, Candidate},
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
    let view = Index::new(manifests, app.namespace.as_deref())?.with_kinds(&settings.kinds);
    let jobs: Vec<Job<'_>> =
        objects.iter().map(|(id, object)| Job { id: *id, object: object.as_ref() }).collect();
    view.look_for(&jobs.iter().map(Job::name).filter(|name| !name.is_empty()).collect::<Vec<_>>());
    let pods = Pods::new(&view);
    let judged = judge(&jobs, settings, &pods)?;
    let candidates = candidates(&judged, &pods)?;
    let placements = placement::place(&candidates, &view)?;

    let again = Again::new(&jobs, rendering.again, settings.workflows)?;
    let with_settings: Vec<_> = judged.iter().map(|judged| (judged.job, &judged.settings)).collect();
    let names = JobNames::of(&with_settings, settings, rendering.affixes, app, &view, &again);
    let mut problems = Problems::default();
    let mut rewrites: BTreeMap<ObjectId, Rewrite> = BTreeMap::new();
    for (candidate, placement) in candidates.iter().zip(&placements.jobs) {
        let writer = Writer { settings, names: &names, again: &again, view: &view };
        let rewrite = writer.rewrite(candidate, placement, &mut plan);
        rewrites.extend(problems.collect(rewrite).map(|rewrite| (candidate.job.id, rewrite)));
    }
    plan.warnings.extend(name::warning(&plan.doubtful_names, &view));
    for (id, moved) in placements.moved {
        let from = hooks::wave(view.object(id)?);
        let on_object = plan.edits.entry(id).or_default();
        // Argo CD's annotation wins over Helm's: argo-cd `hook/hook.go`.
        on_object.extend(moved.phase.map(|phase| edits::annotate(hooks::ARGO_HOOK, &phase.to_string())));
        on_object.push(edits::annotate(hooks::SYNC_WAVE, &moved.wave.value.to_string()));
        plan.moved.push(Moved { label: view.label(id), from, to: moved.wave });
    }
    for (id, text) in placements.warnings {
        plan.warnings.push(Warning { text, location: view.location(id).to_string(), hint: None });
    }
    for judged in judged {
        let outcome = match &judged.fate {
            Fate::Left(why) => {
                let migration = judged.selection.migration;
                plan.warnings.extend(left::warnings(&judged.job, migration, settings, manifests));
                let mut why = why.clone();
                if let Some(raised) = left::raise(&judged.job, settings) {
                    plan.edits
                        .entry(judged.job.id)
                        .or_default()
                        .extend(writer::written(&judged.job, vec![raised]));
                    why.push_str("; its TTL is raised to the minimum of the platform");
                }
                Outcome::Left(why)
            }
            Fate::Extend => {
                let rewrite = writer::extend(&judged.job, &judged.settings, settings, &mut plan);
                Outcome::Rewritten(Box::new(rewrite))
            }
            Fate::Place => match rewrites.remove(&judged.job.id) {
                Some(rewrite) => Outcome::Rewritten(Box::new(rewrite)),
                None => continue, // its problem is among `problems`
            },
        };
        let Judged { job, selection, .. } = judged;
        let (kind, label) = (job.kind().to_owned(), job.label());
        plan.jobs.push(JobPlan { id: job.id, kind, label, selection, outcome });
    }
    // Only a whole plan can be checked: a Job with a problem is not in it.
    let mut plan = problems.or(plan)?;
    plan.jobs.sort_by_key(|job| job.id);
    collisions(&jobs, &plan, &view).or(plan)
}

/// A Job, its settings, and what is to happen to it.
struct Judged<'a> {
    job: Job<'a>,
    settings: JobSettings,
    selection: Selection,
    fate: Fate,
}

enum Fate {
    Left(String),
    Extend,
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
                let fate = fate(&own, &selection);
                judged.push(Judged { job: *job, settings: own, selection, fate });
            }
        }
    }
    problems.or(judged)
}

fn fate(settings: &JobSettings, selection: &Selection) -> Fate {
    if !selection.migration {
        return Fate::Left(selection.why());
    }
    match settings.strategy.value {
        Strategy::Off => {
            let source = settings.strategy.source();
            Fate::Left(match &settings.reason {
                Some(reason) => format!("strategy `off`, from the {source}: {reason}"),
                None => format!("strategy `off`, from the {source}"),
            })
        }
        Strategy::Extend => Fate::Extend,
        Strategy::Hook | Strategy::Once => Fate::Place,
    }
}

fn candidates<'j, 'a>(judged: &'j [Judged<'a>], pods: &Pods<'_, 'a>) -> Result<Vec<Candidate<'j>>, Problems> {
    let placed = judged.iter().filter(|judged| matches!(judged.fate, Fate::Place));
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
fn collisions(jobs: &[Job<'_>], plan: &Plan, view: &Index<'_>) -> Problems {
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
                    .at(view.location(job.id))
                    .hint("Argo CD would apply only the last of them: rename one"),
            );
        }
    }
    problems
}
