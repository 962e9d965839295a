//! All manifests of a run.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use serde_json::Value;

use super::changes::{Header, ObjectId};
use super::compose::compose;
use super::json;
use super::parse::parse;
use super::problem::{refused_byte, refused_problem, seam_problem};
use super::scan::{self, KindFinder};
use super::shape::{self, Flaw};
use super::source::Source;
use super::split::{Part, Split, split};
use super::tree::Tree;
use crate::error::{Problem, Problems, Result};
use crate::exit::Exit;

/// The documents of all sources. It owns their bytes, parses only what it is asked for, and remembers that.
#[derive(Debug)]
pub struct Manifests {
    pub(super) sources: Vec<Source>,
    pub(super) documents: Vec<Document>,
    /// The line breaks before each document in its source.
    pub(super) lines: OnceCell<Vec<usize>>,
}

/// A document that has content; it may still be null.
#[derive(Debug)]
pub(super) struct Document {
    pub source: usize,
    pub part: Part,
    value: OnceCell<Box<Value>>,
    /// Where the items of a list begin.
    pub items: OnceCell<Vec<usize>>,
}

impl Manifests {
    /// Splits all sources, and parses the documents of those to be validated. Reports everything that Argo CD would
    /// refuse, as far as it was looked at.
    pub fn read(mut sources: Vec<Source>) -> Result<Self> {
        let mut problems = Problems::default();
        let mut documents = Vec::new();
        for (i, source) in sources.iter_mut().enumerate() {
            let split = cut(source);
            if let Some(refused) = refused_byte(&source.bytes) {
                problems.push(refused_problem(source, refused));
                continue;
            }
            for problem in split.problems {
                problems.push(seam_problem(source, problem));
            }
            let document =
                |part| Document { source: i, part, value: OnceCell::new(), items: OnceCell::new() };
            documents.extend(split.parts.into_iter().map(document));
        }
        let manifests = Self { sources, documents, lines: OnceCell::new() };
        for document in 0..manifests.documents.len() {
            if manifests.sources[manifests.documents[document].source].validate {
                problems.collect(manifests.validate(document));
            }
        }
        problems.or(manifests)
    }

    /// Whether there is no object at all; comments, null documents and lists without items do not count.
    pub fn is_empty(&self) -> bool {
        !(0..self.documents.len()).any(|document| {
            scan::head(self.bytes(document)).is_some()
                || self
                    .passing_value(document)
                    .map_or(true, |value| !shape::objects(document, &value).is_empty())
        })
    }

    /// Returns every object of a kind, found without a parse of documents that cannot hold one. The objects that are
    /// found are parsed and free of flaws that make Argo CD refuse the whole app.
    pub fn candidates(&self, kind: &str) -> Result<Vec<ObjectId>> {
        let mut problems = Problems::default();
        let mut found = Vec::new();
        for document in self.documents_that_mention(kind) {
            if scan::head(self.bytes(document)).is_some_and(|head| head.kind != kind) {
                continue;
            }
            let Some(value) = problems.collect(self.value(document)) else { continue };
            for (id, object) in shape::objects(document, value) {
                if shape::kind(object) == kind {
                    problems.collect(self.check(id, object));
                    found.push(id);
                }
            }
        }
        problems.or(found)
    }

    /// Returns every text that the document gives this key anywhere, as far as plain lines tell; `None` where only a parse can.
    /// What a block scalar holds may be among them.
    pub(crate) fn values_of_key(&self, document: usize, key: &str) -> Option<Vec<&str>> {
        if self.known_value(document).is_some() { None } else { scan::values(self.bytes(document), key) }
    }

    fn documents_that_mention(&self, kind: &str) -> Vec<usize> {
        let finder = KindFinder::new(kind);
        let mut found = Vec::new();
        for (i, source) in self.sources.iter().enumerate() {
            let documents = self.documents_of(i);
            let ranges = self.documents[documents.clone()].iter().map(|document| document.part.range.clone());
            let ranges: Vec<_> = ranges.collect();
            found.extend(finder.find(&source.bytes, &ranges).into_iter().map(|i| documents.start + i));
        }
        found
    }

    /// Returns every object, from the text's lines where they are plain enough, and from a parse where not.
    pub fn index(&self) -> Result<Vec<Header>> {
        let mut problems = Problems::default();
        let mut headers = Vec::new();
        for document in 0..self.documents.len() {
            if let Some(head) = scan::head(self.bytes(document)) {
                headers.push(Header {
                    id: ObjectId { document, item: None },
                    api_version: head.api_version.to_owned(),
                    kind: head.kind.to_owned(),
                    namespace: head.namespace.map(str::to_owned),
                    name: head.name.to_owned(),
                });
            } else if let Some(value) = problems.collect(self.passing_value(document)) {
                headers.extend(
                    shape::objects(document, &value).iter().map(|(id, object)| shape::header(*id, object)),
                );
            }
        }
        problems.or(headers)
    }

