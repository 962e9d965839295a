//! Names that controllers derive from an object, as the tables write them.
//!
//! `{name}` stands for `metadata.name`, `{labels.KEY}` for a label, `{spec.target.name}` for a field, `*` in a path for each item of a list,
//! `{a|b}` for the first that is there; a `*` outside braces for any text.

use serde_json::Value;

/// Returns the names that a pattern gives for an object; a `*` in them still stands for any text.
///
/// A field that is not there gives no name.
pub(crate) fn expand(pattern: &str, object: &Value) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut rest = pattern;
    while let Some((literal, (fields, after))) =
        rest.split_once('{').and_then(|(literal, tail)| Some((literal, tail.split_once('}')?)))
    {
        let values = fields
            .split('|')
            .map(|field| texts(field, object))
            .find(|values| !values.is_empty())
            .unwrap_or_default();
        names = names
            .iter()
            .flat_map(|name| values.iter().map(move |value| format!("{name}{literal}{value}")))
            .collect();
        rest = after;
    }
    for name in &mut names {
        name.push_str(rest);
    }
    names
}

/// Whether an expanded name, in which `*` stands for any text, is this one.
pub(crate) fn matches(expanded: &str, name: &str) -> bool {
    let mut parts = expanded.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

fn texts<'a>(field: &str, object: &'a Value) -> Vec<&'a str> {
    if let Some(key) = field.strip_prefix("labels.") {
        return object["metadata"]["labels"][key].as_str().into_iter().collect();
    }
    let path = if field == "name" { "metadata.name" } else { field };
    let mut values = vec![object];
    for step in path.split('.') {
        values = values.into_iter().flat_map(|value| children(value, step)).collect();
    }
    values.into_iter().filter_map(Value::as_str).filter(|text| !text.is_empty()).collect()
}

fn children<'a>(value: &'a Value, step: &str) -> Vec<&'a Value> {
    match step {
        "*" => value.as_array().into_iter().flatten().collect(),
        key => vec![&value[key]],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_fill_the_braces() {
        let object = json!({"metadata": {"name": "db"}, "spec": {"target": {"name": ""}, "sets": [{"id": "a"}, {"id": "b"}]}});
        for (pattern, names) in [
            ("fixed", vec!["fixed"]),
            ("{name}-rw", vec!["db-rw"]),
            ("{spec.target.name|name}", vec!["db"]),
            ("{name}-{spec.sets.*.id}", vec!["db-a", "db-b"]),
            ("*.{name}.credentials", vec!["*.db.credentials"]),
            ("{spec.absent}-x", vec![]),
        ] {
            assert_eq!(expand(pattern, &object), names, "{pattern}");
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (expanded, name, expected) in [
            ("db", "db", true),
            ("db", "db-1", false),
            ("db-*", "db-app", true),
            ("db-*", "other-db-app", false),
            ("*.db.credentials", "app.db.credentials", true),
            ("*.db.credentials", "app.db.credentials.old", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
        ] {
            assert_eq!(matches(expanded, name), expected, "{expanded} {name}");
        }
    }
}
