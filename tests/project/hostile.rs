//! Apps that are made to take very long, to grow very large, or to be unreadable: each ends in time with an error that
//! says why, prints nothing to stdout, and leaves no temporary file behind.

use std::{
    fs,
    os::unix::fs::symlink,
    time::{Duration, Instant},
};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::common;

/// What is needed beside the run's own time: the machine may be busy.
const SLACK: Duration = Duration::from_secs(50);

struct App {
    temp: TempDir,
}

impl App {
    fn new(files: &[(&str, &str)]) -> Self {
        let app = Self { temp: TempDir::new().unwrap() };
        fs::create_dir(app.temp.path().join("tmp")).unwrap();
        for (name, text) in files {
            app.write(name, text);
        }
        app
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.temp.path().join("repo/app").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A run that must fail: its exit code and stderr.
    #[track_caller]
    fn fails(&self, parameters: &str) -> (i32, String) {
        let start = Instant::now();
        let mut command = Command::cargo_bin("presync").unwrap();
        if let Some(helm) = common::tool("helm3") {
            command.env("PRESYNC_HELM", helm);
        }
        let output = command
            .args(["generate", "."])
            .current_dir(self.temp.path().join("repo/app"))
            .env("TMPDIR", self.temp.path().join("tmp"))
            .env("ARGOCD_APP_NAME", "catalog-dev")
            .env("ARGOCD_APP_PARAMETERS", parameters)
            .timeout(Duration::from_secs(90))
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(start.elapsed() < Duration::from_secs(2) + SLACK, "{:?}: {stderr}", start.elapsed());
        assert!(output.stdout.is_empty(), "{stderr}");
        let left = fs::read_dir(self.temp.path().join("tmp")).unwrap().count();
        assert_eq!(left, 0, "temporary files stayed behind: {stderr}");
        (output.status.code().unwrap_or_else(|| panic!("{}: {stderr}", output.status)), stderr)
    }
}

const TWO_SECONDS: &str = r#"[{"name": "timeout", "string": "2s"}]"#;

#[test]
fn loops_in_loops_end_at_the_deadline() {
    let app = App::new(&[
        ("values.yaml", &format!("l: [{}]", "1,".repeat(300))),
        ("a.yaml.hbs", &format!("{}{}", "{{#each @root.values.l}}".repeat(9), "{{/each}}".repeat(9))),
    ]);
    let (code, stderr) = app.fails(TWO_SECONDS);
    assert_eq!(code, 8, "{stderr}");
    assert!(stderr.starts_with("error: the run did not end within the timeout of 2s\n"), "{stderr}");
}

#[test]
fn what_loops_write_has_a_limit() {
    let app = App::new(&[
        ("values.yaml", &format!("l: [{}]\nt: \"{}\"", "1,".repeat(300), "x".repeat(10_000))),
        (
            "a.yaml.hbs",
            &format!(
                "{}{{{{@root.values.t}}}}{}",
                "{{#each @root.values.l}}".repeat(3),
                "{{/each}}".repeat(3)
            ),
        ),
    ]);
    let (code, stderr) = app.fails("null");
    assert_eq!(
        (code, stderr.as_str()),
        (4, "error: the templates render to more than 100 MiB\n  at: a.yaml.hbs\n")
    );
}

#[test]
fn partials_that_render_each_other_have_a_limit() {
    let doubling = |levels: usize| {
        let app = App::new(&[("a.yaml.hbs", "{{> p0}}"), (&format!("_p{levels}.hbs"), "")]);
        for i in 0..levels {
            app.write(&format!("_p{i}.hbs"), format!("{{{{> p{}}}}}{{{{> p{}}}}}", i + 1, i + 1));
        }
        app
    };
    let (code, stderr) = doubling(30).fails("null");
    assert_eq!(code, 4);
    assert!(
        stderr.starts_with("error: the partial `p0` renders more than 100000 partials\n  at: _p0.hbs:1:1\n"),
        "{stderr}"
    );
    let (_, stderr) = doubling(60).fails("null");
    assert!(stderr.contains("renders more than 50 levels of partials"), "{stderr}");
}

#[test]
fn helpers_have_a_limit() {
    for call in [
        "replace \"x\" values.t values.t",
        "indent 60000 (replace \"x\" \"\\n\" values.t)",
        "concat (replace \"x\" \"0123456789abcdef\" values.t) (replace \"x\" \"0123456789abcdef\" values.t)",
    ] {
        let app = App::new(&[
            ("values.yaml", &format!("t: \"{}\"", "x".repeat(1_000_000))),
            ("a.yaml.hbs", &format!("{{{{{call}}}}}")),
        ]);
        let (code, stderr) = app.fails("null");
        assert!(code == 4 && stderr.contains("the result is larger than 16 MiB"), "{call}: {stderr}");
    }
}

#[test]
fn settings_have_a_limit() {
    let config_map = ("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    for (text, problem) in [
        (format!("values: {{a: {}", "[".repeat(100_000)), "the values are nested more than 64 deep"),
        (
            format!("values: {{a: &a \"{}\", b: [{}]}}", "x".repeat(500_000), "*a,".repeat(70)),
            "the aliases repeat more than 32 MiB",
        ),
        (format!("values: {{a: \"{}\"}}", "x".repeat(1 << 20)), "it is larger than 1 MiB"),
    ] {
        let (code, stderr) = App::new(&[config_map, ("presync.yaml", &text)]).fails("null");
        assert!(code == 3 && stderr.contains(problem) && stderr.contains("at: presync.yaml"), "{stderr}");
    }
    let parameter = format!(r#"[{{"name": "values", "string": "a: {}"}}]"#, "[".repeat(50_000));
    let (code, stderr) = App::new(&[config_map]).fails(&parameter);
    assert!(code == 3 && stderr.contains("the values are nested more than 64 deep"), "{stderr}");
}

#[test]
fn aliases_and_large_documents_have_a_limit() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}\n";
    let chain = |i: usize| format!("c{i}: &c{i} {}*c{}{}\n", "[".repeat(100), i.max(1) - 1, "]".repeat(100));
    for (text, problem) in [
        (
            format!("big: &b \"{}\"\nl: [{}]\n", "x".repeat(1_000_000), "*b,".repeat(300)),
            "aliases repeat more than 32 MiB",
        ),
        (format!("l: [{}]\n", "a,".repeat(1_000_000)), "the document has more than 500000 values"),
        (
            format!("c0: &c0 x\n{}", (1..90).map(chain).collect::<String>()),
            "the document is nested too deeply",
        ),
        (format!("l: {}\n", "[".repeat(100_000)), "the document is nested too deeply"),
    ] {
        let (code, stderr) = App::new(&[("a.yaml", &format!("{job}{text}"))]).fails("null");
        assert!(code == 5 && stderr.contains(problem), "{stderr}");
    }
}

