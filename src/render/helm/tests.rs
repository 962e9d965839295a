use std::{fs, time::Duration};

use serde_json::json;

use super::*;
use crate::{
    argocd::App,
    render::{Deadline, Root, Tools},
    settings::{Allow, HelmOptions, Settings},
};

fn app() -> App {
    App {
        name: Some("argocd_catalog".into()),
        namespace: Some("shop".into()),
        kube_version: Some("1.34.2".into()),
        api_versions: vec!["v1".into(), "batch/v1/Job".into()],
        env: [("TOKEN".to_owned(), "swordfish".to_owned())].into(),
        ..App::default()
    }
}

fn with<T>(app: &App, helm: HelmOptions, use_it: impl Fn(&Request<'_>) -> T) -> T {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().canonicalize().unwrap();
    fs::write(dir.join("values-dev.yaml"), "").unwrap();
    use_it(&Request {
        dir: &dir,
        root: &Root::find(&dir, Some(".")).unwrap(),
        settings: &Settings {
            helm,
            allow: Allow { remote_values: true, ..Allow::default() },
            ..Settings::default()
        },
        app,
        tools: &Tools::default(),
        deadline: Deadline::after(Duration::from_secs(9)),
    })
}

fn arguments_of(app: &App, helm: HelmOptions) -> Vec<String> {
    with(app, helm, arguments).unwrap().into_iter().map(|arg| arg.into_string().unwrap()).collect()
}

#[test]
fn without_settings_the_call_is_argo_cds() {
    assert_eq!(
        arguments_of(&app(), HelmOptions::default()).join(" "),
        "template . --name-template catalog --namespace shop --kube-version 1.34.2 \
         --api-versions v1 --api-versions batch/v1/Job --include-crds"
    );
    assert_eq!(arguments_of(&App::default(), HelmOptions::default()).join(" "), "template . --include-crds");
}

#[test]
fn every_setting_is_an_argument() {
    let map = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
    let helm = HelmOptions {
        release_name: Some("shop".into()),
        namespace: Some("other".into()),
        values: Some("a: 1".into()),
        parameters: map("image.tag", "${ARGOCD_APP_NAME},x"),
        string_parameters: map("port", "$$80"),
        file_parameters: map("ca", "https://example.com/a,b"),
        skip_crds: true,
        skip_tests: true,
        skip_schema_validation: true,
        kube_version: Some("v1.30.1+k3s1".into()),
        api_versions: vec!["apps/v1".into()],
        ..HelmOptions::default()
    };
    assert_eq!(
        arguments_of(&app(), helm).join(" "),
        r"template . --name-template shop --namespace other --kube-version 1.30.1 --set image.tag=argocd_catalog\,x --set-string port=$80 --set-file ca=https://example.com/a\,b --values - --api-versions apps/v1 --skip-schema-validation --skip-tests"
    );
}

#[test]
fn every_problem_is_reported_at_once() {
    let helm = HelmOptions {
        kube_version: Some("latest".into()),
        file_parameters: [("ca".to_owned(), "../ca".to_owned())].into(),
        value_files: vec!["missing.yaml".into(), "values-dev.yaml".into()],
        ..HelmOptions::default()
    };
    let problems = with(&app(), helm, arguments).unwrap_err();
    let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`latest` is no Kubernetes version",
            "`../ca` leads out of the repository",
            "there is no values file `missing.yaml`",
        ]
    );
}

#[test]
fn values_are_text_or_an_object_which_wins() {
    fn values_text(request: &Request<'_>) -> Option<String> {
        values(request).map(|bytes| String::from_utf8(bytes).unwrap())
    }
    let object = json!({"b": 2}).as_object().cloned();
    let of = |values_object, values| {
        with(&app(), HelmOptions { values, values_object, ..HelmOptions::default() }, values_text)
    };
    assert_eq!(of(None, None), None);
    assert_eq!(of(None, Some("a: 1 # as it is\n".into())).unwrap(), "a: 1 # as it is\n");
    assert_eq!(of(object, Some("a: 1".into())).unwrap(), r#"{"b":2}"#);
}

#[test]
fn what_was_handed_over_is_held_back() {
    let helm = HelmOptions {
        release_name: Some("release-x".into()),
        values: Some("db: {password: from-values}".into()),
        values_object: json!({"key": ["from-object"]}).as_object().cloned(),
        parameters: [("a".to_owned(), "from-parameter".to_owned()), ("b".to_owned(), "release-x".to_owned())]
            .into(),
        string_parameters: [("c".to_owned(), "$ARGOCD_APP_NAMESPACE-suffix".to_owned())].into(),
        ..HelmOptions::default()
    };
    let text =
        "from-values from-object from-parameter shop-suffix swordfish release-x catalog shop production";
    assert_eq!(
        with(&app(), helm, |request| secrets(request).redact(text)),
        "[redacted] [redacted] [redacted] [redacted] [redacted] release-x catalog shop production"
    );
}

#[test]
fn a_release_name_is_no_template() {
    for name in ["shop", "shop-1.dev", "1"] {
        assert_eq!(release_name(name).unwrap(), name);
    }
    for name in ["", "{{ env \"TOKEN\" }}", "a{{/* */}}", "-a", "a-", "a..b", "A", "a_b", "a\nb"] {
        assert!(release_name(name).is_err(), "{name:?}");
    }
}
