//! [`Value`] to YAML and JSON text, as a person would write it.
//!
//! Every reader of YAML 1.1 or 1.2 must see the same value, so a string is quoted as soon as some reader could take
//! it for something else: `yes`, `0644`, `1_000`, `12:30`, `2024-01-01`.

use serde_json::{Map, Value};

use super::resolve::{Scalar, resolve};

/// Returns a value as YAML in block style, without a final line break.
pub(crate) fn to_yaml(value: &Value) -> String {
    Block::default().inline(value, 0)
}

/// Returns a value as JSON on one line, which is YAML too.
pub(crate) fn to_json(value: &Value) -> String {
    Flow::COMPACT_JSON.value(value)
}

/// Writes block style.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// How far a map stands to the right of the key that it belongs to.
    pub step: usize,
    /// How far a list stands to the right of the key that it belongs to; most manifests use 0.
    pub list_indent: usize,
    /// Whether text of several lines becomes a literal block. An indented comment below it would belong to the block.
    pub literals: bool,
}

impl Default for Block {
    fn default() -> Self {
        Self { step: 2, list_indent: 0, literals: true }
    }
}

impl Block {
    /// Returns a whole document, with a final line break.
    pub(super) fn document(self, value: &Value) -> String {
        let mut text = self.inline(value, 0);
        text.push('\n');
        text
    }

    /// Returns what stands behind the colon of a key at `column`: ` value`, or a line break and indented lines; without
    /// a final line break.
    pub(super) fn after_colon(self, value: &Value, column: usize) -> String {
        match value {
            Value::Object(map) if !map.is_empty() => format!("\n{}", self.entries(map, column + self.step)),
            Value::Array(items) if !items.is_empty() => {
                format!("\n{}", self.items(items, column + self.list_indent))
            }
            Value::String(text) if self.literals && literal_header(text).is_some() => {
                format!(" {}", literal(text, column + self.step))
            }
            _ => format!(" {}", scalar(value)),
        }
    }

    /// Entries of a map, each at the start of a line, without a final line break.
    pub(super) fn entries(self, map: &Map<String, Value>, column: usize) -> String {
        let lines: Vec<_> = map.iter().map(|(key, value)| self.entry(key, value, column)).collect();
        lines.join("\n")
    }

    /// One entry of a map at the start of a line, without a final line break.
    pub(super) fn entry(self, key: &str, value: &Value, column: usize) -> String {
        format!("{:column$}{}:{}", "", string(key), self.after_colon(value, column))
    }

    /// One item of a list whose dash is at `column`, at the start of a line, without a final line break.
    pub(super) fn item(self, value: &Value, column: usize) -> String {
        format!("{:column$}- {}", "", self.inline(value, column + 2))
    }

    /// Returns a value that begins in the middle of a line at `column`, without a final line break.
    pub(super) fn inline(self, value: &Value, column: usize) -> String {
        match value {
            Value::Object(map) if !map.is_empty() => self.entries(map, column)[column..].to_owned(),
            Value::Array(items) if !items.is_empty() => self.items(items, column)[column..].to_owned(),
            Value::String(text) if self.literals && column > 0 && literal_header(text).is_some() => {
                literal(text, column)
            }
            _ => scalar(value),
        }
    }

    fn items(self, items: &[Value], column: usize) -> String {
        let lines: Vec<_> = items.iter().map(|item| self.item(item, column)).collect();
        lines.join("\n")
    }
}

/// Writes flow style, `{a: 1, b: [x]}`, or JSON.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow {
    /// Every string and key between double quotes.
    pub json: bool,
    /// A blank after colons and commas.
    pub spaced: bool,
    /// One entry a line.
    pub lines: Option<Lines>,
}

/// The indentation of flow style that is spread over lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines {
    /// The column of the line that the value begins in.
    pub column: usize,
    /// How much further the next level is.
    pub step: usize,
}

impl Flow {
    /// JSON with two spaces a level.
    pub(super) const PRETTY_JSON: Self =
        Self { json: true, spaced: true, lines: Some(Lines { column: 0, step: 2 }) };

    /// JSON on one line.
    pub(super) const COMPACT_JSON: Self = Self { json: true, spaced: false, lines: None };

    pub(super) fn value(self, value: &Value) -> String {
        match value {
            Value::Object(map) if !map.is_empty() => {
                let inner = self.inner();
                let entries: Vec<_> = map.iter().map(|(key, value)| inner.entry(key, value)).collect();
                self.bracket('{', &entries, '}')
            }
            Value::Array(items) if !items.is_empty() => {
                let inner = self.inner();
                let items: Vec<_> = items.iter().map(|item| inner.value(item)).collect();
                self.bracket('[', &items, ']')
            }
            Value::String(text) => self.string(text),
            _ => scalar(value),
        }
    }

