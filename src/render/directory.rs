//! Plain manifests, as Argo CD reads a directory: `findManifests` in `reposerver/repository/repository.go`.

mod gobwas;

use std::{fs, path::Path};

use globset::GlobMatcher;

use super::{
    Request,
    files::{self, File},
};
use crate::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
    limits,
    manifest::{Manifests, ObjectId, Source},
    settings,
};

/// A file that contains this text anywhere is not rendered; Argo CD's own directive.
const SKIP_MARKER: &str = "+argocd:skip-file-rendering";

/// The file of our own settings.
const SETTINGS_FILE: &str = "presync.yaml";

/// Returns the manifests in the app's directory.
pub(super) fn render(request: &Request<'_>) -> Result<Vec<Source>> {
    let options = &request.settings.directory;
    let mut problems = Problems::default();
    let include = problems.collect(glob("directory.include", &options.include)).flatten();
    let exclude = problems.collect(glob("directory.exclude", &options.exclude)).flatten();
    problems.or(())?;

    let wanted = |name: &str| {
        (is_manifest_name(name) || is_settings_name(name))
            && exclude.as_ref().is_none_or(|glob| !glob.is_match(name))
            && include.as_ref().is_none_or(|glob| glob.is_match(name))
    };
    let (files, mut problems) = files::walk(request.dir, request.root, options.recurse, wanted);
    let sources = problems.collect(read_all(&files));
    problems.or(sources.unwrap_or_default())
}

fn is_settings_name(name: &str) -> bool {
    name.rsplit('/').next() == Some(SETTINGS_FILE)
}

/// Whether a file of this name is one that Argo CD looks into: YAML, JSON or Jsonnet, and not our settings.
pub(super) fn is_manifest_name(name: &str) -> bool {
    let file_name = name.rsplit('/').next().unwrap_or(name);
    [".yaml", ".yml", ".json", ".jsonnet"].iter().any(|extension| file_name.ends_with(extension))
        && file_name != SETTINGS_FILE
}

/// Returns the files that hold manifests, with all problems of all files.
pub(super) fn read_all(files: &[File]) -> Result<Vec<Source>> {
    check_size(files)?;
    let mut problems = Problems::default();
    let sources = files.iter().filter_map(|file| problems.collect(read(file)).flatten()).collect();
    problems.or(sources)
}

/// Refuses more files than an app may have, or larger ones.
pub(super) fn check_size(files: &[File]) -> Result<(), Problem> {
    if files.len() > limits::FILES {
        let message = format!("the app's directory holds {} files that could be manifests", files.len());
        return Err(Problem::new(Exit::RENDER, message)
            .hint(format!("an app may have {}: leave out what is not a manifest", limits::FILES)));
    }
    let mut bytes = 0_u64;
    for file in files {
        bytes += fs::metadata(&file.path).map_or(0, |metadata| metadata.len());
        if bytes > limits::FILE_BYTES {
            let message =
                format!("the app's files are larger than {} MiB together", limits::FILE_BYTES >> 20);
            return Err(Problem::new(Exit::RENDER, message).at(Location::file(&file.name)));
        }
    }
    Ok(())
}

fn read(file: &File) -> Result<Option<Source>, Problem> {
    let text = files::read(file)?;
    if text.contains(SKIP_MARKER) || is_settings_name(&file.name) && !settings::is_manifest(text.as_bytes()) {
        return Ok(None);
    }
    let extension = Path::new(&file.name).extension();
    if extension.is_some_and(|extension| extension == "jsonnet") {
        return Err(Problem::new(Exit::RENDER, "Jsonnet is not rendered by this plugin")
            .at(Location::file(&file.name))
            .hint("leave the app to Argo CD's own directory source, commit the rendered manifests instead, or leave the file out with `directory.exclude`"));
    }
    if extension.is_none_or(|extension| extension != "json") && !is_manifest(&text) {
        return Ok(None);
    }
    Ok(Some(Source { name: file.name.clone(), bytes: text.into_bytes(), validate: true }))
}