#[test]
fn files_have_a_limit() {
    let app = App::new(&[]);
    app.write("big.yaml", "");
    let file = fs::OpenOptions::new().write(true).open(app.temp.path().join("repo/app/big.yaml")).unwrap();
    file.set_len(101 << 20).unwrap();
    let (code, stderr) = app.fails("null");
    assert_eq!(
        (code, stderr.as_str()),
        (4, "error: the app's files are larger than 100 MiB together\n  at: big.yaml\n")
    );
}

#[test]
fn directories_that_links_double_are_walked_once() {
    let app =
        App::new(&[("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n"), ("l/26/v.yaml", "a: 1\n")]);
    let dir = app.temp.path().join("repo/app/l");
    for i in 0..26 {
        fs::create_dir_all(dir.join(i.to_string())).unwrap();
        for name in ["x", "y"] {
            symlink(format!("../{}", i + 1), dir.join(i.to_string()).join(name)).unwrap();
        }
    }
    // Helm follows the links of a chart, too; so it is not started.
    let parameters = r#"[{"name": "timeout", "string": "2s"}, {"name": "helm.valueFiles", "array": ["l/0/**/v.yaml", "none.yaml"]}]"#;
    let (code, stderr) = app.fails(parameters);
    assert!(code != 8 && stderr.contains("none.yaml"), "{stderr}");
}

#[test]
fn what_is_no_text_is_refused() {
    for input in [
        &b"kind: ConfigMap\nname: caf\xe9\n"[..],
        b"\xff\xfek\0i\0n\0d\0",
        b"a: \x00\n",
        b"\x7fELF\x02\x01\x01\x00",
    ] {
        let output = Command::cargo_bin("presync")
            .unwrap()
            .args(["generate", "-"])
            .write_stdin(input)
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(5), 0), "{stderr}");
        assert!(stderr.contains("UTF-8") && stderr.contains("at: <stdin>:"), "{stderr}");
    }
}
