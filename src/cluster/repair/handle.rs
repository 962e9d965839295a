//! One Application, read and written through an API server that may be busy, restarting, or used by others too.

use std::{
    cell::Cell,
    fmt::{Debug, Display},
    future::Future,
    time::Duration,
};

use k8s_openapi::jiff::Timestamp;
use kube::{
    Api, Client, Resource,
    api::{Patch, PatchParams},
    core::NamespaceResourceScope,
};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    cluster::{
        access::{Attempt, Retry, retry},
        application::Application,
        key::AppKey,
        repair::request::Request,
        settling::{self, Moment, Settling},
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
/// First pause before another try, and between two looks; it doubles up to the longest.
const PAUSE: Duration = Duration::from_millis(250);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Why a repair stops early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The Application is gone, or about to be.
    Gone,
    /// It cannot be done.
    Failed(Problems),
    /// The cluster refuses, for this one and others like it.
    Forbidden(Problems),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem.into())
    }
}

impl From<Problems> for Stop {
    fn from(problems: Problems) -> Self {
        Self::Failed(problems)
    }
}

/// One Application, for a limited time.
pub(super) struct Handle {
    client: Client,
    /// Which one.
    pub(super) key: AppKey,
    limit: Duration,
    began: Timestamp,
    started: Instant,
    requests: Cell<usize>,
    settling: Cell<Settling>,
    settled: Cell<bool>,
}

impl Handle {
    pub(super) fn new(client: Client, key: AppKey, limit: Duration) -> Self {
        Self {
            client,
            key,
            limit,
            began: Timestamp::now(),
            started: Instant::now(),
            requests: Cell::new(0),
            settling: Cell::default(),
            settled: Cell::default(),
        }
    }

    /// Requests made so far.
    pub(super) fn requests(&self) -> usize {
        self.requests.get()
    }

    /// Time since the start.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether the Application as last read tells the present.
    pub(super) fn is_settled(&self) -> bool {
        self.settled.get()
    }

    fn deadline(&self) -> Instant {
        self.started + self.limit
    }

    /// Reads the Application, however long the API server is away.
    pub(super) async fn read(&self) -> Result<Application, Stop> {
        let api = Api::<Application>::namespaced(self.client.clone(), &self.key.namespace);
        let (mut refusals, mut pause) = (0, PAUSE);
        loop {
            let error = match self.timed(api.get(&self.key.name)).await {
                Ok(app) => {
                    self.look(&app);
                    return Ok(app);
                }
                Err(error) => error,
            };
            self.judge("get", error, &mut refusals)?;
            self.pause(&mut pause).await?;
        }
    }

    /// Every look counts, so that the end of an operation is seen by our own clock.
    fn look(&self, app: &Application) {
        let mut settling = self.settling.get();
        let now = settling::after(self.began, self.elapsed());
        self.settled.set(settling.is_settled(&Moment::of(app), now));
        self.settling.set(settling);
    }

    /// Reads, asks what to send, sends; on a conflict again from the start. Without anything to send it is done.
    pub(super) async fn write(
        &self,
        decide: impl Fn(&Application) -> Result<Option<Request>>,
    ) -> Result<Application, Stop> {
        let (mut conflicts, mut refusals, mut pause) = (0, 0, PAUSE);
        loop {
            let app = self.read().await?;
            let Some(request) = decide(&app)? else { return Ok(app) };
            let error = match self.send::<Application>(&self.key.namespace, &self.key.name, &request).await {
                Ok(app) => return Ok(app),
                Err(error) => error,
            };
            if self.judge("patch", error, &mut refusals)? == Retry::Conflict {
                conflicts += 1;
            }
            if conflicts == CONFLICTS {
                return Err(self
                    .problem(format!("it changed under each of {CONFLICTS} tries to write"))
                    .hint("something else writes it all the time; find it in metadata.managedFields")
                    .into());
            }
            self.pause(&mut pause).await?;
        }
    }

    /// Looks until it is as wanted.
    pub(super) async fn wait(
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
            if !self.rest(&mut pause).await {
                return Err(self.late(late).hint(hint).into());
            }
        }
    }

    /// Looks until it no longer moves, or the time is over, and gives what it was last.
    pub(super) async fn settle(
        &self,
        mut app: Application,
        moves: impl Fn(&Application) -> bool,
    ) -> Result<Application, Stop> {
        let mut pause = PAUSE;
        while moves(&app) && self.rest(&mut pause).await {
            app = self.read().await?;
        }
        Ok(app)
    }

    /// One patch.
    pub(super) async fn send<K>(
        &self,
        namespace: &str,
        name: &str,
        request: &Request,
    ) -> Result<K, kube::Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let api = Api::<K>::namespaced(self.client.clone(), namespace);
        self.timed(api.patch(name, &PatchParams::default(), &Patch::Merge(&request.body))).await
    }

    /// Returns a problem with this Application.
    pub(super) fn problem(&self, what: impl Display) -> Problem {
        Problem::new(Exit::CLUSTER, format!("{}: {what}", self.key))
    }

    /// One request, counted, within the time.
    async fn timed<T>(
        &self,
        request: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, kube::Error> {
        self.requests.set(self.requests.get() + 1);
        let answer = timeout_at(self.deadline(), request).await;
        answer.unwrap_or_else(|_| Err(kube::Error::Service("no answer in time".into())))
    }

    /// Whether an error is worth another try.
    fn judge(&self, verb: &'static str, error: kube::Error, refusals: &mut u32) -> Result<Retry, Stop> {
        let problem = |error| {
            Attempt::new(verb, "applications.argoproj.io", &self.key.namespace)
                .name(&self.key.name)
                .problem(error)
        };
        match retry(&error) {
            Retry::Gone => Err(Stop::Gone),
            Retry::No => Err(problem(error).into()),
            Retry::Refused if *refusals == REFUSALS => Err(Stop::Forbidden(problem(error).into())),
            again => {
                *refusals += u32::from(again == Retry::Refused);
                Ok(again)
            }
        }
    }

    /// Pauses before another try.
    async fn pause(&self, pause: &mut Duration) -> Result<(), Stop> {
        // Those that lost against each other must not meet again.
        let mut jittered = pause.mul_f64(0.5 + fastrand::f64());
        if !self.rest(&mut jittered).await {
            return Err(self.late("the API server was not available").into());
        }
        *pause = longer(*pause);
        Ok(())
    }

    /// Rests, unless the time would be over then.
    async fn rest(&self, pause: &mut Duration) -> bool {
        if Instant::now() + *pause >= self.deadline() {
            return false;
        }
        sleep(*pause).await;
        *pause = longer(*pause);
        true
    }

    fn late(&self, what: &str) -> Problem {
        self.problem(format!("{what} within {}", duration::show(self.limit)))
            .hint("what was done is safe to leave; run it again to go on (--timeout)")
    }
}

fn longer(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST_PAUSE)
}
