//! Charts that the app's chart depends on and that are not in its `charts/`.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::chart;
use crate::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
    render::{
        Request, Root,
        process::{Call, Output},
        scratch::{Copy, Scratch},
    },
    repo_root::normalized,
};

/// Whether Helm failed for want of charts (`util/helm/helm.go`, `IsMissingDependencyErr`).
pub(super) fn are_missing(output: &Output) -> bool {
    let stderr = String::from_utf8_lossy(&output.stderr);
    !output.status.success()
        && ["found in Chart.yaml, but missing in charts", "found in requirements.yaml, but missing in charts"]
            .iter()
            .any(|message| stderr.contains(message))
}

/// Runs `helm dependency build` in a copy of the chart, and returns the call that renders it.
///
/// Argo CD's own source does it in the checkout; here nothing is left behind, on a laptop either.
pub(super) fn build<'a>(
    template: &Call<'a>,
    request: &Request<'_>,
    scratch: &Scratch,
    copy: &'a Copy,
) -> Result<Call<'a>, Problem> {
    let mut template = Call { dir: &copy.dir, ..template.clone() };
    template.roots.push(&copy.root);
    let repositories = repositories(request)?;
    template.env.insert("HELM_REPOSITORY_CONFIG".to_owned(), store(scratch.path(), &repositories)?.into());
    let build = Call {
        verb: "dependency build",
        args: vec!["dependency".into(), "build".into()],
        stdin: None,
        ..template.clone()
    };
    build.stdout(request.deadline).map_err(|problem| {
        problem
            .hint("commit the charts that `helm dependency build` writes to charts/, and nothing need be fetched")
            .hint("to fetch them, mount Helm's repository or registry configuration and set HELM_REPOSITORY_CONFIG or HELM_REGISTRY_CONFIG")
    })?;
    Ok(template)
}

/// Returns a copy of the chart, and of the charts of the repository that it names.
pub(super) fn copy(request: &Request<'_>, scratch: &Scratch) -> Result<Copy> {
    chart::copy(request, scratch, &charts(request.dir, request.root)?)
}

/// Returns the chart in `dir`, and those that it and they name by `file://`. One that is outside the repository is a
/// problem.
fn charts(dir: &Path, root: &Root) -> Result<Vec<PathBuf>> {
    let mut problems = Problems::default();
    let mut charts = vec![dir.to_owned()];
    let mut next = 0;
    while let Some(chart) = charts.get(next).cloned() {
        next += 1;
        for (file, dependency) in problems.collect(dependencies(&chart, root)).unwrap_or_default() {
            if let Some(found) = problems.collect(local(&chart, &file, &dependency, root)).flatten()
                && !charts.contains(&found)
            {
                charts.push(found);
            }
        }
    }
    problems.or(charts)
}

/// Returns the directory of a dependency that is named by `file://` and exists (`GetLocalPath` in Helm's
/// `internal/resolver`).
fn local(chart: &Path, file: &str, dependency: &Value, root: &Root) -> Result<Option<PathBuf>, Problem> {
    let at = |problem: Problem| problem.at(Location::file(file));
    let name = dependency["name"].as_str().unwrap_or_default();
    if name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(at(Problem::new(Exit::RENDER, format!("`{name}` is not the name of a chart"))));
    }
    let repository = dependency["repository"].as_str().unwrap_or_default();
    let Some((scheme, path)) = repository.split_once("://") else { return Ok(None) };
    if !scheme.eq_ignore_ascii_case("file") {
        return Ok(None);
    }
    if path.starts_with('/') {
        return Err(at(Problem::new(
            Exit::RENDER,
            format!("the dependency `{repository}` leads out of the repository"),
        )
        .hint("write a path relative to the chart, as in `file://../common`")));
    }
    // By the path as Helm joins it, which may lead over a link.
    let found = root.resolve_if_exists(chart, path).map_err(at)?;
    Ok(found.filter(|found| found.is_dir()).map(|_| normalized(&chart.join(path))))
}

