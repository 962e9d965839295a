//! ApplicationSets: the Applications that the controller would make of them, as far as a clone of the repository tells.
//!
//! Sources: argo-cd `applicationset/generators/*.go` and `applicationset/utils/utils.go`.

mod functions;
mod generators;
mod gotemplate;
mod template;

use serde_json::{Map, Value};

use super::{application::Application, file::merge_patch, repository::Repository};
use crate::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
};

/// The parameters of one Application: nested for Go templates, else one text for each dotted name.
type Params = Map<String, Value>;

/// What the parts of an ApplicationSet are read with.
struct Reader<'a> {
    go_template: bool,
    /// `missingkey=error` is among the template's options.
    strict: bool,
    repository: &'a Repository,
}

/// Returns the Applications of an object of kind `ApplicationSet`.
pub(super) fn expand(
    object: &Value,
    location: &Location,
    repository: &Repository,
) -> Result<Vec<Application>> {
    let spec = &object["spec"];
    let reader = Reader {
        go_template: spec["goTemplate"] == true,
        strict: spec["goTemplateOptions"]
            .as_array()
            .is_some_and(|all| all.iter().any(|o| o == "missingkey=error")),
        repository,
    };
    let wrong = |message: String| {
        Problem::new(Exit::SETTINGS, format!("the ApplicationSet {message}")).at(location.clone())
    };
    let mut problems = Problems::default();
    let mut applications = Vec::new();
    for generator in spec["generators"].as_array().into_iter().flatten() {
        let made = match reader.params(generator) {
            Ok(made) => made,
            Err(message) => {
                problems.push(hinted(wrong(message)));
                continue;
            }
        };
        for (params, own_template) in made {
            let made = reader.application(object, &params, own_template.as_ref());
            let read = |object: Value| Application::read(&object, location.clone());
            match made.map_err(|message| hinted(wrong(message))).and_then(read) {
                Ok(made) if applications.iter().any(|other: &Application| other.name == made.name) => {
                    // `validateGeneratedApplications` in `applicationset_controller.go`.
                    let message = format!("makes several Applications of the name `{}`", made.name);
                    problems.push(wrong(message).hint("put a parameter that tells them apart into the name"));
                }
                Ok(made) => applications.push(made),
                Err(problem) => problems.push(problem),
            }
        }
    }
    problems.or(applications)
}

fn hinted(problem: Problem) -> Problem {
    if !problem.message.contains("cannot be expanded here") {
        return problem;
    }
    let known = if problem.message.contains("generator") {
        "only list, git, matrix and merge generators can be read from a clone; "
    } else {
        ""
    };
    problem.hint(format!(
        "{known}write one of its Applications to a file (`argocd app get NAME -o yaml`, or `kubectl get application NAME -o \
         yaml`) and name that"
    ))
}

/// Returns the template without its empty values: they leave those of the ApplicationSet (`mergeGeneratorTemplate` in
/// `applicationset/generators/generator_spec_processor.go`).
fn filled(template: &Value) -> Value {
    let Value::Object(map) = template else { return template.clone() };
    let entries = map.iter().filter(|(_, value)| functions::truth(value));
    Value::Object(entries.map(|(key, value)| (key.clone(), filled(value))).collect())
}

impl Reader<'_> {
    /// Returns the Application of one set of parameters.
    fn application(&self, set: &Value, params: &Params, own: Option<&Value>) -> Result<Value, String> {
        let spec = &set["spec"];
        let mut template = spec["template"].clone();
        if let Some(own) = own {
            merge_patch(&mut template, &filled(own));
        }
        let mut object = self.render(&template, params)?;
        if let Some(patch) = spec["templatePatch"].as_str() {
            let text = self.text(patch, params)?;
            let patch = crate::yaml::parse(text.as_bytes())
                .map_err(|error| format!("has a `templatePatch` that is not YAML when expanded: {error}"))?;
            if patch.is_object() {
                merge_patch(&mut object, &patch);
            }
        }
        if let Some(namespace) = set["metadata"]["namespace"].as_str() {
            object["metadata"]["namespace"] = namespace.into();
        }
        Ok(object)
    }

    /// Returns every text in a value, expanded; keys of maps too, as in Argo CD.
    fn render(&self, value: &Value, params: &Params) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => Value::String(self.text(text, params)?),
            Value::Array(items) => {
                items.iter().map(|item| self.render(item, params)).collect::<Result<_, _>>()?
            }
            Value::Object(map) => {
                let entry = |(key, value): (&String, &Value)| {
                    Ok::<_, String>((self.text(key, params)?, self.render(value, params)?))
                };
                Value::Object(map.iter().map(entry).collect::<Result<_, _>>()?)
            }
            other => other.clone(),
        })
    }

    fn text(&self, text: &str, params: &Params) -> Result<String, String> {
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        if self.go_template {
            gotemplate::render(text, &Value::Object(params.clone()), self.strict)
        } else {
            Ok(template::render(text, params))
        }
    }
}

#[cfg(test)]
mod tests;
