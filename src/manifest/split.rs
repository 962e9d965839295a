//! A source cut into documents, as Argo CD's reader cuts it.
//!
//! That reader is apimachinery's `NewYAMLOrJSONDecoder` (`pkg/util/yaml/decoder.go`). Input that begins with `{` is
//! read as a stream of JSON values until one fails; what is left, or all of it, is cut at the lines that begin with
//! `---`, whatever stands around them. It is not what a YAML parser would do, and only the same cut gives the same
//! documents.

use std::ops::Range;

use memchr::{memchr, memmem};
use serde::de::IgnoredAny;

use super::breaks;

/// Where a document is in its source, without separator lines and byte order mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub range: Range<usize>,
    /// One value of a JSON stream: it ends where the value ends, and no separator stands before the next one.
    pub json: bool,
}

/// A source's documents. Those without content (blank lines, comments) are left out: they are nothing to Argo CD.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Split {
    pub parts: Vec<Part>,
    pub problems: Vec<SplitProblem>,
}

/// What Argo CD refuses in the seams, with its byte offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SplitProblem {
    /// Something other than a comment follows `---` on its line.
    Separator(usize),
    /// After a second JSON value the reader does not go back to YAML.
    AfterJson(usize),
    /// A byte order mark that is taken for a part of the first key.
    ByteOrderMark(usize),
    /// A tab where there is nothing else: no token can begin with it.
    Tab(usize),
}

pub(super) fn split(bytes: &[u8]) -> Split {
    let mut split = Split::default();
    let rest = if begins_json(bytes) { split.json(bytes) } else { 0 };
    if rest < bytes.len() {
        split.yaml(bytes, rest);
    }
    split
}

/// How far Argo CD's reader looks for the beginning of JSON, in bytes.
const LOOKAHEAD: usize = 4096;

/// Whether Argo CD's reader tries JSON first: blanks of any script may stand before the brace.
pub(super) fn begins_json(bytes: &[u8]) -> bool {
    let seen = &bytes[..bytes.len().min(LOOKAHEAD)];
    seen[leading_blanks(seen)..].starts_with(b"{")
}

/// Returns where the first thing stands that is neither blank nor a comment.
pub(super) fn content_start(bytes: &[u8]) -> Option<usize> {
    content_or_tab(bytes, false)
}

/// Returns where a document without content has a tab outside of its comments.
fn blank_tab(document: &[u8]) -> Option<usize> {
    content_or_tab(document, true)
}

fn content_or_tab(bytes: &[u8], tab_counts: bool) -> Option<usize> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\r' | b'\n') || *byte == b'\t' && !tab_counts;
    let mut at = 0;
    loop {
        at += bytes[at..].iter().position(|byte| !is_blank(byte))?;
        if bytes[at] != b'#' {
            return Some(at);
        }
        // YAML 1.1 ends the comment at more than line feeds.
        let line = &bytes[at..line_end(bytes, at)];
        at += breaks::odd(line).next().or_else(|| memchr(b'\n', line))?;
    }
}

/// The byte order mark in UTF-8.
pub(super) const BOM: &[u8] = "\u{feff}".as_bytes();

/// What a line begins with that separates documents.
pub(super) const SEPARATOR: &[u8] = b"---";

impl Split {
    /// Reads JSON values, and gives where YAML begins.
    fn json(&mut self, bytes: &[u8]) -> usize {
        let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
        let mut end = 0;
        while let Some(value) = values.next() {
            if value.is_err() {
                return self.after_json(bytes, end);
            }
            let value = bytes[end..values.byte_offset()].trim_ascii_start();
            end = values.byte_offset();
            self.parts.push(Part { range: end - value.len()..end, json: true });
        }
        bytes.len()
    }

    /// Returns where the reader goes on in YAML mode. It drops blanks up to and including the first line break, and
    /// wherever it looks for one, it needs four bytes.
    fn after_json(&mut self, bytes: &[u8], end: usize) -> usize {
        let blanks = leading_blanks(&bytes[end..]);
        let line_break = memchr(b'\n', &bytes[end..end + blanks]).map(|line_break| end + line_break);
        let last_look = line_break.unwrap_or(end + blanks);
        if self.parts.len() > 1 || (!self.parts.is_empty() && bytes.len() - last_look < 4) {
            self.problems.push(SplitProblem::AfterJson(end + blanks));
            return bytes.len();
        }
        line_break.map_or(last_look, |line_break| line_break + 1)
    }

