//! The kind of value of a setting, and how it is written where only one text is possible: in an environment variable,
//! after a flag, in an annotation, in a `string` parameter.

use serde_json::{Map, Value};

use crate::yaml;

/// The kind of value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueKind {
    /// `true` or `false`.
    Boolean,
    /// A whole number, not negative.
    Number,
    /// A whole number.
    Integer,
    /// Any text.
    Text,
    /// Seconds, or a duration such as `5m`.
    Duration,
    /// `keep` or a duration.
    Ttl,
    /// One of these names, each with its meaning.
    Choice(Vec<(&'static str, &'static str)>),
    /// A list of texts, each of which is what the word says, such as `glob`.
    List(&'static str),
    /// Texts by name.
    Map,
    /// Whole numbers by name.
    Numbers,
    /// A YAML object of any content.
    Object,
    /// A list of YAML objects.
    Objects,
    /// Settings by environment.
    Environments,
    /// Settings by globs on the names of Jobs.
    Jobs,
}

/// How Argo CD's parameters carry a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// `string`.
    String,
    /// `array`.
    Array,
    /// `map`.
    Map,
}

impl Carrier {
    /// Returns the key in a parameter, and the `collectionType` of its announcement.
    pub fn key(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Array => "array",
            Self::Map => "map",
        }
    }
}

impl ValueKind {
    /// Returns what a value must be, to stand after "must be".
    pub fn expected(&self) -> String {
        match self {
            Self::Boolean => "`true` or `false`".into(),
            Self::Number => "a whole number that is not negative".into(),
            Self::Integer => "a whole number".into(),
            Self::Text => "a text".into(),
            Self::Duration => "a duration such as `300`, `300s`, `5m` or `1h`".into(),
            Self::Ttl => "`keep` or a duration such as `300`, `300s`, `5m` or `1h`".into(),
            Self::Choice(names) => {
                let names: Vec<_> = names.iter().map(|(name, _)| format!("`{name}`")).collect();
                format!("one of {}", names.join(", "))
            }
            Self::List(item) => format!("a list of {item}s"),
            Self::Map => "a map of names to texts".into(),
            Self::Numbers => "a map of names to whole numbers".into(),
            Self::Object => "a YAML object".into(),
            Self::Objects => "a list of YAML objects".into(),
            Self::Environments => "a map of environments to settings".into(),
            Self::Jobs => "a map of globs on the names of Jobs to settings".into(),
        }
    }

    /// Returns how Argo CD's parameters carry it.
    pub fn carrier(&self) -> Carrier {
        match self {
            Self::List(_) => Carrier::Array,
            Self::Map | Self::Numbers => Carrier::Map,
            _ => Carrier::String,
        }
    }

    /// Returns the value that one text stands for; null for an empty one, which is as if it were not set.
    ///
    /// A list is a YAML list in brackets, or its items separated by line breaks or by commas outside all brackets, but
    /// label selectors, which hold commas, by line breaks only. A map is a YAML map in braces, or lines of
    /// `name=value`. An object is YAML. The error is a sentence fragment that does not repeat the text.
    pub fn from_text(&self, text: &str) -> Result<Value, String> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(Value::Null);
        }
        match self {
            Self::List(_) if trimmed.starts_with('[') && trimmed.ends_with(']') => parse(trimmed),
            Self::List(item) => Ok(items(trimmed, *item != "label selector")),
            Self::Map | Self::Numbers if trimmed.starts_with('{') && trimmed.ends_with('}') => parse(trimmed),
            Self::Map | Self::Numbers => pairs(trimmed),
            Self::Object | Self::Objects => parse(text),
            Self::Text => Ok(Value::String(text.to_owned())),
            _ => Ok(Value::String(trimmed.to_owned())),
        }
    }
}

fn parse(text: &str) -> Result<Value, String> {
    yaml::parse(text.as_bytes()).map_err(|error| format!("cannot be read as YAML: {error}"))
}

fn items(text: &str, at_commas: bool) -> Value {
    let (mut items, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    let mut push = |item: &str| {
        if !item.trim().is_empty() {
            items.push(Value::String(item.trim().to_owned()));
        }
    };
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '\n' => {}
            ',' if at_commas && depth == 0 => {}
            _ => continue,
        }
        if matches!(c, '\n' | ',') {
            push(&text[start..at]);
            (start, depth) = (at + 1, 0);
        }
    }
    push(&text[start..]);
    Value::Array(items)
}

fn pairs(text: &str) -> Result<Value, String> {
    let mut map = Map::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) =
            line.split_once('=').ok_or("must be lines of `name=value`, or a YAML map in braces")?;
        map.insert(name.trim().to_owned(), Value::String(value.trim().to_owned()));
    }
    Ok(Value::Object(map))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_text_stands_for_any_kind_of_value() {
        let list = ValueKind::List("path");
        let selectors = ValueKind::List("label selector");
        for (kind, text, value) in [
            (&ValueKind::Text, " as is ", json!(" as is ")),
            (&ValueKind::Text, "  ", json!(null)),
            (&ValueKind::Boolean, " true\n", json!("true")),
            (&list, "", json!(null)),
            (&list, "a", json!(["a"])),
            (&list, "a, b,,\nc\n", json!(["a", "b", "c"])),
            (&list, "values-{dev,test}.yaml,b", json!(["values-{dev,test}.yaml", "b"])),
            (&list, "[a, 'b,c']", json!(["a", "b,c"])),
            (&list, "broken{\nb", json!(["broken{", "b"])),
            (&selectors, "a=1,b=2\nc in (1, 2)", json!(["a=1,b=2", "c in (1, 2)"])),
            (&ValueKind::Map, "a=1\nb = x=y,z \n\n", json!({"a": "1", "b": "x=y,z"})),
            (&ValueKind::Map, "{a: 1, b: x}", json!({"a": 1, "b": "x"})),
            (&ValueKind::Object, "a:\n  b: [1]", json!({"a": {"b": [1]}})),
            (&ValueKind::Objects, "- a: 1", json!([{"a": 1}])),
        ] {
            assert_eq!(kind.from_text(text).unwrap(), value, "{kind:?} {text:?}");
        }
    }

    #[test]
    fn what_is_no_map_is_refused_without_repeating_it() {
        for text in ["s3cret", "a=1\ns3cret", "{s3cret: ]}"] {
            let error = ValueKind::Map.from_text(text).unwrap_err();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
