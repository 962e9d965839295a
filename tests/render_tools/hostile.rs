//! Apps that try to run, read or write something outside their repository: nothing happens, and the error says why.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::common;

const SECRET: &str = "topsecret-0451";

/// A repository with the app `apps/a`, beside files that are not its own.
pub(crate) struct App {
    temp: tempfile::TempDir,
    bin: PathBuf,
}

impl App {
    pub(crate) fn new(helm: &Path, kustomize: &Path, files: &[(&str, &str)]) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let bin = temp.path().join("bin");
        for dir in ["bin", "tmp", "home", "out", "repo/.git", "repo/apps/a"] {
            fs::create_dir_all(temp.path().join(dir)).unwrap();
        }
        symlink(helm, bin.join("helm")).unwrap();
        symlink(kustomize, bin.join("kustomize")).unwrap();
        fs::write(temp.path().join("out/secret.txt"), "FILESECRET: planted\n").unwrap();
        fs::write(temp.path().join("out/kustomization.yaml"), "resources: []\n").unwrap();
        let app = Self { temp, bin };
        for (name, text) in files {
            app.write(name, text);
        }
        app
    }

    /// Writes a file of the app, or a link where the text is `-> target`; `OUT` is the directory outside.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let out = self.out().display().to_string();
        let (path, text) = (self.dir().join(name.replace("OUT", &out)), text.replace("OUT", &out));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match text.strip_prefix("-> ") {
            Some(target) => symlink(target, path).unwrap(),
            None => fs::write(path, text).unwrap(),
        }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.temp.path().join("repo/apps/a")
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.temp.path().join("out")
    }

    pub(crate) fn command(&self, parameters: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_presync"));
        command
            .arg("generate")
            .current_dir(self.dir())
            .env_clear()
            .env("PATH", format!("{}:{}", self.bin.display(), std::env::var("PATH").unwrap()))
            .env("HOME", self.temp.path().join("home"))
            .env("TMPDIR", self.temp.path().join("tmp"))
            .env("SIDE_SECRET", SECRET)
            .env("ARGOCD_APP_NAME", "shop-dev")
            .env("ARGOCD_APP_SOURCE_PATH", "apps/a")
            .env("ARGOCD_APP_PARAMETERS", parameters.replace("OUT", self.out().to_str().unwrap()))
            .stdin(Stdio::null());
        command
    }

    /// Renders, and asserts that nothing was read, written or left outside. Gives the exit code and stderr.
    #[track_caller]
    pub(crate) fn harmless(&self, parameters: &str) -> (i32, String) {
        let output = self.command(parameters).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        for secret in [SECRET, "FILESECRET", "planted"] {
            assert!(!stdout.contains(secret) && !stderr.contains(secret), "{stdout}\n{stderr}");
        }
        assert_eq!(fs::read_dir(self.out()).unwrap().count(), 2, "written outside");
        assert_eq!(fs::read_dir(self.temp.path().join("tmp")).unwrap().count(), 0, "left behind");
        (output.status.code().unwrap(), stderr)
    }
}

/// Each test runs with both versions of Helm.
pub(crate) fn with_tools(run: impl Fn(&Path, &Path)) {
    let Some(kustomize) = common::tool("kustomize") else { return };
    for helm in ["helm3", "helm4"].into_iter().filter_map(common::tool) {
        run(&helm, &kustomize);
    }
}

pub(crate) const CHART: &[(&str, &str)] = &[
    ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n"),
    ("values.yaml", "v: none\n"),
    (
        "templates/x.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  v: {{ .Values.v | toJson }}\n  w: {{ .Values.w | toJson }}\n\
         \x20 r: {{ .Release.Name }}\n  f: {{ .Files.Get \"f/s\" | toJson }}\n  g: {{ .Files.Get \"f/.git\" | toJson }}\n",
    ),
];

/// The app's files, the parameters, and what the error says.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

