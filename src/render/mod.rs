//! Rendering: from the app's directory to manifests, with the tool that the app is written for.

use std::path::Path;

use crate::{
    argocd::App,
    error::{Problem, Result},
    manifest::Source,
    redact,
    settings::{RendererKind, Settings},
};

mod detect;
mod directory;
mod files;
mod handlebars;
mod helm;
mod kustomize;
mod native;
pub mod process;
mod scratch;
mod tools;

pub use crate::repo_root::Root;
pub use detect::detect;
pub use process::Deadline;
pub use tools::{Tool, Tools};

/// An app to render.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The app's directory, canonical.
    pub dir: &'a Path,
    /// What no path may leave: the repository.
    pub root: &'a Root,
    /// The effective settings.
    pub settings: &'a Settings,
    /// What Argo CD tells about the app.
    pub app: &'a App,
    /// The programs that may be run.
    pub tools: &'a Tools,
    /// When the run must be over.
    pub deadline: Deadline,
}

/// A rendered app.
#[derive(Debug)]
pub struct Rendered {
    /// The renderer that was used.
    pub renderer: RendererKind,
    /// Why it was this one.
    pub reason: String,
    /// The manifests: one source for each file, or one for a tool's stdout.
    pub sources: Vec<Source>,
    /// The same app rendered once more, at another time, where its templates ask for the time or for random values;
    /// else empty.
    pub again: Vec<Source>,
    /// What the app's kustomizations put before or after the names of objects.
    pub affixes: Vec<String>,
    /// What the user should know, though nothing is wrong.
    pub warnings: Vec<Problem>,
}

/// What a renderer made; the fields are those of [`Rendered`].
#[derive(Debug, Default)]
struct Made {
    sources: Vec<Source>,
    again: Vec<Source>,
    affixes: Vec<String>,
    warnings: Vec<Problem>,
}

impl From<Vec<Source>> for Made {
    fn from(sources: Vec<Source>) -> Self {
        Self { sources, ..Self::default() }
    }
}

/// Renders an app with the renderer that the settings name, or else with the one that its files call for.
///
/// The problems are those of every file of the app; a directory that two renderers claim is one.
pub fn render(request: &Request<'_>) -> Result<Rendered> {
    let (renderer, reason) = match request.settings.renderer {
        Some(renderer) => (renderer, "set by `renderer`".to_owned()),
        None => detect::detect(request.dir, request.root)?,
    };
    let Made { sources, again, affixes, warnings } = match renderer {
        RendererKind::Directory => directory::render(request)?.into(),
        RendererKind::Handlebars => handlebars::render(request)?.into(),
        RendererKind::Helm => helm::render(request)?,
        RendererKind::Kustomize => kustomize::render(request)?,
    };
    Ok(Rendered { renderer, reason, sources, again, affixes, warnings })
}
