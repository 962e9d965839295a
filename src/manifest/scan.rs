//! What can be said about a document without parsing it.
//!
//! Both scans may answer "not certain", and then the document is parsed. That is what makes a stream without the
//! wanted kind cost no more than a search for a word.

use std::ops::Range;

use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter, memrchr};

use super::breaks;
use super::resolve::{Scalar, resolve};
use super::split::line_end;

mod values;

pub(super) use values::values;

/// Finds places where an object of one kind may name its kind.
///
/// The kind must stand in the text as a word of its own, or between double quotes with escapes (`"\u004aob"`). A kind
/// written as `!!binary` base64 is not found; nobody writes that.
pub(super) struct KindFinder<'k> {
    kind: &'k str,
    word: Finder<'k>,
}

impl<'k> KindFinder<'k> {
    pub(super) fn new(kind: &'k str) -> Self {
        Self { kind, word: Finder::new(kind) }
    }

    /// Returns which of the documents, given by their places in `bytes`, may hold an object of the kind.
    pub(super) fn find(&self, bytes: &[u8], documents: &[Range<usize>]) -> Vec<usize> {
        let words = self.word.find_iter(bytes).filter(|at| self.is_word(bytes, *at));
        let escaped = memchr_iter(b'\\', bytes).filter(|at| self.is_escaped(bytes, *at));
        let mut found = documents_at(words, documents);
        found.extend(documents_at(escaped, documents));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether the word at `at` can be a scalar of its own: nothing of the same scalar touches it, and no text goes on
    /// before or behind it.
    fn is_word(&self, bytes: &[u8], at: usize) -> bool {
        let (before, after) = (&bytes[..at], &bytes[at + self.kind.len()..]);
        let touches = |byte: Option<&u8>| {
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(byte))
        };
        !touches(before.last()) && !touches(after.first()) && !text_goes_on(after) && !is_in_text(before)
    }

    /// Whether the backslash at `at` is the first one in a double-quoted scalar that is the kind.
    fn is_escaped(&self, bytes: &[u8], at: usize) -> bool {
        let begin = at.saturating_sub(self.kind.len());
        memrchr(b'"', &bytes[begin..at])
            .is_some_and(|quote| unescapes_to(&bytes[begin + quote + 1..], self.kind))
    }
}

/// Returns the documents in which something was found, the places given in order.
fn documents_at(places: impl Iterator<Item = usize>, documents: &[Range<usize>]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut document = 0;
    for at in places {
        while documents.get(document).is_some_and(|range| range.end <= at) {
            document += 1;
        }
        let Some(range) = documents.get(document) else { break };
        if range.contains(&at) && found.last() != Some(&document) {
            found.push(document);
        }
    }
    found
}

/// Whether a blank and then a letter or digit follow.
fn text_goes_on(after: &[u8]) -> bool {
    let blanks = after.iter().take_while(|byte| is_blank(**byte)).count();
    blanks > 0 && after.get(blanks).is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether a word stands before on the line, with a blank behind it, that is not the scalar's anchor or tag.
fn is_in_text(before: &[u8]) -> bool {
    let blanks = before.iter().rev().take_while(|byte| is_blank(**byte)).count();
    let text = &before[..before.len() - blanks];
    if blanks == 0 || !text.last().is_some_and(u8::is_ascii_alphanumeric) {
        return false;
    }
    let mut word = text.iter().rev().take_while(|byte| !byte.is_ascii_whitespace());
    !word.any(|byte| matches!(byte, b'!' | b'&'))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Whether a double-quoted scalar goes on with `expected` and then ends.
fn unescapes_to(mut text: &[u8], expected: &str) -> bool {
    for expected in expected.bytes() {
        while let Some(rest) = after_line_continuation(text) {
            text = rest;
        }
        let Some((byte, rest)) = unescape(text) else { return false };
        if byte != expected {
            return false;
        }
        text = rest;
    }
    while let Some(rest) = after_line_continuation(text) {
        text = rest;
    }
    text.starts_with(b"\"")
}

/// Returns the next character where it is ASCII, escaped by number or not at all.
fn unescape(text: &[u8]) -> Option<(u8, &[u8])> {
    let digits = match text {
        [b'\\', b'x', ..] => 2,
        [b'\\', b'u', ..] => 4,
        [b'\\', b'U', ..] => 8,
        [b'\\', ..] | [] => return None,
        [byte, rest @ ..] => return Some((*byte, rest)),
    };
    let (number, rest) = text[2..].split_at_checked(digits)?;
    let code = u32::from_str_radix(str::from_utf8(number).ok()?, 16).ok()?;
    Some((u8::try_from(code).ok()?, rest))
}

/// Returns the text behind a backslash that joins two lines, and the blanks that the next line begins with.
fn after_line_continuation(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"\\\n").or_else(|| text.strip_prefix(b"\\\r\n"))?;
    Some(rest.trim_ascii_start())
}

/// The fields that identify an object, read from the lines of a document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head<'t> {
    pub api_version: &'t str,
    pub kind: &'t str,
    pub namespace: Option<&'t str>,
    pub name: &'t str,
}

