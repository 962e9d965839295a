//! Temporary files of a run, apart from the app's own directory, in which nothing is ever written.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    env, fs,
    hash::{BuildHasher as _, RandomState},
    io,
    os::unix::fs::{DirBuilderExt as _, symlink},
    path::{Path, PathBuf},
};

use rustix::process::Pid;

use super::{
    Deadline, Root,
    process::{Running, watchdog::Watchdog},
};
use crate::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
};

const PREFIX: &str = "presync-";

/// How many entries a copy may have: a link in a directory can make a copy of the whole repository.
const MOST_ENTRIES: usize = 200_000;

/// A private directory (mode 0700) for the files of one run, and the watchdog that removes it if the run cannot.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    program: Option<PathBuf>,
    watchdog: RefCell<Option<Watchdog>>,
    _running: Running,
}

impl Scratch {
    /// Returns a new, empty one in the system's directory for temporary files (`TMPDIR`), watched by our own `program`.
    pub(super) fn new(program: Option<&Path>) -> Result<Self, Problem> {
        let failed = |error: io::Error| {
            Problem::new(Exit::FAILURE, "cannot make a temporary directory")
                .caused_by(error)
                .hint("mount an emptyDir there, or set TMPDIR to a directory that can be written")
        };
        let parent = std::path::absolute(env::temp_dir()).map_err(failed)?;
        loop {
            let path =
                parent.join(format!("{PREFIX}{:016x}", RandomState::new().hash_one(std::process::id())));
            let watchdog =
                program.map(|program| Watchdog::start(program, &path)).transpose().map_err(failed)?;
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    let program = program.map(Path::to_owned);
                    return Ok(Self {
                        path,
                        program,
                        watchdog: RefCell::new(watchdog),
                        _running: Running::start(),
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// Returns where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the process group that children of the run join; none without a watchdog.
    pub(super) fn group(&self) -> Option<Pid> {
        self.watchdog.borrow().as_ref().map(Watchdog::group)
    }

    /// Ends every process of the group. Another watchdog takes over first.
    pub(super) fn end_group(&self) -> io::Result<()> {
        let next = self.program.as_deref().map(|program| Watchdog::start(program, &self.path)).transpose()?;
        drop(self.watchdog.replace(next));
        Ok(())
    }

    /// Copies directories of the repository, the app's own `dir` first, to where a tool may write and in which no link
    /// leads out.
    ///
    /// The copy of a directory stands where the original stands in the repository. Links stay links, within the copy,
    /// and what they lead to is copied too. A link out of the repository or to nowhere, and a FIFO, device or socket, is
    /// left out; it is a problem unless `excused` says that the tool does not read it.
    pub(super) fn copy(
        &self,
        root: &Root,
        dirs: &[&Path],
        deadline: Deadline,
        excused: &dyn Fn(&Path) -> bool,
    ) -> Result<Copy> {
        let tree = self.path().join("repository");
        if let Err(error) = fs::remove_dir_all(&tree)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(Problem::new(Exit::FAILURE, "cannot remove a temporary directory")
                .caused_by(error)
                .into());
        }
        let mut copying = Copying {
            root,
            tree: &tree,
            deadline,
            excused,
            queue: dirs.iter().map(|dir| (*dir).to_owned()).collect(),
            done: BTreeSet::new(),
            problems: Problems::default(),
        };
        let copied = copying.run();
        let Copying { mut problems, .. } = copying;
        problems.collect(copied);
        let dir = dirs.first().map_or_else(|| tree.clone(), |dir| moved(dir, root, &tree));
        problems.or(Copy { root: tree, dir })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Before the watchdog goes, and once more for what a process of its group wrote meanwhile.
        let _ = fs::remove_dir_all(&self.path);
        drop(self.watchdog.take());
        if self.path.exists() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Copies of directories of the repository.
#[derive(Debug)]
pub(super) struct Copy {
    /// The root of the tree.
    pub(super) root: PathBuf,
    /// The copy of the app's directory.
    pub(super) dir: PathBuf,
}

/// Whether `path` is named as our temporary directories are.
pub(super) fn is_ours(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()))
}

/// Returns where `path`, in the repository, stands in the copy.
fn moved(path: &Path, root: &Root, tree: &Path) -> PathBuf {
    tree.join(path.strip_prefix(root.path()).unwrap_or(Path::new("")))
}

/// A copy in the making.
struct Copying<'a> {
    root: &'a Root,
    tree: &'a Path,
    deadline: Deadline,
    excused: &'a dyn Fn(&Path) -> bool,
    /// Canonical paths still to copy.
    queue: Vec<PathBuf>,
    /// What was copied.
    done: BTreeSet<PathBuf>,
    problems: Problems,
}

impl Copying<'_> {
    fn run(&mut self) -> Result<(), Problem> {
        while let Some(path) = self.queue.pop() {
            let target = moved(&path, self.root, self.tree);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(|error| self.failed(&path, error))?;
            }
            self.entry(&path)?;
        }
        Ok(())
    }

