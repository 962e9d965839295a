//! The rules' page and table.

use std::fmt::Write as _;

use super::RULES;

/// Returns a table of all rules.
pub fn table() -> String {
    let mut out = String::from("| rule | severity | finds |\n|---|---|---|\n");
    for rule in RULES {
        let _ = writeln!(out, "| [`{0}`](#{0}) | {1} | {2} |", rule.id, rule.severity, rule.doc().what);
    }
    out
}

/// Returns the page `docs/reference/rules.md`.
pub fn page() -> String {
    let mut out = include_str!("page.md").replace("<!-- table -->\n", &table());
    for rule in RULES {
        let text = rule.doc().text.replace("\n## ", "\n### ");
        let _ = write!(out, "\n## {}\n\n{}\n", rule.id, text.trim_end());
    }
    out
}
