//! Lines and columns of a document.

use super::Refused;
use crate::manifest::scan::line_start;

/// Returns the byte after the last one of the line that `at` is in, without its line break.
pub(super) fn line_content_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let line = rest.split('\n').next().unwrap_or_default();
    at + line.strip_suffix('\r').unwrap_or(line).len()
}

/// Returns the start of the line after that of `at`; refused when something other than a comment stands in between.
pub(super) fn next_line(text: &str, at: usize) -> Result<usize, Refused> {
    let end = text[at..].find('\n').map_or(text.len(), |line_break| at + line_break + 1);
    let rest = text[at..end].trim_matches([' ', '\t', '\r', '\n']);
    if rest.is_empty() || rest.starts_with('#') { Ok(end) } else { Err(Refused) }
}

/// Returns the column of `at`, when only blanks, the dashes of lists and a key's question mark stand before it.
pub(super) fn column(text: &str, at: usize) -> Result<usize, Refused> {
    let before = &text[line_start(text.as_bytes(), at)..at];
    if before.bytes().all(|byte| matches!(byte, b' ' | b'-' | b'?')) {
        Ok(before.len())
    } else {
        Err(Refused)
    }
}

/// Whether `at` is the first thing on its line.
pub(super) fn begins_line(text: &str, at: usize) -> bool {
    text[line_start(text.as_bytes(), at)..at].bytes().all(|byte| byte == b' ')
}

/// Returns how far the line that `at` is in is indented.
pub(super) fn indentation(text: &str, at: usize) -> usize {
    let line = &text[line_start(text.as_bytes(), at)..];
    line.len() - line.trim_start_matches(' ').len()
}
