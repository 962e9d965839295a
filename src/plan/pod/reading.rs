//! What a pod reads: its commands, its environment, the data of the ConfigMaps and Secrets that it takes.
//!
//! The texts hold secrets: they are searched, and never part of a message.

use std::{borrow::Cow, collections::HashMap};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    error::Result,
    plan::{
        app::index::Index,
        pod::{
            node::Node,
            references::{self, Reads, Reference, container_label},
            wait_shell::{self, says_wait},
        },
    },
};

/// A text that the pod reads.
#[derive(Debug)]
pub(crate) struct Text<'a> {
    /// A file's content, an environment variable as `NAME=value`, or a command with its variables filled in.
    pub(crate) content: Cow<'a, str>,
    /// Where it comes from, in words.
    pub(crate) why: String,
    pub(crate) source: Source,
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The command of an init container.
    InitCommand,
    /// The command of a container.
    Command,
    /// A variable that a container spells out.
    Variable,
    /// Data of a ConfigMap or Secret.
    Data,
}

/// Everything that the pod reads, as far as the app renders it; a missing object gives nothing.
///
/// `references` are the pod's own: see [`references::of_pod`].
pub(crate) fn texts<'a>(
    pod: &'a Value,
    references: &[Reference],
    namespace: Option<&str>,
    app: &Index<'a>,
) -> Result<Vec<Text<'a>>> {
    let pod = Node::root(pod);
    let containers = references::containers(&pod);
    let mut variables: Vec<Vec<Variable<'a>>> = containers.iter().map(|_| Vec::new()).collect();
    let mut texts = Vec::new();
    let mut files: Vec<(String, Text<'a>)> = Vec::new();
    for reference in references.iter().filter(|reference| reference.reads != Reads::Nothing) {
        let namespace = reference.namespace.as_deref().or(namespace);
        let why =
            |key: &str| format!("{}, key {key} of {} {}", reference.why, reference.kind, reference.name);
        let variable = |name, key: &str, value| Variable { name, value, why: why(key), source: Source::Data };
        for header in app.find_all(&reference.kind, &reference.name, namespace) {
            let data = data(app.object(header.id)?);
            match &reference.reads {
                Reads::Nothing => {}
                Reads::Variable { container, key, name } => {
                    let value = data.into_iter().rev().find(|(at, _)| at == key);
                    variables[*container]
                        .extend(value.map(|(key, value)| variable(name.clone(), key, value)));
                }
                Reads::Variables { container, prefix } => variables[*container].extend(
                    data.into_iter().map(|(key, value)| variable(format!("{prefix}{key}"), key, value)),
                ),
                Reads::Files(keys) => files.extend(
                    data.into_iter()
                        .filter(|(key, _)| keys.is_empty() || keys.iter().any(|wanted| wanted == key))
                        .map(|(key, value)| (key.to_owned(), file(key, value, why(key)))),
                ),
            }
        }
    }
    for (container, mut variables) in containers.iter().zip(variables) {
        variables.extend(literal_variables(container));
        // The last of a name wins: `env` over `envFrom`.
        let last: HashMap<_, _> =
            variables.iter().enumerate().map(|(at, variable)| (variable.name.clone(), at)).collect();
        let mut at = 0..;
        variables.retain(|variable| last.get(&variable.name).copied() == at.next());
        let values: HashMap<_, _> =
            variables.iter().map(|variable| (variable.name.as_str(), variable.value.as_ref())).collect();
        let command = fill(&wait_shell::flat(&command(container.value)), &values);
        let label = container_label(container);
        let source = if label.starts_with("init") { Source::InitCommand } else { Source::Command };
        texts.push(Text { content: command.into(), why: format!("command of {label}"), source });
        texts.extend(variables.into_iter().map(|Variable { name, value, why, source }| Text {
            content: assignment(&name, value),
            why,
            source,
        }));
    }
    keep_what_runs(&mut files, &texts);
    texts.splice(0..0, files.into_iter().map(|(_, text)| text));
    Ok(texts)
}

/// A file as the pod sees it.
fn file<'a>(key: &str, value: Cow<'a, str>, why: String) -> Text<'a> {
    let content = if is_script(key, &value) {
        Cow::Owned(wait_shell::flat(&value).into_owned())
    } else {
        assignment(key, value)
    };
    Text { content, why, source: Source::Data }
}

fn is_script(key: &str, content: &str) -> bool {
    content.starts_with("#!") || [".sh", ".bash", ".ash"].iter().any(|ending| key.ends_with(ending))
}

