use std::{fs, os::unix::fs::symlink};

use crate::{
    argocd::App,
    render::{Deadline, Root, Tools},
    settings::{Allow, HelmOptions, Settings},
};

use super::*;

/// A repository with the chart `charts/catalog` and values files in and beside it.
struct Repository {
    temp: tempfile::TempDir,
    /// Whether the platform allows URLs.
    remote: bool,
}

impl Repository {
    fn new(files: &[&str]) -> Self {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("repo/charts/catalog")).unwrap();
        let this = Self { temp, remote: false };
        for file in files {
            let path = this.root().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "a: 1\n").unwrap();
        }
        fs::write(this.temp.path().join("outside.yaml"), "a: 1\n").unwrap();
        this
    }

    fn root(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap().join("repo")
    }

    fn request<T>(&self, options: HelmOptions, use_it: impl Fn(&Request<'_>) -> T) -> T {
        let dir = self.root().join("charts/catalog");
        use_it(&Request {
            dir: &dir,
            root: &Root::find(&dir, Some("charts/catalog")).unwrap(),
            settings: &Settings {
                helm: options,
                allow: Allow { remote_values: self.remote, ..Allow::default() },
                ..Settings::default()
            },
            app: &App { name: Some("catalog-dev".into()), ..App::default() },
            tools: &Tools::default(),
            deadline: Deadline::after(std::time::Duration::from_secs(9)),
        })
    }

    /// Returns the resolved files, relative to the repository.
    fn resolve(&self, value_files: &[&str]) -> Result<Vec<String>> {
        let value_files = value_files.iter().map(ToString::to_string).collect();
        self.resolve_with(HelmOptions { value_files, ..HelmOptions::default() })
    }

    fn resolve_with(&self, options: HelmOptions) -> Result<Vec<String>> {
        let root = format!("{}/", self.root().display());
        let files = self.request(options, resolve)?;
        Ok(files.into_iter().map(|file| file.replace(&root, "")).collect())
    }
}

fn messages(result: Result<Vec<String>>) -> Vec<String> {
    result.unwrap_err().iter().map(|problem| problem.message.clone()).collect()
}

#[test]
fn files_are_relative_to_the_chart_or_the_repository_and_keep_their_order() {
    let repository = Repository::new(&["charts/catalog/b.yaml", "charts/catalog/a.yaml", "shared/x.yaml"]);
    assert_eq!(
        repository.resolve(&["b.yaml", "/shared/x.yaml", "./a.yaml", "../../shared/x.yaml"]).unwrap(),
        ["charts/catalog/b.yaml", "shared/x.yaml", "charts/catalog/a.yaml"],
        "a file that is named twice is passed once"
    );
}

#[test]
fn variables_of_the_build_environment_are_expanded() {
    let repository = Repository::new(&["charts/catalog/values-catalog-dev.yaml"]);
    assert_eq!(
        repository.resolve(&["values-${ARGOCD_APP_NAME}.yaml"]).unwrap(),
        ["charts/catalog/values-catalog-dev.yaml"]
    );
}

#[test]
fn every_missing_file_is_a_problem_unless_files_may_miss() {
    let repository = Repository::new(&["charts/catalog/a.yaml"]);
    let value_files = ["x.yaml", "a.yaml", "y/*.yaml"];
    assert_eq!(
        messages(repository.resolve(&value_files)),
        ["there is no values file `x.yaml`", "no values file matches `y/*.yaml`"]
    );
    let options = HelmOptions {
        value_files: value_files.iter().map(ToString::to_string).collect(),
        ignore_missing_value_files: true,
        ..HelmOptions::default()
    };
    assert_eq!(repository.resolve_with(options).unwrap(), ["charts/catalog/a.yaml"]);
}

#[test]
fn no_path_leaves_the_repository() {
    let repository = Repository::new(&["charts/catalog/a.yaml"]);
    symlink(repository.temp.path().join("outside.yaml"), repository.root().join("charts/catalog/link.yaml"))
        .unwrap();
    symlink(repository.temp.path(), repository.root().join("up")).unwrap();
    for path in [
        "../../../outside.yaml",
        "link.yaml",
        "link*",
        "../../../*.yaml",
        "/../outside.yaml",
        "/up/outside.yaml",
    ] {
        assert!(messages(repository.resolve(&[path]))[0].ends_with("leads out of the repository"), "{path}");
    }
    assert_eq!(
        messages(repository.resolve(&["/**/outside.yaml"])),
        ["no values file matches `/**/outside.yaml`"],
        "a directory outside is not entered"
    );
}

