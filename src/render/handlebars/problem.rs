//! Errors of the template engine as the app's author reads them. No value is ever part of one.

use std::collections::BTreeSet;

use handlebars::{RenderError, RenderErrorReason, TemplateError, TemplateErrorReason};
use serde_json::Value;

use super::{
    context,
    helpers::{self, Form},
    lint::Fault,
};
use crate::{
    error::{Location, Problem},
    exit::Exit,
    settings::suggest,
};

/// Returns a template that cannot be parsed; `text` is the template.
pub(super) fn of_template_error(error: &TemplateError, file: &str, text: &str) -> Problem {
    let (line, column) = error.pos().unwrap_or((1, 1));
    let message = match error.reason() {
        TemplateErrorReason::MismatchingClosedHelper(open, close)
        | TemplateErrorReason::MismatchingClosedDecorator(open, close) => {
            format!("`{{{{#{open}}}}}` is closed by `{{{{/{close}}}}}`")
        }
        _ => "the template cannot be parsed".to_owned(),
    };
    let problem = Problem::new(Exit::RENDER, message)
        .at(Location { column: Some(column), ..Location::file(file).line(line) });
    let TemplateErrorReason::InvalidSyntax(expected) = error.reason() else { return problem };
    let from_here: String = text.lines().nth(line - 1).unwrap_or_default().chars().skip(column - 1).collect();
    problem.hint(match from_here.chars().next() {
        Some('|') => "there are no pipes: the helper comes first, as in `{{quote values.name}}`",
        Some('.') => "a name begins without a dot, as in `{{values.name}}`",
        Some('/' | '^') => "no block is open here",
        _ if from_here.starts_with("else") => "no block is open here, or its `{{else}}` has already been",
        None if expected.contains("_block_end") => "a block is not closed: `{{#if …}}` needs its `{{/if}}`",
        _ if expected.contains("trailing_tilde") => "`}}` is expected here: a call is a helper's name and its arguments, `(…)` around a call inside another",
        _ => "a name, a text in quotation marks, a number, `true`, `false` or `(helper …)` is expected here",
    })
}

/// Returns a call that cannot work.
pub(super) fn of_fault(fault: &Fault) -> Problem {
    match fault {
        Fault::UnknownHelper(name) => {
            let problem = Problem::new(Exit::RENDER, format!("there is no helper `{name}`"));
            if name == "-" {
                return problem.hint("`-` does not trim white space here: write `{{~` and `~}}`");
            }
            did_you_mean(problem, name, helpers::forms().into_keys(), None)
        }
        Fault::WrongForm(name, Form::Block) => Problem::new(Exit::RENDER, format!("`{name}` is no block"))
            .hint(format!("write `{{{{{name} …}}}}` without `#`")),
        Fault::WrongForm(name, _) => Problem::new(Exit::RENDER, format!("`{name}` is a block"))
            .hint(format!("write `{{{{#{name} …}}}} … {{{{/{name}}}}}`")),
    }
}

/// Returns a partial that is not there.
pub(super) fn no_partial(name: &str, known: &BTreeSet<&str>) -> Problem {
    let problem = Problem::new(Exit::RENDER, format!("there is no partial `{name}`"));
    let problem = did_you_mean(problem, name, known.iter().copied(), None);
    problem.hint(format!("a partial is a file `partials/{name}.hbs`, or `_NAME.hbs` beside the templates"))
}

/// Returns a template that cannot be rendered with `data`. `template` is its file; the error may be in a partial's.
pub(super) fn of_render_error(error: &RenderError, template: &str, data: &Value) -> Problem {
    let problem = match error.reason() {
        RenderErrorReason::MissingVariable(Some(path)) => missing(path, data),
        RenderErrorReason::MissingVariable(None) => Problem::new(Exit::RENDER, "a variable is not set"),
        RenderErrorReason::PartialNotFound(name) => no_partial(name, &BTreeSet::new()),
        RenderErrorReason::PartialBlockNotFound => {
            Problem::new(Exit::RENDER, "`@partial-block` stands where no block was given")
                .hint("render the partial with `{{#> name}} … {{/name}}`")
        }
        RenderErrorReason::InvalidJsonIndex(key) => {
            Problem::new(Exit::RENDER, format!("`{key}` is asked of a list, which has only indexes"))
        }
        RenderErrorReason::ParamNotFoundForIndex(name, _) => {
            Problem::new(Exit::RENDER, format!("`{name}` needs another argument"))
        }
        RenderErrorReason::DecoratorNotFound(name) => {
            Problem::new(Exit::RENDER, format!("there is no decorator `{name}`, only `inline`"))
        }
        other => Problem::new(Exit::RENDER, other.to_string()),
    };
    let location = Location::file(error.template_name.as_deref().unwrap_or(template));
    problem.at(Location { line: error.line_no, column: error.column_no, ..location })
}

