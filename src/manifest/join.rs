//! Changed documents and new ones put back among those that stay, and sources put one behind the other, so that Argo
//! CD's reader sees exactly their union.
//!
//! That reader goes from JSON to YAML only after the first value, and how it does depends on single bytes. So what comes
//! out is one of two: JSON values with nothing but blanks between them, or YAML from the first byte to the last, with a
//! separator between all documents. Only a single source that does not change is passed as it is.

use std::collections::BTreeMap;

use memchr::memmem;
use serde_json::Value;

use super::changes::{Addition, Changes, Edit, ObjectId};
use super::compose::compose;
use super::edit::{EditError, edit};
use super::emit::{Block, Flow, to_json};
use super::json;
use super::manifests::Manifests;
use super::output::Output;
use super::parse::parse;
use super::split::{BOM, SEPARATOR, begins_json, leading_blanks};
use crate::error::{Problems, Result};

/// What changes in one document.
#[derive(Default)]
struct Change {
    /// The document's new text.
    text: Option<String>,
    /// The new documents behind it, without separators.
    additions: Vec<String>,
}

/// A document that changes, or gets new ones behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedDocument {
    /// Its number over all sources.
    pub document: usize,
    /// Its new text; none when it stays.
    pub text: Option<String>,
    /// The new objects behind it, each with its text.
    pub additions: Vec<(Value, String)>,
}

impl Manifests {
    /// Applies all changes, or tells all reasons why it cannot be done. What is not changed is passed through byte for
    /// byte; each edited document has been read again and is what the edits make of it.
    pub fn apply(&self, changes: &Changes) -> Result<Output<'_>> {
        let changes = self.changed(changes)?;
        match self.style() {
            Style::AllJson => self.converted(changes),
            style => Ok(Join { manifests: self, style, changes, output: Output::default() }.run()),
        }
    }

    /// Returns the documents that change or get new ones behind them, in order.
    pub fn changed_documents(&self, changes: &Changes) -> Result<Vec<ChangedDocument>> {
        let mut documents = Vec::new();
        for (document, change) in self.changed(changes)? {
            let added = changes.additions.iter().filter(|addition| addition.after.document == document);
            let additions = added.map(|addition| addition.object.clone()).zip(change.additions).collect();
            documents.push(ChangedDocument { document, text: change.text, additions });
        }
        Ok(documents)
    }

    fn changed(&self, changes: &Changes) -> Result<BTreeMap<usize, Change>> {
        let mut problems = Problems::default();
        let mut by_document: BTreeMap<usize, Change> = BTreeMap::new();
        for (document, edits) in group(changes) {
            let text = problems.collect(self.edited(document, &edits)).flatten();
            by_document.entry(document).or_default().text = text;
        }
        for addition in &changes.additions {
            if let Some(text) = problems.collect(self.added(addition)) {
                by_document.entry(addition.after.document).or_default().additions.push(text);
            }
        }
        problems.or(by_document)
    }

    fn edited(&self, document: usize, edits: &[(ObjectId, &[Edit])]) -> Result<Option<String>> {
        let text = self.text(document)?;
        let items: Vec<_> = edits.iter().map(|(id, edits)| (id.item, *edits)).collect();
        edit(text, self.documents[document].part.json, self.known_value(document), &items)
            .map_err(|error| self.edit_problem(edits[0].0, error).into())
    }

    /// Returns the text of a new document, in the style of its source.
    fn added(&self, addition: &Addition) -> Result<String> {
        let document = addition.after.document;
        let json = self.style() != Style::Yaml;
        let text = if json {
            let pretty = self.bytes(document).contains(&b'\n');
            if pretty { Flow::PRETTY_JSON } else { Flow::COMPACT_JSON }.value(&addition.object)
        } else {
            let text = Block::default().document(&addition.object);
            if self.bytes(document).windows(2).any(|pair| pair == b"\r\n") {
                text.replace('\n', "\r\n")
            } else {
                text
            }
        };
        let reads_as = parse(&text, json).ok().and_then(|tree| compose(&tree).ok());
        if reads_as.as_ref() == Some(&addition.object) {
            return Ok(text);
        }
        Err(self.edit_problem(addition.after, EditError::Unverified).into())
    }

    /// Returns how the documents are put together.
    fn style(&self) -> Style {
        let is_stream = |source: usize| {
            let documents = &self.documents[self.documents_of(source)];
            let bytes = &self.sources[source].bytes;
            let starts = documents.iter().map(|document| document.part.range.start).chain([bytes.len()]);
            let ends = [0].into_iter().chain(documents.iter().map(|document| document.part.range.end));
            documents.iter().all(|document| document.part.json)
                && ends.zip(starts).all(|(end, start)| bytes[end..start].trim_ascii().is_empty())
        };
        if self.only_source().is_some_and(is_stream) {
            return Style::Json;
        }
        let mut texts = self.documents.iter().enumerate().filter(|(_, document)| document.part.json);
        let json_only = |text: &str| json::passes_as_json_only(text);
        if texts.any(|(i, _)| self.text(i).is_ok_and(json_only)) { Style::AllJson } else { Style::Yaml }
    }

    /// Returns all documents as JSON values: some of them hold what YAML cannot carry to Argo CD.
    fn converted(&self, mut changes: BTreeMap<usize, Change>) -> Result<Output<'_>> {
        let mut problems = Problems::default();
        let mut output = Output::default();
        for i in 0..self.documents.len() {
            let change = changes.remove(&i).unwrap_or_default();
            let json = self.documents[i].part.json;
            let text = match change.text {
                Some(text) if json => Some(text),
                Some(text) => {
                    parse(&text, false).ok().and_then(|tree| compose(&tree).ok()).map(|value| to_json(&value))
                }
                None if json => self.text(i).ok().map(str::to_owned),
                None => problems.collect(self.passing_value(i)).map(|value| to_json(&value)),
            };
            for text in text.into_iter().filter(|text| text != "null").chain(change.additions) {
                output.push(text.into_bytes());
                output.push(b"\n".as_slice());
            }
        }
        problems.or(output)
    }

    /// Returns the source that has something in it, when there is no other such.
    fn only_source(&self) -> Option<usize> {
        let is_blank = |source: usize| self.sources[source].bytes.trim_ascii().is_empty();
        let mut filled =
            (0..self.sources.len()).filter(|source| self.sources.len() == 1 || !is_blank(*source));
        filled.next().filter(|_| filled.next().is_none())
    }
}

