//! Which objects of the app contain which texts: the search before any parse.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;

/// The positions of the objects that contain a text, remembered for each text that was asked for.
#[derive(Debug, Default)]
pub(crate) struct Mentions(RefCell<BTreeMap<String, Rc<[usize]>>>);

impl Mentions {
    /// Looks for many texts in one pass over `objects`, so that asking for each is quick.
    pub(crate) fn look_for<'b>(&self, texts: &[&str], objects: impl Iterator<Item = &'b [u8]>) {
        // Only a pattern that is too large to build is an error; then each text is looked for when it is asked for.
        let Ok(automaton) = AhoCorasick::new(texts) else { return };
        let mut found: Vec<Vec<usize>> = vec![Vec::new(); texts.len()];
        for (object, bytes) in objects.enumerate() {
            for hit in automaton.find_overlapping_iter(bytes) {
                let objects = &mut found[hit.pattern().as_usize()];
                if objects.last() != Some(&object) {
                    objects.push(object);
                }
            }
        }
        let mut known = self.0.borrow_mut();
        known.extend(texts.iter().zip(found).map(|(text, objects)| ((*text).to_owned(), objects.into())));
    }

    /// Returns the objects that contain `text`, in their order.
    pub(crate) fn of<'b>(&self, text: &str, objects: impl Iterator<Item = &'b [u8]>) -> Rc<[usize]> {
        if let Some(known) = self.0.borrow().get(text) {
            return Rc::clone(known);
        }
        let finder = Finder::new(text);
        let found: Rc<[usize]> = objects
            .enumerate()
            .filter(|(_, bytes)| finder.find(bytes).is_some())
            .map(|(object, _)| object)
            .collect();
        self.0.borrow_mut().insert(text.to_owned(), Rc::clone(&found));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pass_finds_what_single_searches_find() {
        let documents = ["job/migrate-data", "migrate", "", "migrate migrate"].map(str::as_bytes);
        let (together, alone) = (Mentions::default(), Mentions::default());
        let texts = ["migrate", "migrate-data", "absent"];
        together.look_for(&texts, documents.into_iter());
        for (text, expected) in texts.into_iter().zip([&[0, 1, 3][..], &[0], &[]]) {
            assert_eq!(*together.of(text, std::iter::empty()), *expected, "remembered: {text}");
            assert_eq!(*alone.of(text, documents.into_iter()), *expected, "searched: {text}");
        }
    }
}
