//! Printing: manifests and reports to stdout, problems and warnings to stderr.

#![allow(clippy::print_stderr, reason = "the one place that prints to stderr")]

use std::io::{self, BufWriter, Write};

use presync::{
    error::{Problem, Problems},
    exit::Exit,
    plan::Plan,
};

/// Prints all problems, each beginning with `error:`.
pub(super) fn problems(problems: &Problems) {
    eprintln!("{problems}");
}

/// Prints the plan's warnings; they do not fail the run.
pub(super) fn warnings(plan: &Plan) {
    for warning in &plan.warnings {
        eprintln!("{warning}");
    }
}

/// Writes to stdout; a reader that went away is no problem.
pub(super) fn stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Problem> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Problem::new(Exit::FAILURE, "cannot write to stdout").caused_by(error))
        }
        _ => Ok(()),
    }
}
