//! The platform's own kinds: what presync cannot know about its custom resources.

use serde_json::Value;

use super::{
    model::KindRule,
    origin::Origin,
    suggest,
    value_kind::ValueKind,
    value_type::{Shown, ValueType, must_be},
};

impl ValueType for Vec<KindRule> {
    fn kind() -> ValueKind {
        ValueKind::Objects
    }

    fn read(value: &Value, _: &Origin) -> Result<Self, String> {
        let rules = value.as_array().ok_or_else(must_be::<Self>)?;
        rules.iter().map(rule).collect()
    }

    fn show(&self) -> Shown {
        if self.is_empty() { Shown::Unset } else { Shown::Entries(self.len()) }
    }
}

/// Reads one of the platform file's `kinds`.
pub(super) fn rule(value: &Value) -> Result<KindRule, String> {
    const KEYS: [&str; 5] = ["kind", "harmless", "secrets", "configMaps", "services"];
    let map = value.as_object().ok_or("must be a list of YAML objects")?;
    let mut rule = KindRule::default();
    for (key, value) in map {
        match key.as_str() {
            "kind" => rule.kind = kind(value)?,
            "harmless" => {
                rule.harmless = value.as_bool().ok_or("must hold `true` or `false` under `harmless`")?;
            }
            "secrets" => rule.secrets = patterns(key, value)?,
            "configMaps" => rule.config_maps = patterns(key, value)?,
            "services" => rule.services = patterns(key, value)?,
            _ => {
                let near = suggest::nearest(key, KEYS).map(|near| format!("; did you mean `{near}`?"));
                return Err(format!("has an unknown key `{key}`{}", near.unwrap_or_default()));
            }
        }
    }
    let makes = !(rule.secrets.is_empty() && rule.config_maps.is_empty() && rule.services.is_empty());
    if rule.kind.is_empty() {
        return Err("has an entry without `kind`".into());
    }
    match (rule.harmless, makes) {
        (true, true) => Err(format!("says that `{}` is harmless and what it makes", rule.kind)),
        (false, false) => Err(format!(
            "says nothing about `{}`: set `harmless`, `secrets`, `configMaps` or `services`",
            rule.kind
        )),
        _ => Ok(rule),
    }
}

/// Returns `Kind.group`, such as `Tenant.example.org`; only kinds of a group with a dot can be custom resources.
fn kind(value: &Value) -> Result<String, String> {
    let text = value.as_str().unwrap_or_default();
    match text.split_once('.') {
        Some((kind, group)) if !kind.is_empty() && group.contains('.') => Ok(text.to_owned()),
        _ => Err("must hold a kind with its group under `kind`, such as `Tenant.example.org`".into()),
    }
}

fn patterns(key: &str, value: &Value) -> Result<Vec<String>, String> {
    let texts =
        value.as_array().and_then(|list| list.iter().map(|text| text.as_str().map(str::to_owned)).collect());
    texts.ok_or_else(|| format!("must hold a list of name patterns under `{key}`, such as `{{name}}-app`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_says_what_a_kind_makes_or_that_it_is_harmless() {
        let found = rule(&json!({"kind": "Tenant.example.org", "secrets": ["{name}-db"]})).unwrap();
        assert_eq!((found.kind.as_str(), found.harmless), ("Tenant.example.org", false));
        assert_eq!(found.secrets, ["{name}-db"]);
        assert!(rule(&json!({"kind": "Note.example.org", "harmless": true})).unwrap().harmless);
    }

    #[test]
    fn mistakes_are_named() {
        for (value, problem) in [
            (json!("x"), "must be a list of YAML objects"),
            (json!({"harmless": true}), "has an entry without `kind`"),
            (
                json!({"kind": "Tenant"}),
                "must hold a kind with its group under `kind`, such as `Tenant.example.org`",
            ),
            (json!({"kind": "A.b.c", "secret": []}), "has an unknown key `secret`; did you mean `secrets`?"),
            (
                json!({"kind": "A.b.c", "secrets": "x"}),
                "must hold a list of name patterns under `secrets`, such as `{name}-app`",
            ),
            (
                json!({"kind": "A.b.c", "harmless": true, "secrets": ["x"]}),
                "says that `A.b.c` is harmless and what it makes",
            ),
            (
                json!({"kind": "A.b.c"}),
                "says nothing about `A.b.c`: set `harmless`, `secrets`, `configMaps` or `services`",
            ),
        ] {
            assert_eq!(rule(&value).unwrap_err(), problem);
        }
    }
}
