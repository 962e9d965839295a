//! A kustomization and all that it names, checked before kustomize reads it: bases of bases, files, generators, charts.
//!
//! kustomize keeps files within each kustomization's directory, but not directories, charts or the rest of what it finds
//! behind links, and nothing where operators lift its restriction. So every path is resolved here, through the
//! repository's root, by the text of the path as kustomize joins it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{charts, edit::NAMES, remote};
use crate::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
    manifest::{Manifests, Source},
    render::Request,
    repo_root::normalized,
};

/// Fields with paths, by the way to them; an item of a list is not a step.
const FILES: &[&[&str]] = &[
    &["crds"],
    &["configurations"],
    &["openapi", "path"],
    &["patches", "path"],
    &["patchesjson6902", "path"],
    &["patchesstrategicmerge"],
    &["replacements", "path"],
    &["configmapgenerator", "files"],
    &["configmapgenerator", "envs"],
    &["configmapgenerator", "env"],
    &["secretgenerator", "files"],
    &["secretgenerator", "envs"],
    &["secretgenerator", "env"],
];

/// Fields with files, directories or remote bases.
const RESOURCES: &[&str] = &["resources", "bases", "components"];

/// Fields with what can also be the text of a plugin's configuration.
const PLUGINS: &[&str] = &["generators", "transformers", "validators"];

/// Fields of a plugin's configuration with paths, by the way to them.
const PLUGIN_FILES: &[&[&str]] =
    &[&["files"], &["envs"], &["env"], &["path"], &["paths"], &["targetfilepath"], &["replacements", "path"]];

/// What a kustomization is made of.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// The directories of all kustomizations of the repository, canonical, the app's own first.
    pub(super) roots: Vec<PathBuf>,
    /// Files and directories that they name elsewhere in the repository.
    pub(super) others: BTreeSet<PathBuf>,
    /// The directories of charts.
    pub(super) charts: Vec<PathBuf>,
    /// A chart is rendered.
    pub(super) uses_charts: bool,
    /// Plugins that are configured by a directory or remote base, which can say anything.
    built_plugins: Vec<Problem>,
    remote: Vec<Problem>,
}

impl Tree {
    /// Checks the app's kustomization, and the components and patches that the settings add to it.
    pub(super) fn check(request: &Request<'_>) -> Result<Self> {
        let mut walk = Walk { request, tree: Self::default(), problems: Problems::default() };
        walk.kustomization(request.dir);
        let at = Location::default();
        for component in &request.settings.kustomize.components {
            walk.resource(request.dir, component, &at);
        }
        for path in request.settings.kustomize.patches.iter().filter_map(|patch| patch["path"].as_str()) {
            walk.path(request.dir, path, &at);
        }
        let mut next = 1;
        while let Some(dir) = walk.tree.roots.get(next).cloned() {
            walk.kustomization(&dir);
            next += 1;
        }
        let Walk { tree, problems, .. } = walk;
        problems.or(tree)
    }

    /// Problems of what cannot be looked into here, for a build that could do harm with it: one with charts, or one that
    /// may read any file.
    pub(super) fn opaque(&mut self, with_charts: bool) -> Result<()> {
        let mut problems = Problems::default();
        self.built_plugins.drain(..).for_each(|problem| problems.push(problem));
        if with_charts {
            self.remote.drain(..).for_each(|problem| problems.push(problem));
        }
        problems.or(())
    }
}

struct Walk<'a> {
    request: &'a Request<'a>,
    tree: Tree,
    problems: Problems,
}

