//! Whether an Application's status tells the present.
//!
//! After an operation, `status.sync`, `status.health` and `status.resources` are those of the last comparison until Argo
//! CD compares again (`controller/appcontroller.go`, `processRequestedAppOperation` asks for that comparison, except
//! after a dry run). `reconciledAt` is taken before a comparison and in whole seconds, a comparison with recent
//! manifests does not update it, and under load the first comparison after a sync that succeeded still sees the live state
//! from before. So a good answer, and any after a sync that failed, counts once it is newer than the operation, and
//! every answer some time after the operation's end: the longer that took, the busier Argo CD may be.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::jiff::Timestamp;
use kube::{Api, Client};
use tokio::time::{Instant, sleep};

use crate::{
    cluster::{
        access::{Attempt, patient},
        application::Application,
        job::elapsed,
        operation::{Operation, OperationId, Phase},
    },
    error::Problem,
};

/// Time after the end of an operation within which Argo CD has compared the app with what the operation left.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// The longest such time, after a sync that took long and succeeded.
const MOST_PATIENCE: Duration = Duration::from_mins(2);
/// Pause between two looks at an Application that is not settled.
const PAUSE: Duration = Duration::from_millis(500);
/// Applications that are followed at the same time.
const PARALLEL: usize = 16;

/// When an Application was synced and compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// An operation is requested or runs.
    operating: bool,
    /// The end of the last operation, and which one it was.
    finished: Option<(OperationId, Timestamp)>,
    /// Time within which Argo CD has compared the app with what that operation left.
    patience: Duration,
    /// When the last comparison began.
    compared: Option<Timestamp>,
    /// What the live state may be too old to show: the operation succeeded, and something differs all the same.
    doubtful: bool,
}

impl Moment {
    /// Reads an Application.
    pub fn of(app: &Application) -> Self {
        let state = app.status.operation_state.as_ref().filter(|state| state.phase.is_completed());
        let succeeded = state.filter(|state| state.phase == Phase::Succeeded);
        let took = succeeded.and_then(|state| Some(elapsed(state.started()?, state.finished()?)));
        Self {
            operating: matches!(app.operation(), Operation::Active(_) | Operation::Requested),
            finished: state.and_then(|state| Some((state.id(), state.finished_at.as_ref()?.0))),
            patience: (took.unwrap_or_default() / 2).clamp(PATIENCE, MOST_PATIENCE),
            compared: app.status.reconciled_at.as_ref().map(|time| time.0),
            doubtful: app.status.sync.status != "Synced" && succeeded.is_some(),
        }
    }

    #[cfg(test)]
    pub(super) fn running() -> Self {
        Self { operating: true, ..Self::default() }
    }
}

/// Follows one Application over several looks. An operation that ended since the first look counts by our own clock, an
/// earlier one by Argo CD's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settling {
    looked: bool,
    ended: Option<(OperationId, Timestamp)>,
}

impl Settling {
    /// Whether what the status says is final; `now` is the time of the look.
    pub fn is_settled(&mut self, moment: &Moment, now: Timestamp) -> bool {
        let looked = std::mem::replace(&mut self.looked, true);
        let known = self.ended.take();
        if moment.operating {
            return false;
        }
        let Some((id, finished)) = moment.finished else { return true };
        let since = match known {
            Some((known, since)) if known == id => since,
            _ if looked => now,
            _ => finished.min(now),
        };
        self.ended = Some((id, since));
        let newer = moment.compared.is_some_and(|compared| compared > finished);
        newer && !moment.doubtful || elapsed(since, now) >= moment.patience
    }
}

/// Reads each Application again until its status tells the present: for at most [`PATIENCE`], and not while an operation
/// runs, since then nobody judges its drift. One that is deleted meanwhile stays as it was.
pub async fn settled(client: &Client, apps: Vec<Application>) -> Result<Vec<Application>, Problem> {
    stream::iter(apps).map(|app| follow(client, app)).buffered(PARALLEL).try_collect().await
}