#[track_caller]
fn refused(cases: &[Case<'_>], base: &[(&str, &str)]) {
    with_tools(|helm, kustomize| {
        for (files, parameters, message) in cases {
            let kept = base.iter().filter(|(name, _)| !files.iter().any(|(other, _)| other == name));
            let files: Vec<_> = kept.chain(*files).copied().collect();
            let (code, stderr) = App::new(helm, kustomize, &files).harmless(parameters);
            assert!(code != 0 && stderr.contains(message), "{message}: {code} {stderr}");
        }
    });
}

#[test]
fn a_kustomization_runs_no_program_and_stays_in_the_repository() {
    let charts = r#"[{"name": "kustomize.buildOptions", "array": ["--enable-helm"]}]"#;
    let file = "kustomization.yaml";
    refused(
        &[
            (
                &[(file, "resources: [\"file:///x?ref=--upload-pack=touch%20OUT/PWNED%20%23\"]")],
                "null",
                "neither https nor ssh",
            ),
            (
                &[(file, "resources: [\"https://127.0.0.1:1/a/b?ref=--upload-pack=x\"]")],
                "null",
                "in the place of a `ref`",
            ),
            (
                &[(file, "helmGlobals: {configHome: ./ch}\nhelmCharts: [{name: d, repo: 'x://x'}]")],
                charts,
                "`configHome` is not allowed",
            ),
            (
                &[(file, "helmCharts: [{name: c, nameTemplate: '{{ env \"SIDE_SECRET\" }}'}]")],
                charts,
                "at: apps/a/kustomization.yaml",
            ),
            (
                &[(
                    file,
                    "helmGlobals: {chartHome: OUT/w}\nhelmCharts: [{name: c, repo: 'http://127.0.0.1:1'}]",
                )],
                charts,
                "leads out of the repository",
            ),
            (&[(file, "helmCharts: [{name: c}]")], charts, "`--enable-helm` is for the platform's operators"),
            (&[(file, "resources: [../../../out]")], "null", "leads out of the repository"),
            (&[(file, "resources: [l]"), ("l", "-> OUT")], "null", "leads out of the repository"),
        ],
        &[],
    );
}

#[test]
fn parameters_of_a_chart_name_one_value_each() {
    refused(
        &[
            (
                &[("f.txt", "x")],
                r#"[{"name": "helm.fileParameters", "map": {"v=OUT/secret.txt,w": "f.txt"}}]"#,
                "not the name of one value",
            ),
            (&[], r#"[{"name": "helm.parameters", "map": {"v=1,w": "x"}}]"#, "`helm.parameters`"),
            (
                &[],
                r#"[{"name": "helm.releaseName", "string": "{{ env \"SIDE_SECRET\" }}"}]"#,
                "not a release name",
            ),
            (&[], r#"[{"name": "helm.valueFiles", "array": ["http://127.0.0.1:1/x.yaml"]}]"#, "is a URL"),
        ],
        CHART,
    );
}

#[test]
fn a_path_with_commas_is_one_path() {
    with_tools(|helm, kustomize| {
        let app = App::new(helm, kustomize, CHART);
        app.write("x\\\\,v=OUT/secret.txt", "honest");
        app.write("x,OUT/secret.txt", "v: honest\n");
        let parameters = r#"[{"name": "helm.fileParameters", "map": {"w": "x\\\\,v=OUT/secret.txt"}}, {"name": "helm.valueFiles", "array": ["x,OUT/secret.txt"]}]"#;
        let (code, stderr) = app.harmless(parameters);
        assert_eq!(code, 0, "{stderr}");
    });
}

#[test]
fn a_chart_has_no_way_out_by_links_dependencies_or_schemas() {
    let chart = |dependency: &str| {
        format!(
            "apiVersion: v2\nname: c\nversion: 0.1.0\ndependencies: [{{name: s, version: 0.1.0, repository: '{dependency}'}}]\n"
        )
    };
    let (absolute, inside) = (chart("file://OUT"), chart("file://../../lib/s"));
    refused(
        &[
            (
                &[("f", "-> ../../shared"), ("../../shared/s", "-> OUT/secret.txt")],
                "null",
                "`shared/s` leads out of the repository",
            ),
            (&[("f/.git", "-> OUT/secret.txt")], "null", "`apps/a/f/.git` leads out of the repository"),
            (&[("Chart.yaml", &absolute)], "null", "at: apps/a/Chart.yaml"),
            (
                &[
                    ("Chart.yaml", &inside),
                    ("../../lib/s/Chart.yaml", CHART[0].1),
                    ("../../lib/s/k", "-> OUT/secret.txt"),
                ],
                "null",
                "`lib/s/k` leads out of the repository",
            ),
            (
                &[("values.schema.json", r#"{"$ref": "file://OUT/secret.txt"}"#)],
                "null",
                "at: apps/a/values.schema.json",
            ),
        ],
        CHART,
    );
}

#[test]
fn a_link_that_helm_ignores_does_not_matter() {
    with_tools(|helm, kustomize| {
        let files = [
            CHART,
            &[(".helmignore", "docs/\n"), ("docs/l.md", "-> OUT/secret.txt"), ("docs/m.md", "-> nowhere")],
        ];
        let (code, stderr) = App::new(helm, kustomize, &files.concat()).harmless("null");
        assert_eq!(code, 0, "{stderr}");
    });
}

#[test]
fn an_app_that_is_a_link_is_refused() {
    with_tools(|helm, kustomize| {
        let app = App::new(helm, kustomize, &[]);
        fs::remove_dir(app.dir()).unwrap();
        symlink("../../out", app.dir()).unwrap();
        let (code, stderr) = app.harmless("null");
        assert!(code == 4 && stderr.contains("not at its source path `apps/a`"), "{stderr}");
    });
}

/// Kills at times within the first half second, before and while the tool runs: `PRESYNC_KILLS` says how many.
#[test]
fn a_killed_run_leaves_no_process_and_no_file() {
    let kills = std::env::var("PRESYNC_KILLS").map_or(12, |count| count.parse().unwrap());
    let endless = "{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}";
    let hangs = "#!/bin/sh\nsleep 300 & wait\n";
    with_tools(|helm, _| {
        let script = tempfile::tempdir().unwrap();
        let kustomize = script.path().join("kustomize");
        fs::write(script.path().join("source"), hangs).unwrap();
        let mut install = Command::new("install");
        install.args(["-m", "755"]).arg(script.path().join("source")).arg(&kustomize);
        assert!(install.status().unwrap().success());
        let chart = App::new(helm, &kustomize, &[CHART[0], ("templates/x.yaml", endless)]);
        let kustomization = App::new(helm, &kustomize, &[("kustomization.yaml", "resources: []\n")]);
        for kill in 0..kills {
            let app = if kill % 2 == 0 { &chart } else { &kustomization };
            let mut presync =
                app.command("null").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            thread::sleep(Duration::from_millis(kill * 137 % 500));
            let signal = ["KILL", "TERM", "INT", "HUP"][usize::try_from(kill / 2 % 4).unwrap()];
            let id = presync.id().to_string();
            assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
            presync.wait().unwrap();
        }
        for app in [&chart, &kustomization] {
            let end = Instant::now() + Duration::from_secs(20);
            let tmp = app.temp.path().join("tmp");
            while fs::read_dir(&tmp).unwrap().count() > 0 || runs_with(&tmp) {
                assert!(Instant::now() < end, "something is left of {kills} killed runs");
                thread::sleep(Duration::from_millis(50));
            }
        }
        eprintln!("{kills} kills: no process and no file is left");
    });
}

/// Whether a process has its temporary files below `tmp`, as all tools of a run do.
fn runs_with(tmp: &Path) -> bool {
    let mark = format!("TMPDIR={}/presync-", tmp.display());
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|process| fs::read(process.path().join("environ")).ok()).any(|environment| {
        environment.split(|byte| *byte == 0).any(|variable| variable.starts_with(mark.as_bytes()))
    })
}
