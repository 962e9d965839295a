//! Secrets in what is shown: values are numbered, and never repeated.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::manifest::{Manifests, Source, to_yaml};

/// The numbers of values: equal values have one number, so that a difference shows and the value does not.
#[derive(Debug, Default)]
pub(super) struct Masks(BTreeMap<String, usize>);

impl Masks {
    /// Returns a document as it may be shown: as it is, or with numbers for the values of its Secrets.
    pub(super) fn document(&mut self, text: String) -> String {
        if !text.contains("Secret") {
            return text;
        }
        self.masked(&text).unwrap_or(text)
    }

    /// None for a document without a Secret.
    fn masked(&mut self, text: &str) -> Option<String> {
        let source = Source { name: String::new(), bytes: text.into(), validate: false };
        let manifests = Manifests::read(vec![source]).ok()?;
        let headers = manifests.index().ok()?;
        if !headers.iter().any(|header| header.kind == "Secret" && header.api_version == "v1") {
            return None;
        }
        let mut objects = Vec::new();
        for header in &headers {
            let mut object = manifests.object(header.id).ok()?.clone();
            if header.kind == "Secret" {
                for key in ["data", "stringData"] {
                    self.mask(object.get_mut(key).and_then(Value::as_object_mut));
                }
                // `kubectl apply` repeats the whole object there.
                let annotations = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
                annotations.and_then(|map| map.remove("kubectl.kubernetes.io/last-applied-configuration"));
            }
            objects.push(to_yaml(&object));
        }
        Some(objects.join("---\n"))
    }

    fn mask(&mut self, map: Option<&mut Map<String, Value>>) {
        for value in map.into_iter().flat_map(|map| map.values_mut()) {
            let next = self.0.len() + 1;
            let number = *self.0.entry(value.to_string()).or_insert(next);
            *value = format!("++++++++ (value {number})").into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_numbered_and_never_shown() {
        let mut masks = Masks::default();
        let secret = |a: &str, b: &str| {
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\ndata:\n  a: {a}\nstringData:\n  b: {b}\n"
            )
        };
        let before = masks.document(secret("aHVudGVy", "s3cret"));
        let after = masks.document(secret("aHVudGVy", "changed"));
        assert!(before.contains("(value 1)") && before.contains("(value 2)"), "{before}");
        assert!(after.contains("(value 1)") && after.contains("(value 3)"), "{after}");
        let list =
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, data: {a: s3cret}}\n";
        assert!(!masks.document(list.to_owned()).contains("s3cret"));
    }

    #[test]
    fn what_is_no_secret_stays_as_it_is() {
        let text = "apiVersion: v1\nkind: ConfigMap # Secret\nmetadata: {name: Secret}\ndata: {a: b}\n";
        assert_eq!(Masks::default().document(text.to_owned()), text);
    }
}
