//! Temporary files of a run, apart from the app's own directory, in which nothing is ever written.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::Root;
use crate::{error::Problem, exit::Exit};

const PREFIX: &str = "presync-";

/// A private directory (mode 0700) for the files of one run, removed when dropped.
#[derive(Debug)]
pub(super) struct Scratch(TempDir);

impl Scratch {
    /// A new, empty one in the system's directory for temporary files (`TMPDIR`).
    pub(super) fn new() -> Result<Self, Problem> {
        let private = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
        tempfile::Builder::new().prefix(PREFIX).permissions(private).tempdir().map(Self).map_err(|error| {
            Problem::new(Exit::FAILURE, "cannot make a temporary directory")
                .caused_by(error)
                .hint("mount an emptyDir there, or set TMPDIR to a directory that can be written")
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A copy of the app's directory `dir` in which a tool may write, and the root of the tree in which it stands.
    ///
    /// The tree is that of the repository: around the copy, everything is a symbolic link to the original, so that
    /// paths such as `../base` lead where they should.
    pub(super) fn copy(&self, root: &Root, dir: &Path) -> Result<Copy, Problem> {
        let tree = self.path().join("repository");
        let below = dir.strip_prefix(root.path()).unwrap_or(Path::new(""));
        let copied = surround(root.path(), &tree, below).and_then(|()| copy(dir, &tree.join(below)));
        match copied {
            Ok(()) => Ok(Copy { dir: tree.join(below), root: tree }),
            Err(error) => {
                Err(Problem::new(Exit::RENDER, "cannot copy the app's directory to a temporary one")
                    .caused_by(error))
            }
        }
    }
}

/// A copy of the app's directory.
#[derive(Debug)]
pub(super) struct Copy {
    /// The root of the tree.
    pub(super) root: PathBuf,
    /// The copy.
    pub(super) dir: PathBuf,
}

/// Whether `path` is named as our temporary directories are.
pub(super) fn is_ours(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()))
}

/// Makes the directories from `to` down to `below` and links everything beside them to its original under `from`.
fn surround(from: &Path, to: &Path, below: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    let mut below = below.components();
    let Some(next) = below.next() else { return Ok(()) };
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_name() != next.as_os_str() {
            symlink(entry.path(), to.join(entry.file_name()))?;
        }
    }
    surround(&from.join(next), &to.join(next), below.as_path())
}

/// Copies what is in the directory `from` into the existing directory `to`, links as they are. Git's own directory is
/// left out.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target, kind) = (entry.path(), to.join(entry.file_name()), entry.file_type()?);
        if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target)?;
        } else if kind.is_dir() && entry.file_name() != ".git" {
            fs::create_dir(&target)?;
            copy(&source, &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// A repository with the app `apps/catalog`, its base and a link to it.
    fn repository() -> (TempDir, Root) {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        for dir in ["apps/catalog/templates", "apps/catalog/.git", "apps/order", "base"] {
            fs::create_dir_all(root.join(dir)).unwrap();
        }
        fs::write(root.join("base/job.yaml"), "base").unwrap();
        fs::write(root.join("apps/catalog/templates/job.yaml"), "app").unwrap();
        symlink("../../base/job.yaml", root.join("apps/catalog/shared.yaml")).unwrap();
        let root = Root::find(&root.join("apps/catalog"), Some("apps/catalog")).unwrap();
        (temp, root)
    }

    #[test]
    fn a_copy_stands_where_its_original_stands() {
        let (_temp, root) = repository();
        let scratch = Scratch::new().unwrap();
        let copy = scratch.copy(&root, &root.path().join("apps/catalog")).unwrap();
        assert_eq!(copy.dir, copy.root.join("apps/catalog"));
        let read = |path: &str| fs::read_to_string(copy.dir.join(path)).unwrap();
        assert_eq!(read("templates/job.yaml"), "app");
        assert_eq!(read("../../base/job.yaml"), "base");
        assert_eq!(read("shared.yaml"), "base", "a relative link leads to the same file");
        assert!(copy.dir.join("../order").is_dir());
        assert!(!copy.dir.join(".git").exists());
    }

    #[test]
    fn what_is_written_in_a_copy_does_not_reach_the_app() {
        let (_temp, root) = repository();
        let app = root.path().join("apps/catalog");
        let scratch = Scratch::new().unwrap();
        let copy = scratch.copy(&root, &app).unwrap();
        fs::write(copy.dir.join("templates/job.yaml"), "changed").unwrap();
        fs::write(copy.dir.join("Chart.lock"), "new").unwrap();
        assert_eq!(fs::read_to_string(app.join("templates/job.yaml")).unwrap(), "app");
        assert!(!app.join("Chart.lock").exists());
    }

    #[test]
    fn an_app_that_is_the_whole_repository_is_copied_whole() {
        let (_temp, root) = repository();
        let root = Root::find(&root.path().join("apps"), Some(".")).unwrap();
        let scratch = Scratch::new().unwrap();
        let copy = scratch.copy(&root, root.path()).unwrap();
        assert_eq!(copy.dir, copy.root);
        assert!(copy.dir.join("catalog/templates/job.yaml").is_file());
    }

    #[test]
    fn it_is_private_and_goes_with_all_that_is_in_it() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(is_ours(&path) && !is_ours(Path::new("/")) && !is_ours(&path.join("x")));
        fs::write(path.join("x"), "").unwrap();
        drop(scratch);
        assert!(!path.exists());
    }
}
