//! Errors as the user reads them.
//!
//! Argo CD shows the whole of stderr in the application's condition, so a [`Problem`] is one short text that needs
//! nothing else: what is wrong, where, why, and what to do. A run reports all its problems ([`Problems`]).

use std::fmt;

use crate::exit::Exit;

/// The result of an operation that can have several problems at once.
pub type Result<T, E = Problems> = std::result::Result<T, E>;

/// Where a problem is, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// File relative to the app's directory, or a name in angle brackets such as `<stdin>`.
    pub file: Option<String>,
    /// Document in the file, counted from 1; set when the file holds more than one.
    pub document: Option<usize>,
    /// `Kind namespace/name`.
    pub object: Option<String>,
    /// Line in the file, counted from 1.
    pub line: Option<usize>,
    /// Column in the line, counted from 1.
    pub column: Option<usize>,
}

impl Location {
    /// Returns a place in a file.
    pub fn file(name: impl Into<String>) -> Self {
        Self { file: Some(name.into()), ..Self::default() }
    }

    /// Adds the line, counted from 1.
    #[must_use]
    pub fn line(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(file) = &self.file {
            write!(f, "{file}")?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
                if let Some(column) = self.column {
                    write!(f, ":{column}")?;
                }
            }
            separator = ", ";
        }
        if let Some(document) = self.document {
            write!(f, "{separator}document {document}")?;
            separator = ", ";
        }
        if let Some(object) = &self.object {
            write!(f, "{separator}{object}")?;
        }
        Ok(())
    }
}

/// One problem: a sentence fragment in lower case, where, the chain of causes, and hints.
///
/// Never put a manifest value, a parameter's value or a child's raw stderr into any part of it.
#[derive(Debug)]
pub struct Problem {
    /// The code that the process exits with when this is the run's first problem.
    pub exit: Exit,
    /// What is wrong, a sentence fragment.
    pub message: String,
    /// Where.
    pub location: Option<Location>,
    /// Why, outermost first; printed as `caused by:` lines.
    pub source: Option<anyhow::Error>,
    /// What to do; printed as `hint:` lines.
    pub hints: Vec<String>,
}

impl Problem {
    /// Returns a problem with its exit code and sentence.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), location: None, source: None, hints: Vec::new() }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// Says why; the whole chain of `source` is printed.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if let Some(location) = &self.location {
            write!(f, "\n  at: {location}")?;
        }
        if let Some(source) = &self.source {
            for cause in source.chain() {
                write!(f, "\ncaused by: {}", indent(&cause.to_string()))?;
            }
        }
        for hint in &self.hints {
            write!(f, "\nhint: {}", indent(hint))?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// Lines after the first stand under the first, so that each `error:` begins a new problem.
fn indent(text: &str) -> String {
    text.trim_end().replace('\n', "\n  ")
}

/// All problems of a run; never empty when it is an error.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds a problem, unless it says the same as the one before: each element of a generator has those of its template.
    pub fn push(&mut self, problem: Problem) {
        if self.0.last().is_none_or(|last| last.to_string() != problem.to_string()) {
            self.0.push(problem);
        }
    }

    /// Whether it holds no problem.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds another run's problems.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Keeps the value, or takes the problems and gives none: for going on to find more.
    pub fn collect<T, E: Into<Self>>(&mut self, result: std::result::Result<T, E>) -> Option<T> {
        result.map_err(|error| self.extend(error.into())).ok()
    }

    /// Returns `value` when there was no problem.
    pub fn or<T>(self, value: T) -> Result<T> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Returns the problems in the order in which they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// Returns the exit code: that of the first problem.
    pub fn exit(&self) -> Exit {
        self.0.first().map_or(Exit::FAILURE, |problem| problem.exit)
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_top_down() {
        let problem = Problem::new(Exit::RENDER, "cannot read the template")
            .at(Location::file("job.yaml").line(3))
            .caused_by(anyhow::anyhow!("inner\nsecond line").context("outer"))
            .hint("fix it");
        assert_eq!(
            problem.to_string(),
            "error: cannot read the template\n  at: job.yaml:3\ncaused by: outer\ncaused by: inner\n  second line\nhint: fix it"
        );
    }

    #[test]
    fn the_first_problem_gives_the_exit_code() {
        let mut problems = Problems::default();
        problems.push(Problem::new(Exit::SETTINGS, "a"));
        problems.push(Problem::new(Exit::RENDER, "b"));
        assert_eq!(problems.exit(), Exit::SETTINGS);
        assert!(problems.or(()).is_err());
    }
}
