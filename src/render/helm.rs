//! Rendering with `helm template`, in the way of Argo CD's own Helm source: `util/helm/cmd.go` and `helmTemplate` in
//! `reposerver/repository/repository.go`.
//!
//! The values go to Helm through its stdin, so that they are in no argument list and in no file. Parameters are
//! arguments (`--set`), as in Argo CD, because their syntax is Helm's own: what is secret belongs into values.
//!
//! Everything that Helm writes goes to a directory of the run's own: its caches, so that runs do not meet in them, and
//! the charts that it fetches, so that the app's directory stays as it is.
//!
//! Helm follows links wherever they lead. So a chart with links is rendered from a copy in which none leads out.

mod assignment;
pub(super) mod chart;
mod dependencies;
mod ignore;
pub(super) mod schema;
mod twice;
mod value_files;

use std::{ffi::OsString, path::Path, time::Instant};

use serde_json::Value;

use super::{
    Made, Request,
    native::{self, api_versions, expand, kube_version},
    process::Call,
    redact::Secrets,
    scratch::Scratch,
};
use crate::{
    error::{Problem, Problems, Result},
    exit::Exit,
    manifest::Source,
};

/// Renders the chart in the app's directory. All that is wrong with the options is reported before Helm is run.
pub(super) fn render(request: &Request<'_>) -> Result<Made> {
    let started = Instant::now();
    let args = arguments(request)?;
    let needs_copy = chart::needs_copy(request.dir);
    let values = values(request);
    let secrets = secrets(request);
    let scratch = Scratch::new(request.tools.watchdog.as_deref())?;
    let copy = needs_copy.then(|| chart::copy(request, &scratch, &[request.dir.to_owned()])).transpose()?;
    let (dir, root) =
        copy.as_ref().map_or((request.dir, request.root.path()), |copy| (&copy.dir, &copy.root));
    let mut schemas = Schemas::default();
    let mut template = Call {
        tool: &request.tools.helm,
        verb: "template",
        args,
        env: native::environment(request, &scratch),
        dir,
        stdin: values.as_deref(),
        scratch: &scratch,
        secrets: &secrets,
        roots: copy.iter().map(|copy| copy.root.as_path()).chain([request.root.path()]).collect(),
    };
    schemas.check(copy.as_ref().map_or(dir, |copy| &copy.root), root, request, &mut template)?;
    let mut output = template.output(request.deadline)?;
    let built;
    if dependencies::are_missing(&output) {
        built = dependencies::copy(request, &scratch)?;
        template = dependencies::build(&template, request, &scratch, &built)?;
        schemas.check(&built.root, &built.root, request, &mut template)?;
        output = template.output(request.deadline)?;
    }
    if !output.status.success() {
        return Err(template.failed(&output).into());
    }
    let first = Source { name: "helm template".into(), bytes: output.stdout, validate: false };
    let mut again = Vec::new();
    if started.elapsed() < request.deadline.remaining() {
        let copy = || match template.dir {
            dir if dir == request.dir => Some(chart::copy(request, &scratch, &[dir.to_owned()]).ok()?.dir),
            dir => Some(dir.to_owned()),
        };
        again.extend(twice::render_again(&first.bytes, &template, copy, request.deadline));
    }
    Ok(Made { again, warnings: schemas.warnings, ..vec![first].into() })
}

/// What was found in the chart's schemas.
#[derive(Debug, Default)]
struct Schemas {
    warnings: Vec<Problem>,
}

impl Schemas {
    /// Checks the schemas in `dir` before Helm reads them, and lets it leave them out where they refer to another host.
    fn check(
        &mut self,
        dir: &Path,
        root: &Path,
        request: &Request<'_>,
        template: &mut Call<'_>,
    ) -> Result<()> {
        let settings = request.settings;
        if settings.helm.skip_schema_validation || !self.warnings.is_empty() {
            return Ok(());
        }
        if let Some(remote) = schema::check(dir, root)?.filter(|_| !settings.allow.remote_values) {
            template.args.push(SKIP_SCHEMAS.into());
            self.warnings.push(remote.unused());
        }
        Ok(())
    }
}

/// Helm 3.16 and later read no schema then.
const SKIP_SCHEMAS: &str = "--skip-schema-validation";

/// Returns the arguments of Argo CD's own call, in its order.
fn arguments(request: &Request<'_>) -> Result<Vec<OsString>> {
    let app = request.app;
    let options = &request.settings.helm;
    let mut problems = Problems::default();
    let mut args: Vec<OsString> = vec!["template".into(), ".".into()];
    let mut option = |name: &str, value: OsString| args.extend([name.into(), value]);

    // Without a name Helm has one of its own: on a laptop there is no Application.
    if let Some(name) = options.release_name.as_deref().or_else(|| app.short_name())
        && let Some(name) = problems.collect(release_name(name))
    {
        option("--name-template", name.into());
    }
    if let Some(namespace) = options.namespace.as_deref().or(app.namespace.as_deref()) {
        option("--namespace", namespace.into());
    }
    if let Some(version) = problems.collect(kube_version(options.kube_version.as_deref(), app)).flatten() {
        option("--kube-version", version.into());
    }
    let parameters = [
        ("--set", "helm.parameters", &options.parameters),
        ("--set-string", "helm.stringParameters", &options.string_parameters),
    ];
    for (flag, setting, parameters) in parameters {
        for (name, value) in parameters {
            if let Some(name) = problems.collect(assignment::name(name, setting)) {
                option(flag, format!("{name}={}", assignment::value(&expand(value, app))).into());
            }
        }
    }
    for (name, path) in &options.file_parameters {
        let name = problems.collect(assignment::name(name, "helm.fileParameters"));
        let file = problems.collect(value_files::parameter(path, request));
        if let (Some(name), Some(file)) = (name, file) {
            option("--set-file", format!("{name}={}", assignment::path(&file)).into());
        }
    }
    if let Some(files) = problems.collect(value_files::resolve(request)) {
        for file in files {
            option("--values", assignment::field(&file).into());
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
        (options.skip_schema_validation, SKIP_SCHEMAS),
        (options.skip_tests, "--skip-tests"),
    ];
    args.extend(flags.iter().filter(|(on, _)| *on).map(|(_, flag)| flag.into()));
    problems.or(args)
}

/// Returns the release's name, if it is one (`ValidateReleaseName`): for `--name-template` it is a template, and `env`
/// in it reads the environment.
pub(in crate::render) fn release_name(name: &str) -> Result<&str, Problem> {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.split('.').all(is_label) {
        return Ok(name);
    }
    Err(Problem::new(Exit::SETTINGS, format!("`{}` is not a release name", name.escape_debug())).hint(
        "use lower-case letters, digits, `-` and `.`, at most 53 characters; a template is not allowed",
    ))
}

/// Returns the values that win over all files, for Helm's stdin.
fn values(request: &Request<'_>) -> Option<Vec<u8>> {
    let options = &request.settings.helm;
    match (&options.values_object, &options.values) {
        (Some(values), _) => Some(Value::Object(values.clone()).to_string().into_bytes()),
        (None, Some(values)) => Some(values.clone().into_bytes()),
        (None, None) => None,
    }
}

/// Returns what Helm is given and must not be shown.
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

#[cfg(test)]
mod tests;
