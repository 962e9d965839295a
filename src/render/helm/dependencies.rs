//! Charts that the app's chart depends on and that are not in its `charts/`.

use std::{
    env, fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    error::{Location, Problem, Result},
    exit::Exit,
    render::{
        Request,
        process::{Call, Output},
        scratch::{Copy, Scratch},
    },
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
    let repositories = repositories(request.dir, request.settings.helm.pass_credentials)?;
    template.env.push(("HELM_REPOSITORY_CONFIG", store(scratch.path(), &repositories)?.into()));
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

/// Helm's repository configuration: the platform's, and the repositories that the chart names by URL and that Helm
/// would refuse to build from a lock file without.
///
/// Argo CD's own source runs `helm repo add` for each, which fetches each index once more.
fn repositories(chart: &Path, pass_credentials: bool) -> Result<Value, Problem> {
    let mut config = platform_config()?;
    let mut entries = match config["repositories"].take() {
        Value::Array(entries) => entries,
        _ => Vec::new(),
    };
    for url in urls(chart)? {
        if !entries.iter().any(|entry| entry["url"] == url.as_str()) {
            // A repository's name is part of a file name.
            entries.push(
                json!({"name": url.replace('/', "-"), "url": url, "pass_credentials_all": pass_credentials}),
            );
        }
    }
    config["repositories"] = entries.into();
    Ok(config)
}

/// The configuration that the platform gave Helm, if it did.
fn platform_config() -> Result<Value, Problem> {
    let path = match (env::var_os("HELM_REPOSITORY_CONFIG"), env::var_os("HELM_CONFIG_HOME")) {
        (Some(file), _) => PathBuf::from(file),
        (None, Some(home)) => PathBuf::from(home).join("repositories.yaml"),
        (None, None) => return Ok(json!({})),
    };
    match fs::read_to_string(&path) {
        Ok(text) => match read_yaml(&text) {
            Ok(config) if config.is_object() => Ok(config),
            _ => Err(Problem::new(Exit::FAILURE, "cannot read Helm's repository configuration")
                .at(Location::file(path.display().to_string()))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(json!({})),
        Err(error) => Err(Problem::new(Exit::FAILURE, "cannot read Helm's repository configuration")
            .at(Location::file(path.display().to_string()))
            .caused_by(error)),
    }
}

/// The HTTP repositories of the chart's dependencies, in order. Registries (`oci://`), directories (`file://`) and names
/// (`@name`, `alias:name`) need no entry or cannot have one.
fn urls(chart: &Path) -> Result<Vec<String>, Problem> {
    let mut urls = Vec::new();
    for name in ["Chart.yaml", "requirements.yaml"] {
        let Ok(text) = fs::read_to_string(chart.join(name)) else { continue };
        let document = read_yaml(&text).map_err(|error| {
            Problem::new(Exit::RENDER, "cannot read the chart's dependencies")
                .at(Location::file(name))
                .caused_by(error)
        })?;
        let named = document["dependencies"].as_array().into_iter().flatten();
        for url in named.filter_map(|dependency| dependency["repository"].as_str()) {
            if (url.starts_with("https://") || url.starts_with("http://"))
                && !urls.iter().any(|known| known == url)
            {
                urls.push(url.to_owned());
            }
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
            urls(chart.path()).unwrap(),
            ["https://charts.example.com/stable", "http://old.example.com"]
        );
        let config = repositories(chart.path(), true).unwrap();
        assert_eq!(
            config["repositories"][0],
            json!({"name": "https:--charts.example.com-stable", "url": "https://charts.example.com/stable", "pass_credentials_all": true})
        );
    }

    #[test]
    fn a_chart_that_cannot_be_read_is_a_problem() {
        let chart = tempfile::tempdir().unwrap();
        fs::write(chart.path().join("Chart.yaml"), "a: [").unwrap();
        assert_eq!(urls(chart.path()).unwrap_err().location.unwrap().file.unwrap(), "Chart.yaml");
    }
}
