//! The app's templates and partials: compiled, checked together, rendered.

use std::collections::BTreeMap;

use handlebars::{Context, Handlebars, RenderContext, Renderable as _, Template};
use serde_json::Value;

use super::{
    super::files::{self, File},
    helpers,
    limited::Limited,
    lint::{self, Findings},
    partials::{self, Unit},
    problem,
};
use crate::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
    limits,
    manifest::Source,
};

/// The templates and partials of an app.
pub(super) struct Templates<'a> {
    /// The helpers and the partials.
    registry: Handlebars<'a>,
    /// The templates whose output is manifests, by their file's name.
    manifests: Vec<(String, Template)>,
    /// The file of each partial.
    partials: BTreeMap<String, String>,
    /// What was found in each file.
    findings: Vec<(Unit, Findings)>,
}

impl<'a> Templates<'a> {
    /// None yet; `env` is `ARGOCD_ENV_*` by the name after the prefix.
    pub(super) fn new(env: &'a BTreeMap<String, String>) -> Self {
        Self {
            registry: helpers::registry(env),
            manifests: Vec::new(),
            partials: BTreeMap::new(),
            findings: Vec::new(),
        }
    }

    /// Adds a template whose output is manifests.
    pub(super) fn add_template(&mut self, file: &File) -> Result<(), Problem> {
        let (template, findings) = compile(file)?;
        self.findings.push((Unit { file: file.name.clone(), partial: None }, findings));
        self.manifests.push((file.name.clone(), template));
        Ok(())
    }

    /// Adds a partial under its name.
    pub(super) fn add_partial(&mut self, file: &File, name: String) -> Result<(), Problem> {
        if let Some(other) = self.partials.insert(name.clone(), file.name.clone()) {
            return Err(Problem::new(Exit::RENDER, format!("there is another partial `{name}`"))
                .at(Location::file(&file.name))
                .hint(format!("it is in `{other}`: rename one of them")));
        }
        let (template, findings) = compile(file)?;
        self.registry.register_template(&name, template);
        self.findings.push((Unit { file: file.name.clone(), partial: Some(name) }, findings));
        Ok(())
    }

    /// Returns all problems that show without rendering: unknown helpers, missing partials, partials that include
    /// themselves. What cannot be rendered because of them is taken out.
    pub(super) fn check(&mut self) -> Result<()> {
        let verdict = partials::check(&self.findings, self.partials.keys().map(String::as_str));
        let partials_are_compiled = self.partials.keys().all(|name| self.registry.has_template(name));
        let usable = verdict.partials_are_sound && partials_are_compiled;
        self.manifests.retain(|(file, _)| usable && !verdict.unsound.contains(file.as_str()));
        verdict.problems.or(())
    }

    /// Returns what every template renders to; all problems of all templates.
    pub(super) fn render(&self, data: &Value) -> Result<Vec<Source>> {
        let context = Context::wraps(data).map_err(|error| {
            Problem::new(Exit::FAILURE, "cannot make the templates' context").caused_by(error)
        })?;
        let mut problems = Problems::default();
        let mut sources = Vec::new();
        let mut left = limits::RENDERED_BYTES;
        for (name, template) in &self.manifests {
            let mut out = Limited::new(left);
            let rendered = template.render(&self.registry, &context, &mut RenderContext::new(None), &mut out);
            if out.is_full() {
                problems.push(
                    Problem::new(
                        Exit::RENDER,
                        format!("the templates render to more than {} MiB", limits::RENDERED_BYTES >> 20),
                    )
                    .at(Location::file(name)),
                );
                break;
            }
            let text = rendered
                .map(|()| out.into_text())
                .map_err(|error| problem::of_render_error(&error, name, data));
            if let Some(text) = problems.collect(text) {
                left -= text.len();
                sources.push(Source { name: name.clone(), bytes: text.into_bytes(), validate: true });
            }
        }
        problems.or(sources)
    }
}

fn compile(file: &File) -> Result<(Template, Findings), Problem> {
    let text = files::read(file)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let limited = |message| Problem::new(Exit::RENDER, message).at(Location::file(&file.name));
    // Each of them may begin a level, and the crate's parser goes down by recursion.
    if text.matches(['(', '[', '{']).count() > limits::TEMPLATE_BRACKETS {
        return Err(limited(format!("the template has more than {} brackets", limits::TEMPLATE_BRACKETS)));
    }
    let mut template = Template::compile_with_name(text, file.name.clone())
        .map_err(|error| problem::of_template_error(&error, &file.name, text))?;
    let findings = lint::prepare(&mut template);
    if findings.depth > limits::TEMPLATE_DEPTH {
        return Err(limited(format!(
            "blocks and calls are nested more than {} deep",
            limits::TEMPLATE_DEPTH
        )));
    }
    Ok((template, findings))
}
