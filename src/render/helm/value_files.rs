//! Which values files Helm gets: Argo CD's `getResolvedValueFiles` in `reposerver/repository/repository.go`.

mod glob;

use std::path::{Path, PathBuf};

use crate::{
    error::{Problem, Problems, Result},
    exit::Exit,
    render::{
        Request,
        native::{begins_with_variable, expand},
    },
};

/// An entry of `valueFiles`.
enum Entry {
    /// A URL: Helm fetches it.
    Remote(String),
    /// A file.
    File(PathBuf),
    /// The files that a glob matches.
    Glob(Vec<PathBuf>),
    /// A file that does not exist and need not.
    Missing,
}

/// Returns the arguments of `--values`, in order; each file once. A file that is named stands where it is named, not
/// where a glob matches it.
pub(super) fn resolve(request: &Request<'_>) -> Result<Vec<String>> {
    let mut problems = Problems::default();
    let entries: Vec<Entry> = request
        .settings
        .helm
        .value_files
        .iter()
        .filter_map(|name| problems.collect(entry(name, request)))
        .collect();
    let named =
        |path: &PathBuf| entries.iter().any(|entry| matches!(entry, Entry::File(file) if file == path));
    let mut files: Vec<String> = Vec::new();
    let mut push = |file: String| {
        if !files.contains(&file) {
            files.push(file);
        }
    };
    for entry in &entries {
        let paths = match entry {
            Entry::Remote(url) => {
                push(url.clone());
                continue;
            }
            Entry::File(path) => vec![path],
            Entry::Glob(paths) => paths.iter().filter(|path| !named(path)).collect(),
            Entry::Missing => continue,
        };
        for path in paths {
            if let Some(text) = problems.collect(text(path)) {
                push(text);
            }
        }
    }
    problems.or(files)
}

/// Returns a path as an argument. Control characters do not get through Helm's reading of `--values` as they are.
fn text(path: &Path) -> Result<String, Problem> {
    match path.to_str().filter(|text| !text.contains(char::is_control)) {
        Some(text) => Ok(text.to_owned()),
        None => Err(Problem::new(
            Exit::RENDER,
            format!("`{}` is not a plain name", path.file_name().unwrap_or_default().display()),
        )
        .hint("rename the file: its path must be UTF-8 without control characters")),
    }
}

/// Returns the file of a file parameter, or its URL.
pub(super) fn parameter(name: &str, request: &Request<'_>) -> Result<String, Problem> {
    let path = expanded(name, request)?;
    if is_remote(&path, request)? {
        return Ok(path);
    }
    text(&request.root.resolve(request.dir, &path)?)
}

fn entry(name: &str, request: &Request<'_>) -> Result<Entry, Problem> {
    let path = expanded(name, request)?;
    if is_remote(&path, request)? {
        return Ok(Entry::Remote(path));
    }
    let may_miss = request.settings.helm.ignore_missing_value_files;
    if path.contains(['*', '?', '[']) {
        let files = glob(&path, request)?;
        if files.is_empty() && !may_miss {
            return Err(missing(format!("no values file matches `{path}`")));
        }
        return Ok(Entry::Glob(files));
    }
    match request.root.resolve_if_exists(request.dir, &path)? {
        Some(file) => Ok(Entry::File(file)),
        None if may_miss => Ok(Entry::Missing),
        None => Err(missing(format!("there is no values file `{path}`"))),
    }
}

fn missing(message: String) -> Problem {
    Problem::new(Exit::RENDER, message)
        .hint("paths are relative to the chart, or to the repository's root with a leading `/`")
        .hint("`helm.ignoreMissingValueFiles: true` passes over files that do not exist")
}

/// Refuses `$name/…`, a file of another source of the Application: Argo CD gives a plugin no other source.
fn expanded(path: &str, request: &Request<'_>) -> Result<String, Problem> {
    if path.starts_with('$') && !begins_with_variable(path) {
        return Err(Problem::new(Exit::RENDER, format!("`{path}` is a file of another source"))
            .hint("Argo CD gives a plugin only its own source: move the file into the app's repository"));
    }
    Ok(expand(path, request.app))
}

/// Whether `path` is a URL that Helm may fetch: Argo CD's default schemes, `http` and `https`, where the platform allows
/// it. Helm fetches from the sidecar's network, which reaches what the app owner may not.
fn is_remote(path: &str, request: &Request<'_>) -> Result<bool, Problem> {
    let Some((scheme, _)) = path.split_once(':') else { return Ok(false) };
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    if !begins || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
        return Ok(false);
    }
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(Problem::new(Exit::RENDER, format!("the URL scheme `{scheme}` is not allowed"))
            .hint("values files are files of the repository, or URLs with `https` or `http`"));
    }
    if request.settings.allow.remote_values {
        return Ok(true);
    }
    Err(Problem::new(Exit::SETTINGS, "a values file or file parameter is a URL")
        .hint("copy the file into the repository")
        .hint("platform operators can allow URLs with `allow.remoteValues` in the platform file"))
}

/// Returns the files that `pattern` matches. A match outside the repository is a problem, and so is a directory, which
/// Helm cannot read: Argo CD hands it over too, and Helm fails.
fn glob(pattern: &str, request: &Request<'_>) -> Result<Vec<PathBuf>, Problem> {
    let shown = pattern;
    let (base, pattern) = split(pattern);
    let Some(base) = request.root.resolve_if_exists(request.dir, &base)? else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for found in glob::matches(&base, &pattern, request.root)? {
        let path = base.join(&found);
        if !path.exists() {
            continue;
        }
        request.root.check(&path)?;
        if path.is_dir() {
            return Err(Problem::new(Exit::RENDER, format!("`{shown}` matches the directory `{found}`"))
                .hint("Helm reads only files: narrow the glob, as in `*.yaml`"));
        }
        files.push(path);
    }
    Ok(files)
}

/// Returns a glob in two: the directory above its first special character, and the rest. `.` and `..` go by the text
/// alone.
fn split(pattern: &str) -> (String, String) {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let special = |part: &&str| part.contains(['*', '?', '[', '{', '\\']);
    let at = parts.iter().position(special).unwrap_or(parts.len());
    let root = if pattern.starts_with('/') { "/" } else { "" };
    (format!("{root}{}", parts[..at].join("/")), parts[at..].join("/"))
}

#[cfg(test)]
mod tests;
