//! What the scanner reads and libyaml, the scanner of Argo CD's reader, does not, or reads in another way.
//!
//! The scanner follows YAML 1.2, libyaml YAML 1.1. Where libyaml is the more lenient one, the scanner's error stands.

use std::ops::Range;

use granit_parser::ErrorKind;
use memchr::memchr_iter;

use super::breaks;
use super::json::KEY_CHARACTERS;
use super::parse::SyntaxError;
use super::scan::line_start;
use super::split::content_start;
use super::tree::{Content, Entry, Node, NodeId, Style, Tree};

pub(super) fn check(tree: &Tree<'_>) -> Result<(), SyntaxError> {
    if let Some(offset) = misplaced_tab(tree) {
        return Err(SyntaxError { offset, kind: ErrorKind::TabInIndentation });
    }
    if let Some(offset) = content_start(tree.text.as_bytes()).filter(|at| tree.text[*at..].starts_with("..."))
    {
        return Err(SyntaxError { offset, kind: ErrorKind::ExpectedNodeContent });
    }
    let fail = |offset, message: &str| SyntaxError { offset, kind: ErrorKind::Custom(message.to_owned()) };
    if let Some(offset) = breaks::misplaced(tree) {
        return Err(fail(offset, "a line break that YAML 1.1 and 1.2 disagree about (CR, NEL, LS or PS)"));
    }
    if let Some(offset) = tree.nodes.iter().find_map(|node| touching_property(tree.text, node)) {
        return Err(fail(
            offset,
            "an anchor or a tag that no blank follows, or with a character that it cannot hold",
        ));
    }
    tree.nodes.iter().try_for_each(|node| check_node(tree, node))
}

/// Returns where an anchor or a tag goes on in libyaml, or is none: a tag holds commas and brackets there and ends only
/// at a blank, and an anchor holds nothing but letters, digits, `-` and `_`.
fn touching_property(text: &str, node: &Node<'_>) -> Option<usize> {
    let properties = match (&node.content, &node.properties) {
        (Content::Alias(_), _) => node.span.clone(),
        (_, Some(properties)) => properties.clone(),
        _ => return None,
    };
    let mut at = properties.start;
    for word in text[properties.clone()].split([' ', '\t', '\r', '\n']) {
        let end = at + word.len();
        let closes = matches!(node.content, Content::Alias(_)) || !word.starts_with('!');
        let next = text[end..].chars().next();
        let ends = match next {
            None | Some(' ' | '\t' | '\r' | '\n') => true,
            Some(c) => closes && ",]}?:%@`".contains(c),
        };
        let sound = match word.strip_prefix(['&', '*']) {
            Some(name) => name.bytes().all(is_word),
            None => word.strip_prefix('!').is_none_or(is_tag),
        };
        if !(ends && sound) {
            return Some(at);
        }
        at = end + 1;
    }
    None
}

/// Whether what follows a tag's `!` is one for libyaml (`yaml_parser_scan_tag` in `scannerc.go`).
fn is_tag(tag: &str) -> bool {
    let is_uri = |uri: &str| uri.bytes().all(|byte| is_word(byte) || b";/?:@&=+$,.!~*'()[]%".contains(&byte));
    let (name, needed) = match (tag.strip_prefix('<'), tag.split_once('!')) {
        (Some(verbatim), _) => (verbatim.strip_suffix('>').unwrap_or_default(), true),
        (None, Some((handle, name))) if handle.bytes().all(is_word) => (name, true),
        _ => (tag, false),
    };
    is_uri(name) && !(needed && name.is_empty())
}

/// Whether it may be in the name of an anchor or of a tag's handle.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn check_node(tree: &Tree<'_>, node: &Node<'_>) -> Result<(), SyntaxError> {
    let fail = |offset: Option<usize>, message: &str| match offset {
        Some(offset) => Err(SyntaxError { offset, kind: ErrorKind::Custom(message.to_owned()) }),
        None => Ok(()),
    };
    match &node.content {
        Content::Scalar { style: Style::Quoted, .. } => {
            fail(unknown_escape(tree.text, &node.span), "an escape that Argo CD does not know")
        }
        Content::Sequence(items) if node.flow => {
            let at = items.iter().find_map(|item| question_mark(tree, *item));
            fail(at, "a `?` in an unquoted value between brackets, or a `:` before it")
        }
        Content::Mapping(entries) if node.flow => {
            let nodes = entries.iter().flat_map(|entry| [entry.key, entry.value]);
            let at = nodes.into_iter().find_map(|node| question_mark(tree, node));
            fail(at, "a `?` in an unquoted value between braces, or a `:` before it")?;
            let at = entries.iter().find_map(|entry| key_with_colon(tree, *entry));
            fail(at, "a `:` that no blank follows, so that it belongs to the key")?;
            let at = stale_key(tree, node.span.start, entries);
            fail(at, "a key between braces or brackets that is not on one line with its `:`, or too long")
        }
        _ => Ok(()),
    }
}

