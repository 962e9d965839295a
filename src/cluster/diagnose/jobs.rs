//! Findings about the Jobs of an Application.

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;

use super::{Case, Finding, Kind, TTL_FLOOR};
use crate::cluster::{
    hook,
    instance::Version,
    job::{self, Nature, human},
    operation::Operation,
};

/// A Job that is being deleted for longer than this is held by what will not let go.
const LEAK_GRACE: Duration = Duration::from_mins(1);

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = missing(case);
    if !case.app.is_local() {
        let summary = "its objects are in another cluster: its Jobs were not looked at";
        findings.push(case.finding(Kind::RemoteDestination, None, summary));
    }
    for live in case.jobs {
        findings.extend(leaked(case, live));
        let Some(ttl) = job::ttl(live) else { continue };
        let Nature { hook, migration } = job::nature(live);
        if hook {
            findings.extend(below_floor(case, live, ttl));
        } else {
            findings.extend(below_refresh(case, live, ttl));
            findings.extend(injected(case, live, ttl));
            findings.extend(migration.and_then(|reason| could_opt_in(case, live, ttl, &reason)));
        }
    }
    findings
}

/// Drift counts only while no operation runs: during a sync every app is out of sync for a while.
fn missing(case: &Case<'_>) -> Vec<Finding> {
    if !matches!(case.app.operation(), Operation::None) {
        return Vec::new();
    }
    let then = match case.app.automated() {
        Some(automated) if automated.self_heal => {
            "self-heal will create it again, and the migration will run again"
        }
        Some(_) => "auto-sync has already synced this revision and leaves it so until the next one",
        None => "it stays so until somebody syncs, and then the migration runs again",
    };
    case.app
        .doubtful_jobs()
        .filter(|resource| resource.is_missing() || case.app.is_local() && !case.live.contains(&resource.key()))
        .map(|resource| {
            let key = resource.key();
            case.finding(Kind::MissingJob, Some(key.clone()), format!("{key} is in the desired state and not in the cluster"))
                .detail(format!(
                    "Resource not found in cluster: batch/v1/Job:{}: its TTL deleted it after it finished, and Argo CD still wants it",
                    key.name
                ))
                .detail(then)
                .fix(case.opt_in())
                .fix(case.repair("--yes"))
        })
        .collect()
}

fn leaked(case: &Case<'_>, live: &Job) -> Option<Finding> {
    if !matches!(case.app.operation(), Operation::None) || !hook::is_leaked(live, case.now, LEAK_GRACE) {
        return None;
    }
    let key = job::key(live);
    let mut finding = case
        .finding(
            Kind::LeakedFinalizer,
            Some(key.clone()),
            format!("{key} is being deleted, and Argo CD's hook finalizer holds it"),
        )
        .detail(if case.app.metadata.deletion_timestamp.is_some() {
            "the deletion of the app waits for it, and nothing else takes the finalizer away"
        } else {
            "no operation runs that would take the finalizer away; the next full sync tries to"
        });
    finding = finding.detail(if case.instance.version.is_some_and(Version::leaks_finalizers) {
        "Argo CD before v3.4 leaves them behind when a sync fails or is terminated"
    } else {
        "Argo CD leaves one behind where its cache has not seen the Job yet (argoproj/argo-cd#29464)"
    });
    Some(finding.fix(case.repair("--yes --remove-finalizers")))
}

fn below_floor(case: &Case<'_>, live: &Job, ttl: Duration) -> Option<Finding> {
    if ttl >= TTL_FLOOR {
        return None;
    }
    let key = job::key(live);
    let floor = TTL_FLOOR.as_secs();
    Some(
        case.finding(
            Kind::TtlBelowFloor,
            Some(key.clone()),
            format!("hook {key} has a TTL of {}, below {floor} s", human(ttl)),
        )
        .detail(if case.instance.version.is_none_or(Version::loses_hooks) {
            "Argo CD before v3.0 can miss the end of a hook Job that is gone so soon: its sync then never ends"
        } else {
            "when the migration fails, its log and exit code are gone before anyone reads them"
        })
        .fix(format!("in git: spec.ttlSecondsAfterFinished of Job {}: {floor} or more", key.name)),
    )
}

/// The Job's end and its deletion can both fall between two comparisons.
fn below_refresh(case: &Case<'_>, live: &Job, ttl: Duration) -> Option<Finding> {
    let refresh = case.instance.refresh?;
    if ttl >= refresh {
        return None;
    }
    let key = job::key(live);
    Some(
        case.finding(
            Kind::TtlBelowRefresh,
            Some(key.clone()),
            format!("{key} has a TTL of {}; Argo CD compares every {}", human(ttl), human(refresh)),
        )
        .detail("it can finish and be gone before Argo CD looks again: the app goes OutOfSync without ever showing the result")
        .fix(case.opt_in()),
    )
}

fn injected(case: &Case<'_>, live: &Job, ttl: Duration) -> Option<Finding> {
    if job::ttl_was_applied(live)? {
        return None;
    }
    let key = job::key(live);
    Some(
        case.finding(Kind::InjectedTtl, Some(key.clone()), format!("{key} has a TTL of {} that its manifest does not have", human(ttl)))
            .detail("an admission webhook or policy put it there; no check of the manifests can see it")
            .fix("kubectl get mutatingwebhookconfigurations -o custom-columns='NAME:.metadata.name,RESOURCES:.webhooks[*].rules[*].resources' | grep -E 'jobs|\\*'".to_owned())
            .fix(case.opt_in()),
    )
}

fn could_opt_in(case: &Case<'_>, live: &Job, ttl: Duration, reason: &str) -> Option<Finding> {
    if case.app.has_plugin() {
        return None;
    }
    let key = job::key(live);
    Some(
        case.finding(
            Kind::CouldOptIn,
            Some(key.clone()),
            format!("{key} is a migration ({reason}) with a TTL of {}", human(ttl)),
        )
        .detail("the plugin would make it a sync hook, and its deletion would be no drift")
        .fix(case.opt_in()),
    )
}
