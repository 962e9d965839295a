//! The edits that each option makes in the kustomization.

use presync::settings::KustomizeOptions;

use super::{edited, list, map, overlay, render, strings};
use crate::common;

/// Every option on its own and all together: what we render is what a build gives after the edits that Argo CD makes.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn the_output_is_that_of_edits_in_place() {
    let Some(tool) = common::tool("kustomize") else { return };
    let repository = overlay();
    let none = KustomizeOptions::default;
    let all = KustomizeOptions {
        name_prefix: Some("pre-".into()),
        name_suffix: Some("-suf".into()),
        namespace: Some("shop".into()),
        images: list(&["catalog=registry.example.com/catalog:$ARGOCD_APP_REVISION_SHORT"]),
        replicas: map(&[("catalog", 3)]),
        labels: strings(&[("tier", "web")]),
        common_labels: strings(&[("team", "other"), ("app", "$ARGOCD_APP_NAME")]),
        common_annotations: strings(&[("note", "$$x:y")]),
        force_common_labels: true,
        components: list(&["../../../components/debug"]),
        ..none()
    };
    let cases: Vec<(&str, KustomizeOptions, &[&str])> = vec![
        ("nothing", none(), &[]),
        (
            "a prefix",
            KustomizeOptions { name_prefix: Some("-pre-".into()), ..none() },
            &["set nameprefix -- -pre-"],
        ),
        (
            "a suffix",
            KustomizeOptions { name_suffix: Some("-suf".into()), ..none() },
            &["set namesuffix -- -suf"],
        ),
        (
            "a namespace",
            KustomizeOptions { namespace: Some("shop".into()), ..none() },
            &["set namespace shop"],
        ),
        (
            "images",
            KustomizeOptions { images: list(&["catalog=new:v2", "other@sha256:abc"]), ..none() },
            &["set image catalog=new:v2 other@sha256:abc"],
        ),
        (
            "replicas",
            KustomizeOptions { replicas: map(&[("catalog", 4)]), ..none() },
            &["set replicas catalog=4"],
        ),
        (
            "labels",
            KustomizeOptions { labels: strings(&[("tier", "web")]), ..none() },
            &["add label --without-selector tier:web"],
        ),
        (
            "common labels",
            KustomizeOptions { common_labels: strings(&[("app", "$ARGOCD_APP_NAME")]), ..none() },
            &["add label app:catalog-dev"],
        ),
        (
            "common labels by force",
            KustomizeOptions {
                common_labels: strings(&[("team", "x")]),
                force_common_labels: true,
                ..none()
            },
            &["add label --force team:x"],
        ),
        (
            "common labels outside selectors",
            KustomizeOptions {
                common_labels: strings(&[("tier", "web")]),
                label_without_selector: true,
                label_include_templates: true,
                ..none()
            },
            &["add label --without-selector --include-templates tier:web"],
        ),
        (
            "annotations",
            KustomizeOptions { common_annotations: strings(&[("note", "a:$HOME")]), ..none() },
            &["add annotation note:a:$HOME"],
        ),
        (
            "expanded annotations",
            KustomizeOptions {
                common_annotations: strings(&[("rev", "${ARGOCD_APP_REVISION_SHORT_8}")]),
                common_annotations_envsubst: true,
                force_common_annotations: true,
                ..none()
            },
            &["add annotation --force rev:01234567"],
        ),
        (
            "components",
            KustomizeOptions {
                components: list(&["../../../components/debug", "../missing"]),
                ignore_missing_components: true,
                ..none()
            },
            &["add component ../../../components/debug"],
        ),
        (
            "all",
            all,
            &[
                "set nameprefix -- pre-",
                "set namesuffix -- -suf",
                "set image catalog=registry.example.com/catalog:0123456",
                "set replicas catalog=3",
                "add label --force app:catalog-dev team:other",
                "add label --force --without-selector tier:web",
                "add annotation note:$$x:y",
                "set namespace shop",
                "add component ../../../components/debug",
            ],
        ),
    ];
    let before = repository.contents();
    for (name, options, edits) in cases {
        assert_eq!(
            render(&repository, &tool, options).unwrap(),
            edited(&repository, &tool, edits, ""),
            "{name}"
        );
    }
    assert_eq!(repository.contents(), before, "nothing is left behind");
}
