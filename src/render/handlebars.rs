//! Rendering Handlebars templates.

use super::Request;
use crate::{
    error::{Problem, Result},
    exit::Exit,
    manifest::Source,
};

/// Renders the app with `handlebars`.
pub(super) fn render(_request: &Request<'_>) -> Result<Vec<Source>> {
    Err(Problem::new(Exit::RENDER, "the renderer `handlebars` is not built yet").into())
}

/// Whether a file of this name is a template.
pub(super) fn is_template_name(name: &str) -> bool {
    name.strip_suffix(".hbs").is_some()
}
