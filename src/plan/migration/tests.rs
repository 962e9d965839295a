use globset::{Glob, GlobSet, GlobSetBuilder};
use serde_json::{Value, json};

use crate::{
    labels::LabelSelector,
    manifest::ObjectId,
    plan::{migration::*, pod},
    settings::model::Selectors,
};

fn globs(globs: &[&str]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(Glob::new(glob).unwrap());
    }
    set.build().unwrap()
}

fn selection(
    metadata: &Value,
    command: &[&str],
    selectors: &Selectors,
    annotation: Option<bool>,
) -> Selection {
    let object = json!({"metadata": metadata,
        "spec": {"template": {"spec": {"containers": [{"name": "main", "image": "shop:1", "command": command}]}}}});
    let job = Job { id: ObjectId { document: 0, item: None }, object: &object };
    select(&job, &pod::read(job.pod(), |_| Vec::new()), selectors, annotation)
}

fn by_evidence(name: &str, command: &[&str]) -> Selection {
    selection(&json!({"name": name}), command, &Selectors::default(), None)
}

#[test]
fn a_keyword_suffices_and_a_counter_takes_it_away() {
    for (name, migration) in [
        ("shop-migrate", true),
        ("order-migration-7f3c2", true),
        ("notification-migrate", true),
        ("users-migrations", true),
        ("test-migrate", true),
        ("immigration-setup", false),
        ("shop-migrate-notify", false),
        ("shop-migration-backfill-check", false),
        ("migrate-e2e-test", false),
        ("wait-for-migrations", false),
        ("shop-reindex", false),
        ("seeder", false),
        ("db-init", false),
    ] {
        let selection = by_evidence(name, &[]);
        assert_eq!(
            (selection.migration, &selection.by),
            (migration, &SelectedBy::Evidence),
            "{name}: {selection:?}"
        );
    }
}

#[test]
fn a_tool_suffices_under_any_name_but_a_tests() {
    for (name, migration) in [
        ("seeder", true),
        ("init-db", true),
        ("setup", true),
        ("create-user", true),
        ("test-db-init", true),
        ("api-e2e-tests", false),
    ] {
        let selection = by_evidence(name, &["sh", "-c", "cd /app && bundle exec rake db:migrate && rspec"]);
        assert_eq!(selection.migration, migration, "{name}: {selection:?}");
    }
}

#[test]
fn the_score_is_the_sum_of_its_reasons() {
    let selection = by_evidence("shop-migrate-notify", &["alembic", "upgrade", "head"]);
    let sum: i32 = selection.evidence.reasons.iter().map(|reason| reason.points).sum();
    assert_eq!(selection.evidence.score, sum);
    assert_eq!(selection.evidence.reasons[0].text, "container `main` runs Alembic");
}

#[test]
fn the_author_decides_before_selectors_and_evidence() {
    let selectors = Selectors { names: globs(&["*"]), exclude: globs(&["*"]), ..Selectors::default() };
    for says in [true, false] {
        let selection = selection(&json!({"name": "a"}), &[], &selectors, Some(says));
        assert_eq!((selection.migration, selection.by), (says, SelectedBy::Annotation));
    }
}

#[test]
fn an_exclusion_wins_over_inclusions() {
    let selectors = Selectors {
        names: globs(&["x", "shop-*"]),
        exclude: globs(&["*-keep"]),
        labels: vec![
            LabelSelector::parse("a=b").unwrap(),
            LabelSelector::parse("task in (schema, data)").unwrap(),
        ],
    };
    let by = |metadata: &Value| {
        let selection = selection(metadata, &[], &selectors, None);
        (selection.migration, selection.by)
    };
    assert_eq!(
        by(&json!({"name": "shop-a"})),
        (true, SelectedBy::Selector("glob 2 of `migrations.names`".into()))
    );
    assert_eq!(
        by(&json!({"generateName": "shop-"})),
        (true, SelectedBy::Selector("glob 2 of `migrations.names`".into()))
    );
    assert_eq!(
        by(&json!({"name": "shop-keep"})),
        (false, SelectedBy::Exclusion("glob 1 of `migrations.exclude`".into()))
    );
    assert_eq!(
        by(&json!({"name": "z", "labels": {"task": "schema"}})),
        (true, SelectedBy::Selector("selector 2 of `migrations.selector`".into()))
    );
    assert_eq!(by(&json!({"name": "z-migrate", "labels": null})), (true, SelectedBy::Evidence));
}

#[test]
fn what_argo_cd_never_runs_in_a_sync_is_never_selected() {
    for (key, hook, why) in [
        (hooks::ARGO_HOOK, "Skip", "`hook: Skip`"),
        (hooks::ARGO_HOOK, "SyncFail", "failed syncs"),
        (hooks::ARGO_HOOK, "PostDelete", "deletion"),
        (hooks::HELM_HOOK, "test", "a Helm test"),
        (hooks::HELM_HOOK, "test-success", "a Helm test"),
        (hooks::HELM_HOOK, "pre-delete,post-delete", "deletion"),
        (hooks::HELM_HOOK, "pre-rollback, post-rollback", "rollbacks"),
        (hooks::ARGO_HOOK, "Presync", "names no hook"),
    ] {
        let metadata = json!({"name": "shop-migrate", "annotations": {key: hook}});
        for annotation in [None, Some(true)] {
            let selection = selection(&metadata, &["goose", "up"], &Selectors::default(), annotation);
            let SelectedBy::Never(reason) = &selection.by else { panic!("{hook}: {selection:?}") };
            assert!(!selection.migration && reason.contains(why), "{hook}: {reason}");
        }
    }
    let mixed = json!({"name": "shop-migrate", "annotations": {hooks::HELM_HOOK: "post-install, post-rollback, post-delete"}});
    assert!(selection(&mixed, &[], &Selectors::default(), None).migration);
}