    fn yaml(&mut self, bytes: &[u8], start: usize) {
        let mut start = start;
        let mut in_document = false;
        for separator in separators(bytes, start) {
            self.push_yaml(bytes, start..separator, in_document);
            // The reader leaves out a separator that ends something; one at the beginning becomes a part of the
            // document.
            in_document = start == separator;
            start = line_end(bytes, separator);
            let rest = &bytes[separator + SEPARATOR.len()..start];
            let is_separator = if in_document { starts_document(rest) } else { ends_line(rest) };
            if !is_separator {
                self.problems.push(SplitProblem::Separator(separator));
            }
        }
        self.push_yaml(bytes, start..bytes.len(), in_document);
    }

    fn push_yaml(&mut self, bytes: &[u8], mut range: Range<usize>, behind_separator: bool) {
        if !behind_separator && bytes[range.clone()].starts_with(BOM) {
            range.start += BOM.len();
        }
        let document = &bytes[range.clone()];
        if let Some(content) = content_start(document) {
            if document[content..].starts_with(BOM) {
                self.problems.push(SplitProblem::ByteOrderMark(range.start + content));
            }
            self.parts.push(Part { range, json: false });
        } else if let Some(tab) = blank_tab(&bytes[range.clone()]) {
            self.problems.push(SplitProblem::Tab(range.start + tab));
        }
    }
}

/// Returns where lines begin with `---`.
fn separators(bytes: &[u8], start: usize) -> impl Iterator<Item = usize> {
    let first = bytes[start..].starts_with(SEPARATOR).then_some(start);
    first.into_iter().chain(memmem::find_iter(&bytes[start..], b"\n---").map(move |at| start + at + 1))
}

/// Whether only blanks and a comment follow behind a separator that YAML's reader sees.
fn starts_document(rest: &[u8]) -> bool {
    let after_blanks = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
    breaks::odd(rest).next().is_none()
        && after_blanks.is_none_or(|at| match rest[at] {
            b'#' => at > 0,
            byte => matches!(byte, b'\r' | b'\n'),
        })
}

/// Whether only blanks and a comment follow behind a separator whose line the reader leaves out.
fn ends_line(rest: &[u8]) -> bool {
    let rest = String::from_utf8_lossy(rest);
    let rest = rest.trim();
    rest.is_empty() || rest.starts_with('#')
}

/// Returns the start of the next line.
pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |line_break| at + line_break + 1)
}

