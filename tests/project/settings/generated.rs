//! What is generated from the table of settings is up to date.
//!
//! `PRESYNC_BLESS=1 cargo test --test project generated` writes it anew.

use std::{env, fs, path::Path};

use presync::settings::{self, announce, table::Place};

/// Compares a file with what it must hold, or writes it.
#[track_caller]
fn check(path: &str, expected: impl FnOnce(&str) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let found = fs::read_to_string(&path).unwrap_or_default();
    let expected = expected(&found);
    if env::var_os("PRESYNC_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, expected).unwrap();
        return;
    }
    let line = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
    assert!(
        found == expected,
        "{} is stale, first in line {}: run `PRESYNC_BLESS=1 cargo test --test project generated`",
        path.display(),
        line.unwrap_or_else(|| found.lines().count().min(expected.lines().count())) + 1,
    );
}

#[test]
fn the_plugin_announces_the_table() {
    check("plugin.yaml", |found| {
        let (head, _) = found.split_once("    static:\n").expect("`static:` in plugin.yaml");
        let list = serde_yaml::to_string(&announce::for_every_app()).unwrap();
        let indented: Vec<_> = list.lines().map(|line| format!("      {line}")).collect();
        format!("{head}    static:\n{}\n", indented.join("\n"))
    });
}

#[test]
fn the_reference_page_is_the_table() {
    check("docs/reference/settings.md", |_| settings::reference());
}

#[test]
fn the_schemas_are_the_table() {
    for (place, file) in [(Place::AppFile, "presync.schema.json"), (Place::Platform, "platform.schema.json")]
    {
        check(&format!("docs/reference/{file}"), |_| format!("{:#}\n", settings::schema(place)));
    }
}