impl Walk<'_> {
    /// Checks the kustomization in `dir`.
    fn kustomization(&mut self, dir: &Path) {
        if self.tree.roots.is_empty() {
            self.tree.roots.push(dir.to_owned());
        }
        for name in NAMES {
            let path = dir.join(name);
            if path.symlink_metadata().is_err() {
                continue;
            }
            for value in self.read(&path) {
                self.fields(dir, &value, &self.location(&path));
            }
        }
    }

    fn fields(&mut self, dir: &Path, kustomization: &Value, at: &Location) {
        for path in FILES.iter().flat_map(|way| texts_at(kustomization, way)) {
            self.file(dir, path, at);
        }
        for entry in RESOURCES.iter().flat_map(|name| texts_at(kustomization, &[name])) {
            self.resource(dir, entry, at);
        }
        for entry in PLUGINS.iter().flat_map(|name| texts_at(kustomization, &[name])) {
            self.plugin(dir, entry, at);
        }
        let globals: Vec<&Value> = fields(kustomization, "helmglobals").collect();
        let charts = ["helmcharts", "helmchartinflationgenerator"];
        let charts = charts.into_iter().flat_map(|name| fields(kustomization, name)).flat_map(items);
        for chart in charts {
            self.chart(dir, chart, &globals, at);
        }
        for problem in globals.iter().flat_map(|globals| charts::globals(globals, at)) {
            self.problems.push(problem);
        }
    }

    /// A file, which may be `key=path`, a URL or the text itself.
    fn file(&mut self, dir: &Path, entry: &str, at: &Location) {
        self.path(dir, entry, at);
        if let Some((_, path)) = entry.split_once('=') {
            self.path(dir, path, at);
        }
    }

    /// A resource, base or component. A directory of the repository is checked in its turn.
    fn resource(&mut self, dir: &Path, entry: &str, at: &Location) {
        if let Some(found) = self.path(dir, entry, at)
            && found.is_dir()
            && !self.tree.roots.contains(&found)
        {
            self.tree.roots.push(found);
        }
    }

    /// A plugin: its configuration, a file with it, or a base that makes it.
    fn plugin(&mut self, dir: &Path, entry: &str, at: &Location) {
        let found = self.path(dir, entry, at);
        if let Some(found) = found {
            if found.is_dir() {
                self.tree.built_plugins.push(opaque(entry, "is a directory", at));
                self.resource(dir, entry, at);
                return;
            }
            let at = self.location(&found);
            for value in self.read(&found) {
                self.configuration(dir, &value, &at);
            }
        } else if entry.contains('\n') || entry.trim_start().starts_with(['{', '[']) {
            let source =
                Source { name: "<inline>".into(), bytes: entry.as_bytes().to_vec(), validate: false };
            // What cannot be read is a path for kustomize, and was checked as one.
            let values = Manifests::read(vec![source])
                .and_then(|read| Ok(read.values()?.into_iter().cloned().collect::<Vec<_>>()));
            for value in values.unwrap_or_default() {
                self.configuration(dir, &value, at);
            }
        }
    }

    fn configuration(&mut self, dir: &Path, value: &Value, at: &Location) {
        for item in fields(value, "items").flat_map(items) {
            self.configuration(dir, item, at);
        }
        for entry in PLUGIN_FILES.iter().flat_map(|way| texts_at(value, way)) {
            self.file(dir, entry, at);
        }
        if fields(value, "kind").any(|kind| kind == "HelmChartInflationGenerator") {
            self.chart(dir, value, &[], at);
        }
    }

    fn chart(&mut self, dir: &Path, chart: &Value, globals: &[&Value], at: &Location) {
        self.tree.uses_charts = true;
        for problem in charts::check(chart, at) {
            self.problems.push(problem);
        }
        for file in charts::FILES.iter().flat_map(|name| texts_at(chart, &[name])) {
            self.path(dir, file, at);
        }
        for home in charts::homes(chart, globals) {
            let Some(found) = self.path(dir, home, at).filter(|found| found.is_dir()) else { continue };
            for place in charts::places(chart) {
                let place = normalized(&found.join(place));
                if place.is_dir() && !self.tree.charts.contains(&place) {
                    self.problems.collect(self.request.root.check(&place));
                    self.tree.charts.push(place);
                }
            }
        }
    }

    /// Checks a path or URL, and gives what is there in the repository.
    fn path(&mut self, dir: &Path, entry: &str, at: &Location) -> Option<PathBuf> {
        let is_remote = remote::check(entry, self.request.settings.allow.git_protocol);
        if self.problems.collect(is_remote.map_err(|problem| problem.at(at.clone())))? {
            self.tree.remote.push(opaque(entry, "is remote", at));
            return None;
        }
        if entry.starts_with('/') {
            self.problems.push(
                Problem::new(Exit::RENDER, format!("`{entry}` leads out of the repository"))
                    .at(at.clone())
                    .hint("use a path relative to the kustomization"),
            );
            return None;
        }
        let found = self.request.root.resolve_if_exists(dir, entry).map_err(|problem| problem.at(at.clone()));
        let found = self.problems.collect(found).flatten()?;
        if !self.tree.roots.iter().any(|root| found.starts_with(root)) {
            self.tree.others.insert(found.clone());
        }
        Some(found)
    }

    /// Returns what the documents of a file hold.
    fn read(&mut self, path: &Path) -> Vec<Value> {
        let name = self.location(path).file.unwrap_or_default();
        let Some(real) = self.problems.collect(self.request.root.check(path)) else { return Vec::new() };
        if !real.is_file() {
            return Vec::new();
        }
        let bytes = fs::read(&real).map_err(|error| {
            Problem::new(Exit::RENDER, "cannot read the file").at(Location::file(&name)).caused_by(error)
        });
        let Some(bytes) = self.problems.collect(bytes) else { return Vec::new() };
        let values = Manifests::read(vec![Source { name, bytes, validate: false }])
            .and_then(|read| Ok(read.values()?.into_iter().cloned().collect()));
        self.problems.collect(values).unwrap_or_default()
    }

    fn location(&self, path: &Path) -> Location {
        Location::file(path.strip_prefix(self.request.root.path()).unwrap_or(path).display().to_string())
    }
}

fn opaque(entry: &str, what: &str, at: &Location) -> Problem {
    Problem::new(Exit::RENDER, format!("`{}` {what}, so what it makes kustomize do cannot be checked", entry.escape_debug()))
        .at(at.clone())
        .hint("copy its files into the app, or build without `--enable-helm` and with kustomize's own load restrictor")
}

/// Returns every value of a field: kustomize's reader, Go's `encoding/json`, does not ask for the case of its name.
pub(super) fn fields<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .filter(move |(key, _)| folded(key) == name)
        .map(|(_, value)| value)
}

fn folded(key: &str) -> String {
    key.to_lowercase().replace('ſ', "s")
}

/// Returns the items of a list, or the value itself.
pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    let list = value.as_array();
    list.into_iter().flatten().chain(list.is_none().then_some(value))
}

/// Returns the texts that a way leads to, through lists.
pub(super) fn texts_at<'v>(value: &'v Value, way: &[&str]) -> Vec<&'v str> {
    let start: Vec<&Value> = vec![value];
    let found = way.iter().fold(start, |values, name| {
        values.into_iter().flat_map(|value| fields(value, name).flat_map(items)).collect()
    });
    found.into_iter().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests;
