//! Rendering with `helm template`, in the way of Argo CD's own Helm source: `util/helm/cmd.go` and `helmTemplate` in
//! `reposerver/repository/repository.go`.
//!
//! The values go to Helm through its stdin, so that they are in no argument list and in no file. Parameters are
//! arguments (`--set`), as in Argo CD, because their syntax is Helm's own: what is secret belongs into values.
//!
//! Everything that Helm writes goes to a directory of the run's own: its caches, so that runs do not meet in them, and
//! the charts that it fetches, so that the app's directory stays as it is.

mod dependencies;
mod twice;
mod value_files;

use std::{env, ffi::OsString, path::Path, time::Instant};

use serde_json::Value;
use walkdir::WalkDir;

use super::{
    Made, Request,
    native::{self, api_versions, expand, kube_version},
    process::Call,
    redact::Secrets,
    scratch::Scratch,
};
use crate::{
    error::{Problems, Result},
    manifest::Source,
};

/// Renders the chart in the app's directory. All that is wrong with the options is reported before Helm is run.
pub(super) fn render(request: &Request<'_>) -> Result<Made> {
    let started = Instant::now();
    let args = arguments(request)?;
    let values = values(request);
    let secrets = secrets(request);
    let scratch = Scratch::new()?;
    let template = Call {
        tool: &request.tools.helm,
        verb: "template",
        args,
        env: environment(scratch.path()),
        dir: request.dir,
        stdin: values.as_deref(),
        guard: request.tools.guard.as_deref(),
        scratch: scratch.path(),
        secrets: &secrets,
        roots: vec![request.root.path()],
    };
    let mut output = template.output(request.deadline)?;
    let built;
    let template = if dependencies::are_missing(&output) {
        built = scratch.copy(request.root, request.dir)?;
        let template = dependencies::build(&template, request, &scratch, &built)?;
        output = template.output(request.deadline)?;
        template
    } else {
        template
    };
    if !output.status.success() {
        return Err(template.failed(&output).into());
    }
    let first = Source { name: "helm template".into(), bytes: output.stdout, validate: false };
    let mut again = Vec::new();
    if started.elapsed() < request.deadline.remaining() {
        let copy = || match template.dir {
            dir if dir == request.dir => Some(scratch.copy(request.root, dir).ok()?.dir),
            dir => Some(dir.to_owned()),
        };
        again.extend(twice::render_again(&first.bytes, &template, copy, request.deadline));
    }
    Ok(Made { again, ..vec![first].into() })
}

/// The arguments of Argo CD's own call, in its order.
fn arguments(request: &Request<'_>) -> Result<Vec<OsString>> {
    let Request { app, dir, root, .. } = *request;
    let options = &request.settings.helm;
    let mut problems = Problems::default();
    let mut args: Vec<OsString> = vec!["template".into(), ".".into()];
    let mut option = |name: &str, value: OsString| args.extend([name.into(), value]);

    // Without a name Helm has one of its own: on a laptop there is no Application.
    if let Some(name) = options.release_name.as_deref().or_else(|| app.short_name()) {
        option("--name-template", name.into());
    }
    if let Some(namespace) = options.namespace.as_deref().or(app.namespace.as_deref()) {
        option("--namespace", namespace.into());
    }
    if let Some(version) = problems.collect(kube_version(options.kube_version.as_deref(), app)).flatten() {
        option("--kube-version", version.into());
    }
    for (name, value) in &options.parameters {
        option("--set", assignment(name, &expand(value, app)));
    }
    for (name, value) in &options.string_parameters {
        option("--set-string", assignment(name, &expand(value, app)));
    }
    for (name, path) in &options.file_parameters {
        if let Some(file) = problems.collect(value_files::parameter(path, request)) {
            option("--set-file", assignment(name, &file));
        }
    }
    if let Some(files) = problems.collect(value_files::resolve(request)) {
        for file in files {
            option("--values", file);
        }
    }
    if options.values_object.is_some() || options.values.is_some() {
        option("--values", "-".into());
    }
    for version in api_versions(&options.api_versions, app) {
        option("--api-versions", version.into());
    }
    let flags = [
        (!options.skip_crds, "--include-crds"),
        (options.skip_schema_validation, "--skip-schema-validation"),
        (options.skip_tests, "--skip-tests"),
    ];
    args.extend(flags.iter().filter(|(on, _)| *on).map(|(_, flag)| flag.into()));

    // Helm reads what the chart's links lead to and does not ask where that is.
    let files = WalkDir::new(dir).into_iter().filter_entry(|entry| entry.file_name() != ".git");
    // A link to nowhere leads to nothing: Helm fails if it needs it, and `.helmignore` may leave it out.
    let leads = |entry: &walkdir::DirEntry| entry.path_is_symlink() && entry.path().exists();
    for link in files.flatten().filter(leads) {
        problems.collect(root.check(link.path()));
    }
    problems.or(args)
}

/// `name=value` for `--set` and its like. Commas are part of the value unless they are escaped already or the value is
/// a list in braces (`cleanSetParameters`).
fn assignment(name: &str, value: &str) -> OsString {
    let mut assignment = format!("{name}=");
    if value.starts_with('{') && value.ends_with('}') {
        assignment.push_str(value);
    } else {
        let mut before = None;
        for c in value.chars() {
            if c == ',' && before != Some('\\') {
                assignment.push('\\');
            }
            assignment.push(c);
            before = Some(c);
        }
    }
    assignment.into()
}

/// The values that win over all files, for Helm's stdin.
fn values(request: &Request<'_>) -> Option<Vec<u8>> {
    let options = &request.settings.helm;
    match (&options.values_object, &options.values) {
        (Some(values), _) => Some(Value::Object(values.clone()).to_string().into_bytes()),
        (None, Some(values)) => Some(values.clone().into_bytes()),
        (None, None) => None,
    }
}

/// What Helm is given and must not be shown.
fn secrets(request: &Request<'_>) -> Secrets {
    let options = &request.settings.helm;
    let mut secrets = native::secrets(request);
    for value in options.parameters.values().chain(options.string_parameters.values()) {
        secrets.add(&expand(value, request.app));
    }
    if let Some(values) = &options.values {
        secrets.add_yaml(values);
    }
    if let Some(values) = &options.values_object {
        values.values().for_each(|value| secrets.add_document(value));
    }
    let names = [&options.release_name, &options.namespace];
    names.into_iter().flatten().for_each(|name| secrets.publish(name));
    secrets
}

/// Where Helm keeps what it writes: in `scratch`, unless the platform says otherwise.
fn environment(scratch: &Path) -> Vec<(&'static str, OsString)> {
    [("HELM_CACHE_HOME", "cache"), ("HELM_CONFIG_HOME", "config"), ("HELM_DATA_HOME", "data")]
        .into_iter()
        .filter(|(name, _)| env::var_os(name).is_none())
        .map(|(name, dir)| (name, scratch.join(dir).into()))
        .chain([("TMPDIR", scratch.into())])
        .collect()
}

#[cfg(test)]
mod tests;
