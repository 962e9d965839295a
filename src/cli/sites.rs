//! From a place in what was rendered to the file that its author wrote.

use std::{
    cell::OnceCell,
    collections::HashSet,
    fs,
    path::{Component, Path, PathBuf},
};

use presync::{
    error::Location,
    manifest::{Header, Manifests, Source, Step},
    settings::RendererKind,
    yaml,
};

/// Finds files of one app.
pub(super) struct Sites {
    /// The app's directory; none for stdin.
    dir: Option<PathBuf>,
    /// Its path in the repository.
    path: PathBuf,
    renderer: Option<RendererKind>,
    /// The objects in a kustomization's files, read when the first is asked for.
    resources: OnceCell<Vec<Resource>>,
}

/// An object in a file of a kustomization.
struct Resource {
    kind: String,
    name: String,
    file: PathBuf,
    line: Option<usize>,
}

/// A place in a file of the repository.
pub(super) type Site = (Option<String>, Option<usize>);

impl Sites {
    pub(super) fn new(dir: Option<&Path>, path: Option<&str>, renderer: Option<RendererKind>) -> Self {
        let plain = |part: &Component<'_>| matches!(part, Component::Normal(_));
        let path = Path::new(path.unwrap_or_default()).components().filter(plain).collect();
        Self { dir: dir.map(Path::to_owned), path, renderer, resources: OnceCell::new() }
    }

    /// Returns where the object of a finding was written.
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

    /// Returns the kustomization's file that holds the object, whatever prefix, suffix or hash its name got.
    fn resource(&self, location: &Location, path: &[Step]) -> Site {
        let described = location.object.as_deref().unwrap_or_default();
        let (kind, name) = described.split_once(' ').unwrap_or((described, ""));
        let name = name.rsplit('/').next().unwrap_or(name);
        let resources = self.resources.get_or_init(|| {
            let mut found = Vec::new();
            let dir = self.dir.as_deref().unwrap_or(Path::new("."));
            collect(&dir.canonicalize().unwrap_or_else(|_| dir.to_owned()), &mut HashSet::new(), &mut found);
            found
        });
        let same = resources.iter().filter(|other| other.kind == kind && name.contains(other.name.as_str()));
        match same.max_by_key(|other| other.name.len()) {
            Some(Resource { file, line, .. }) => {
                (Some(relative(file, &self.root())), line_of(file, path).or(*line))
            }
            None => (Some(self.in_repository("kustomization.yaml")), None),
        }
    }

    fn root(&self) -> PathBuf {
        let dir = self.dir.as_deref().unwrap_or(Path::new("."));
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        let depth = self.path.components().count();
        dir.ancestors().nth(depth).unwrap_or(&dir).to_owned()
    }

    /// Returns a file of the app's directory, as the repository names it.
    fn in_repository(&self, file: &str) -> String {
        self.path.join(file).display().to_string()
    }
}

fn has_extension(file: &str, wanted: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == wanted)
}

fn relative(file: &Path, root: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).display().to_string()
}

/// Returns the only line of a file that holds the last key of the path; with several or none it is not known.
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

/// The objects of a kustomization's files, and of those that it takes in.
fn collect(dir: &Path, seen: &mut HashSet<PathBuf>, found: &mut Vec<Resource>) {
    const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    if !seen.insert(dir.to_owned()) {
        return;
    }
    let Some(bytes) = NAMES.iter().find_map(|name| fs::read(dir.join(name)).ok()) else { return };
    let Ok(kustomization) = yaml::parse(&bytes) else { return };
    for field in ["resources", "bases", "components"] {
        for entry in kustomization[field].as_array().into_iter().flatten().filter_map(|entry| entry.as_str())
        {
            let Ok(path) = dir.join(entry).canonicalize() else { continue };
            if path.is_dir() {
                collect(&path, seen, found);
            } else if seen.insert(path.clone()) {
                found.extend(in_file(&path));
            }
        }
    }
}

fn in_file(path: &Path) -> Vec<Resource> {
    let Ok(bytes) = fs::read(path) else { return Vec::new() };
    let source = Source { name: path.display().to_string(), bytes, validate: false };
    let Ok(manifests) = Manifests::read(vec![source]) else { return Vec::new() };
    let headers = manifests.index().unwrap_or_default().into_iter().filter(|header| !header.name.is_empty());
    let resource = |header: Header| {
        let line = manifests.location(header.id).line;
        Resource { kind: header.kind, name: header.name, file: path.to_owned(), line }
    };
    headers.map(resource).collect()
}