    pub(super) fn entry(self, key: &str, value: &Value) -> String {
        let blank = if self.spaced { " " } else { "" };
        format!("{}:{blank}{}", self.string(key), self.value(value))
    }

    /// Returns what stands between two entries.
    pub(super) fn separator(self) -> String {
        match self.lines {
            Some(Lines { column, .. }) => format!(",\n{:column$}", ""),
            None if self.spaced => ", ".to_owned(),
            None => ",".to_owned(),
        }
    }

    fn inner(self) -> Self {
        let lines = self.lines.map(|lines| Lines { column: lines.column + lines.step, ..lines });
        Self { lines, ..self }
    }

    fn bracket(self, open: char, entries: &[String], close: char) -> String {
        let entries = entries.join(&self.inner().separator());
        match self.lines {
            Some(Lines { column, step }) => {
                let inner = column + step;
                format!("{open}\n{:inner$}{entries}\n{:column$}{close}", "", "")
            }
            None => format!("{open}{entries}{close}"),
        }
    }

    fn string(self, text: &str) -> String {
        if !self.json && is_plain(text, true) { text.to_owned() } else { double_quoted(text) }
    }
}

/// Returns a scalar or an empty collection on one line.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        _ => value.to_string(),
    }
}

fn string(text: &str) -> String {
    if is_plain(text, false) {
        return text.to_owned();
    }
    // JSON in an annotation is easier to read so.
    let single = text.contains(['"', '\\']) && !text.contains('\'') && !text.chars().any(must_be_escaped);
    if single { format!("'{text}'") } else { double_quoted(text) }
}

/// Whether the string needs no quotes; in flow style fewer do.
fn is_plain(text: &str, flow: bool) -> bool {
    let mut rest = text.chars();
    let Some(first) = rest.next() else { return false };
    if !(first.is_alphanumeric() || matches!(first, '_' | '/' | '.' | '$')) {
        return false;
    }
    while let Some(c) = rest.next() {
        let next = rest.clone().next();
        let allowed = match c {
            ' ' => next.is_some_and(|next| next != ' ' && next != '#'),
            ':' => !flow && next.is_some_and(|next| next != ' '),
            ',' => !flow && next.is_some_and(|next| next != ' '),
            _ => c.is_alphanumeric() || "_-./+$()@%=~;".contains(c),
        };
        if !allowed {
            return false;
        }
    }
    resolve(text) == Scalar::String && !looks_like_number(text)
}

/// Whether a string resembles a number, date or time of some version of YAML, and so is quoted.
fn looks_like_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && text.chars().all(|c| c.is_ascii_hexdigit() || "xXoO_+-.:TtZz ".contains(c))
}

/// Returns a double-quoted scalar, valid as JSON and in every version of YAML.
fn double_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            _ if must_be_escaped(c) => quoted.extend(escaped(c)),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns `\u` and four hexadecimal digits, for a character below U+10000.
pub(super) fn escaped(c: char) -> impl Iterator<Item = char> {
    let digit = move |place: u32| char::from_digit(u32::from(c) >> (4 * place) & 0xf, 16).unwrap_or('0');
    "\\u".chars().chain((0..4).rev().map(digit))
}

/// Whether a character is a control character, a line break, or one that readers refuse or drop. All are below U+10000.
pub(crate) fn must_be_escaped(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Returns the header of the literal block that text of several lines is written as, where such a block reads back as
/// the same text.
fn literal_header(text: &str) -> Option<&'static str> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let sound = |line: &str| !line.starts_with([' ', '\t']) && !line.ends_with([' ', '\t']);
    let readable = body.contains('\n')
        && !body.starts_with('\n')
        && !body.ends_with('\n')
        && body.lines().next().is_some_and(sound)
        && body.split('\n').all(|line| !line.ends_with([' ', '\t']))
        && !body.chars().any(|c| must_be_escaped(c) && !matches!(c, '\n' | '\t'));
    readable.then_some(if body.len() == text.len() { "|-" } else { "|" })
}

/// Returns a literal block whose lines stand at `column`, without a final line break.
fn literal(text: &str, column: usize) -> String {
    let mut block = literal_header(text).unwrap_or("|").to_owned();
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        block.push('\n');
        if !line.is_empty() {
            block.push_str(&" ".repeat(column));
            block.push_str(line);
        }
    }
    block
}

#[cfg(test)]
mod tests;
