//! What all commands on apps share: settings, rendering, reading, planning.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    time::Instant,
};

use presync::{
    argocd,
    error::{Problem, Result},
    exit::Exit,
    manifest::{Manifests, Source},
    plan::{self, Plan, Rendering},
    render::{self, Deadline, Rendered, Request, Root, Tools},
    settings::{self, Flags, Loaded, RendererKind},
};

use super::{
    supervise::{self, Watch},
    target::Target,
};

/// A renderer, and why it was chosen.
type Chosen = (RendererKind, String);

/// An app, rendered and planned.
#[derive(Debug)]
pub(super) struct Planned {
    /// The settings and where they came from.
    pub(super) loaded: Loaded,
    /// The renderer; none for stdin.
    pub(super) renderer: Option<Chosen>,
    /// What was rendered.
    pub(super) manifests: Manifests,
    /// What is decided.
    pub(super) plan: Plan,
}

impl Planned {
    /// Returns what Argo CD gets.
    pub(super) fn output(&self) -> Result<Vec<u8>> {
        Ok(self.manifests.apply(&self.plan.changes())?.to_vec())
    }
}

/// Renders an app and decides for its Jobs, under a watch that ends with it.
pub(super) fn plan(target: &Target, flags: &Flags) -> Result<Planned> {
    plan_under(&supervise::watch(&target.name), target, flags)
}

/// Renders an app and decides for its Jobs.
pub(super) fn plan_under(watch: &Watch, target: &Target, flags: &Flags) -> Result<Planned> {
    let dir = target.dir.as_deref().map(directory).transpose()?;
    let inputs =
        settings::Inputs { env: target.env.clone(), app_dir: target.dir.clone(), flags: flags.clone() };
    let loaded = settings::load(&inputs)?;
    watch.set_timeout(loaded.settings.timeout);
    let (renderer, sources, again, affixes, warnings) = match &dir {
        None => (None, vec![read_stdin()?], Vec::new(), Vec::new(), Vec::new()),
        Some(dir) => {
            let Rendered { renderer, reason, sources, again, affixes, warnings } =
                render(dir, &loaded, target, watch.start)?;
            (Some((renderer, reason)), sources, again, affixes, warnings)
        }
    };
    let manifests = Manifests::read(sources)?;
    if manifests.is_empty() && !loaded.settings.allow_empty {
        return Err(empty(target, renderer.as_ref()).into());
    }
    let again = if again.is_empty() { None } else { Some(Manifests::read(again)?) };
    let rendering = Rendering { again: again.as_ref(), affixes: &affixes };
    let mut plan = plan::plan(&manifests, rendering, &loaded.settings, &loaded.app)?;
    plan.warnings.extend(warnings.into_iter().map(plan::Warning::from));
    Ok(Planned { loaded, renderer, manifests, plan })
}

fn render(dir: &Path, loaded: &Loaded, target: &Target, start: Instant) -> Result<Rendered> {
    let deadline = Deadline::since(start, loaded.settings.timeout);
    let root = Root::find(dir, loaded.app.path.as_deref())?;
    let tools = Tools::from_env(&target.env, std::env::current_exe().ok());
    let Loaded { app, settings, .. } = loaded;
    let request = Request { dir, root: &root, settings, app, tools: &tools, deadline };
    render::render(&request)
}

/// Returns the app's directory without links; the error says what to name instead.
fn directory(dir: &Path) -> Result<PathBuf, Problem> {
    let (shown, wrong) = (dir.display(), |message| Problem::new(Exit::RENDER, message));
    let found = dir.canonicalize().map_err(|error| {
        wrong(format!("cannot open the app's directory `{shown}`"))
            .caused_by(error)
            .hint("name a directory, or the app's Application with `--application FILE`")
    })?;
    if found.is_dir() {
        return Ok(found);
    }
    let application = fs::read_to_string(&found).is_ok_and(|text| argocd::may_hold_applications(&text));
    let hint = if application {
        format!("it may hold an Application: `--application {shown}`")
    } else {
        "name the directory that holds it, or `-` for manifests from stdin".to_owned()
    };
    Err(wrong(format!("`{shown}` is not a directory")).hint(hint))
}

fn read_stdin() -> Result<Source, Problem> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| Problem::new(Exit::FAILURE, "cannot read stdin").caused_by(error))?;
    supervise::allow_input(bytes.len());
    Ok(Source { name: "<stdin>".to_owned(), bytes, validate: false })
}

/// Argo CD takes empty output for an app without resources, and prunes all that it had.
fn empty(target: &Target, renderer: Option<&Chosen>) -> Problem {
    let problem = match (&target.dir, renderer) {
        (None, _) => Problem::new(Exit::EMPTY, "stdin holds no manifest")
            .hint("if a program was to write to it, it failed: run the pipe with `set -o pipefail`"),
        (_, Some((renderer, reason))) => {
            Problem::new(Exit::EMPTY, format!("nothing was rendered by {renderer} ({reason})"))
        }
        _ => Problem::new(Exit::EMPTY, "nothing was rendered"),
    };
    problem.hint("an empty result would make Argo CD prune the whole app; `allowEmpty: true` allows it")
}
