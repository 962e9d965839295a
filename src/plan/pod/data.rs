//! The data of ConfigMaps and Secrets, as containers see it.
//!
//! The texts may be secrets: they are searched, and never part of a message.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// Returns the data of a ConfigMap or Secret as far as it is text, by key.
pub(crate) fn data(object: &Value) -> Vec<(&str, Cow<'_, str>)> {
    let keys = FIELDS.into_iter().filter_map(|field| object[field].as_object()).flat_map(Map::keys);
    let mut keys: Vec<&str> = keys.map(String::as_str).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().filter_map(|key| Some((key, value(object, key)?))).collect()
}

/// Returns the text of a key; of a Secret's two, that of `stringData` counts.
pub(crate) fn value<'a>(object: &'a Value, key: &str) -> Option<Cow<'a, str>> {
    let secret = object["kind"] == "Secret";
    let (plain, encoded) = if secret { ("stringData", "data") } else { ("data", "binaryData") };
    let plain = object[plain][key].as_str().map(Cow::Borrowed);
    plain.or_else(|| decode(object[encoded][key].as_str()?).map(Cow::Owned))
}

/// Whether the object has a key.
pub(crate) fn has_key(object: &Value, key: &str) -> bool {
    FIELDS.into_iter().any(|field| !object[field][key].is_null())
}

/// The fields that hold data.
const FIELDS: [&str; 3] = ["data", "stringData", "binaryData"];

/// Returns the text in base64; Go's decoder, which the API server uses, skips line breaks.
fn decode(value: &str) -> Option<String> {
    let text: String = value.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_is_decoded_as_the_api_server_does() {
        let secret = json!({
            "kind": "Secret",
            "data": {"url": "cG9zdGdyZX\nM6Ly9kYi9hcHA=", "bad": "%", "binary": "/w==", "none": null},
            "stringData": {"plain": "x"}
        });
        assert_eq!(data(&secret), [("plain", "x".into()), ("url", "postgres://db/app".into())]);
        assert_eq!(data(&json!({"kind": "Secret", "data": null})), []);
    }

    #[test]
    fn a_config_map_is_read_as_it_stands() {
        let config = json!({"kind": "ConfigMap", "data": {"a": "x"}, "binaryData": {"b": "eA=="}});
        assert_eq!(data(&config), [("a", "x".into()), ("b", "x".into())]);
    }
}
