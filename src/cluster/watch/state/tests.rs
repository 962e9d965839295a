use serde_json::json;

use super::*;
use crate::cluster::{settling::Moment, watch::facts::SyncRun};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a time")
}

fn app_key() -> AppKey {
    AppKey { namespace: "argocd".into(), name: "order".into() }
}

fn app_facts() -> AppFacts {
    AppFacts {
        key: app_key(),
        uid: "app-uid".into(),
        doubtful: Vec::new(),
        moment: Moment::default(),
        waiting: Vec::new(),
        since: None,
        project: "default".into(),
        environment: "dev".into(),
        remote: false,
        revision: "r1".into(),
        runs: Vec::new(),
        jobs: None,
    }
}

fn running(uid: &str) -> JobFacts {
    JobFacts {
        uid: uid.into(),
        key: ObjectKey::job("shop", "order-migration"),
        owner: Some(app_key()),
        hook: false,
        migration: true,
        ttl: Some(Duration::from_mins(5)),
        started: Some(at(0)),
        finished: None,
        deleting: None,
    }
}

fn ended(uid: &str) -> JobFacts {
    JobFacts { finished: Some((at(40), Outcome::Succeeded)), ..running(uid) }
}

/// Returns a state that has seen the Application and an empty list of Jobs.
fn ready() -> State {
    let mut state = State::new(Duration::from_mins(15));
    state.app(Change::Restart, at(0));
    state.app(Change::Listed(app_facts()), at(0));
    state.app(Change::Complete, at(0));
    state.job(Change::Restart, at(0));
    state.job(Change::Complete, at(0));
    state
}

fn relist(state: &mut State, jobs: &[JobFacts], now: Timestamp) -> Vec<Notice> {
    let mut notices = state.job(Change::Restart, now);
    for job in jobs {
        notices.extend(state.job(Change::Listed(job.clone()), now));
    }
    notices.extend(state.job(Change::Complete, now));
    notices
}

fn order(state: &State) -> &App {
    state.apps().find(|(key, _)| **key == app_key()).expect("the app").1
}

fn reasons(notices: &[Notice]) -> Vec<Reason> {
    notices.iter().map(|notice| notice.reason).collect()
}

