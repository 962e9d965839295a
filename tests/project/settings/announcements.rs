//! What `presync parameters` announces for one app.

use std::collections::BTreeMap;

use presync::{
    argocd::Announcement,
    settings::{RendererKind, announce},
};

use super::run::{Run, run};

fn announced(run: &Run, renderer: Option<RendererKind>) -> BTreeMap<String, Announcement> {
    let (_dir, inputs) = run.inputs();
    let list = announce::for_app(&inputs, renderer);
    list.into_iter().map(|announcement| (announcement.name.clone(), announcement)).collect()
}

#[test]
fn only_the_options_of_the_renderer_are_announced() {
    let names = |renderer| announced(&run(), renderer).into_keys().collect::<Vec<_>>();
    let helm = names(Some(RendererKind::Helm));
    assert!(helm.contains(&"helm.valueFiles".into()) && helm.contains(&"strategy".into()));
    assert!(!helm.iter().any(|name| name.starts_with("kustomize.") || name == "valueFiles"));
    assert!(names(Some(RendererKind::Handlebars)).contains(&"valueFiles".into()));
    assert!(names(None).len() > helm.len());
    for name in ["ttlFloor", "environmentRules", "locked", "environments", "migration", "reason"] {
        assert!(!names(None).contains(&name.into()), "{name}");
    }
}

#[test]
fn defaults_are_those_without_the_parameter() {
    let run = run()
        .platform_file("strategy: once")
        .app_file(
            "environment: stg\nhelm: {valueFiles: [a.yaml], parameters: {token: s3cret}}\nallowEmpty: true",
        )
        .env("ARGOCD_ENV_PRESYNC_PHASE", "Sync")
        .parameters(r#"[{"name": "strategy", "string": "off"}, {"name": "environment", "string": "dev"}]"#);
    let announced = announced(&run, Some(RendererKind::Helm));
    for (name, value) in [
        ("strategy", "once"),
        ("phase", "Sync"),
        ("environment", "staging"),
        ("allowEmpty", "true"),
        ("ttl", "5m"),
    ] {
        assert_eq!(announced[name].string.as_deref(), Some(value), "{name}");
    }
    assert_eq!(announced["helm.valueFiles"].array, ["a.yaml"]);
    let json = serde_json::to_string(&announced["helm.parameters"]).unwrap();
    assert!(json.contains(r#""collectionType":"map""#) && !json.contains("s3cret"), "{json}");
}

#[test]
fn what_depends_on_the_environment_waits_until_that_is_sure() {
    let announced = announced(&run().env("ARGOCD_APP_NAME", "catalog-dev").app_file("trigger: inputs"), None);
    assert_eq!(announced["environment"].string, None);
    assert_eq!(announced["ttl"].string, None);
    assert!(announced["ttl"].tooltip.ends_with("Default: keep in production, 5m elsewhere."));
    assert_eq!(announced["trigger"].string.as_deref(), Some("inputs"));
}

#[test]
fn the_form_comes_up_whatever_is_wrong() {
    let broken = run().app_file("ttl: [").parameters("s3cret").env("PRESYNC_CONFIG", "/nowhere");
    assert_eq!(announced(&broken, None)["strategy"].string.as_deref(), Some("hook"));
}

#[test]
fn a_form_needs_no_markup() {
    for announcement in announce::for_every_app().iter().chain(announced(&run(), None).values()) {
        assert!(!announcement.tooltip.contains('`'), "{}", announcement.tooltip);
        assert!(announcement.tooltip.ends_with('.'), "{}", announcement.tooltip);
        assert!(!announcement.title.is_empty());
    }
}
