//! Which layer wins, and what each can say.

use std::time::Duration;

use presync::settings::{Layer, Phase, Settings, Strategy, Trigger, Ttl};

use super::run::run;

fn ttl(seconds: u64) -> Ttl {
    Ttl::After(Duration::from_secs(seconds))
}

#[test]
fn with_nothing_said_the_defaults_hold() {
    let loaded = run().ok();
    let settings = &loaded.settings;
    assert_eq!(settings.environment.name, "production");
    assert_eq!(settings.job, Settings::default().job);
    assert_eq!(settings.job.ttl.source(), "default for production");
    assert_eq!(settings.timeout, Duration::from_secs(50));
    assert!(loaded.rows.iter().all(|row| row.is_default));
}

#[test]
fn each_layer_wins_over_those_before() {
    let platform = || run().platform_file("strategy: once");
    let app_file = || platform().app_file("strategy: extend");
    let env = || app_file().env("ARGOCD_ENV_PRESYNC_STRATEGY", "off");
    let parameter = || env().parameters(r#"[{"name": "strategy", "string": "once"}]"#);
    let flag = || parameter().flag("strategy", "hook");
    for (run, strategy, layer) in [
        (run(), Strategy::Hook, Layer::BuiltIn),
        (platform(), Strategy::Once, Layer::Platform),
        (app_file(), Strategy::Extend, Layer::AppFile),
        (env(), Strategy::Off, Layer::Env("ARGOCD_ENV_PRESYNC_STRATEGY".into())),
        (parameter(), Strategy::Once, Layer::Parameter),
        (flag(), Strategy::Hook, Layer::Flag),
    ] {
        let found = run.ok().settings.job.strategy;
        assert_eq!((found.value, found.layer), (strategy, layer));
    }
}

#[test]
fn what_is_empty_is_not_set() {
    let settings = run()
        .platform_file("")
        .app_file("strategy: once\nttl: ''\nphase:\nhelm:\nenvironments:\n")
        .env("ARGOCD_ENV_PRESYNC_STRATEGY", "")
        .env("ARGOCD_ENV_ENVIRONMENT", "")
        .env("ARGOCD_APP_NAME", "")
        .parameters(r#"[{"name": "strategy", "string": ""}, {"name": "helm.valueFiles", "string": ""}, {"name": "ttl"}]"#)
        .flag("strategy", "")
        .ok()
        .settings;
    assert_eq!(settings.job.strategy.value, Strategy::Once);
    assert_eq!(settings.job.phase.value, Phase::Auto);
    assert_eq!(settings.environment.name, "production");
}

#[test]
fn parameters_may_be_absent_null_or_empty() {
    for json in ["", " ", "null", "[]"] {
        assert!(run().parameters(json).load().is_ok(), "{json:?}");
    }
}

#[test]
fn parameters_come_in_three_shapes() {
    let settings = run()
        .app_file("helm:\n  valueFiles: [old.yaml]\n  parameters: {replicas: 1, image.tag: v1}\n")
        .parameters(
            r#"[{"name": "helm.valueFiles", "array": ["a.yaml", "", "b.yaml"]},
                {"name": "helm.parameters", "map": {"image.tag": "v2", "empty": ""}},
                {"name": "helm.skipCrds", "string": "true"},
                {"name": "kustomize.patches", "string": "- target: {kind: Job}\n  patch: x\n"},
                {"name": "kustomize.replicas", "map": {"web": "3"}},
                {"name": "helm.values", "string": "a: 1\n"},
                {"name": "values", "string": "a: {b: 1}"}]"#,
        )
        .ok()
        .settings;
    assert_eq!(settings.helm.value_files, ["a.yaml", "b.yaml"]);
    let parameters: Vec<_> = settings.helm.parameters.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(parameters, [("empty", ""), ("image.tag", "v2"), ("replicas", "1")]);
    assert!(settings.helm.skip_crds);
    assert_eq!(settings.kustomize.patches[0]["target"]["kind"], "Job");
    assert_eq!(settings.kustomize.replicas["web"], 3);
    assert_eq!(settings.helm.values.as_deref(), Some("a: 1\n"));
    assert_eq!(settings.handlebars.values["a"]["b"], 1);
}

#[test]
fn an_empty_array_replaces_a_list() {
    let run = run().app_file("valueFiles: [a.yaml]").parameters(r#"[{"name": "valueFiles", "array": []}]"#);
    assert!(run.ok().settings.handlebars.value_files.is_empty());
}

#[test]
fn the_environment_chooses_what_a_file_says_for_it() {
    let file = "ttl: 10m\ntrigger: inputs\nenvironments:\n  prod: {ttl: keep, guards: {activeDeadlineSeconds: 15m}}\n  \
                staging: {ttl: 1h, helm: {valueFiles: [s.yaml]}}\n  prod-eu: {trigger: none}\n";
    for (environment, expected, source, trigger, deadline) in [
        ("dev", ttl(600), "presync.yaml", Trigger::Inputs, None),
        ("stg", ttl(3600), "presync.yaml for staging", Trigger::Inputs, None),
        ("production", Ttl::Keep, "presync.yaml for production", Trigger::Inputs, Some(900)),
        ("prod-eu", Ttl::Keep, "presync.yaml for production", Trigger::None, Some(900)),
    ] {
        let settings = run().app_file(file).flag("environment", environment).ok().settings;
        assert_eq!(settings.job.ttl.value, expected, "{environment}");
        assert_eq!(settings.job.ttl.source(), source, "{environment}");
        assert_eq!(settings.job.trigger.value, trigger, "{environment}");
        assert_eq!(
            settings.job.guards.active_deadline.value,
            deadline.map(Duration::from_secs),
            "{environment}"
        );
    }
}

#[test]
fn a_later_layer_wins_over_an_earlier_ones_environment() {
    let platform = "environments: {staging: {ttl: 1h}, production: {ttl: 2h}}";
    let run = || run().platform_file(platform).app_file("ttl: 5m");
    assert_eq!(run().flag("environment", "staging").ok().settings.job.ttl.value, ttl(300));
    assert_eq!(run().ok().settings.job.ttl.value, ttl(300));
}

#[test]
fn the_default_ttl_keeps_production_only() {
    for (environment, expected) in [
        ("production", Ttl::Keep),
        ("prod-eu", Ttl::Keep),
        ("dev", ttl(300)),
        ("sandbox", ttl(300)),
        ("dev2", ttl(300)),
    ] {
        assert_eq!(
            run().flag("environment", environment).ok().settings.job.ttl.value,
            expected,
            "{environment}"
        );
    }
}

#[test]
fn one_text_is_enough_for_every_shape() {
    let settings = run()
        .env("ARGOCD_ENV_PRESYNC_HELM_VALUE_FILES", "a.yaml, values-{x,y}.yaml")
        .env("ARGOCD_ENV_PRESYNC_MIGRATIONS_SELECTOR", "app=a,tier=db\nmigration")
        .env("ARGOCD_ENV_PRESYNC_HELM_PARAMETERS", "image.tag=v1\nlist={a,b}")
        .env("ARGOCD_ENV_PRESYNC_KUSTOMIZE_REPLICAS", "{web: 2}")
        .env("ARGOCD_ENV_PRESYNC_VALUES", "{a: {b: [1]}}")
        .env("ARGOCD_ENV_PRESYNC_ALLOW_EMPTY", "true")
        .env("ARGOCD_ENV_PRESYNC_TIMEOUT", "20")
        .flag("kustomize.images", "a:1")
        .flag("kustomize.images", "b:2,c:3")
        .flag("helm.stringParameters", "a=1")
        .flag("helm.stringParameters", "b=x=y")
        .ok()
        .settings;
    assert_eq!(settings.helm.value_files, ["a.yaml", "values-{x,y}.yaml"]);
    assert_eq!(settings.selectors.labels.len(), 2);
    assert_eq!(settings.helm.parameters["list"], "{a,b}");
    assert_eq!(settings.kustomize.replicas["web"], 2);
    assert_eq!(settings.handlebars.values["a"]["b"][0], 1);
    assert!(settings.allow_empty);
    assert_eq!(settings.timeout, Duration::from_secs(20));
    assert_eq!(settings.kustomize.images, ["a:1", "b:2", "c:3"]);
    assert_eq!(settings.helm.string_parameters["b"], "x=y");
}

#[test]
fn migrations_are_named_by_globs() {
    let settings =
        run().app_file("migrations: {names: ['*-seed', 'db-{a,b}'], exclude: ['*-test']}").ok().settings;
    for (name, is_migration) in [("catalog-seed", true), ("db-a", true), ("db-c", false), ("seed", false)] {
        assert_eq!(settings.selectors.names.is_match(name), is_migration, "{name}");
    }
    assert!(settings.selectors.exclude.is_match("catalog-test"));
}

#[test]
fn the_environment_has_a_reason() {
    for (run, name, reason) in [
        (run().env("ARGOCD_APP_NAME", "catalog-dev"), "dev", "token `dev` in the app's name"),
        (run().app_file("environment: prod"), "production", "set by presync.yaml"),
        (
            run().env("ARGOCD_ENV_ENVIRONMENT", "dev").env("ARGOCD_APP_NAME", "catalog-prod"),
            "dev",
            "set by environment variable ARGOCD_ENV_ENVIRONMENT",
        ),
        (
            run().env("ARGOCD_ENV_ENVIRONMENT", "dev").env("ARGOCD_ENV_PRESYNC_ENVIRONMENT", "qa"),
            "test",
            "set by environment variable ARGOCD_ENV_PRESYNC_ENVIRONMENT",
        ),
        (
            run()
                .platform_file("environmentRules: [{name: 'cat*', environment: stg}]")
                .env("ARGOCD_APP_NAME", "catalog"),
            "staging",
            "rule 1 of `environmentRules` in the platform file",
        ),
    ] {
        let environment = run.ok().settings.environment;
        assert_eq!((environment.name.as_str(), environment.reason.as_str()), (name, reason));
    }
}

#[test]
fn explain_shows_each_setting_and_no_secret() {
    let loaded = run()
        .app_file("environments: {dev: {ttl: 10m}}\nhelm: {values: 's3cret: 1', parameters: {a: s3cret, b: s3cret}}\nvalues: {a: s3cret}")
        .env("ARGOCD_ENV_ENVIRONMENT", "dev")
        .parameters(r#"[{"name": "helm.valueFiles", "array": ["a.yaml", "b.yaml"]}]"#)
        .flag("allowEmpty", "true")
        .ok();
    let rows: Vec<_> = loaded.rows.iter().filter(|row| !row.is_default).map(ToString::to_string).collect();
    assert_eq!(
        rows,
        [
            "environment: dev  (set by environment variable ARGOCD_ENV_ENVIRONMENT)",
            "environments: (1 entry)  (presync.yaml)",
            "allowEmpty: true  (flag)",
            "ttl: 10m  (presync.yaml for dev)",
            "values: (1 entry)  (presync.yaml)",
            "helm.valueFiles: a.yaml, b.yaml  (parameter)",
            "helm.values: (not shown)  (presync.yaml)",
            "helm.parameters: (2 entries)  (presync.yaml)",
        ]
    );
}