    /// Copies what is at `path`, which is in a directory that stands in the copy already.
    fn entry(&mut self, path: &Path) -> Result<(), Problem> {
        if !self.done.insert(path.to_owned()) {
            return Ok(());
        }
        if self.done.len() > MOST_ENTRIES {
            return Err(self.failed(path, io::Error::other(format!("more than {MOST_ENTRIES} files"))));
        }
        if self.deadline.remaining().is_zero() {
            return Err(self.deadline.passed("copying the app's files"));
        }
        let target = moved(path, self.root, self.tree);
        let kind = fs::symlink_metadata(path).map_err(|error| self.failed(path, error))?.file_type();
        let copied = if kind.is_dir() {
            return self.directory(path, &target);
        } else if kind.is_file() {
            fs::copy(path, &target).map(|_| ())
        } else if (self.excused)(path) {
            Ok(())
        } else {
            // A link, or what cannot be read.
            match self.root.check(path) {
                Ok(real) => {
                    let linked = symlink(moved(&real, self.root, self.tree), &target);
                    self.queue.push(real);
                    linked
                }
                Err(problem) => {
                    self.problems.push(problem);
                    Ok(())
                }
            }
        };
        copied.map_err(|error| self.failed(path, error))
    }

    fn directory(&mut self, path: &Path, target: &Path) -> Result<(), Problem> {
        fs::create_dir_all(target).map_err(|error| self.failed(path, error))?;
        for entry in fs::read_dir(path).map_err(|error| self.failed(path, error))? {
            let entry = entry.map_err(|error| self.failed(path, error))?.path();
            // Git's own directory is no part of the app. Whatever else has that name is.
            if path != self.root.path() || !entry.ends_with(".git") || !entry.is_dir() || entry.is_symlink() {
                self.entry(&entry)?;
            }
        }
        Ok(())
    }

    fn failed(&self, path: &Path, error: io::Error) -> Problem {
        let shown = path.strip_prefix(self.root.path()).unwrap_or(path).display().to_string();
        Problem::new(Exit::RENDER, "cannot copy the app's files to a temporary directory")
            .at(Location::file(shown))
            .caused_by(error)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::{fs::PermissionsExt as _, net::UnixListener},
        time::Duration,
    };

    use tempfile::TempDir;

    use super::*;

    /// Returns a repository with the app `apps/catalog`, its base and a link to it.
    fn repository() -> (TempDir, Root) {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap().join("repo");
        for dir in ["apps/catalog/templates", "apps/catalog/.git", "apps/order", "base/more", ".git"] {
            fs::create_dir_all(root.join(dir)).unwrap();
        }
        fs::write(temp.path().join("secret"), "secret").unwrap();
        fs::write(root.join("base/job.yaml"), "base").unwrap();
        fs::write(root.join("apps/catalog/templates/job.yaml"), "app").unwrap();
        symlink("../../base/job.yaml", root.join("apps/catalog/shared.yaml")).unwrap();
        let root = Root::find(&root.join("apps/catalog"), Some("apps/catalog")).unwrap();
        (temp, root)
    }

    fn copy(scratch: &Scratch, root: &Root, dirs: &[&str], excused: &dyn Fn(&Path) -> bool) -> Result<Copy> {
        let dirs: Vec<_> = dirs.iter().map(|dir| root.path().join(dir)).collect();
        let dirs: Vec<_> = dirs.iter().map(PathBuf::as_path).collect();
        scratch.copy(root, &dirs, Deadline::after(Duration::from_secs(20)), excused)
    }

