//! `docs/reference/handlebars.md`: every helper is in it, and every example gives what it says.

use super::*;
use crate::render::handlebars::helpers;

const REFERENCE: &str = include_str!("../../../../docs/reference/handlebars.md");

/// Returns the fenced blocks: language and text.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let mut blocks = Vec::new();
    for (i, part) in REFERENCE.split("```").enumerate() {
        if i % 2 == 1 {
            blocks.push(part.split_once('\n').unwrap());
        }
    }
    blocks
}

/// Returns the values of the examples: the first YAML block.
fn values() -> &'static str {
    let (language, text) = blocks()[0];
    assert_eq!(language, "yaml");
    text
}

fn example(template: &str) -> String {
    let (_, labels) = *blocks()
        .iter()
        .find(|(language, text)| *language == "yaml" && text.contains("{{component}}"))
        .unwrap();
    let app = App { api_versions: vec!["batch/v1".into()], ..App::default() };
    let case = Case::new(&[
        ("a.hbs", template),
        ("values.yaml", values()),
        ("partials/labels.yaml.hbs", labels),
        ("partials/greeting.hbs", "hello {{name}}\n"),
    ])
    .app(app);
    let sources = case.render().unwrap_or_else(|problems| panic!("{template}\n{problems}"));
    sources.into_iter().next().unwrap().1
}

#[test]
fn the_long_examples_hold() {
    let blocks = blocks();
    let mut count = 0;
    for (i, (language, template)) in blocks.iter().enumerate() {
        if *language == "handlebars" {
            let (language, expected) = blocks[i + 1];
            assert_eq!(language, "yaml");
            assert_eq!(example(template), expected, "{template}");
            count += 1;
        }
    }
    assert!(count >= 3);
}

#[test]
fn the_helpers_examples_hold() {
    let mut count = 0;
    for row in REFERENCE.lines().filter(|line| line.starts_with("| `") && line.contains("`{{")) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [_, _, template, expected] = cells[..] else { continue };
        let code = |cell: &'static str| cell.strip_prefix('`').unwrap().strip_suffix('`').unwrap();
        assert_eq!(example(code(template)), code(expected), "{row}");
        count += 1;
    }
    assert!(count >= 25, "{count}");
}

#[test]
fn every_helper_is_documented() {
    for (name, _) in helpers::forms() {
        let documented = [format!("`{name} "), format!("{{{{#{name} "), format!("{{{{{{{{{name}}}}}}}}}")];
        assert!(documented.iter().any(|mark| REFERENCE.contains(mark)), "{name}");
    }
}