/// Returns the dependencies of a chart, each with the file that names it. A lock file can name another repository than
/// the chart.
fn dependencies(chart: &Path, root: &Root) -> Result<Vec<(String, Value)>, Problem> {
    let mut dependencies = Vec::new();
    for name in ["Chart.yaml", "Chart.lock", "requirements.yaml", "requirements.lock"] {
        let path = chart.join(name);
        let shown = path.strip_prefix(root.path()).unwrap_or(&path).display().to_string();
        if path.symlink_metadata().is_err() {
            continue;
        }
        let Ok(text) = fs::read_to_string(root.check(&path)?) else { continue };
        let document = read_yaml(&text).map_err(|error| {
            Problem::new(Exit::RENDER, "cannot read the chart's dependencies")
                .at(Location::file(&shown))
                .caused_by(error)
        })?;
        // Helm's reader does not ask for the case of a field's name.
        let fields = document.as_object().into_iter().flatten();
        for (_, named) in fields.filter(|(name, _)| name.eq_ignore_ascii_case("dependencies")) {
            let lower = |dependency: &Value| {
                let fields = dependency.as_object().into_iter().flatten();
                Value::Object(fields.map(|(name, value)| (name.to_lowercase(), value.clone())).collect())
            };
            dependencies
                .extend(named.as_array().into_iter().flatten().map(|one| (shown.clone(), lower(one))));
        }
    }
    Ok(dependencies)
}

/// Helm's repository configuration: the platform's, and the repositories that the chart names by URL and that Helm
/// would refuse to build from a lock file without.
///
/// Argo CD's own source runs `helm repo add` for each, which fetches each index once more.
fn repositories(request: &Request<'_>) -> Result<Value, Problem> {
    let config = platform_config(&request.tools.environment)?;
    let urls = urls(request.dir, request.root)?;
    Ok(with_urls(config, urls, request.settings.helm.pass_credentials))
}

fn with_urls(mut config: Value, urls: Vec<String>, pass_credentials: bool) -> Value {
    let mut entries = match config["repositories"].take() {
        Value::Array(entries) => entries,
        _ => Vec::new(),
    };
    for url in urls {
        if !entries.iter().any(|entry| entry["url"] == url.as_str()) {
            // A repository's name is part of a file name.
            entries.push(
                json!({"name": url.replace('/', "-"), "url": url, "pass_credentials_all": pass_credentials}),
            );
        }
    }
    config["repositories"] = entries.into();
    config
}

/// Returns the configuration that the platform gave Helm, if it did.
fn platform_config(environment: &BTreeMap<String, String>) -> Result<Value, Problem> {
    let path = match (environment.get("HELM_REPOSITORY_CONFIG"), environment.get("HELM_CONFIG_HOME")) {
        (Some(file), _) => PathBuf::from(file),
        (None, Some(home)) => PathBuf::from(home).join("repositories.yaml"),
        (None, None) => return Ok(json!({})),
    };
    let problem = || {
        Problem::new(Exit::FAILURE, "cannot read Helm's repository configuration")
            .at(Location::file(path.display().to_string()))
    };
    match fs::read_to_string(&path) {
        Ok(text) => read_yaml(&text).ok().filter(Value::is_object).ok_or_else(problem),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(json!({})),
        Err(error) => Err(problem().caused_by(error)),
    }
}

/// Returns the HTTP repositories of the chart's dependencies, in order. Registries (`oci://`), directories (`file://`)
/// and names (`@name`, `alias:name`) need no entry or cannot have one.
fn urls(chart: &Path, root: &Root) -> Result<Vec<String>, Problem> {
    let mut urls = Vec::new();
    for (_, dependency) in dependencies(chart, root)? {
        let Some(url) = dependency["repository"].as_str() else { continue };
        if (url.starts_with("https://") || url.starts_with("http://"))
            && !urls.iter().any(|known| known == url)
        {
            urls.push(url.to_owned());
        }
    }
    Ok(urls)
}

