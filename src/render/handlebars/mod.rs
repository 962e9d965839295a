//! Handlebars templates beside plain files.
//!
//! Every file of the app's directory and its subdirectories has one role, by its name:
//!
//! | file | role |
//! |---|---|
//! | `partials/**/*.hbs`, `**/_*.hbs` | a partial: `partials/job/env.yaml.hbs` and `job/_env.hbs` are both `job/env` |
//! | any other `*.hbs` | a template; what it renders to is manifests |
//! | `values.yaml`, `values-*.yaml`, what `valueFiles` names | values |
//! | anything else in `partials/` | nothing |
//! | any other file | what it is to the `directory` renderer, its subdirectories included |
//!
//! `docs/reference/handlebars.md` is the user's reference; a test renders its examples.

use std::path::Path;

use super::{Request, directory, files};
use crate::{error::Result, manifest::Source};

mod context;
mod helpers;
mod limited;
mod lint;
mod partials;
mod problem;
mod templates;
mod values;

use templates::Templates;

/// The directory of partials, in the app's directory.
const PARTIALS: &str = "partials/";

/// Returns the manifests that the app's templates and plain files give, in the order of the files' names.
pub(super) fn render(request: &Request<'_>) -> Result<Vec<Source>> {
    let (files, mut problems) =
        files::walk(request.dir, request.root, true, |name| is_template_name(name) || is_plain_name(name));
    directory::check_size(&files)?;
    let (values, invalid) = values::load(request);
    let has_values = invalid.iter().len() == 0;
    problems.extend(invalid);
    let mut templates = Templates::new(&request.app.env);
    let mut manifests = Vec::new();
    for file in files {
        if let Some(partial) = partial_name(&file.name) {
            problems.collect(templates.add_partial(&file, partial));
        } else if is_template_name(&file.name) {
            problems.collect(templates.add_template(&file));
        } else if !file.name.starts_with(PARTIALS) && !values.is_from(&file) {
            manifests.push(file);
        }
    }
    problems.collect(templates.check());
    let mut sources = problems.collect(directory::read_all(&manifests)).unwrap_or_default();
    // Without its values a template tells nothing more.
    if has_values {
        let rendered = problems.collect(templates.render(&context::of(request, &values)));
        sources.extend(rendered.unwrap_or_default());
    }
    // Component by component, which is the order of the walk.
    sources.sort_by(|a, b| Path::new(&a.name).cmp(Path::new(&b.name)));
    problems.or(sources)
}

/// Whether a file of this name is a template or a partial.
pub(super) fn is_template_name(name: &str) -> bool {
    name.strip_suffix(".hbs").is_some()
}

/// Whether a file of this name can hold manifests as it is.
pub(super) fn is_plain_name(name: &str) -> bool {
    directory::is_manifest_name(name) && !values::is_values_name(name)
}

/// Returns the name of the partial that the file of this name holds, if it holds one.
fn partial_name(name: &str) -> Option<String> {
    let name = name.strip_suffix(".hbs")?;
    let name =
        [".yaml", ".yml", ".json"].iter().find_map(|extension| name.strip_suffix(extension)).unwrap_or(name);
    if let Some(name) = name.strip_prefix(PARTIALS) {
        return Some(name.to_owned());
    }
    let (directory, file_name) = name.split_at(name.rfind('/').map_or(0, |slash| slash + 1));
    file_name.strip_prefix('_').map(|name| format!("{directory}{name}"))
}

#[cfg(test)]
mod tests;
