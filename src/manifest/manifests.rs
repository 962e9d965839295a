//! All manifests of a run.

use std::cell::OnceCell;

use serde_json::Value;

use super::changes::{Header, ObjectId};
use super::compose::compose;
use super::edit::EditError;
use super::parse::parse;
use super::problem::{diagnose, refused_character};
use super::scan::{self, KindFinder};
use super::shape::{self, Flaw};
use super::source::Source;
use super::split::{Part, SplitProblem, content_start, split};
use crate::error::{Location, Problem, Problems, Result};
use crate::exit::Exit;

/// The documents of all sources. It owns their bytes, parses only what it is asked for, and remembers that.
#[derive(Debug)]
pub struct Manifests {
    pub(super) sources: Vec<Source>,
    pub(super) documents: Vec<Document>,
}

/// A document that has content; it may still be null.
#[derive(Debug)]
pub(super) struct Document {
    pub source: usize,
    pub part: Part,
    value: OnceCell<Box<Value>>,
}

impl Manifests {
    /// Splits all sources, and parses the documents of those to be validated. Reports everything that Argo CD would
    /// refuse, as far as it was looked at.
    pub fn read(sources: Vec<Source>) -> Result<Self> {
        let mut problems = Problems::default();
        let mut documents = Vec::new();
        for (i, source) in sources.iter().enumerate() {
            let split = split(&source.bytes);
            for problem in split.problems {
                problems.push(seam_problem(source, problem));
            }
            let document = |part| Document { source: i, part, value: OnceCell::new() };
            documents.extend(split.parts.into_iter().map(document));
        }
        let manifests = Self { sources, documents };
        for document in 0..manifests.documents.len() {
            if manifests.sources[manifests.documents[document].source].validate {
                problems.collect(manifests.validate(document));
            }
        }
        problems.or(manifests)
    }

    /// Whether there is no object at all; comments and null documents do not count.
    pub fn is_empty(&self) -> bool {
        !(0..self.documents.len()).any(|document| {
            scan::head(self.bytes(document)).is_some()
                || self.parse(document).map_or(true, |value| !value.is_null())
        })
    }

    /// Every object of a kind, found without a parse of documents that cannot hold one. The objects that are found are
    /// parsed and free of flaws that make Argo CD refuse the whole app.
    pub fn candidates(&self, kind: &str) -> Result<Vec<ObjectId>> {
        let finder = KindFinder::new(kind);
        let mut problems = Problems::default();
        let mut found = Vec::new();
        for document in 0..self.documents.len() {
            let bytes = self.bytes(document);
            if !finder.matches(bytes) || scan::head(bytes).is_some_and(|head| head.kind != kind) {
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

    /// Every object, from the text's lines where they are plain enough, and from a parse where not.
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
            } else if let Some(value) = problems.collect(self.parse(document)) {
                headers.extend(
                    shape::objects(document, &value).iter().map(|(id, object)| shape::header(*id, object)),
                );
            }
        }
        problems.or(headers)
    }

    /// An object as Argo CD understands it.
    pub fn object(&self, id: ObjectId) -> Result<&Value> {
        shape::object(id, self.value(id.document)?).ok_or_else(|| {
            Problem::new(Exit::FAILURE, "there is no such object").at(self.place(id.document, None)).into()
        })
    }

    pub(super) fn source(&self, document: usize) -> &Source {
        &self.sources[self.documents[document].source]
    }

