//! Plain manifests, as Argo CD reads a directory: `findManifests` in `reposerver/repository/repository.go`.

use std::{fs, path::Path};

use globset::{GlobBuilder, GlobMatcher};

use super::{
    Request,
    files::{self, File},
};
use crate::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
    limits,
    manifest::{Manifests, Source},
};

/// A file that contains this text anywhere is not rendered; Argo CD's own directive.
const SKIP_MARKER: &str = "+argocd:skip-file-rendering";

/// The file of our own settings.
const SETTINGS_FILE: &str = "presync.yaml";

/// The manifests in the app's directory.
pub(super) fn render(request: &Request<'_>) -> Result<Vec<Source>> {
    let options = &request.settings.directory;
    let mut problems = Problems::default();
    let include = problems.collect(glob("directory.include", &options.include)).flatten();
    let exclude = problems.collect(glob("directory.exclude", &options.exclude)).flatten();
    problems.or(())?;

    let wanted = |name: &str| {
        is_manifest_name(name)
            && exclude.as_ref().is_none_or(|glob| !glob.is_match(name))
            && include.as_ref().is_none_or(|glob| glob.is_match(name))
    };
    let (files, mut problems) = files::walk(request.dir, request.root, options.recurse, wanted);
    let sources = problems.collect(read_all(&files));
    problems.or(sources.unwrap_or_default())
}

/// Whether a file of this name is one that Argo CD looks into: YAML, JSON or Jsonnet, and not our settings.
pub(super) fn is_manifest_name(name: &str) -> bool {
    let file_name = name.rsplit('/').next().unwrap_or(name);
    [".yaml", ".yml", ".json", ".jsonnet"].iter().any(|extension| file_name.ends_with(extension))
        && file_name != SETTINGS_FILE
}

/// The files that hold manifests, with all problems of all files.
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
    if text.contains(SKIP_MARKER) {
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
/// Argo CD passes over a file without an object at its start unless the words `apiVersion:`, `kind:` and `metadata:`
/// are all in it (`getObjsFromYAMLOrJSON`), so that values files, CI pipelines and the like may lie beside manifests.
/// What may be meant and cannot be read counts as meant, so that it is reported and not silently left out.
fn is_manifest(text: &str) -> bool {
    if ["apiVersion:", "kind:", "metadata:"].iter().all(|word| text.contains(word)) {
        return true;
    }
    let source = Source { name: String::new(), bytes: text.into(), validate: false };
    text.contains("kind")
        && Manifests::read(vec![source])
            .and_then(|manifests| manifests.index())
            .map_or(true, |objects| objects.first().is_some_and(|object| !object.kind.is_empty()))
}

/// The matcher of a glob of Argo CD's directory source; `None` for an empty one.
///
/// Argo CD compiles these with `gobwas/glob` without separators: `*` also matches `/`, and `**` is the same as `*`, so
/// that `**/*.yaml` takes nothing from the top directory. An invalid glob, which Argo CD takes for one that matches
/// nothing, is a problem here.
fn glob(setting: &str, pattern: &str) -> Result<Option<GlobMatcher>, Problem> {
    if pattern.is_empty() {
        return Ok(None);
    }
    GlobBuilder::new(&without_globstars(pattern))
        .literal_separator(false)
        .backslash_escape(true)
        .empty_alternates(true)
        .build()
        .map(|glob| Some(glob.compile_matcher()))
        .map_err(|error| {
            Problem::new(Exit::SETTINGS, format!("`{setting}` is not a valid glob"))
                .caused_by(anyhow::Error::msg(error.kind().to_string()))
                .hint("`*` matches any text, `?` one character, `[ab]` and `[a-z]` one of several, `{a,b}` alternatives")
        })
}

/// `pattern` with each run of `*` as a single one: globset gives `**` a meaning of its own.
fn without_globstars(pattern: &str) -> String {
    let mut single = String::with_capacity(pattern.len());
    let (mut escaped, mut in_class, mut after_star) = (false, false, false);
    for c in pattern.chars() {
        let star = c == '*' && !escaped && !in_class;
        if !(star && after_star) {
            single.push(c);
        }
        after_star = star;
        in_class = !escaped && (c == '[' || in_class && c != ']');
        escaped = !escaped && c == '\\';
    }
    single
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
        let all = [
            "a.yaml",
            "b.yml",
            "c.json",
            "README.md",
            "run.sh",
            "d.yaml.bak",
            "e.YAML",
            "yaml",
            "presync.yaml",
        ];
        assert_eq!(names(&all, DirectoryOptions::default()), ["a.yaml", "b.yml", "c.json"]);
        assert_eq!(names(&["sub/a.yaml", "sub/presync.yaml", ".a.yaml"], recursive()), ["sub/a.yaml"]);
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

    /// The expectations are what `gobwas/glob` v0.2.3 answered for the same patterns and names.
    #[test]
    fn globs_match_as_argo_cds_do() {
        let names = [
            "a.yaml",
            "b.yaml",
            "c.yaml",
            "xa.yaml",
            "dir/a.yaml",
            "dir/sub/a.yaml",
            "dir/x.json",
            "x.json",
            "a/b.yaml",
            "axb.yaml",
            "a*.yaml",
            "bc.yaml",
            "bd.yaml",
            "1.yaml",
            "a,b.yaml",
            "{a}.yaml",
        ];
        let yaml: Vec<_> = names.iter().filter(|name| !name.contains(".json")).copied().collect();
        let cases: [(&str, &[&str]); 19] = [
            ("*.yaml", &yaml),
            ("***.yaml", &yaml),
            ("**", &names),
            ("**/*.yaml", &["dir/a.yaml", "dir/sub/a.yaml", "a/b.yaml"]),
            ("*/*.yaml", &["dir/a.yaml", "dir/sub/a.yaml", "a/b.yaml"]),
            ("dir/**", &["dir/a.yaml", "dir/sub/a.yaml", "dir/x.json"]),
            ("dir/*", &["dir/a.yaml", "dir/sub/a.yaml", "dir/x.json"]),
            ("{a,b}.yaml", &["a.yaml", "b.yaml"]),
            ("{a.yaml,dir/*}", &["a.yaml", "dir/a.yaml", "dir/sub/a.yaml", "dir/x.json"]),
            ("{,x}a.yaml", &["a.yaml", "xa.yaml"]),
            ("{a,b{c,d}}.yaml", &["a.yaml", "bc.yaml", "bd.yaml"]),
            ("a?b.yaml", &["a/b.yaml", "axb.yaml", "a,b.yaml"]),
            ("[ab].yaml", &["a.yaml", "b.yaml"]),
            ("[!a].yaml", &["b.yaml", "c.yaml", "1.yaml"]),
            ("[a-c].yaml", &["a.yaml", "b.yaml", "c.yaml"]),
            ("a\\*.yaml", &["a*.yaml"]),
            ("a[*]*", &["a*.yaml"]),
            ("\\{a\\}.yaml", &["{a}.yaml"]),
            ("{a\\,b,c}.yaml", &["c.yaml", "a,b.yaml"]),
        ];
        for (pattern, expected) in cases {
            let glob = glob("directory.include", pattern).unwrap().unwrap();
            let matched: Vec<_> = names.iter().filter(|name| glob.is_match(name)).copied().collect();
            assert_eq!(matched, expected, "{pattern}");
        }
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
            "kind: {{ broken\n",
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
