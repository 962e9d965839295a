//! One YAML document as a tree of nodes that know their place in the text.

use std::borrow::Cow;
use std::ops::Range;

use super::split::content_start;

/// A node's place in [`Tree::nodes`].
pub(super) type NodeId = usize;

/// A document: an arena of nodes, so that an alias can point at the node it repeats.
#[derive(Debug)]
pub(super) struct Tree<'t> {
    /// The text that all byte offsets refer to.
    pub text: &'t str,
    /// A value of a JSON stream.
    pub json: bool,
    pub nodes: Vec<Node<'t>>,
    /// `None` for a document without content.
    pub root: Option<NodeId>,
    /// Where text begins that stands after the end of the document; Argo CD drops it without a word.
    pub dropped: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Node<'t> {
    pub content: Content<'t>,
    /// The content's bytes. For a block collection only the start counts, and an empty scalar has no reliable
    /// place at all: see [`Tree::end`].
    pub span: Range<usize>,
    /// Anchor and tag, where there are any.
    pub properties: Option<Range<usize>>,
    /// The tag with its handle resolved, such as `tag:yaml.org,2002:int` or `!local`.
    pub tag: Option<String>,
    /// Written between brackets or braces.
    pub flow: bool,
    /// The dash before it, for an item of a list in block style.
    pub dash: Option<usize>,
}

#[derive(Debug)]
pub(super) enum Content<'t> {
    Scalar { text: Cow<'t, str>, style: Style },
    Sequence(Vec<NodeId>),
    Mapping(Vec<Entry>),
    Alias(NodeId),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub key: NodeId,
    pub value: NodeId,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    /// Between single or double quotes.
    Quoted,
    /// A literal (`|`) or folded (`>`) block.
    Block,
}

impl<'t> Tree<'t> {
    pub(super) fn node(&self, id: NodeId) -> &Node<'t> {
        &self.nodes[id]
    }

    /// Returns the entries of a mapping; none for any other node.
    pub(super) fn entries(&self, id: NodeId) -> &[Entry] {
        match &self.node(id).content {
            Content::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the node's first byte, anchor and tag included.
    pub(super) fn start(&self, id: NodeId) -> usize {
        let node = self.node(id);
        // The scanner puts a list that is not indented at its first item.
        let first_dash = match &node.content {
            Content::Sequence(items) => items.first().and_then(|item| self.node(*item).dash),
            _ => None,
        };
        let start = first_dash.unwrap_or(node.span.start);
        node.properties.as_ref().map_or(start, |properties| properties.start.min(start))
    }

    /// Returns the byte after the node's last one, without the line break. `None` for an empty value of a mapping that
    /// has neither anchor nor tag, because nothing of it is in the text.
    pub(super) fn end(&self, id: NodeId) -> Option<usize> {
        let node = self.node(id);
        match &node.content {
            Content::Scalar { style: Style::Block, text } => Some(self.block_scalar_end(&node.span, text)),
            Content::Scalar { .. } if node.span.is_empty() => {
                node.properties.as_ref().map(|properties| properties.end).or(node.dash.map(|dash| dash + 1))
            }
            Content::Sequence(items) if !node.flow => self.end(*items.last()?),
            Content::Mapping(entries) if !node.flow => entries.last().map(|entry| self.entry_end(*entry)),
            _ => Some(node.span.end),
        }
    }

    /// Returns the byte after an entry's last one: the value's, else the colon's, else the key's.
    pub(super) fn entry_end(&self, entry: Entry) -> usize {
        self.end(entry.value)
            .or_else(|| self.after_colon(entry.key))
            .or_else(|| self.end(entry.key))
            .unwrap_or(self.node(entry.key).span.end)
    }

    /// Returns the byte after the colon that follows a key; `None` where there is none, as in `{a, b}`.
    pub(super) fn after_colon(&self, key: NodeId) -> Option<usize> {
        let end = self.end(key)?;
        let at = end + content_start(&self.text.as_bytes()[end..])?;
        self.text[at..].starts_with(':').then_some(at + 1)
    }

    /// Blank lines after a block scalar belong to it only where it keeps them (`|+`).
    fn block_scalar_end(&self, span: &Range<usize>, value: &str) -> usize {
        let text = &self.text[..span.end];
        if value.ends_with("\n\n") || value == "\n" {
            let indentation = text.len() - text.trim_end_matches(' ').len();
            let body = &text[..text.len() - indentation];
            let body = body.strip_suffix('\n').unwrap_or(body);
            return body.strip_suffix('\r').unwrap_or(body).len();
        }
        text.trim_end_matches([' ', '\t', '\r', '\n']).len()
    }
}
