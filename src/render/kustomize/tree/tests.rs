use std::{os::unix::fs::symlink, time::Duration};

use super::*;
use crate::{
    argocd::App,
    render::{Deadline, Root, Tools},
    settings::{KustomizeOptions, Settings},
};

/// Returns a repository with these files, and the app in `apps/a`, beside a directory that is not its own.
fn check(files: &[(&str, &str)], kustomize: KustomizeOptions) -> Result<Tree> {
    let temp = tempfile::tempdir().unwrap();
    let repo = temp.path().canonicalize().unwrap().join("repo");
    let outside = temp.path().join("outside");
    fs::create_dir_all(repo.join("apps/a")).unwrap();
    fs::create_dir_all(&outside).unwrap();
    fs::write(outside.join("kustomization.yaml"), "resources: []\n").unwrap();
    for (name, text) in files {
        let path = repo.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match text.strip_prefix("-> ") {
            Some(target) => symlink(target, path).unwrap(),
            None => fs::write(path, text).unwrap(),
        }
    }
    let dir = repo.join("apps/a");
    Tree::check(&Request {
        dir: &dir,
        root: &Root::find(&dir, Some("apps/a")).unwrap(),
        settings: &Settings { kustomize, ..Settings::default() },
        app: &App::default(),
        tools: &Tools::default(),
        deadline: Deadline::after(Duration::from_secs(9)),
    })
}

const APP: &str = "apps/a/kustomization.yaml";

fn problems(files: &[(&str, &str)]) -> Vec<String> {
    match check(files, KustomizeOptions::default()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .iter()
            .map(|problem| format!("{}: {}", problem.location.clone().unwrap_or_default(), problem.message))
            .collect(),
    }
}

#[test]
fn the_tree_is_what_the_kustomizations_name() {
    let files = [
        (
            APP,
            "resources: [../../base, a.yaml, \"https://example.com/org/repo?ref=v1\"]\ncomponents: [../debug]\nhelmCharts: [{name: c, releaseName: r}]\n",
        ),
        ("apps/a/charts/c/Chart.yaml", "name: c\n"),
        (
            "base/kustomization.yml",
            "bases: [../lower]\nconfigMapGenerator: [{name: x, files: [key=x.txt]}]\n",
        ),
        ("base/x.txt", "x"),
        ("lower/Kustomization", "openapi: {path: ../shared/schema.json}\n"),
        ("shared/schema.json", "{}"),
        ("apps/debug/kustomization.yaml", "kind: Component\n"),
    ];
    let tree = check(&files, KustomizeOptions::default()).unwrap();
    let ends = |paths: &[PathBuf]| {
        paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ends(&tree.roots), ["a", "base", "debug", "lower"]);
    assert_eq!(ends(&tree.charts), ["c"]);
    assert!(tree.others.iter().any(|path| path.ends_with("shared/schema.json")));
    assert!(tree.uses_charts);
    let mut tree = tree;
    assert!(tree.opaque(false).is_ok());
}

