//! The clone that a local run works in: where it begins, its commit, and the files of another commit.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use presync::{
    error::{Problem, Result},
    exit::Exit,
};
use tempfile::TempDir;

/// Returns the nearest directory at or above `dir` that holds a `.git`.
pub(super) fn root(dir: &Path) -> Option<PathBuf> {
    dir.ancestors().find(|ancestor| ancestor.join(".git").exists()).map(Path::to_owned)
}

/// Returns the commit that is checked out; none outside a clone, or without git.
pub(super) fn head(root: &Path) -> Option<String> {
    root.join(".git").exists().then(|| commit(root, "HEAD")).and_then(Result::ok)
}

/// Returns the commit that `revision` names.
fn commit(root: &Path, revision: &str) -> Result<String> {
    let name = format!("{revision}^{{commit}}");
    let output = git(root, None, ["rev-parse", "--verify", "--quiet", "--end-of-options", &name])?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !text.is_empty() {
        return Ok(text);
    }
    Err(Problem::new(Exit::USAGE, format!("there is no revision `{revision}` in the clone"))
        .hint("fetch it first: `git fetch origin`; a shallow clone of a CI system may lack it (`fetch-depth: 0`)")
        .into())
}

/// The files of another commit, in a temporary directory. Nothing of the clone changes: no worktree is registered, no
/// hook runs, and the index is one of our own.
#[derive(Debug)]
pub(super) struct Tree {
    dir: TempDir,
    /// The commit.
    pub(super) commit: String,
}

impl Tree {
    /// Writes the files of `revision` of the clone in `root`.
    pub(super) fn of(root: &Path, revision: &str) -> Result<Self> {
        let commit = commit(root, revision)?;
        let dir = tempfile::tempdir().map_err(|error| {
            Problem::new(Exit::FAILURE, "cannot make a temporary directory").caused_by(error)
        })?;
        let index = dir.path().join("index");
        let tree = Self { dir, commit };
        let prefix = format!("--prefix={}/", tree.path().display());
        for args in [vec!["read-tree", &tree.commit], vec!["checkout-index", "--all", "--quiet", &prefix]] {
            let output = git(root, Some(&index), &args)?;
            if !output.status.success() {
                let error = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                let message = format!("cannot write the files of revision `{revision}`");
                return Err(Problem::new(Exit::FAILURE, message).caused_by(anyhow::Error::msg(error)).into());
            }
        }
        Ok(tree)
    }

    /// Returns where the files are; it may hold none.
    pub(super) fn path(&self) -> PathBuf {
        self.dir.path().join("tree")
    }
}

fn git<S: AsRef<OsStr>>(
    root: &Path,
    index: Option<&Path>,
    args: impl IntoIterator<Item = S>,
) -> Result<Output> {
    let mut command = Command::new("git");
    command.arg("-C").arg(root).args(["-c", "core.fsmonitor=false"]).args(args);
    if let Some(index) = index {
        command.env("GIT_INDEX_FILE", index);
    }
    command.output().map_err(|error| Problem::new(Exit::FAILURE, "cannot run `git`").caused_by(error).into())
}