fn read_yaml(text: &str) -> Result<Value, serde_yaml::Error> {
    serde_yaml::from_str(text)
}

/// Writes a configuration, which may hold credentials, for our eyes only.
fn store(scratch: &Path, config: &Value) -> Result<PathBuf, Problem> {
    let path = scratch.join("repositories.yaml");
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(config.to_string().as_bytes()));
    match written {
        Ok(()) => Ok(path),
        Err(error) => Err(Problem::new(Exit::FAILURE, "cannot write a temporary file").caused_by(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_those_with_a_url_each_once() {
        let chart = tempfile::tempdir().unwrap();
        let dir = chart.path().canonicalize().unwrap();
        let root = Root::find(&dir, None).unwrap();
        let text = "name: catalog\ndependencies:\n\
            - {name: a, repository: https://charts.example.com/stable}\n\
            - {name: b, repository: https://charts.example.com/stable}\n\
            - {name: c, repository: 'oci://registry.example.com/charts'}\n\
            - {name: d, repository: 'file://../d'}\n\
            - {name: e, repository: '@named'}\n\
            - {name: f}\n";
        fs::write(chart.path().join("Chart.yaml"), text).unwrap();
        fs::write(
            chart.path().join("requirements.yaml"),
            "dependencies: [{repository: http://old.example.com}]",
        )
        .unwrap();
        assert_eq!(
            urls(&dir, &root).unwrap(),
            ["https://charts.example.com/stable", "http://old.example.com"]
        );
        let config = with_urls(json!({}), urls(&dir, &root).unwrap(), true);
        assert_eq!(
            config["repositories"][0],
            json!({"name": "https:--charts.example.com-stable", "url": "https://charts.example.com/stable", "pass_credentials_all": true})
        );
    }

    #[test]
    fn a_chart_that_cannot_be_read_is_a_problem() {
        let chart = tempfile::tempdir().unwrap();
        let dir = chart.path().canonicalize().unwrap();
        fs::write(chart.path().join("Chart.yaml"), "a: [").unwrap();
        assert_eq!(
            urls(&dir, &Root::find(&dir, None).unwrap()).unwrap_err().location.unwrap().file.unwrap(),
            "Chart.yaml"
        );
    }

    #[test]
    fn dependencies_are_charts_of_the_repository() {
        let temp = tempfile::tempdir().unwrap();
        let repo = temp.path().canonicalize().unwrap().join("repo");
        for dir in ["apps/a", "lib/s", "lib/t"] {
            fs::create_dir_all(repo.join(dir)).unwrap();
        }
        let (app, root) = (repo.join("apps/a"), Root::find(&repo.join("apps/a"), Some("apps/a")).unwrap());
        let named = |url: &str| format!("dependencies: [{{name: s, repository: '{url}'}}]\n");
        fs::write(app.join("Chart.yaml"), named("file://../../lib/s")).unwrap();
        fs::write(repo.join("lib/s/requirements.yaml"), named("file://../t")).unwrap();
        assert_eq!(charts(&app, &root).unwrap(), [app.clone(), repo.join("lib/s"), repo.join("lib/t")]);
        for (file, text) in [
            ("apps/a/Chart.lock", named("file:///etc")),
            ("apps/a/Chart.lock", named("file://../../../out")),
            ("apps/a/requirements.lock", named("FILE:///etc")),
            ("lib/t/Chart.yaml", named("file://../../../out")),
            ("lib/t/Chart.yaml", "Dependencies: [{Name: s, Repository: file:///etc}]".to_owned()),
            ("lib/t/Chart.yaml", "dependencies: [{name: ../../x}]".to_owned()),
        ] {
            fs::write(repo.join(file), &text).unwrap();
            let problems = charts(&app, &root).unwrap_err();
            let place = problems.iter().next().unwrap().location.clone().unwrap();
            assert_eq!((problems.iter().count(), place.to_string().as_str()), (1, file), "{text}");
            fs::remove_file(repo.join(file)).unwrap();
        }
    }
}