#[test]
fn a_run_and_its_deletion_count_once_each() {
    let mut state = ready();
    assert_eq!(state.job(Change::Applied(running("1")), at(1)), []);
    let end = state.job(Change::Applied(ended("1")), at(40));
    assert_eq!(reasons(&end), [Reason::MigrationSucceeded]);
    assert_eq!(end[0].text, "migration Job shop/order-migration completed after 40 s");
    assert_eq!(state.job(Change::Applied(ended("1")), at(41)), [], "a change of something else");
    let gone = state.job(Change::Deleted(JobFacts { deleting: Some(at(340)), ..ended("1") }), at(341));
    assert_eq!(reasons(&gone), [Reason::TrackedJobDeletedByTtl]);
    assert_eq!(state.job(Change::Deleted(ended("1")), at(342)), [], "the same deletion again");
    assert_eq!((state.ttl_deleted, order(&state).ttl_deleted_plain, order(&state).runs.succeeded), (1, 1, 1));
    assert_eq!(order(&state).runs.buckets, [0, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(state.jobs_known(), 0);
}

#[test]
fn what_ended_before_the_first_list_is_not_news() {
    let mut state = State::new(Duration::from_mins(15));
    state.app(Change::Restart, at(0));
    state.app(Change::Listed(app_facts()), at(0));
    state.app(Change::Complete, at(0));
    assert_eq!(relist(&mut state, &[ended("1")], at(50)), []);
    assert_eq!(order(&state).runs.succeeded, 0);
    state.job(Change::Deleted(ended("1")), at(345));
    assert_eq!(state.ttl_deleted, 1, "its deletion is");
}

#[test]
fn a_list_after_a_lost_connection_counts_what_happened_meanwhile_once() {
    let mut state = ready();
    state.job(Change::Applied(running("1")), at(1));
    state.job(Change::Applied(ended("2")), at(40));
    // 1 ended, 2 was deleted by its TTL, 3 ran and ended: all while nobody watched.
    let notices = relist(&mut state, &[ended("1"), ended("3")], at(400));
    assert_eq!(
        reasons(&notices),
        [Reason::MigrationSucceeded, Reason::MigrationSucceeded, Reason::TrackedJobDeletedByTtl]
    );
    assert_eq!(relist(&mut state, &[ended("1"), ended("3")], at(401)), []);
    assert_eq!((order(&state).runs.succeeded, state.ttl_deleted), (3, 1));
}

#[test]
fn a_deletion_before_the_ttl_is_over_is_somebody_elses() {
    let mut state = ready();
    state.job(Change::Applied(ended("1")), at(40));
    state.job(Change::Deleted(JobFacts { deleting: Some(at(100)), ..ended("1") }), at(341));
    state.job(Change::Applied(running("2")), at(1));
    state.job(Change::Deleted(running("2")), at(9999));
    state.job(Change::Applied(JobFacts { ttl: None, ..ended("3") }), at(40));
    state.job(Change::Deleted(JobFacts { ttl: None, ..ended("3") }), at(9999));
    assert_eq!(state.ttl_deleted, 0);
}

#[test]
fn a_hook_that_ttl_deletes_is_no_drift() {
    let mut state = ready();
    let hook = JobFacts { hook: true, ..ended("1") };
    state.job(Change::Applied(hook.clone()), at(40));
    assert_eq!(state.job(Change::Deleted(hook), at(345)), []);
    assert_eq!((order(&state).ttl_deleted_hooks, order(&state).ttl_deleted_plain), (1, 0));
}

#[test]
fn a_failed_migration_is_told() {
    let mut state = ready();
    let failed = JobFacts { finished: Some((at(700), Outcome::Failed)), ..running("1") };
    let notices = state.job(Change::Applied(failed), at(700));
    assert_eq!(reasons(&notices), [Reason::MigrationFailed]);
    assert_eq!(notices[0].text, "migration Job shop/order-migration failed after 11 min");
    assert_eq!((notices[0].app.name.as_str(), notices[0].uid.as_str()), ("order", "app-uid"));
    assert_eq!(order(&state).runs.failed, 1);
}

#[test]
fn jobs_that_nothing_is_counted_for_are_not_remembered() {
    let mut state = ready();
    for uid in 0..10_000 {
        let job = JobFacts { owner: None, ttl: None, ..ended(&uid.to_string()) };
        state.job(Change::Applied(job), at(40));
    }
    assert_eq!(state.jobs_known(), 0);
}

#[test]
fn memory_returns_to_nothing_after_many_jobs() {
    let mut state = ready();
    for uid in 0..10_000 {
        state.job(Change::Applied(ended(&uid.to_string())), at(40));
        state.job(Change::Deleted(ended(&uid.to_string())), at(345));
    }
    assert_eq!((state.jobs_known(), state.ttl_deleted), (0, 10_000));
    state.app(Change::Deleted(app_facts()), at(400));
    state.job(Change::Applied(ended("late")), at(401));
    assert_eq!(state.apps().count(), 0, "a Job of a deleted app leaves nothing behind");
}

#[test]
fn jobs_may_be_listed_before_their_apps() {
    let mut state = State::new(Duration::from_mins(15));
    relist(&mut state, &[running("1")], at(1));
    state.job(Change::Applied(ended("1")), at(40));
    state.app(Change::Restart, at(41));
    state.app(Change::Listed(app_facts()), at(41));
    state.app(Change::Complete, at(41));
    assert_eq!(order(&state).runs.succeeded, 1);
    assert!(state.is_ready());
}

#[test]
fn drift_lasts_until_the_job_is_back_and_not_until_a_sync_begins() {
    let mut state = ready();
    let missing = AppFacts { doubtful: vec![ObjectKey::job("shop", "m")], ..app_facts() };
    let seconds = |state: &State, now| order(state).missing_for(at(now)).map(|time| time.as_secs());
    state.app(Change::Applied(missing.clone()), at(100));
    state.app(Change::Applied(missing.clone()), at(160));
    assert_eq!(seconds(&state, 200), Some(100));
    state.app(
        Change::Applied(AppFacts { moment: Moment::running(), doubtful: Vec::new(), ..app_facts() }),
        at(200),
    );
    assert_eq!(seconds(&state, 201), Some(101), "a sync that runs proves nothing");
    state.app(Change::Applied(app_facts()), at(210));
    assert_eq!(seconds(&state, 210), None);
    state.app(Change::Applied(AppFacts { moment: Moment::running(), ..missing }), at(220));
    assert_eq!(seconds(&state, 230), None, "during a sync every app is out of sync");
}

#[test]
fn drift_is_not_judged_by_a_comparison_from_before_the_sync() {
    let mut state = ready();
    let compared = |second: i64| {
        let status = json!({"sync": {"status": "OutOfSync"}, "reconciledAt": at(second),
            "operationState": {"phase": "Succeeded", "startedAt": at(90), "finishedAt": at(100)}});
        let app = serde_json::from_value(json!({ "status": status })).expect("an Application");
        AppFacts { doubtful: vec![ObjectKey::job("shop", "m")], moment: Moment::of(&app), ..app_facts() }
    };
    state.app(Change::Applied(compared(95)), at(101));
    assert_eq!(order(&state).missing_since, None);
    state.tick(at(114));
    assert_eq!(order(&state).missing_since, None);
    state.tick(at(116));
    assert_eq!(order(&state).missing_since, Some(at(116)), "nobody compares again");
}

#[test]
fn a_job_that_is_out_of_sync_and_there_is_not_missing() {
    let mut state = ready();
    let doubtful = AppFacts { doubtful: vec![running("1").key], ..app_facts() };
    state.job(Change::Applied(running("1")), at(1));
    state.app(Change::Applied(doubtful.clone()), at(2));
    assert_eq!(order(&state).missing_for(at(3)), None);
    // Replaced under the same name: the old one's deletion comes after the new one.
    state.job(Change::Applied(running("2")), at(3));
    state.job(Change::Deleted(running("1")), at(4));
    state.app(Change::Applied(doubtful.clone()), at(5));
    assert_eq!(order(&state).missing_for(at(6)), None);
    state.job(Change::Deleted(running("2")), at(7));
    state.app(Change::Applied(doubtful), at(8));
    assert_eq!(order(&state).missing_for(at(9)).map(|time| time.as_secs()), Some(1));
}

#[test]
fn nothing_is_missing_before_the_jobs_are_listed() {
    let mut state = State::new(Duration::from_mins(15));
    let doubtful = AppFacts { doubtful: vec![running("1").key], ..app_facts() };
    state.app(Change::Restart, at(0));
    state.app(Change::Listed(doubtful), at(0));
    state.app(Change::Complete, at(0));
    assert_eq!(order(&state).missing_for(at(1)), None);
    relist(&mut state, &[], at(1));
    assert_eq!(order(&state).missing_for(at(2)).map(|time| time.as_secs()), Some(1));
}

#[test]
fn a_stuck_hook_is_told_once_for_each_operation() {
    let mut state = ready();
    let waiting = |since| AppFacts {
        moment: Moment::running(),
        waiting: vec![ObjectKey::job("shop", "order-migration")],
        since: Some(at(since)),
        ..app_facts()
    };
    assert_eq!(state.app(Change::Applied(waiting(0)), at(60)), []);
    assert_eq!(state.tick(at(899)), []);
    let notices = state.tick(at(900));
    assert_eq!(reasons(&notices), [Reason::HookStuck]);
    assert_eq!(
        notices[0].text,
        "the sync waits for Job shop/order-migration since 15 min: `presync doctor order` says why"
    );
    assert_eq!(state.tick(at(901)), []);
    assert_eq!(order(&state).waits(at(901)).map(|(_, time)| time.as_secs()).collect::<Vec<_>>(), [901]);
    assert_eq!(reasons(&state.app(Change::Applied(waiting(1000)), at(2000))), [Reason::HookStuck]);
}

#[test]
fn an_app_that_a_list_does_not_hold_is_gone() {
    let mut state = ready();
    state.app(Change::Restart, at(10));
    state.app(Change::Complete, at(10));
    assert_eq!(state.apps().count(), 0);
}

fn failed_in(since: i64, end: i64) -> SyncRun {
    SyncRun { key: running("1").key, outcome: Outcome::Failed, since: Some(at(since)), at: at(end) }
}

fn failing(state: &State) -> Vec<bool> {
    order(state).migrations.iter().map(|(_, migration)| migration.failed).collect()
}

#[test]
fn a_migration_in_another_cluster_fails_and_recovers() {
    let mut state = ready();
    let remote = |runs: Vec<SyncRun>| AppFacts { remote: true, runs, ..app_facts() };
    let notices = state.app(Change::Applied(remote(vec![failed_in(0, 60)])), at(61));
    assert_eq!(reasons(&notices), [Reason::MigrationFailed]);
    assert_eq!(state.app(Change::Applied(remote(vec![failed_in(0, 60)])), at(90)), []);
    assert_eq!(failing(&state), [true], "as long as nothing else ends");
    let good = SyncRun { outcome: Outcome::Succeeded, ..failed_in(100, 160) };
    assert_eq!(state.app(Change::Applied(remote(vec![good])), at(161)), []);
    assert_eq!(failing(&state), [false]);
}

#[test]
fn a_failure_from_before_the_watch_is_a_state_and_no_news() {
    let mut state = State::new(Duration::from_mins(15));
    state.app(Change::Restart, at(0));
    let known = AppFacts { runs: vec![failed_in(0, 60)], ..app_facts() };
    assert_eq!(state.app(Change::Listed(known), at(100)), []);
    state.app(Change::Complete, at(100));
    let failed = JobFacts { finished: Some((at(58), Outcome::Failed)), ..running("1") };
    assert_eq!(relist(&mut state, &[failed], at(101)), []);
    assert_eq!(failing(&state), [true]);
    assert_eq!(order(&state).runs.failed, 0);
}

#[test]
fn a_hook_that_is_no_migration_is_no_failed_migration() {
    let mut state = ready();
    let test = JobFacts { migration: false, finished: Some((at(50), Outcome::Failed)), ..running("1") };
    state.job(Change::Applied(test), at(50));
    let app = AppFacts { runs: vec![failed_in(0, 60)], ..app_facts() };
    assert_eq!(state.app(Change::Applied(app), at(61)), []);
    assert_eq!(failing(&state), [false; 0]);
}

#[test]
fn a_migration_that_git_no_longer_has_is_forgotten_with_its_failure() {
    let mut state = ready();
    let failed = JobFacts { finished: Some((at(50), Outcome::Failed)), ..running("1") };
    state.job(Change::Applied(failed.clone()), at(50));
    state.job(Change::Deleted(failed), at(60));
    assert_eq!(failing(&state), [true]);
    state.app(Change::Applied(AppFacts { jobs: Some(vec![running("1").key]), ..app_facts() }), at(70));
    assert_eq!(failing(&state), [true], "the sync that succeeded still has it");
    state.app(Change::Applied(AppFacts { jobs: Some(Vec::new()), ..app_facts() }), at(80));
    assert_eq!(failing(&state), [false; 0]);
}
