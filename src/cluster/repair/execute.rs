//! Carries out the repair of one Application, step by step.

use std::{cell::RefCell, time::Duration};

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::{api::batch::v1::Job, jiff::Timestamp};
use kube::{Api, Client, ResourceExt};
use tokio::time::Instant;

use crate::{
    cluster::{
        REFRESH_ANNOTATION,
        access::{Attempt, Retry, patient, retry},
        application::Application,
        hook,
        key::{AppKey, ObjectKey},
        operation::{Operation, OperationId, Phase, is_marked},
        repair::{
            Ending, Outcome, complaints,
            handle::{Handle, LONGEST_PAUSE, Stop},
            plan::{Around, Options, Plan, Refusal, SyncAfter, is_needy, plan},
            request::{MARK, Request},
        },
        settling::settled,
        snapshot,
    },
    error::{Problem, Result},
};

/// Whom to ask when Argo CD does nothing.
const CONTROLLER: &str = "is the application controller running?";

/// Repairs Applications.
pub struct Repairer<'a> {
    /// The client.
    pub client: Client,
    /// What the user allows.
    pub options: Options,
    /// Time for one Application, all waits included.
    pub timeout: Duration,
    /// Told of every step.
    pub progress: &'a dyn Fn(&AppKey, &str),
}

impl Repairer<'_> {
    /// Repairs one Application: reads it anew, decides anew, acts. `before` is its state as it was listed.
    pub async fn repair(&self, key: &AppKey, before: &str) -> Outcome {
        let handle = Handle::new(self.client.clone(), key.clone(), self.timeout);
        let mut outcome = Outcome {
            app: key.clone(),
            before: before.to_owned(),
            after: before.to_owned(),
            ending: Ending::Gone,
            requests: 0,
            elapsed: Duration::ZERO,
        };
        outcome.ending = match (Run { repairer: self, handle: &handle }).carry_out(&mut outcome).await {
            Ok(ending) => ending,
            Err(Stop::Gone) => Ending::Gone,
            Err(Stop::Failed(problems)) => Ending::Failed(problems),
            Err(Stop::Forbidden(problems)) => Ending::Forbidden(problems),
        };
        outcome.requests = handle.requests();
        outcome.elapsed = handle.elapsed();
        outcome
    }

    /// Returns what a repair would do now, or why it would not.
    pub async fn preview(&self, app: &Application) -> Result<Result<Plan, Refusal>> {
        let around = Around {
            hooks: snapshot::awaited(&self.client, app, false).await?,
            missing: self.missing(app).await?,
            jobs: self.hook_jobs(app).await?,
        };
        Ok(plan(app, &around, &self.options, Timestamp::now()))
    }

    /// Returns those of `apps` that need a repair, judged when Argo CD has compared them.
    pub async fn needy(&self, apps: Vec<Application>, parallel: usize) -> Result<Vec<Application>> {
        let apps = settled(&self.client, apps).await?;
        let judged = stream::iter(apps).map(|app| async move {
            let needy = is_needy(&app, &self.missing(&app).await?);
            Ok::<_, Problem>(needy.then_some(app))
        });
        let needy: Vec<Option<Application>> = judged.buffered(parallel.max(1)).try_collect().await?;
        Ok(needy.into_iter().flatten().collect())
    }

    /// Returns the Jobs that are gone; it counts only while no operation runs.
    async fn missing(&self, app: &Application) -> Result<Vec<ObjectKey>, Problem> {
        match app.operation() {
            Operation::None => snapshot::missing_jobs(&self.client, app).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Returns the live hook Jobs of an app, when their finalizers may be touched.
    async fn hook_jobs(&self, app: &Application) -> Result<Vec<Job>, Problem> {
        let mut jobs = Vec::new();
        if !self.options.remove_finalizers || !app.is_local() {
            return Ok(jobs);
        }
        for key in app.hook_jobs() {
            let api = Api::<Job>::namespaced(self.client.clone(), &key.namespace);
            let live = patient(|| api.get_opt(&key.name)).await;
            let attempt = Attempt::new("get", "jobs.batch", &key.namespace).name(&key.name);
            jobs.extend(live.map_err(|error| attempt.problem(error))?);
        }
        Ok(jobs)
    }
}

/// One repair that runs.
struct Run<'a> {
    repairer: &'a Repairer<'a>,
    handle: &'a Handle,
}

