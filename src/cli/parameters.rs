//! `presync parameters`: the parameters of one app, for the form in Argo CD's UI.

use std::path::{Path, PathBuf};

use presync::{
    error::Result,
    exit::Exit,
    render::{self, Root},
    settings::{self, Inputs, RendererKind, announce},
};

use super::{local::environment, output};

/// Announce the app's parameters to Argo CD, as JSON
///
/// Argo CD runs this in the app's directory. The defaults are those that hold for the app when a parameter is not set,
/// and only the options of its renderer are announced.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The app's directory
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<Exit> {
    let inputs = Inputs { env: environment(), app_dir: Some(args.dir.clone()), ..Inputs::default() };
    let announcements = announce::for_app(&inputs, renderer(&inputs, &args.dir));
    output::stdout(|out| serde_json::to_writer(&mut *out, &announcements).map_err(Into::into))?;
    Ok(Exit::OK)
}

/// Returns the renderer in use; none when a wrong setting or a contested directory leaves it open: the form is where
/// that is put right, so that it must come up.
fn renderer(inputs: &Inputs, dir: &Path) -> Option<RendererKind> {
    let loaded = settings::load(inputs).ok()?;
    loaded.settings.renderer.or_else(|| {
        let dir = dir.canonicalize().ok()?;
        let root = Root::find(&dir, loaded.app.path.as_deref()).ok()?;
        render::detect(&dir, &root).ok().map(|(renderer, _)| renderer)
    })
}
