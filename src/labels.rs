//! Kubernetes label selectors, as `kubectl -l` reads them.
//!
//! The grammar is that of `k8s.io/apimachinery/pkg/labels/selector.go` without the numeric operators `>` and `<`,
//! which the API's own `LabelSelector` does not have either.

use std::collections::BTreeMap;

use serde_json::Value;

/// One Kubernetes label selector: all its requirements must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSelector {
    /// The requirements.
    pub requirements: Vec<Requirement>,
}

/// One requirement of a label selector.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "Kubernetes' own operators")]
pub enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    DoesNotExist(String),
}

impl LabelSelector {
    /// Reads `key=value, key2 in (a, b), key3 notin (c), key4, !key5, key6!=value`. All must hold.
    ///
    /// The error is a sentence fragment that does not repeat the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let requirements = split(text)?.into_iter().map(requirement).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { requirements })
    }

    /// Reads `matchLabels` and `matchExpressions` of an object; a selector without either selects everything.
    ///
    /// The error is a sentence fragment.
    pub fn of(selector: &Value) -> Result<Self, String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let labels = selector["matchLabels"].as_object().into_iter().flatten();
        let mut requirements: Vec<_> =
            labels.map(|(key, value)| Requirement::In(key.clone(), vec![text(value)])).collect();
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let key = text(&expression["key"]);
            let values = expression["values"].as_array().into_iter().flatten().map(text).collect();
            requirements.push(match expression["operator"].as_str() {
                Some("In") => Requirement::In(key, values),
                Some("NotIn") => Requirement::NotIn(key, values),
                Some("Exists") => Requirement::Exists(key),
                Some("DoesNotExist") => Requirement::DoesNotExist(key),
                _ => return Err("has an unknown operator".to_owned()),
            });
        }
        Ok(Self { requirements })
    }

    /// Whether an object with these labels is selected.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            Requirement::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
            Requirement::Exists(key) => labels.contains_key(key),
            Requirement::DoesNotExist(key) => !labels.contains_key(key),
        })
    }
}

/// Splits at commas outside parentheses.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let (mut parts, mut start, mut inside) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '(' if inside => return Err("has a parenthesis inside parentheses".into()),
            ')' if !inside => return Err("has a closing parenthesis that was never opened".into()),
            '(' => inside = true,
            ')' => inside = false,
            ',' if !inside => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if inside {
        return Err("has a parenthesis that is not closed".into());
    }
    parts.push(&text[start..]);
    Ok(parts)
}

fn requirement(text: &str) -> Result<Requirement, String> {
    let text = text.trim();
    if let Some(key) = text.strip_prefix('!') {
        return Ok(Requirement::DoesNotExist(self::key(key)?));
    }
    if let Some(list) = text.strip_suffix(')') {
        let (head, list) = list.split_once('(').ok_or("has a closing parenthesis that was never opened")?;
        let (key, operator) = head.trim().rsplit_once(char::is_whitespace).ok_or("lacks `in` or `notin`")?;
        let values = list.split(',').map(value).collect::<Result<Vec<_>, _>>()?;
        return match operator {
            "in" => Ok(Requirement::In(self::key(key)?, values)),
            "notin" => Ok(Requirement::NotIn(self::key(key)?, values)),
            _ => Err("has an operator before a parenthesis that is neither `in` nor `notin`".into()),
        };
    }
    for (operator, holds) in [("!=", false), ("==", true), ("=", true)] {
        if let Some((key, value)) = text.split_once(operator) {
            let (key, values) = (self::key(key)?, vec![self::value(value)?]);
            return Ok(if holds { Requirement::In(key, values) } else { Requirement::NotIn(key, values) });
        }
    }
    self::key(text).map(Requirement::Exists)
}

fn key(text: &str) -> Result<String, String> {
    let (prefix, name) = match text.trim().split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text.trim()),
    };
    let prefix_is_right = prefix.is_none_or(|prefix| {
        prefix.len() <= 253
            && prefix.split('.').all(|label| {
                label_part(label) && !label.contains(|c: char| c.is_ascii_uppercase() || c == '_')
            })
    });
    if prefix_is_right && label_part(name) {
        Ok(text.trim().to_owned())
    } else {
        Err("has a label key that Kubernetes does not allow".into())
    }
}

fn value(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || label_part(text) {
        Ok(text.to_owned())
    } else {
        Err("has a label value that Kubernetes does not allow".into())
    }
}

/// Whether the text is valid as a qualified name's second half, or as a label's value:
/// `k8s.io/apimachinery/pkg/util/validation`.
fn label_part(text: &str) -> bool {
    let alphanumeric = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && alphanumeric(bytes.first())
        && alphanumeric(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn selects_as_kubernetes_does() {
        let job = labels(&[("app", "catalog"), ("app.kubernetes.io/component", "migration"), ("empty", "")]);
        for (selector, selected) in [
            ("app=catalog", true),
            ("app==catalog", true),
            (" app = catalog ", true),
            ("app=order", false),
            ("app!=order", true),
            ("missing!=order", true),
            ("app!=catalog", false),
            ("app", true),
            ("missing", false),
            ("!app", false),
            ("!missing", true),
            ("app in (catalog, order)", true),
            ("app in (order)", false),
            ("missing in (order)", false),
            ("app notin (order)", true),
            ("missing notin (order)", true),
            ("app notin (catalog)", false),
            ("app=catalog,app.kubernetes.io/component=migration", true),
            ("app=catalog,app.kubernetes.io/component=test", false),
            ("app in (order, catalog),!missing", true),
            ("empty=", true),
        ] {
            let parsed = LabelSelector::parse(selector).unwrap();
            assert_eq!(parsed.matches(&job), selected, "{selector}");
        }
    }

    #[test]
    fn refuses_what_kubernetes_refuses() {
        for selector in [
            "",
            ",",
            "app=catalog,",
            "app in (a",
            "app in a)",
            "app (a)",
            "app within (a)",
            "-app=x",
            "app=-x",
            "a b",
            "app in ((a))",
            "app=a b",
            "x/y/z=1",
            "/app",
            "!",
            "app=ü",
            "UPPER_x.io/app",
        ] {
            assert!(LabelSelector::parse(selector).is_err(), "{selector}");
        }
    }
}
