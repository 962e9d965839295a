//! Programs in the place of a tool.

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use presync::render::Tools;
use tempfile::TempDir;

use crate::fixture;

/// A shell script in the place of `helm` or `kustomize`.
pub(crate) struct Double {
    dir: TempDir,
}

impl Double {
    /// The script: `$DIR` is a directory for its notes.
    pub(crate) fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("source");
        let text = format!("#!/bin/sh\nDIR='{}'\n{script}\n", dir.path().display());
        std::fs::write(&source, text).unwrap();
        // Not written by us where it is run: another test's fork would hold it open, and it could not be executed.
        let installed =
            Command::new("install").args(["-m", "755"]).arg(&source).arg(dir.path().join("tool")).status();
        assert!(installed.unwrap().success());
        Self { dir }
    }

    pub(crate) fn tools(&self, variable: &str) -> Tools {
        fixture::tools(&[(variable, &self.path())])
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("tool")
    }

    /// What the script noted in `$DIR/name`.
    pub(crate) fn note(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }

    /// Whether the script made `$DIR/name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.dir.path().join(name).exists()
    }

    /// Waits for the end of the process whose id the script noted. A dead one that nobody reaps has ended.
    #[track_caller]
    pub(crate) fn assert_ended(&self, name: &str) {
        let id = self.note(name);
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            let state = Command::new("ps").args(["-o", "stat=", "-p", id.trim()]).output().unwrap().stdout;
            if state.is_empty() || state.starts_with(b"Z") {
                return;
            }
            assert!(Instant::now() < end, "process {id} still runs");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
