//! Colours and columns on a terminal.

use std::{borrow::Cow, fmt::Write as _, io::IsTerminal as _};

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint(bool);

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Paint {
    /// Without colours.
    pub const PLAIN: Self = Self(false);

    /// Returns the colours for stdout.
    pub fn for_stdout(color: Color) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => !no_color && std::io::stdout().is_terminal(),
        })
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Returns the text as a heading.
    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Returns the text as what matters less.
    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    /// Returns the text as what is wrong, or goes away.
    pub fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    /// Returns the text as what is right, or is new.
    pub fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    /// Returns the text as a warning.
    pub fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    /// Returns the text as a place.
    pub fn cyan(self, text: &str) -> String {
        self.with("36", text)
    }
}

/// Returns the text without what a terminal would obey: control characters other than line breaks, tabs and the colours
/// of [`Paint`] become replacement characters. Names in manifests may hold anything.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(obeyed) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let kept = if from.starts_with("\r\n") { 1 } else { color(from) };
        out.push_str(&from[..kept]);
        rest = &from[kept..];
        if kept == 0 {
            out.push(char::REPLACEMENT_CHARACTER);
            rest = rest.get(from.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default();
        }
    }
    Cow::Owned(out + rest)
}

/// Returns the length of the colour that the text begins with: `ESC [ digits m`.
fn color(text: &str) -> usize {
    let Some(code) = text.strip_prefix("\u{1b}[") else { return 0 };
    let digits = code.bytes().take_while(u8::is_ascii_digit).count();
    if code[digits..].starts_with('m') { "\u{1b}[m".len() + digits } else { 0 }
}

/// Returns rows with aligned columns, two spaces apart; the first row is the heading.
pub fn table(rows: &[Vec<String>], paint: Paint) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        let line = line.trim_end();
        out += &if number == 0 { paint.bold(line) } else { line.to_owned() };
        out.push('\n');
    }
    out
}

/// Returns the rows as a table of Markdown; the first row is the heading.
pub fn markdown_table(rows: &[Vec<String>]) -> String {
    let mut out = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells: Vec<_> = row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
        if number == 0 {
            let _ = writeln!(out, "|{}", "---|".repeat(row.len()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["app", "ttl"], ["catalog-dev", "5"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows, Paint::PLAIN), "app          ttl\ncatalog-dev  5\n");
        assert_eq!(markdown_table(&rows), "| app | ttl |\n|---|---|\n| catalog-dev | 5 |\n");
    }

    #[test]
    fn a_terminal_obeys_only_colours() {
        let red = Paint::for_stdout(Color::Always).red("a");
        for text in ["plain\n\ttext\r\n", red.as_str()] {
            assert_eq!(harmless(text), text);
        }
        assert_eq!(harmless("a\u{1b}]0;title\u{7}b\rc\u{9b}2J\u{1b}[2J"), "a�]0;title�b�c�2J�[2J");
    }

    #[test]
    fn nothing_is_coloured_unless_asked_for() {
        assert_eq!(Paint::for_stdout(Color::Never).red("a"), "a");
        assert_eq!(Paint::for_stdout(Color::Always).red("a"), "\u{1b}[31ma\u{1b}[0m");
    }
}
