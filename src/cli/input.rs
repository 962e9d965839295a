//! What `generate` and `explain` share: settings, rendering, reading, planning.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::Read as _,
    path::{Path, PathBuf},
};

use presync::{
    error::{Problem, Result},
    exit::Exit,
    manifest::{Manifests, Source},
    plan::{self, Plan},
    render::{self, Deadline, Request, Root, Tools},
    settings::{self, Loaded},
};

use super::flags::Flags;

/// The app to be rendered, and how.
#[derive(Debug, clap::Args)]
pub(super) struct Input {
    /// The app's directory, or `-` to read manifests from stdin
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    #[command(flatten)]
    flags: Flags,
}

/// An app, rendered and planned.
pub(super) struct Planned {
    /// The settings and where they came from.
    pub(super) loaded: Loaded,
    /// The renderer and why it was chosen; none for stdin.
    pub(super) renderer: Option<String>,
    /// What was rendered.
    pub(super) manifests: Manifests,
    /// What is decided.
    pub(super) plan: Plan,
}

impl Input {
    /// Renders the app and decides for its Jobs.
    pub(super) fn plan(&self) -> Result<Planned> {
        let stdin = self.dir.as_os_str() == "-";
        let inputs = settings::Inputs {
            env: environment(),
            app_dir: (!stdin).then(|| self.dir.clone()),
            flags: self.flags.values(),
        };
        let loaded = settings::load(&inputs)?;
        let (renderer, sources) =
            if stdin { (None, vec![read_stdin()?]) } else { self.render(&loaded, &inputs.env)? };
        let manifests = Manifests::read(sources)?;
        if manifests.is_empty() && !loaded.settings.allow_empty {
            return Err(empty(stdin, renderer.as_deref()).into());
        }
        let plan = plan::plan(&manifests, &loaded.settings, &loaded.app)?;
        Ok(Planned { loaded, renderer, manifests, plan })
    }

    fn render(
        &self,
        loaded: &Loaded,
        env: &BTreeMap<String, String>,
    ) -> Result<(Option<String>, Vec<Source>)> {
        let deadline = Deadline::after(loaded.settings.timeout);
        let dir = directory(&self.dir)?;
        let root = Root::find(&dir, loaded.app.path.as_deref())?;
        let tools = Tools::from_env(env, std::env::current_exe().ok());
        let Loaded { app, settings, .. } = loaded;
        let request = Request { dir: &dir, root: &root, settings, app, tools: &tools, deadline };
        let rendered = render::render(&request)?;
        Ok((Some(format!("{} ({})", rendered.renderer, rendered.reason)), rendered.sources))
    }
}

/// The process environment; what is no UTF-8 cannot be a setting.
pub(super) fn environment() -> BTreeMap<String, String> {
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text).collect()
}

fn directory(dir: &Path) -> Result<PathBuf, Problem> {
    dir.canonicalize().map_err(|error| {
        Problem::new(Exit::RENDER, format!("cannot open the app's directory `{}`", dir.display()))
            .caused_by(error)
    })
}

fn read_stdin() -> Result<Source, Problem> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| Problem::new(Exit::FAILURE, "cannot read stdin").caused_by(error))?;
    Ok(Source { name: "<stdin>".to_owned(), bytes, validate: false })
}

/// Argo CD takes empty output for an app without resources, and prunes all that it had.
fn empty(stdin: bool, renderer: Option<&str>) -> Problem {
    let problem = match renderer {
        _ if stdin => Problem::new(Exit::EMPTY, "stdin holds no manifest")
            .hint("if a program was to write to it, it failed: run the pipe with `set -o pipefail`"),
        Some(renderer) => Problem::new(Exit::EMPTY, format!("nothing was rendered by {renderer}")),
        None => Problem::new(Exit::EMPTY, "nothing was rendered"),
    };
    problem.hint("an empty result would make Argo CD prune the whole app; `allowEmpty: true` allows it")
}
