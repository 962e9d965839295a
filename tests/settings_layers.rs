//! The layers of settings, from the files, variables and flags to what is effective.

use std::{collections::BTreeMap, fs, time::Duration};

use presync::{
    error::Problems,
    exit::Exit,
    settings::{self, Inputs, Layer, Loaded, Phase, Strategy, Trigger, Ttl},
};
use tempfile::TempDir;

/// A run with files in a directory of its own.
#[derive(Default)]
struct Run {
    env: Vec<(&'static str, String)>,
    app_file: Option<&'static str>,
    platform_file: Option<&'static str>,
    flags: Vec<(&'static str, &'static str)>,
}

impl Run {
    fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    fn parameters(self, json: &str) -> Self {
        self.env("ARGOCD_APP_PARAMETERS", json)
    }

    fn app_file(self, text: &'static str) -> Self {
        Self { app_file: Some(text), ..self }
    }

    fn platform_file(self, text: &'static str) -> Self {
        Self { platform_file: Some(text), ..self }
    }

    fn flag(mut self, name: &'static str, text: &'static str) -> Self {
        self.flags.push((name, text));
        self
    }

    fn load(&self) -> Result<Loaded, Problems> {
        let dir = TempDir::new().unwrap();
        let mut env: BTreeMap<_, _> = self.env.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        if let Some(text) = self.app_file {
            fs::write(dir.path().join("presync.yaml"), text).unwrap();
        }
        if let Some(text) = self.platform_file {
            let path = dir.path().join("platform.yaml");
            fs::write(&path, text).unwrap();
            env.insert("PRESYNC_CONFIG".into(), path.to_str().unwrap().into());
        }
        let mut flags = settings::Flags::new();
        for (name, text) in &self.flags {
            flags.entry((*name).to_owned()).or_default().push((*text).to_owned());
        }
        settings::load(&Inputs { env, app_dir: Some(dir.path().to_owned()), flags })
    }

