//! Text to [`Tree`], with `granit-parser` as the scanner.
//!
//! As go-yaml's `Unmarshal` does, only the first YAML document of the text is read.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StructureStyle};

use super::strict;
use super::tree::{Content, Entry, Node, NodeId, Style, Tree};
use crate::limits;

/// How many bytes of a manifest make a node, rather too many than too few.
const BYTES_OF_NODE: usize = 16;

/// For how many nodes there is room before they are read.
const MOST_NODES_AHEAD: usize = 1 << 14;

/// Why the text is not YAML, and where.
#[derive(Debug)]
pub(super) struct SyntaxError {
    /// Byte offset into the text.
    pub offset: usize,
    pub kind: ErrorKind,
}

impl From<ScanError> for SyntaxError {
    fn from(error: ScanError) -> Self {
        Self { offset: error.marker().byte_offset().unwrap_or(0), kind: error.kind().clone() }
    }
}

/// Reads the first document of `text`; `json` tells that it is a value of a JSON stream.
pub(super) fn parse(text: &str, json: bool) -> Result<Tree<'_>, SyntaxError> {
    let options = granit_parser::options! {
        emit_anchor_events: true,
        // Another crate may have turned the feature on; its buffer of comments is limited.
        emit_comments: false,
        flow_nesting_limit: limits::DOCUMENT_DEPTH,
        block_nesting_limit: limits::DOCUMENT_DEPTH,
    };
    let mut events = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder::new(text, json);
    for event in events.by_ref() {
        let (event, span) = event?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        if builder.tree.nodes.len() >= limits::DOCUMENT_NODES {
            let message = format!("the document has more than {} values", limits::DOCUMENT_NODES);
            return Err(SyntaxError { offset: bytes(&span).start, kind: ErrorKind::Custom(message) });
        }
        builder.push(event, &span);
    }
    let mut tree = builder.tree;
    tree.dropped = dropped(&mut events);
    strict::check(&tree)?;
    Ok(tree)
}

/// Returns where something stands after the first document, well formed or not.
fn dropped<'t>(events: &mut impl Iterator<Item = Result<(Event<'t>, Span), ScanError>>) -> Option<usize> {
    match events.next()? {
        Ok((Event::StreamEnd, _)) => None,
        Ok((_, span)) => Some(bytes(&span).start),
        Err(error) => Some(SyntaxError::from(error).offset),
    }
}

/// A collection that is still open, with the key that waits for its value.
struct Open {
    node: NodeId,
    key: Option<NodeId>,
}

struct Builder<'t> {
    tree: Tree<'t>,
    open: Vec<Open>,
    anchors: HashMap<usize, NodeId>,
    /// The end of what has been read: the next dash or key is behind it.
    read: usize,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, json: bool) -> Self {
        let nodes = Vec::with_capacity((text.len() / BYTES_OF_NODE).min(MOST_NODES_AHEAD));
        let tree = Tree { text, json, nodes, root: None, dropped: None };
        Self { tree, open: Vec::new(), anchors: HashMap::new(), read: 0 }
    }

    fn push(&mut self, event: Event<'t>, span: &Span) {
        let range = bytes(span);
        let tag = event.tag().map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
        let anchor = event.anchor_id();
        let properties = span.tag_span().map(|tag| bytes(&tag));
        let node = |content, flow| Node { content, span: range.clone(), properties, tag, flow, dash: None };
        match event {
            Event::Scalar(text, style, ..) => {
                let content = Content::Scalar { text, style: self::style(style) };
                self.add(node(content, false), anchor);
            }
            Event::SequenceStart(style, ..) => {
                let node = node(Content::Sequence(Vec::new()), style == StructureStyle::Flow);
                self.start(node, anchor);
            }
            Event::MappingStart(style, ..) => {
                let node = node(Content::Mapping(Vec::new()), style == StructureStyle::Flow);
                self.start(node, anchor);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.tree.nodes[open.node].span.end = range.end;
                }
            }
            Event::Alias(id) => {
                if let Some(target) = self.anchors.get(&id) {
                    let node = node(Content::Alias(*target), false);
                    self.add(node, None);
                }
            }
            Event::Anchor(id, _) => self.widen_properties(id, range.clone()),
            _ => return,
        }
        if !range.is_empty() {
            self.read = self.read.max(range.end);
        }
    }

    fn start(&mut self, node: Node<'t>, anchor: Option<usize>) {
        let node = self.add(node, anchor);
        self.open.push(Open { node, key: None });
    }

    /// Adds a node to the arena and to the collection that is open.
    fn add(&mut self, mut node: Node<'t>, anchor: Option<usize>) -> NodeId {
        let id = self.tree.nodes.len();
        if self.in_block_sequence() {
            node.dash = self.ahead(b"-");
            self.read = node.dash.map_or(self.read, |dash| dash + 1);
        }
        if let Some(tag) = &node.properties {
            self.read = self.read.max(tag.end);
        }
        if matches!(node.content, Content::Scalar { style: Style::Block, .. }) {
            // The scanner leaves out the header.
            node.span.start = self.ahead(b"|>").unwrap_or(node.span.start);
        }
        self.tree.nodes.push(node);
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, id);
        }
        let Some(open) = self.open.last_mut() else {
            self.tree.root.get_or_insert(id);
            return id;
        };
        match &mut self.tree.nodes[open.node].content {
            Content::Sequence(items) => items.push(id),
            Content::Mapping(entries) => match open.key.take() {
                None => open.key = Some(id),
                Some(key) => entries.push(Entry { key, value: id }),
            },
            Content::Scalar { .. } | Content::Alias(_) => {}
        }
        id
    }

    fn in_block_sequence(&self) -> bool {
        self.open.last().is_some_and(|open| {
            let node = &self.tree.nodes[open.node];
            !node.flow && matches!(node.content, Content::Sequence(_))
        })
    }

    /// Returns the first of `wanted` behind what has been read. Between them are blanks, comments, a colon, and the
    /// node's own anchor and tag.
    fn ahead(&self, wanted: &[u8]) -> Option<usize> {
        let text = self.tree.text.as_bytes();
        let mut at = self.read;
        loop {
            at += match text.get(at)? {
                byte if wanted.contains(byte) => return Some(at),
                b' ' | b'\t' | b'\r' | b'\n' | b':' => 1,
                b'#' => text[at..].iter().position(|byte| *byte == b'\n')?,
                _ => text[at..].iter().position(u8::is_ascii_whitespace)?,
            };
        }
    }

    /// The anchor's own event follows that of its node.
    fn widen_properties(&mut self, anchor: usize, range: Range<usize>) {
        if let Some(id) = self.anchors.get(&anchor) {
            let properties = &mut self.tree.nodes[*id].properties;
            *properties = Some(match properties.take() {
                Some(tag) => tag.start.min(range.start)..tag.end.max(range.end),
                None => range,
            });
        }
    }
}

fn style(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

/// Input from a `&str` always has byte offsets.
fn bytes(span: &Span) -> Range<usize> {
    span.byte_range().unwrap_or_default()
}

#[cfg(test)]
mod tests;
