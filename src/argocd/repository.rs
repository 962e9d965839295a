//! The clone of an app's repository, as Git generators look into it.

use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use walkdir::{DirEntry, WalkDir};

/// A directory with the repository's files.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
}

impl Repository {
    /// Returns the clone in `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Returns where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directories whose path `wanted` takes, in order (`ListDirectories` of the ApplicationSet controller: hidden
    /// ones are left out).
    pub(super) fn directories(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let hidden = |entry: &DirEntry| entry.file_name().as_encoded_bytes().starts_with(b".");
        let entries = self.walk(|entry| entry.file_type().is_dir() && !hidden(entry));
        let names = entries.iter().filter_map(|entry| self.name(entry.path()));
        names.filter(|name| wanted(name)).collect()
    }

    /// Returns the files that a Git file generator's pattern matches, in order. It is a pathspec of Git, whose `*`
    /// takes `/` too.
    pub(super) fn files(&self, pattern: &str) -> Result<Vec<String>, String> {
        let glob = GlobBuilder::new(pattern).literal_separator(false).backslash_escape(true).build();
        let glob = glob.map_err(|error| format!("has a pattern that cannot be read: {}", error.kind()))?;
        let glob = glob.compile_matcher();
        let entries = self.walk(|entry| entry.file_name() != ".git").into_iter();
        let entries = entries.filter(|entry| entry.file_type().is_file());
        Ok(entries.filter_map(|entry| self.name(entry.path())).filter(|name| glob.is_match(name)).collect())
    }

    /// Returns a file of the repository.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, std::io::Error> {
        std::fs::read(self.root.join(name))
    }

    fn walk(&self, wanted: impl Fn(&DirEntry) -> bool) -> Vec<DirEntry> {
        let walk = WalkDir::new(&self.root).min_depth(1).sort_by_file_name().into_iter();
        walk.filter_entry(wanted).flatten().collect()
    }

    fn name(&self, path: &Path) -> Option<String> {
        path.strip_prefix(&self.root).ok()?.to_str().map(str::to_owned)
    }
}
