//! Rendering with `helm`.

use super::Request;
use crate::{
    error::{Problem, Result},
    exit::Exit,
    manifest::Source,
};

/// Renders the app with `helm`.
pub(super) fn render(_request: &Request<'_>) -> Result<Vec<Source>> {
    Err(Problem::new(Exit::RENDER, "the renderer `helm` is not built yet").into())
}