    #[test]
    fn a_copy_stands_where_its_original_stands_with_all_that_it_links_to() {
        let (_temp, root) = repository();
        symlink("../../base", root.path().join("apps/catalog/.git/linked")).unwrap();
        symlink("..", root.path().join("base/more/up")).unwrap();
        let scratch = Scratch::new(None).unwrap();
        let copy = copy(&scratch, &root, &["apps/catalog"], &|_| false).map(drop);
        assert!(copy.is_err(), "what is called `.git` is looked at, and its link leads nowhere");
        fs::remove_file(root.path().join("apps/catalog/.git/linked")).unwrap();
        symlink("../../../base", root.path().join("apps/catalog/.git/linked")).unwrap();
        let copy = super::tests::copy(&scratch, &root, &["apps/catalog"], &|_| false).unwrap();
        assert_eq!(copy.dir, copy.root.join("apps/catalog"));
        let read = |path: &str| fs::read_to_string(copy.dir.join(path)).unwrap();
        assert_eq!(read("templates/job.yaml"), "app");
        assert_eq!(read("shared.yaml"), "base");
        assert_eq!(read(".git/linked/job.yaml"), "base");
        assert!(copy.dir.join(".git/linked").canonicalize().unwrap().starts_with(&copy.root));
        assert!(!copy.root.join("apps/order").exists());
    }

    #[test]
    fn what_is_written_in_a_copy_does_not_reach_the_app() {
        let (_temp, root) = repository();
        let app = root.path().join("apps/catalog");
        let scratch = Scratch::new(None).unwrap();
        let copy = copy(&scratch, &root, &["apps/catalog"], &|_| false).unwrap();
        fs::write(copy.dir.join("templates/job.yaml"), "changed").unwrap();
        fs::write(copy.dir.join("shared.yaml"), "changed").unwrap();
        assert_eq!(fs::read_to_string(app.join("templates/job.yaml")).unwrap(), "app");
        assert_eq!(fs::read_to_string(app.join("shared.yaml")).unwrap(), "base");
    }

    #[test]
    fn an_app_that_is_the_whole_repository_is_copied_without_gits_own_directory() {
        let (_temp, root) = repository();
        let scratch = Scratch::new(None).unwrap();
        let copy = copy(&scratch, &root, &[""], &|_| false).unwrap();
        assert_eq!(copy.dir, copy.root.join(""));
        assert!(copy.dir.join("apps/catalog/templates/job.yaml").is_file());
        assert!(!copy.dir.join(".git").exists());
    }

    #[test]
    fn what_leads_out_is_a_problem_or_left_out() {
        let (temp, root) = repository();
        let app = root.path().join("apps/catalog");
        symlink("../../../secret", root.path().join("base/more/out")).unwrap();
        symlink("../../base", app.join("linked")).unwrap();
        symlink(temp.path().join("secret"), app.join(".git/HEAD")).unwrap();
        symlink("nowhere", app.join("broken")).unwrap();
        let _socket = UnixListener::bind(app.join("socket")).unwrap();
        let scratch = Scratch::new(None).unwrap();
        let problems = copy(&scratch, &root, &["apps/catalog"], &|_| false).unwrap_err();
        let mut messages: Vec<_> = problems.iter().map(|problem| problem.message.clone()).collect();
        messages.sort();
        assert_eq!(
            messages,
            [
                "`apps/catalog/.git/HEAD` leads out of the repository",
                "`apps/catalog/socket` is a FIFO, device or socket",
                "`base/more/out` leads out of the repository",
                "cannot open `apps/catalog/broken`",
            ]
        );
        let names = ["out", "HEAD", "broken", "socket"];
        let copy =
            copy(&scratch, &root, &["apps/catalog"], &|path| names.iter().any(|name| path.ends_with(name)));
        let copy = copy.unwrap();
        assert!(copy.dir.join("linked/more").is_dir());
        for name in ["broken", "socket", ".git/HEAD", "linked/more/out"] {
            assert!(copy.dir.join(name).symlink_metadata().is_err(), "{name}");
        }
    }

    #[test]
    fn it_is_private_and_goes_with_all_that_is_in_it() {
        let scratch = Scratch::new(None).unwrap();
        let path = scratch.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(is_ours(&path) && !is_ours(Path::new("/")) && !is_ours(&path.join("x")));
        fs::write(path.join("x"), "").unwrap();
        drop(scratch);
        assert!(!path.exists());
    }
}