/// Returns a name that is not set, with what is known of it from the top of `data`.
fn missing(path: &str, data: &Value) -> Problem {
    let problem = Problem::new(Exit::RENDER, format!("`{path}` is not set"));
    let name = path.strip_prefix("@root.").unwrap_or(path);
    if name.starts_with(['.', '@']) || name.starts_with("this") {
        return problem;
    }
    let mut current = data;
    let mut before = String::new();
    for part in parts(name) {
        match child(current, part) {
            Some(below) => current = below,
            None if before.is_empty() => return did_you_mean_at_the_top(problem, part, data),
            None => {
                return match context::SOURCES.iter().find(|(known, _)| *known == name) {
                    Some((_, variable)) => {
                        problem.hint(format!("Argo CD sets it by `{variable}`: outside Argo CD, set that"))
                    }
                    None => did_you_mean_below(problem, part, &before, current),
                };
            }
        }
        before = if before.is_empty() { part.to_owned() } else { format!("{before}.{part}") };
    }
    problem.hint(format!(
        "at the top it is set: inside `{{{{#each}}}}`, `{{{{#with}}}}` and partials with a context of their own write \
         `@root.{name}`; `{{{{#each}}}}` needs a list or a map, `{{{{#with}}}}` what is not empty"
    ))
}

fn did_you_mean_at_the_top(problem: Problem, part: &str, data: &Value) -> Problem {
    let groups = data.as_object().into_iter().flatten();
    let (names, groups): (Vec<_>, Vec<_>) =
        groups.map(|(name, group)| (name.as_str(), (name, group))).unzip();
    match groups.into_iter().find(|(_, group)| group.get(part).is_some()) {
        Some((name, _)) => problem.hint(format!("did you mean `{name}.{part}`?")),
        None => did_you_mean(problem, part, names, None),
    }
}

fn did_you_mean_below(problem: Problem, part: &str, before: &str, current: &Value) -> Problem {
    match current {
        Value::Object(map) if map.is_empty() => problem.hint(format!("`{before}` is empty")),
        Value::Object(map) => did_you_mean(problem, part, map.keys().map(String::as_str), Some(before)),
        Value::Array(items) => problem.hint(format!("`{before}` is a list of {}", items.len())),
        _ => problem.hint(format!("`{before}` is not a map")),
    }
}

/// Hints at the name nearest to `name`, or else lists what the map `owner` has, when that is not much.
fn did_you_mean<'a>(
    problem: Problem,
    name: &str,
    names: impl IntoIterator<Item = &'a str>,
    owner: Option<&str>,
) -> Problem {
    let names: Vec<_> = names.into_iter().collect();
    match (suggest::nearest(name, names.iter().copied()), owner) {
        (Some(nearest), None) => problem.hint(format!("did you mean `{nearest}`?")),
        (Some(nearest), Some(owner)) => problem.hint(format!("did you mean `{owner}.{nearest}`?")),
        (None, Some(owner)) if names.len() <= 8 => {
            let list: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            problem.hint(format!("`{owner}` has {}", list.join(", ")))
        }
        _ => problem,
    }
}

fn child<'v>(value: &'v Value, part: &str) -> Option<&'v Value> {
    match value {
        Value::Object(map) => map.get(part),
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        _ => None,
    }
}

/// Returns the parts of a name: `values.[image.tag]/x` has `values`, `image.tag` and `x`.
fn parts(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let (part, after) = match rest.strip_prefix('[').and_then(|quoted| quoted.split_once(']')) {
            Some((part, after)) => (part, after.strip_prefix(['.', '/']).unwrap_or(after)),
            None => rest.split_once(['.', '/']).unwrap_or((rest, "")),
        };
        parts.push(part);
        rest = after;
    }
    parts
}