/// Reads the head of a document in plain block style; `None` where only a parse can tell.
///
/// A line at column 0 that looks like a key could belong to a quoted scalar or a flow collection that was left open
/// above it. Then the real key exists too, and a key seen twice is not certain; or it does not, and Argo CD refuses the
/// object.
pub(super) fn head(document: &[u8]) -> Option<Head<'_>> {
    let text = str::from_utf8(document).ok()?;
    if breaks::odd(text.as_bytes()).next().is_some() {
        return None;
    }
    let mut scan = HeadScan::default();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, below) = rest.split_at(line_end(rest.as_bytes(), 0));
        scan.line(line.trim_end_matches(['\n', '\r', ' ']))?;
        rest = if scan.is_outside() { skip_indented(below) } else { below };
    }
    scan.finish()
}

/// Returns the lines from the first one on that is not indented.
fn skip_indented(text: &str) -> &str {
    if !text.starts_with(' ') {
        return text;
    }
    let mut breaks = memchr_iter(b'\n', text.as_bytes());
    let last = breaks.find(|at| text.as_bytes().get(at + 1) != Some(&b' '));
    last.map_or("", |at| &text[at + 1..])
}

/// What the line above says about the next one.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Above {
    /// It gives a wanted field its value, which a line further to the right than this would continue.
    Value { indent: usize },
    /// It is a key without a value, or in the list that belongs to it: a list may stand at the key's column.
    List,
    #[default]
    Other,
}

/// The top-level key that the lines belong to.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Section {
    /// `metadata`, with the column of its keys once it is known.
    Metadata { column: Option<usize> },
    #[default]
    Other,
}

#[derive(Default)]
struct HeadScan<'t> {
    api_version: Option<&'t str>,
    kind: Option<&'t str>,
    namespace: Option<&'t str>,
    name: Option<&'t str>,
    has_generate_name: bool,
    has_metadata: bool,
    section: Section,
    above: Above,
}

