//! The state as Prometheus metrics, computed when they are scraped.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use k8s_openapi::jiff::Timestamp;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};

use crate::cluster::{
    key::ObjectKey,
    watch::{
        migrations::Migration,
        state::{App, BUCKETS, State},
    },
};

/// The media type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The state and what the watch itself went through.
#[derive(Debug)]
pub struct Watched {
    state: Mutex<State>,
    /// Errors of the two watches, each followed by another try.
    pub watch_errors: AtomicU64,
    /// Events on Applications that could not be written.
    pub lost_events: AtomicU64,
}

impl Watched {
    /// Of this state.
    pub fn new(state: State) -> Self {
        Self { state: Mutex::new(state), watch_errors: AtomicU64::new(0), lost_events: AtomicU64::new(0) }
    }

    /// Works on the state. A panic elsewhere leaves it usable: every change is complete in itself.
    pub fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The metrics of what is watched.
#[derive(Debug)]
pub struct Metrics(Registry);

impl Metrics {
    /// Of this state.
    pub fn new(watched: Arc<Watched>) -> Self {
        let mut registry = Registry::with_prefix("presync");
        registry.register_collector(Box::new(Exposition { watched, clock: Timestamp::now }));
        Self(registry)
    }

    /// In the `OpenMetrics` text format.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.0)?;
        Ok(text)
    }
}

#[derive(Debug)]
struct Exposition {
    watched: Arc<Watched>,
    clock: fn() -> Timestamp,
}

impl Collector for Exposition {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (errors, lost) = (count(&self.watched.watch_errors), count(&self.watched.lost_events));
        let now = (self.clock)();
        self.watched.with(|state| {
            let mut to = Encoder(&mut encoder);
            to.total("jobs_deleted_by_ttl", "Jobs that their TTL deleted", state.ttl_deleted)?;
            to.totals(
                "tracked_jobs_deleted_by_ttl",
                "Jobs of an Application that their TTL deleted; hook=false is drift",
                state,
                |app| vec![("hook", "true", app.ttl_deleted_hooks), ("hook", "false", app.ttl_deleted_plain)],
            )?;
            to.totals("migrations_finished", "Migration Jobs that ended", state, |app| {
                let runs = &app.runs;
                vec![("outcome", "succeeded", runs.succeeded), ("outcome", "failed", runs.failed)]
            })?;
            to.durations(state)?;
            to.migrations(state)?;
            to.seconds(
                "app_out_of_sync_missing_job",
                "Time for which an Application without a running sync lacks a Job",
                state,
                |app| app.missing_for(now).map(|time| (None, time.as_secs_f64())).into_iter().collect(),
            )?;
            to.seconds("hook_waiting", "Age of a sync that waits for this hook", state, |app| {
                app.waits(now)
                    .map(|(hook, time)| (Some(("hook", hook.to_string())), time.as_secs_f64()))
                    .collect()
            })?;
            to.gauge(
                "watch_ready",
                "1 when Jobs and Applications were both listed",
                f64::from(u8::from(state.is_ready())),
            )?;
            #[allow(clippy::cast_precision_loss, reason = "fewer objects than an f64 counts exactly")]
            to.gauge("watch_jobs", "Jobs that are remembered", state.jobs_known() as f64)?;
            to.total(
                "watch_lists",
                "Full lists, of which there are two at the start",
                state.job_lists.started + state.app_lists.started,
            )?;
            to.total("watch_errors", "Errors of the watches, each followed by another try", errors)?;
            to.total("events_lost", "Events on Applications that could not be written", lost)
        })
    }
}

struct Encoder<'a, 'b>(&'a mut DescriptorEncoder<'b>);

impl Encoder<'_, '_> {
    fn total(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let metric = ConstCounter::new(value);
        metric.encode(self.0.encode_descriptor(name, help, None, metric.metric_type())?)
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let metric = ConstGauge::new(value);
        metric.encode(self.0.encode_descriptor(name, help, None, metric.metric_type())?)
    }