    #[track_caller]
    fn ok(&self) -> Loaded {
        self.load().unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// The text of all problems, with the temporary directory left out.
    #[track_caller]
    fn err(&self) -> String {
        let problems = self.load().expect_err("a problem");
        assert_eq!(problems.exit(), Exit::SETTINGS);
        let text = problems.to_string();
        assert!(!text.contains("s3cret"), "{text}");
        let lines = text.lines().map(|line| match line.split_once("  at: /") {
            Some((_, path)) => format!("  at: {}", path.rsplit('/').next().unwrap()),
            None => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn run() -> Run {
    Run::default()
}

fn ttl(seconds: u64) -> Ttl {
    Ttl::After(Duration::from_secs(seconds))
}

#[test]
fn with_nothing_said_the_defaults_hold() {
    let loaded = run().ok();
    let settings = &loaded.settings;
    assert_eq!(settings.environment.name, "production");
    assert_eq!(settings.job, settings::Settings::default().job);
    assert_eq!(settings.job.ttl.source(), "default for production");
    assert_eq!(settings.timeout, Duration::from_secs(50));
    assert!(loaded.rows.iter().all(|row| row.is_default));
}

#[test]
fn each_layer_wins_over_those_before() {
    let platform = || run().platform_file("strategy: keep");
    let app_file = || platform().app_file("strategy: extend");
    let env = || app_file().env("ARGOCD_ENV_PRESYNC_STRATEGY", "off");
    let parameter = || env().parameters(r#"[{"name": "strategy", "string": "keep"}]"#);
    let flag = || parameter().flag("strategy", "hook");
    for (run, strategy, layer) in [
        (run(), Strategy::Hook, Layer::BuiltIn),
        (platform(), Strategy::Keep, Layer::Platform),
        (app_file(), Strategy::Extend, Layer::AppFile),
        (env(), Strategy::Off, Layer::Env("ARGOCD_ENV_PRESYNC_STRATEGY".into())),
        (parameter(), Strategy::Keep, Layer::Parameter),
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
        .app_file("strategy: keep\nttl: ''\nphase:\nhelm:\nenvironments:\n")
        .env("ARGOCD_ENV_PRESYNC_STRATEGY", "")
        .env("ARGOCD_ENV_ENVIRONMENT", "")
        .env("ARGOCD_APP_NAME", "")
        .parameters(r#"[{"name": "strategy", "string": ""}, {"name": "helm.valueFiles", "string": ""}, {"name": "ttl"}]"#)
        .flag("strategy", "")
        .ok()
        .settings;
    assert_eq!(settings.job.strategy.value, Strategy::Keep);
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
fn the_platform_locks_settings_and_groups() {
    let platform = "ttl: keep\nlocked:\n  ttl: auditors read finished Jobs\n  kustomize: one way to build\n";
    let text = run()
        .platform_file(platform)
        .app_file("environments: {dev: {ttl: 5m}}\nkustomize: {namePrefix: s3cret}\nphase: Sync")
        .env("ARGOCD_ENV_PRESYNC_TTL", "5m")
        .parameters(r#"[{"name": "ttl", "string": "5m"}]"#)
        .flag("ttl", "5m")
        .err();
    assert_eq!(
        text,
        "error: `ttl` under `environments.dev` is locked by the platform file\n  at: presync.yaml\n\
         hint: the platform's reason: auditors read finished Jobs\n\
         error: `kustomize.namePrefix` is locked by the platform file\n  at: presync.yaml\n\
         hint: the platform's reason: one way to build\n\
         error: environment variable `ARGOCD_ENV_PRESYNC_TTL` is locked by the platform file\n\
         hint: the platform's reason: auditors read finished Jobs\n\
         error: parameter `ttl` is locked by the platform file\n\
         hint: the platform's reason: auditors read finished Jobs\n\
         error: flag `--ttl` is locked by the platform file\n\
         hint: the platform's reason: auditors read finished Jobs"
    );
}

#[test]
fn unknown_names_are_errors_in_every_layer() {
    let text = run()
        .platform_file("ttlFlor: 1m\nlocked: {helm.valeus: s3cret}")
        .app_file("stratgy: s3cret\nhelm:\n  valueFile: s3cret\nreleaseName: s3cret\nhelm.values: s3cret\nttlFloor: 5")
        .env("ARGOCD_ENV_PRESYNC_HELM_VALUEFILES", "s3cret")
        .env("ARGOCD_ENV_PRESYNC_TTL_FLOOR", "s3cret")
        .env("ARGOCD_ENV_OTHER", "s3cret")
        .env("PRESYNC_SERVICE_HOST", "s3cret")
        .parameters(r#"[{"name": "enviroment", "string": "s3cret"}, {"name": "locked", "map": {}}, {"name": "xyz"}]"#)
        .err();
    for expected in [
        "error: `ttlFlor` is not a setting\n  at: platform.yaml\nhint: did you mean `ttlFloor`?",
        "error: `locked` holds `helm.valeus`, which is neither a setting nor a group of them\n  at: platform.yaml\n\
         hint: did you mean `helm.values`?",
        "error: `stratgy` is not a setting\n  at: presync.yaml\nhint: did you mean `strategy`?",
        "error: `helm.valueFile` is not a setting\n  at: presync.yaml\nhint: did you mean `helm.valueFiles`?",
        "error: `releaseName` is not a setting\n  at: presync.yaml\nhint: did you mean `helm.releaseName`?",
        "error: `helm.values` is written in two levels\n  at: presync.yaml\nhint: write `helm:` and",
        "error: `ttlFloor` cannot be set by `presync.yaml`\n  at: presync.yaml\n\
         hint: `ttlFloor` can be set by the platform file",
        "error: environment variable `ARGOCD_ENV_PRESYNC_HELM_VALUEFILES` is not a setting\n\
         hint: did you mean `ARGOCD_ENV_PRESYNC_HELM_VALUE_FILES`?",
        "error: environment variable `ARGOCD_ENV_PRESYNC_TTL_FLOOR` cannot be set by an environment variable",
        "error: parameter `enviroment` is not a setting\nhint: did you mean `environment`?",
        "error: parameter `locked` cannot be set by a parameter\nhint: `locked` can be set by the platform file",
        "error: parameter `xyz` is not a setting\nhint: `presync schema` and the reference page list all settings",
    ] {
        assert!(text.contains(expected), "lacks:\n{expected}\n\nin:\n{text}");
    }
    assert_eq!(text.matches("error:").count(), 12, "{text}");
}
