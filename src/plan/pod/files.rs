//! The files that ConfigMaps and Secrets put into the containers of a pod.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    path::Path,
};

use serde_json::Value;

use crate::plan::pod::{
    data::data,
    program::{base_name, is_shell},
    references::{Reads, Reference},
};

/// A key of a ConfigMap or Secret as a file.
#[derive(Debug)]
pub(crate) struct File<'a> {
    /// The key.
    pub(crate) key: &'a str,
    /// Its text.
    pub(crate) content: Cow<'a, str>,
    /// ``ConfigMap `name` ``.
    pub(crate) source: String,
    /// The volume, key and object in words.
    pub(crate) why: String,
    /// It is a Secret's.
    pub(crate) private: bool,
}

impl File<'_> {
    /// Whether it only counts where something runs it.
    pub(crate) fn is_script(&self) -> bool {
        self.content.starts_with("#!") || self.ending().is_some_and(is_shell)
    }

    /// Whether a shell can run it.
    pub(crate) fn is_shell_script(&self) -> bool {
        match self.content.strip_prefix("#!") {
            Some(first) => {
                let line = first.lines().next().unwrap_or_default();
                line.split([' ', '/']).any(|word| is_shell(word.trim()))
            }
            None => self.ending().is_none_or(is_shell),
        }
    }

    fn ending(&self) -> Option<&str> {
        Path::new(self.key).extension()?.to_str()
    }
}

/// Returns the files of the pod's volumes; `find` gives the objects of a reference.
pub(crate) fn files<'a>(
    references: &[Reference],
    mut find: impl FnMut(&Reference) -> Vec<&'a Value>,
) -> (Vec<File<'a>>, Volumes) {
    let mut files = Vec::new();
    let mut volumes = Volumes::default();
    for reference in references {
        let Reads::Files { volume, items } = &reference.reads else { continue };
        let inside = volumes.0.entry(volume.clone()).or_default();
        for object in find(reference) {
            for (key, content) in data(object) {
                let item = items.iter().find(|(wanted, _)| wanted == key);
                if item.is_none() && !items.is_empty() {
                    continue;
                }
                inside.push((item.map_or(key, |(_, path)| path).to_owned(), files.len()));
                files.push(File {
                    key,
                    content,
                    source: format!("{} `{}`", reference.kind, reference.name),
                    why: format!("{}, key {key} of {} {}", reference.why, reference.kind, reference.name),
                    private: reference.kind == "Secret",
                });
            }
        }
    }
    (files, volumes)
}

/// The files of each volume, by the path below its mount.
#[derive(Debug, Default)]
pub(crate) struct Volumes(BTreeMap<String, Vec<(String, usize)>>);

/// The files that a container sees, by their path.
#[derive(Debug, Default)]
pub(crate) struct Mounts {
    paths: Vec<(String, usize)>,
    /// Positions in `paths`, by the file's name.
    names: HashMap<String, Vec<usize>>,
}

impl Mounts {
    /// Reads the mounts of a container.
    pub(crate) fn of(container: &Value, volumes: &Volumes) -> Self {
        let mut mounts = Self::default();
        for mount in container["volumeMounts"].as_array().into_iter().flatten() {
            let (Some(volume), Some(at)) = (mount["name"].as_str(), mount["mountPath"].as_str()) else {
                continue;
            };
            let sub_path = mount["subPath"].as_str().filter(|path| !path.is_empty());
            for (below, file) in volumes.0.get(volume).into_iter().flatten() {
                match sub_path {
                    Some(path) if path == below => mounts.add(at.to_owned(), *file),
                    Some(_) => {}
                    None => mounts.add(format!("{}/{below}", at.trim_end_matches('/')), *file),
                }
            }
        }
        mounts
    }

    fn add(&mut self, path: String, file: usize) {
        self.names.entry(base_name(&path).to_owned()).or_default().push(self.paths.len());
        self.paths.push((path, file));
    }

    /// Returns the files, by path.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &(String, usize)> {
        self.paths.iter()
    }

    /// The files that a word of a command names: by the path, by the name where the directory is not known, by a pattern;
    /// `below`: by the directory. `carried`: a file of this name was put elsewhere.
    pub(crate) fn named(
        &self,
        word: &str,
        below: bool,
        carried: impl Fn(&str) -> bool,
    ) -> Vec<&(String, usize)> {
        if let Some((before, after)) = word.split_once('*') {
            let matches = |path: &str| path.strip_prefix(before).is_some_and(|rest| rest.ends_with(after));
            return self.paths.iter().filter(|(path, _)| before.starts_with('/') && matches(path)).collect();
        }
        if below {
            let directory = format!("{}/", word.trim_end_matches('/'));
            return self.paths.iter().filter(|(path, _)| path.starts_with(&directory)).collect();
        }
        let name = base_name(word);
        let named = self.names.get(name).into_iter().flatten().map(|at| &self.paths[*at]);
        let known = word.starts_with('/') && !word.contains('$') && !carried(name);
        named.filter(|(path, _)| !known || path == word).collect()
    }
}
