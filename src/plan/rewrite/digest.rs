//! Digests of objects by meaning: neither key order nor the way the YAML was written matters.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a value's canonical JSON, in lower-case hex.
pub(crate) fn sha256(value: &Value) -> String {
    let mut hasher = Sha256::new();
    feed(&mut hasher, value);
    hex(hasher)
}

/// SHA-256 of a text itself, in lower-case hex, as `sha256sum` in a template has it.
pub(crate) fn sha256_of_text(text: &str) -> String {
    hex(Sha256::new_with_prefix(text))
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn hex(hasher: Sha256) -> String {
    let digits = |byte: u8| [byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)]));
    hasher.finalize().into_iter().flat_map(digits).collect()
}

/// Canonical JSON: keys sorted, `null` members left out, since Kubernetes takes them for absent.
fn feed(hasher: &mut Sha256, value: &Value) {
    match value {
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().filter(|(_, value)| !value.is_null()).collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            hasher.update("{");
            for (key, value) in members {
                hasher.update(Value::from(key.as_str()).to_string());
                hasher.update(":");
                feed(hasher, value);
                hasher.update(",");
            }
            hasher.update("}");
        }
        Value::Array(items) => {
            hasher.update("[");
            for item in items {
                feed(hasher, item);
                hasher.update(",");
            }
            hasher.update("]");
        }
        scalar => hasher.update(scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_meaning_counts() {
        let digest = sha256(&json!({"a": 1, "b": {"c": [1, "x"], "d": null}}));
        assert_eq!(digest, sha256(&json!({"b": {"c": [1, "x"]}, "a": 1})));
        assert_eq!(digest.len(), 64);
        for other in [
            json!({"a": "1", "b": {"c": [1, "x"]}}),
            json!({"a": 1, "b": {"c": ["x", 1]}}),
            json!({"a": 1, "b": {"c": [1]}, "x": null}),
        ] {
            assert_ne!(digest, sha256(&other));
        }
    }
}
