//! Files that hold Applications and ApplicationSets: YAML or JSON, one or several, in `List`s too.

use std::{fs, path::Path};

use serde_json::Value;

use super::{application::Application, applicationset, repository::Repository};
use crate::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
    manifest::{Manifests, Source},
};

/// Returns the Applications of a file, those of its ApplicationSets expanded; all problems of the file.
///
/// `shown` is the file's name in messages. `repository` is the clone that Git generators look into.
pub fn read(file: &Path, shown: &str, repository: &Repository) -> Result<Vec<Application>> {
    let bytes = fs::read(file).map_err(|error| {
        Problem::new(Exit::SETTINGS, "cannot read the Application").at(Location::file(shown)).caused_by(error)
    })?;
    let manifests = Manifests::read(vec![Source { name: shown.to_owned(), bytes, validate: true }])?;
    let mut problems = Problems::default();
    let mut applications = Vec::new();
    for header in manifests.index()? {
        if !header.api_version.starts_with("argoproj.io/") {
            continue;
        }
        let object = manifests.object(header.id)?;
        let location = manifests.location(header.id);
        match header.kind.as_str() {
            "Application" => applications.extend(problems.collect(Application::read(object, location))),
            "ApplicationSet" => {
                let made = problems.collect(applicationset::expand(object, &location, repository));
                applications.extend(made.unwrap_or_default());
            }
            _ => {}
        }
    }
    problems.or(applications)
}

/// Whether a file's text may hold an Application, before it is parsed.
pub fn may_hold_applications(text: &str) -> bool {
    text.contains("argoproj.io/") && (text.contains("Application") || text.contains("ApplicationSet"))
}

/// Applies `.argocd-source.yaml` and `.argocd-source-<app>.yaml` of the app's directory to its source, as
/// `mergeSourceParameters` in `reposerver/repository/repository.go` does with a JSON merge patch.
pub fn merge_overrides(dir: &Path, app: &str, source: &mut Value) -> std::result::Result<(), Problem> {
    for name in [".argocd-source.yaml".to_owned(), format!(".argocd-source-{app}.yaml")] {
        let path = dir.join(&name);
        // A link could lead anywhere; Argo CD refuses those that leave the repository.
        if !path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            continue;
        }
        let wrong =
            || Problem::new(Exit::SETTINGS, "the source overrides cannot be read").at(Location::file(&name));
        let bytes = fs::read(&path).map_err(|error| wrong().caused_by(error))?;
        let overrides = crate::yaml::parse(&bytes).map_err(|error| wrong().caused_by(error))?;
        merge_patch(source, &overrides);
    }
    Ok(())
}

/// Applies a merge patch (RFC 7386).
pub(super) fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.shift_remove(key);
        } else {
            merge_patch(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_text(text: &str) -> Result<Vec<Application>> {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("a.yaml");
        fs::write(&file, text).unwrap();
        read(&file, "a.yaml", &Repository::new(temp.path()))
    }

    #[test]
    fn every_form_of_a_file_is_read() {
        let one = "{\"apiVersion\":\"argoproj.io/v1alpha1\",\"kind\":\"Application\",\"metadata\":{\"name\":\"NAME\"},\"spec\":{}}";
        let text = |name: &str| one.replace("NAME", name);
        let list = format!("apiVersion: v1\nkind: List\nitems:\n- {}\n- {}\n", text("b"), text("c"));
        let other = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n---\n";
        for (file, names) in
            [(text("a"), &["a"][..]), (format!("{other}{list}"), &["b", "c"]), (other.to_owned(), &[])]
        {
            let found: Vec<_> = read_text(&file).unwrap().into_iter().map(|found| found.name).collect();
            assert_eq!(found, names);
        }
    }

    #[test]
    fn an_application_says_where_it_stands() {
        let text = "---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {}\nspec: {}\n";
        let problems = read_text(text).unwrap_err().to_string();
        assert!(problems.contains("has no name") && problems.contains("a.yaml:2"), "{problems}");
    }

    #[test]
    fn overrides_are_a_merge_patch() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(
            temp.path().join(".argocd-source.yaml"),
            "helm: {parameters: [{name: a, value: b}], values: null}\n",
        )
        .unwrap();
        fs::write(temp.path().join(".argocd-source-shop.yaml"), "kustomize: {images: [a]}\n").unwrap();
        let mut source = json!({"path": "x", "helm": {"values": "a: 1", "skipCrds": true}});
        merge_overrides(temp.path(), "shop", &mut source).unwrap();
        assert_eq!(
            source,
            json!({"path": "x", "helm": {"skipCrds": true, "parameters": [{"name": "a", "value": "b"}]},
                   "kustomize": {"images": ["a"]}})
        );
    }
}
