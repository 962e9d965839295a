//! Output that ends when there is too much of it.

use std::{fmt, io};

use handlebars::Output;

/// Collects what a template writes, up to a limit.
pub(super) struct Limited {
    text: String,
    left: usize,
    full: bool,
}

impl Limited {
    /// None yet, and at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { text: String::new(), left: limit, full: false }
    }

    /// Whether there was more to write.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Returns what was written.
    pub(super) fn into_text(self) -> String {
        self.text
    }
}

impl Output for Limited {
    fn write(&mut self, text: &str) -> io::Result<()> {
        let Some(left) = self.left.checked_sub(text.len()) else {
            self.full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        };
        self.left = left;
        self.text.push_str(text);
        Ok(())
    }

    fn write_fmt(&mut self, arguments: fmt::Arguments<'_>) -> io::Result<()> {
        self.write(&arguments.to_string())
    }
}
