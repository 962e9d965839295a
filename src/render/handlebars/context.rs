//! What templates see.

use serde_json::{Map, Value, json};

use super::{super::Request, values::Values};

/// Where `app.*` and `kube.*` come from.
pub(super) const SOURCES: [(&str, &str); 9] = [
    ("app.name", "ARGOCD_APP_NAME"),
    ("app.namespace", "ARGOCD_APP_NAMESPACE"),
    ("app.project", "ARGOCD_APP_PROJECT_NAME"),
    ("app.revision", "ARGOCD_APP_REVISION"),
    ("app.repoUrl", "ARGOCD_APP_SOURCE_REPO_URL"),
    ("app.path", "ARGOCD_APP_SOURCE_PATH"),
    ("app.targetRevision", "ARGOCD_APP_SOURCE_TARGET_REVISION"),
    ("kube.version", "KUBE_VERSION"),
    ("kube.apiVersions", "KUBE_API_VERSIONS"),
];

/// Returns `app`, `environment`, `kube`, `parameters` and `values`. What Argo CD did not tell is not set.
pub(super) fn of(request: &Request<'_>, values: &Values) -> Value {
    let app = request.app;
    let told = |pairs: &[(&str, &Option<String>)]| -> Map<String, Value> {
        let told =
            pairs.iter().filter_map(|(key, value)| Some(((*key).to_owned(), value.as_deref()?.into())));
        told.collect()
    };
    let mut kube = told(&[("version", &app.kube_version)]);
    kube.insert("apiVersions".to_owned(), json!(app.api_versions));
    json!({
        "app": told(&[
            ("name", &app.short_name().map(str::to_owned)),
            ("namespace", &app.namespace),
            ("project", &app.project),
            ("revision", &app.revision),
            ("repoUrl", &app.repo_url),
            ("path", &app.path),
            ("targetRevision", &app.target_revision),
        ]),
        "environment": request.settings.environment.name,
        "kube": kube,
        "parameters": request.settings.handlebars.parameters,
        "values": values.merged,
    })
}
