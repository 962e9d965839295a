//! The flags of `kustomize build` that an Application may set.
//!
//! In Argo CD they are the operators' (`kustomize.buildOptions` in `argocd-cm`). Here they are a setting like others, so
//! those with which a build reads files outside the repository or runs programs stay the operators': they are taken
//! from the platform file and from the command line alone.

use crate::{
    error::{Problem, Problems, Result},
    exit::Exit,
    settings::{Layer, Sourced},
};

/// With it kustomize runs Helm: for everyone only where the platform allows it (`allow.kustomizeHelm`).
pub(super) const ENABLE_HELM: &str = "--enable-helm";

/// Flags for everyone, and whether a value follows. `--load-restrictor` is only for the value that is the default.
const OPEN: &[(&str, bool)] = &[
    ("--enable-managedby-label", false),
    ("--helm-api-versions", true),
    ("--helm-debug", false),
    ("--helm-kube-version", true),
    ("--load-restrictor", true),
    ("--reorder", true),
    ("--stack-trace", false),
];

/// Flags in their words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// The words, in order.
    pub(super) words: Vec<String>,
    /// Whether charts are rendered.
    pub(super) enable_helm: bool,
    /// Whether the Helm to do it with is named.
    pub(super) helm_command: bool,
    /// Whether files outside a kustomization's directory may be read.
    pub(super) unrestricted: bool,
}

/// Returns the flags, if whoever set them may set them; each that is not allowed is a problem.
pub(super) fn check(set: &Sourced<Vec<String>>, allow_helm: bool) -> Result<Flags> {
    let words: Vec<String> =
        set.value.iter().flat_map(|words| words.split_whitespace()).map(str::to_owned).collect();
    let operator = matches!(set.layer, Layer::BuiltIn | Layer::Platform | Layer::Flag);
    let mut problems = Problems::default();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let (name, value) =
            word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        if word.starts_with("-o") || name == "--output" {
            problems
                .push(problem(&format!("`{name}` would keep the manifests from us"), set).hint("remove it"));
        }
        if operator || (name == ENABLE_HELM && allow_helm) {
            continue;
        }
        let Some((_, takes_value)) = OPEN.iter().find(|(open, _)| *open == name) else {
            problems.push(not_open(name, set));
            continue;
        };
        let value = if *takes_value { value.or_else(|| rest.next().map(String::as_str)) } else { value };
        if name == "--load-restrictor" && value != Some("LoadRestrictionsRootOnly") {
            problems.push(not_open("--load-restrictor LoadRestrictionsNone", set));
        }
    }
    let has = |flag: &str| words.iter().any(|word| word.split('=').next() == Some(flag));
    let (enable_helm, helm_command) = (has(ENABLE_HELM), has("--helm-command"));
    let unrestricted = operator && words.iter().any(|word| word.contains("LoadRestrictionsNone"));
    problems.or(Flags { words, enable_helm, helm_command, unrestricted })
}

fn problem(message: &str, set: &Sourced<Vec<String>>) -> Problem {
    Problem::new(Exit::SETTINGS, format!("{message} (`kustomize.buildOptions`, {})", set.source()))
}

fn not_open(flag: &str, set: &Sourced<Vec<String>>) -> Problem {
    let open: Vec<_> = OPEN.iter().map(|(name, _)| *name).collect();
    let problem = problem(&format!("`{flag}` is for the platform's operators"), set);
    if flag.starts_with(ENABLE_HELM) {
        return problem.hint("platform operators can allow charts in kustomizations with `allow.kustomizeHelm` in the platform file");
    }
    problem
        .hint("with it a build could read files outside the repository or run programs: it must stand in the platform file")
        .hint(format!("an app may set {}", open.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(layer: Layer, words: &[&str]) -> Sourced<Vec<String>> {
        Sourced { layer, ..Sourced::built_in(words.iter().map(ToString::to_string).collect()) }
    }

    fn messages(layer: Layer, words: &[&str]) -> Vec<String> {
        check(&set(layer, words), false).unwrap_err().iter().map(|problem| problem.message.clone()).collect()
    }

    #[test]
    fn an_app_may_render_charts_where_the_platform_allows_it() {
        let words = ["--enable-helm --helm-debug", "--load-restrictor", "LoadRestrictionsRootOnly"];
        assert!(check(&set(Layer::Parameter, &words), false).is_err());
        let flags = check(&set(Layer::Parameter, &words), true).unwrap();
        assert_eq!(
            flags.words,
            ["--enable-helm", "--helm-debug", "--load-restrictor", "LoadRestrictionsRootOnly"]
        );
        assert!(flags.enable_helm && !flags.helm_command);
    }

    #[test]
    fn an_app_may_not_leave_the_repository_or_run_programs() {
        for words in [
            &["--load-restrictor=LoadRestrictionsNone"][..],
            &["--load-restrictor", "LoadRestrictionsNone"],
            &["--load-restrictor"],
            &["--enable-helm"],
            &["--enable-exec"],
            &["--enable-alpha-plugins"],
            &["--network"],
            &["--mount", "type=bind,src=/,dst=/host"],
            &["--helm-command=./evil"],
            &["-e", "TOKEN"],
            &["/etc"],
        ] {
            for layer in [
                Layer::Parameter,
                Layer::AppFile,
                Layer::Env("ARGOCD_ENV_PRESYNC_KUSTOMIZE_BUILD_OPTIONS".into()),
            ] {
                assert!(!messages(layer.clone(), words).is_empty(), "{words:?} from {layer}");
            }
            for layer in [Layer::Platform, Layer::Flag] {
                assert_eq!(check(&set(layer.clone(), words), false).unwrap().words, words, "{layer}");
            }
        }
    }

    #[test]
    fn a_problem_says_what_may_be_set_and_where() {
        assert_eq!(
            messages(Layer::Parameter, &["--enable-exec", "--enable-helm", "--network"]),
            [
                "`--enable-exec` is for the platform's operators (`kustomize.buildOptions`, parameter)",
                "`--enable-helm` is for the platform's operators (`kustomize.buildOptions`, parameter)",
                "`--network` is for the platform's operators (`kustomize.buildOptions`, parameter)",
            ]
        );
    }

    #[test]
    fn nobody_may_send_the_manifests_elsewhere() {
        for words in [&["-o", "x"][..], &["-ox"], &["--output=x"], &["--output", "x"]] {
            assert!(check(&set(Layer::Platform, words), false).is_err(), "{words:?}");
        }
    }

    #[test]
    fn the_operators_may_name_their_helm() {
        assert!(
            check(&set(Layer::Platform, &["--enable-helm", "--helm-command=helm3"]), false)
                .unwrap()
                .helm_command
        );
    }
}
