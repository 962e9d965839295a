//! What holds for every template: whatever stands in it, there is an output or a problem with its place.

use proptest::{prelude::*, sample::select};

use super::*;

const PIECES: [&str; 62] = [
    "{{",
    "}}",
    "{{{",
    "}}}",
    "{{~",
    "~}}",
    "{{#",
    "{{/",
    "{{^",
    "{{>",
    "{{#>",
    "{{*",
    "{{#*",
    "{{!",
    "{{!--",
    "--}}",
    "\\{{",
    "{{{{",
    "}}}}",
    "{{&",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "|",
    "=",
    "\"",
    "'",
    ".",
    "/",
    "..",
    "@",
    "this",
    "@root",
    "@index",
    "@partial-block",
    "else",
    "as",
    "if",
    "unless",
    "each",
    "with",
    "raw",
    "inline",
    "lookup",
    "quote",
    "include",
    "default",
    "values",
    "values.a",
    "values.list",
    "values.list.[0]",
    "p",
    "x=",
    " ",
    "\n",
    "1",
    "-1.5E3",
    "true",
    "ä",
];

/// Whole tags, so that many templates can be parsed.
const TAGS: [&str; 20] = [
    "{{values.a}}",
    "{{values.map.b}}",
    "{{this}}",
    "{{@index}}",
    "{{../values.a}}",
    "{{#if values.a}}",
    "{{else}}",
    "{{/if}}",
    "{{#each values.list}}",
    "{{/each}}",
    "{{#with values.map}}",
    "{{/with}}",
    "{{> p}}",
    "{{> p x=values.a}}",
    "{{#> p}}",
    "{{/p}}",
    "{{quote (include \"p\" values.map)}}",
    "{{#*inline \"p\"}}",
    "{{/inline}}",
    "\n  ",
];

fn holds(template: &str) -> std::result::Result<(), TestCaseError> {
    let case = Case::new(&[
        ("a.hbs", template),
        ("_p.hbs", "{{#if x}}{{x}}{{/if}}\n"),
        ("values.yaml", "a: 1\nmap: {b: 2}\nlist: [1, {b: 3}]\n"),
    ]);
    match case.render() {
        Ok(sources) => prop_assert_eq!(sources.len(), 1),
        Err(problems) => {
            for problem in &problems {
                let place = problem.location.clone().unwrap_or_default();
                prop_assert!(place.file.is_some() && place.line.is_some(), "{}", problem);
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_gives_an_output_or_a_problem(pieces in prop::collection::vec(select(&PIECES[..]), 0..24)) {
        holds(&pieces.concat())?;
    }

    #[test]
    fn any_tags_give_an_output_or_a_problem(tags in prop::collection::vec(select(&TAGS[..]), 0..12)) {
        holds(&tags.concat())?;
    }
}
