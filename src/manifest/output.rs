//! The bytes that come out: slices of what came in, and what was written anew.

use std::borrow::Cow;
use std::io;

/// The manifests after the changes.
#[derive(Debug, Default)]
pub struct Output<'a> {
    pieces: Vec<Cow<'a, [u8]>>,
}

impl<'a> Output<'a> {
    /// Writes everything.
    pub fn write_to(&self, to: &mut dyn io::Write) -> io::Result<()> {
        self.pieces.iter().try_for_each(|piece| to.write_all(piece))
    }

    /// Everything as one vector.
    pub fn to_vec(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    pub(super) fn push(&mut self, piece: impl Into<Cow<'a, [u8]>>) {
        let piece = piece.into();
        if !piece.is_empty() {
            self.pieces.push(piece);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Whether the next byte begins a line.
    pub(super) fn at_line_start(&self) -> bool {
        self.pieces.last().is_none_or(|piece| piece.ends_with(b"\n"))
    }
}