/// Returns the length of the blanks at the beginning, Unicode's included.
pub(super) fn leading_blanks(bytes: &[u8]) -> usize {
    let mut blanks = 0;
    loop {
        let rest = &bytes[blanks..];
        let next =
            rest[..rest.len().min(4)].utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
        match next {
            Some(c) if c.is_whitespace() => blanks += c.len_utf8(),
            _ => return blanks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the documents' texts, JSON ones marked with `j`.
    fn parts(text: &str) -> Vec<String> {
        let split = split(text.as_bytes());
        assert_eq!(split.problems, [], "{text:?}");
        split
            .parts
            .iter()
            .map(|part| format!("{}{}", if part.json { "j" } else { "" }, &text[part.range.clone()]))
            .collect()
    }

    #[test]
    fn cuts_at_lines_that_begin_with_three_dashes() {
        assert_eq!(parts("a: 1\n---\nb: 2"), ["a: 1\n", "b: 2"]);
        assert_eq!(parts("---\r\na: 1\r\n--- # two\r\nb: 2\r\n"), ["a: 1\r\n", "b: 2\r\n"]);
        assert_eq!(parts("a: |\n  ---\n  b\n ---\n"), ["a: |\n  ---\n  b\n ---\n"]);
        assert_eq!(parts("a: 'x\n---\ny'\n"), ["a: 'x\n", "y'\n"]);
    }

    #[test]
    fn leaves_out_what_has_no_content() {
        assert_eq!(parts(""), [""; 0]);
        assert_eq!(parts("---\n---\n\n# c\t\n---\t\n \n"), [""; 0]);
        assert_eq!(parts("\u{feff}# c\n---\n# d\na: 1\n---"), ["# d\na: 1\n"]);
        assert_eq!(parts("\u{feff}"), [""; 0]);
        assert_eq!(parts("# c"), [""; 0]);
        assert_eq!(parts("# c\r# d\r\n"), [""; 0]);
    }

    #[test]
    fn a_comment_ends_where_yaml_1_1_breaks_the_line() {
        for text in ["# c\ra: 1\n", "# c\u{85}a: 1\n", "# c\u{2028}a: 1\n", "# c\u{2029}"] {
            assert_eq!(parts(text), [text]);
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_document() {
        assert_eq!(parts("\u{feff}a: 1\n---\n\u{feff}b: 2\n"), ["a: 1\n", "b: 2\n"]);
        assert_eq!(parts("\u{feff}---\na: 1\n"), ["---\na: 1\n"]);
        for (text, at) in
            [("---\n\u{feff}a: 1\n", 4), ("# c\n\u{feff}a: 1\n", 4), ("a: 1\n---\n\n\u{feff}", 10)]
        {
            assert_eq!(split(text.as_bytes()).problems, [SplitProblem::ByteOrderMark(at)], "{text:?}");
        }
    }

    #[test]
    fn a_directive_is_a_document_of_its_own() {
        assert_eq!(parts("%YAML 1.1\n---\na: 1\n"), ["%YAML 1.1\n", "a: 1\n"]);
    }

    #[test]
    fn refuses_text_behind_the_dashes() {
        for text in ["--- {a: 1}\n", "----\n", "---a\n", "-----BEGIN\n", "--- |\n x\n"] {
            assert_eq!(split(text.as_bytes()).problems, [SplitProblem::Separator(0)], "{text:?}");
        }
        assert_eq!(
            split(b"a: 1\n--- x\nb: 2\n----\n").problems,
            [SplitProblem::Separator(5), SplitProblem::Separator(16)]
        );
    }

    #[test]
    fn the_first_separator_is_read_as_yaml() {
        for rest in ["# c", "\u{a0}# c", "\u{a0}", " # c\u{2028}d", " # c\rd"] {
            let first = format!("---{rest}\na: 1\n");
            assert_eq!(split(first.as_bytes()).problems, [SplitProblem::Separator(0)], "{rest:?}");
            assert_eq!(parts(&format!("a: 1\n---{rest}\nb: 2\n")), ["a: 1\n", "b: 2\n"], "{rest:?}");
        }
        for rest in ["", " ", "\t", " # c", "\t#", "\r"] {
            assert_eq!(parts(&format!("---{rest}\na: 1\n")), ["a: 1\n"], "{rest:?}");
        }
    }

    #[test]
    fn refuses_a_tab_in_a_document_without_content() {
        assert_eq!(split(b"\t").problems, [SplitProblem::Tab(0)]);
        assert_eq!(split(b"a: 1\n---\n#\tc\n \t# d\n").problems, [SplitProblem::Tab(14)]);
        assert_eq!(split(b"{\"a\":1}\n\t\n#\n").problems, [SplitProblem::Tab(8)]);
    }

    #[test]
    fn json_streams_need_no_separator() {
        assert_eq!(parts(" {\"a\":1}{\"b\":\"}\"}\n\n{}\n"), ["j{\"a\":1}", "j{\"b\":\"}\"}", "j{}"]);
    }

    #[test]
    fn one_json_value_may_be_followed_by_yaml() {
        assert_eq!(parts("{\"a\":1}\n---\nb: 2\n"), ["j{\"a\":1}", "b: 2\n"]);
        assert_eq!(parts("{\"a\":1}\nb: 2\n"), ["j{\"a\":1}", "b: 2\n"]);
        assert_eq!(parts("{\"a\":1} # c\n"), ["j{\"a\":1}"]);
        assert_eq!(parts("{a: 1}\n---\n{b: 2}\n"), ["{a: 1}\n", "{b: 2}\n"]);
    }

    #[test]
    fn two_json_values_may_not() {
        assert_eq!(split(b"{}\n{}\n---\na: 1\n").problems, [SplitProblem::AfterJson(6)]);
    }

    #[test]
    fn the_reader_needs_four_bytes_to_leave_json() {
        assert_eq!(split(b"{}\n#\n").problems, [SplitProblem::AfterJson(3)]);
        assert_eq!(parts("{}\n# c\n"), ["j{}"]);
    }
}
