//! Findings about Jobs and triggers that two Applications render under one name.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Kind};
use crate::cluster::{
    application::{Application, ResourceStatus},
    key::{AppKey, ObjectKey},
    operation::{OperationState, ResourceResult},
    trigger,
};

/// A cluster, and a Job or trigger there.
type Place<'a> = (&'a str, ObjectKey);

/// By Argo CD's own warning, and by what the Applications themselves list: Argo CD does not warn of hooks.
pub(super) fn findings(apps: &[Application]) -> Vec<Finding> {
    let mut places: BTreeMap<Place<'_>, BTreeSet<AppKey>> = BTreeMap::new();
    for app in apps {
        let destination = &app.spec.destination;
        let cluster = match (app.is_local(), destination.name.is_empty()) {
            (true, _) => "",
            (false, true) => destination.server.as_str(),
            (false, false) => destination.name.as_str(),
        };
        let listed = app.status.resources.iter().map(ResourceStatus::key);
        let ran = app.status.operation_state.iter().flat_map(OperationState::hooks).map(ResourceResult::key);
        for key in listed.chain(ran).filter(concerns_us) {
            places.entry((cluster, key)).or_default().insert(app.key());
        }
    }
    let shared = places.into_iter().filter(|(_, apps)| apps.len() > 1);
    let mut findings: Vec<Finding> = shared
        .flat_map(|((_, key), apps)| {
            let names: Vec<String> = apps.iter().map(ToString::to_string).collect();
            apps.into_iter()
                .map(move |app| shared_by(app, key.clone(), &names.join(" and ")))
                .collect::<Vec<_>>()
        })
        .collect();
    for app in apps {
        for (key, names) in warned(app) {
            let known = |finding: &Finding| {
                finding.app.as_ref() == Some(&app.key()) && finding.object.as_ref() == Some(&key)
            };
            if !findings.iter().any(known) {
                findings.push(shared_by(app.key(), key, &names));
            }
        }
    }
    findings
}

fn concerns_us(key: &ObjectKey) -> bool {
    key.is_job() || trigger::is_trigger(key)
}

/// Returns `SharedResourceWarning`: `Job/x is part of applications argocd/a and b` (`controller/state.go`).
fn warned(app: &Application) -> impl Iterator<Item = (ObjectKey, String)> {
    let warnings =
        app.status.conditions.iter().filter(|condition| condition.type_ == "SharedResourceWarning");
    warnings.filter_map(|condition| {
        let (object, names) = condition.message.split_once(" is part of applications ")?;
        let (kind, name) = object.split_once('/')?;
        let mut listed = app.status.resources.iter().map(ResourceStatus::key);
        let key = listed.find(|key| key.kind == kind && key.name == name).unwrap_or_else(|| ObjectKey {
            group: if kind == "Job" { "batch".into() } else { String::new() },
            kind: kind.to_owned(),
            namespace: app.spec.destination.namespace.clone(),
            name: name.to_owned(),
        });
        concerns_us(&key).then(|| (key, names.to_owned()))
    })
}

fn shared_by(app: AppKey, key: ObjectKey, names: &str) -> Finding {
    let finding = Finding {
        kind: Kind::SharedResource,
        app: Some(app),
        summary: format!("{key} is part of the applications {names}"),
        object: Some(key),
        details: Vec::new(),
        remedy: Vec::new(),
    };
    finding
        .detail("each sync of one takes it from the other: a migration is deleted while it runs, or one app takes the other's result for its own")
        .fix("in git: give each app a namespace of its own, or a name prefix (Helm release name, kustomize namePrefix)".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn app(name: &str, status: &Value, destination: &Value) -> Application {
        let app = json!({"metadata": {"name": name, "namespace": "argocd"}, "spec": {"destination": destination}, "status": status});
        serde_json::from_value(app).expect("an Application")
    }

    fn job() -> Value {
        json!({"group": "batch", "kind": "Job", "namespace": "shop", "name": "m"})
    }

    #[test]
    fn two_apps_with_one_job_are_both_told() {
        let hook = json!({"operationState": {"syncResult": {"resources": [
            {"group": "batch", "kind": "Job", "namespace": "shop", "name": "m", "hookType": "PreSync"}]}}});
        let found =
            findings(&[app("a", &json!({"resources": [job()]}), &json!({})), app("b", &hook, &json!({}))]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].summary, "Job shop/m is part of the applications argocd/a and argocd/b");
        let elsewhere = app("b", &hook, &json!({"name": "prod-eu"}));
        assert_eq!(findings(&[app("a", &json!({"resources": [job()]}), &json!({})), elsewhere]), []);
    }

    #[test]
    fn argo_cds_warning_is_enough() {
        let status = |object: &str| {
            json!({"conditions": [{"type": "SharedResourceWarning",
            "message": format!("{object} is part of applications argocd/a and b")}]})
        };
        let found = findings(&[app("a", &status("Job/m"), &json!({"namespace": "shop"}))]);
        assert_eq!(found[0].object, Some(ObjectKey::job("shop", "m")));
        assert_eq!(findings(&[app("a", &status("Service/s"), &json!({}))]), [], "not ours to tell");
        assert_eq!(findings(&[app("a", &status("ConfigMap/m-presync-trigger"), &json!({}))]).len(), 1);
    }
}
