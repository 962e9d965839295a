//! Carries out the repair of one Application: reads, writes with preconditions, waits with limits.

use std::{
    cell::{Cell, RefCell},
    fmt::Debug,
    future::Future,
    time::Duration,
};

use k8s_openapi::{api::batch::v1::Job, jiff::Timestamp};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::NamespaceResourceScope,
};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    cluster::{
        REFRESH_ANNOTATION,
        access::{Attempt, Retry, retry},
        application::{AppKey, Application, ObjectKey, Operation, OperationId, Phase, is_marked},
        hook,
        repair::{
            Ending, Outcome, complaints,
            plan::{Around, Options, Plan, Refusal, SyncAfter, is_needy, plan},
            request::{MARK, Request},
        },
        snapshot,
    },
    error::{Problem, Problems, Result},
    exit::Exit,
    settings::duration,
};

/// Writes that may lose against somebody else's before the repair gives up; Argo CD's own API tries as often.
const CONFLICTS: u32 = 10;
/// Refusals in a row that are taken for those of an API server that has just started and not yet loaded its RBAC: the
/// permissions were there when the repair began.
const REFUSALS: u32 = 4;
/// First pause before another try, and between two looks; it doubles up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Time that Argo CD gets to compare after a sync, before what it says is taken as final.
const SETTLE: Duration = Duration::from_secs(10);

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

/// Why a repair stops early.
enum Stop {
    Gone,
    Failed(Problems),
    Forbidden(Problems),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem.into())
    }
}

/// One repair that runs.
struct Run<'a> {
    repairer: &'a Repairer<'a>,
    key: AppKey,
    started: Instant,
    deadline: Instant,
    requests: Cell<usize>,
}

impl Repairer<'_> {
    /// Repairs one Application: reads it anew, decides anew, acts.
    pub async fn repair(&self, key: &AppKey, before: &str) -> Outcome {
        let started = Instant::now();
        let deadline = started + self.timeout;
        let run = Run { repairer: self, key: key.clone(), started, deadline, requests: Cell::new(0) };
        run.repair(before).await
    }

    /// What a repair would do now, or why it would not.
    pub async fn preview(&self, app: &Application) -> Result<Result<Plan, Refusal>> {
        let around = Around {
            hooks: snapshot::running_hooks(&self.client, app, false).await?,
            missing: self.missing(app).await?,
            jobs: self.hook_jobs(app).await?,
        };
        Ok(plan(app, &around, &self.options, Timestamp::now()))
    }

    /// Whether it needs a repair.
    pub async fn is_needy(&self, app: &Application) -> Result<bool> {
        Ok(is_needy(app, &self.missing(app).await?))
    }

    /// The Jobs that are gone; it counts only while no operation runs.
    async fn missing(&self, app: &Application) -> Result<Vec<ObjectKey>, Problem> {
        match app.operation() {
            Operation::None => snapshot::missing_jobs(&self.client, app).await,
            _ => Ok(Vec::new()),
        }
    }

    /// The live hook Jobs of an app, when their finalizers may be touched.
    async fn hook_jobs(&self, app: &Application) -> Result<Vec<Job>, Problem> {
        let mut jobs = Vec::new();
        if !self.options.remove_finalizers || !app.is_local() {
            return Ok(jobs);
        }
        for key in app.hook_jobs() {
            let api = Api::<Job>::namespaced(self.client.clone(), &key.namespace);
            let attempt = Attempt::new("get", "jobs.batch", &key.namespace).name(&key.name);
            jobs.extend(api.get_opt(&key.name).await.map_err(|error| attempt.problem(error))?);
        }
        Ok(jobs)
    }
}

