//! The repository's root, which no path that a parameter gives or a walk finds may leave.
//!
//! Argo CD guards its own renderers the same way (`util/io/path/resolved.go`, `util/app/path/path.go`) and refuses
//! repositories with symbolic links to outside before it uploads them to a plugin; `--allow-oob-symlinks` turns that
//! off, and a plugin must not depend on it.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Component, Path, PathBuf},
};

use rustix::process::geteuid;

use crate::{error::Problem, exit::Exit};

/// The directory that no path may leave: the repository's root, canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root(PathBuf);

impl Root {
    /// Returns the repository that holds the app's directory `dir`.
    ///
    /// Argo CD starts a plugin in `<repository>/<source path>`, so with the source path (`ARGOCD_APP_SOURCE_PATH`) the
    /// root is known even when `.git` was not uploaded; a directory that is elsewhere, behind a link, is a problem.
    /// Without a source path it is the nearest directory with a `.git`, and else `dir` itself.
    pub fn find(dir: &Path, source_path: Option<&str>) -> Result<Self, Problem> {
        let dir = fs::canonicalize(dir).map_err(|error| {
            Problem::new(Exit::RENDER, format!("cannot open the app's directory `{}`", dir.display()))
                .caused_by(error)
        })?;
        if !dir.is_dir() {
            return Err(Problem::new(Exit::RENDER, format!("`{}` is not a directory", dir.display())));
        }
        let Some(path) = source_path else {
            let root = dir.ancestors().find(|ancestor| ancestor.join(".git").exists());
            return Ok(Self(root.unwrap_or(&dir).to_owned()));
        };
        match above(&dir, path) {
            Some(root) if is_repository(root, &dir) => Ok(Self(root.to_owned())),
            _ => Err(Problem::new(Exit::RENDER, format!("the app's directory is not at its source path `{path}`"))
                .hint("a symbolic link on the way leads elsewhere: set the Application's path to the directory itself")
                .hint("outside Argo CD, unset ARGOCD_APP_SOURCE_PATH or set it to the directory's path in the repository")),
        }
    }

    /// Returns the root itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the file or directory that a parameter names by `path`, canonical: relative to `base`, or to the root
    /// with a leading `/`, as in Argo CD's `valueFiles`.
    ///
    /// A path that leaves the repository, or that does not exist, is a problem.
    pub fn resolve(&self, base: &Path, path: &str) -> Result<PathBuf, Problem> {
        self.resolve_if_exists(base, path)?
            .ok_or_else(|| Problem::new(Exit::SETTINGS, format!("there is no file `{path}`")))
    }

    /// As [`resolve`](Self::resolve), but a path that does not exist is `None`.
    pub fn resolve_if_exists(&self, base: &Path, path: &str) -> Result<Option<PathBuf>, Problem> {
        let joined = match path.strip_prefix('/') {
            Some(from_root) => self.0.join(from_root.trim_start_matches('/')),
            None => base.join(path),
        };
        // Before the file system is asked: whether something exists outside must not show in the answer. And by the text,
        // as Go joins paths: behind a link, `..` would lead elsewhere for us than for the tools.
        let joined = normalized(&joined);
        if !joined.starts_with(&self.0) {
            return Err(outside(Exit::SETTINGS, path));
        }
        match fs::canonicalize(&joined) {
            Ok(real) if real.starts_with(&self.0) => readable(real, Exit::SETTINGS, path).map(Some),
            Ok(_) => Err(outside(Exit::SETTINGS, path).hint("a symbolic link on the way leads there")),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(Problem::new(Exit::RENDER, format!("cannot open `{path}`")).caused_by(error)),
        }
    }

    /// Returns the real path of an existing `path` that a walk found; a problem when a symbolic link leads out of the
    /// repository.
    pub fn check(&self, path: &Path) -> Result<PathBuf, Problem> {
        let shown = path.strip_prefix(&self.0).unwrap_or(path).display().to_string();
        match fs::canonicalize(path) {
            Ok(real) if real.starts_with(&self.0) => readable(real, Exit::RENDER, &shown),
            Ok(_) => Err(outside(Exit::RENDER, &shown).hint("it is a symbolic link")),
            Err(error) => Err(Problem::new(Exit::RENDER, format!("cannot open `{shown}`")).caused_by(error)),
        }
    }
}

