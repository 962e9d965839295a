//! One app in several environments, side by side.

use crate::report::{
    model::{App, Job},
    paint::{Paint, markdown_table, table},
    summary,
};

/// Returns a table for each Job, with a column an environment.
pub fn columns(environments: &[String], apps: &[App], paint: Paint) -> String {
    let tables = tables(environments, apps);
    let show = |(title, rows): &(String, Vec<Vec<String>>)| {
        format!("{}\n{}", paint.bold(title), indent(&table(rows, paint)))
    };
    tables.iter().map(show).collect::<Vec<_>>().join("\n")
}

/// Returns the same as Markdown.
pub fn markdown_columns(environments: &[String], apps: &[App]) -> String {
    let tables = tables(environments, apps);
    let show =
        |(title, rows): &(String, Vec<Vec<String>>)| format!("**{title}**\n\n{}\n", markdown_table(rows));
    tables.iter().map(show).collect::<Vec<_>>().concat()
}

fn indent(text: &str) -> String {
    text.lines().flat_map(|line| ["  ", line, "\n"]).collect()
}

fn tables(environments: &[String], apps: &[App]) -> Vec<(String, Vec<Vec<String>>)> {
    let mut jobs: Vec<(&str, &str)> = Vec::new();
    for job in apps.iter().flat_map(|app| &app.jobs) {
        if !jobs.contains(&key(job)) {
            jobs.push(key(job));
        }
    }
    jobs.iter()
        .map(|(kind, name)| (format!("{kind} {name}"), rows((kind, name), environments, apps)))
        .collect()
}

/// A Job is the same in all environments when presync gives it the same name.
fn key(job: &Job) -> (&str, &str) {
    (&job.kind, job.rewrite.as_ref().map_or(&job.name, |rewrite| &rewrite.name.value))
}

type Cell = fn(&Job) -> Option<String>;

const ROWS: [(&str, Cell); 6] = [
    ("rendered as", |job| Some(job.name.clone())),
    ("migration", |job| Some(if job.migration { "yes" } else { "no" }.to_owned())),
    ("strategy", |job| {
        Some(job.rewrite.as_ref().map_or("left", |rewrite| &rewrite.strategy.value).to_owned())
    }),
    ("phase", |job| Some(job.rewrite.as_ref()?.phase.as_ref()?.value.clone())),
    ("wave", |job| Some(job.rewrite.as_ref()?.wave.as_ref()?.value.clone())),
    ("ttl", |job| Some(summary::ttl(&job.rewrite.as_ref()?.ttl.value))),
];

fn rows(wanted: (&str, &str), environments: &[String], apps: &[App]) -> Vec<Vec<String>> {
    let found: Vec<_> = apps.iter().map(|app| app.jobs.iter().find(|job| key(job) == wanted)).collect();
    let mut rows =
        vec![std::iter::once(String::new()).chain(environments.iter().cloned()).collect::<Vec<_>>()];
    for (name, cell) in ROWS {
        let cells: Vec<Option<String>> = found.iter().map(|job| cell((*job)?)).collect();
        if cells.iter().any(Option::is_some) {
            let cells = cells.into_iter().map(|cell| cell.unwrap_or_else(|| "-".to_owned()));
            rows.push(std::iter::once(name.to_owned()).chain(cells).collect());
        }
    }
    rows
}