impl Run<'_> {
    async fn repair(&self, before: &str) -> Outcome {
        let mut outcome = Outcome {
            app: self.key.clone(),
            before: before.to_owned(),
            after: before.to_owned(),
            ending: Ending::Gone,
            requests: 0,
            elapsed: Duration::ZERO,
        };
        outcome.ending = match self.carry_out(&mut outcome).await {
            Ok(ending) => ending,
            Err(Stop::Gone) => Ending::Gone,
            Err(Stop::Failed(problems)) => Ending::Failed(problems),
            Err(Stop::Forbidden(problems)) => Ending::Forbidden(problems),
        };
        outcome.requests = self.requests.get();
        outcome.elapsed = self.started.elapsed();
        outcome
    }

    async fn carry_out(&self, outcome: &mut Outcome) -> Result<Ending, Stop> {
        let app = self.read().await?;
        outcome.before = app.state();
        outcome.after = app.state();
        let plan = match self.repairer.preview(&app).await.map_err(Stop::Failed)? {
            Ok(plan) => plan,
            Err(refusal) => return Ok(Ending::Refused(refusal)),
        };
        if let Some(id) = plan.ends {
            self.say("ending its sync");
            let ended = self.end(id).await?;
            outcome.after = ended.state();
        }
        self.say("comparing anew (hard refresh)");
        let mut app = self.refresh().await?;
        if let Some(SyncAfter { prune }) = self.repairer.options.sync {
            self.say("syncing");
            app = self.sync(prune).await?;
        }
        outcome.after = app.state();
        let held = self.release(&app).await?;
        let app = self.settle(app).await?;
        outcome.after = app.state();
        let missing = self.repairer.missing(&app).await?;
        let mut complaints = complaints(&app, &missing);
        complaints.extend(held);
        Ok(if complaints.is_empty() { Ending::Repaired } else { Ending::Left(complaints) })
    }

    /// Ends that operation, and waits until Argo CD says that it is over. The controller can overwrite our phase with
    /// its own once, and somebody can remove `.operation` again: then it is asked again.
    async fn end(&self, id: OperationId) -> Result<Application, Stop> {
        loop {
            self.write(|app| {
                Ok(match app.operation() {
                    Operation::Active(state) if state.id() == id && state.phase != Phase::Terminating => {
                        Some(Request::terminate(app))
                    }
                    Operation::Orphaned(state) if state.id() == id => Some(Request::restore(app, state)),
                    _ => None,
                })
            })
            .await?;
            let mut again = false;
            let app = self
                .wait("its sync did not end", "is the application controller running?", |app| {
                    match app.operation() {
                        Operation::Active(state) if state.id() == id => {
                            again = state.phase != Phase::Terminating;
                            again
                        }
                        Operation::Orphaned(state) if state.id() == id => {
                            again = true;
                            true
                        }
                        _ => true,
                    }
                })
                .await?;
            if !again {
                return Ok(app);
            }
        }
    }

    /// Asks for a hard refresh, and waits until it is done: the annotation is gone, and the comparison is a new one.
    /// A comparison that fails takes the annotation away without a new time, so a while after that it is final too.
    async fn refresh(&self) -> Result<Application, Stop> {
        let before = RefCell::new(None);
        self.write(|app| {
            before.replace(app.status.reconciled_at.clone());
            Ok(Some(Request::refresh(&app.key())))
        })
        .await?;
        let before = before.into_inner();
        let mut gone: Option<Instant> = None;
        self.wait("Argo CD did not compare it", "is the application controller running?", |app| {
            if app.annotations().contains_key(REFRESH_ANNOTATION) {
                gone = None;
                return false;
            }
            let since = *gone.get_or_insert_with(Instant::now);
            app.status.reconciled_at != before || since.elapsed() >= LONGEST_PAUSE
        })
        .await
    }

    /// Syncs, once, and waits for the end of that sync.
    async fn sync(&self, prune: bool) -> Result<Application, Stop> {
        let mark = format!("{:016x}", fastrand::u64(..));
        let ours = |app: &Application| {
            let state = app.status.operation_state.as_ref();
            app.operation.as_ref().is_some_and(|operation| is_marked(operation, MARK, &mark))
                || state.is_some_and(|state| state.is_marked(MARK, &mark))
        };
        self.write(|app| match app.operation() {
            _ if ours(app) => Ok(None),
            Operation::None => Ok(Some(Request::sync(app, prune, &mark))),
            _ => Err(self
                .problem("another sync began before ours could")
                .hint("run `presync repair` again when it is over")
                .into()),
        })
        .await?;
        let app = self
            .wait("its sync did not end", "`presync doctor` says what it waits for", |app| {
                !ours(app) || matches!(app.operation(), Operation::None)
            })
            .await?;
        match &app.status.operation_state {
            Some(state) if ours(&app) && state.phase == Phase::Succeeded => Ok(app),
            Some(state) if ours(&app) => {
                Err(self.problem(format!("its sync ended as {}: {}", state.phase, state.message)).into())
            }
            _ => Err(self.problem("another sync took the place of ours").into()),
        }
    }

    /// Takes Argo CD's finalizer from Jobs that are still held; says which remain.
    async fn release(&self, app: &Application) -> Result<Vec<String>, Stop> {
        if !matches!(app.operation(), Operation::None) {
            return Ok(Vec::new());
        }
        let mut held = Vec::new();
        for live in self.repairer.hook_jobs(app).await? {
            let request = Request::remove_finalizer(&live);
            if !hook::is_leaked(&live, Timestamp::now(), Duration::ZERO) {
                continue;
            }
            self.say(&format!("taking Argo CD's finalizer from Job {}", live.name_any()));
            match self.send::<Job>(&live.namespace().unwrap_or_default(), &live.name_any(), &request).await {
                Ok(_) => {}
                Err(error) if retry(&error) == Retry::Gone => {}
                Err(error) if retry(&error) == Retry::Conflict => {
                    held.push(format!("Job {} changed meanwhile; run again", live.name_any()));
                }
                Err(error) => {
                    let (namespace, name) = (live.namespace().unwrap_or_default(), live.name_any());
                    return Err(Attempt::new("patch", "jobs.batch", &namespace)
                        .name(&name)
                        .problem(error)
                        .into());
                }
            }
        }
        Ok(held)
    }

    /// Waits while Argo CD works on by itself: a sync that it began, an app that becomes healthy, the comparison that
    /// follows a sync. What is so at the end of the time is final.
    async fn settle(&self, app: Application) -> Result<Application, Stop> {
        let until =
            Instant::now() + if self.repairer.options.sync.is_some() { SETTLE } else { Duration::ZERO };
        let mut app = app;
        let mut pause = PAUSE;
        loop {
            let moves = !matches!(app.operation(), Operation::None | Operation::Orphaned(_))
                || app.status.health.status == "Progressing"
                || (Instant::now() < until && !complaints(&app, &[]).is_empty());
            if !moves || Instant::now() + pause >= self.deadline {
                return Ok(app);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            app = self.read().await?;
        }
    }

    /// Reads, asks what to send, sends; on a conflict again from the start. Without anything to send it is done.
    async fn write(
        &self,
        decide: impl Fn(&Application) -> Result<Option<Request>>,
    ) -> Result<Application, Stop> {
        let (mut conflicts, mut refusals) = (0, 0);
        let mut pause = PAUSE;
        loop {
            let app = self.read().await?;
            let Some(request) = decide(&app).map_err(Stop::Failed)? else { return Ok(app) };
            let error = match self.send::<Application>(&self.key.namespace, &self.key.name, &request).await {
                Ok(app) => return Ok(app),
                Err(error) => error,
            };
            match retry(&error) {
                Retry::Conflict => conflicts += 1,
                Retry::Transient => self.say("the API server is not available; trying again"),
                Retry::Gone => return Err(Stop::Gone),
                Retry::Refused if refusals < REFUSALS => refusals += 1,
                Retry::Refused => return Err(Stop::Forbidden(self.attempt("patch").problem(error).into())),
                Retry::No => return Err(self.attempt("patch").problem(error).into()),
            }
            if conflicts == CONFLICTS {
                return Err(self
                    .problem(format!("it changed under each of {CONFLICTS} tries to write"))
                    .hint("something else writes it all the time; find it in metadata.managedFields")
                    .into());
            }
            self.pause(&mut pause, "the API server was not available").await?;
        }
    }

    async fn wait(
        &self,
        late: &str,
        hint: &str,
        mut ready: impl FnMut(&Application) -> bool,
    ) -> Result<Application, Stop> {
        let mut pause = PAUSE;
        loop {
            let app = self.read().await?;
            if ready(&app) {
                return Ok(app);
            }
            if Instant::now() + pause >= self.deadline {
                return Err(self.late(late).hint(hint).into());
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Reads the Application, however long the API server is away.
    async fn read(&self) -> Result<Application, Stop> {
        let mut refusals = 0;
        let mut pause = PAUSE;
        loop {
            let api = Api::<Application>::namespaced(self.repairer.client.clone(), &self.key.namespace);
            let error = match self.timed(api.get(&self.key.name)).await {
                Ok(app) => return Ok(app),
                Err(error) => error,
            };
            match retry(&error) {
                Retry::Gone => return Err(Stop::Gone),
                Retry::Conflict | Retry::Transient => {}
                Retry::Refused if refusals < REFUSALS => refusals += 1,
                Retry::Refused => return Err(Stop::Forbidden(self.attempt("get").problem(error).into())),
                Retry::No => return Err(self.attempt("get").problem(error).into()),
            }
            self.pause(&mut pause, "the API server was not available").await?;
        }
    }

    async fn send<K>(&self, namespace: &str, name: &str, request: &Request) -> Result<K, kube::Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let api = Api::<K>::namespaced(self.repairer.client.clone(), namespace);
        let (params, patch) = (PatchParams::default(), Patch::Merge(&request.body));
        self.timed(api.patch(name, &params, &patch)).await
    }

    /// One request, counted, within the deadline.
    async fn timed<T>(
        &self,
        request: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, kube::Error> {
        self.requests.set(self.requests.get() + 1);
        timeout_at(self.deadline, request)
            .await
            .unwrap_or_else(|_| Err(kube::Error::Service("no answer before the deadline".into())))
    }

    async fn pause(&self, pause: &mut Duration, late: &str) -> Result<(), Stop> {
        let jittered = pause.mul_f64(0.5 + fastrand::f64());
        if Instant::now() + jittered >= self.deadline {
            return Err(self.late(late).into());
        }
        sleep(jittered).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }

    fn say(&self, step: &str) {
        (self.repairer.progress)(&self.key, step);
    }

    fn attempt(&self, verb: &'static str) -> Attempt<'_> {
        Attempt::new(verb, "applications.argoproj.io", &self.key.namespace).name(&self.key.name)
    }

    fn problem(&self, what: impl std::fmt::Display) -> Problem {
        Problem::new(Exit::CLUSTER, format!("{}: {what}", self.key))
    }

    fn late(&self, what: &str) -> Problem {
        let limit = duration::show(self.repairer.timeout);
        self.problem(format!("{what} within {limit}"))
            .hint("what was done is safe to leave; run it again to go on (--timeout)")
    }
}
