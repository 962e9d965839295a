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
pub(super) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Returns the arguments of the `kustomize edit` commands that Argo CD would run, in its order.
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

/// Returns the components that are added. kustomize would take one with `*` for a pattern.
fn components(request: &Request<'_>) -> Result<Vec<String>> {
    let options = &request.settings.kustomize;
    let mut problems = Problems::default();
    let mut components = Vec::new();
    for component in &options.components {
        if component.contains(['*', '?', '[', '\\']) && !component.contains("://") {
            problems.push(
                Problem::new(Exit::SETTINGS, format!("the component `{component}` is a pattern"))
                    .hint("name each directory"),
            );
            continue;
        }
        // One that leads out of the repository is a problem of the tree.
        let found = request.root.resolve_if_exists(request.dir, component).ok().flatten();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        argocd::App,
        render::{Deadline, Root, Tools},
        settings::{KustomizeOptions, Settings},
    };

    fn commands_of(kustomize: KustomizeOptions) -> Result<Vec<String>> {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("debug")).unwrap();
        let dir = temp.path().canonicalize().unwrap();
        let request = Request {
            dir: &dir,
            root: &Root::find(&dir, Some(".")).unwrap(),
            settings: &Settings { kustomize, ..Settings::default() },
            app: &App { name: Some("catalog".into()), ..App::default() },
            tools: &Tools::default(),
            deadline: Deadline::after(std::time::Duration::from_secs(9)),
        };
        Ok(commands(&request)?.into_iter().map(|words| words.join(" ")).collect())
    }

    fn map(name: &str, value: &str) -> BTreeMap<String, String> {
        [(name.to_owned(), value.to_owned())].into()
    }

    #[test]
    fn nothing_set_is_nothing_to_edit() {
        let empty = KustomizeOptions { name_prefix: Some(String::new()), ..KustomizeOptions::default() };
        assert!(commands_of(empty).unwrap().is_empty());
    }

    #[test]
    fn every_option_is_a_command_in_argo_cds_order() {
        let options = KustomizeOptions {
            name_prefix: Some("-p".into()),
            name_suffix: Some("s".into()),
            namespace: Some("n".into()),
            images: vec!["a=b:$ARGOCD_APP_NAME".into(), "c:1".into()],
            replicas: [("web".to_owned(), 2)].into(),
            labels: map("l", "$ARGOCD_APP_NAME"),
            common_labels: map("c", "$$1"),
            common_annotations: map("a", "$ARGOCD_APP_NAME"),
            force_common_labels: true,
            label_without_selector: true,
            components: vec!["debug".into(), "missing".into()],
            ..KustomizeOptions::default()
        };
        assert_eq!(
            commands_of(options.clone()).unwrap(),
            [
                "edit set nameprefix -- -p",
                "edit set namesuffix -- s",
                "edit set image -- a=b:catalog c:1",
                "edit set replicas -- web=2",
                "edit add label --force --without-selector -- c:$1",
                "edit add label --force --without-selector -- l:catalog",
                "edit add annotation -- a:$ARGOCD_APP_NAME",
                "edit set namespace -- n",
                "edit add component -- debug missing",
            ]
        );
        let others = KustomizeOptions {
            common_annotations_envsubst: true,
            force_common_annotations: true,
            label_include_templates: true,
            ignore_missing_components: true,
            ..options
        };
        let commands = commands_of(others).unwrap();
        assert_eq!(commands[4], "edit add label --force --without-selector --include-templates -- c:$1");
        assert_eq!(commands[6], "edit add annotation --force -- a:catalog");
        assert_eq!(commands[8], "edit add component -- debug");
    }

    #[test]
    fn a_component_is_a_directory_and_no_pattern() {
        let options = KustomizeOptions {
            components: vec!["../a".into(), "debug/*".into(), "debug".into()],
            ..KustomizeOptions::default()
        };
        let problems = commands_of(options).unwrap_err();
        let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages, ["the component `debug/*` is a pattern"]);
    }

    fn patched(kustomization: &str) -> Result<Value> {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("kustomization.yaml");
        fs::write(&path, kustomization).unwrap();
        add_patches(&path, "kustomization.yaml", &[serde_json::json!({"path": "new.yaml"})])?;
        Ok(serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
    }

    #[test]
    fn patches_follow_those_that_are_there() {
        let text = "resources: [a.yaml]\nvars: &v {x: yes}\npatches:\n- path: own.yaml\nother: *v\n";
        assert_eq!(
            patched(text).unwrap().to_string(),
            r#"{"resources":["a.yaml"],"vars":{"x":true},"patches":[{"path":"own.yaml"},{"path":"new.yaml"}],"other":{"x":true}}"#,
        );
        for none in ["", "# nothing\n", "patches:\n"] {
            assert_eq!(
                patched(none).unwrap().to_string(),
                r#"{"patches":[{"path":"new.yaml"}]}"#,
                "{none:?}"
            );
        }
    }

    #[test]
    fn a_kustomization_that_cannot_take_patches_is_a_problem() {
        for (text, message) in [
            ("patches: {a: b}\n", "`patches` in the kustomization is no list"),
            ("- a\n", "the kustomization is no object"),
        ] {
            assert_eq!(patched(text).unwrap_err().iter().next().unwrap().message, message);
        }
        assert!(patched("a: [\n").is_err());
    }
}
