//! Argo CD's own source blocks (`helm`, `kustomize`, `directory`) as parameters of the plugin.
//!
//! The fields are those of `ApplicationSourceHelm`, `ApplicationSourceKustomize` and `ApplicationSourceDirectory` in
//! `pkg/apis/application/v1alpha1/types.go`.

use serde_json::{Map, Value, json};

use super::source::{Sources, reference};

/// A source block, read as parameters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Native {
    /// The parameters in the order of the block's fields: `{name, string | array | map}`.
    pub parameters: Vec<Value>,
    /// What the plugin has no equivalent for.
    pub lost: Vec<Lost>,
}

/// A field without an equivalent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The field, such as `helm.version`.
    pub field: String,
    /// Why it is lost or what to do.
    pub why: String,
    /// The rendered objects can differ without it.
    pub matters: bool,
}

impl Lost {
    fn new(field: impl Into<String>, why: impl Into<String>, matters: bool) -> Self {
        Self { field: field.into(), why: why.into(), matters }
    }
}

/// How a field of a block becomes a parameter of the same name.
#[derive(Clone, Copy)]
enum Form {
    /// A text, number or boolean.
    String,
    /// A list of texts.
    Array,
    /// A map of texts.
    Map,
    /// Any content, as YAML text.
    Yaml,
    /// A list of objects with these two fields, as a map.
    Pairs(&'static str, &'static str),
    /// `valueFiles`: paths, some of which may lead into other sources.
    Files,
    /// `parameters` of Helm: some are texts whatever they look like.
    Set,
}

const HELM: &[(&str, Form)] = &[
    ("releaseName", Form::String),
    ("namespace", Form::String),
    ("valueFiles", Form::Files),
    ("ignoreMissingValueFiles", Form::String),
    ("values", Form::String),
    ("valuesObject", Form::Yaml),
    ("parameters", Form::Set),
    ("fileParameters", Form::Pairs("name", "path")),
    ("skipCrds", Form::String),
    ("skipTests", Form::String),
    ("skipSchemaValidation", Form::String),
    ("kubeVersion", Form::String),
    ("apiVersions", Form::Array),
    ("passCredentials", Form::String),
];

const KUSTOMIZE: &[(&str, Form)] = &[
    ("namePrefix", Form::String),
    ("nameSuffix", Form::String),
    ("namespace", Form::String),
    ("images", Form::Array),
    ("replicas", Form::Pairs("name", "count")),
    ("commonLabels", Form::Map),
    ("commonAnnotations", Form::Map),
    ("forceCommonLabels", Form::String),
    ("forceCommonAnnotations", Form::String),
    ("labelWithoutSelector", Form::String),
    ("labelIncludeTemplates", Form::String),
    ("commonAnnotationsEnvsubst", Form::String),
    ("components", Form::Array),
    ("ignoreMissingComponents", Form::String),
    ("patches", Form::Yaml),
    ("kubeVersion", Form::String),
    ("apiVersions", Form::Array),
];

const DIRECTORY: &[(&str, Form)] =
    &[("recurse", Form::String), ("include", Form::String), ("exclude", Form::String)];

/// The blocks of a source, by key.
pub const BLOCKS: [&str; 3] = ["helm", "kustomize", "directory"];

fn fields(block: &str) -> &'static [(&'static str, Form)] {
    match block {
        "helm" => HELM,
        "kustomize" => KUSTOMIZE,
        _ => DIRECTORY,
    }
}

/// Reads the native blocks of `source`; `sources` are those that its `$ref` paths lead to.
pub fn native(source: &Value, sources: &Sources<'_>) -> Native {
    let mut native = Native::default();
    for block in BLOCKS {
        if let Some(Value::Object(map)) = source.get(block) {
            native.block(block, map, source, sources);
        }
    }
    native
}

impl Native {
    fn block(&mut self, block: &str, map: &Map<String, Value>, source: &Value, sources: &Sources<'_>) {
        for (field, form) in fields(block) {
            match map.get(*field) {
                Some(value) if is_set(value) => {
                    self.field(&format!("{block}.{field}"), *form, value, source, sources);
                }
                _ => {}
            }
        }
        for (field, value) in map.iter().filter(|(_, value)| is_set(value)) {
            if !fields(block).iter().any(|(known, _)| known == field) {
                self.lost.push(unknown(block, field, value));
            }
        }
    }

    fn field(&mut self, name: &str, form: Form, value: &Value, source: &Value, sources: &Sources<'_>) {
        let parameter = match form {
            Form::String => json!({"name": name, "string": scalar(value)}),
            Form::Array => json!({"name": name, "array": texts(value)}),
            Form::Map => json!({"name": name, "map": map(value)}),
            Form::Yaml => json!({"name": name, "string": crate::manifest::to_yaml(value)}),
            Form::Pairs(key, item) => json!({"name": name, "map": pairs(value, key, item, |_| true)}),
            Form::Files => json!({"name": name, "array": self.files(name, value, source, sources)}),
            Form::Set => {
                let plain = pairs(value, "name", "value", |item| item["forceString"] != true);
                let forced = pairs(value, "name", "value", |item| item["forceString"] == true);
                if !forced.is_empty() {
                    self.parameters.push(json!({"name": "helm.stringParameters", "map": forced}));
                }
                if plain.is_empty() {
                    return;
                }
                json!({"name": name, "map": plain})
            }
        };
        self.parameters.push(parameter);
    }