#[test]
fn every_field_with_a_path_stays_in_the_repository() {
    for text in [
        "resources: [../../../outside]",
        "Resources: [../../../outside]",
        "reſources: [../../../outside]",
        "bases: [../../../outside]",
        "components: [../../../outside]",
        "resources: [/etc]",
        "resources: [\"l/../../../../outside\"]",
        "resources: [!!binary Li4vLi4vLi4vb3V0c2lkZQ==]",
        "x: &a [../../../outside]\nresources: *a",
        "crds: [../../../x]",
        "configurations: [../../../x]",
        "openapi: {path: ../../../x}",
        "patches: [{path: ../../../x}]",
        "patchesJson6902: [{path: ../../../x}]",
        "patchesStrategicMerge: [../../../x]",
        "replacements: [{path: ../../../x}]",
        "configMapGenerator: [{files: [../../../x]}]",
        "configMapGenerator: [{files: [k=../../../x]}]",
        "configMapGenerator: [{envs: [../../../x]}]",
        "secretGenerator: [{env: /proc/self/environ}]",
        "generators: [../../../x]",
        "transformers: [../../../x]",
        "validators: [../../../x]",
        "generators: [\"kind: ConfigMapGenerator\\nfiles: [../../../x]\\n\"]",
        "transformers: [\"kind: List\\nitems: [{kind: PatchTransformer, path: ../../../x}]\\n\"]",
        "transformers: [\"kind: ReplacementTransformer\\nreplacements: [{path: ../../../x}]\\n\"]",
        "transformers: [\"kind: ValueAddTransformer\\ntargetFilePath: ../../../x\\n\"]",
        "helmCharts: [{name: c, valuesFile: ../../../x}]",
        "helmCharts: [{name: c, additionalValuesFiles: [../../../x]}]",
        "helmCharts: [{name: c}]\nhelmGlobals: {chartHome: ../../../x}",
        "helmChartInflationGenerator: [{chartName: c, chartHome: /x}]",
    ] {
        let found = problems(&[(APP, text), ("apps/a/l", "-> ../../base"), ("base/x", "")]);
        assert!(
            found.len() == 1 && found[0].starts_with(APP) && found[0].ends_with("out of the repository"),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn a_tree_is_checked_whole() {
    let base = [(APP, "resources: [../../base]\n"), ("base/kustomization.yaml", "resources: [../lower]\n")];
    for (lower, problem) in [
        ("resources: [../../outside]", "`../../outside` leads out of the repository"),
        (
            "resources: [\"file:///nowhere?ref=--upload-pack=x\"]",
            "the remote `file:///nowhere?ref=--upload-pack=x` is neither https nor ssh",
        ),
        ("helmGlobals: {configHome: ./ch}", "`configHome` is not allowed for a chart in a kustomization"),
        ("generators: [g.yaml]", "`configHome` is not allowed for a chart in a kustomization"),
    ] {
        let generator = ("lower/g.yaml", "kind: HelmChartInflationGenerator\nname: c\nconfigHome: ./ch\n");
        let files = [base[0], base[1], ("lower/kustomization.yaml", lower), generator];
        let file = if lower.contains("g.yaml") { "lower/g.yaml" } else { "lower/kustomization.yaml" };
        assert_eq!(problems(&files), [format!("{file}: {problem}")], "{lower}");
    }
}

#[test]
fn links_that_lead_out_are_problems() {
    for (link, target) in [("apps/a/l", "-> ../../../outside"), ("apps/a/l", "-> ../../m")] {
        let files = [(APP, "resources: [l]\n"), (link, target), ("m", "-> ../outside")];
        assert_eq!(problems(&files).len(), 1, "{target}");
    }
    assert_eq!(problems(&[(APP, "-> ../../../outside/kustomization.yaml")]).len(), 1);
    let chart = [(APP, "helmCharts: [{name: c}]\n"), ("apps/a/charts/c", "-> ../../../../outside")];
    assert_eq!(problems(&chart).len(), 1);
}

#[test]
fn components_and_patches_of_the_settings_count() {
    let options = KustomizeOptions {
        components: vec!["file:///x?ref=--upload-pack=x".into()],
        patches: vec![serde_json::json!({"path": "../../../x"}), serde_json::json!({"patch": "../c"})],
        ..KustomizeOptions::default()
    };
    assert_eq!(check(&[(APP, "{}")], options).unwrap_err().iter().count(), 2);
}

#[test]
fn what_cannot_be_looked_into_gets_no_charts_and_no_free_paths() {
    let files =
        [(APP, "generators: [../g]\nresources: [github.com/org/repo]\n"), ("apps/g/kustomization.yaml", "")];
    let mut tree = check(&files, KustomizeOptions::default()).unwrap();
    assert_eq!(tree.opaque(true).unwrap_err().iter().count(), 2);
}
