//! `explain` in a pull request.

use std::fmt::Write as _;

use crate::report::{
    model::{App, Decisions, Job},
    paint::markdown_table,
    summary,
};

/// One app as Markdown.
pub fn markdown(app: &App) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "### {}\n", app.name);
    if !app.problems.is_empty() {
        let _ = writeln!(out, "```text\n{}\n```\n", app.problems.join("\n"));
        return out;
    }
    if let Some(environment) = &app.environment {
        let _ = writeln!(out, "Environment **{}**: {}\n", environment.value, environment.why);
    }
    if let Some(renderer) = &app.renderer {
        let _ = writeln!(out, "Renderer **{}**: {}", renderer.value, renderer.why);
    }
    for job in &app.jobs {
        out += &self::job(job);
    }
    if app.jobs.is_empty() {
        out += "\nNo Job.\n";
    }
    if !app.moved.is_empty() {
        out += "\n**Moved to another sync wave**\n\n";
        let mut rows = vec![["object", "from", "to", "why"].map(str::to_owned).to_vec()];
        for moved in &app.moved {
            rows.push(vec![
                code(&moved.object),
                moved.from.to_string(),
                moved.to.to_string(),
                moved.why.clone(),
            ]);
        }
        out += &markdown_table(&rows);
    }
    for warning in &app.warnings {
        let _ = write!(out, "\n> ⚠ {}", warning.text);
        let location = warning.location.iter().map(|location| format!(" ({location})"));
        let hint = warning.hint.iter().map(|hint| format!("  \n> {hint}"));
        out.extend(location.chain(hint));
        out.push('\n');
    }
    out.push('\n');
    out
}

fn job(job: &Job) -> String {
    let mut out = format!("\n**{} {}** ({})\n\n", job.kind, code(&job.name), job.location.text);
    let mut rows = vec![["", "decision", "why"].map(str::to_owned).to_vec()];
    let migration = if job.migration { "yes" } else { "no" };
    rows.push(vec!["migration".into(), migration.into(), job.why.clone()]);
    if let Some(reason) = &job.reason {
        rows.push(vec!["reason".into(), String::new(), reason.clone()]);
    }
    if let Some(left) = &job.left {
        rows.push(vec!["left".into(), "as it is".into(), left.clone()]);
    }
    if let Some(rewrite) = &job.rewrite {
        rows.extend(decisions(rewrite));
    }
    out += &markdown_table(&rows);
    if !job.evidence.is_empty() {
        out += "\n<details><summary>Evidence</summary>\n\n";
        for evidence in &job.evidence {
            let _ = writeln!(out, "* {:+} {}", evidence.points, evidence.text);
        }
        out += "\n</details>\n";
    }
    out
}

/// Returns the decisions as rows: what, value, why.
pub(super) fn decisions(rewrite: &Decisions) -> Vec<Vec<String>> {
    let row = |name: &str, value: &str, why: &str| vec![name.to_owned(), code(value), why.to_owned()];
    let mut rows = vec![row("strategy", &rewrite.strategy.value, &rewrite.strategy.why)];
    for (name, decision) in [("phase", &rewrite.phase), ("wave", &rewrite.wave)] {
        rows.extend(decision.iter().map(|decision| row(name, &decision.value, &decision.why)));
    }
    rows.push(row("ttl", &summary::ttl(&rewrite.ttl.value), &rewrite.ttl.why));
    rows.push(row("name", &rewrite.name.value, &rewrite.name.why));
    rows.extend(rewrite.trigger.iter().map(|trigger| row("trigger", &trigger.value, &trigger.why)));
    rows.extend(rewrite.needs.iter().map(|need| row("needs", &need.object, &need.why)));
    rows.extend(rewrite.copies.iter().map(|copy| row("copy", &copy.name, &format!("of {}", copy.of))));
    rows.extend(rewrite.guards.iter().map(|guard| row("guard", guard, "")));
    rows
}

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}