/// In flow style a `?` ends an unquoted scalar, and a `:` cannot begin one.
fn question_mark(tree: &Tree<'_>, id: NodeId) -> Option<usize> {
    let node = tree.node(id);
    match &node.content {
        Content::Scalar { style: Style::Plain, .. } => {
            let text = &tree.text[node.span.clone()];
            text.find('?').or(text.starts_with(':').then_some(0)).map(|at| node.span.start + at)
        }
        _ => None,
    }
}

/// In `{a:}` the key is `a:`.
fn key_with_colon(tree: &Tree<'_>, entry: Entry) -> Option<usize> {
    let plain = matches!(tree.node(entry.key).content, Content::Scalar { style: Style::Plain, .. });
    if !plain || tree.end(entry.value).is_some() {
        return None;
    }
    let behind = tree.after_colon(entry.key)?;
    let next = tree.text.as_bytes().get(behind)?;
    (!next.is_ascii_whitespace()).then_some(behind - 1)
}

/// Returns a key that libyaml has given up when it comes to the colon: it looks for one only on the key's own line, and not far.
fn stale_key(tree: &Tree<'_>, start: usize, entries: &[Entry]) -> Option<usize> {
    let mut read = start;
    entries.iter().find_map(|entry| {
        let begin = tree.start(entry.key);
        let before = std::mem::replace(&mut read, tree.entry_end(*entry))..begin;
        let colon = tree.after_colon(entry.key)? - 1;
        let key = &tree.text[begin..colon];
        let stale =
            key.contains('\n') || (key.len() > KEY_CHARACTERS && key.chars().count() > KEY_CHARACTERS);
        (stale && !has_question_mark(tree.text.get(before)?)).then_some(begin)
    })
}

/// Whether `?` stands in what separates two entries, outside comments.
fn has_question_mark(separator: &str) -> bool {
    separator.lines().any(|line| line.split('#').next().is_some_and(|line| line.contains('?')))
}

/// Returns an escape between double quotes that only JSON and YAML 1.2 know: `\/`, or half of a surrogate pair.
fn unknown_escape(text: &str, span: &Range<usize>) -> Option<usize> {
    let quoted = text[span.clone()].as_bytes();
    if !quoted.starts_with(b"\"") {
        return None;
    }
    let mut escapes = memchr_iter(b'\\', quoted);
    while let Some(at) = escapes.next() {
        match quoted[at + 1..] {
            [b'/', ..] | [b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..] => {
                return Some(span.start + at);
            }
            [b'\\', ..] => _ = escapes.next(),
            _ => {}
        }
    }
    None
}

/// Returns a tab where libyaml wants blanks: behind a dash, and in the indentation of a line on which nothing from
/// above goes on, even if it is blank otherwise or holds a comment.
fn misplaced_tab(tree: &Tree<'_>) -> Option<usize> {
    let text = tree.text.as_bytes();
    memchr::memchr(b'\t', text)?;
    let dashes = tree.nodes.iter().filter_map(|node| node.dash);
    let behind_dash = dashes.map(|dash| dash + 1).find(|at| text.get(*at) == Some(&b'\t'));
    behind_dash.or_else(|| tab_in_indentation(tree))
}

fn tab_in_indentation(tree: &Tree<'_>) -> Option<usize> {
    let text = tree.text.as_bytes();
    let column = |at: usize| at - line_start(text, at);
    // In each line the first tab, where only spaces stand before it.
    let mut tabs = [0]
        .into_iter()
        .chain(memchr_iter(b'\n', text).map(|line_break| line_break + 1))
        .map(|start| start + text[start..].iter().take_while(|byte| **byte == b' ').count())
        .filter(|at| text.get(*at) == Some(&b'\t'))
        .peekable();
    let mut done = 0;
    for node in &tree.nodes {
        let scalar = matches!(node.content, Content::Scalar { .. }) && !node.span.is_empty();
        if !(scalar || node.flow) || node.span.start < done {
            continue;
        }
        done = node.span.end;
        if let Some(between) = tabs.next_if(|tab| *tab < node.span.start) {
            return Some(between);
        }
        if tabs.peek().is_none_or(|tab| *tab >= done) {
            continue;
        }
        let indentation = block_indentation(tree.text, node);
        while let Some(tab) = tabs.next_if(|tab| *tab < done) {
            if column(tab) < indentation {
                return Some(tab);
            }
        }
    }
    tabs.next()
}

/// Returns the column at which the lines of a block scalar begin; in other nodes tabs may stand anywhere.
fn block_indentation(text: &str, node: &Node<'_>) -> usize {
    if !matches!(node.content, Content::Scalar { style: Style::Block, .. }) {
        return 0;
    }
    let lines = text[node.span.clone()].lines().skip(1).filter(|line| !line.trim().is_empty());
    lines.map(|line| line.len() - line.trim_start_matches(' ').len()).min().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::is_tag;

    #[test]
    fn a_tag_is_what_libyaml_takes_for_one() {
        for tag in ["", "!str", "local", "a!b", "a.b!", "<tag:yaml.org,2002:str>", "a,b]"] {
            assert!(is_tag(tag), "!{tag}");
        }
        for tag in ["!", "a!", "!##st", "#a", "a#b", "<a#b>", "<>", "<a", "é"] {
            assert!(!is_tag(tag), "!{tag}");
        }
    }
}
