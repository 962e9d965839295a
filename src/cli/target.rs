//! Which apps a command looks at: directories, Application files, or all Applications of a repository.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use globset::GlobBuilder;
use presync::{
    argocd::{self, Application, Lost, Repository, Surroundings},
    error::{Problem, Problems, Result},
    exit::Exit,
};
use walkdir::WalkDir;

use super::{
    git,
    local::{self, Local},
};

/// Apps, on the command line.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Targets {
    /// The apps' directories, or `-` to read manifests from stdin [default: .]
    #[arg(value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// Read the app from an Application or ApplicationSet, as YAML or JSON (can be repeated)
    #[arg(long, value_name = "FILE[#NAME]", help_heading = "Application", conflicts_with = "dirs")]
    application: Vec<String>,
    /// Read every Application and ApplicationSet in the files that match the glob (can be repeated)
    #[arg(long, value_name = "GLOB", help_heading = "Application", conflicts_with = "dirs")]
    applications: Vec<String>,
    /// Set the clone that holds the apps [default: that of the current directory]
    #[arg(long, value_name = "DIR", help_heading = "Application")]
    repository: Option<PathBuf>,
    #[command(flatten)]
    pub(super) local: Local,
}

/// An app to look at.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// What users know it by: the Application's name, or the directory.
    pub(super) name: String,
    /// The file of the Application.
    pub(super) file: Option<String>,
    /// The app's directory; none for stdin.
    pub(super) dir: Option<PathBuf>,
    /// The environment that Argo CD would run the plugin in.
    pub(super) env: BTreeMap<String, String>,
    /// What the Application's native source holds that the plugin has no equivalent for.
    pub(super) lost: Vec<Lost>,
}

/// What tells an app from the others, at any commit: the Application's file and its name.
pub(super) type Key = (Option<String>, String);

impl Target {
    /// Returns what tells it from the others.
    pub(super) fn key(&self) -> Key {
        (self.file.clone(), self.name.clone())
    }
}

/// The apps, and those that cannot be looked at here, with the reason.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) targets: Vec<Target>,
    pub(super) skipped: Vec<(String, String)>,
    /// The clone that holds them.
    pub(super) root: Option<PathBuf>,
}

impl Targets {
    /// One directory or Application, for `generate`.
    pub(super) fn one(dir: &Path, application: Option<&String>, local: &Local) -> Self {
        let dirs = if application.is_some() { Vec::new() } else { vec![dir.to_owned()] };
        let application = application.into_iter().cloned().collect();
        Self { dirs, application, applications: Vec::new(), repository: None, local: local.clone() }
    }

    /// Whether several apps were asked for, whatever was found.
    pub(super) fn asks_for_many(&self) -> bool {
        self.dirs.len() > 1 || self.application.len() > 1 || !self.applications.is_empty()
    }

    /// Returns the apps as they are in the working directory.
    pub(super) fn resolve(&self) -> Result<Resolved> {
        let root = self.root();
        let here = std::env::current_dir().unwrap_or_default();
        self.in_tree(root.as_deref(), root.as_deref().unwrap_or(&here), None)
    }

    /// Returns the apps as they are in another tree of the same clone.
    pub(super) fn resolve_at(&self, tree: &git::Tree) -> Result<Resolved> {
        self.in_tree(self.root().as_deref(), &tree.path(), Some(&tree.commit))
    }

    /// Returns the clone that holds the apps.
    pub(super) fn root(&self) -> Option<PathBuf> {
        let dir = match (&self.repository, self.dirs.first()) {
            (Some(dir), _) => dir.as_path(),
            (None, Some(dir)) if dir.as_os_str() != "-" => dir.as_path(),
            _ => Path::new("."),
        };
        let dir = dir.canonicalize().ok()?;
        git::root(&dir).or_else(|| self.repository.is_some().then_some(dir))
    }

