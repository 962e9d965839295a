//! Problems: all of a run, with their place, and without values.

use presync::settings::table::table;
use proptest::prelude::*;

use super::run::run;

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
        "error: `ttl` under `environments.dev` is locked by the platform file\n  at: presync.yaml:1\n\
         hint: the platform's reason: auditors read finished Jobs\n\
         error: `kustomize.namePrefix` is locked by the platform file\n  at: presync.yaml:2\n\
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
        "error: `ttlFlor` is not a setting\n  at: platform.yaml:1\nhint: did you mean `ttlFloor`?",
        "error: `locked` holds `helm.valeus`, which is neither a setting nor a group of them\n  at: platform.yaml:2\n\
         hint: did you mean `helm.values`?",
        "error: `stratgy` is not a setting\n  at: presync.yaml:1\nhint: did you mean `strategy`?",
        "error: `helm.valueFile` is not a setting\n  at: presync.yaml:3\nhint: did you mean `helm.valueFiles`?",
        "error: `releaseName` is not a setting\n  at: presync.yaml:4\nhint: did you mean `helm.releaseName`?",
        "error: `helm.values` is written in two levels\n  at: presync.yaml:5\nhint: write `helm:` and",
        "error: `ttlFloor` cannot be set by `presync.yaml`\n  at: presync.yaml:6\n\
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

#[test]
fn a_wrong_value_says_what_is_right() {
    for (file, problem) in [
        ("allowEmpty: s3cret", "`allowEmpty` must be `true` or `false`"),
        ("allowEmpty: 1", "`allowEmpty` must be `true` or `false`"),
        ("timeout: s3cret", "`timeout` must be a duration such as `300`, `300s`, `5m` or `1h`"),
        ("timeout: -1", "`timeout` must be a duration such as `300`, `300s`, `5m` or `1h`"),
        ("timeout: 1.5", "`timeout` must be a duration such as `300`, `300s`, `5m` or `1h`"),
        ("ttl: never", "`ttl` must be `keep` or a duration such as `300`, `300s`, `5m` or `1h`"),
        ("strategy: s3cret", "`strategy` must be one of `hook`, `once`, `extend`, `off`"),
        (
            "strategy: extent",
            "`strategy` must be one of `hook`, `once`, `extend`, `off`; did you mean `extend`?",
        ),
        (
            "strategy: false",
            "`strategy` must be one of `hook`, `once`, `extend`, `off`; write `\"off\"` in quotes",
        ),
        (
            "phase: presync",
            "`phase` must be one of `auto`, `PreSync`, `Sync`, `PostSync`; did you mean `PreSync`?",
        ),
        ("phase: [Sync]", "`phase` must be one of `auto`, `PreSync`, `Sync`, `PostSync`"),
        ("guards: {backoffLimit: -1}", "`guards.backoffLimit` must be a whole number that is not negative"),
        (
            "guards: {backoffLimit: 2147483648}",
            "`guards.backoffLimit` must be a whole number that is not negative",
        ),
        ("guards: s3cret", "`guards` must hold settings"),
        ("guards: {activeDeadlineSeconds: 0}", "`guards.activeDeadlineSeconds` must be at least one second"),
        ("valueFiles: s3cret", "`valueFiles` must be a list of texts"),
        ("valueFiles: [{s3cret: 1}]", "`valueFiles` must be a list of texts"),
        (
            "migrations: {names: ['s3cret[']}",
            "`migrations.names` has a glob that cannot be read: unclosed character class",
        ),
        (
            "migrations: {selector: ['s3cret in (']}",
            "`migrations.selector` has a parenthesis that is not closed",
        ),
        ("helm: {releaseName: 1.10}", "`helm.releaseName` must be a text; put the number in quotes"),
        ("helm: {parameters: [s3cret]}", "`helm.parameters` must be a map of names to texts"),
        (
            "helm: {parameters: {tag: 1.10}}",
            "`helm.parameters` must hold a text under `tag`; put the number in quotes",
        ),
        ("helm: {parameters: {tag: [s3cret]}}", "`helm.parameters` must hold a text under `tag`"),
        ("helm: {parameters: {'': s3cret}}", "`helm.parameters` has an entry without a name"),
        ("helm: {values: {a: s3cret}}", "`helm.values` must be a text"),
        ("helm: {valuesObject: s3cret}", "`helm.valuesObject` must be a YAML object"),
        (
            "kustomize: {replicas: {web: s3cret}}",
            "`kustomize.replicas` has an entry `web` that must be a whole number",
        ),
        ("kustomize: {patches: [s3cret]}", "`kustomize.patches` must be a list of YAML objects"),
        ("environment: a/b", "`environment` must be at most 63 letters, digits, `-`, `_` and `.`"),
        ("environment: ../../etc", "`environment` must be at most 63 letters, digits, `-`, `_` and `.`"),
        ("environments: s3cret", "`environments` must be a map of environments to settings"),
        ("environments: {dev: s3cret}", "`environments.dev` must hold settings"),
        ("environments: {a b: {}}", "`environments` has a name that must be at most 63 letters"),
        ("environments: {prod: {}, production: {}}", "`environments` has two entries for `production`"),
        (
            "environments: {dev: {environment: s3cret}}",
            "`environment` under `environments.dev` cannot be set by",
        ),
        ("environments: {dev: {ttl: s3cret}}", "`ttl` under `environments.dev` must be `keep` or a duration"),
        ("migration: true", "`migration` cannot be set by `presync.yaml`"),
        ("- s3cret", "the settings file must hold a YAML object"),
    ] {
        let text = run().app_file(file).err();
        assert!(text.starts_with(&format!("error: {problem}")), "{file}\n{text}");
        assert!(text.contains("\n  at: presync.yaml"), "{file}\n{text}");
        assert_eq!(text.matches("error:").count(), 1, "{file}\n{text}");
    }
}

