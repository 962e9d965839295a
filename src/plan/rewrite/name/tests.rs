use proptest::prelude::*;

use super::*;
use crate::{
    manifest::{Manifests, Source},
    plan::{Rendering, decide::plan},
    settings::Sourced,
};

fn read(text: &str) -> Manifests {
    Manifests::read(vec![Source { name: "app.yaml".into(), bytes: text.into(), validate: true }]).unwrap()
}

fn app(name: &str) -> App {
    App {
        name: Some(name.to_owned()),
        namespace: Some("shop".into()),
        revision: Some("3f9c2ab81d0e4c55a1b2c3d4e5f60718293a4b5c".into()),
        ..App::default()
    }
}

fn job(name: &str, image: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: '{name}'}}\nspec: {{template: {{spec: {{containers: \
         [{{name: m, image: '{image}', command: [alembic, upgrade, head]}}]}}}}}}\n"
    )
}

fn deployment(name: &str, image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: '{name}'}}\nspec: {{template: {{spec: {{containers: \
         [{{name: w, image: '{image}'}}]}}}}}}\n"
    )
}

/// Returns the names of the Jobs and triggers that come out, and the parts that a warning is about.
fn planned(text: &str, again: Option<&str>, app: &App, settings: &Settings) -> (Vec<String>, Vec<String>) {
    let (first, again) = (read(text), again.map(read));
    let rendering = Rendering { again: again.as_ref(), affixes: &["-pr-123".to_owned()] };
    let plan = plan(&first, rendering, settings, app).unwrap();
    let output = read(&String::from_utf8(first.apply(&plan.changes()).unwrap().to_vec()).unwrap());
    let headers = output.index().unwrap();
    let made =
        headers.iter().filter(|header| header.kind == "Job" || header.name.ends_with("-presync-trigger"));
    let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let warned = plan.warnings.iter().flat_map(|warning| quoted(&warning.text));
    (made.map(|header| header.name.clone()).collect(), warned.collect())
}

/// Returns the name of an app's only Job, with `#` for the digest of the app's name.
fn named(text: &str, again: Option<&str>) -> (String, Vec<String>) {
    let app = app("shop-dev");
    let (names, warned) = planned(text, again, &app, &Settings::default());
    let digest = short_digest("shop-dev");
    assert_eq!(names[1], format!("{}-presync-trigger", names[0]));
    (names[0].replace(&digest, "#"), warned)
}

#[test]
fn what_is_certainly_generated_makes_way_for_a_digest_of_the_app() {
    for (name, image, expected) in [
        ("notes-migration-1-15-0-dev-7", "notes:1-15-0-dev-7", "notes-migration-#"),
        ("shop-v1.3.3-migrations", "shop:v1.3.3", "shop-migrations-#"),
        ("shop-migrate-3f9c2ab", "shop:1", "shop-migrate-#"),
        ("shop-3f9c2ab8-migrate", "shop:1", "shop-migrate-#"),
        ("shop-migrate-abcdefa", "shop:abcdefab1d0e4c55a1b2c3d4e5f60718293a4b5c", "shop-migrate-#"),
        ("shop-migrate-abcdefa", "shop:abcdefa0", "shop-migrate-#"),
        ("shop-migrate-defaced", "shop:3f9c2ab81d0e4c55a1b2c3d4e5f60718293a4b5c", "shop-migrate-defaced"),
        ("shop-migrate-81d0e4c", "shop@sha256:81d0e4c5a1b2c3d4e5f60718293a4b5c", "shop-migrate-#"),
        ("3f9c2ab", "shop:1", "job-#"),
    ] {
        assert_eq!(named(&job(name, image), None), (expected.to_owned(), vec![]), "{name}");
    }
}

#[test]
fn names_of_the_app_and_of_its_objects_are_not_generated() {
    for (name, image, others) in [
        ("migrate-shop-dev", "shop:dev", ""),
        ("migrate-pr-123", "shop:pr-123", ""),
        ("migrate-tenant-1717", "shop:1", "web-tenant-1717"),
        ("shop-migrate", "shop:1.4.2", ""),
        ("shop-migrate-1", "shop:1", ""),
    ] {
        let others =
            if others.is_empty() { String::new() } else { format!("---\n{}", deployment(others, "shop:1")) };
        assert_eq!(named(&(job(name, image) + &others), None), (name.to_owned(), vec![]), "{name}");
    }
}

