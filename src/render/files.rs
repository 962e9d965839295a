//! The files of an app: found, ordered and read as Argo CD's directory renderer does.

use std::{
    fs,
    path::{Path, PathBuf},
};

use walkdir::{DirEntry, WalkDir};

use super::Root;
use crate::{
    error::{Location, Problem, Problems},
    exit::Exit,
};

/// A regular file, or a symbolic link to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// Relative to the directory that was walked: what users see and globs match.
    pub name: String,
    /// Where its content is; for a symbolic link its target, inside the repository.
    pub path: PathBuf,
}

/// The files in `dir` (with `recurse`, below it) whose names pass `wanted`, in the order of Go's `filepath.Walk`: each
/// directory by name, its subdirectories in their place.
///
/// As in Argo CD, links to files are followed, links to directories are not, and a link to nowhere counts for nothing
/// (`getPotentiallyValidManifestFile` in `reposerver/repository/repository.go`). Beyond it, what is hidden (`.git`,
/// `.github/workflows`) is passed over.
///
/// The problems are beside what was found, so that the caller can go on to find more.
pub(super) fn walk(
    dir: &Path,
    root: &Root,
    recurse: bool,
    wanted: impl Fn(&str) -> bool,
) -> (Vec<File>, Problems) {
    let entries = WalkDir::new(dir)
        .min_depth(1)
        .max_depth(if recurse { usize::MAX } else { 1 })
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| !is_hidden(entry));
    let mut problems = Problems::default();
    let mut files = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => {
                let name = name_in(dir, entry.path());
                if wanted(&name)
                    && let Some(path) = problems.collect(content_of(&entry, &name, root)).flatten()
                {
                    files.push(File { name, path });
                }
            }
            Err(error) => {
                let name = name_in(dir, error.path().unwrap_or(dir));
                let problem =
                    Problem::new(Exit::RENDER, "cannot read the directory").at(Location::file(name));
                problems.push(match error.into_io_error() {
                    Some(error) => problem.caused_by(error),
                    None => problem,
                });
            }
        }
    }
    (files, problems)
}

/// Returns the content of a text file.
pub(super) fn read(file: &File) -> Result<String, Problem> {
    let bytes = fs::read(&file.path).map_err(|error| {
        Problem::new(Exit::RENDER, "cannot read the file").at(Location::file(&file.name)).caused_by(error)
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let (valid, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let problem = Problem::new(Exit::RENDER, "the file is not UTF-8 text");
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            problem.at(Location::file(&file.name)).hint("it is UTF-16: save it as UTF-8")
        } else {
            let line = 1 + memchr::memchr_iter(b'\n', &bytes[..valid]).count();
            problem.at(Location::file(&file.name).line(line)).hint("save it as UTF-8")
        }
    })
}

