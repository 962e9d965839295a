//! What Argo CD's own Helm and Kustomize sources have in common.

use std::{collections::BTreeMap, ffi::OsString};

use super::{Request, process::environment, redact::Secrets, scratch::Scratch};
use crate::{
    argocd::{self, App},
    error::Problem,
    exit::Exit,
};

/// Returns `text` with the variables of Argo CD's build environment in it.
pub(super) fn expand(text: &str, app: &App) -> String {
    argocd::expand(text, |name| variable(name, app))
}

/// Whether `text` begins with one of the variables that [`expand`] knows.
pub(super) fn begins_with_variable(text: &str) -> bool {
    text.strip_prefix('$').is_some_and(|after| {
        argocd::variable_name(after).0.is_some_and(|name| name == "$" || name.starts_with("ARGOCD_APP_"))
    })
}

/// `reposerver/repository/repository.go`, `newEnv`.
fn variable<'a>(name: &str, app: &'a App) -> Option<&'a str> {
    let revision = app.revision.as_deref();
    match name {
        "ARGOCD_APP_NAME" => app.name.as_deref(),
        "ARGOCD_APP_NAMESPACE" => app.namespace.as_deref(),
        "ARGOCD_APP_PROJECT_NAME" => app.project.as_deref(),
        "ARGOCD_APP_REVISION" => revision,
        "ARGOCD_APP_REVISION_SHORT" => revision.map(|revision| revision.get(..7).unwrap_or(revision)),
        "ARGOCD_APP_REVISION_SHORT_8" => revision.map(|revision| revision.get(..8).unwrap_or(revision)),
        "ARGOCD_APP_SOURCE_REPO_URL" => app.repo_url.as_deref(),
        "ARGOCD_APP_SOURCE_PATH" => app.path.as_deref(),
        "ARGOCD_APP_SOURCE_TARGET_REVISION" => app.target_revision.as_deref(),
        _ => None,
    }
}

/// Returns the Kubernetes version for a tool: `set`, or else that of the destination cluster, in numbers alone.
///
/// Without what Kubernetes allows in a version and a tool may not (`v`, `+k3s1`), as in Argo CD's `parseKubeVersion`.
pub(super) fn kube_version(set: Option<&str>, app: &App) -> Result<Option<String>, Problem> {
    let Some(version) = set.filter(|version| !version.is_empty()).or(app.kube_version.as_deref()) else {
        return Ok(None);
    };
    let text = version.trim_start();
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(text.len());
    let numbers = text[..end].trim_end_matches('.');
    let sound = |number: &str| !number.is_empty() && (number == "0" || !number.starts_with('0'));
    if numbers.contains('.') && numbers.split('.').all(sound) {
        return Ok(Some(numbers.to_owned()));
    }
    Err(Problem::new(Exit::SETTINGS, format!("`{version}` is no Kubernetes version"))
        .hint("`kubeVersion`, or else KUBE_VERSION, must begin with numbers such as `1.34.2`"))
}

/// Returns the API versions for a tool: those that are set, or else those of the destination cluster.
pub(super) fn api_versions<'a>(set: &'a [String], app: &'a App) -> &'a [String] {
    if set.is_empty() { &app.api_versions } else { set }
}

/// Returns the environment in which a tool runs.
pub(super) fn environment(request: &Request<'_>, scratch: &Scratch) -> BTreeMap<String, OsString> {
    let settings = request.settings;
    environment::child(
        &request.tools.environment,
        &settings.child_environment,
        settings.allow.git_protocol,
        scratch.path(),
    )
}

/// Returns what no tool's stderr may show: the values of `ARGOCD_ENV_*` and of the sidecar's own variables, but not
/// words that name the app or what it is.
pub(super) fn secrets(request: &Request<'_>) -> Secrets {
    let app = request.app;
    let mut secrets = Secrets::default();
    app.env.values().for_each(|value| secrets.add(value));
    environment::secrets(&request.tools.environment).for_each(|value| secrets.add(value));
    let facts = [&app.name, &app.namespace, &app.project, &app.revision, &app.path, &app.target_revision];
    let words = facts.into_iter().flatten().map(String::as_str).chain(app.short_name());
    let path = request.dir.iter().filter_map(|part| part.to_str());
    words
        .chain(path)
        .chain([request.settings.environment.name.as_str()])
        .for_each(|word| secrets.publish(word));
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app() -> App {
        App {
            name: Some("team_catalog".into()),
            revision: Some("0123456789abcdef".into()),
            path: Some("apps/catalog".into()),
            kube_version: Some("1.34.2".into()),
            api_versions: vec!["v1".into(), "batch/v1/Job".into()],
            ..App::default()
        }
    }

    #[test]
    fn variables_are_expanded_as_go_expands_them() {
        for (text, expanded) in [
            ("plain", "plain"),
            ("$ARGOCD_APP_NAME.yaml", "team_catalog.yaml"),
            ("a-${ARGOCD_APP_REVISION_SHORT}-b", "a-0123456-b"),
            ("$ARGOCD_APP_REVISION_SHORT_8$ARGOCD_APP_REVISION", "012345670123456789abcdef"),
            ("$ARGOCD_APP_NAMESPACE|$HOME|${UNKNOWN}", "||"),
            ("$$HOME costs 5$", "$HOME costs 5$"),
            ("${$}x", "$x"),
            ("$1$*$?x", "x"),
            ("a$ b$.c", "a$ b$.c"),
            ("a${}b${c", "abc"),
            ("$äx", "$äx"),
        ] {
            assert_eq!(expand(text, &app()), expanded, "{text}");
        }
        let short = App { revision: Some("abc".into()), ..App::default() };
        assert_eq!(expand("$ARGOCD_APP_REVISION_SHORT", &short), "abc");
    }

    #[test]
    fn a_reference_to_another_source_is_no_variable() {
        assert!(begins_with_variable("$ARGOCD_APP_NAME.yaml"));
        assert!(begins_with_variable("${ARGOCD_APP_SOURCE_PATH}/x.yaml"));
        assert!(!begins_with_variable("$values/x.yaml"));
        assert!(!begins_with_variable("values.yaml"));
    }

    #[test]
    fn a_version_is_reduced_to_its_numbers() {
        for (version, numbers) in [
            ("1.34.2", "1.34.2"),
            ("v1.33.1+k3s1", "1.33.1"),
            ("1.34", "1.34"),
            ("1.30.0-gke.1", "1.30.0"),
            (" v1.2.", "1.2"),
        ] {
            assert_eq!(kube_version(Some(version), &app()).unwrap().as_deref(), Some(numbers), "{version}");
        }
        for version in ["1", "latest", "1.034", "1..2", "v"] {
            assert_eq!(kube_version(Some(version), &app()).unwrap_err().exit, Exit::SETTINGS, "{version}");
        }
    }

    #[test]
    fn the_cluster_gives_what_is_not_set() {
        assert_eq!(kube_version(None, &app()).unwrap().as_deref(), Some("1.34.2"));
        assert_eq!(kube_version(Some(""), &app()).unwrap().as_deref(), Some("1.34.2"));
        assert_eq!(kube_version(None, &App::default()).unwrap(), None);
        assert_eq!(api_versions(&[], &app()), ["v1", "batch/v1/Job"]);
        assert_eq!(api_versions(&["apps/v1".into()], &app()), ["apps/v1"]);
    }
}
