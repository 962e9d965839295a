//! How deep YAML is nested and how much its aliases repeat, before it is read: the reader follows both.

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Parser};

use super::Error;
use crate::limits;

/// Refuses text that would take too much to read. What is wrong with it otherwise is for the reader to say.
pub(super) fn check(bytes: &[u8]) -> Result<(), Error> {
    let Ok(text) = str::from_utf8(bytes) else { return Ok(()) };
    let options = granit_parser::options! {
        emit_anchor_events: false,
        emit_comments: false,
        flow_nesting_limit: limits::SETTINGS_DEPTH,
        block_nesting_limit: limits::SETTINGS_DEPTH,
    };
    let mut sizes = Sizes::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let refused = |message: String, place| Err(Error { message, place });
        match event {
            Ok((event, span)) => {
                if sizes.take(&event) > limits::ALIAS_BYTES {
                    let message = format!("the aliases repeat more than {} MiB", limits::ALIAS_BYTES >> 20);
                    let start = span.start;
                    return refused(message, Some((start.line(), start.col() + 1)));
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) => {
                let place = error.marker();
                let message = format!("the values are nested more than {} deep", limits::SETTINGS_DEPTH);
                return refused(message, Some((place.line(), place.col() + 1)));
            }
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

/// What the nodes take when all aliases are followed.
#[derive(Default)]
struct Sizes {
    /// The open collections: anchor and size.
    open: Vec<(usize, usize)>,
    /// The size behind each anchor.
    anchors: HashMap<usize, usize>,
    /// What aliases repeated so far.
    repeated: usize,
}

impl Sizes {
    /// Takes the next event, and gives what aliases repeated so far.
    fn take(&mut self, event: &Event<'_>) -> usize {
        let anchor = event.anchor_id().unwrap_or(0);
        match event {
            Event::Scalar(text, ..) => self.add(anchor, text.len().max(32)),
            Event::SequenceStart(..) | Event::MappingStart(..) => self.open.push((anchor, 32)),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((anchor, size)) = self.open.pop() {
                    self.add(anchor, size);
                }
            }
            Event::Alias(anchor) => {
                let size = self.anchors.get(anchor).copied().unwrap_or(0);
                self.repeated = self.repeated.saturating_add(size);
                self.add(0, size);
            }
            _ => {}
        }
        self.repeated
    }

    /// Adds a node to the collection around it. Anchors are counted from 1.
    fn add(&mut self, anchor: usize, size: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, size);
        }
        if let Some((_, around)) = self.open.last_mut() {
            *around = around.saturating_add(size);
        }
    }
}
