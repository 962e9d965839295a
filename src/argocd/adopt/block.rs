//! One block of a source, line by line.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::manifest::to_yaml;

/// Replaces the block whose key stands on `line` by the plugin's; none when it is not in block style.
pub(super) fn replace(lines: &mut Vec<String>, line: usize, block: &str, parameters: &[Value]) -> Option<()> {
    let (text, comment) = split_comment(lines[line].trim_end_matches('\r'));
    let ending = if lines[line].ends_with('\r') { "\r" } else { "" };
    let indent = indent(text);
    // In a list of sources the key can stand behind the item's dash.
    let key = text.trim_start().trim_start_matches("- ").trim_start();
    let column = text.len() - text.trim_start().len() + (text.trim_start().len() - key.len());
    if key.trim_end() != format!("{block}:") || column != indent && !text.trim_start().starts_with("- ") {
        return None;
    }
    let range = line + 1..end(lines, line + 1, column);
    let comments = comments(&lines[range.clone()]);
    let mut new = vec![with_comment(&format!("{}plugin:", &text[..column]), comment)];
    let pad = " ".repeat(column + 2);
    new.push(format!("{pad}name: presync"));
    if !parameters.is_empty() {
        new.push(format!("{pad}parameters:"));
    }
    new.extend(items(parameters, comments, block, column + 4));
    lines.splice(line..range.end, new.into_iter().map(|line| line + ending));
    Some(())
}

fn items(
    parameters: &[Value],
    mut comments: BTreeMap<String, Vec<String>>,
    block: &str,
    column: usize,
) -> Vec<String> {
    let pad = " ".repeat(column);
    let mut lines = Vec::new();
    for parameter in parameters {
        let name = parameter["name"].as_str().unwrap_or_default();
        let field = name.strip_prefix(&format!("{block}.")).unwrap_or(name);
        let field = if field == "stringParameters" { "parameters" } else { field };
        let own = comments.remove(field).unwrap_or_default();
        lines.extend(own.into_iter().map(|comment| format!("{pad}{comment}")));
        let text = to_yaml(&Value::from(vec![parameter.clone()]));
        let indented = |line: &str| if line.is_empty() { String::new() } else { format!("{pad}{line}") };
        lines.extend(text.lines().map(indented));
    }
    // Of fields that say nothing, and at the block's end.
    lines.extend(comments.into_values().flatten().map(|comment| format!("{pad}{comment}")));
    lines
}

/// Returns the line behind the block's last: comments and blank lines at its end belong to what follows.
fn end(lines: &[String], from: usize, column: usize) -> usize {
    let mut end = from;
    for (at, line) in lines.iter().enumerate().skip(from) {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        if indent(line) <= column {
            break;
        }
        end = at + 1;
    }
    end
}

/// Returns the comments of each field; those behind the last field under no name.
fn comments(lines: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let significant = |line: &&String| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let Some(column) = lines.iter().find(significant).map(|line| indent(line)) else { return found };
    let (mut field, mut pending) = (String::new(), Vec::new());
    let mut literal: Option<usize> = None;
    for line in lines {
        if let Some(outside) = literal {
            if line.trim().is_empty() || indent(line) > outside {
                continue;
            }
            literal = None;
        }
        let text = line.trim_start();
        if text.starts_with('#') {
            if indent(line) > column {
                found.entry(field.clone()).or_default().push(text.trim_end().to_owned());
            } else {
                pending.push(text.trim_end().to_owned());
            }
            continue;
        }
        let (content, comment) = split_comment(line);
        if indent(line) == column && !text.starts_with('-') && !text.is_empty() {
            text.split(':').next().unwrap_or_default().trim_matches(['"', '\'']).clone_into(&mut field);
            found.entry(field.clone()).or_default().append(&mut pending);
        }
        found.entry(field.clone()).or_default().extend(comment.map(|comment| comment.trim_end().to_owned()));
        if begins_literal(content) {
            literal = Some(indent(line));
        }
    }
    found.entry(String::new()).or_default().append(&mut pending);
    found
}

/// Whether a block scalar begins at the line's end: `|`, `>-`, `|2`.
fn begins_literal(line: &str) -> bool {
    let last = line.trim_end().rsplit(' ').next().unwrap_or_default();
    last.starts_with(['|', '>']) && last[1..].chars().all(|c| c == '-' || c == '+' || c.is_ascii_digit())
}

/// Returns a line's content, and the comment behind it.
fn split_comment(line: &str) -> (&str, Option<&str>) {
    let mut quote: Option<char> = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') if " [{,:-".contains(before) => quote = Some(c),
            (Some(open), c) if c == open && !(open == '"' && before == '\\') => quote = None,
            (None, '#') if before.is_whitespace() => return (line[..at].trim_end(), Some(&line[at..])),
            _ => {}
        }
        before = c;
    }
    (line, None)
}

fn with_comment(line: &str, comment: Option<&str>) -> String {
    comment.map_or_else(|| line.to_owned(), |comment| format!("{line} {comment}"))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