    /// Returns the apps, with the clone's files taken from `tree` and the commit `at` where it is not the working
    /// directory.
    fn in_tree(&self, root: Option<&Path>, tree: &Path, at: Option<&str>) -> Result<Resolved> {
        let mut resolved = Resolved { root: root.map(Path::to_owned), ..Resolved::default() };
        let mut problems = Problems::default();
        if self.application.is_empty() && self.applications.is_empty() {
            let here = [PathBuf::from(".")];
            let dirs = if self.dirs.is_empty() { &here[..] } else { &self.dirs };
            resolved.targets.extend(dirs.iter().map(|dir| self.directory(dir, tree, at)));
            return Ok(resolved);
        }
        let revision = at.map(str::to_owned).or_else(|| self.local.revision(root));
        let reader = Reader { local: &self.local, tree, revision, may_skip: false };
        for application in &self.application {
            let (file, name) = match application.rsplit_once('#') {
                Some((file, name)) => (file, Some(name)),
                None => (application.as_str(), None),
            };
            let path = moved(Path::new(file), root, tree, at);
            problems.collect(reader.file(&path, file, name, &mut resolved));
        }
        let reader = Reader { may_skip: true, ..reader };
        for glob in &self.applications {
            for (path, shown) in problems.collect(matching(glob, tree)).unwrap_or_default() {
                problems.collect(reader.file(&path, &shown, None, &mut resolved));
            }
        }
        let none = resolved.targets.is_empty() && resolved.skipped.is_empty() && problems.is_empty();
        if at.is_none() && none {
            problems.collect::<(), _>(Err(Problem::new(Exit::USAGE, "no Application was found")
                .hint("the glob is relative to the clone: `--applications 'argocd/**/*.yaml'`")));
        }
        problems.or(resolved)
    }

    fn directory(&self, dir: &Path, tree: &Path, at: Option<&str>) -> Target {
        let name = dir.display().to_string();
        if dir.as_os_str() == "-" {
            let mut env = local::environment();
            self.local.apply(&mut env);
            return Target { name, file: None, dir: None, env, lost: Vec::new() };
        }
        let mut env = self.local.of_directory(dir);
        let mut dir = dir.to_owned();
        if let (Some(commit), Some((_, path))) = (at, local::place(&dir)) {
            dir = tree.join(&path);
            env.insert("ARGOCD_APP_REVISION".to_owned(), commit.to_owned());
        }
        Target { name, file: None, dir: Some(dir), env, lost: Vec::new() }
    }
}

/// Returns a file of the clone, in the tree.
fn moved(file: &Path, root: Option<&Path>, tree: &Path, at: Option<&str>) -> PathBuf {
    let inside = file.canonicalize().ok().and_then(|path| Some(path.strip_prefix(root?).ok()?.to_owned()));
    match (at, inside) {
        (Some(_), Some(path)) => tree.join(path),
        _ => file.to_owned(),
    }
}

/// Reads Application files.
struct Reader<'a> {
    local: &'a Local,
    tree: &'a Path,
    revision: Option<String>,
    /// Apps that are not the plugin's, or not of this repository, are passed over with the reason.
    may_skip: bool,
}

