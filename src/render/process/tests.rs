use std::{fs, path::PathBuf, thread};

use rustix::process::Pid;

use super::*;
use crate::render::{Tools, scratch::Scratch};

/// Returns tools with `sh` in the place of `helm`, so that no test writes a program and runs it while another test's fork holds it
/// open.
fn shell() -> Tools {
    Tools::from_env(&[("PRESYNC_HELM".to_owned(), "/bin/sh".to_owned())].into(), None)
}

struct Fixture {
    tools: Tools,
    scratch: Scratch,
    secrets: Secrets,
}

impl Fixture {
    fn new() -> Self {
        Self { tools: shell(), scratch: Scratch::new(None).unwrap(), secrets: Secrets::default() }
    }

    fn call(&self, script: &str) -> Call<'_> {
        Call {
            tool: &self.tools.helm,
            verb: "template",
            args: vec!["-c".into(), script.into()],
            env: [("PATH", std::env::var_os("PATH").unwrap()), ("PID_FILE", self.pid_file().into())]
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            dir: self.scratch.path(),
            stdin: None,
            scratch: &self.scratch,
            secrets: &self.secrets,
            roots: vec![self.scratch.path()],
        }
    }

    fn pid_file(&self) -> PathBuf {
        self.scratch.path().join("pid")
    }

    /// Returns the process whose id the script wrote to `$PID_FILE`.
    fn background(&self) -> Pid {
        Pid::from_raw(fs::read_to_string(self.pid_file()).unwrap().trim().parse().unwrap()).unwrap()
    }
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

