//! The functions of Go templates that ApplicationSets use most: Go's own, and some of Sprig's.

use serde_json::Value;

use super::generators::normalize;

/// Calls a function. The error is a sentence fragment after "the ApplicationSet".
pub(super) fn call(name: &str, args: &[Value]) -> Result<Value, String> {
    let at = |i: usize| args.get(i).unwrap_or(&Value::Null);
    let text = |i: usize| show(at(i));
    let last = args.last().map(show).unwrap_or_default();
    Ok(match name {
        "eq" => args.iter().skip(1).any(|other| equal(at(0), other)).into(),
        "ne" => (!equal(at(0), at(1))).into(),
        "and" => args.iter().find(|arg| !truth(arg)).or(args.last()).cloned().unwrap_or_default(),
        "or" => args.iter().find(|arg| truth(arg)).or(args.last()).cloned().unwrap_or_default(),
        "len" => length(at(0)).into(),
        "index" => args.iter().skip(1).fold(at(0).clone(), |value, key| member(&value, key)),
        "default" => if truth(at(1)) { at(1) } else { at(0) }.clone(),
        "coalesce" => args.iter().find(|arg| truth(arg)).cloned().unwrap_or_default(),
        "not" | "empty" => (!truth(at(0))).into(),
        "ternary" => if truth(at(2)) { at(0) } else { at(1) }.clone(),
        "lower" => last.to_lowercase().into(),
        "upper" => last.to_uppercase().into(),
        "trim" => last.trim().into(),
        "trimPrefix" => last.strip_prefix(&text(0)).unwrap_or(&last).into(),
        "trimSuffix" => last.strip_suffix(&text(0)).unwrap_or(&last).into(),
        "trimAll" => last.trim_matches(|c| text(0).contains(c)).into(),
        "replace" => last.replace(&text(0), &text(1)).into(),
        "contains" => last.contains(&text(0)).into(),
        "hasPrefix" => last.starts_with(&text(0)).into(),
        "hasSuffix" => last.ends_with(&text(0)).into(),
        "quote" => Value::String(Value::String(last).to_string()),
        "squote" => format!("'{last}'").into(),
        "toString" | "print" => last.into(),
        "toJson" => at(0).to_string().into(),
        "toYaml" => crate::manifest::to_yaml(at(0)).trim_end().into(),
        "splitList" => last.split(&text(0)).map(Value::from).collect(),
        "join" => {
            let items: Vec<_> = at(1).as_array().into_iter().flatten().map(show).collect();
            items.join(&text(0)).into()
        }
        "first" => at(0).get(0).cloned().unwrap_or_default(),
        "last" => at(0).as_array().and_then(|items| items.last()).cloned().unwrap_or_default(),
        "has" => at(1).as_array().is_some_and(|items| items.contains(at(0))).into(),
        "hasKey" => at(0).get(text(1)).is_some().into(),
        "trunc" => truncated(&last, at(0)).into(),
        "normalize" => normalize(&last).into(),
        "printf" => printf(&text(0), &args[1.min(args.len())..])?.into(),
        _ => return Err(format!("uses the template function `{name}`, which cannot be expanded here")),
    })
}

/// Returns a value as a template prints it.
pub(super) fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<no value>".to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key}:{}", show(value)));
            format!("map[{}]", entries.collect::<Vec<_>>().join(" "))
        }
        other => other.to_string(),
    }
}

/// Whether a value counts as true in a template.
pub(super) fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// Returns a field of a map, or an item of a list.
pub(super) fn member(value: &Value, key: &Value) -> Value {
    let found = match key {
        Value::Number(index) => index.as_u64().and_then(|index| value.get(usize::try_from(index).ok()?)),
        key => key.as_str().and_then(|key| value.get(key)),
    };
    found.cloned().unwrap_or_default()
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() < f64::EPSILON,
        _ => a == b,
    }
}

fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    }
}

/// Returns the first bytes, or for a negative count the last ones; all where the text is shorter.
fn truncated<'a>(text: &'a str, count: &Value) -> &'a str {
    let count = count.as_i64().unwrap_or(i64::MAX);
    let bytes = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let kept = if count < 0 {
        text.len().checked_sub(bytes).and_then(|start| text.get(start..))
    } else {
        text.get(..bytes)
    };
    kept.unwrap_or(text)
}

fn printf(format: &str, args: &[Value]) -> Result<String, String> {
    let mut out = String::new();
    let (mut args, mut chars) = (args.iter(), format.chars());
    while let Some(c) = chars.next() {
        match c {
            '%' => match chars.next() {
                Some('%') => out.push('%'),
                Some('s' | 'v' | 'd') => out.push_str(&args.next().map(show).unwrap_or_default()),
                Some('q') => {
                    out.push_str(&Value::String(args.next().map(show).unwrap_or_default()).to_string());
                }
                _ => return Err("uses a format of `printf` that cannot be expanded here".to_owned()),
            },
            c => out.push(c),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::truncated;

    #[test]
    fn a_negative_count_keeps_the_end() {
        for (count, kept) in [(2, "ab"), (-2, "cd"), (0, ""), (9, "abcd"), (-9, "abcd"), (-4, "abcd")] {
            assert_eq!(truncated("abcd", &json!(count)), kept, "{count}");
        }
    }
}