#[test]
fn a_file_that_is_no_yaml_gives_its_line() {
    let text = run().app_file("ttl: 5m\nhelm:\n  values: [s3cret\n").err();
    assert!(
        text.starts_with("error: the settings file cannot be read as YAML\n  at: presync.yaml:"),
        "{text}"
    );
    assert!(text.contains("\ncaused by: "), "{text}");

    let text = run().app_file("ttl: 5m\nttl: 6m\n").err();
    assert!(text.contains("duplicate entry with key \"ttl\""), "{text}");
}

#[test]
fn a_parameter_of_the_wrong_shape_is_shown_the_right_one() {
    for (json, problem) in [
        (
            r#"[{"name": "helm.valueFiles", "string": "s3cret"}]"#,
            "error: parameter `helm.valueFiles` is given as `string`, not as `array`\n\
             hint: use:\n  - name: helm.valueFiles\n    array: […, …]",
        ),
        (
            r#"[{"name": "helm.parameters", "array": ["s3cret"]}]"#,
            "error: parameter `helm.parameters` is given as `array`, not as `map`\n\
             hint: use:\n  - name: helm.parameters\n    map: {name: …}",
        ),
        (
            r#"[{"name": "ttl", "map": {"s3cret": "s3cret"}}]"#,
            "error: parameter `ttl` is given as `map`, not as `string`\nhint: use:\n  - name: ttl\n    string: …",
        ),
        (
            r#"[{"name": "ttl", "string": 300}]"#,
            "error: parameter `ttl` has a `string` that is not a string; quote the value",
        ),
        (r#"[{"name": "ttl", "string": "5m", "array": []}]"#, "error: parameter `ttl` has more than one of"),
        (
            r#"[{"name": "helm.valueFiles", "array": [1]}]"#,
            "error: parameter `helm.valueFiles` has an `array` that is not a list of strings; quote each item",
        ),
        (
            r#"[{"name": "helm.parameters", "map": {"a": 1}}]"#,
            "error: parameter `helm.parameters` has a `map` that is not a map of strings; quote each value",
        ),
        (
            r#"[{"name": "ttl"}, {"name": "ttl", "string": "s3cret"}]"#,
            "error: parameter `ttl` is given twice",
        ),
        (r#"[{"string": "s3cret"}]"#, "error: parameter number 1 has no name"),
        (r#"["s3cret"]"#, "error: parameter number 1 has no name"),
        (r#"{"name": "s3cret"}"#, "error: `ARGOCD_APP_PARAMETERS` must be a JSON array"),
        ("s3cret", "error: `ARGOCD_APP_PARAMETERS` cannot be read as JSON\ncaused by: "),
        (
            r#"[{"name": "kustomize.patches", "string": "[s3cret"}]"#,
            "error: parameter `kustomize.patches` cannot be read as YAML: ",
        ),
        (r#"[{"name": "values", "string": "s3cret"}]"#, "error: parameter `values` must be a YAML object"),
    ] {
        let text = run().parameters(json).err();
        assert!(text.starts_with(problem), "{json}\n{text}");
        assert_eq!(text.matches("error:").count(), 1, "{json}\n{text}");
    }
}

#[test]
fn a_typing_error_in_the_environment_is_no_new_environment() {
    let text = run().app_file("ttl: 5m\nenvironment: prodution").err();
    assert_eq!(
        text,
        "error: `environment` names an unknown environment; did you mean `production`?\n  at: presync.yaml:2\n\
         hint: an environment of your own needs an entry under `environments`"
    );
    let declared = run().app_file("environment: prodution\nenvironments: {prodution: {}}").ok();
    assert_eq!(declared.settings.environment.name, "prodution");
    let text = run().app_file("environment: dev\nenvironments:\n  dev: {}\n  prodution: {ttl: keep}").err();
    assert_eq!(
        text,
        "error: `environments` has an entry `prodution`, which is not a known environment\n  at: presync.yaml:4\n\
         hint: did you mean `production`?"
    );
}

#[test]
fn rules_are_checked() {
    for (rule, problem) in [
        ("{environment: dev}", "has a rule without a glob: name, project, namespace, path, targetRevision"),
        ("{project: a}", "has a rule without `environment`"),
        ("{environment: dev, projct: a}", "has an unknown key `projct`; did you mean `project`?"),
        ("{environment: dev, project: 5}", "must hold a text under `project`"),
        ("{environment: dev, project: 's3cret['}", "has a glob that cannot be read: "),
        ("s3cret", "must be a list of YAML objects"),
    ] {
        let file: &'static str = format!("environmentRules: [{rule}]").leak();
        let text = run().platform_file(file).err();
        assert!(text.starts_with(&format!("error: `environmentRules` {problem}")), "{rule}\n{text}");
    }
}

#[test]
fn a_named_platform_file_must_be_there() {
    let text = run().env("PRESYNC_CONFIG", "/nowhere/platform.yaml").err();
    assert_eq!(
        text,
        "error: the settings file cannot be read\n  at: platform.yaml\n\
         caused by: No such file or directory (os error 2)\nhint: `PRESYNC_CONFIG` names the platform file"
    );
}

#[test]
fn the_apps_file_has_one_name_and_stays_in_the_repository() {
    let (dir, inputs) = run().inputs();
    std::fs::write(dir.path().join("presync.yml"), "ttl: 5m").unwrap();
    let text = presync::settings::load(&inputs).unwrap_err().to_string();
    assert_eq!(
        text,
        "error: the settings file has the wrong name\n  at: presync.yml\nhint: name it `presync.yaml`"
    );

    let (elsewhere, _) = run().app_file("s3cret: 1").inputs();
    let (dir, inputs) = run().inputs();
    std::os::unix::fs::symlink(elsewhere.path().join("presync.yaml"), dir.path().join("presync.yaml"))
        .unwrap();
    let text = presync::settings::load(&inputs).unwrap_err().to_string();
    assert!(
        text.contains("`presync.yaml` leads out of the repository") && !text.contains("s3cret"),
        "{text}"
    );
}

/// Texts that are wrong for most shapes, each with a secret in it.
const SECRETS: [&str; 12] = [
    "s3cret",
    "[s3cret]",
    "[[s3cret]]",
    "{name: s3cret}",
    "{name: [s3cret]}",
    "- name: s3cret",
    "name=s3cret",
    "'s3cret",
    "*s3cret",
    "!s3cret x",
    "s3cret[",
    "s3cret in (",
];

#[test]
fn no_problem_of_any_setting_repeats_its_value() {
    let mut refused = 0;
    for setting in table() {
        for text in SECRETS {
            let variable: &'static str = format!("ARGOCD_ENV_{}", setting.env_name()).leak();
            let file: &'static str = match setting.name.split_once('.') {
                Some((group, key)) => format!("{group}:\n  {key}: {text}\n").leak(),
                None => format!("{}: {text}\n", setting.name).leak(),
            };
            let json = serde_json::json!([{"name": setting.name, "string": text}]).to_string();
            let runs = [
                run().env(variable, text),
                run().parameters(&json),
                run().flag(setting.name, text),
                run().app_file(file),
                run().platform_file(file),
            ];
            for problems in runs.iter().filter_map(|run| run.load().err()) {
                refused += 1;
                assert!(!problems.to_string().contains("s3cret"), "{} {text}: {problems}", setting.name);
            }
        }
    }
    assert!(refused > 2_000, "{refused}");
}

proptest! {
    /// Whatever a file holds, it is read or refused with a place.
    #[test]
    fn any_file_is_read_or_refused(text in "(ttl|helm|environments|dev|locked|[a-z<*&!?-]|: |\n|  |\\[|\\]|\\{|\\}|'|\"|,|#|5m){0,40}") {
        let file: &'static str = text.leak();
        if let Err(problems) = run().app_file(file).load() {
            for problem in &problems {
                prop_assert!(problem.location.is_some(), "{problem}");
            }
        }
    }
}