/// Waits until no process runs under `id`: dead processes that nobody reaps do not count.
fn assert_ends(id: Pid) {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let state = Command::new("ps").args(["-o", "stat=", "-p", &id.to_string()]).output().unwrap().stdout;
        if state.is_empty() || state.starts_with(b"Z") {
            return;
        }
        assert!(Instant::now() < end, "process {id} still runs");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn large_stdout_and_stderr_do_not_block_each_other() {
    let fixture = Fixture::new();
    let output = fixture
        .call(
            "head -c 1000000 /dev/zero >&2; head -c 3000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 3",
        )
        .output(soon())
        .unwrap();
    assert_eq!(output.stdout.len(), 3_000_000);
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn stdin_is_what_was_given_or_empty() {
    let fixture = Fixture::new();
    let text = vec![b'x'; 1_000_000];
    let call = Call { stdin: Some(&text), ..fixture.call("cat") };
    assert_eq!(call.stdout(soon()).unwrap(), text);
    assert_eq!(fixture.call("cat").stdout(soon()).unwrap(), b"");
}

#[test]
fn a_tool_need_not_read_its_stdin() {
    let fixture = Fixture::new();
    let text = vec![b'x'; 1_000_000];
    let call = Call { stdin: Some(&text), ..fixture.call("exec 0<&-; echo done") };
    assert_eq!(call.stdout(soon()).unwrap(), b"done\n");
}

#[test]
fn a_failure_quotes_stderr_without_secrets_and_directories() {
    let mut fixture = Fixture::new();
    fixture.secrets.add("swordfish");
    let script = "echo rendered; printf '\\033[31m%s: bad value swordfish\\n%s\\n' \"$PWD/values.yaml\" \"$PWD\" >&2; exit 1";
    let problem = fixture.call(script).stdout(soon()).unwrap_err();
    assert_eq!(problem.exit, Exit::RENDER);
    assert_eq!(
        problem.to_string(),
        "error: `helm template` failed (exit status: 1)\ncaused by: [31mvalues.yaml: bad value [redacted]\n  ."
    );
}

#[test]
fn the_help_of_a_tool_is_not_quoted() {
    let problem =
        Fixture::new().call("echo 'Error: no' >&2; echo 'Usage:' >&2; echo '  x' >&2; exit 1").stdout(soon());
    let text = problem.unwrap_err().to_string();
    assert_eq!(text, "error: `helm template` failed (exit status: 1)\ncaused by: Error: no");
}

#[test]
fn a_failure_without_a_word_is_a_failure() {
    let problem = Fixture::new().call("kill -9 $$").stdout(soon()).unwrap_err();
    assert_eq!(
        problem.to_string(),
        "error: `helm template` failed (signal: 9 (SIGKILL))\n\
         hint: it was killed, usually because the container's memory limit is too small for it"
    );
}

#[test]
fn of_a_long_stderr_the_end_is_quoted() {
    let fixture = Fixture::new();
    let problem = fixture.call("seq 100000 >&2; exit 1").stdout(soon()).unwrap_err();
    let text = problem.source.unwrap().to_string();
    assert!(text.starts_with("…\n") && text.ends_with("\n100000"), "{text}");
    assert!(text.len() <= QUOTED + "…".len());
    assert!(text.lines().skip(1).all(|line| line.len() >= 5), "only whole lines: {text}");
    let problem = fixture.call("head -c 9999 /dev/zero | tr '\\0' x >&2; exit 1").stdout(soon()).unwrap_err();
    assert_eq!(problem.source.unwrap().to_string(), format!("…{}", "x".repeat(QUOTED)));
}

#[test]
fn what_a_tool_started_ends_with_it() {
    let fixture = Fixture::new();
    let start = Instant::now();
    let stdout = fixture.call("sleep 300 & echo $! > \"$PID_FILE\"; echo done").stdout(soon()).unwrap();
    assert_eq!(stdout, b"done\n");
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "the open pipe of the background process was waited for"
    );
    assert_ends(fixture.background());
}

#[test]
fn a_timeout_leaves_no_process_behind() {
    let fixture = Fixture::new();
    let script = "echo 'pulling from https://bob:swordfish@example.com' >&2; sleep 300 & echo $! > \"$PID_FILE\"; wait";
    let problem = fixture.call(script).stdout(Deadline::after(Duration::from_millis(500))).unwrap_err();
    assert_eq!(problem.exit, Exit::TIMEOUT);
    insta::assert_snapshot!(problem, @r"
    error: `helm template` did not end within the timeout of 500ms
    caused by: pulling from https://[redacted]@example.com
    hint: `timeout` is the time for the whole run; keep it below Argo CD's own 60 s, or raise both
    ");
    assert_ends(fixture.background());
}

#[test]
fn a_process_that_left_the_group_cannot_hold_us_longer_than_the_deadline() {
    let fixture = Fixture::new();
    let start = Instant::now();
    let script =
        r#"setsid sh -c 'echo > "$PID_FILE"; sleep 4' & while [ ! -e "$PID_FILE" ]; do sleep 0.01; done"#;
    let problem = fixture.call(script).stdout(Deadline::after(Duration::from_secs(1))).unwrap_err();
    assert_eq!(problem.exit, Exit::TIMEOUT);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[test]
fn nothing_is_started_after_the_deadline() {
    let fixture = Fixture::new();
    let problem = fixture.call("echo > \"$PID_FILE\"").stdout(Deadline::after(Duration::ZERO)).unwrap_err();
    assert_eq!(problem.exit, Exit::TIMEOUT);
    assert!(!fixture.pid_file().exists());
}

#[test]
fn a_missing_tool_is_a_problem() {
    let mut fixture = Fixture::new();
    fixture.tools = Tools::from_env(&[("PRESYNC_HELM".to_owned(), "/nowhere/helm".to_owned())].into(), None);
    let problem = fixture.call("").stdout(soon()).unwrap_err();
    assert_eq!(problem.exit, Exit::FAILURE);
    assert_eq!(problem.message, "cannot run PRESYNC_HELM=`/nowhere/helm`");
}

#[test]
fn a_child_that_is_given_up_ends() {
    let mut sleep = Command::new("sleep");
    sleep.arg("300");
    let scratch = Scratch::new(None).unwrap();
    let running = Process::start(sleep, None, &scratch).unwrap();
    let id = running.id();
    drop(running);
    assert_ends(id);
}

#[test]
fn a_child_has_only_the_environment_that_it_is_given() {
    let fixture = Fixture::new();
    let environment = fixture
        .call("env | cut -d= -f1 | sort | grep -v '^_$\\|^PWD$\\|^SHLVL$\\|^OLDPWD$'")
        .stdout(soon())
        .unwrap();
    assert_eq!(String::from_utf8(environment).unwrap(), "PATH\nPID_FILE\n");
}
