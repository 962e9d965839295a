//! What a child process says on stderr, fit to be shown: without secrets.
//!
//! Argo CD shows our stderr to everyone who may see the Application, and tools quote what they were given: Helm prints
//! the value that it could not convert, a registry the URL with its password. Two nets hold secrets back: every value
//! that we handed to the tool, in the encodings in which it can come back, and the shapes that secrets have wherever
//! they came from. Too much is rather removed than too little.

mod shapes;

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

/// What stands for a removed secret.
const REMOVED: &str = "[redacted]";

/// A value shorter than this is in too many words to be looked for.
const SHORTEST: usize = 4;

/// From this length on a value is looked for inside words too.
const UNMISTAKABLE: usize = 8;

/// Returns `text` without what looks like a secret.
#[cfg(feature = "cluster")]
pub(crate) fn text(text: &str) -> String {
    shapes::redact(text)
}

/// The values that a tool was given and that must not be shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets {
    values: BTreeSet<String>,
    public: BTreeSet<String>,
}

impl Secrets {
    /// Holds `value` back, and each of its lines.
    pub(crate) fn add(&mut self, value: &str) {
        for line in value.lines().chain([value]) {
            let line = line.trim();
            if line.len() >= SHORTEST && !matches!(line, "true" | "false" | "null") {
                self.values.insert(line.to_owned());
            }
        }
    }

    /// Holds back every value in a document, not its keys.
    pub(crate) fn add_document(&mut self, document: &Value) {
        match document {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => self.add(&number.to_string()),
            Value::String(text) => self.add(text),
            Value::Array(items) => items.iter().for_each(|item| self.add_document(item)),
            Value::Object(entries) => entries.values().for_each(|value| self.add_document(value)),
        }
    }

    /// Holds back every value in a text that should be YAML, even if it is not.
    pub(crate) fn add_yaml(&mut self, text: &str) {
        match serde_yaml::from_str::<Value>(text) {
            Ok(document) => self.add_document(&document),
            // Nobody knows what is a value here, so every word is one, but keys.
            Err(_) => text
                .split(|c: char| c.is_whitespace() || "[]{},\"'".contains(c))
                .filter(|word| !word.ends_with(':'))
                .for_each(|word| self.add(word)),
        }
        // As the text writes them: with the quotes, escapes and comments that a tool may repeat.
        for line in text.lines() {
            let item = line.trim().trim_start_matches("- ");
            self.add(item.split_once(": ").map_or(item, |(_, value)| value).trim_matches(['"', '\'', ' ']));
        }
    }

    /// Does not hold `word` back: the app's name is no secret even where it is a value.
    pub(crate) fn publish(&mut self, word: &str) {
        self.public.insert(word.to_owned());
    }

    /// Returns `text` without secrets.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut spellings: Vec<String> =
            self.values.difference(&self.public).flat_map(|value| spellings(value)).collect();
        // A secret that contains another goes first, or its rest would stay.
        spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        spellings.dedup();
        let text = spellings.iter().fold(text.to_owned(), |text, spelling| remove(&text, spelling));
        shapes::redact(&text)
    }
}

/// Returns the ways in which a tool may write `value`: as it is, quoted with escapes, as a Secret's data.
fn spellings(value: &str) -> Vec<String> {
    let quoted = Value::from(value).to_string();
    let mut spellings = vec![value.to_owned(), quoted[1..quoted.len() - 1].to_owned()];
    if value.len() >= UNMISTAKABLE {
        spellings.push(STANDARD.encode(value).trim_end_matches('=').to_owned());
    }
    spellings
}

/// Returns `text` without `secret`: a short one only where it is a word, so that `prod` does not hide half of
/// `production`.
fn remove(text: &str, secret: &str) -> String {
    let inside_words = secret.len() >= UNMISTAKABLE;
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(secret) {
        let (before, from) = rest.split_at(at);
        let after = &from[secret.len()..];
        kept.push_str(before);
        let is_word = !kept.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        kept.push_str(if inside_words || is_word { REMOVED } else { secret });
        rest = after;
    }
    kept + rest
}

#[cfg(test)]
mod tests;