/// How documents are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// A stream of JSON values, which one source is already.
    Json,
    /// A stream of JSON values, which the documents are made.
    AllJson,
    /// Documents between separators.
    Yaml,
}

/// Returns the edits of each document.
fn group(changes: &Changes) -> BTreeMap<usize, Vec<(ObjectId, &[Edit])>> {
    let mut groups: BTreeMap<usize, Vec<(ObjectId, &[Edit])>> = BTreeMap::new();
    for (id, edits) in &changes.edits {
        groups.entry(id.document).or_default().push((*id, edits.as_slice()));
    }
    groups
}

struct Join<'a> {
    manifests: &'a Manifests,
    style: Style,
    changes: BTreeMap<usize, Change>,
    output: Output<'a>,
}

impl<'a> Join<'a> {
    fn run(mut self) -> Output<'a> {
        let only = self.manifests.only_source();
        if let Some(only) = only
            && self.changes.is_empty()
        {
            self.output.push(self.manifests.sources[only].bytes.as_slice());
            return self.output;
        }
        for (i, source) in self.manifests.sources.iter().enumerate() {
            if source.bytes.trim_ascii().is_empty() {
                continue;
            }
            // At the very beginning, `{` would put the reader into JSON mode.
            if self.style == Style::Yaml && (!self.output.is_empty() || begins_json(&source.bytes)) {
                self.separator_before(&source.bytes);
            }
            self.source(i);
        }
        self.output
    }

    /// Slices of the source from one document that needs something to the next.
    fn source(&mut self, source: usize) {
        let manifests = self.manifests;
        let bytes = &manifests.sources[source].bytes;
        let documents = manifests.documents_of(source);
        let first = documents.clone().next().map_or(0, |first| manifests.documents[first].part.range.start);
        // A byte order mark may only stand at the very beginning, and blanks before a brace may be none in YAML.
        let mut done = match self.style {
            _ if self.output.is_empty() => 0,
            Style::Yaml if begins_json(bytes) => leading_blanks(bytes).min(first),
            _ if bytes.starts_with(BOM) => BOM.len(),
            _ => 0,
        };
        for i in documents.clone() {
            let part = &manifests.documents[i].part;
            let change = self.changes.remove(&i);
            // A JSON value that no separator follows, and that is read as YAML here.
            let bare = part.json && self.style == Style::Yaml;
            if change.is_none() && !bare {
                continue;
            }
            let change = change.unwrap_or_default();
            let apart = bare || !change.additions.is_empty();
            self.output.push(&bytes[done..part.range.start]);
            self.document(&bytes[part.range.clone()], change);
            done = part.range.end;
            if apart {
                let next = documents.clone().nth(i + 1 - documents.start);
                let next = next.map_or(bytes.len(), |next| manifests.documents[next].part.range.start);
                self.between(&bytes[done..next], next == bytes.len());
                done = next;
            }
        }
        self.output.push(&bytes[done..]);
    }

    /// A document, and what is added behind it.
    fn document(&mut self, bytes: &'a [u8], change: Change) {
        match change.text {
            Some(text) => self.output.push(text.into_bytes()),
            None => self.output.push(bytes),
        }
        for text in change.additions {
            if self.style == Style::Json {
                self.line_start();
            } else {
                self.separator();
            }
            self.output.push(text.into_bytes());
        }
    }

    /// What stands between two documents, or behind the last; with a separator where there must be one and is none.
    fn between(&mut self, glue: &'a [u8], last: bool) {
        let blank = glue.trim_ascii().is_empty();
        if self.style == Style::Json {
            if !last && glue.is_empty() {
                self.line_start();
            }
            return self.output.push(glue);
        }
        if last && blank {
            // A tab on a line of its own is an error in YAML.
            if glue.contains(&b'\n') {
                self.line_start();
            }
            return;
        }
        if !glue.starts_with(SEPARATOR) && memmem::find(glue, b"\n---").is_none() {
            self.separator();
        }
        self.line_start();
        let rest = &glue[leading_blanks(glue)..];
        // A byte order mark was at the beginning of YAML behind JSON; here it would be inside.
        self.output.push(rest.strip_prefix(BOM).unwrap_or(rest));
    }

    /// A separator, unless the next text begins with one.
    fn separator_before(&mut self, next: &[u8]) {
        if next.starts_with(SEPARATOR) {
            self.line_start();
        } else {
            self.separator();
        }
    }

    fn separator(&mut self) {
        self.line_start();
        self.output.push(b"---\n".as_slice());
    }

    fn line_start(&mut self) {
        if !self.output.at_line_start() {
            self.output.push(b"\n".as_slice());
        }
    }
}