/// Each step gives `None` where the line leaves room for doubt.
impl<'t> HeadScan<'t> {
    fn line(&mut self, line: &'t str) -> Option<()> {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if content.is_empty() || content.starts_with('#') {
            return Some(());
        }
        if matches!(self.above, Above::Value { indent: above } if indent > above) {
            return None;
        }
        match self.section {
            _ if indent == 0 => self.top(content),
            Section::Metadata { column } => self.in_metadata(indent, column.unwrap_or(indent), content),
            Section::Other => Some(()),
        }
    }

    /// Whether indented lines say nothing about the head.
    fn is_outside(&self) -> bool {
        self.section == Section::Other && !matches!(self.above, Above::Value { .. })
    }

    fn top(&mut self, line: &'t str) -> Option<()> {
        if is_item(line) {
            return (self.above == Above::List && self.section == Section::Other).then_some(());
        }
        let (key, value) = self.entry(line)?;
        self.section = Section::Other;
        match key {
            "apiVersion" => self.api_version = Some(self.take(0, value, self.api_version)?),
            "kind" => self.kind = Some(self.take(0, value, self.kind)?),
            "metadata" if value.is_empty() && !self.has_metadata => {
                self.has_metadata = true;
                self.section = Section::Metadata { column: None };
            }
            // Its objects are in there.
            "metadata" | "items" => return None,
            _ => {}
        }
        Some(())
    }

    fn in_metadata(&mut self, indent: usize, column: usize, line: &'t str) -> Option<()> {
        self.section = Section::Metadata { column: Some(column) };
        if indent != column {
            return (indent > column).then_some(());
        }
        if is_item(line) {
            return (self.above == Above::List).then_some(());
        }
        let (key, value) = self.entry(line)?;
        match key {
            "name" => self.name = Some(self.take(indent, value, self.name)?),
            "namespace" => self.namespace = Some(self.take(indent, value, self.namespace)?),
            "generateName" => self.has_generate_name = true,
            _ => {}
        }
        Some(())
    }

    fn entry(&mut self, line: &'t str) -> Option<(&'t str, &'t str)> {
        let (key, value) = entry(line)?;
        self.above = if value.is_empty() { Above::List } else { Above::Other };
        (!is_open(value)).then_some((key, value))
    }

    /// Returns the value of a wanted field, unless it was there before.
    fn take(&mut self, indent: usize, value: &'t str, before: Option<&str>) -> Option<&'t str> {
        self.above = Above::Value { indent };
        if before.is_some() { None } else { string(value) }
    }

    fn finish(self) -> Option<Head<'t>> {
        let name = if self.has_generate_name { Some(self.name.unwrap_or_default()) } else { self.name };
        Some(Head {
            api_version: self.api_version?,
            kind: self.kind?,
            namespace: self.namespace,
            name: name?,
        })
    }
}

fn is_item(line: &str) -> bool {
    line == "-" || line.starts_with("- ")
}

/// Returns a key of letters, digits and the like, and what stands behind its colon, without a comment.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    if !key.starts_with(|c: char| c.is_ascii_alphabetic())
        || !key.chars().all(plain)
        || resolve(key) != Scalar::String
        || !(value.is_empty() || value.starts_with(' '))
    {
        return None;
    }
    let value = value.trim_start_matches(' ');
    if value.starts_with('#') {
        return Some((key, ""));
    }
    Some((key, value.split(" #").next().unwrap_or_default().trim_end_matches(' ')))
}

/// Returns a string that is written out in full on its line.
fn string(value: &str) -> Option<&str> {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.strip_suffix(quote).filter(|inner| !inner.contains(['"', '\'', '\\']));
        }
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let certain = value.starts_with(|c: char| c.is_ascii_alphanumeric())
        && value.chars().all(plain)
        && resolve(value) == Scalar::String;
    certain.then_some(value)
}

/// Whether something that begins on the line may go on below it.
fn is_open(value: &str) -> bool {
    [("\"", "\""), ("'", "'"), ("{", "}"), ("[", "]")]
        .iter()
        .any(|(open, close)| value.strip_prefix(open).is_some_and(|rest| !rest.ends_with(close)))
}

/// Returns the line breaks before `at`.
pub(super) fn count_lines(bytes: &[u8], range: Range<usize>) -> usize {
    memchr_iter(b'\n', &bytes[range]).count()
}

/// Returns the start of the line that `at` is in.
pub(super) fn line_start(bytes: &[u8], at: usize) -> usize {
    memrchr(b'\n', &bytes[..at]).map_or(0, |line_break| line_break + 1)
}

/// Helm's comment that names the template: `# Source: chart/templates/job.yaml`, among the first comments.
pub(super) fn source_comment(document: &[u8]) -> Option<&str> {
    let mut rest = document;
    loop {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest[..end].trim_ascii();
        if let Some(path) = line.strip_prefix(b"# Source: ") {
            return str::from_utf8(path.trim_ascii()).ok();
        }
        if !(line.is_empty() || line.starts_with(b"#")) || end == rest.len() {
            return None;
        }
        rest = &rest[end + 1..];
    }
}

#[cfg(test)]
mod tests;