    /// The bytes of every document, in order.
    pub fn all_bytes(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.documents.len()).map(|document| self.bytes(document))
    }

    /// The document's bytes, for a search before a parse.
    pub fn bytes(&self, document: usize) -> &[u8] {
        &self.source(document).bytes[self.documents[document].part.range.clone()]
    }

    /// The document's value, kept for the next time.
    fn value(&self, document: usize) -> Result<&Value> {
        let known = &self.documents[document].value;
        if let Some(value) = known.get() {
            return Ok(value);
        }
        let value = self.parse(document)?;
        Ok(known.get_or_init(|| Box::new(value)))
    }

    /// The document's value, not kept.
    fn parse(&self, document: usize) -> Result<Value> {
        if let Some(value) = self.documents.get(document).and_then(|document| document.value.get()) {
            return Ok((**value).clone());
        }
        let text = self.text(document)?;
        let tree =
            parse(text).map_err(|error| self.edit_problem(document, None, EditError::Syntax(error)))?;
        let value = compose(&tree).map_err(|error| {
            let at = tree.start(error.node);
            self.unreadable(document, Some(at)).caused_by(anyhow::Error::msg(error.message))
        })?;
        Ok(value)
    }

    /// The document's text, when it holds nothing that readers disagree about.
    pub(super) fn text(&self, document: usize) -> Result<&str> {
        let bytes = self.bytes(document);
        let text = str::from_utf8(bytes).map_err(|error| {
            let place = self.place(document, Some(error.valid_up_to()));
            Problem::new(Exit::MANIFEST, "the document is not UTF-8 text").at(place)
        })?;
        match refused_character(text) {
            None => Ok(text),
            Some((at, message)) => {
                Err(Problem::new(Exit::MANIFEST, message).at(self.place(document, Some(at))).into())
            }
        }
    }

    /// Everything that Argo CD would refuse in a document, or drop.
    fn validate(&self, document: usize) -> Result<()> {
        let value = self.parse(document)?;
        let mut problems = Problems::default();
        let text = self.text(document)?;
        if let Some(at) = parse(text).ok().and_then(|tree| tree.dropped) {
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
        for Flaw { path, message, hint } in shape::flaws(object) {
            let mut problem = Problem::new(Exit::MANIFEST, message).at(self.location_of(id, &path));
            problem.hints.extend(hint.map(str::to_owned));
            problems.push(problem);
        }
        problems.or(())
    }

    pub(super) fn edit_problem(&self, document: usize, id: Option<ObjectId>, error: EditError) -> Problem {
        let object = || id.map_or_else(|| self.place(document, None), |id| self.location(id));
        match error {
            EditError::Syntax(error) => {
                let diagnosis = diagnose(self.text(document).unwrap_or_default(), &error);
                let mut problem = self.unreadable(document, Some(error.offset));
                problem.hints.extend(diagnosis.hint.map(str::to_owned));
                problem.caused_by(anyhow::Error::msg(diagnosis.cause))
            }
            EditError::Compose(error) => {
                self.unreadable(document, None).caused_by(anyhow::Error::msg(error.message))
            }
            EditError::Model(message) => Problem::new(Exit::MANIFEST, message).at(object()),
            EditError::Unverified => {
                Problem::new(Exit::MANIFEST, "the edit cannot be made without changing something else")
                    .at(object())
            }
        }
    }

    /// The document is not YAML that Argo CD can read.
    fn unreadable(&self, document: usize, at: Option<usize>) -> Problem {
        let problem = Problem::new(Exit::MANIFEST, "the manifest is not valid YAML");
        problem.at(self.place(document, at.or_else(|| content_start(self.bytes(document)))))
    }
}

fn seam_problem(source: &Source, problem: SplitProblem) -> Problem {
    let (at, message, hint) = match problem {
        SplitProblem::Separator(at) => (
            at,
            "text after the document separator",
            "Argo CD splits manifests at every line that begins with `---`; only a comment may follow on it",
        ),
        SplitProblem::ByteOrderMark(at) => (
            at,
            "a byte order mark behind a document separator",
            "remove it: Argo CD would read it as a part of the first key",
        ),
        SplitProblem::AfterJson(at) => (
            at,
            "something other than JSON after several JSON values",
            "separate JSON values from YAML with lines that read `---` from the first one on",
        ),
    };
    let line = scan::count_lines(&source.bytes, 0..at) + 1;
    Problem::new(Exit::MANIFEST, message).at(Location::file(&source.name).line(line)).hint(hint)
}
