//! Where a setting stands in its file.

use std::rc::Rc;

use crate::{
    error::Location,
    manifest::{Manifests, ObjectId, Source, Step},
};

/// A settings file's text, kept so that an error can name the line.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// A key in a settings file.
#[derive(Debug, Clone)]
pub(super) struct KeyLocation {
    text: Rc<Text>,
    path: Vec<Step>,
}

impl KeyLocation {
    /// Returns the file as a whole.
    pub(super) fn new(text: Rc<Text>) -> Self {
        Self { text, path: Vec::new() }
    }

    /// Returns a key under this one.
    pub(super) fn key(&self, key: &str) -> Self {
        let path = self.path.iter().cloned().chain([Step::from(key)]).collect();
        Self { text: Rc::clone(&self.text), path }
    }

    /// Returns the file and the key's line. The text is read again, by the reader that knows lines: it is only for
    /// errors.
    pub(super) fn resolve(&self) -> Location {
        let source = Source { name: self.text.name.clone(), bytes: self.text.bytes.clone(), validate: false };
        let line = match Manifests::read(vec![source]) {
            Ok(manifests) if !self.path.is_empty() && !manifests.is_empty() => {
                manifests.location_of(ObjectId { document: 0, item: None }, &self.path).line
            }
            _ => None,
        };
        Location { line, ..Location::file(&self.text.name) }
    }
}
