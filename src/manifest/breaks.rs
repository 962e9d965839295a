//! Line breaks that only some readers know: CR on its own, NEL, LS and PS. YAML 1.1 and so Argo CD's reader breaks lines
//! there, YAML 1.2 and our scanner only at CR; Argo CD's line reader at none of them.
//!
//! Between quotes they mean the same to everyone, where no blank and no other line break stands beside them: LS and PS
//! stay what they are, CR and NEL fold into a blank. Anywhere else they could end a comment, a value or a key.

use std::collections::HashSet;

use memchr::memchr3_iter;

use super::tree::{Content, Node, Style, Tree};

/// Returns the first of them that may not be where it is.
pub(super) fn misplaced(tree: &Tree<'_>) -> Option<usize> {
    let mut breaks = odd(tree.text.as_bytes()).peekable();
    breaks.peek()?;
    let keys: HashSet<_> =
        (0..tree.nodes.len()).flat_map(|id| tree.entries(id)).map(|entry| entry.key).collect();
    for (id, node) in tree.nodes.iter().enumerate() {
        if !matches!(node.content, Content::Scalar { style: Style::Quoted, .. })
            || node.span.start > *breaks.peek()?
        {
            continue;
        }
        if node.span.start < *breaks.peek()? {
            while let Some(at) = breaks.next_if(|at| node.span.contains(at)) {
                if keys.contains(&id) || !is_certain(tree, node, at) {
                    return Some(at);
                }
            }
        }
    }
    breaks.next()
}

/// Returns the value of a quoted scalar whose text our scanner read as `text`.
pub(super) fn folded(tree: &Tree<'_>, node: &Node<'_>, text: &str) -> Option<String> {
    let raw = tree.text.get(node.span.clone())?;
    (text.contains('\u{85}') && raw.contains('\u{85}')).then(|| text.replace('\u{85}', " "))
}

/// Returns where they are.
pub(super) fn odd(bytes: &[u8]) -> impl Iterator<Item = usize> {
    memchr3_iter(b'\r', 0xc2, 0xe2, bytes).filter(move |at| match bytes[*at..] {
        [b'\r', ref rest @ ..] => !rest.starts_with(b"\n"),
        [0xc2, 0x85, ..] | [0xe2, 0x80, 0xa8 | 0xa9, ..] => true,
        _ => false,
    })
}

fn is_certain(tree: &Tree<'_>, node: &Node<'_>, at: usize) -> bool {
    let before = tree.text[..at].chars().next_back();
    let mut after = tree.text[at..].chars();
    let this = after.next();
    let rest = after.as_str();
    // Written as an escape too, it could not be told from the one that folds.
    let told_apart = this != Some('\u{85}') || !tree.text[node.span.clone()].contains('\\');
    let beside = |c: Option<char>| c.is_some_and(|c| c.is_whitespace() || matches!(c, '\\' | '\u{feff}'));
    told_apart
        && !beside(before)
        && !beside(rest.chars().next())
        && !rest.starts_with("---")
        && !rest.starts_with("...")
}
