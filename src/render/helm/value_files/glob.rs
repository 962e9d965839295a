//! Globs of `valueFiles`, in the order of the library that Argo CD uses (doublestar), which decides whose values win.
//!
//! doublestar does not sort its matches as a whole. A pattern is taken apart at its last slash or closing brace: the
//! directories in front are found first, and each gives its own matches in turn; the alternatives of a brace are sorted
//! among themselves. So `{dev,dev-eu}/*.yaml` gives all of `dev` before all of `dev-eu`, although `dev-eu/a.yaml` sorts
//! before `dev/a.yaml`. With `**` before the end of the pattern another of its functions runs, which differs in detail.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use globset::{GlobBuilder, GlobMatcher};

use crate::{
    error::{Problem, Result},
    exit::Exit,
    limits,
    repo_root::Root,
};

/// Returns the paths below `base` that `pattern` matches, directories too.
pub(super) fn matches(base: &Path, pattern: &str, root: &Root) -> Result<Vec<String>, Problem> {
    let walks = pattern.len() > 3 && has_double_star(&pattern.as_bytes()[..pattern.len() - 2]);
    let mut found = Vec::new();
    let search = Search { base, root, walks, looked: Cell::new(0), linked: RefCell::default() };
    search.find(pattern, true, &mut found)?;
    if search.looked.get() > limits::FILES {
        let message = format!("the glob `{pattern}` looks into more than {} directories", limits::FILES);
        return Err(Problem::new(Exit::RENDER, message).hint("links that lead to each other multiply them"));
    }
    Ok(found)
}

fn has_double_star(pattern: &[u8]) -> bool {
    let mut escaped = false;
    pattern.windows(2).any(|pair| {
        let found = !escaped && pair == b"**";
        escaped = !escaped && pair[0] == b'\\';
        found
    })
}

struct Search<'a> {
    base: &'a Path,
    root: &'a Root,
    /// The pattern has `**` before its end.
    walks: bool,
    /// How many directories were looked into.
    looked: Cell<usize>,
    /// The directories below links that `**` has looked into: each is looked into once, or links beside links would
    /// double them at each level.
    linked: RefCell<HashSet<PathBuf>>,
}

impl Search<'_> {
    /// Adds what the pattern matches; files only where it is the `last` part of the whole.
    fn find(&self, pattern: &str, last: bool, found: &mut Vec<String>) -> Result<(), Problem> {
        let Some(meta) = first_meta(pattern) else {
            let path = unescaped(pattern);
            if self.base.join(&path).exists() {
                found.push(path);
            }
            return Ok(());
        };
        let mut split = last_unescaped(pattern, "/}");
        if let Some(close) = split.filter(|at| pattern.as_bytes()[*at] == b'}') {
            match opening(&pattern[..close]) {
                Some(open) => return self.alternatives(pattern, open, close, last, found),
                // A brace that nothing opens is an ordinary character.
                None => split = last_unescaped(&pattern[..close], "/"),
            }
        }
        let (dir, segment) = split.map_or((".", pattern), |at| (&pattern[..at], &pattern[at + 1..]));
        if split.is_none_or(|at| at <= meta) {
            return self.in_directory(&unescaped(dir), segment, last, found);
        }
        for dir in self.directories(dir, found)? {
            self.in_directory(&dir, segment, last, found)?;
        }
        Ok(())
    }

    /// Returns the directories of a pattern. Without `**` doublestar looks into its earlier matches once more.
    fn directories(&self, pattern: &str, found: &[String]) -> Result<Vec<String>, Problem> {
        let mut dirs = if self.walks { Vec::new() } else { found.to_vec() };
        self.find(pattern, false, &mut dirs)?;
        Ok(dirs)
    }

    /// Returns the alternatives between `open` and `close`, in each directory that the part before them matches.
    fn alternatives(
        &self,
        pattern: &str,
        open: usize,
        close: usize,
        last: bool,
        found: &mut Vec<String>,
    ) -> Result<(), Problem> {
        let before = last_unescaped(&pattern[..open], "/}").filter(|at| pattern.as_bytes()[*at] == b'/');
        let (dirs, start) = match before {
            Some(at) => (self.directories(&pattern[..at], found)?, at + 1),
            None => (vec![String::new()], 0),
        };
        let (first, mut walked) = (found.len(), Vec::new());
        for dir in dirs {
            let own = found.len();
            for alternative in split_alternatives(&pattern[open + 1..close]) {
                let prefix = if dir.is_empty() || dir == "." { String::new() } else { format!("{dir}/") };
                let whole =
                    format!("{prefix}{}{alternative}{}", &pattern[start..open], &pattern[close + 1..]);
                if self.walks {
                    self.find(&whole, last, &mut walked)?;
                } else {
                    self.find(&whole, last, found)?;
                    found[own..].sort();
                    dedup_from(found, own);
                }
            }
        }
        walked.sort();
        walked.dedup();
        debug_assert!(walked.is_empty() || found.len() == first, "one of the two");
        found.append(&mut walked);
        Ok(())
    }

    /// Returns what one segment of a pattern matches in a directory.
    fn in_directory(
        &self,
        dir: &str,
        segment: &str,
        last: bool,
        found: &mut Vec<String>,
    ) -> Result<(), Problem> {
        if segment.is_empty() {
            if self.base.join(dir).is_dir() {
                found.push(dir.to_owned());
            }
            return Ok(());
        }
        if segment == "**" {
            if self.base.join(dir).is_dir() {
                self.below(dir, last, found);
            }
            return Ok(());
        }
        let matcher = compile(segment)?;
        for name in self.names(dir) {
            let path = join(dir, &name);
            if matcher.is_match(&name) && (last || self.enters(&path)) {
                found.push(path);
            }
        }
        Ok(())
    }

    /// The directory and everything below it, directories only where the pattern goes on.
    fn below(&self, dir: &str, last: bool, found: &mut Vec<String>) {
        found.push(dir.to_owned());
        for name in self.names(dir) {
            let path = join(dir, &name);
            if self.enters(&path) {
                if self.is_new(&path) {
                    self.below(&path, last, found);
                }
            } else if last && !self.base.join(&path).is_dir() {
                found.push(path);
            }
        }
    }

    /// Returns the names in a directory, in order; none where it cannot be read.
    fn names(&self, dir: &str) -> Vec<String> {
        self.looked.set(self.looked.get() + 1);
        if self.looked.get() > limits::FILES {
            return Vec::new();
        }
        let entries = fs::read_dir(self.base.join(dir)).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// Whether `**` has not been in this directory by way of another link.
    fn is_new(&self, path: &str) -> bool {
        let full = self.base.join(path);
        let real = full.canonicalize().unwrap_or_default();
        real == full || self.linked.borrow_mut().insert(real)
    }

    /// Whether it is a directory to look into: links are followed, but neither out of the repository nor in a circle.
    fn enters(&self, path: &str) -> bool {
        let full = self.base.join(path);
        if !full.is_dir() {
            return false;
        }
        if !full.is_symlink() {
            return true;
        }
        let here = full.parent().and_then(|parent| parent.canonicalize().ok()).unwrap_or_default();
        self.root.check(&full).is_ok_and(|target| !here.starts_with(target))
    }
}

