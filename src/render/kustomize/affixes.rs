//! What kustomizations put before and after the names of objects.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::render::{Root, detect::KUSTOMIZATIONS};

/// Returns the prefixes and suffixes of the kustomization in `dir` and of all that it builds on in the repository.
///
/// What cannot be read is left out: kustomize has built it, and its names then differ from those of no other object.
pub(super) fn read(dir: &Path, root: &Root) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut next: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(dir) = next.pop() {
        if !seen.insert(dir.clone()) {
            continue;
        }
        let Some(kustomization) = KUSTOMIZATIONS.iter().find_map(|name| file(&dir.join(name), root)) else {
            continue;
        };
        found.extend(["namePrefix", "nameSuffix"].iter().filter_map(|field| text(&kustomization[*field])));
        let below =
            ["resources", "bases", "components"].into_iter().flat_map(|field| list(&kustomization[field]));
        next.extend(below.filter_map(|path| dir.join(path).canonicalize().ok()).filter(|path| path.is_dir()));
    }
    found
}

fn file(path: &Path, root: &Root) -> Option<Value> {
    root.check(path).ok()?;
    serde_yaml::from_str(&fs::read_to_string(path).ok()?).ok()
}

fn list(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_and_components_count_and_circles_end() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().canonicalize().unwrap();
        for (name, text) in [
            (
                "app/kustomization.yaml",
                "nameSuffix: -pr-7\nresources: [../base, job.yaml]\ncomponents: [../part]",
            ),
            ("base/Kustomization", "namePrefix: eu-\nbases: [../app]"),
            ("part/kustomization.yml", "nameSuffix: -x\nresources: [../absent]"),
        ] {
            let file = dir.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let root = Root::find(&dir, Some(".")).unwrap();
        let mut found = read(&dir.join("app"), &root);
        found.sort();
        assert_eq!(found, ["-pr-7", "-x", "eu-"]);
    }
}