impl Run<'_> {
    async fn carry_out(&self, outcome: &mut Outcome) -> Result<Ending, Stop> {
        let app = self.handle.read().await?;
        outcome.before = app.state();
        outcome.after = app.state();
        let plan = match self.repairer.preview(&app).await? {
            Ok(plan) => plan,
            Err(refusal) => return Ok(Ending::Refused(refusal)),
        };
        if app.metadata.deletion_timestamp.is_some() && plan.ends.is_none() {
            let held = self.release(&app).await?;
            return Ok(if held.is_empty() { Ending::Repaired } else { Ending::Left(held) });
        }
        if let Some(id) = plan.ends {
            self.say("ending its sync");
            let ended = self.end(id).await?;
            outcome.after = ended.state();
            stays(&ended)?;
        }
        self.say("comparing anew (hard refresh)");
        let mut app = self.refresh().await?;
        outcome.after = app.state();
        if let Some(SyncAfter { prune }) = self.repairer.options.sync {
            self.say("syncing");
            app = self.sync(prune).await?;
        }
        let held = self.release(&app).await?;
        let app = self.settle(app).await?;
        outcome.after = app.state();
        let mut complaints = complaints(&app, &self.repairer.missing(&app).await?);
        complaints.extend(held);
        Ok(if complaints.is_empty() { Ending::Repaired } else { Ending::Left(complaints) })
    }

    /// Ends that operation, and waits until Argo CD says that it is over. The controller can overwrite our phase with
    /// its own once, and somebody can remove `.operation` again: then it is asked again.
    async fn end(&self, id: OperationId) -> Result<Application, Stop> {
        loop {
            let asked = self.handle.write(|app| {
                Ok(match app.operation() {
                    Operation::Active(state) if state.id() == id && state.phase != Phase::Terminating => {
                        Some(Request::terminate(app))
                    }
                    Operation::Orphaned(state) if state.id() == id => Some(Request::restore(app, state)),
                    _ => None,
                })
            });
            asked.await?;
            let mut again = false;
            let over = self.handle.wait("its sync did not end", CONTROLLER, |app| match app.operation() {
                Operation::Active(state) if state.id() == id => {
                    again = state.phase != Phase::Terminating;
                    again
                }
                Operation::Orphaned(state) if state.id() == id => {
                    again = true;
                    true
                }
                _ => true,
            });
            let app = over.await?;
            if !again {
                return Ok(app);
            }
        }
    }

    /// Asks for a hard refresh, and waits until it is done: the annotation is gone, and the comparison is a new one.
    /// A comparison that fails takes the annotation away without a new time, so a while after that it is final too.
    async fn refresh(&self) -> Result<Application, Stop> {
        let before = RefCell::new(None);
        let asked = self.handle.write(|app| {
            before.replace(app.status.reconciled_at.clone());
            Ok(Some(Request::refresh(&app.key())))
        });
        asked.await?;
        let before = before.into_inner();
        let mut gone: Option<Instant> = None;
        let done = self.handle.wait("Argo CD did not compare it", CONTROLLER, |app| {
            if app.annotations().contains_key(REFRESH_ANNOTATION) {
                gone = None;
                return false;
            }
            let since = *gone.get_or_insert_with(Instant::now);
            app.status.reconciled_at != before || since.elapsed() >= LONGEST_PAUSE || stays(app).is_err()
        });
        let app = done.await?;
        stays(&app)?;
        Ok(app)
    }

    /// Syncs, once, and waits for the end of that sync.
    async fn sync(&self, prune: bool) -> Result<Application, Stop> {
        let mark = format!("{:016x}", fastrand::u64(..));
        let ours = |app: &Application| {
            let state = app.status.operation_state.as_ref();
            app.operation.as_ref().is_some_and(|operation| is_marked(operation, MARK, &mark))
                || state.is_some_and(|state| state.is_marked(MARK, &mark))
        };
        let asked = self.handle.write(|app| match app.operation() {
            _ if ours(app) => Ok(None),
            Operation::None => Ok(Some(Request::sync(app, prune, &mark))),
            _ => Err(self
                .handle
                .problem("another sync began before ours could")
                .hint("run `presync repair` again when it is over")
                .into()),
        });
        asked.await?;
        let blocked = |app: &Application| {
            let state = app.status.operation_state.as_ref();
            ours(app) && state.is_some_and(|state| state.message.contains("sync window"))
        };
        let over =
            self.handle.wait("its sync did not end", "`presync doctor` says what it waits for", |app| {
                !ours(app) || matches!(app.operation(), Operation::None) || blocked(app)
            });
        let app = over.await?;
        if blocked(&app) && !matches!(app.operation(), Operation::None) {
            let project = &app.spec.project;
            let problem = format!(
                "a sync window of project {project} blocks its sync, which starts when that allows it"
            );
            return Err(self
                .handle
                .problem(problem)
                .hint("a window is not overridden by this command: see `spec.syncWindows` of the project")
                .into());
        }
        match &app.status.operation_state {
            Some(state) if ours(&app) && state.phase == Phase::Succeeded => Ok(app),
            Some(state) if ours(&app) => Err(self
                .handle
                .problem(format!("its sync ended as {}: {}", state.phase, state.message))
                .into()),
            _ => Err(self.handle.problem("another sync took the place of ours").into()),
        }
    }

    /// Takes Argo CD's finalizer from Jobs that are still held; says which remain.
    async fn release(&self, app: &Application) -> Result<Vec<String>, Stop> {
        let mut held = Vec::new();
        if !matches!(app.operation(), Operation::None) {
            return Ok(held);
        }
        for live in self.repairer.hook_jobs(app).await? {
            if !hook::is_leaked(&live, Timestamp::now(), Duration::ZERO) {
                continue;
            }
            let (namespace, name) = (live.namespace().unwrap_or_default(), live.name_any());
            self.say(&format!("taking Argo CD's finalizer from Job {name}"));
            let sent = self.handle.send::<Job>(&namespace, &name, &Request::remove_finalizer(&live)).await;
            let Err(error) = sent else { continue };
            match retry(&error) {
                Retry::Gone => {}
                Retry::Conflict => held.push(format!("Job {namespace}/{name} changed meanwhile; run again")),
                _ => {
                    return Err(Attempt::new("patch", "jobs.batch", &namespace)
                        .name(&name)
                        .problem(error)
                        .into());
                }
            }
        }
        Ok(held)
    }

    /// Waits while Argo CD works on by itself: a sync that it began, the comparison that follows, an app that becomes
    /// healthy. What is so at the end of the time is final.
    async fn settle(&self, app: Application) -> Result<Application, Stop> {
        let moves =
            |app: &Application| !self.handle.is_settled() || app.status.health.status == "Progressing";
        self.handle.settle(app, moves).await
    }

    fn say(&self, step: &str) {
        (self.repairer.progress)(&self.handle.key, step);
    }
}

/// Nobody has asked for its deletion.
fn stays(app: &Application) -> Result<(), Stop> {
    if app.metadata.deletion_timestamp.is_some() { Err(Stop::Gone) } else { Ok(()) }
}
