//! The helm renderer.

use std::{fs, os::unix::fs::symlink, path::Path, time::Duration};

use presync::{
    argocd::App,
    error::Problems,
    exit::Exit,
    settings::{HelmOptions, RendererKind, Settings},
};
use serde_json::json;

use crate::{
    common,
    double::Double,
    fixture::{self, Repository, app, run, settings, tools},
};

const CHART: &[(&str, &str)] = &[
    ("charts/catalog/Chart.yaml", "apiVersion: v2\nname: catalog\nversion: 1.2.3\n"),
    (
        "charts/catalog/values.yaml",
        "image: {repository: registry.example.com/catalog, tag: '1'}\nlist: [a]\nport: 80\nca: none\nextra: {}\n",
    ),
    (
        "charts/catalog/values.schema.json",
        r#"{"type": "object", "properties": {"port": {"type": ["integer", "string"], "not": {"const": 1}}}}"#,
    ),
    (
        "charts/catalog/crds/widget.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: widgets.example.com\n",
    ),
    (
        "charts/catalog/templates/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\n\
         data:\n  values: {{ omit .Values \"global\" | toJson | quote }}\n  kube: {{ .Capabilities.KubeVersion.Version | quote }}\n\
         \x20 widget: {{ .Capabilities.APIVersions.Has \"example.com/v1/Widget\" | quote }}\n",
    ),
    (
        "charts/catalog/templates/migrate.yaml",
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {{ .Release.Name }}-migration\n  annotations:\n\
         \x20   helm.sh/hook: pre-install,pre-upgrade\nspec:\n  ttlSecondsAfterFinished: 300\n",
    ),
    (
        "charts/catalog/templates/tests/test.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: test\n  annotations:\n    helm.sh/hook: test\n",
    ),
    ("charts/catalog/values-dev.yaml", "image: {tag: dev}\nlist: [b, c]\n"),
    ("charts/catalog/env/10.yaml", "port: 1010\n"),
    ("charts/catalog/env/20.yaml", "port: 2020\n"),
    ("shared/values.yaml", "extra: {shared: true}\n"),
    ("shared/ca.pem", "line 1\nline 2, with a comma\n"),
];

/// What Argo CD's own call has in every case.
const CALL: &str = "template . --name-template catalog-dev --namespace shop --include-crds --kube-version 1.31.5 \
                    -a v1 -a batch/v1 -a batch/v1/Job -a example.com/v1/Widget";

fn chart() -> Repository {
    Repository::new("charts/catalog", CHART)
}

/// Both versions of Helm that are supported, as far as they are there.
fn helms() -> impl Iterator<Item = std::path::PathBuf> {
    ["helm3", "helm4"].into_iter().filter_map(common::tool)
}

fn with(helm: HelmOptions) -> Settings {
    Settings { helm, renderer: Some(RendererKind::Helm), ..settings() }
}

fn render(repository: &Repository, helm: &Path, app: &App, options: HelmOptions) -> Result<String, Problems> {
    let rendered = repository.render(&tools(&[("PRESYNC_HELM", helm)]), app, &with(options))?;
    let [source] = &rendered.sources[..] else { panic!("one source") };
    assert_eq!((source.name.as_str(), source.validate), ("helm template", false));
    Ok(String::from_utf8(source.bytes.clone()).unwrap())
}