impl Reader<'_> {
    fn file(&self, path: &Path, shown: &str, name: Option<&str>, into: &mut Resolved) -> Result<()> {
        let applications = argocd::read(path, shown, &Repository::new(self.tree))?;
        let mut problems = Problems::default();
        let wanted = |application: &&Application| name.is_none_or(|name| application.name == name);
        let chosen: Vec<_> = applications.iter().filter(wanted).collect();
        if let (true, false) = (chosen.is_empty(), self.may_skip) {
            return Err(none_of(name, shown, &applications).into());
        }
        for application in chosen {
            problems.collect(self.application(application, shown, into));
        }
        problems.or(())
    }

    fn application(&self, application: &Application, file: &str, into: &mut Resolved) -> Result<()> {
        let mut problems = Problems::default();
        let sources = application.sources(|path, source| {
            if let Some(dir) = self.inside(path) {
                let name = application.instance_name(&self.local.argocd_namespace);
                problems.collect(argocd::merge_overrides(&dir, &name, source).map_err(Problems::from));
            }
        });
        problems.or(())?;
        let several = sources.len() > 1;
        for (number, source) in sources {
            let name = if several {
                format!("{} (source {number})", application.name)
            } else {
                application.name.clone()
            };
            match self.target(application, &source, &name, file) {
                Ok(target) => into.targets.push(target),
                Err(problem) if self.may_skip => into.skipped.push((name, problem.message)),
                Err(problem) => return Err(problem.at(application.location.clone()).into()),
            }
        }
        Ok(())
    }

    fn target(
        &self,
        application: &Application,
        source: &argocd::Source,
        name: &str,
        file: &str,
    ) -> std::result::Result<Target, Problem> {
        let wrong = |message: String| Problem::new(Exit::SETTINGS, message);
        if source.contested {
            return Err(wrong(
                "the source has a plugin and a native block: Argo CD refuses several source types".into(),
            )
            .hint("a `.argocd-source.yaml` in the app's directory may have added one"));
        }
        if let Some(plugin) = source.plugin.as_deref().filter(|plugin| !is_ours(plugin)) {
            return Err(wrong(format!("the Application uses the plugin `{plugin}`, not presync")));
        }
        let Some(path) = &source.path else {
            let chart = source.chart.as_deref().unwrap_or_default();
            return Err(wrong(format!(
                "`{chart}` is a chart of the repository {}, not of this clone",
                source.repo_url
            ))
            .hint("pull the chart (`helm pull --untar`) and name its directory"));
        };
        let Some(dir) = self.inside(path) else {
            return Err(wrong(format!("the source path `{path}` is not a path inside the repository"))
                .hint("write it relative to the repository's root, without `..`"));
        };
        if !dir.is_dir() {
            let hint = if path.contains("{{") {
                "no generator of the ApplicationSet gives this parameter".to_owned()
            } else if path.contains('\\') {
                "write the path with `/`".to_owned()
            } else {
                let url = &source.repo_url;
                format!("the Application's repository is {url}; name its clone with `--repository DIR`")
            };
            return Err(wrong(format!("there is no directory `{path}` in this clone")).hint(hint));
        }
        let mut env = local::environment_of_no_app();
        let around = Surroundings {
            argocd_namespace: &self.local.argocd_namespace,
            revision: self.revision.as_deref(),
        };
        env.extend(application.environment(source, &around));
        self.local.apply(&mut env);
        Ok(Target {
            name: name.to_owned(),
            file: Some(file.to_owned()),
            dir: Some(dir),
            env,
            lost: source.lost.clone(),
        })
    }

    /// Returns the place of a source path in the tree; none for one that leaves it.
    fn inside(&self, path: &str) -> Option<PathBuf> {
        let path = Path::new(path);
        let plain = path
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
        plain.then(|| self.tree.join(path))
    }
}

/// Whether a plugin's name is presync's, or that of a version of it.
fn is_ours(plugin: &str) -> bool {
    plugin.is_empty() || plugin == "presync" || plugin.starts_with("presync-")
}

fn none_of(name: Option<&str>, shown: &str, applications: &[Application]) -> Problem {
    let names: Vec<_> = applications.iter().map(|application| format!("`{}`", application.name)).collect();
    let message = match name {
        Some(name) => format!("there is no Application `{name}` in `{shown}`"),
        None => format!("there is no Application in `{shown}`"),
    };
    let problem = Problem::new(Exit::USAGE, message);
    problem.hint(if names.is_empty() {
        "name a file with an object of kind Application, or an ApplicationSet whose generators find something in this clone; \
         `--repository DIR` names another clone"
            .to_owned()
    } else {
        format!("it holds {}", names.join(", "))
    })
}

/// Returns the files of the tree that the glob matches and that may hold Applications.
fn matching(glob: &str, tree: &Path) -> Result<Vec<(PathBuf, String)>> {
    let matcher = GlobBuilder::new(glob.trim_start_matches("./"))
        .literal_separator(true)
        .build()
        .map_err(|error| Problem::new(Exit::USAGE, "`--applications` is not a valid glob").caused_by(error))?
        .compile_matcher();
    let visible = |entry: &walkdir::DirEntry| entry.file_name() != ".git";
    let mut files = Vec::new();
    for entry in WalkDir::new(tree).sort_by_file_name().into_iter().filter_entry(visible).flatten() {
        let Ok(shown) = entry.path().strip_prefix(tree) else { continue };
        if !entry.file_type().is_file() || !matcher.is_match(shown) {
            continue;
        }
        let holds = std::fs::read_to_string(entry.path())
            .is_ok_and(|text| argocd::may_hold_applications(&text) && !is_template(&text, shown));
        if holds {
            files.push((entry.path().to_owned(), shown.display().to_string()));
        }
    }
    Ok(files)
}

/// Whether a file is a chart's template of Applications, which only Helm turns into YAML.
fn is_template(text: &str, path: &Path) -> bool {
    text.contains("{{") && path.parent().is_some_and(|dir| dir.iter().any(|part| part == "templates"))
}
