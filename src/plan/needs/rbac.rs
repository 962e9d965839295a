//! ServiceAccounts, and what gives them rights.

use serde_json::Value;

use crate::{
    error::Result,
    manifest::Header,
    plan::{
        app::index::Index,
        needs::Relation,
        pod::references::{self, Reference},
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

/// The app's bindings that name the account, whether or not the app renders the account itself.
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

/// What a binding names: its role.
pub(crate) fn of_binding(binding: &Value) -> Vec<Reference> {
    let role = &binding["roleRef"];
    let reference = |kind| references::reference("roleRef", kind, Relation::Identity, &role["name"]);
    role["kind"].as_str().and_then(reference).into_iter().collect()
}

/// What a ServiceAccount names: its Secrets and those for pulling images.
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