#[test]
fn a_url_is_for_helm_where_the_platform_allows_it_and_other_schemes_are_for_nobody() {
    let mut repository = Repository::new(&[]);
    assert_eq!(
        messages(repository.resolve(&["https://example.com/a.yaml"])),
        ["a values file or file parameter is a URL"]
    );
    repository.remote = true;
    assert_eq!(
        repository.resolve(&["https://example.com/a/*.yaml", "HTTP://example.com"]).unwrap(),
        ["https://example.com/a/*.yaml", "HTTP://example.com"]
    );
    assert_eq!(
        messages(repository.resolve(&["secrets://a.yaml"])),
        ["the URL scheme `secrets` is not allowed"]
    );
}

#[test]
fn a_file_of_another_source_is_a_problem() {
    let repository = Repository::new(&["values.yaml"]);
    assert_eq!(
        messages(repository.resolve(&["$values/values.yaml"])),
        ["`$values/values.yaml` is a file of another source"]
    );
}

#[test]
fn a_glob_matches_as_doublestar_does_and_in_its_order() {
    let files = [
        "charts/catalog/z.yaml",
        "charts/catalog/a/m.yaml",
        "charts/catalog/a/b/c.yaml",
        "charts/catalog/.hidden.yaml",
        "charts/catalog/x.txt",
        "shared/1.yaml",
        "shared/2.yaml",
    ];
    let repository = Repository::new(&files);
    for (pattern, expected) in [
        ("*.yaml", &["charts/catalog/.hidden.yaml", "charts/catalog/z.yaml"][..]),
        (
            "**/*.yaml",
            &[
                "charts/catalog/.hidden.yaml",
                "charts/catalog/z.yaml",
                "charts/catalog/a/m.yaml",
                "charts/catalog/a/b/c.yaml",
            ],
        ),
        ("a/{m.yaml,b/*}", &["charts/catalog/a/b/c.yaml", "charts/catalog/a/m.yaml"]),
        ("*/*.yaml", &["charts/catalog/a/m.yaml"]),
        ("**/{z,m}.yaml", &["charts/catalog/a/m.yaml", "charts/catalog/z.yaml"]),
        ("?.yaml", &["charts/catalog/z.yaml"]),
        ("[!a].yaml", &["charts/catalog/z.yaml"]),
        ("[^a].yaml", &["charts/catalog/z.yaml"]),
        ("/shared/[0-9].yaml", &["shared/1.yaml", "shared/2.yaml"]),
        ("../../shared/*", &["shared/1.yaml", "shared/2.yaml"]),
        ("*/../z.*", &["charts/catalog/z.yaml"]),
    ] {
        assert_eq!(repository.resolve(&[pattern]).unwrap(), expected, "{pattern}");
    }
}

#[test]
fn a_directory_that_a_glob_matches_is_a_problem() {
    let repository = Repository::new(&["charts/catalog/a/m.yaml", "charts/catalog/z.yaml"]);
    for (pattern, dir) in [("a/**", "."), ("*", "a")] {
        let message = format!("`{pattern}` matches the directory `{dir}`");
        assert_eq!(messages(repository.resolve(&[pattern])), [message], "as in Argo CD, where Helm fails");
    }
}

#[test]
fn a_named_file_stands_where_it_is_named() {
    let repository =
        Repository::new(&["charts/catalog/a.yaml", "charts/catalog/b.yaml", "charts/catalog/c.yaml"]);
    let named = ["charts/catalog/b.yaml", "charts/catalog/c.yaml", "charts/catalog/a.yaml"];
    assert_eq!(repository.resolve(&["*.yaml", "c.yaml", "a.yaml"]).unwrap(), named);
}

#[test]
fn links_are_followed_and_loops_end() {
    let repository = Repository::new(&["shared/deep/x.yaml", "charts/catalog/values.yaml"]);
    symlink("../../shared", repository.root().join("charts/catalog/shared")).unwrap();
    symlink("..", repository.root().join("shared/deep/loop")).unwrap();
    assert_eq!(repository.resolve(&["**/x.yaml"]).unwrap(), ["charts/catalog/shared/deep/x.yaml"]);
}

#[test]
fn a_broken_glob_is_a_problem_of_the_settings() {
    let repository = Repository::new(&[]);
    let problems = repository.resolve(&["[a"]).unwrap_err();
    assert_eq!(problems.exit(), Exit::SETTINGS);
}

#[test]
fn a_file_parameter_names_one_file() {
    let repository = Repository::new(&["charts/catalog/a.yaml", "shared/ca.pem"]);
    repository.request(HelmOptions::default(), |request| {
        assert_eq!(
            parameter("/shared/ca.pem", request).unwrap(),
            repository.root().join("shared/ca.pem").display().to_string()
        );
        assert!(parameter("https://example.com/x", request).is_err());
        assert!(parameter("missing.pem", request).is_err());
        assert!(parameter("../../../outside.yaml", request).is_err());
        assert!(parameter("$other/x", request).is_err());
    });
}
