//! The shipped examples, with the Applications that they come with, through every renderer.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use e2e::scenario::Scenario;
use k8s_openapi::serde_json::Value;
use serde::Deserialize as _;

use crate::{HOOK, ROOT};

pub(crate) async fn directory(scenario: &Scenario) -> Result<()> {
    example(scenario, "directory").await
}

pub(crate) async fn handlebars(scenario: &Scenario) -> Result<()> {
    example(scenario, "handlebars").await
}

pub(crate) async fn helm(scenario: &Scenario) -> Result<()> {
    example(scenario, "helm").await
}

pub(crate) async fn kustomize(scenario: &Scenario) -> Result<()> {
    example(scenario, "kustomize").await
}

/// Deploys one example as its Applications say, in dev and in production. The environment comes from their names.
async fn example(scenario: &Scenario, renderer: &str) -> Result<()> {
    for environment in ["dev", "production"] {
        let example = Path::new(ROOT).join("examples").join(renderer);
        let manifest = fs::read_to_string(example.join("applications.yaml"))?;
        let name = format!("catalog-{environment}");
        let applications = serde_yaml::Deserializer::from_str(&manifest).map(Value::deserialize);
        let application = applications.collect::<Result<Vec<_>, _>>()?.into_iter();
        let mut named = application.filter(|application| application["metadata"]["name"] == *name);
        let application = named.next().with_context(|| format!("no Application is called {name}"))?;

        let source = &application["spec"]["source"];
        let path = source["path"].as_str().context("the example has no path")?;
        let mut app = scenario.app(environment).path(path).plugin(source["plugin"].clone()).automated(true);
        if renderer == "kustomize" {
            // Its overlays name a namespace, and here each scenario has its own.
            let namespace = format!("{}-{environment}", scenario.name());
            app = app.presync(&[("kustomize.namespace", &namespace)]);
        }
        // The Secret that the example's README says is not part of it.
        app = app.secret("catalog-database", "url", "postgres://catalog");
        for file in files(&example)? {
            let from_path = relative(&file, &Path::new(ROOT).join(path))?;
            app = app.file(&from_path, fs::read_to_string(&file)?);
        }
        scenario.create(app).await?;
    }
    for app in scenario.apps().await {
        let since = app.at_rest().await?;
        let jobs = app.migrations.all();
        let [job] = jobs.as_slice() else { bail!("exactly one Job:\n{}", app.migrations) };
        ensure!(job.runs.len() == 1, "exactly one run:\n{}", app.migrations);
        ensure!(job.annotation(HOOK).is_some(), "a hook:\n{}", app.migrations);
        let ttl = if app.name().ends_with("dev") { Some(300) } else { None };
        ensure!(job.ttl() == ttl, "{}: the TTL is {:?}", app.name(), job.ttl());
        app.history.ensure_at_rest_since(since)?;
    }
    Ok(())
}

pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

/// The way from `folder` to `file`.
fn relative(file: &Path, folder: &Path) -> Result<String> {
    let up =
        folder.ancestors().position(|ancestor| file.starts_with(ancestor)).context("no common folder")?;
    let common = folder.ancestors().nth(up).context("no common folder")?;
    let down = file.strip_prefix(common)?.to_str().context("a path that is not UTF-8")?;
    Ok("../".repeat(up) + down)
}
