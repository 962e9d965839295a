//! The texts of a pod in which the names of hosts and objects are looked for.

use std::{borrow::Cow, collections::HashSet};

use serde_json::Value;

use crate::plan::{
    needs::wait_commands::{self, Target},
    pod::{
        Pod,
        commands::Command,
        references::{Reads, Reference},
    },
};

/// A text that a pod reads.
#[derive(Debug)]
pub(crate) struct Text<'p> {
    /// A command, a variable as `NAME=value`, or a file's content.
    pub(crate) content: Cow<'p, str>,
    /// Where it comes from, in words.
    pub(crate) why: Cow<'p, str>,
    /// The command that it is.
    pub(crate) command: Option<&'p Command>,
    /// It is run by an init container.
    pub(crate) init: bool,
}

impl Text<'_> {
    /// Whether it takes hosts as bare words.
    pub(crate) fn probes(&self) -> bool {
        self.command.is_some_and(wait_commands::probes)
    }

    /// Returns the objects that it waits for, or acts on.
    pub(crate) fn targets(&self) -> Vec<Target<'_>> {
        self.command.map_or_else(|| wait_commands::named_by(&self.content), wait_commands::targets)
    }

    /// Whether what it names must be there: what a command names, it uses, and `WAIT_HOSTS` says so.
    pub(crate) fn uses(&self) -> bool {
        self.command.map_or_else(|| wait_commands::says_wait_for(&self.content), wait_commands::uses)
    }
}

/// Returns everything that the pod reads: files, then the commands and variables of each container.
pub(crate) fn of_pod<'p>(pod: &'p Pod<'_>) -> Vec<Text<'p>> {
    let named: HashSet<usize> =
        pod.containers.iter().flat_map(|container| container.named.iter().copied()).collect();
    let data =
        |content: Cow<'p, str>, why: &'p str| Text { content, why: why.into(), command: None, init: false };
    // A script is read where a container runs it; one of another language is text.
    let read = pod
        .files
        .iter()
        .enumerate()
        .filter(|(at, file)| !file.is_script() || (named.contains(at) && !file.is_shell_script()));
    let mut texts: Vec<_> =
        read.map(|(_, file)| data(assignment(file.key, &file.content), &file.why)).collect();
    for container in &pod.containers {
        for command in &container.commands {
            let why = command.origin.why.as_str();
            texts.extend(command.assignments().iter().map(|variable| data(variable.into(), why)));
            let content = command.line().into();
            texts.push(Text { content, why: why.into(), command: Some(command), init: container.init });
            texts.extend(command.input.iter().map(|input| data(input.into(), why)));
        }
        let variables = container.variables.iter();
        texts.extend(
            variables.map(|variable| data(assignment(&variable.name, &variable.value), &variable.why)),
        );
    }
    texts
}

/// Returns what a producer's template says of the ConfigMap or Secret that the pod takes through the reference.
pub(crate) fn of_template<'a>(producer: &'a Value, reference: &Reference) -> Vec<Text<'a>> {
    let (wanted, name) = match &reference.reads {
        Reads::Nothing => return Vec::new(),
        Reads::Variable { key, name, .. } => (vec![key.as_str()], Some(name.as_str())),
        Reads::Variables { .. } => (Vec::new(), None),
        Reads::Files { items, .. } => (items.iter().map(|(key, _)| key.as_str()).collect(), None),
    };
    let mut leaves = Vec::new();
    collect_leaves(&producer["spec"], &mut Vec::new(), &mut leaves);
    let templated = leaves.into_iter().filter_map(|(path, text)| {
        let start = path.iter().position(|key| key.to_ascii_lowercase().contains("template"))?;
        // Vault's operator has the text of a key in a map of its own; a `literal` may hold any key.
        let key = path[start..].iter().rev().find(|key| **key != "text")?;
        let reads = wanted.is_empty() || wanted.contains(key) || *key == "literal";
        reads.then(|| (name.unwrap_or(key), text))
    });
    templated
        .map(|(name, text)| Text {
            content: assignment(name, text).into_owned().into(),
            why: format!("{}, template of {} {}", reference.why, reference.kind, reference.name).into(),
            command: None,
            init: false,
        })
        .collect()
}

/// Every text inside a value, with the keys that lead to it.
fn collect_leaves<'a>(value: &'a Value, path: &mut Vec<&'a str>, leaves: &mut Vec<(Vec<&'a str>, &'a str)>) {
    match value {
        Value::String(text) => leaves.push((path.clone(), text)),
        Value::Array(items) => items.iter().for_each(|item| collect_leaves(item, path, leaves)),
        Value::Object(map) => {
            for (key, value) in map {
                path.push(key);
                collect_leaves(value, path, leaves);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Returns `NAME=value`, so that the name says what the value is; a text of several lines stands alone.
fn assignment<'t>(name: &str, value: &'t str) -> Cow<'t, str> {
    let line = value.trim_end();
    if line.contains('\n') { value.into() } else { format!("{name}={line}").into() }
}