/// A script counts only if a command, or another script that counts, names it; a pattern may name any.
fn keep_what_runs(files: &mut Vec<(String, Text<'_>)>, texts: &[Text<'_>]) {
    let scripts = |(key, text): &(String, Text<'_>)| is_script(key, &text.content);
    let commands = texts.iter().filter(|text| matches!(text.source, Source::Command | Source::InitCommand));
    let mut run: Vec<String> = commands.map(|text| text.content.to_string()).collect();
    if run
        .iter()
        .any(|command| command.contains('*') || command.contains("run-parts") || command.trim().is_empty())
    {
        return;
    }
    let mut rest: Vec<(String, Text<'_>)> = Vec::new();
    let (mut waiting, others): (Vec<_>, Vec<_>) = files.drain(..).partition(scripts);
    let mut at = 0;
    while let Some(command) = run.get(at).cloned() {
        at += 1;
        let (named, unnamed): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(key, _)| command.contains(key.as_str()));
        run.extend(named.iter().map(|(_, text)| text.content.to_string()));
        rest.extend(named);
        waiting = unnamed;
    }
    files.extend(others);
    files.extend(rest);
}

/// What a producer's template says of the ConfigMap or Secret that the pod takes through the reference.
pub(crate) fn templates<'a>(producer: &'a Value, reference: &Reference) -> Vec<Text<'a>> {
    let (wanted, name) = match &reference.reads {
        Reads::Nothing => return Vec::new(),
        Reads::Variable { key, name, .. } => (vec![key.as_str()], Some(name.as_str())),
        Reads::Variables { .. } => (Vec::new(), None),
        Reads::Files(keys) => (keys.iter().map(String::as_str).collect(), None),
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
            content: assignment(name, text.into()),
            why: format!("{}, template of {} {}", reference.why, reference.kind, reference.name),
            source: Source::Data,
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

struct Variable<'a> {
    name: String,
    value: Cow<'a, str>,
    why: String,
    source: Source,
}

/// The variables that a container spells out.
fn literal_variables<'a>(container: &Node<'a>) -> Vec<Variable<'a>> {
    let label = container_label(container);
    let variables = container.value["env"].as_array().into_iter().flatten();
    variables
        .filter_map(|variable| {
            let (name, value) = (variable["name"].as_str()?, variable["value"].as_str()?);
            let why = format!("env {name} of {label}");
            Some(Variable { name: name.to_owned(), value: value.into(), why, source: Source::Variable })
        })
        .collect()
}

/// The data of a ConfigMap or Secret as containers see it, as far as it is text.
pub(crate) fn data(object: &Value) -> Vec<(&str, Cow<'_, str>)> {
    let encoded = object["kind"] == "Secret";
    let entries = |field: &'static str| {
        object[field].as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
    };
    let plain = |(key, value): (_, &'_ Value)| Some((key, value.as_str()?.to_owned().into()));
    let decoded = |(key, value): (_, &'_ Value)| {
        // Go's decoder, which the API server uses, skips line breaks.
        let text: String = value.as_str()?.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        Some((key, String::from_utf8(STANDARD.decode(text).ok()?).ok()?.into()))
    };
    let mut found: Vec<(&str, Cow<'_, str>)> = Vec::new();
    if encoded {
        found.extend(entries("data").filter_map(decoded));
        // The later entry wins, as `stringData` does.
        found.extend(entries("stringData").filter_map(plain));
    } else {
        found.extend(entries("data").filter_map(plain));
        found.extend(entries("binaryData").filter_map(decoded));
    }
    found
}

/// `NAME=value`, so that the name says what the value is; a text of several lines stands alone.
fn assignment<'a>(name: &str, value: Cow<'a, str>) -> Cow<'a, str> {
    let line = value.trim_end();
    if line.contains('\n') { value } else { format!("{name}={line}").into() }
}

/// `command` and `args` as one line; words that hold a script stand on their own lines.
fn command(container: &Value) -> String {
    let words =
        ["command", "args"].into_iter().flat_map(|field| container[field].as_array().into_iter().flatten());
    let mut line = entrypoint(container).unwrap_or_default();
    for word in words.filter_map(Value::as_str) {
        let script = word.contains(char::is_whitespace);
        if !line.is_empty() {
            line.push(if script || line.ends_with('\n') { '\n' } else { ' ' });
        }
        line.push_str(word);
        if script {
            line.push('\n');
        }
    }
    line
}

