//! ServiceAccounts, and what gives them rights.

use serde_json::Value;

use crate::{
    error::Result,
    manifest::Header,
    plan::{
        app::index::{Index, group},
        needs::Relation,
        pod::{
            references::{self, Reference},
            workloads,
        },
    },
};

/// The kinds whose objects give rights to the ServiceAccounts that they name.
const BINDINGS: [&str; 3] =
    ["RoleBinding", "ClusterRoleBinding", "SecurityContextConstraints.security.openshift.io"];

/// A ServiceAccount as bindings name it.
pub(crate) struct Account<'a> {
    pub(crate) name: &'a str,
    /// As a manifest gives it.
    pub(crate) namespace: Option<&'a str>,
}

/// Returns the app's bindings that name the account, whether or not the app renders the account itself.
pub(crate) fn bindings<'v>(account: &Account<'_>, app: &'v Index<'_>) -> Result<Vec<&'v Header>> {
    let mut found = Vec::new();
    for header in BINDINGS.into_iter().flat_map(|kind| app.of_kind(kind)) {
        let object = app.object(header.id)?;
        let subjects = object["subjects"].as_array().into_iter().flatten();
        let users = ["users", "groups"].into_iter().filter_map(|list| object[list].as_array()).flatten();
        let named = subjects.into_iter().any(|subject| is_subject(subject, header, account, app))
            || users.filter_map(Value::as_str).any(|user| is_user(user, account, app));
        if named {
            found.push(header);
        }
    }
    Ok(found)
}

/// Returns what a binding names: its role.
pub(crate) fn of_binding(binding: &Value) -> Vec<Reference> {
    let role = &binding["roleRef"];
    let reference = |kind| references::reference("roleRef", kind, Relation::Identity, &role["name"]);
    role["kind"].as_str().and_then(reference).into_iter().collect()
}

/// Returns what a ServiceAccount names: its Secrets and those for pulling images.
pub(crate) fn of_service_account(account: &Value) -> Vec<Reference> {
    ["secrets", "imagePullSecrets"]
        .into_iter()
        .flat_map(|field| {
            let secrets = account[field].as_array().into_iter().flatten();
            secrets.filter_map(move |secret| {
                references::reference(field, "Secret", Relation::Config, &secret["name"])
            })
        })
        .collect()
}

fn is_subject(subject: &Value, binding: &Header, account: &Account<'_>, app: &Index<'_>) -> bool {
    let name = subject["name"].as_str().unwrap_or_default();
    match subject["kind"].as_str() {
        Some("ServiceAccount") => {
            let namespace = subject["namespace"].as_str().or(binding.namespace.as_deref());
            name == account.name && app.same_namespace(namespace, account.namespace)
        }
        Some("User" | "Group") => is_user(name, account, app),
        _ => false,
    }
}

/// The user and groups that the API server gives a ServiceAccount's token.
fn is_user(user: &str, account: &Account<'_>, app: &Index<'_>) -> bool {
    let Some(rest) = user.strip_prefix("system:serviceaccount") else { return false };
    match rest.split(':').collect::<Vec<_>>()[..] {
        ["s"] => true,
        ["s", namespace] => app.same_namespace(Some(namespace), account.namespace),
        ["", namespace, name] => {
            name == account.name && app.same_namespace(Some(namespace), account.namespace)
        }
        _ => false,
    }
}

/// Returns the app's workloads whose ServiceAccount may write the status of a custom resource: its controllers.
///
/// A role for all groups counts where the app renders a definition of the group: then its controller is likely here too.
pub(crate) fn controllers<'v>(of: &Header, app: &'v Index<'_>) -> Result<Vec<&'v Header>> {
    let group = group(&of.api_version);
    let defined = || {
        app.of_kind("CustomResourceDefinition")
            .any(|header| header.name.split_once('.').is_some_and(|(_, defined)| defined == group))
    };
    let groups = if defined() { &[group, "*"][..] } else { &[group] };
    let mut accounts: Vec<(String, Option<String>)> = Vec::new();
    for kind in ["ClusterRole", "Role"] {
        let speaks = |role: &&Header| groups.iter().any(|group| app.mentions(role, group));
        for role in app.of_kind(kind).filter(speaks) {
            if controls(app.object(role.id)?, groups) {
                accounts.extend(subjects(kind, &role.name, app)?);
            }
        }
    }
    let mut found = Vec::new();
    for header in app.headers().iter().filter(|header| !accounts.is_empty() && workloads::serves(header)) {
        let Some(pod) = workloads::pod(header, app.object(header.id)?) else { continue };
        let (_, name) = references::service_account(pod.spec);
        let runs_as = |(account, namespace): &(String, Option<String>)| {
            account == name && app.same_namespace(namespace.as_deref(), header.namespace.as_deref())
        };
        if accounts.iter().any(runs_as) {
            found.push(header);
        }
    }
    Ok(found)
}

/// Whether a role lets one write the status, or the finalizers, of objects of one of the API groups.
fn controls(role: &Value, groups: &[&str]) -> bool {
    let entries = |rule: &Value, field: &str, wanted: &dyn Fn(&str) -> bool| {
        rule[field].as_array().into_iter().flatten().filter_map(Value::as_str).any(wanted)
    };
    let rules = role["rules"].as_array().into_iter().flatten();
    rules.into_iter().any(|rule| {
        entries(rule, "apiGroups", &|entry| groups.contains(&entry))
            && entries(rule, "verbs", &|verb| matches!(verb, "update" | "patch" | "*"))
            && entries(rule, "resources", &|resource| {
                resource == "*" || resource.ends_with("/status") || resource.ends_with("/finalizers")
            })
    })
}

/// Returns the ServiceAccounts to which bindings give a role.
fn subjects(kind: &str, role: &str, app: &Index<'_>) -> Result<Vec<(String, Option<String>)>> {
    let mut found = Vec::new();
    for binding in ["ClusterRoleBinding", "RoleBinding"].into_iter().flat_map(|kind| app.of_kind(kind)) {
        let object = app.object(binding.id)?;
        if object["roleRef"]["name"] != role || object["roleRef"]["kind"] != kind {
            continue;
        }
        for subject in object["subjects"].as_array().into_iter().flatten() {
            if let (Some("ServiceAccount"), Some(name)) = (subject["kind"].as_str(), subject["name"].as_str())
            {
                let namespace = subject["namespace"].as_str().or(binding.namespace.as_deref());
                found.push((name.to_owned(), namespace.map(str::to_owned)));
            }
        }
    }
    Ok(found)
}
