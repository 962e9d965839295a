//! The environment of a container.

use std::{borrow::Cow, collections::HashMap};

use serde_json::Value;

use crate::plan::pod::{
    data,
    node::Node,
    references::{Reads, Reference, container_label},
    variables::Variables,
};

/// A variable of a container's environment.
#[derive(Debug)]
pub(crate) struct Variable<'a> {
    /// Its name.
    pub(crate) name: String,
    /// Its value, variables filled in.
    pub(crate) value: Cow<'a, str>,
    /// The field, or the key and object, in words.
    pub(crate) why: String,
    /// The container spells the value out.
    pub(crate) literal: bool,
    /// It is a Secret's.
    private: bool,
}

/// Returns the variables of the container at a position, each name once; their values are added to `environment`. `find`
/// gives the ConfigMaps and Secrets of a reference.
pub(crate) fn read<'a>(
    at: usize,
    container: &Node<'a>,
    references: &[Reference],
    find: impl Fn(&Reference) -> Vec<&'a Value>,
    environment: &mut Variables,
) -> Vec<Variable<'a>> {
    let mut found = Vec::new();
    for reference in references.iter().filter(|reference| reference.reads.container() == Some(at)) {
        found.extend(find(reference).into_iter().flat_map(|object| of_reference(reference, object)));
    }
    found.extend(spelled_out(container));
    // The last of a name wins: `env` over `envFrom`.
    let last: HashMap<_, _> =
        found.iter().enumerate().map(|(at, variable)| (variable.name.clone(), at)).collect();
    let mut at = 0..;
    found.retain(|variable| last.get(&variable.name).copied() == at.next());
    for variable in &mut found {
        if variable.literal && variable.value.contains("$(") {
            let (value, private) = environment.fill(&variable.value);
            variable.value = value.into();
            variable.private = private;
        }
        environment.set(&variable.name, &variable.value, variable.private);
    }
    found
}

/// Returns the variables that a reference takes from an object.
fn of_reference<'a>(reference: &Reference, object: &'a Value) -> Vec<Variable<'a>> {
    let variable = |name: String, key: &str, value| {
        let why = format!("{}, key {key} of {} {}", reference.why, reference.kind, reference.name);
        Variable { name, value, why, literal: false, private: reference.kind == "Secret" }
    };
    match &reference.reads {
        Reads::Variable { key, name, .. } => {
            data::value(object, key).map(|value| variable(name.clone(), key, value)).into_iter().collect()
        }
        Reads::Variables { prefix, .. } => data::data(object)
            .into_iter()
            .map(|(key, value)| variable(format!("{prefix}{key}"), key, value))
            .collect(),
        Reads::Nothing | Reads::Files { .. } => Vec::new(),
    }
}

/// Returns the variables that a container spells out.
fn spelled_out<'a>(container: &Node<'a>) -> impl Iterator<Item = Variable<'a>> {
    let label = container_label(container);
    container.value["env"].as_array().into_iter().flatten().filter_map(move |variable| {
        let (name, value) = (variable["name"].as_str()?, variable["value"].as_str()?);
        let why = format!("env {name} of {label}");
        Some(Variable { name: name.to_owned(), value: value.into(), why, literal: true, private: false })
    })
}
