//! What is wrong with manifests, in words. Never repeats what stands in them.

use granit_parser::ErrorKind;

use super::changes::ObjectId;
use super::edit::EditError;
use super::manifests::Manifests;
use super::parse::SyntaxError;
use super::scan::{count_lines, odd_line_break};
use super::source::Source;
use super::split::SplitProblem;
use crate::error::{Location, Problem};
use crate::exit::Exit;

impl Manifests {
    /// A document that is not YAML.
    pub(super) fn syntax_problem(&self, document: usize, error: &SyntaxError) -> Problem {
        let mut problem = self.unreadable(document, error.offset, &cause(&error.kind));
        if problem.hints.is_empty() {
            problem.hints.extend(hint(&error.kind).map(str::to_owned));
        }
        problem
    }

    /// A document that Argo CD cannot read.
    pub(super) fn unreadable(&self, document: usize, at: usize, cause: &str) -> Problem {
        let text = self.text(document).unwrap_or_default();
        let cause = match self.template(document) {
            Some(_) => {
                let line = count_lines(text.as_bytes(), 0..at) + 1;
                format!("line {line} of the rendered document: {cause}")
            }
            None => cause.to_owned(),
        };
        let problem = Problem::new(Exit::MANIFEST, "the manifest is not valid YAML")
            .at(self.place(document, Some(at)))
            .caused_by(anyhow::Error::msg(cause));
        if line_at(text, at).contains("{{") {
            return problem.hint(
                "`{{` begins a template expression: this file is not a rendered manifest, or the expression is unquoted",
            );
        }
        problem
    }

    /// An object that cannot be edited as asked.
    pub(super) fn edit_problem(&self, id: ObjectId, error: EditError) -> Problem {
        let message = match error {
            EditError::Syntax(error) => return self.syntax_problem(id.document, &error),
            EditError::Compose(error) => return self.unreadable(id.document, error.offset, &error.message),
            EditError::Model(message) => message,
            EditError::Unverified => "the edit cannot be made without changing something else".to_owned(),
        };
        Problem::new(Exit::MANIFEST, message).at(self.location(id))
    }
}

/// What Argo CD refuses between documents.
pub(super) fn seam_problem(source: &Source, problem: SplitProblem) -> Problem {
    let (at, message, hint) = match problem {
        SplitProblem::Separator(at) => (
            at,
            "text after the document separator",
            "Argo CD splits manifests at every line that begins with `---`; only a comment may follow on it",
        ),
        SplitProblem::AfterJson(at) => (
            at,
            "something other than JSON after several JSON values",
            "separate JSON values from YAML with lines that read `---` from the first one on",
        ),
        SplitProblem::ByteOrderMark(at) => (
            at,
            "a byte order mark behind a document separator",
            "remove it: Argo CD would read it as a part of the first key",
        ),
    };
    let line = count_lines(&source.bytes, 0..at) + 1;
    Problem::new(Exit::MANIFEST, message).at(Location::file(&source.name).line(line)).hint(hint)
}

fn line_at(text: &str, at: usize) -> &str {
    let at = text.floor_char_boundary(at);
    let start = text[..at].rfind('\n').map_or(0, |line_break| line_break + 1);
    text[start..].lines().next().unwrap_or_default()
}

fn cause(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabNotAllowed => {
            "a tab is used for indentation".to_owned()
        }
        ErrorKind::MappingValueNotAllowed => "a `: ` where no value may begin".to_owned(),
        ErrorKind::UnknownAnchor => "an alias whose anchor is not in the document".to_owned(),
        ErrorKind::UnclosedQuotedScalar => "a quote that is not closed".to_owned(),
        ErrorKind::UnclosedFlowCollection { open } => format!("a `{open}` that is not closed"),
        ErrorKind::MisplacedFlowCollectionEnd => "a closing bracket that nothing opened".to_owned(),
        ErrorKind::ExpectedDocumentStart => {
            "a YAML directive, or text after the end of the document".to_owned()
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => "a key without a `:`".to_owned(),
        ErrorKind::UnexpectedCharacter { character } => format!("a value cannot begin with `{character}`"),
        ErrorKind::RecursionLimitExceeded => "the document is nested too deeply".to_owned(),
        ErrorKind::BomInsideDocument => "a byte order mark inside the document".to_owned(),
        kind => kind.to_string(),
    }
}

fn hint(kind: &ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabNotAllowed => {
            "indent with spaces"
        }
        ErrorKind::MappingValueNotAllowed => {
            "put a value that contains `: ` in quotes, and check the indentation"
        }
        ErrorKind::UnexpectedCharacter { .. }
        | ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => "put the whole value in quotes",
        ErrorKind::UnclosedQuotedScalar => "a quote inside a quoted value is written '' or \\\"",
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey | ErrorKind::ExpectedBlockMappingKey => {
            "check the indentation, and that every key is followed by a `:` and a space"
        }
        ErrorKind::ExpectedDocumentStart => {
            "remove `%` directives; documents are separated by lines that read `---`, and nothing else"
        }
        _ => return None,
    })
}

/// A character that the reader of Argo CD refuses, or that it takes for a line break where its line reader does not.
pub(super) fn refused_character(text: &str) -> Option<(usize, &'static str)> {
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    let control = text.find(|c| control(c) || matches!(c, '\u{fffe}' | '\u{ffff}'));
    let line_break = odd_line_break(text);
    let control = control.map(|at| (at, "the document contains a control character"));
    let line_break = line_break.map(|at| {
        (at, "the document contains a line break that YAML 1.1 and 1.2 disagree about (CR, NEL, LS or PS)")
    });
    control.into_iter().chain(line_break).min()
}