async fn follow(client: &Client, mut app: Application) -> Result<Application, Problem> {
    let (began, started) = (Timestamp::now(), Instant::now());
    let mut settling = Settling::default();
    loop {
        let waited = started.elapsed();
        let moment = Moment::of(&app);
        if moment.operating || settling.is_settled(&moment, after(began, waited)) || waited >= PATIENCE {
            return Ok(app);
        }
        sleep(PAUSE).await;
        let key = app.key();
        let api = Api::<Application>::namespaced(client.clone(), &key.namespace);
        let read = patient(|| api.get_opt(&key.name)).await;
        let attempt = Attempt::new("get", "applications.argoproj.io", &key.namespace).name(&key.name);
        match read.map_err(|error| attempt.problem(error))? {
            Some(newer) => app = newer,
            None => return Ok(app),
        }
    }
}

/// Returns a wall-clock time that no correction of the clock moves.
pub fn after(began: Timestamp, waited: Duration) -> Timestamp {
    began.checked_add(waited).unwrap_or(began)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("a time")
    }

    /// Returns an app whose last operation ended at second 100.
    fn moment(compared: i64, sync: &str) -> Moment {
        let app = json!({"status": {"sync": {"status": sync}, "reconciledAt": at(compared),
            "operationState": {"phase": "Succeeded", "startedAt": at(90), "finishedAt": at(100)}}});
        Moment::of(&serde_json::from_value(app).expect("an Application"))
    }

    #[test]
    fn a_comparison_from_before_the_end_tells_nothing() {
        let settled = |compared, sync, now| Settling::default().is_settled(&moment(compared, sync), at(now));
        assert!(!settled(95, "OutOfSync", 101) && !settled(95, "Synced", 101));
        assert!(!settled(100, "Synced", 101), "the same second");
        assert!(settled(101, "Synced", 101));
        assert!(!settled(101, "OutOfSync", 101), "the live state may be old");
    }

    #[test]
    fn what_a_sync_that_failed_left_is_known_at_once() {
        let app = json!({"status": {"sync": {"status": "OutOfSync"}, "reconciledAt": at(101),
            "operationState": {"phase": "Failed", "startedAt": at(90), "finishedAt": at(100)}}});
        let moment = Moment::of(&serde_json::from_value(app).expect("an Application"));
        assert!(Settling::default().is_settled(&moment, at(101)));
    }

    #[test]
    fn the_wait_is_bounded_by_the_end_of_the_operation() {
        let settled = |compared, sync, now| Settling::default().is_settled(&moment(compared, sync), at(now));
        assert!(settled(101, "OutOfSync", 115) && settled(95, "Synced", 115));
        let never = json!({"status": {"sync": {"status": "OutOfSync"}}});
        let never = Moment::of(&serde_json::from_value(never).expect("an Application"));
        assert!(
            Settling::default().is_settled(&never, at(0)),
            "without an operation the comparison is final"
        );
    }

    #[test]
    fn a_sync_that_took_long_is_waited_for_longer() {
        let app = json!({"status": {"sync": {"status": "OutOfSync"}, "reconciledAt": at(201),
            "operationState": {"phase": "Succeeded", "startedAt": at(0), "finishedAt": at(200)}}});
        let moment = Moment::of(&serde_json::from_value(app).expect("an Application"));
        let settled = |now| Settling::default().is_settled(&moment, at(now));
        assert!(!settled(299) && settled(300));
    }

    #[test]
    fn an_operation_that_runs_is_not_settled_and_starts_the_patience_anew() {
        let mut settling = Settling::default();
        assert!(!settling.is_settled(&Moment::running(), at(1)));
        // Our clock is ten minutes ahead of Argo CD's.
        assert!(!settling.is_settled(&moment(95, "OutOfSync"), at(700)));
        assert!(!settling.is_settled(&moment(95, "OutOfSync"), at(714)));
        assert!(settling.is_settled(&moment(95, "OutOfSync"), at(715)));
    }

    #[test]
    fn a_clock_that_is_behind_does_not_lengthen_the_wait() {
        let mut settling = Settling::default();
        assert!(!settling.is_settled(&moment(95, "OutOfSync"), at(-500)));
        assert!(settling.is_settled(&moment(95, "OutOfSync"), at(-485)));
    }
}
