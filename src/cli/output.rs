//! Printing: manifests and reports to stdout, problems and warnings to stderr.

#![allow(clippy::print_stderr, reason = "the one place that prints to stderr")]

use std::io::{self, BufWriter, Write};

use presync::{
    error::{Problem, Problems},
    exit::Exit,
    plan::Plan,
    report::{Color, Paint, harmless, model::Note},
};

use super::supervise;

/// When to colour what is printed.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ColorArg {
    /// Set when to use colours; `NO_COLOR` turns them off too
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: When,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

impl ColorArg {
    /// Returns the colours for stdout.
    pub(super) fn paint(&self) -> Paint {
        Paint::for_stdout(match self.color {
            When::Auto => Color::Auto,
            When::Always => Color::Always,
            When::Never => Color::Never,
        })
    }
}

/// Prints all problems, each beginning with `error:`.
pub(super) fn problems(problems: &Problems) {
    eprintln!("{}", harmless(&problems.to_string()));
}

/// Prints a problem of some of several apps, with their names.
pub(super) fn problem_of(apps: &[&str], text: &str) {
    let names = match apps {
        [] => String::new(),
        [first, second, rest @ ..] if rest.len() > 1 => {
            format!("{first}, {second} and {} more: ", rest.len())
        }
        few => format!("{}: ", few.join(", ")),
    };
    eprintln!("error: {}{}", harmless(&names), harmless(text.strip_prefix("error: ").unwrap_or(text)));
}

/// Prints a hint, unless it is empty.
pub(super) fn hint(hint: &str) {
    if !hint.is_empty() {
        eprintln!("hint: {}", harmless(hint));
    }
}

/// Prints warnings of an app, which has a name when there are several.
pub(super) fn notes(app: Option<&str>, notes: &[Note]) {
    for note in notes {
        let app = app.map(|app| format!("{app}: ")).unwrap_or_default();
        warning(&format!("{app}{}", note.text), note.location.as_deref(), note.hint.as_deref());
    }
}

/// Prints a warning: what, where, and what to do.
pub(super) fn warning(text: &str, location: Option<&str>, hint: Option<&str>) {
    eprintln!("warning: {}", harmless(text));
    for (label, text) in [("  at", location), ("hint", hint)] {
        if let Some(text) = text {
            eprintln!("{label}: {}", harmless(text));
        }
    }
}

/// Prints the plan's warnings; they do not fail the run.
pub(super) fn warnings(plan: &Plan) {
    supervise::end();
    for warning in &plan.warnings {
        eprintln!("{}", harmless(&warning.to_string()));
    }
}

/// Prints a text for people to stdout, without what a terminal would obey.
pub(super) fn print(text: &str) -> Result<(), Problem> {
    stdout(|out| out.write_all(harmless(text).as_bytes()))
}

/// Prints what is written for people to stdout.
pub(super) fn text(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Problem> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = write(&mut bytes);
    print(&String::from_utf8_lossy(&bytes))
}

/// Writes to stdout; a reader that went away is no problem.
pub(super) fn stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Problem> {
    supervise::end();
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Problem::new(Exit::FAILURE, "cannot write to stdout").caused_by(error))
        }
        _ => Ok(()),
    }
}