#[test]
fn what_only_looks_generated_stays_with_a_warning() {
    for (name, part) in [
        ("shop-migrate-0d1e2f3a", "0d1e2f3a"),
        ("shop-migrate-x7k2p", "x7k2p"),
        ("shop-migrate-20251229101500", "20251229101500"),
        ("shop-1.2.3-migrate", "1.2.3"),
    ] {
        assert_eq!(named(&job(name, "shop:9"), None), (name.to_owned(), vec![part.to_owned()]), "{name}");
    }
    // Another object is called so too: either the commit is in all names, or nothing of it is generated.
    let shared =
        job("migrate-3f9c2ab", "shop:3f9c2ab") + "---\n" + &deployment("web-3f9c2ab", "shop:3f9c2ab");
    assert_eq!(named(&shared, None), ("migrate-3f9c2ab".to_owned(), vec!["3f9c2ab".to_owned()]));
}

#[test]
fn the_version_of_a_workload_decides_what_looks_generated() {
    let text = job("shop-migrate-0d1e2f3a", "flyway:11") + "---\n" + &deployment("web", "shop:0d1e2f3a");
    assert_eq!(named(&text, None), ("shop-migrate-#".to_owned(), vec![]));
}

#[test]
fn what_differs_in_a_second_render_is_generated() {
    for (one, other, expected) in [
        ("shop-migrate-joiln", "shop-migrate-abcde", "shop-migrate-#"),
        ("init-550e8400-e29b-41d4-a716-446655440000", "init-11111111-e29b-4000-a716-222222222222", "init-#"),
        ("a-17-migrate", "a-18-migrate", "a-migrate-#"),
    ] {
        let found = named(&job(one, "shop:1"), Some(&job(other, "shop:1")));
        assert_eq!(found, (expected.to_owned(), vec![]), "{one}");
    }
    let same = job("shop-migrate-x7k2p", "shop:1");
    assert_eq!(named(&same, Some(&same)).0, "shop-migrate-x7k2p");
}

#[test]
fn the_trigger_covers_nothing_that_differs_in_a_second_render() {
    let digest = |at: &str, again: &str, command: &str| {
        let text = |at: &str| {
            job("migrate", "shop:1")
                .replace("name: m,", &format!("name: m, env: [{{name: AT, value: '{at}'}}],"))
                .replace("head", command)
        };
        let (first, again) = (read(&text(at)), read(&text(again)));
        let rendering = Rendering { again: Some(&again), affixes: &[] };
        let plan = plan(&first, rendering, &Settings::default(), &app("shop")).unwrap();
        plan.changes().additions[0].object["data"]["digest"].clone()
    };
    assert_eq!(digest("10:00", "11:00", "head"), digest("12:00", "13:00", "head"));
    assert_ne!(digest("10:00", "11:00", "head"), digest("10:00", "11:00", "+1"));
    assert_ne!(
        digest("a", "a", "head"),
        digest("b", "b", "head"),
        "a value that is the same twice is covered"
    );
}

#[test]
fn jobs_with_one_stem_keep_apart_whatever_their_order() {
    let (a, b) = (job("migrate-aaaaa", "shop:1"), job("migrate-bbbbb", "shop:1").replace("head", "+1"));
    let again =
        job("migrate-ccccc", "shop:1") + "---\n" + &job("migrate-ddddd", "shop:1").replace("head", "+1");
    let app = app("shop");
    let settings = Settings::default();
    let names = |text: &str| {
        let (names, _) = planned(text, Some(&again), &app, &settings);
        names.into_iter().filter(|name| !name.ends_with("trigger")).collect::<Vec<_>>()
    };
    let one = names(&format!("{a}---\n{b}"));
    let mut other = names(&format!("{b}---\n{a}"));
    other.reverse();
    assert_eq!(one, other);
    assert_ne!(one[0], one[1]);
}

#[test]
fn the_setting_decides() {
    let with = |names| {
        let mut settings = Settings::default();
        settings.job.names = Sourced { value: names, layer: Layer::AppFile, entry: None };
        let (names, warned) =
            planned(&job("shop-migrate-0d1e2f3a", "shop:9"), None, &app("shop-dev"), &settings);
        assert_eq!(warned, [""; 0]);
        names[0].clone()
    };
    assert_eq!(with(Names::Likely), format!("shop-migrate-{}", short_digest("shop-dev")));
    assert_eq!(with(Names::Rendered), "shop-migrate-0d1e2f3a");
}