    /// Returns the paths, those of `$ref` sources in this repository as paths from its root.
    fn files(&mut self, name: &str, value: &Value, source: &Value, sources: &Sources<'_>) -> Vec<String> {
        let mut files = Vec::new();
        for file in texts(value) {
            match reference(&file).map(|(name, path)| (name, path, sources.named(name))) {
                None => files.push(file),
                Some((_, path, Some(other))) if same_tree(other, source) => files.push(format!("/{path}")),
                Some((reference, path, other)) => {
                    let of = other
                        .and_then(|other| other["repoURL"].as_str())
                        .map_or_else(String::new, |url| format!(" ({url})"));
                    self.lost.push(Lost::new(
                        name,
                        format!(
                            "`{file}` is a file of the source `{reference}`{of}, which Argo CD does not give a plugin; \
                             copy `{path}` into the app's repository"
                        ),
                        true,
                    ));
                    files.push(file);
                }
            }
        }
        files
    }
}

/// Whether two sources are one checkout.
fn same_tree(a: &Value, b: &Value) -> bool {
    let revision = |source: &Value| match source["targetRevision"].as_str() {
        None | Some("") => "HEAD".to_owned(),
        Some(revision) => revision.to_owned(),
    };
    a["repoURL"].is_string() && a["repoURL"] == b["repoURL"] && revision(a) == revision(b)
}

fn unknown(block: &str, field: &str, value: &Value) -> Lost {
    let name = format!("{block}.{field}");
    match (block, field) {
        ("helm", "version") => {
            Lost::new(name, "Argo CD ignores it too; the plugin uses the Helm of its image", false)
        }
        ("kustomize", "version") => Lost::new(
            name,
            format!("the plugin uses the kustomize of its image, not {}", scalar(value)),
            false,
        ),
        ("directory", "jsonnet") => {
            let used = value.as_object().is_some_and(|map| map.values().any(is_set));
            Lost::new(name, "the plugin does not render Jsonnet; leave such an app to Argo CD", used)
        }
        _ => Lost::new(name, "the plugin does not know this field", true),
    }
}

/// Whether a field says anything: Argo CD's types leave out zero values.
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    }
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(scalar).collect()
}

fn map(value: &Value) -> Map<String, Value> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), scalar(value).into())).collect()
}

fn pairs(value: &Value, key: &str, item: &str, wanted: impl Fn(&Value) -> bool) -> Map<String, Value> {
    let items = value.as_array().into_iter().flatten().filter(|item| wanted(item));
    items
        .filter_map(|entry| {
            let value = entry.get(item).map(scalar).unwrap_or_default();
            Some((entry[key].as_str()?.to_owned(), value.into()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &Value) -> Native {
        let sources = [source.clone()];
        native(source, &Sources(&sources))
    }

    #[test]
    fn each_field_becomes_a_parameter_that_the_table_knows() {
        use crate::settings::table::find;
        for block in BLOCKS {
            for (field, _) in fields(block) {
                assert!(find(&format!("{block}.{field}")).is_some(), "{block}.{field}");
            }
        }
    }

    #[test]
    fn the_parameters_say_what_the_block_says() {
        let native = of(&json!({"path": "a", "helm": {
            "releaseName": "shop", "skipCrds": true, "skipTests": false, "valueFiles": ["a.yaml", "/b.yaml"],
            "parameters": [{"name": "image.tag", "value": "1.10"}, {"name": "port", "value": "80", "forceString": true}],
            "fileParameters": [{"name": "key", "path": "key.pem"}],
            "valuesObject": {"a": {"b": 1}}, "version": "v3",
        }}));
        assert_eq!(
            native.parameters,
            [
                json!({"name": "helm.releaseName", "string": "shop"}),
                json!({"name": "helm.valueFiles", "array": ["a.yaml", "/b.yaml"]}),
                json!({"name": "helm.valuesObject", "string": "a:\n  b: 1"}),
                json!({"name": "helm.stringParameters", "map": {"port": "80"}}),
                json!({"name": "helm.parameters", "map": {"image.tag": "1.10"}}),
                json!({"name": "helm.fileParameters", "map": {"key": "key.pem"}}),
                json!({"name": "helm.skipCrds", "string": "true"}),
            ]
        );
        assert_eq!(native.lost.len(), 1);
        assert!(!native.lost[0].matters);
    }

    #[test]
    fn a_reference_to_the_same_repository_is_a_path_from_its_root() {
        let source =
            json!({"repoURL": "https://a", "path": "x", "helm": {"valueFiles": ["$v/b.yaml", "$o/c.yaml"]}});
        let sources = [
            source.clone(),
            json!({"repoURL": "https://a", "targetRevision": "HEAD", "ref": "v"}),
            json!({"repoURL": "https://other", "ref": "o"}),
        ];
        let native = native(&source, &Sources(&sources));
        assert_eq!(native.parameters[0]["array"], json!(["/b.yaml", "$o/c.yaml"]));
        assert_eq!(native.lost.len(), 1);
        assert!(native.lost[0].matters && native.lost[0].why.contains("https://other"), "{:?}", native.lost);
    }

    #[test]
    fn what_has_no_equivalent_is_said() {
        let native =
            of(&json!({"directory": {"recurse": true, "jsonnet": {"tlas": [{"name": "a", "value": "b"}]}}}));
        assert_eq!(native.parameters, [json!({"name": "directory.recurse", "string": "true"})]);
        assert!(native.lost[0].matters);
        assert_eq!(of(&json!({"directory": {"jsonnet": {}}})).lost, []);
        assert_eq!(of(&json!({"kustomize": {"version": "v5.1.0"}})).lost[0].field, "kustomize.version");
    }
}
