//! One golden case.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use assert_cmd::Command;
use serde::Deserialize;

use crate::common::{missing, tool_path};

/// The written part of a case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    /// What the case shows.
    #[expect(dead_code, reason = "for the reader")]
    about: String,
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    code: i32,
    /// Real tools: `helm3`, `helm4`, `kustomize`. Without them the case is ignored.
    #[serde(default)]
    tools: Vec<String>,
    /// Whether the output, filtered again, must be the same. Only for cases where it cannot, with the reason.
    #[serde(default)]
    not_idempotent: Option<String>,
}

pub(crate) struct Case {
    dir: PathBuf,
    spec: Spec,
}

/// What one run printed.
#[derive(Debug, PartialEq, Eq)]
struct Printed {
    stdout: String,
    stderr: String,
    code: i32,
}

impl Case {
    pub(crate) fn read(dir: &Path) -> Self {
        let file = dir.join("case.yaml");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let spec = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Self { dir: dir.to_owned(), spec }
    }

    pub(crate) fn missing_tool(&self) -> Option<&str> {
        self.spec.tools.iter().map(String::as_str).find(|name| !tool_path(name).is_file())
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(name) = self.missing_tool() {
            return Err(missing(name));
        }
        let printed = self.run(&self.spec.args, self.stdin());
        if std::env::var_os("PRESYNC_BLESS").is_some() {
            self.bless(&printed);
        }
        let expected = Printed {
            stdout: self.expectation("stdout"),
            stderr: self.expectation("stderr"),
            code: self.spec.code,
        };
        compare("the first run", &expected, &printed)?;
        compare("the second run", &printed, &self.run(&self.spec.args, self.stdin()))?;
        if printed.code == 0 && self.spec.args.first().is_some_and(|arg| arg == "generate") {
            self.check_idempotent(&printed)?;
        }
        Ok(())
    }

    fn check_idempotent(&self, printed: &Printed) -> Result<(), String> {
        if self.spec.not_idempotent.is_some() {
            return Ok(());
        }
        let is_flag = |arg: &&String| arg.starts_with("--");
        let mut args = vec!["generate".to_owned(), "-".to_owned()];
        args.extend(self.spec.args.iter().skip(1).filter(is_flag).cloned());
        let again = self.run(&args, printed.stdout.clone().into_bytes());
        let expected = Printed { stdout: printed.stdout.clone(), stderr: again.stderr.clone(), code: 0 };
        compare("its own output through `generate -`", &expected, &again)
    }

    fn run(&self, args: &[String], stdin: Vec<u8>) -> Printed {
        let mut path = std::env::var_os("PATH").unwrap();
        let bin = self.dir.join("bin");
        if bin.is_dir() {
            let rest = std::env::split_paths(&path).collect::<Vec<_>>();
            path = std::env::join_paths(std::iter::once(bin).chain(rest)).unwrap();
        }
        let home = tempfile::tempdir().unwrap();
        let input = self.dir.join("input");
        let mut command = Command::new(env!("CARGO_BIN_EXE_presync"));
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .current_dir(if input.is_dir() { &input } else { home.path() })
            .args(args)
            .write_stdin(stdin);
        for (name, value) in &self.spec.env {
            command.env(name, value.replace("$CASE", &self.dir.display().to_string()));
        }
        for name in &self.spec.tools {
            let variable = if name.starts_with("helm") { "PRESYNC_HELM" } else { "PRESYNC_KUSTOMIZE" };
            command.env(variable, tool_path(name));
        }
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .unwrap()
                .replace(&self.dir.display().to_string(), "$CASE")
                .replace(&home.path().display().to_string(), "$TMP")
        };
        let leftovers = fs::read_dir(home.path()).unwrap().count();
        assert_eq!(leftovers, 0, "temporary files are removed");
        Printed {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code().unwrap_or(-1),
        }
    }

    fn stdin(&self) -> Vec<u8> {
        fs::read(self.dir.join("stdin")).unwrap_or_default()
    }

    fn expectation(&self, name: &str) -> String {
        fs::read_to_string(self.dir.join(name)).unwrap_or_default()
    }

    fn bless(&self, printed: &Printed) {
        for (name, text) in [("stdout", &printed.stdout), ("stderr", &printed.stderr)] {
            let file = self.dir.join(name);
            if text.is_empty() {
                let _ = fs::remove_file(file);
            } else {
                fs::write(file, text).unwrap();
            }
        }
    }
}

fn compare(what: &str, expected: &Printed, found: &Printed) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let mut report = format!("{what} differs\n");
    if expected.code != found.code {
        let _ = writeln!(report, "exit code: expected {}, found {}", expected.code, found.code);
    }
    for (name, expected, found) in
        [("stdout", &expected.stdout, &found.stdout), ("stderr", &expected.stderr, &found.stderr)]
    {
        if expected != found {
            let diff = similar::TextDiff::from_lines(expected.as_str(), found.as_str());
            report += &diff.unified_diff().header(&format!("expected {name}"), name).to_string();
        }
    }
    Err(report)
}
