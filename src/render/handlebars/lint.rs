//! What a template's tree tells before it is rendered: so that all of it can be reported at once, and nothing about it
//! is left to chance at rendering.

use std::collections::{BTreeMap, BTreeSet};

use handlebars::template::{
    DecoratorTemplate, HelperTemplate, Parameter, Subexpression, Template, TemplateElement,
};

use super::helpers::{self, Form, INCLUDE, WRITE};

/// A line and a column, both from 1.
pub(super) type Place = (usize, usize);

/// What was found in one template.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What is wrong, and where.
    pub faults: Vec<(Place, Fault)>,
    /// The partials that it renders.
    pub uses: Vec<Use>,
    /// The partials that it defines itself (`{{#*inline "name"}}`).
    pub inline: BTreeSet<String>,
    /// How deep blocks and calls are nested.
    pub depth: usize,
}

/// A call that cannot work.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// There is no helper of this name.
    UnknownHelper(String),
    /// The helper of this name is not called in this form.
    WrongForm(String, Form),
}

/// A place that renders a partial.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Use {
    /// Its name; `None` when it is computed.
    pub partial: Option<String>,
    /// Whether the place says what to render when there is no such partial.
    pub has_fallback: bool,
    /// The inline partial in which the place stands.
    pub within: Option<String>,
    pub place: Place,
}

/// Looks through a template, and makes every `{{…}}` that writes into a call of [`WRITE`], which refuses what has no
/// text: the crate itself writes `[object]` for a map.
pub(super) fn prepare(template: &mut Template) -> Findings {
    let mut pass = Pass { helpers: helpers::forms(), findings: Findings::default(), within: None, depth: 0 };
    pass.template(template, (1, 1));
    pass.findings
}

struct Pass {
    helpers: BTreeMap<&'static str, Form>,
    findings: Findings,
    within: Option<String>,
    depth: usize,
}

impl Pass {
    /// Goes one level down for as long as `look` takes.
    fn below<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        self.findings.depth = self.findings.depth.max(self.depth);
        let found = look(self);
        self.depth -= 1;
        found
    }

    fn template(&mut self, template: &mut Template, start: Place) {
        self.below(|pass| pass.elements(template, start));
    }

    fn elements(&mut self, template: &mut Template, start: Place) {
        for (i, element) in template.elements.iter_mut().enumerate() {
            let place = template.mapping.get(i).map_or(start, |at| (at.0, at.1));
            match element {
                TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call) => {
                    self.written(call, place);
                }
                TemplateElement::HelperBlock(call) => {
                    self.call(&call.name, Form::Block, place);
                    self.arguments(call.params.iter().chain(call.hash.values()), place);
                    for branch in [&mut call.template, &mut call.inverse].into_iter().flatten() {
                        self.template(branch, place);
                    }
                }
                TemplateElement::PartialExpression(partial) => self.partial(partial, false, place),
                TemplateElement::PartialBlock(partial) => self.partial(partial, true, place),
                TemplateElement::DecoratorExpression(decorator)
                | TemplateElement::DecoratorBlock(decorator) => {
                    self.decorator(decorator, place);
                }
                _ => {}
            }
        }
    }

    /// `{{name}}` or `{{helper argument}}`.
    fn written(&mut self, call: &mut HelperTemplate, place: Place) {
        let is_call = !call.params.is_empty()
            || !call.hash.is_empty()
            || name_of(&call.name).is_some_and(|name| self.helpers.contains_key(name));
        let what = std::mem::replace(&mut call.name, Parameter::Name(WRITE.to_owned()));
        let what = if is_call {
            let (params, hash) = (std::mem::take(&mut call.params), std::mem::take(&mut call.hash));
            Parameter::Subexpression(Subexpression::new(what, params, hash))
        } else {
            what
        };
        self.arguments([&what], place);
        call.params = vec![what];
    }

    fn arguments<'a>(&mut self, arguments: impl IntoIterator<Item = &'a Parameter>, place: Place) {
        for argument in arguments {
            if let Parameter::Subexpression(call) = argument
                && let TemplateElement::Expression(call) = call.as_element()
            {
                self.call(&call.name, Form::Value, place);
                if name_of(&call.name) == Some(INCLUDE) {
                    let partial = match call.params.first() {
                        Some(Parameter::Literal(name)) => name.as_str().map(str::to_owned),
                        _ => None,
                    };
                    self.uses(partial, false, place);
                }
                self.below(|pass| pass.arguments(call.params.iter().chain(call.hash.values()), place));
            }
        }
    }

    fn call(&mut self, name: &Parameter, form: Form, place: Place) {
        let Some(name) = name_of(name) else { return self.arguments([name], place) };
        let fault = match self.helpers.get(name) {
            Some(Form::Either) => return,
            Some(known) if *known == form => return,
            Some(_) => Fault::WrongForm(name.to_owned(), form),
            None => Fault::UnknownHelper(name.to_owned()),
        };
        self.findings.faults.push((place, fault));
    }

    fn partial(&mut self, partial: &mut DecoratorTemplate, has_fallback: bool, place: Place) {
        self.arguments(partial.params.iter().chain(partial.hash.values()).chain([&partial.name]), place);
        match name_of(&partial.name) {
            Some("@partial-block") => {}
            name => self.uses(name.map(str::to_owned), has_fallback, place),
        }
        if let Some(body) = &mut partial.template {
            self.template(body, place);
        }
    }

    fn decorator(&mut self, decorator: &mut DecoratorTemplate, place: Place) {
        self.arguments(decorator.params.iter().chain(decorator.hash.values()), place);
        let name = match decorator.params.first() {
            Some(Parameter::Literal(name)) => name.as_str().map(str::to_owned),
            _ => None,
        };
        let outer = std::mem::replace(&mut self.within, name.clone());
        self.findings.inline.extend(name);
        if let Some(body) = &mut decorator.template {
            self.template(body, place);
        }
        self.within = outer;
    }

    fn uses(&mut self, partial: Option<String>, has_fallback: bool, place: Place) {
        self.findings.uses.push(Use { partial, has_fallback, within: self.within.clone(), place });
    }
}

/// Returns a name that stands in the template; a quoted or bracketed partial name without its marks is not one the
/// crate knows.
fn name_of(parameter: &Parameter) -> Option<&str> {
    match parameter {
        Parameter::Literal(literal) => literal.as_str(),
        other => other.as_name(),
    }
}