    fn totals(
        &mut self,
        name: &str,
        help: &str,
        state: &State,
        values: impl Fn(&App) -> Vec<(&'static str, &'static str, u64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, app) in apps(state) {
            for (label, which, value) in values(app) {
                let labels = [labels.as_slice(), &[(label, which.to_owned())]].concat();
                ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn seconds(
        &mut self,
        name: &str,
        help: &str,
        state: &State,
        values: impl Fn(&App) -> Vec<(Option<(&'static str, String)>, f64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Gauge)?;
        for (labels, app) in apps(state) {
            for (label, value) in values(app) {
                let labels: Vec<(&str, String)> = labels.iter().cloned().chain(label).collect();
                ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    /// Returns the state of each migration.
    fn migrations(&mut self, state: &State) -> fmt::Result {
        let seconds = Some(&Unit::Seconds);
        self.each(
            "migration_failed",
            "1 when the last run of the migration failed",
            None,
            state,
            |migration| Some(f64::from(u8::from(migration.failed))),
        )?;
        let help = "When the last run of the migration started";
        self.each("migration_last_start_timestamp", help, seconds, state, |m| m.started.map(unix))?;
        let help = "When the migration last succeeded";
        self.each("migration_last_success_timestamp", help, seconds, state, |m| m.succeeded.map(unix))?;
        let help = "How long the last run of the migration took";
        self.each("migration_last_duration", help, seconds, state, |m| {
            m.took.map(|took| took.as_secs_f64())
        })?;
        let help = "Runs of a migration for a revision for which it had run before";
        let mut family = self.0.encode_descriptor("migration_reruns", help, None, MetricType::Counter)?;
        for (labels, app) in apps(state) {
            for (key, migration) in app.migrations.iter() {
                let labels = [labels.as_slice(), &job(app, key)].concat();
                ConstCounter::new(migration.reruns).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn each(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        state: &State,
        value: impl Fn(&Migration) -> Option<f64>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, unit, MetricType::Gauge)?;
        for (labels, app) in apps(state) {
            for (key, migration) in app.migrations.iter() {
                let Some(value) = value(migration) else { continue };
                let labels = [labels.as_slice(), &job(app, key)].concat();
                ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn durations(&mut self, state: &State) -> fmt::Result {
        let help = "Time from the start to the end of migration Jobs";
        let mut family = self.0.encode_descriptor(
            "migration_duration",
            help,
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        let bounds: Vec<f64> = BUCKETS.into_iter().chain([f64::INFINITY]).collect();
        for (labels, app) in apps(state).filter(|(_, app)| app.runs.count() > 0) {
            let runs = &app.runs;
            let buckets: Vec<(f64, u64)> = bounds.iter().copied().zip(runs.buckets).collect();
            family.encode_family(&labels)?.encode_histogram::<Vec<(&str, String)>>(
                runs.seconds,
                runs.count(),
                &buckets,
                None,
            )?;
        }
        Ok(())
    }
}

/// Applications that are known, with the labels of their series.
fn apps(state: &State) -> impl Iterator<Item = (Vec<(&'static str, String)>, &App)> {
    state
        .apps()
        .filter(|(_, app)| app.facts.is_some())
        .map(|(key, app)| (vec![("app_namespace", key.namespace.clone()), ("app", key.name.clone())], app))
}

/// Returns the labels of a migration. `job` and `namespace` are Prometheus' own.
fn job(app: &App, key: &ObjectKey) -> [(&'static str, String); 4] {
    let (project, environment) = app
        .facts
        .as_ref()
        .map(|facts| (facts.project.clone(), facts.environment.clone()))
        .unwrap_or_default();
    [
        ("project", project),
        ("environment", environment),
        ("job_namespace", key.namespace.clone()),
        ("job_name", key.name.clone()),
    ]
}

#[allow(clippy::cast_precision_loss, reason = "seconds of this age are counted exactly")]
fn unix(time: Timestamp) -> f64 {
    time.as_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{
        job::Outcome,
        key::AppKey,
        settling::Moment,
        watch::facts::{AppFacts, Change, JobFacts},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("a time")
    }

    /// A migration failed and its TTL deleted the Job; another Job is missing, and a sync waits for a hook.
    fn eventful() -> State {
        let key = AppKey { namespace: "argocd".into(), name: "order".into() };
        let app = AppFacts {
            key: key.clone(),
            uid: String::new(),
            doubtful: vec![ObjectKey::job("shop", "gone")],
            moment: Moment::default(),
            waiting: Vec::new(),
            since: None,
            project: "default".into(),
            environment: "production".into(),
            remote: false,
            revision: String::new(),
            runs: Vec::new(),
            jobs: None,
        };
        let job = JobFacts {
            uid: "1".into(),
            key: ObjectKey::job("shop", "migrate"),
            owner: Some(key),
            hook: false,
            migration: true,
            ttl: Some(std::time::Duration::from_mins(1)),
            started: Some(at(0)),
            finished: Some((at(40), Outcome::Failed)),
            deleting: None,
        };
        let mut state = State::default();
        state.job(Change::Complete, at(0));
        state.app(Change::Applied(app.clone()), at(0));
        state.job(Change::Applied(job.clone()), at(40));
        state.job(Change::Deleted(job), at(101));
        state.app(
            Change::Applied(AppFacts {
                moment: Moment::running(),
                waiting: vec![ObjectKey::job("shop", "hook")],
                since: Some(at(50)),
                ..app
            }),
            at(60),
        );
        state
    }

    #[test]
    fn what_was_counted_is_exposed() {
        let mut registry = Registry::with_prefix("presync");
        let watched = Arc::new(Watched::new(eventful()));
        registry.register_collector(Box::new(Exposition { watched, clock: || at(110) }));
        let mut exposed = String::new();
        text::encode(&mut exposed, &registry).expect("a text");
        let series: Vec<&str> = exposed.lines().filter(|line| !line.starts_with('#')).collect();
        let order = r#"app_namespace="argocd",app="order""#;
        let migration =
            r#"project="default",environment="production",job_namespace="shop",job_name="migrate""#;
        for line in [
            "presync_jobs_deleted_by_ttl_total 1",
            &format!(r#"presync_tracked_jobs_deleted_by_ttl_total{{{order},hook="false"}} 1"#),
            &format!(r#"presync_migrations_finished_total{{{order},outcome="failed"}} 1"#),
            &format!(r#"presync_migrations_finished_total{{{order},outcome="succeeded"}} 0"#),
            &format!(r#"presync_migration_duration_seconds_bucket{{le="30.0",{order}}} 0"#),
            &format!(r#"presync_migration_duration_seconds_bucket{{le="+Inf",{order}}} 1"#),
            &format!("presync_app_out_of_sync_missing_job_seconds{{{order}}} 110.0"),
            &format!(r#"presync_hook_waiting_seconds{{{order},hook="Job shop/hook"}} 60.0"#),
            &format!("presync_migration_failed{{{order},{migration}}} 1.0"),
            &format!("presync_migration_last_start_timestamp_seconds{{{order},{migration}}} 1800000000.0"),
            &format!("presync_migration_last_duration_seconds{{{order},{migration}}} 40.0"),
            &format!("presync_migration_reruns_total{{{order},{migration}}} 0"),
            "presync_watch_ready 0.0",
        ] {
            assert!(series.contains(&line), "{line} is not in\n{exposed}");
        }
    }
}
