//! Watches Jobs and Applications, for as long as it runs: metrics, Events and logs.

pub mod events;
pub mod facts;
pub mod metrics;
pub mod migrations;
pub mod server;
pub mod state;

use std::{
    fmt::Debug,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use futures::{Stream, StreamExt, pin_mut};
use k8s_openapi::{api::batch::v1::Job, jiff::Timestamp};
use kube::{
    Api,
    runtime::{
        WatchStreamExt,
        watcher::{self, Config, Event, watcher},
    },
};
use tokio::{
    net::TcpListener,
    sync::mpsc::{Sender, channel},
    time::interval,
};
use tracing::{info, warn};

use crate::{
    cluster::{
        access::{Access, Attempt, Retry, retry},
        application::Application,
        selection::Selection,
        snapshot,
        watch::{
            facts::{AppFacts, Change, JobFacts},
            metrics::Watched,
            state::{Notice, State},
        },
    },
    error::{Problem, Result},
};

/// Notices that may wait for the API server; more are dropped and counted.
const QUEUE: usize = 256;
/// How often it is looked whether a hook became stuck.
const TICK: Duration = Duration::from_secs(15);
/// A refusal that lasts longer is meant. An API server that has just started refuses what it has not yet loaded.
const REFUSED: Duration = Duration::from_mins(1);

/// How to watch.
#[derive(Debug, Clone)]
pub struct Options {
    /// Argo CD's namespace.
    pub namespace: String,
    /// The Applications that are watched.
    pub selection: Selection,
    /// A sync that waits for a hook for longer is stuck.
    pub older_than: Duration,
    /// Write Events.
    pub events: bool,
}

/// Returns what it may not go without, by the RBAC that [`Options`] need.
pub fn permissions(options: &Options) -> Vec<Attempt<'_>> {
    let own = options.namespace.as_str();
    let apps = options.selection.namespace.as_str();
    let mut attempts = vec![
        Attempt::new("get", "configmaps", own).name("argocd-cm"),
        Attempt::new("list", "statefulsets.apps", own),
        Attempt::new("list", "deployments.apps", own),
        Attempt::new("list", "applications.argoproj.io", apps),
        Attempt::new("watch", "applications.argoproj.io", apps),
        Attempt::new("list", "jobs.batch", ""),
        Attempt::new("watch", "jobs.batch", ""),
    ];
    if options.events {
        attempts.push(Attempt::new("create", "events.events.k8s.io", apps));
        attempts.push(Attempt::new("patch", "events.events.k8s.io", apps));
    }
    attempts
}

/// Watches until the process is told to end, or the cluster refuses.
pub async fn run(access: &Access, listener: TcpListener, options: &Options) -> Result<()> {
    access.check(&permissions(options)).await?;
    let client = &access.client;
    let tracking = snapshot::instance(client, &options.namespace).await?.tracking;
    let watched = Arc::new(Watched::new(State::new(options.older_than)));
    let (send, receive) = channel(QUEUE);
    let sink = Sink { watched: &watched, notices: options.events.then_some(send) };
    info!(namespace = options.namespace, "watching Jobs and Applications");
    let all = Config::default();
    let jobs = follow(Api::<Job>::all(client.clone()), all, "jobs.batch", &sink, |event| {
        let change = Change::of(event, |job| JobFacts::new(&job, &tracking));
        watched.with(|state| state.job(change, Timestamp::now()))
    });
    let selected = Config::default().labels(&options.selection.labels);
    let apps = options.selection.api(client);
    let apps = follow(apps, selected, "applications.argoproj.io", &sink, |event| {
        let Some(event) = selected_by(&options.selection, event) else { return Vec::new() };
        let change = Change::of(event, |app| AppFacts::new(&app));
        watched.with(|state| state.app(change, Timestamp::now()))
    });
    tokio::select! {
        refused = jobs => Err(refused.into()),
        refused = apps => Err(refused.into()),
        never = tick(&watched, &sink) => match never {},
        never = server::serve(listener, Arc::clone(&watched)) => match never {},
        () = events::publish(client.clone(), receive, Arc::clone(&watched)), if options.events => Ok(()),
        () = ended() => {
            info!("ending");
            Ok(())
        }
    }
}

/// Returns the event, unless it is about an Application that is not selected. One that is moved out of the selection is
/// gone.
fn selected_by(selection: &Selection, event: Event<Application>) -> Option<Event<Application>> {
    match event {
        Event::Apply(app) if !selection.holds(&app) => Some(Event::Delete(app)),
        Event::InitApply(app) if !selection.holds(&app) => None,
        event => Some(event),
    }
}

/// Where notices go.
struct Sink<'a> {
    watched: &'a Watched,
    notices: Option<Sender<Notice>>,
}

impl Sink<'_> {
    fn take(&self, notices: Vec<Notice>) {
        for notice in notices {
            info!(application = %notice.app, object = %notice.object, reason = ?notice.reason, "{}", notice.text);
            if self.notices.as_ref().is_some_and(|queue| queue.try_send(notice).is_err()) {
                self.watched.lost_events.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Follows one kind of object. The watch recovers from everything; a refusal that lasts is given back.
async fn follow<K>(
    api: Api<K>,
    config: Config,
    resource: &str,
    sink: &Sink<'_>,
    mut change: impl FnMut(Event<K>) -> Vec<Notice>,
) -> Problem
where
    K: kube::Resource<DynamicType = ()> + Clone + Debug + serde::de::DeserializeOwned + Send + 'static,
{
    let namespace = api.namespace().unwrap_or_default().to_owned();
    let stream = watcher(api, config).default_backoff();
    pin_mut!(stream);
    let mut refused_since: Option<Instant> = None;
    loop {
        match next(stream.as_mut()).await {
            Ok(event) => {
                refused_since = None;
                sink.take(change(event));
            }
            Err(fault) => {
                sink.watched.watch_errors.fetch_add(1, Ordering::Relaxed);
                warn!(resource, error = %fault, "the watch broke, and goes on");
                match refusal(fault) {
                    Some((verb, refused))
                        if refused_since.get_or_insert_with(Instant::now).elapsed() > REFUSED =>
                    {
                        return Attempt::new(verb, resource, &namespace).problem(refused);
                    }
                    _ => {}
                }
            }
        }
    }
}

async fn next<K>(
    mut stream: std::pin::Pin<&mut impl Stream<Item = watcher::Result<Event<K>>>>,
) -> watcher::Result<Event<K>> {
    match stream.next().await {
        Some(item) => item,
        // A watch has no end.
        None => std::future::pending().await,
    }
}

/// Returns the error of the API when it is a refusal, with the verb that was refused.
fn refusal(fault: watcher::Error) -> Option<(&'static str, kube::Error)> {
    match fault {
        watcher::Error::InitialListFailed(error) if retry(&error) == Retry::Refused => Some(("list", error)),
        watcher::Error::WatchStartFailed(error) if retry(&error) == Retry::Refused => Some(("watch", error)),
        _ => None,
    }
}

async fn tick(watched: &Watched, sink: &Sink<'_>) -> std::convert::Infallible {
    let mut ticks = interval(TICK);
    loop {
        ticks.tick().await;
        sink.take(watched.with(|state| state.tick(Timestamp::now())));
    }
}

/// SIGTERM, with which Kubernetes ends a container, or an interrupt.
async fn ended() {
    let term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    match term {
        Ok(mut term) => tokio::select! {
            _ = term.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}
