//! The clone that a local run works in: where it begins, its commit, and the files of another commit.

use std::{
    ffi::OsStr,
    fs,
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

/// Returns the commit that is checked out; none outside a clone. Git is asked only where its files do not tell.
pub(super) fn head(root: &Path) -> Option<String> {
    let git = root.join(".git");
    git.exists().then(|| head_in(&git).or_else(|| commit(root, "HEAD").ok())).flatten()
}

/// Returns the commit of `HEAD` as it stands in git's own files (`gitrepository-layout`), which `.git` is or names.
fn head_in(git: &Path) -> Option<String> {
    let link = |file: &Path| fs::read_to_string(file).ok().map(|text| text.trim_end().to_owned());
    let own =
        if git.is_dir() { git.to_owned() } else { git.with_file_name(link(git)?.strip_prefix("gitdir: ")?) };
    let is_commit =
        |text: &String| matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let head = link(&own.join("HEAD"))?;
    let Some(branch) = head.strip_prefix("ref: ") else { return Some(head).filter(is_commit) };
    // A worktree has a HEAD of its own, and the branches of the clone.
    let common = link(&own.join("commondir")).map_or_else(|| own.clone(), |common| own.join(common));
    let packed = || {
        let refs = fs::read_to_string(common.join("packed-refs")).ok()?;
        let mut names = refs.lines().filter_map(|line| line.split_once(' '));
        names.find(|(_, name)| *name == branch).map(|(commit, _)| commit.to_owned())
    };
    link(&common.join(branch)).or_else(packed).filter(is_commit)
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