fn outside(exit: Exit, path: &str) -> Problem {
    Problem::new(exit, format!("`{path}` leads out of the repository"))
        .hint("only files of the app's own repository can be used: copy what is needed into it")
}

/// Whether nothing is there. A name that cannot exist counts too: a tool may take it for something else than a path.
fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename | InvalidInput)
}

/// Returns `real` if it is a file or directory: reading anything else could block.
fn readable(real: PathBuf, exit: Exit, path: &str) -> Result<PathBuf, Problem> {
    let kind = fs::metadata(&real).map(|metadata| metadata.file_type());
    match kind {
        Ok(kind) if !kind.is_file() && !kind.is_dir() => {
            Err(Problem::new(exit, format!("`{path}` is a FIFO, device or socket"))
                .hint("only regular files are read: remove it"))
        }
        _ => Ok(real),
    }
}

/// Returns the directory that lies `path` above `dir`, when `dir` ends with `path`.
fn above<'a>(dir: &'a Path, path: &str) -> Option<&'a Path> {
    let path = normalized(Path::new(path));
    if path.components().any(|component| !matches!(component, Component::Normal(_))) || !dir.ends_with(&path)
    {
        return None;
    }
    dir.ancestors().nth(path.components().count())
}

/// Whether `root`, with the app's directory `dir` in it, can be a repository: with a link from one, a directory of the
/// machine can end with the source path too (`home/argocd`), but then what is above it is not ours.
fn is_repository(root: &Path, dir: &Path) -> bool {
    let is_ours = || fs::metadata(root).is_ok_and(|found| found.uid() == geteuid().as_raw());
    root == dir || root.join(".git").exists() || (root.parent().is_some() && is_ours())
}

