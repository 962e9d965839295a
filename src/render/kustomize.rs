//! Rendering with `kustomize build`, in the way of Argo CD's own Kustomize source: `util/kustomize/kustomize.go`.
//!
//! Argo CD writes an Application's options into the checkout with `kustomize edit` and builds that. So do we, in a copy:
//! the order and the conflicts with what the kustomization says itself are then kustomize's own. An overlay around the
//! app would leave it alone too, but add to a prefix where an edit replaces it, and see other names and hashes.
//!
//! Charts that kustomize pulls go into the copy as well.

mod affixes;
mod charts;
mod edit;
mod flags;
mod remote;
mod tree;

use std::{ffi::OsString, path::Path};

use serde_json::Value;

use self::tree::Tree;
use super::{
    Made, Request,
    helm::{chart::Charts, schema},
    native::{self, api_versions, kube_version},
    process::Call,
    redact::Secrets,
    scratch::{Copy, Scratch},
};
use crate::{
    error::{Problems, Result},
    manifest::Source,
};

/// Renders the kustomization in the app's directory. All that is wrong with the options and with what the kustomization
/// names is reported before kustomize is run.
pub(super) fn render(request: &Request<'_>) -> Result<Made> {
    let mut problems = Problems::default();
    let tree = problems.collect(Tree::check(request));
    let uses_charts = tree.as_ref().is_some_and(|tree| tree.uses_charts);
    let flags = problems.collect(build_flags(request, uses_charts));
    let edits = problems.collect(edit::commands(request));
    let (Some(mut tree), Some(flags), Some(edits)) = (tree, flags, edits) else { return Err(problems) };
    if flags.enable_helm || flags.unrestricted {
        tree.opaque(flags.enable_helm)?;
    }

    let secrets = secrets(request);
    let scratch = Scratch::new(request.tools.watchdog.as_deref())?;
    let build = Call {
        tool: &request.tools.kustomize,
        verb: "build",
        args: ["build", "."].into_iter().map(OsString::from).chain(flags.args).collect(),
        env: native::environment(request, &scratch),
        dir: request.dir,
        stdin: None,
        scratch: &scratch,
        secrets: &secrets,
        roots: vec![request.root.path()],
    };
    let edited = !edits.is_empty() || !request.settings.kustomize.patches.is_empty();
    let bytes = if edited || flags.enable_helm {
        let copy = copy(request, &tree, &scratch)?;
        let build = Call { dir: &copy.dir, roots: vec![&copy.root, request.root.path()], ..build };
        if edited {
            edit::apply(edits, &build, request)?;
        }
        if flags.enable_helm {
            check_schemas(request, &copy)?;
        }
        let result = build.stdout(request.deadline);
        if flags.enable_helm {
            // Of charts that were fetched: what came of them is not shown if they may not be used.
            check_schemas(request, &copy)?;
        }
        result?
    } else {
        build.stdout(request.deadline)?
    };
    let sources = vec![Source { name: "kustomize build".into(), bytes, validate: false }];
    Ok(Made { affixes: affixes::read(request.dir, request.root), ..sources.into() })
}

/// Returns a copy of all that the kustomization is made of. A link out of the repository is left out: if anything names
/// it, that was a problem before; in a chart it is one, for Helm reads all of a chart.
fn copy(request: &Request<'_>, tree: &Tree, scratch: &Scratch) -> Result<Copy> {
    let charts = Charts::new(&tree.charts, request.root)?;
    let all = tree.roots.iter().chain(&tree.others).chain(&tree.charts);
    let dirs: Vec<&Path> = all.map(std::path::PathBuf::as_path).collect();
    scratch.copy(request.root, &dirs, request.deadline, &|path| {
        charts.ignore(path) != Some(false) && request.root.check(path).is_err()
    })
}

/// Refuses charts whose schemas refer to more than themselves: kustomize cannot tell Helm not to use them.
fn check_schemas(request: &Request<'_>, copy: &Copy) -> Result<()> {
    match schema::check(&copy.root, &copy.root)? {
        Some(reference) if !request.settings.allow.remote_values => Err(reference.refused().into()),
        _ => Ok(()),
    }
}

/// The flags of `kustomize build`.
struct BuildFlags {
    args: Vec<OsString>,
    /// Charts are rendered.
    enable_helm: bool,
    /// kustomize may read files outside a kustomization's directory.
    unrestricted: bool,
}