/// Returns where the regular file is that `entry` is or links to, if it is one.
fn content_of(entry: &DirEntry, name: &str, root: &Root) -> Result<Option<PathBuf>, Problem> {
    if entry.file_type().is_file() {
        return Ok(Some(entry.path().to_owned()));
    }
    if entry.file_type().is_dir() || matches!(entry.path().try_exists(), Ok(false)) {
        return Ok(None);
    }
    let target = root.check(entry.path()).map_err(|problem| problem.at(Location::file(name)))?;
    Ok(target.is_file().then_some(target))
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn name_in(dir: &Path, path: &Path) -> String {
    match path.strip_prefix(dir) {
        Ok(name) if !name.as_os_str().is_empty() => name.to_string_lossy().into_owned(),
        _ => ".".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn app(files: &[&str]) -> (tempfile::TempDir, PathBuf, Root) {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().canonicalize().unwrap().join("app");
        fs::create_dir(&dir).unwrap();
        for file in files {
            let path = dir.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let root = Root::find(&dir, None).unwrap();
        (temp, dir, root)
    }

    fn found((files, problems): (Vec<File>, Problems)) -> Vec<File> {
        problems.or(files).unwrap()
    }

    fn names(dir: &Path, root: &Root, recurse: bool) -> Vec<String> {
        found(walk(dir, root, recurse, |_| true)).into_iter().map(|file| file.name).collect()
    }

    #[test]
    fn the_order_is_that_of_argo_cd() {
        // By the bytes of each directory's names: `b-1.yaml` before `b`'s content, `B.yaml` before both.
        let (_temp, dir, root) =
            app(&["c.yaml", "b/z.yaml", "b/a/1.yaml", "b-1.yaml", "B.yaml", "b.yaml", "a.yaml"]);
        assert_eq!(
            names(&dir, &root, true),
            ["B.yaml", "a.yaml", "b/a/1.yaml", "b/z.yaml", "b-1.yaml", "b.yaml", "c.yaml"]
        );
        assert_eq!(names(&dir, &root, false), ["B.yaml", "a.yaml", "b-1.yaml", "b.yaml", "c.yaml"]);
    }

    #[test]
    fn what_is_hidden_is_passed_over() {
        let (temp, dir, root) = app(&["a.yaml", ".b.yaml", ".github/workflows/c.yaml", "d/.e/f.yaml"]);
        assert_eq!(names(&dir, &root, true), ["a.yaml"]);
        let hidden = temp.path().canonicalize().unwrap().join(".app");
        fs::rename(&dir, &hidden).unwrap();
        let root = Root::find(&hidden, None).unwrap();
        assert_eq!(names(&hidden, &root, true), ["a.yaml"], "the app's own directory may be hidden");
    }

    #[test]
    fn links_to_files_are_followed_and_links_to_directories_are_not() {
        let (_temp, dir, root) = app(&["a.yaml", "d/e.yaml"]);
        symlink("d/e.yaml", dir.join("link.yaml")).unwrap();
        symlink("d", dir.join("dir.yaml")).unwrap();
        symlink("none.yaml", dir.join("nowhere.yaml")).unwrap();
        let files = found(walk(&dir, &root, true, |_| true));
        let link = files.iter().find(|file| file.name == "link.yaml").unwrap();
        assert_eq!(link.path, dir.join("d/e.yaml"));
        assert_eq!(names(&dir, &root, true), ["a.yaml", "d/e.yaml", "link.yaml"]);
    }

    #[test]
    fn every_link_out_of_the_repository_is_a_problem_unless_it_is_unwanted() {
        let (temp, dir, root) = app(&[]);
        fs::write(temp.path().join("secret.yaml"), "").unwrap();
        symlink("../secret.yaml", dir.join("a.yaml")).unwrap();
        symlink("../secret.yaml", dir.join("b.yaml")).unwrap();
        symlink("../secret.yaml", dir.join("README.md")).unwrap();
        let (_, problems) = walk(&dir, &root, false, |name| name.ends_with("yaml"));
        let files: Vec<_> =
            problems.iter().map(|problem| problem.location.clone().unwrap().to_string()).collect();
        assert_eq!(files, ["a.yaml", "b.yaml"]);
    }

    #[test]
    fn what_cannot_be_read_is_a_problem_and_the_rest_is_still_found() {
        let (_temp, dir, root) = app(&["a.yaml"]);
        let gone = dir.join("gone");
        let text = walk(&gone, &root, true, |_| true).1.to_string();
        assert!(
            text.starts_with("error: cannot read the directory\n  at: .\ncaused by: No such file"),
            "{text}"
        );
        assert!(!text.contains(&*dir.to_string_lossy()), "{text}");

        symlink("loop1.yaml", dir.join("loop1.yaml")).unwrap();
        symlink("loop2.yaml", dir.join("loop2.yaml")).unwrap();
        let (files, problems) = walk(&dir, &root, true, |_| true);
        assert_eq!(problems.iter().count(), 2, "{problems}");
        assert_eq!(files.len(), 1);
    }

    #[test]
    fn text_must_be_utf8() {
        let (_temp, dir, _root) = app(&[]);
        let file = |bytes: &[u8]| {
            fs::write(dir.join("a.yaml"), bytes).unwrap();
            read(&File { name: "a.yaml".to_owned(), path: dir.join("a.yaml") })
        };
        assert_eq!(file("\u{feff}a: ä\n".as_bytes()).unwrap(), "\u{feff}a: ä\n");
        let latin1 = file(b"a: 1\nb: \xe4\n").unwrap_err();
        assert_eq!(latin1.location.unwrap().to_string(), "a.yaml:2");
        let utf16 = file(b"\xff\xfea\0:\0").unwrap_err();
        assert_eq!(utf16.hints, ["it is UTF-16: save it as UTF-8"]);
    }

    #[test]
    fn a_missing_file_is_a_problem_with_its_name() {
        let (_temp, dir, _root) = app(&[]);
        let problem = read(&File { name: "a.yaml".to_owned(), path: dir.join("a.yaml") }).unwrap_err();
        assert!(
            problem.to_string().starts_with("error: cannot read the file\n  at: a.yaml\ncaused by: "),
            "{problem}"
        );
    }
}