    /// Returns what each document holds that is not empty, object or not.
    pub(crate) fn values(&self) -> Result<Vec<&Value>> {
        (0..self.documents.len()).map(|document| self.value(document)).collect()
    }

    /// Returns an object as Argo CD understands it.
    pub fn object(&self, id: ObjectId) -> Result<&Value> {
        shape::object(id, self.value(id.document)?).ok_or_else(|| {
            Problem::new(Exit::FAILURE, "there is no such object").at(self.place(id.document, None)).into()
        })
    }

    pub(super) fn source(&self, document: usize) -> &Source {
        &self.sources[self.documents[document].source]
    }

    /// Returns the number of the first document of a source.
    pub fn first_document_of(&self, source: &str) -> Option<usize> {
        let source = self.sources.iter().position(|other| other.name == source)?;
        Some(self.documents_of(source).start)
    }

    /// Returns the bytes of every document, in order.
    pub fn all_bytes(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.documents.len()).map(|document| self.bytes(document))
    }

    /// Returns the numbers of a source's documents.
    pub(super) fn documents_of(&self, source: usize) -> Range<usize> {
        let first = self.documents.partition_point(|document| document.source < source);
        let end = self.documents.partition_point(|document| document.source <= source);
        first..end
    }

    /// Returns the document's bytes, for a search before a parse.
    pub fn bytes(&self, document: usize) -> &[u8] {
        &self.source(document).bytes[self.documents[document].part.range.clone()]
    }

    /// Returns the document's value, kept for the next time.
    fn value(&self, document: usize) -> Result<&Value> {
        let kept = &self.documents[document].value;
        if let Some(value) = kept.get() {
            return Ok(value);
        }
        let value = self.composed(document, &self.tree(document)?)?;
        Ok(kept.get_or_init(|| Box::new(value)))
    }

    /// Returns the document's value, if it was read before.
    pub(super) fn known_value(&self, document: usize) -> Option<&Value> {
        self.documents[document].value.get().map(Box::as_ref)
    }

    /// Returns the document's value, not kept.
    pub(super) fn passing_value(&self, document: usize) -> Result<Cow<'_, Value>> {
        match self.known_value(document) {
            Some(value) => Ok(Cow::Borrowed(value)),
            None => Ok(Cow::Owned(self.composed(document, &self.tree(document)?)?)),
        }
    }

    pub(super) fn tree(&self, document: usize) -> Result<Tree<'_>> {
        let text = self.text(document)?;
        Ok(parse(text, self.documents[document].part.json)
            .map_err(|error| self.syntax_problem(document, &error))?)
    }

    fn composed(&self, document: usize, tree: &Tree<'_>) -> Result<Value> {
        Ok(compose(tree).map_err(|error| self.unreadable(document, error.offset, &error.message))?)
    }

    /// Returns the document's text.
    pub(super) fn text(&self, document: usize) -> Result<&str> {
        let text = str::from_utf8(self.bytes(document));
        Ok(text.map_err(|error| Problem::new(Exit::MANIFEST, "the text is not UTF-8").caused_by(error))?)
    }

    /// Everything that Argo CD would refuse in a document, or drop.
    fn validate(&self, document: usize) -> Result<()> {
        let tree = self.tree(document)?;
        let value = self.composed(document, &tree)?;
        let mut problems = Problems::default();
        if let Some(at) = tree.dropped {
            problems.push(
                Problem::new(Exit::MANIFEST, "text after the end of the document, which Argo CD would drop")
                    .at(self.place(document, Some(at)))
                    .hint("documents are separated by lines that read `---`, not by `...`"),
            );
        }
        for (id, object) in shape::objects(document, &value) {
            problems.collect(self.check(id, object));
        }
        problems.or(())
    }

    fn check(&self, id: ObjectId, object: &Value) -> Result<()> {
        let mut problems = Problems::default();
        for Flaw { path, message, hint } in shape::flaws(id, object) {
            let mut problem = Problem::new(Exit::MANIFEST, message).at(self.location_of(id, &path));
            problem.hints.extend(hint.map(str::to_owned));
            problems.push(problem);
        }
        problems.or(())
    }
}

/// Returns the source's documents. JSON that Argo CD's second reader would not read is written so that it does.
fn cut(source: &mut Source) -> Split {
    let split = split(&source.bytes);
    match json::rewritten(&source.bytes, &split.parts) {
        Some(bytes) => {
            source.bytes = bytes;
            self::split(&source.bytes)
        }
        None => split,
    }
}