/// Returns the flags that are set, and for charts the cluster's version and our Helm. Without a chart in the repository
/// Helm stays off, so that a remote base can have none.
fn build_flags(request: &Request<'_>, uses_charts: bool) -> Result<BuildFlags> {
    let options = &request.settings.kustomize;
    let flags = flags::check(&options.build_options, request.settings.allow.kustomize_helm)?;
    let enable_helm = flags.enable_helm && uses_charts;
    let is_kept = |word: &&String| enable_helm || word.split('=').next() != Some(flags::ENABLE_HELM);
    let mut args: Vec<OsString> = flags.words.iter().filter(is_kept).map(OsString::from).collect();
    if enable_helm {
        if !flags.helm_command {
            args.extend(["--helm-command".into(), request.tools.helm.program()]);
        }
        if let Some(version) = kube_version(options.kube_version.as_deref(), request.app)? {
            args.extend(["--helm-kube-version".into(), version.into()]);
        }
        for version in api_versions(&options.api_versions, request.app) {
            args.extend(["--helm-api-versions".into(), version.into()]);
        }
    }
    Ok(BuildFlags { args, enable_helm, unrestricted: flags.unrestricted })
}

/// Returns what kustomize is given and must not be shown: not the words of a patch by which it finds its target, which
/// its messages are about.
fn secrets(request: &Request<'_>) -> Secrets {
    let mut secrets = native::secrets(request);
    for patch in request.settings.kustomize.patches.iter().filter_map(|patch| patch["patch"].as_str()) {
        match serde_yaml::from_str(patch) {
            Ok(Value::Array(operations)) => {
                for operation in &operations {
                    secrets.add_document(&operation["value"]);
                }
            }
            Ok(Value::Object(fields)) => {
                let names = ["apiVersion", "kind", "metadata"];
                for (_, value) in fields.iter().filter(|(name, _)| !names.contains(&name.as_str())) {
                    secrets.add_document(value);
                }
            }
            _ => secrets.add_yaml(patch),
        }
    }
    secrets
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        argocd::App,
        render::{Deadline, Root, Tools},
        settings::{KustomizeOptions, Layer, Settings, Sourced},
    };

    fn with<T>(kustomize: KustomizeOptions, use_it: impl Fn(&Request<'_>) -> T) -> T {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().canonicalize().unwrap();
        use_it(&Request {
            dir: &dir,
            root: &Root::find(&dir, Some(".")).unwrap(),
            settings: &Settings { kustomize, ..Settings::default() },
            app: &App {
                name: Some("catalog".into()),
                kube_version: Some("1.34.2".into()),
                api_versions: vec!["v1".into()],
                env: [("TOKEN".to_owned(), "swordfish".to_owned())].into(),
                ..App::default()
            },
            tools: &Tools::default(),
            deadline: Deadline::after(std::time::Duration::from_secs(9)),
        })
    }

    fn flags(words: &[&str], layer: Layer) -> Vec<String> {
        let set = Sourced::built_in(words.iter().map(ToString::to_string).collect());
        let options =
            KustomizeOptions { build_options: Sourced { layer, ..set }, ..KustomizeOptions::default() };
        let flags = with(options, |request| build_flags(request, true)).unwrap();
        flags.args.into_iter().map(|flag| flag.into_string().unwrap()).collect()
    }

    #[test]
    fn a_build_with_charts_gets_our_helm_and_the_cluster() {
        assert_eq!(
            flags(&["--enable-helm", "--helm-debug"], Layer::Flag).join(" "),
            "--enable-helm --helm-debug --helm-command helm --helm-kube-version 1.34.2 --helm-api-versions v1"
        );
        assert_eq!(
            flags(&["--enable-helm --helm-command=other"], Layer::Platform).join(" "),
            "--enable-helm --helm-command=other --helm-kube-version 1.34.2 --helm-api-versions v1"
        );
    }

    #[test]
    fn without_a_chart_in_the_repository_helm_stays_off() {
        let build_options = Sourced {
            layer: Layer::Platform,
            ..Sourced::built_in(vec!["--enable-helm".into(), "--stack-trace".into()])
        };
        let options = KustomizeOptions { build_options, ..KustomizeOptions::default() };
        let flags = with(options, |request| build_flags(request, false)).unwrap();
        assert!(!flags.enable_helm && flags.args == ["--stack-trace"]);
    }

    #[test]
    fn a_build_without_charts_gets_nothing_more() {
        assert!(flags(&[], Layer::BuiltIn).is_empty());
        assert_eq!(flags(&["--stack-trace"], Layer::Parameter), ["--stack-trace"]);
    }

    #[test]
    fn what_a_patch_sets_is_held_back_and_what_it_is_about_is_not() {
        let patches = vec![
            json!({"patch": "- {op: add, path: /data/key, value: {x: from-operation}}"}),
            json!({"patch": "kind: ConfigMap\nmetadata: {name: settings}\ndata: {key: from-merge}"}),
            json!({"patch": "data: [broken-patch"}),
            json!({"path": "patch.yaml"}),
        ];
        let text =
            "ConfigMap settings /data/key patch.yaml: from-operation from-merge broken-patch swordfish";
        let shown = with(KustomizeOptions { patches, ..KustomizeOptions::default() }, |request| {
            secrets(request).redact(text)
        });
        assert_eq!(
            shown,
            "ConfigMap settings /data/key patch.yaml: [redacted] [redacted] [redacted] [redacted]"
        );
    }
}