fn strings(pairs: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Every option on its own and some together: what we render is what the same call of Helm prints, byte for byte.
#[test]
fn the_output_is_that_of_helm_itself() {
    let repository = chart();
    let root = repository.root().display().to_string();
    repository.write("extra-values.yaml", "image: {tag: inline}\nport: 5\n");
    let none = HelmOptions::default;
    let files = |files: &[&str]| files.iter().map(ToString::to_string).collect::<Vec<_>>();
    let cases: Vec<(&str, HelmOptions, String)> = vec![
        ("nothing", none(), String::new()),
        (
            "release",
            HelmOptions { release_name: Some("other".into()), ..none() },
            "--name-template other".into(),
        ),
        ("namespace", HelmOptions { namespace: Some("other".into()), ..none() }, "--namespace other".into()),
        (
            "value files",
            HelmOptions { value_files: files(&["values-dev.yaml", "/shared/values.yaml"]), ..none() },
            format!("-f values-dev.yaml -f {root}/shared/values.yaml"),
        ),
        (
            "a glob and a named file",
            HelmOptions { value_files: files(&["env/*.yaml", "env/10.yaml"]), ..none() },
            "-f env/20.yaml -f env/10.yaml".into(),
        ),
        (
            "missing files",
            HelmOptions { value_files: files(&["no.yaml"]), ignore_missing_value_files: true, ..none() },
            String::new(),
        ),
        (
            "values over files",
            HelmOptions {
                value_files: files(&["values-dev.yaml"]),
                values: Some("image: {tag: inline}\nport: 5\n".into()),
                ..none()
            },
            format!("-f values-dev.yaml -f {root}/extra-values.yaml"),
        ),
        (
            "an object over values",
            HelmOptions {
                values: Some("port: 7\n".into()),
                values_object: json!({"image": {"tag": "inline"}, "port": 5}).as_object().cloned(),
                ..none()
            },
            format!("-f {root}/extra-values.yaml"),
        ),
        (
            "parameters over values",
            HelmOptions {
                values: Some("image: {tag: inline}\nport: 5\n".into()),
                parameters: strings(&[
                    ("image.tag", "v$ARGOCD_APP_REVISION_SHORT"),
                    ("list", "{x,y}"),
                    ("extra.a", "1,2"),
                ]),
                string_parameters: strings(&[("port", "8080")]),
                file_parameters: strings(&[("ca", "/shared/ca.pem")]),
                ..none()
            },
            format!(
                r"-f {root}/extra-values.yaml --set image.tag=v0123456 --set list={{x,y}} --set extra.a=1\,2 --set-string port=8080 --set-file ca={root}/shared/ca.pem"
            ),
        ),
        ("tests", HelmOptions { skip_tests: true, ..none() }, "--skip-tests".into()),
        (
            "the schema",
            HelmOptions { skip_schema_validation: true, parameters: strings(&[("port", "1")]), ..none() },
            "--skip-schema-validation --set port=1".into(),
        ),
        (
            "the version",
            HelmOptions { kube_version: Some("v1.29.3+k3s1".into()), ..none() },
            "--kube-version 1.29.3".into(),
        ),
    ];
    let before = repository.contents();
    for helm in helms() {
        for (name, options, args) in &cases {
            // Of an option that is given twice, the last one counts.
            let args: Vec<&str> = CALL.split(' ').chain(args.split_whitespace()).collect();
            let expected = String::from_utf8(run(&helm, &repository.dir(), &args)).unwrap();
            let rendered = render(&repository, &helm, &app(), options.clone()).unwrap();
            assert_eq!(rendered, expected, "{name}, {}", helm.display());
        }
    }
    assert_eq!(repository.contents(), before, "nothing is left behind");
}

/// What stands in the output, apart from being Helm's own.
#[test]
fn crds_hooks_and_the_cluster_are_rendered() {
    let repository = chart();
    for helm in helms() {
        let text = render(&repository, &helm, &app(), HelmOptions::default()).unwrap();
        for part in [
            "widgets.example.com",
            "catalog-dev-migration",
            "helm.sh/hook: test",
            "kube: \"v1.31.5\"",
            "widget: \"true\"",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let options =
            HelmOptions { skip_crds: true, api_versions: vec!["v1".into()], ..HelmOptions::default() };
        let text = render(&repository, &helm, &app(), options).unwrap();
        assert!(!text.contains("widgets.example.com") && text.contains("widget: \"false\""), "{text}");
    }
}

#[test]
fn without_an_application_helm_has_its_own_defaults() {
    let repository = chart();
    for helm in helms() {
        let expected = run(&helm, &repository.dir(), &["template", ".", "--include-crds"]);
        let text = render(&repository, &helm, &App::default(), HelmOptions::default()).unwrap();
        assert_eq!(text, String::from_utf8(expected).unwrap());
    }
}

#[test]
fn a_chart_in_the_repository_is_fetched_into_a_copy() {
    let repository = chart();
    repository.write(
        "charts/catalog/Chart.yaml",
        "apiVersion: v2\nname: catalog\nversion: 1.2.3\ndependencies:\n- {name: common, version: 1.0.0, repository: 'file://../common'}\n",
    );
    repository.write("charts/common/Chart.yaml", "apiVersion: v2\nname: common\nversion: 1.0.0\n");
    repository.write(
        "charts/common/templates/c.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-common\n",
    );
    let before = repository.contents();
    for helm in helms() {
        let options = HelmOptions { values: Some("port: 5\n".into()), ..HelmOptions::default() };
        let text = render(&repository, &helm, &app(), options).unwrap();
        assert!(text.contains("name: from-common") && text.contains(r#"\"port\":5"#), "{text}");
        assert_eq!(repository.contents(), before, "nothing is left behind");
        // The same as with the chart in its place.
        let copy = tempfile::tempdir().unwrap();
        assert!(
            std::process::Command::new("cp")
                .arg("-r")
                .arg(repository.root().join("charts"))
                .arg(copy.path())
                .status()
                .unwrap()
                .success()
        );
        let dir = copy.path().join("charts/catalog");
        run(&helm, &dir, &["dependency", "build"]);
        let args: Vec<&str> = CALL.split(' ').chain(["--set", "port=5"]).collect();
        assert_eq!(text, String::from_utf8(run(&helm, &dir, &args)).unwrap());
    }
}

#[test]
fn a_chart_from_a_repository_is_fetched_even_with_a_lock_file() {
    for helm in helms() {
        let server = tempfile::tempdir().unwrap();
        let repository = chart();
        repository.write("common/Chart.yaml", "apiVersion: v2\nname: common\nversion: 1.0.0\n");
        repository.write(
            "common/templates/c.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-common\n",
        );
        run(&helm, server.path(), &["package", repository.root().join("common").to_str().unwrap()]);
        let url = fixture::serve(server.path().to_owned());
        run(&helm, server.path(), &["repo", "index", ".", "--url", &url]);
        repository.write(
            "charts/catalog/Chart.yaml",
            &format!("apiVersion: v2\nname: catalog\nversion: 1.2.3\ndependencies:\n- {{name: common, version: 1.0.0, repository: '{url}'}}\n"),
        );
        run(&helm, &repository.dir(), &["dependency", "update"]);
        fs::remove_dir_all(repository.dir().join("charts")).unwrap();
        assert!(repository.dir().join("Chart.lock").exists());
        let before = repository.contents();
        let text = render(&repository, &helm, &app(), HelmOptions::default()).unwrap();
        assert!(text.contains("name: from-common"), "{text}");
        assert_eq!(repository.contents(), before, "nothing is left behind");
    }
}

#[test]
fn a_chart_that_cannot_be_fetched_is_a_problem_with_a_way_out() {
    let repository = chart();
    repository.write(
        "charts/catalog/Chart.yaml",
        "apiVersion: v2\nname: catalog\nversion: 1.2.3\ndependencies:\n- {name: gone, version: 1.0.0, repository: 'file://../gone'}\n",
    );
    for helm in helms() {
        let problems = render(&repository, &helm, &app(), HelmOptions::default()).unwrap_err();
        let text = problems.to_string();
        assert!(
            text.starts_with("error: `helm dependency build` failed (exit status: 1)\ncaused by: "),
            "{text}"
        );
        assert!(text.contains("hint: commit the charts") && !text.contains("presync-"), "{text}");
    }
}

#[test]
fn a_template_error_is_quoted_without_the_values_that_were_passed() {
    let repository = chart();
    repository.write(
        "charts/catalog/templates/fail.yaml",
        "{{ fail (printf \"refused %s and %v\" .Values.password .Values.port) }}\n",
    );
    for helm in helms() {
        let options = HelmOptions {
            values: Some("password: swordfish-in-values\n".into()),
            string_parameters: strings(&[("port", "swordfish-in-parameter")]),
            ..HelmOptions::default()
        };
        let problems = render(&repository, &helm, &app(), options).unwrap_err();
        assert_eq!(problems.exit(), Exit::RENDER);
        let text = problems.to_string();
        assert!(text.contains("catalog/templates/fail.yaml:1:3"), "{text}");
        assert!(text.contains("refused [redacted] and [redacted]"), "{text}");
        assert!(!text.contains("swordfish"), "{text}");
    }
}

#[test]
fn a_link_out_of_the_repository_is_a_problem() {
    let repository = chart();
    fs::write(repository.root().join("../secret.yaml"), "kind: Secret\n").unwrap();
    symlink("../../../../secret.yaml", repository.dir().join("templates/secret.yaml")).unwrap();
    let problems =
        repository.render(&fixture::tools(&[]), &app(), &with(HelmOptions::default())).unwrap_err();
    assert!(
        problems
            .to_string()
            .starts_with("error: `charts/catalog/templates/secret.yaml` leads out of the repository"),
        "{problems}"
    );
}

#[test]
fn helm_is_called_once_and_its_homes_are_the_runs_own() {
    let double = Double::new(
        "echo \"$@\" >> $DIR/calls; env | grep -E '^(HELM_|TMPDIR)' | sort > $DIR/env; cat > $DIR/stdin; echo 'kind: Job'",
    );
    let options = HelmOptions { values: Some("password: swordfish\n".into()), ..HelmOptions::default() };
    let rendered = chart().render(&double.tools("PRESYNC_HELM"), &app(), &with(options)).unwrap();
    assert_eq!(rendered.sources[0].bytes, b"kind: Job\n");
    assert_eq!(double.note("calls").lines().count(), 1);
    assert!(!double.note("calls").contains("swordfish"));
    assert_eq!(double.note("stdin"), "password: swordfish\n");
    let env = double.note("env");
    let homes: Vec<_> = env.lines().map(|line| line.split_once('=').unwrap()).collect();
    let scratch = homes.iter().find(|(name, _)| *name == "TMPDIR").unwrap().1;
    assert!(!Path::new(scratch).exists(), "it is removed");
    assert_eq!(
        homes[..3],
        [
            ("HELM_CACHE_HOME", &*format!("{scratch}/cache")),
            ("HELM_CONFIG_HOME", &*format!("{scratch}/config")),
            ("HELM_DATA_HOME", &*format!("{scratch}/data"))
        ]
    );
}

#[test]
fn charts_that_are_missing_still_are_a_problem() {
    let double = Double::new(
        "echo \"$1 $2\" >> $DIR/calls\n[ $1 = dependency ] || { echo 'found in Chart.yaml, but missing in charts/ directory: x' >&2; exit 1; }",
    );
    let problems =
        chart().render(&double.tools("PRESYNC_HELM"), &app(), &with(HelmOptions::default())).unwrap_err();
    assert_eq!(double.note("calls"), "template .\ndependency build\ntemplate .\n");
    assert!(problems.to_string().contains("missing in charts/ directory: x"), "{problems}");
}

#[test]
fn a_helm_that_hangs_ends_with_all_that_it_started() {
    let double = Double::new("sleep 300 & echo $! > $DIR/pid; echo waiting >&2; wait");
    let settings = Settings { timeout: Duration::from_secs(1), ..with(HelmOptions::default()) };
    let problems = chart().render(&double.tools("PRESYNC_HELM"), &app(), &settings).unwrap_err();
    assert_eq!(problems.exit(), Exit::TIMEOUT);
    assert!(problems.to_string().contains("caused by: waiting"), "{problems}");
    double.assert_ended("pid");
}