/// Whether a YAML file is meant for Kubernetes.
///
/// Argo CD passes over a file in which it cannot read even the first object, unless the words `apiVersion:`, `kind:` and
/// `metadata:` are all in it (`getObjsFromYAMLOrJSON`), so that values files, CI pipelines, templates and the like may
/// lie beside manifests. Behind a first object everything must be right.
fn is_manifest(text: &str) -> bool {
    if ["apiVersion:", "kind:", "metadata:"].iter().all(|word| text.contains(word)) {
        return true;
    }
    if !text.contains("kind") {
        return false;
    }
    let read = |bytes: &str| {
        Manifests::read(vec![Source { name: String::new(), bytes: bytes.into(), validate: false }])
    };
    // Where a separator is wrong, what stands before it was read.
    let manifests = read(text).or_else(|_| read(before_first_separator(text)));
    let Ok(manifests) = manifests else { return false };
    let documents = 0..manifests.all_bytes().count();
    let objects = documents.map(|document| manifests.object(ObjectId { document, item: None }));
    let mut values = objects.skip_while(|value| value.as_ref().is_ok_and(|value| value.is_null()));
    values.next().is_some_and(|value| {
        value.is_ok_and(|value| value["kind"].as_str().is_some_and(|kind| !kind.is_empty()))
    })
}

/// Returns the text before the first line that begins with `---` and has content before it.
fn before_first_separator(text: &str) -> &str {
    let content = text.trim_start();
    let start = text.len() - content.len();
    content.find("\n---").map_or(text, |at| &text[..=start + at])
}

