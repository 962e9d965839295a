//! The report for a ticket, a chat or a page.

use std::fmt::Write as _;

use super::{Application, Report, text};

/// Returns the whole report.
pub fn render(report: &Report) -> String {
    let (about, fleet) = (text::about(&report.argocd), text::fleet(&report.summary));
    let mut markdown = format!("# presync doctor\n\n{about}\n\n**{fleet}**\n");
    let rows: Vec<&Application> = report.applications.iter().filter(|app| app.has_findings()).collect();
    if !rows.is_empty() {
        markdown.push_str("\n| application | environment | state | findings |\n|---|---|---|---|\n");
    }
    for app in &rows {
        let kinds: Vec<&str> = report.about(Some(app)).map(|finding| finding.kind).collect();
        let (name, state) = (app.key(), format!("{}:{}", app.sync, app.health));
        let _ =
            writeln!(markdown, "| {name} | {} | {state} | {} |", escaped(&app.environment), kinds.join(", "));
    }
    let whole = report.about(None).next().map(|_| None);
    for app in whole.into_iter().chain(rows.into_iter().map(Some)) {
        let _ = writeln!(markdown, "\n## {}", app.map_or_else(|| "Argo CD".to_owned(), Application::key));
        for finding in report.about(app) {
            let _ = writeln!(
                markdown,
                "\n**{} {}**: {}\n",
                finding.severity,
                finding.kind,
                escaped(&finding.summary)
            );
            for detail in &finding.details {
                let _ = writeln!(markdown, "* {}", escaped(detail));
            }
            for command in &finding.remedy {
                let fence = fence(command);
                let _ = writeln!(markdown, "\n{fence}\n{command}\n{fence}");
            }
        }
    }
    markdown
}

/// Text of others in a paragraph.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' => escaped.extend(['\\', c]),
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '\n' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Returns a fence that is longer than any run of backquotes within.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::super::tests::example;

    #[test]
    fn what_others_wrote_stays_text() {
        let markdown = super::render(&example());
        assert!(
            markdown.contains("| argocd/edge | production | OutOfSync:Healthy | failed-migration |"),
            "{markdown}"
        );
        assert!(
            markdown.contains("&lt;exit 1> &amp; more") && markdown.contains("* log: a \\| b"),
            "{markdown}"
        );
        assert!(markdown.contains("\n```\nin git, in ApplicationSet fleet:\nspec:\n"), "{markdown}");
    }
}
