//! What is wrong with a document, in words.

use granit_parser::ErrorKind;

use super::parse::SyntaxError;

/// A cause that people can act on, and a hint where one helps.
pub(super) struct Diagnosis {
    pub cause: String,
    pub hint: Option<&'static str>,
}

/// Explains a syntax error; never repeats what stands in the document.
pub(super) fn diagnose(text: &str, error: &SyntaxError) -> Diagnosis {
    let line = line_at(text, error.offset);
    let hint = if line.contains("{{") {
        Some(
            "`{{` begins a template expression: this file is not a rendered manifest, or the expression is unquoted",
        )
    } else {
        hint(&error.kind)
    };
    Diagnosis { cause: cause(&error.kind), hint }
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
        ErrorKind::ExpectedDocumentStart => "text after the end of the document".to_owned(),
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
        ErrorKind::ExpectedDocumentStart => "documents are separated by lines that read `---`",
        _ => return None,
    })
}

/// A character that the reader of Argo CD refuses, or that it takes for a line break where its line reader does not.
pub(super) fn refused_character(text: &str) -> Option<(usize, &'static str)> {
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    let control = text.find(|c| control(c) || matches!(c, '\u{fffe}' | '\u{ffff}'));
    let line_break = super::scan::odd_line_break(text);
    let control = control.map(|at| (at, "the document contains a control character"));
    let line_break = line_break.map(|at| {
        (at, "the document contains a line break that YAML 1.1 and 1.2 disagree about (CR, NEL, LS or PS)")
    });
    control.into_iter().chain(line_break).min()
}
