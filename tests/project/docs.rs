//! The documentation says what is so: its commands run, its tables are complete.

use std::{fs, path::Path};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every `console` block of the README and the guides, run as it stands; `TRYCMD=overwrite` writes the output anew.
#[test]
fn commands_print_what_the_documentation_shows() {
    trycmd::TestCases::new().case("README.md").case("docs/*.md");
}

#[test]
fn every_row_of_the_decisions_has_a_case() {
    let text = fs::read_to_string(root().join("docs/decisions.md")).unwrap();
    let cases: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_suffix("` |")?.rsplit_once('`').map(|(_, case)| case))
        .filter(|case| *case != "case")
        .collect();
    assert!(cases.len() > 30, "the tables were not found");
    let missing: Vec<_> = cases
        .iter()
        .filter(|case| !root().join("tests/cases").join(case).join("case.yaml").is_file())
        .collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}
