//! The images of the app's workloads, whose tags a Job's name may have.

use std::{
    cell::OnceCell,
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::{
    marks::{Mark, images, key, texts_of_image},
    tokens::Token,
};
use crate::{
    manifest::{Header, ObjectId},
    plan::app::index::Index,
};

/// The workloads whose images tell the app's version.
const WORKLOADS: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];

/// The marks of the app's workloads, found by what a Job's name may have of them.
///
/// Images are read from the lines of a document as long as nothing but a line is in doubt; one that a name fits is looked
/// up in the object itself.
pub(super) struct WorkloadImages<'a> {
    index: &'a Index<'a>,
    texts: Vec<Text<'a>>,
    /// The marks in their order, each with the position of its text.
    marks: Vec<(Mark, usize)>,
    /// The positions of the marks by their keys.
    by_key: HashMap<String, Vec<usize>>,
}

/// An image, tag or digest.
struct Text<'a> {
    value: &'a str,
    source: &'static str,
    /// The workloads that seem to run it.
    objects: Vec<ObjectId>,
    /// Whether one of them does.
    runs: OnceCell<bool>,
}

impl<'a> WorkloadImages<'a> {
    /// Reads the images that have something with a `wanted` key.
    pub(super) fn read(index: &'a Index<'a>, wanted: &HashSet<String>) -> Self {
        let mut texts: HashMap<(&str, &'static str), Vec<ObjectId>> = HashMap::new();
        for (image, objects) in by_image(index) {
            for found in texts_of_image(image) {
                texts.entry(found).or_default().extend(&objects);
            }
        }
        let mut marks = Vec::new();
        let mut found = Vec::new();
        for ((text, source), objects) in texts {
            let of_text = Mark::among(text, source, |key| wanted.contains(key));
            if !of_text.is_empty() {
                marks.extend(of_text.into_iter().map(|mark| (mark, found.len())));
                found.push(Text { value: text, source, objects, runs: OnceCell::new() });
            }
        }
        marks.sort();
        let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, (mark, _)) in marks.iter().enumerate() {
            by_key.entry(mark.key().to_owned()).or_default().push(at);
        }
        Self { index, texts: found, marks, by_key }
    }

    /// Returns where a name has the version of one of the workloads, in or across a part of it.
    pub(super) fn find(&self, name: &str, tokens: &[Token<'_>], part: &Range<usize>) -> Option<Range<usize>> {
        let of_token = |token: &Token<'_>| self.by_key.get(key(&token.text.to_lowercase()));
        let mut may_fit: Vec<usize> = tokens.iter().filter_map(of_token).flatten().copied().collect();
        may_fit.sort_unstable();
        may_fit.dedup();
        may_fit.into_iter().find_map(|at| {
            let (mark, text) = &self.marks[at];
            let crosses = |found: &Range<usize>| found.start < part.end && part.start < found.end;
            mark.find(name, tokens).filter(|found| crosses(found) && self.runs(&self.texts[*text]))
        })
    }

    fn runs(&self, text: &Text<'_>) -> bool {
        let runs = |id: &ObjectId| {
            images_of(*id, self.index)
                .flat_map(texts_of_image)
                .any(|found| found == (text.value, text.source))
        };
        *text.runs.get_or_init(|| text.objects.iter().any(runs))
    }
}

/// Returns every image that a workload seems to run.
fn by_image<'a>(index: &'a Index<'a>) -> HashMap<&'a str, Vec<ObjectId>> {
    let mut found: HashMap<&str, Vec<ObjectId>> = HashMap::new();
    for Header { id, .. } in WORKLOADS.iter().flat_map(|kind| index.of_kind(kind)) {
        let images = index.values_of_key(*id, "image").unwrap_or_else(|| images_of(*id, index).collect());
        for image in images {
            found.entry(image).or_default().push(*id);
        }
    }
    found
}

fn images_of<'a>(id: ObjectId, index: &Index<'a>) -> impl Iterator<Item = &'a str> {
    let object = index.object(id).ok();
    object.into_iter().flat_map(|object| images(&object["spec"]["template"]["spec"]))
}
