//! From a place in what was rendered to the file that its author wrote.

use std::{
    fs,
    path::{Path, PathBuf},
};

use presync::{
    error::Location,
    manifest::{Manifests, Source, Step},
    settings::RendererKind,
};
use walkdir::WalkDir;

/// Finds files of one app.
pub(super) struct Sites {
    /// The app's directory; none for stdin.
    dir: Option<PathBuf>,
    /// Its path in the repository.
    path: String,
    renderer: Option<RendererKind>,
    /// The objects in a kustomization's files: kind, name, file, line.
    resources: Vec<(String, String, PathBuf, Option<usize>)>,
}

/// A place in a file of the repository.
pub(super) type Site = (Option<String>, Option<usize>);

impl Sites {
    pub(super) fn new(dir: Option<&Path>, path: Option<&str>, renderer: Option<RendererKind>) -> Self {
        let dir = dir.map(Path::to_owned);
        let resources = match (&dir, renderer) {
            (Some(dir), Some(RendererKind::Kustomize)) => resources(dir, path.unwrap_or(".")),
            _ => Vec::new(),
        };
        Self { dir, path: path.unwrap_or(".").to_owned(), renderer, resources }
    }

    /// Where the object of a finding was written.
    pub(super) fn of(&self, location: &Location, path: &[Step]) -> Site {
        let Some(file) = &location.file else { return (None, None) };
        match (&self.dir, self.renderer) {
            (None, _) | (_, None) => (Some(file.clone()), location.line),
            (Some(dir), Some(RendererKind::Directory | RendererKind::Handlebars)) => {
                let template = has_extension(file, "hbs");
                let line = if template { line_of(&dir.join(file), path) } else { location.line };
                (Some(self.in_repository(file)), line)
            }
            (Some(dir), Some(RendererKind::Helm)) => {
                let template = file.split_once(": ").map_or(file.as_str(), |(_, template)| template);
                // The first part is the chart's name, which need not be the directory's.
                let Some((_, inside)) = template.split_once('/') else { return (None, None) };
                let template = dir.join(inside);
                if !template.is_file() {
                    return (Some(self.in_repository("Chart.yaml")), None);
                }
                (Some(self.in_repository(inside)), line_of(&template, path))
            }
            (Some(_), Some(RendererKind::Kustomize)) => self.resource(location, path),
        }
    }

    /// The kustomization's file that holds the object, whatever prefix, suffix or hash its name got.
    fn resource(&self, location: &Location, path: &[Step]) -> Site {
        let described = location.object.as_deref().unwrap_or_default();
        let (kind, name) = described.split_once(' ').unwrap_or((described, ""));
        let name = name.rsplit('/').next().unwrap_or(name);
        let same = self.resources.iter().filter(|(of, part, ..)| of == kind && name.contains(part.as_str()));
        match same.max_by_key(|(_, part, ..)| part.len()) {
            Some((_, _, file, line)) => {
                let line = line_of(file, path).or(*line);
                let relative = relative(file, &self.root());
                (Some(relative), line)
            }
            None => (Some(self.in_repository("kustomization.yaml")), None),
        }
    }

    fn root(&self) -> PathBuf {
        let dir = self.dir.as_deref().unwrap_or(Path::new("."));
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        let depth = Path::new(&self.path)
            .components()
            .filter(|part| matches!(part, std::path::Component::Normal(_)))
            .count();
        dir.ancestors().nth(depth).unwrap_or(&dir).to_owned()
    }

    /// A file of the app's directory, as the repository names it.
    fn in_repository(&self, file: &str) -> String {
        if self.path == "." { file.to_owned() } else { format!("{}/{file}", self.path) }
    }
}

fn has_extension(file: &str, wanted: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == wanted)
}

fn relative(file: &Path, root: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).display().to_string()
}

/// The only line of a file that holds the last key of the path; with several or none it is not known.
fn line_of(file: &Path, path: &[Step]) -> Option<usize> {
    let text = fs::read_to_string(file).ok()?;
    let key = path.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    })?;
    let begins = |line: &str| {
        let line = line.trim_start().trim_start_matches("- ").trim_start_matches(['"', '\'']);
        line.strip_prefix(key).is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
    };
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| begins(line)).map(|(number, _)| number);
    let first = lines.next()?;
    lines.next().is_none().then_some(first)
}

/// The objects in the YAML files that a kustomization can take in: below its directory, and below those it names.
fn resources(dir: &Path, path: &str) -> Vec<(String, String, PathBuf, Option<usize>)> {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    // A base lies beside the overlay, or above: the search begins at most two levels up, and never above the clone.
    let depth = Path::new(path).components().count().min(2);
    let top = dir.ancestors().nth(depth).unwrap_or(&dir);
    let mut found = Vec::new();
    for entry in WalkDir::new(top).sort_by_file_name().into_iter().flatten() {
        let name = entry.file_name().to_string_lossy();
        if !entry.file_type().is_file() || !(name.ends_with(".yaml") || name.ends_with(".yml")) {
            continue;
        }
        let Ok(bytes) = fs::read(entry.path()) else { continue };
        let source = Source { name: name.into_owned(), bytes, validate: false };
        let Ok(manifests) = Manifests::read(vec![source]) else { continue };
        for header in manifests.index().unwrap_or_default() {
            if !header.name.is_empty() {
                let line = manifests.location(header.id).line;
                found.push((header.kind, header.name, entry.path().to_owned(), line));
            }
        }
    }
    found
}
