//! The end of a run from outside: no process and no file is left, whatever ends it.

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{double::Double, fixture::Repository};

/// A `helm` that never ends, with a process of its own in the background, and says so.
const HANGS: &str = "sleep 300 & echo $! > $DIR/background; echo $$ > $DIR/self; touch $DIR/hangs; wait";

/// A run of `presync generate` that hangs in `helm`.
struct Run {
    helm: Double,
    presync: Child,
    temporary: tempfile::TempDir,
    _repository: Repository,
}

impl Run {
    fn start() -> Self {
        let helm = Double::new(HANGS);
        let temporary = tempfile::tempdir().unwrap();
        let repository =
            Repository::new(".", &[("Chart.yaml", "apiVersion: v2\nname: catalog\nversion: 1.0.0\n")]);
        let presync = Command::new(env!("CARGO_BIN_EXE_presync"))
            .arg("generate")
            .arg(repository.dir())
            .env("PRESYNC_HELM", helm.path())
            .env("TMPDIR", temporary.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let run = Self { helm, presync, temporary, _repository: repository };
        Self::wait_until("helm hangs", || run.helm.has("hangs") && run.scratch().count() == 1);
        run
    }

    fn scratch(&self) -> impl Iterator<Item = fs::DirEntry> {
        fs::read_dir(self.temporary.path()).unwrap().flatten()
    }

    fn wait_until(what: &str, holds: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !holds() {
            assert!(Instant::now() < end, "{what}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn ends_by(mut self, signal: &str) {
        let id = self.presync.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        assert!(!self.presync.wait().unwrap().success());
        self.helm.assert_ended("self");
        self.helm.assert_ended("background");
        Self::wait_until("temporary files are removed", || self.scratch().count() == 0);
    }
}

#[test]
fn nothing_is_left_when_argo_cd_kills_us() {
    Run::start().ends_by("KILL");
}

#[test]
fn nothing_is_left_when_we_are_asked_to_stop() {
    Run::start().ends_by("TERM");
}

#[test]
fn nothing_is_left_when_the_user_interrupts() {
    Run::start().ends_by("INT");
}

#[test]
fn nothing_is_left_after_the_timeout() {
    let helm = Double::new(HANGS);
    let temporary = tempfile::tempdir().unwrap();
    let repository =
        Repository::new(".", &[("Chart.yaml", "apiVersion: v2\nname: catalog\nversion: 1.0.0\n")]);
    let output = Command::new(env!("CARGO_BIN_EXE_presync"))
        .args(["generate", "--timeout", "2s"])
        .arg(repository.dir())
        .env("PRESYNC_HELM", helm.path())
        .env("TMPDIR", temporary.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(8), "{stderr}");
    assert!(
        stderr.starts_with("error: `helm template` did not end within the timeout of 2s\nhint: "),
        "{stderr}"
    );
    assert!(output.stdout.is_empty());
    helm.assert_ended("self");
    helm.assert_ended("background");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn nothing_is_left_when_the_run_is_ended_for_its_memory() {
    let helm = Double::new("sleep 300 & echo $! > $DIR/background; exec head -c 900000000 /dev/zero");
    let temporary = tempfile::tempdir().unwrap();
    let repository =
        Repository::new(".", &[("Chart.yaml", "apiVersion: v2\nname: catalog\nversion: 1.0.0\n")]);
    let output = Command::new(env!("CARGO_BIN_EXE_presync"))
        .args(["generate", "--timeout", "100s"])
        .arg(repository.dir())
        .env("PRESYNC_HELM", helm.path())
        .env("TMPDIR", temporary.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(4), 0), "{stderr}");
    assert!(stderr.starts_with("error: the run needs more than 512 MiB of memory\n"), "{stderr}");
    helm.assert_ended("background");
    Run::wait_until("temporary files are removed", || fs::read_dir(temporary.path()).unwrap().count() == 0);
}
