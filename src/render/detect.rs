//! Which renderer a directory calls for.

use std::path::Path;

use crate::{error::Result, settings::RendererKind};

/// The renderer that the files in `dir` call for, and why.
pub(super) fn detect(_dir: &Path) -> Result<(RendererKind, String)> {
    Ok((RendererKind::Directory, "no chart, kustomization or template in the app's directory".to_owned()))
}