#[test]
fn without_an_application_there_is_nothing_to_tell_apart() {
    let (names, _) =
        planned(&job("shop-migrate-1.4.2", "shop:1.4.2"), None, &App::default(), &Settings::default());
    assert_eq!(names[0], "shop-migrate");
}

prop_compose! {
    /// A name as charts make them: words of the app, numbers, tags, hashes, in any order.
    fn name()(parts in prop::collection::vec(prop_oneof![
        Just("shop".to_owned()), Just("migrate".to_owned()), Just("1.4.2".to_owned()), Just("3f9c2ab".to_owned()),
        Just("17".to_owned()), Just("v2".to_owned()), Just("pr-123".to_owned()), "[a-z0-9]{1,12}", "[a-z]{30}",
    ], 1..5)) -> String {
        let mut name = parts.join("-");
        name.truncate(MAX_JOB_NAME);
        name.trim_end_matches(['-', '.']).to_owned()
    }
}

prop_compose! {
    fn tag()(tag in prop_oneof![Just("1.4.2".to_owned()), Just("3f9c2ab".to_owned()), Just("17".to_owned()), Just("v2".to_owned()), "[a-z0-9]{1,12}"]) -> String {
        tag
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Two apps of one namespace share no Job and no trigger that they did not share before.
    #[test]
    fn apps_do_not_come_to_share_names(
        apps in ("[a-z]{1,6}(-[a-z0-9]{1,6}){0,2}", "[a-z]{1,6}(-[a-z0-9]{1,6}){0,2}"),
        names in (name(), name()), tags in (tag(), tag()), others in (name(), name()), likely: bool,
    ) {
        prop_assume!(apps.0 != apps.1 && names.0 != names.1);
        let mut settings = Settings::default();
        settings.job.names.value = if likely { Names::Likely } else { Names::Certain };
        let of = |name: &str, tag: &str, other: &str, app_name: &str| {
            let text = job(name, &format!("shop:{tag}")) + "---\n" + &deployment(other, &format!("shop:{tag}"));
            let app = app(app_name);
            let (names, _) = planned(&text, None, &app, &settings);
            assert_eq!(names, planned(&text, None, &app, &settings).0);
            names
        };
        let one = of(&names.0, &tags.0, &others.0, &apps.0);
        let other = of(&names.1, &tags.1, &others.1, &apps.1);
        for name in &one {
            prop_assert!(!other.contains(name), "{name}");
            let limit = if name.ends_with("-presync-trigger") { 253 } else { MAX_JOB_NAME };
            prop_assert!(name.len() <= limit, "{name}");
            prop_assert!(name.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')), "{name}");
        }
    }
}

#[test]
fn many_doubtful_names_make_one_warning() {
    let jobs: Vec<String> = (0..5).map(|at| job(&format!("migrate-{at}-3f9c2a{at}"), "shop/api:1")).collect();
    let manifests = read(&jobs.join("---\n"));
    let plan = plan(&manifests, Rendering::default(), &Settings::default(), &app("shop-dev")).unwrap();
    let [warning] = plan.warnings.as_slice() else { panic!("{:?}", plan.warnings) };
    assert!(
        warning
            .text
            .starts_with("5 names have a part that may be new in each release: `3f9c2a0` in Job migrate-0-")
    );
    assert!(
        warning.text.contains("`3f9c2a2` in Job migrate-2-") && warning.text.contains("and so on in 2 more;")
    );
}

#[test]
fn only_what_a_workload_runs_tells_its_version() {
    let deployment = |image: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  annotations:\n    note: |\n      image: shop/api:1.4.2\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: {image}\n"
        )
    };
    let beside = |image: &str| {
        let text = format!("{}---\n{}", job("shop-migrate-1-4-2", "shop/tools:3"), deployment(image));
        planned(&text, None, &App::default(), &Settings::default())
    };
    assert_eq!(beside("shop/api:1.4.2").0[0], "shop-migrate");
    let (names, warned) = beside("shop/api:2.0.0");
    assert_eq!((names[0].as_str(), warned), ("shop-migrate-1-4-2", vec!["1-4-2".to_owned()]));
}