/// Returns `path` without `.` and `..`, by its text alone.
pub(crate) fn normalized(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            _ => normal.push(component),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// Returns a repository with the app `apps/catalog`, beside a directory that is not its own.
    fn repository() -> (tempfile::TempDir, PathBuf) {
        let temp = tempfile::tempdir().unwrap();
        let repo = temp.path().canonicalize().unwrap().join("repo");
        fs::create_dir_all(repo.join("apps/catalog")).unwrap();
        fs::create_dir_all(repo.join("shared")).unwrap();
        fs::write(repo.join("shared/values.yaml"), "a: 1\n").unwrap();
        fs::write(temp.path().join("secret.yaml"), "a: 1\n").unwrap();
        (temp, repo)
    }

    fn root(repo: &Path) -> Root {
        Root::find(&repo.join("apps/catalog"), Some("apps/catalog")).unwrap()
    }

    #[test]
    fn the_source_path_gives_the_root() {
        let (_temp, repo) = repository();
        let app = repo.join("apps/catalog");
        for path in ["apps/catalog", "./apps/catalog/", "apps/other/../catalog"] {
            assert_eq!(Root::find(&app, Some(path)).unwrap().path(), repo, "{path}");
        }
        assert_eq!(Root::find(&app, Some(".")).unwrap().path(), app);
    }

    #[test]
    fn a_directory_elsewhere_is_a_problem() {
        let (temp, repo) = repository();
        let app = repo.join("apps/catalog");
        for path in ["other/catalog", "/apps/catalog", "../apps/catalog"] {
            assert!(Root::find(&app, Some(path)).is_err(), "{path}");
        }
        fs::create_dir_all(temp.path().join("out/x")).unwrap();
        symlink("../out", repo.join("linked")).unwrap();
        let problem = Root::find(&repo.join("linked/x"), Some("linked/x")).unwrap_err();
        assert_eq!(problem.message, "the app's directory is not at its source path `linked/x`");
        symlink("/usr", repo.join("usr")).unwrap();
        assert!(Root::find(&repo.join("usr/bin"), Some("usr/bin")).is_err(), "the machine is no repository");
    }

    #[test]
    fn dots_go_by_the_text_as_in_the_tools() {
        let (_temp, repo) = repository();
        let app = repo.join("apps/catalog");
        symlink("../../shared", app.join("link")).unwrap();
        fs::write(app.join("here.yaml"), "").unwrap();
        assert_eq!(root(&repo).resolve(&app, "link/../here.yaml").unwrap(), app.join("here.yaml"));
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        let (_temp, repo) = repository();
        let app = repo.join("apps/catalog");
        let _socket = std::os::unix::net::UnixListener::bind(app.join("values.yaml")).unwrap();
        let message = "is a FIFO, device or socket";
        assert!(root(&repo).resolve(&app, "values.yaml").unwrap_err().message.ends_with(message));
        assert!(root(&repo).check(&app.join("values.yaml")).unwrap_err().message.ends_with(message));
    }

    #[test]
    fn without_a_source_path_git_gives_the_root_and_else_the_app() {
        let (_temp, repo) = repository();
        let app = repo.join("apps/catalog");
        assert_eq!(Root::find(&app, None).unwrap().path(), app);
        fs::write(repo.join(".git"), "gitdir: elsewhere\n").unwrap();
        assert_eq!(Root::find(&app, None).unwrap().path(), repo);
    }

    #[test]
    fn a_missing_app_is_a_problem() {
        let (_temp, repo) = repository();
        assert!(Root::find(&repo.join("apps/order"), None).is_err());
        assert!(Root::find(&repo.join("shared/values.yaml"), None).is_err());
    }

    #[test]
    fn paths_are_relative_to_the_base_or_to_the_root() {
        let (_temp, repo) = repository();
        let (root, app) = (root(&repo), repo.join("apps/catalog"));
        let values = repo.join("shared/values.yaml");
        assert_eq!(root.resolve(&app, "../../shared/values.yaml").unwrap(), values);
        assert_eq!(root.resolve(&app, "/shared/values.yaml").unwrap(), values);
        assert_eq!(root.resolve(&app, "//shared/values.yaml").unwrap(), values);
    }

    #[test]
    fn what_is_missing_is_told_from_what_is_outside() {
        let (_temp, repo) = repository();
        let (root, app) = (root(&repo), repo.join("apps/catalog"));
        assert_eq!(root.resolve_if_exists(&app, "none.yaml").unwrap(), None);
        assert_eq!(root.resolve_if_exists(&app, "/shared/values.yaml/x").unwrap(), None);
        assert_eq!(root.resolve(&app, "none.yaml").unwrap_err().message, "there is no file `none.yaml`");
        for path in ["../../../secret.yaml", "../../../none.yaml", "/../secret.yaml", "/shared/../../repo2/x"]
        {
            let problem = root.resolve_if_exists(&app, path).unwrap_err();
            assert_eq!(problem.message, format!("`{path}` leads out of the repository"));
        }
    }

    #[test]
    fn links_may_stay_inside_but_not_leave() {
        let (temp, repo) = repository();
        let (root, app) = (root(&repo), repo.join("apps/catalog"));
        symlink("../../shared/values.yaml", app.join("in.yaml")).unwrap();
        symlink("../../../secret.yaml", app.join("out.yaml")).unwrap();
        symlink(temp.path(), app.join("outdir")).unwrap();
        symlink("../../shared", app.join("indir")).unwrap();
        assert_eq!(root.resolve(&app, "in.yaml").unwrap(), repo.join("shared/values.yaml"));
        assert_eq!(root.check(&app.join("in.yaml")).unwrap(), repo.join("shared/values.yaml"));
        assert_eq!(root.resolve(&app, "indir/values.yaml").unwrap(), repo.join("shared/values.yaml"));
        for path in ["out.yaml", "outdir/secret.yaml", "outdir"] {
            assert!(root.resolve(&app, path).is_err(), "{path}");
            assert!(root.check(&app.join(path)).is_err(), "{path}");
        }
    }

    #[test]
    fn a_sibling_whose_name_begins_with_the_roots_is_outside() {
        let (temp, repo) = repository();
        fs::create_dir(temp.path().join("repo2")).unwrap();
        fs::write(temp.path().join("repo2/x"), "").unwrap();
        assert!(root(&repo).resolve(&repo, "../repo2/x").is_err());
    }

    #[test]
    fn a_problem_names_no_place_outside() {
        let (temp, repo) = repository();
        let app = repo.join("apps/catalog");
        symlink(temp.path().join("secret.yaml"), app.join("out.yaml")).unwrap();
        let text = root(&repo).check(&app.join("out.yaml")).unwrap_err().to_string();
        assert!(text.contains("`apps/catalog/out.yaml`"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
