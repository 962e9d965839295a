//! What a custom resource names, whatever its kind: every convention by which their fields refer to other objects.

use serde_json::{Map, Value};

use crate::plan::{needs::Relation, pod::references::Reference};

/// Kubernetes' own kinds that a custom resource may need. Workloads are left out: controllers name those that they
/// restart, and a migration must not wait for its own app.
const OWN_KINDS: [&str; 3] = ["ConfigMap", "Secret", "ServiceAccount"];

/// What a field's name ends in after the kind that it refers to, longest first: `secretKeyRef`, `issuerRef`,
/// `serviceAccountName`, `superuserSecret`.
const SUFFIXES: [&str; 9] =
    ["KeySelector", "Reference", "Selector", "KeyRef", "Names", "Name", "Refs", "Ref", ""];

/// Returns every field that names an object: by `kind` and `name`, or by a kind in the field's own name.
///
/// `kinds` are those of the app's custom resources: only these can be meant.
pub(crate) fn references(object: &Value, kinds: &[&str]) -> Vec<Reference> {
    let mut found = Found { kinds, references: Vec::new() };
    if let Some(spec) = object["spec"].as_object() {
        found.map(spec);
    }
    found.references
}

struct Found<'k> {
    kinds: &'k [&'k str],
    references: Vec<Reference>,
}

impl Found<'_> {
    fn map(&mut self, map: &Map<String, Value>) {
        for (key, value) in map {
            let kind = self.kind_of(key);
            self.value(key, kind.as_deref(), value);
        }
    }

    fn value(&mut self, key: &str, kind: Option<&str>, value: &Value) {
        match (value, kind) {
            (Value::String(name), Some(kind)) => self.push(key, kind, name, None),
            (Value::Array(items), kind) => {
                for item in items {
                    self.value(key, kind, item);
                }
            }
            (Value::Object(map), kind) => {
                let said = map.get("kind").and_then(Value::as_str).filter(|kind| self.knows(kind));
                // Without a kind beside it, the name is what the key says.
                let kind = if map.contains_key("kind") { said } else { kind };
                if let (Some(kind), Some(name)) = (kind, map.get("name").and_then(Value::as_str))
                    && map.get("optional") != Some(&Value::Bool(true))
                {
                    self.push(key, kind, name, map.get("namespace").and_then(Value::as_str));
                }
                self.map(map);
            }
            _ => {}
        }
    }

    fn push(&mut self, key: &str, kind: &str, name: &str, namespace: Option<&str>) {
        let relation = match kind {
            "ConfigMap" | "Secret" => Relation::Config,
            "ServiceAccount" => Relation::Identity,
            _ => Relation::Producer,
        };
        // Vault's operator takes `namespace/name` in one text.
        let (namespace, name) = match name.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (namespace, name),
        };
        if name.is_empty() {
            return;
        }
        let kind = if OWN_KINDS.contains(&kind) { kind.to_owned() } else { format!("{kind}.*") };
        let namespace = namespace.map(str::to_owned);
        self.references.push(Reference { namespace, ..Reference::new(&kind, relation, name, key) });
    }

    fn knows(&self, kind: &str) -> bool {
        OWN_KINDS.contains(&kind) || self.kinds.contains(&kind)
    }

    /// Returns the longest kind that the key's name, without its suffix, ends in.
    fn kind_of(&self, key: &str) -> Option<String> {
        let stem = SUFFIXES.iter().find_map(|suffix| key.strip_suffix(suffix)).unwrap_or(key).to_lowercase();
        let stem = if stem.ends_with("secrets") { &stem[..stem.len() - 1] } else { &stem };
        OWN_KINDS
            .iter()
            .chain(self.kinds)
            .filter(|kind| stem.ends_with(&kind.to_lowercase()))
            .max_by_key(|kind| kind.len())
            .map(|kind| (*kind).to_owned())
    }
}
