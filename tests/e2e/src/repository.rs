//! Git repositories that Argo CD reads, made for one scenario with plain `git`.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// A folder in which repositories can be made that Argo CD's repo-server can reach.
#[derive(Debug, Clone)]
pub struct GitRoot {
    /// The folder on this machine.
    pub folder: PathBuf,
    /// The same folder as the repo-server sees it, such as `file:///srv/git`.
    pub url: String,
    /// The user that owns the repositories. Git refuses to serve another user's, so it must be the repo-server's.
    pub owner: Option<u32>,
}

/// A repository with one branch, `main`.
#[derive(Debug, Clone)]
pub struct Repository {
    folder: PathBuf,
    url: String,
    owner: Option<u32>,
}

impl Repository {
    /// Makes an empty repository called `name`.
    pub fn create(root: &GitRoot, name: &str) -> Result<Self> {
        let folder = root.folder.join(name);
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        own(&folder, root.owner)?;
        let repository = Self { url: format!("{}/{name}", root.url), folder, owner: root.owner };
        repository.git(&["init", "--quiet", "--initial-branch=main"])?;
        Ok(repository)
    }

    /// What an Application names as its `repoURL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the files are, for what [`Repository::commit`] cannot make, such as links.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes files under `folder` (path and content; `None` removes the file), commits, and returns the commit's hash.
    pub fn commit<'a>(
        &self,
        message: &str,
        folder: &str,
        files: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<String> {
        for (path, content) in files {
            let path = Path::new(folder).join(path);
            let file = self.folder.join(&path);
            match content {
                Some(content) => {
                    self.make_parents(&path)?;
                    fs::write(&file, content).with_context(|| format!("cannot write {}", file.display()))?;
                    own(&file, self.owner)?;
                }
                None => {
                    fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
                }
            }
        }
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message])?;
        self.head()
    }

    fn make_parents(&self, path: &Path) -> Result<()> {
        let mut folder = self.folder.clone();
        for part in path.parent().into_iter().flatten() {
            folder.push(part);
            if !folder.exists() {
                fs::create_dir(&folder)?;
                own(&folder, self.owner)?;
            }
        }
        Ok(())
    }

    /// The hash of the newest commit.
    pub fn head(&self) -> Result<String> {
        self.git(&["rev-parse", "HEAD"])
    }

    fn git(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new("git");
        command.current_dir(&self.folder).args(arguments);
        // Neither the settings nor the identity of whoever runs the tests.
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("HOME", "/nonexistent");
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "e2e")
                .env(format!("GIT_{role}_EMAIL"), "e2e@presync.invalid");
        }
        if let Some(owner) = self.owner {
            command.uid(owner).gid(owner);
        }
        let output = command.output().context("cannot run git")?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "git {} failed: {}", arguments.join(" "), stderr.trim());
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

fn own(path: &Path, owner: Option<u32>) -> Result<()> {
    if let Some(owner) = owner {
        std::os::unix::fs::chown(path, Some(owner), Some(owner))?;
    }
    Ok(())
}
