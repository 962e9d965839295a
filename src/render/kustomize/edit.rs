//! An Application's options, written into a copy of its kustomization.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Map, Value};

use crate::{
    error::{Location, Problem, Problems, Result},
    exit::Exit,
    manifest::{Manifests, ObjectId, Source},
    render::{Request, native::expand, process::Call},
};

/// The names of a kustomization file, as kustomize looks for them.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The arguments of the `kustomize edit` commands that Argo CD would run, in its order.
///
/// A component that leaves the repository is a problem; one that does not exist is left to kustomize, for it may be
/// remote, or is skipped if the options say so.
pub(super) fn commands(request: &Request<'_>) -> Result<Vec<Vec<String>>> {
    let options = &request.settings.kustomize;
    let expand = |text: &str| expand(text, request.app);
    let mut commands = Vec::new();
    let mut edit = |verb: &str, flags: &[(bool, &str)], operands: Vec<String>| {
        if !operands.is_empty() {
            let flags = flags.iter().filter(|(on, _)| *on).map(|(_, flag)| *flag);
            let words = ["edit"].into_iter().chain(verb.split(' ')).chain(flags).chain(["--"]);
            commands.push(words.map(str::to_owned).chain(operands).collect());
        }
    };
    let one = |value: &Option<String>| value.iter().filter(|value| !value.is_empty()).cloned().collect();
    edit("set nameprefix", &[], one(&options.name_prefix));
    edit("set namesuffix", &[], one(&options.name_suffix));
    edit("set image", &[], options.images.iter().map(|image| expand(image)).collect());
    edit(
        "set replicas",
        &[],
        options.replicas.iter().map(|(name, count)| format!("{name}={count}")).collect(),
    );
    let labels = |labels: &BTreeMap<String, String>| {
        labels.iter().map(|(name, value)| format!("{name}:{}", expand(value))).collect()
    };
    edit(
        "add label",
        &[
            (options.force_common_labels, "--force"),
            (options.label_without_selector, "--without-selector"),
            (options.label_include_templates, "--include-templates"),
        ],
        labels(&options.common_labels),
    );
    edit(
        "add label",
        &[(options.force_common_labels, "--force"), (true, "--without-selector")],
        labels(&options.labels),
    );
    let annotation =
        |value: &String| if options.common_annotations_envsubst { expand(value) } else { value.clone() };
    edit(
        "add annotation",
        &[(options.force_common_annotations, "--force")],
        options
            .common_annotations
            .iter()
            .map(|(name, value)| format!("{name}:{}", annotation(value)))
            .collect(),
    );
    edit("set namespace", &[], one(&options.namespace));
    edit("add component", &[], components(request)?);
    Ok(commands)
}

/// The components that are added. No path of a component or patch may leave the repository.
fn components(request: &Request<'_>) -> Result<Vec<String>> {
    let options = &request.settings.kustomize;
    let mut problems = Problems::default();
    let mut components = Vec::new();
    for path in options.patches.iter().filter_map(|patch| patch["path"].as_str()) {
        problems.collect(request.root.resolve_if_exists(request.dir, path));
    }
    for component in &options.components {
        let found = problems.collect(request.root.resolve_if_exists(request.dir, component)).flatten();
        if found.is_some() || !options.ignore_missing_components {
            components.push(component.clone());
        }
    }
    problems.or(components)
}

/// Runs the commands in the copy in which `build` will run, and adds the patches there.
pub(super) fn apply(commands: Vec<Vec<String>>, build: &Call<'_>, request: &Request<'_>) -> Result<()> {
    let file = own_kustomization(build.dir, request)?;
    for command in commands {
        let args = command.into_iter().map(Into::into).collect();
        Call { verb: "edit", args, ..build.clone() }.stdout(request.deadline).map_err(force)?;
    }
    add_patches(&build.dir.join(file), file, &request.settings.kustomize.patches)
}

/// Says what kustomize's advice is called here.
fn force(problem: Problem) -> Problem {
    if problem.source.as_ref().is_some_and(|said| said.to_string().contains("Use --force")) {
        problem.hint("here that is `kustomize.forceCommonLabels` or `kustomize.forceCommonAnnotations`")
    } else {
        problem
    }
}

/// Makes the copy's kustomization a file of its own that can be written, even where the app's is a link, and gives its
/// name.
fn own_kustomization(copy: &Path, request: &Request<'_>) -> Result<&'static str> {
    let file = NAMES.into_iter().find(|name| request.dir.join(name).exists()).ok_or_else(|| {
        Problem::new(Exit::RENDER, "the app's directory holds no kustomization")
            .hint(format!("it needs one of {}", NAMES.join(", ")))
    })?;
    let original = request.root.check(&request.dir.join(file))?;
    let target = copy.join(file);
    let written = fs::read(original).and_then(|text| {
        fs::remove_file(&target)?;
        fs::write(&target, text)
    });
    match written {
        Ok(()) => Ok(file),
        Err(error) => Err(Problem::new(Exit::RENDER, "cannot copy the kustomization")
            .at(Location::file(file))
            .caused_by(error)
            .into()),
    }
}

/// Adds patches to those of the kustomization: kustomize has no command for whole ones, so Argo CD edits the file too.
fn add_patches(path: &Path, name: &str, patches: &[Value]) -> Result<()> {
    if patches.is_empty() {
        return Ok(());
    }
    let problem = |message: &str| Problem::new(Exit::RENDER, message).at(Location::file(name));
    let bytes = fs::read(path).map_err(|error| problem("cannot read the kustomization").caused_by(error))?;
    let manifests = Manifests::read(vec![Source { name: name.to_owned(), bytes, validate: false }])?;
    let mut kustomization = if manifests.is_empty() {
        Value::Object(Map::new())
    } else {
        manifests.object(ObjectId { document: 0, item: None })?.clone()
    };
    let fields = kustomization.as_object_mut().ok_or_else(|| problem("the kustomization is no object"))?;
    match fields.entry("patches").or_insert(Value::Null) {
        Value::Array(own) => own.extend_from_slice(patches),
        none @ Value::Null => *none = patches.into(),
        _ => return Err(problem("`patches` in the kustomization is no list").into()),
    }
    fs::write(path, kustomization.to_string())
        .map_err(|error| problem("cannot write the copy of the kustomization").caused_by(error).into())
}