/// The program that the image of a waiting container runs where the manifest says none.
fn entrypoint(container: &Value) -> Option<String> {
    let given = container["command"].as_array().is_some_and(|words| !words.is_empty());
    let image = container["image"].as_str().filter(|_| !given)?;
    let name = image.rsplit('/').next()?.split([':', '@']).next()?;
    (says_wait(name) || matches!(name, "dockerize" | "kubectl")).then(|| name.to_owned())
}

/// Fills in variables as Kubernetes (`$(NAME)`) and shells (`$NAME`, `${NAME}`, `${NAME:-default}`) do; what is not
/// known stays.
fn fill(text: &str, values: &HashMap<&str, &str>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        let (reference, value) = reference(rest, values);
        filled.push_str(value.unwrap_or(reference));
        rest = &rest[reference.len()..];
    }
    filled.push_str(rest);
    filled
}

/// The reference to a variable that the text begins with, and what takes its place.
fn reference<'t>(text: &'t str, values: &HashMap<&str, &'t str>) -> (&'t str, Option<&'t str>) {
    let name_end = |from: usize| {
        text[from..]
            .find(|c: char| c != '_' && !c.is_ascii_alphanumeric())
            .map_or(text.len(), |end| from + end)
    };
    let close = match text.as_bytes().get(1) {
        Some(b'(') => ')',
        Some(b'{') => '}',
        _ => {
            let end = name_end(1);
            return (&text[..end], values.get(&text[1..end]).copied());
        }
    };
    let end = name_end(2);
    let value = values.get(&text[2..end]).copied();
    let rest = &text[end..];
    let Some(length) = rest.find(close) else { return (&text[..end], None) };
    let default = rest[..length].strip_prefix(":-").or_else(|| rest[..length].strip_prefix('-'));
    if length > 0 && default.is_none() {
        return (&text[..end], None);
    }
    (&text[..=end + length], value.or(default))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_are_filled_in() {
        let values = HashMap::from([("HOST", "db"), ("PORT", "5432")]);
        for (text, expected) in [
            ("nc -z $HOST $PORT", "nc -z db 5432"),
            ("nc -z ${HOST} ${PORT}", "nc -z db 5432"),
            ("$(HOST):$(PORT)", "db:5432"),
            ("${HOST:-other} ${NAME:-app} ${NAME-x}", "db app x"),
            ("$UNKNOWN ${UNKNOWN} $(date +%s) $ $$ ${", "$UNKNOWN ${UNKNOWN} $(date +%s) $ $$ ${"),
            ("${HOST%%.*}", "${HOST%%.*}"),
            ("näh $HOSTé", "näh dbé"),
        ] {
            assert_eq!(fill(text, &values), expected, "{text}");
        }
    }

    #[test]
    fn scripts_stand_on_their_own_lines() {
        let container = json!({"command": ["sh", "-c"], "args": ["nc -z db 5432\necho ok", "x"]});
        assert_eq!(command(&container), "sh -c\nnc -z db 5432\necho ok\n\nx");
        assert_eq!(command(&json!({"command": null, "args": ["a", "b"]})), "a b");
    }

    #[test]
    fn the_image_says_what_runs_where_nothing_else_does() {
        let waiting = json!({"image": "ghcr.io/groundnuty/k8s-wait-for:v2.0", "args": ["job", "migrate"]});
        assert_eq!(command(&waiting), "k8s-wait-for job migrate");
        let other = json!({"image": "kubectl", "command": ["sh"], "args": ["x"]});
        assert_eq!(command(&other), "sh x");
        assert_eq!(command(&json!({"image": "shop/api", "args": ["migrate"]})), "migrate");
    }

    #[test]
    fn a_secret_is_decoded_as_the_api_server_does() {
        let secret = json!({
            "kind": "Secret",
            "data": {"url": "cG9zdGdyZX\nM6Ly9kYi9hcHA=", "bad": "%", "binary": "/w==", "none": null},
            "stringData": {"plain": "x"}
        });
        let found: Vec<_> = data(&secret).into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(found, ["url=postgres://db/app", "plain=x"]);
        assert_eq!(data(&json!({"kind": "Secret", "data": null})), []);
    }

    #[test]
    fn a_config_map_is_read_as_it_stands() {
        let config = json!({"kind": "ConfigMap", "data": {"a": "x"}, "binaryData": {"b": "eA=="}});
        assert_eq!(data(&config), [("a", "x".into()), ("b", "x".into())]);
    }
}
