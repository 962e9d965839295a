//! Plain manifests, as Argo CD reads a directory.

use super::Request;
use crate::{
    error::{Problem, Result},
    exit::Exit,
    manifest::Source,
};

/// Renders the app with `directory`.
pub(super) fn render(_request: &Request<'_>) -> Result<Vec<Source>> {
    Err(Problem::new(Exit::RENDER, "the renderer `directory` is not built yet").into())
}
