//! Generators: what gives the parameters.

use globset::GlobBuilder;
use serde_json::{Map, Value, json};

use super::{Params, Reader};
use crate::labels::LabelSelector;

/// Parameters, and the template of their own generator.
type Made = Vec<(Params, Option<Value>)>;

/// The keys of a generator that do not name its type.
const BESIDE: [&str; 1] = ["selector"];

impl Reader<'_> {
    /// Returns the parameters of a generator. The error is a sentence fragment after "the ApplicationSet".
    pub(super) fn params(&self, generator: &Value) -> Result<Made, String> {
        let map = generator.as_object().ok_or("has a generator that is not a map")?;
        let mut kinds = map.iter().filter(|(key, value)| !BESIDE.contains(&key.as_str()) && !value.is_null());
        let Some((kind, body)) = kinds.next() else {
            return Err("has a generator without a type".to_owned());
        };
        let params = match kind.as_str() {
            "list" => self.list(body)?,
            "git" => self.git(body)?,
            "matrix" => self.matrix(body)?,
            "merge" => self.merge(body)?,
            other => return Err(format!("has a generator `{other}`, which cannot be expanded here")),
        };
        let template = body.get("template").filter(|template| template.is_object()).cloned();
        let mut made = Vec::new();
        for params in params {
            if selected(&generator["selector"], &params)? {
                made.push((params, template.clone()));
            }
        }
        Ok(made)
    }

    fn plain(&self, generator: &Value) -> Result<Vec<Params>, String> {
        Ok(self.params(generator)?.into_iter().map(|(params, _)| params).collect())
    }

    fn list(&self, body: &Value) -> Result<Vec<Params>, String> {
        if body["elementsYaml"].as_str().is_some_and(|text| !text.is_empty()) {
            return Err("has a list generator with `elementsYaml`, which cannot be expanded here".to_owned());
        }
        let elements = body["elements"].as_array().into_iter().flatten();
        elements
            .map(|element| {
                let map = element.as_object().ok_or("has a list element that is not a map")?;
                Ok(if self.go_template { map.clone() } else { flat(map) })
            })
            .collect()
    }

    fn git(&self, body: &Value) -> Result<Vec<Params>, String> {
        let mut all = match (body["directories"].as_array(), body["files"].as_array()) {
            (Some(directories), None) => self.directories(directories, body)?,
            (None, Some(files)) => self.files(files, body)?,
            _ => return Err("has a git generator that needs one of `directories` and `files`".to_owned()),
        };
        if let Some(values) = body["values"].as_object() {
            for params in &mut all {
                let values = self.render(&Value::Object(values.clone()), params)?;
                self.put(params, "values", values);
            }
        }
        Ok(all)
    }

    fn directories(&self, wanted: &[Value], body: &Value) -> Result<Vec<Params>, String> {
        let mut globs = Vec::new();
        for entry in wanted {
            let path = entry["path"].as_str().ok_or("has a git directory without `path`")?;
            let glob = GlobBuilder::new(path).literal_separator(true).build();
            let glob =
                glob.map_err(|error| format!("has a git directory that cannot be read: {}", error.kind()))?;
            globs.push((glob.compile_matcher(), entry["exclude"] == true));
        }
        let is_wanted = |name: &str| {
            let matches =
                |exclude: bool| globs.iter().any(|(glob, is)| *is == exclude && glob.is_match(name));
            matches(false) && !matches(true)
        };
        let names = self.repository.directories(is_wanted);
        Ok(names.iter().map(|name| self.path_params(name, None, body)).collect())
    }

    fn files(&self, wanted: &[Value], body: &Value) -> Result<Vec<Params>, String> {
        let mut names = std::collections::BTreeSet::new();
        for exclude in [false, true] {
            for entry in wanted.iter().filter(|entry| (entry["exclude"] == true) == exclude) {
                let pattern = entry["path"].as_str().ok_or("has git files without `path`")?;
                for name in self.repository.files(pattern)? {
                    if exclude {
                        names.remove(&name)
                    } else {
                        names.insert(name)
                    };
                }
            }
        }
        let mut all = Vec::new();
        for name in names {
            let bytes = self.repository.read(&name).map_err(|error| {
                format!("has a git generator whose file `{name}` cannot be read: {error}")
            })?;
            let content = crate::yaml::parse(&bytes)
                .map_err(|error| format!("has a git generator whose file `{name}` is not YAML: {error}"))?;
            let items = match content {
                Value::Array(items) => items,
                other => vec![other],
            };
            for item in items {
                let map = item
                    .as_object()
                    .ok_or_else(|| format!("has a git generator whose file `{name}` does not hold a map"))?;
                let mut params = if self.go_template { map.clone() } else { flat(map) };
                let (dir, file) = name.rsplit_once('/').unwrap_or((".", name.as_str()));
                params.extend(self.path_params(dir, Some(file), body));
                all.push(params);
            }
        }
        Ok(all)
    }

    /// Returns `path`, `path.basename` and so on.
    fn path_params(&self, path: &str, file: Option<&str>, body: &Value) -> Params {
        let basename = path.rsplit('/').next().unwrap_or(path);
        let segments: Vec<&str> = path.split('/').collect();
        let mut map = Map::new();
        map.insert("path".to_owned(), path.into());
        map.insert("basename".to_owned(), basename.into());
        map.insert("basenameNormalized".to_owned(), normalize(basename).into());
        if let Some(file) = file {
            map.insert("filename".to_owned(), file.into());
            map.insert("filenameNormalized".to_owned(), normalize(file).into());
        }
        let prefix = body["pathParamPrefix"].as_str().filter(|prefix| !prefix.is_empty());
        if self.go_template {
            map.insert("segments".to_owned(), json!(segments));
            let path = json!({"path": map});
            return match prefix {
                Some(prefix) => json!({prefix: path}).as_object().cloned().unwrap_or_default(),
                None => path.as_object().cloned().unwrap_or_default(),
            };
        }
        let name = prefix.map_or_else(|| "path".to_owned(), |prefix| format!("{prefix}.path"));
        let indexed =
            segments.iter().enumerate().map(|(i, segment)| (format!("{name}[{i}]"), (*segment).into()));
        let named = map.into_iter().map(|(key, value)| match key.as_str() {
            "path" => (name.clone(), value),
            key => (format!("{name}.{key}"), value),
        });
        indexed.chain(named).collect()
    }

    fn matrix(&self, body: &Value) -> Result<Vec<Params>, String> {
        let Some([first, second]) = body["generators"].as_array().map(Vec::as_slice) else {
            return Err("has a matrix generator that does not hold two generators".to_owned());
        };
        let mut all = Vec::new();
        for outer in self.plain(first)? {
            let second = self.render(second, &outer)?;
            for inner in self.plain(&second)? {
                let mut params = outer.clone();
                for (key, value) in inner {
                    match (params.get_mut(&key), value) {
                        (Some(Value::Object(into)), Value::Object(more)) => into.extend(more),
                        (_, value) => drop(params.insert(key, value)),
                    }
                }
                all.push(params);
            }
        }
        Ok(all)
    }

    fn merge(&self, body: &Value) -> Result<Vec<Params>, String> {
        let keys: Vec<&str> =
            body["mergeKeys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let generators = body["generators"].as_array().map(Vec::as_slice).unwrap_or_default();
        let Some((base, overrides)) = generators.split_first() else {
            return Err("has a merge generator without generators".to_owned());
        };
        if keys.is_empty() {
            return Err("has a merge generator without `mergeKeys`".to_owned());
        }
        let id = |params: &Params| keys.iter().map(|key| lookup(params, key).cloned()).collect::<Vec<_>>();
        let mut all = self.plain(base)?;
        for generator in overrides {
            for more in self.plain(generator)? {
                for params in all.iter_mut().filter(|params| id(params) == id(&more)) {
                    let mut merged = Value::Object(std::mem::take(params));
                    super::merge_patch(&mut merged, &Value::Object(more.clone()));
                    *params = merged.as_object().cloned().unwrap_or_default();
                }
            }
        }
        Ok(all)
    }

    fn put(&self, params: &mut Params, name: &str, value: Value) {
        match value {
            Value::Object(map) if !self.go_template => {
                params.extend(flat(&map).into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            value => drop(params.insert(name.to_owned(), value)),
        }
    }
}

/// Returns a value by its dotted name, in nested parameters or in flat ones.
fn lookup<'p>(params: &'p Params, name: &str) -> Option<&'p Value> {
    params.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        rest.split('.').try_fold(params.get(first)?, |value, key| value.get(key))
    })
}

/// Returns nested maps as dotted names with strings.
fn flat(map: &Map<String, Value>) -> Params {
    let mut out = Params::new();
    for (key, value) in map {
        match value {
            Value::Object(inner) => {
                out.extend(flat(inner).into_iter().map(|(rest, value)| (format!("{key}.{rest}"), value)));
            }
            Value::String(text) => drop(out.insert(key.clone(), text.clone().into())),
            other => drop(out.insert(key.clone(), other.to_string().into())),
        }
    }
    out
}

/// Returns `post selector` of a generator, on the parameters as labels.
fn selected(selector: &Value, params: &Params) -> Result<bool, String> {
    if selector.is_null() {
        return Ok(true);
    }
    let labels = flat(params)
        .into_iter()
        .map(|(key, value)| (key, value.as_str().unwrap_or_default().to_owned()))
        .collect();
    let selector = LabelSelector::of(selector).map_err(|error| format!("has a selector that {error}"))?;
    Ok(selector.matches(&labels))
}

/// Returns a name as DNS allows it: `utils.SanitizeName`.
pub(super) fn normalize(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '-' };
    let name: String = name.to_lowercase().chars().map(allowed).take(253).collect();
    name.trim_matches(['-', '.']).to_owned()
}