/// Returns the matcher of one segment.
fn compile(segment: &str) -> Result<GlobMatcher, Problem> {
    GlobBuilder::new(segment)
        .literal_separator(true)
        .empty_alternates(true)
        .backslash_escape(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| {
            Problem::new(Exit::SETTINGS, "`helm.valueFiles` holds a glob that cannot be read")
                .caused_by(error)
        })
}

fn join(dir: &str, name: &str) -> String {
    if dir == "." || dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}

/// Removes repetitions behind `from`.
fn dedup_from(found: &mut Vec<String>, from: usize) {
    let mut tail = found.split_off(from);
    tail.dedup();
    found.append(&mut tail);
}

/// Returns where the first special character stands.
fn first_meta(pattern: &str) -> Option<usize> {
    let mut escaped = false;
    pattern.bytes().position(|byte| {
        let special = !escaped && b"*?[{".contains(&byte);
        escaped = !escaped && byte == b'\\';
        special
    })
}

fn last_unescaped(pattern: &str, of: &str) -> Option<usize> {
    let bytes = pattern.as_bytes();
    (0..bytes.len())
        .rev()
        .find(|&at| of.as_bytes().contains(&bytes[at]) && (at == 0 || bytes[at - 1] != b'\\'))
}

/// Returns the `{` of a `}` that stands behind `pattern`.
fn opening(pattern: &str) -> Option<usize> {
    let bytes = pattern.as_bytes();
    let mut depth = 1_usize;
    for at in (0..bytes.len()).rev().filter(|&at| at == 0 || bytes[at - 1] != b'\\') {
        match bytes[at] {
            b'}' => depth += 1,
            b'{' if depth == 1 => return Some(at),
            b'{' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Splits at commas outside inner braces.
fn split_alternatives(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut escaped) = (Vec::new(), 0, 0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => {}
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        escaped = !escaped && byte == b'\\';
    }
    parts.push(&text[start..]);
    parts
}

fn unescaped(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}
#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// The expectations are what `doublestar` v4.9.1 answered for the same files.
    #[test]
    fn the_order_is_that_of_doublestar() {
        let temp = tempfile::tempdir().unwrap();
        let base = temp.path().canonicalize().unwrap();
        for file in ["env/dev/a", "env/dev/sub/a", "env/dev-eu/a", "env/dev-eu.a", "env/a", "a/a", "z.a"] {
            fs::create_dir_all(base.join(file).parent().unwrap()).unwrap();
            fs::write(base.join(file), "").unwrap();
        }
        symlink("env/dev", base.join("link")).unwrap();
        symlink("nowhere", base.join("broken.a")).unwrap();
        let root = Root::find(&base, None).unwrap();
        for (pattern, expected) in [
            ("env/{dev,dev-eu}/a", "env/dev/a env/dev-eu/a"),
            ("env/{dev,dev-eu}/*", "env/dev/a env/dev/sub env/dev-eu/a"),
            ("env/{dev-eu.a,dev/a}", "env/dev-eu.a env/dev/a"),
            ("{env,a}/{a,*.a}", "a/a env/a env/dev-eu.a"),
            ("{*,z.a}", "a broken.a env link z.a"),
            ("env/*/a", "env/dev/a env/dev-eu/a"),
            ("**/a", "a a/a env/a env/dev/a env/dev/sub/a env/dev-eu/a link/a link/sub/a"),
            (
                "**/{a,*.a}",
                "a a/a broken.a env/a env/dev-eu.a env/dev-eu/a env/dev/a env/dev/sub/a link/a link/sub/a z.a",
            ),
            ("env/dev/**", "env/dev env/dev/a env/dev/sub env/dev/sub/a"),
            ("link/*", "link/a link/sub"),
            ("[!e]*", "a broken.a link z.a"),
            ("env/dev{,-eu}/a", "env/dev/a env/dev-eu/a"),
        ] {
            assert_eq!(matches(&base, pattern, &root).unwrap().join(" "), expected, "{pattern}");
        }
    }
}
