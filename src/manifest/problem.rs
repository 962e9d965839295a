//! What is wrong with manifests, in words. Never repeats what stands in them.

use granit_parser::ErrorKind;
use memchr::memchr2_iter;

use super::changes::ObjectId;
use super::edit::EditError;
use super::manifests::Manifests;
use super::parse::SyntaxError;
use super::scan::count_lines;
use super::source::Source;
use super::split::SplitProblem;
use crate::error::{Location, Problem};
use crate::exit::Exit;

impl Manifests {
    /// Returns a document that is not YAML.
    pub(super) fn syntax_problem(&self, document: usize, error: &SyntaxError) -> Problem {
        let mut problem = self.unreadable(document, error.offset, &cause(&error.kind));
        if problem.hints.is_empty() {
            problem.hints.extend(hint(&error.kind).map(str::to_owned));
        }
        problem
    }

    /// Returns a document that Argo CD cannot read.
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

    /// Returns an object that cannot be edited as asked.
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

/// Returns what Argo CD refuses between documents.
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
            "a byte order mark inside the document",
            "remove it: Argo CD would read it as a part of the first key",
        ),
        SplitProblem::Tab(at) => {
            (at, "a tab in an empty document", "remove it: Argo CD's YAML reader refuses it")
        }
    };
    Problem::new(Exit::MANIFEST, message).at(line_of(source, at)).hint(hint)
}

/// Returns a source that holds what Argo CD refuses wherever it stands.
pub(super) fn refused_problem(source: &Source, (at, message): (usize, &'static str)) -> Problem {
    let problem = Problem::new(Exit::MANIFEST, message).at(line_of(source, at));
    if source.bytes.starts_with(&[0xff, 0xfe]) || source.bytes.starts_with(&[0xfe, 0xff]) {
        return problem.hint("it is UTF-16: write it as UTF-8");
    }
    problem.hint("Argo CD reads manifests as UTF-8 text without control characters; bytes belong into `binaryData`, as base64")
}

fn line_of(source: &Source, at: usize) -> Location {
    Location::file(&source.name).line(count_lines(&source.bytes, 0..at) + 1)
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

/// Returns the first byte that Argo CD's reader refuses wherever it stands, and why.
pub(super) fn refused_byte(bytes: &[u8]) -> Option<(usize, &'static str)> {
    if let Err(error) = str::from_utf8(bytes) {
        return Some((error.valid_up_to(), "the text is not UTF-8"));
    }
    let control = |byte: &u8| (*byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || *byte == 0x7f;
    // By chunks, which the compiler looks through at once.
    let ascii =
        bytes.chunks(64).position(|chunk| chunk.iter().fold(false, |found, byte| found | control(byte)));
    let ascii = ascii.and_then(|chunk| Some(64 * chunk + bytes[64 * chunk..].iter().position(control)?));
    let other = memchr2_iter(0xc2, 0xef, bytes).find(
        |at| matches!(bytes[*at..], [0xc2, 0x80..=0x84 | 0x86..=0x9f, ..] | [0xef, 0xbf, 0xbe | 0xbf, ..]),
    );
    let at = ascii.into_iter().chain(other).min()?;
    Some((at, "the text contains a control character"))
}