/// Returns the matcher of a glob of Argo CD's directory source; `None` for an empty one.
fn glob(setting: &str, pattern: &str) -> Result<Option<GlobMatcher>, Problem> {
    if pattern.is_empty() {
        return Ok(None);
    }
    gobwas::compile(pattern).map(Some).map_err(|gobwas::Invalid { why, hint }| {
        Problem::new(Exit::SETTINGS, format!("`{setting}` is not a valid glob"))
            .caused_by(anyhow::Error::msg(why))
            .hint(hint)
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;
    use crate::{
        argocd::App,
        render::{Deadline, Root},
        settings::{DirectoryOptions, Settings},
    };

    const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

    fn rendered(files: &[(&str, &str)], options: DirectoryOptions) -> Result<Vec<Source>> {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().canonicalize().unwrap();
        for (name, text) in files {
            fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
            fs::write(dir.join(name), text).unwrap();
        }
        symlink("../../outside.txt", dir.join("README")).unwrap();
        render(&Request {
            dir: &dir,
            root: &Root::find(&dir, None).unwrap(),
            settings: &Settings { directory: options, ..Settings::default() },
            app: &App::default(),
            tools: &crate::render::Tools::default(),
            deadline: Deadline::after(std::time::Duration::from_secs(1)),
        })
    }

    fn names(files: &[&str], options: DirectoryOptions) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|name| (*name, CONFIG_MAP)).collect();
        rendered(&files, options).unwrap().into_iter().map(|source| source.name).collect()
    }

    fn recursive() -> DirectoryOptions {
        DirectoryOptions { recurse: true, ..DirectoryOptions::default() }
    }

    #[test]
    fn manifests_are_taken_as_they_are() {
        let text = "\u{feff}# comment\r\n---\r\n{a: 1}\r\n";
        let sources =
            rendered(&[("b.json", text), ("a.yaml", CONFIG_MAP)], DirectoryOptions::default()).unwrap();
        assert_eq!(
            sources,
            [
                Source { name: "a.yaml".into(), bytes: CONFIG_MAP.into(), validate: true },
                Source { name: "b.json".into(), bytes: text.into(), validate: true },
            ]
        );
    }

    #[test]
    fn what_belongs_to_no_renderer_is_passed_over() {
        let all = ["a.yaml", "b.yml", "c.json", "README.md", "run.sh", "d.yaml.bak", "e.YAML", "yaml"];
        assert_eq!(names(&all, DirectoryOptions::default()), ["a.yaml", "b.yml", "c.json"]);
        assert_eq!(names(&["sub/a.yaml", ".a.yaml"], recursive()), ["sub/a.yaml"]);
        assert_eq!(names(&["sub/a.yaml", "b.yaml"], DirectoryOptions::default()), ["b.yaml"]);
    }

    #[test]
    fn globs_choose_by_the_path_in_the_app() {
        let files = ["a.yaml", "b.yaml", "dev/a.yaml", "prod/a.yaml", "prod/secret.json"];
        let chosen = |include: &str, exclude: &str| {
            names(
                &files,
                DirectoryOptions { recurse: true, include: include.into(), exclude: exclude.into() },
            )
        };
        assert_eq!(chosen("{a.yaml,prod/*}", ""), ["a.yaml", "prod/a.yaml", "prod/secret.json"]);
        assert_eq!(chosen("", "{dev/*,*.json}"), ["a.yaml", "b.yaml", "prod/a.yaml"]);
        assert_eq!(chosen("prod/*", "*.json"), ["prod/a.yaml"], "an exclusion wins");
    }

    #[test]
    fn every_invalid_glob_is_a_problem() {
        let options = DirectoryOptions { recurse: false, include: "[".into(), exclude: "{a".into() };
        let problems = rendered(&[], options).unwrap_err();
        let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(
            messages,
            ["`directory.include` is not a valid glob", "`directory.exclude` is not a valid glob"]
        );
        assert_eq!(problems.exit(), Exit::SETTINGS);
    }

    #[test]
    fn yaml_without_a_kubernetes_object_at_its_start_is_passed_over() {
        let files = [
            ("values.yaml", "replicas: 2\n"),
            ("ci.yaml", "# what kind of pipeline\nstages: [build]\n"),
            ("template.yaml", "a: {{ b }}\n"),
            ("empty.yaml", ""),
            ("comment.yaml", "# nothing\n---\n"),
            ("list.yaml", "- kind: a\n"),
            ("nested.yaml", "spec:\n  kind: a\n"),
            ("second.yaml", "a: 1\n---\n{kind: ConfigMap}\n"),
            ("broken.yaml", "kind: {{ broken\n"),
            ("template2.yaml", "{{ if x }}\nkind: Foo\n{{ end }}\n"),
            ("values2.yaml", "kind: Foo\nvalues: {{ x }}\n"),
            ("words.yaml", "apiVersion: v1\nkind: [\n"),
        ];
        assert_eq!(rendered(&files, DirectoryOptions::default()).unwrap(), []);
    }

    #[test]
    fn what_may_be_meant_for_kubernetes_is_taken() {
        for text in [
            "{\"kind\": \"ConfigMap\", \"apiVersion\": \"v1\", \"metadata\": {\"name\": \"a\"}}",
            "apiVersion: v1\nkind: List\nitems: [{kind: ConfigMap}]\n",
            "---\n# comment\n---\nkind: Namespace\n",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {a: [\n",
            "kind: ConfigMap\nkind: ConfigMap\n",
            "kind: ConfigMap\n---\nbroken: [\n",
            "kind: ConfigMap\n--- broken\n",
        ] {
            let sources = rendered(&[("a.yaml", text)], DirectoryOptions::default()).unwrap();
            assert_eq!(sources.len(), 1, "{text}");
        }
        assert_eq!(
            rendered(&[("a.json", "[]")], DirectoryOptions::default()).unwrap().len(),
            1,
            "JSON always is"
        );
    }

    #[test]
    fn our_settings_are_no_manifest_but_a_manifest_of_that_name_is() {
        let files = [("presync.yaml", "ttl: 5m\n"), ("sub/presync.yaml", CONFIG_MAP)];
        let sources = rendered(&files, recursive()).unwrap();
        assert_eq!(
            sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>(),
            ["sub/presync.yaml"]
        );
    }

    #[test]
    fn the_directive_of_argo_cd_leaves_a_file_out() {
        let marked = format!("# {SKIP_MARKER}\n{CONFIG_MAP}");
        let files = [("a.yaml", marked.as_str()), ("b.jsonnet", marked.as_str()), ("c.yaml", CONFIG_MAP)];
        let sources = rendered(&files, DirectoryOptions::default()).unwrap();
        assert_eq!(sources.len(), 1);
        assert_eq!(sources[0].name, "c.yaml");
    }

    #[test]
    fn every_unusable_file_is_a_problem() {
        let files =
            [("a.jsonnet", "{}"), ("b.yaml", CONFIG_MAP), ("lib.libsonnet", "{}"), ("sub/c.jsonnet", "{}")];
        let problems = rendered(&files, recursive()).unwrap_err();
        let places: Vec<_> =
            problems.iter().map(|problem| problem.location.clone().unwrap().to_string()).collect();
        assert_eq!(places, ["a.jsonnet", "sub/c.jsonnet"]);
        let excluded = DirectoryOptions { exclude: "*.jsonnet".into(), ..recursive() };
        assert_eq!(rendered(&files, excluded).unwrap().len(), 1);
    }
}
