//! What Helm would read of a chart without asking where it is: what is behind links.

use std::{
    fs,
    path::{Path, PathBuf},
};

use walkdir::WalkDir;

use super::ignore::Rules;
use crate::{
    error::{Problem, Result},
    render::{
        Request, Root,
        scratch::{Copy, Scratch},
    },
};

/// Returns a copy of the charts in `dirs`, the app's own first, in which no link leads out of the repository.
pub(super) fn copy(request: &Request<'_>, scratch: &Scratch, dirs: &[PathBuf]) -> Result<Copy> {
    let charts = Charts::new(dirs, request.root)?;
    let dirs: Vec<&Path> = dirs.iter().map(PathBuf::as_path).collect();
    scratch.copy(request.root, &dirs, request.deadline, &|path| charts.ignore(path) == Some(true))
}

/// Charts and what each ignores.
#[derive(Debug)]
pub(in crate::render) struct Charts(Vec<(PathBuf, Rules)>);

impl Charts {
    /// Returns the charts in these directories.
    pub(in crate::render) fn new(dirs: &[PathBuf], root: &Root) -> Result<Self, Problem> {
        dirs.iter().map(|dir| Ok((dir.clone(), rules(dir, root)?))).collect::<Result<_, _>>().map(Self)
    }

    /// Whether all charts that hold `path` ignore it; none where no chart does.
    pub(in crate::render) fn ignore(&self, path: &Path) -> Option<bool> {
        let holding =
            self.0.iter().filter_map(|(dir, rules)| Some(rules.ignore(path.strip_prefix(dir).ok()?)));
        holding.reduce(|all, one| all && one)
    }
}

/// Whether there is anything but files and directories in a chart.
pub(super) fn needs_copy(dir: &Path) -> bool {
    // What cannot be read is Helm's problem.
    let mut entries = WalkDir::new(dir).min_depth(1).into_iter().flatten();
    entries.any(|entry| !entry.file_type().is_file() && !entry.file_type().is_dir())
}

fn rules(dir: &Path, root: &Root) -> Result<Rules, Problem> {
    let path = dir.join(".helmignore");
    if path.symlink_metadata().is_err() {
        return Ok(Rules::new(""));
    }
    let bytes = fs::read(root.check(&path)?).unwrap_or_default();
    Ok(Rules::new(&String::from_utf8_lossy(&bytes)))
}
