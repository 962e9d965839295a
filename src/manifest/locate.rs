//! Where objects and nodes are, as people count.

use super::changes::{ObjectId, Step};
use super::compose::key;
use super::manifests::{Document, Manifests};
use super::scan::{self, count_lines, line_start, source_comment};
use super::shape;
use super::split::content_start;
use super::tree::{Content, NodeId, Tree};
use crate::error::Location;

impl Manifests {
    /// Returns where an object is: file, document when the file has several, `Kind namespace/name`, line.
    ///
    /// What Helm rendered is named by its template; lines of the rendered text would mislead there and are left out.
    pub fn location(&self, id: ObjectId) -> Location {
        self.location_of(id, &[])
    }

    /// Returns where a node of an object is; the object itself when the path leads nowhere.
    pub fn location_of(&self, id: ObjectId, path: &[Step]) -> Location {
        let bytes = self.bytes(id.document);
        let at = self.offset(id, path).or_else(|| content_start(bytes));
        let mut location = self.place(id.document, at);
        location.column = None;
        location.object = self.describe(id);
        location
    }

    /// Returns a place in a document, by byte offset.
    pub(super) fn place(&self, document: usize, at: Option<usize>) -> Location {
        let source = self.source(document);
        let documents = self.documents_of(self.documents[document].source);
        if let Some(template) = self.template(document) {
            return Location::file(format!("{}: {template}", source.name));
        }
        let mut location = Location::file(&source.name);
        location.document = (documents.len() > 1).then_some(document - documents.start + 1);
        if let Some(at) = at {
            let begin = self.documents[document].part.range.start;
            let at = begin + at;
            let start = line_start(&source.bytes, at);
            let lines = count_lines(&source.bytes, begin..start.max(begin));
            location.line = Some(self.lines_before(document) + lines + 1);
            location.column = Some(String::from_utf8_lossy(&source.bytes[start..at]).chars().count() + 1);
        }
        location
    }

    /// Returns the line breaks before a document in its source, counted once for all documents.
    fn lines_before(&self, document: usize) -> usize {
        let lines = self.lines.get_or_init(|| {
            let (mut source, mut at, mut count) = (0, 0, 0);
            let before = |document: &Document| {
                if document.source != source {
                    (source, at, count) = (document.source, 0, 0);
                }
                let begin = document.part.range.start;
                count += count_lines(&self.sources[source].bytes, at..begin);
                at = begin;
                count
            };
            self.documents.iter().map(before).collect()
        });
        lines[document]
    }

    /// Returns the template that a document was rendered from, where Helm tells it.
    pub(super) fn template(&self, document: usize) -> Option<&str> {
        source_comment(self.bytes(document)).filter(|_| !self.source(document).validate)
    }

    /// Returns `Kind namespace/name`, as far as there are such.
    fn describe(&self, id: ObjectId) -> Option<String> {
        let describe = |kind: &str, namespace: Option<&str>, name: &str| match namespace {
            Some(namespace) => format!("{kind} {namespace}/{name}"),
            None => format!("{kind} {name}"),
        };
        let described = if let Some(head) = scan::head(self.bytes(id.document)) {
            describe(head.kind, head.namespace, head.name)
        } else {
            let header = shape::header(id, self.object(id).ok()?);
            describe(&header.kind, header.namespace.as_deref(), &header.name)
        };
        Some(described.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn offset(&self, id: ObjectId, path: &[Step]) -> Option<usize> {
        if let ([], Some(item)) = (path, id.item) {
            return self.documents[id.document]
                .items
                .get_or_init(|| self.item_offsets(id.document))
                .get(item)
                .copied();
        }
        let tree = self.tree(id.document).ok()?;
        let object = walk(&tree, tree.root?, &shape::path_of(id))?;
        Some(tree.start(walk(&tree, object, path).unwrap_or(object)))
    }

    /// Returns where each item of a list begins, in one parse.
    fn item_offsets(&self, document: usize) -> Vec<usize> {
        let Ok(tree) = self.tree(document) else { return Vec::new() };
        let entries = tree.root.map_or(&[][..], |root| tree.entries(root)).iter().rev();
        let list = entries
            .filter(|entry| key(&tree, entry.key).as_deref() == Some("items"))
            .map(|entry| entry.value);
        let list = list.map(|list| match tree.node(list).content {
            Content::Alias(target) => target,
            _ => list,
        });
        match list.map(|list| &tree.node(list).content).next() {
            Some(Content::Sequence(items)) => items.iter().map(|item| tree.start(*item)).collect(),
            _ => Vec::new(),
        }
    }
}

/// Returns the node at a path. For the value of a key it is the key: that is what people look for.
fn walk(tree: &Tree<'_>, from: NodeId, path: &[Step]) -> Option<NodeId> {
    let mut value = from;
    let mut shown = from;
    for step in path {
        let target = match tree.node(value).content {
            Content::Alias(target) => target,
            _ => value,
        };
        match step {
            Step::Key(name) => {
                let entries = tree.entries(target).iter().rev();
                let mut found = entries.filter(|entry| key(tree, entry.key).as_ref() == Some(name));
                let entry = found.next()?;
                (shown, value) = (entry.key, entry.value);
            }
            Step::Index(index) => {
                let Content::Sequence(items) = &tree.node(target).content else { return None };
                value = *items.get(*index)?;
                shown = value;
            }
        }
    }
    Some(shown)
}
