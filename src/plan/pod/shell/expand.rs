//! What begins with a dollar sign: substitutions of commands, references to variables.

use super::Reader;
use crate::plan::pod::variables::argument_of;

impl Reader<'_, '_> {
    /// Reads what follows a dollar sign.
    pub(super) fn dollar(&mut self, quoted: bool) {
        match self.rest.peek() {
            Some('(') => {
                self.rest.next();
                let text = self.balanced('(', ')');
                // `$((1 + 2))` is arithmetic.
                if text.starts_with('(') {
                    self.push('$');
                } else {
                    self.substitute(&text, '$', quoted);
                }
            }
            Some('{') => {
                self.rest.next();
                let text = self.balanced('{', '}');
                let end = text.find(|c: char| !is_name(c)).unwrap_or(text.len());
                let end = if text.starts_with(is_special) { 1 } else { end };
                self.reference(&text[..end], Some(&text[end..]), quoted);
            }
            Some(c) if c.is_ascii_digit() || is_special(*c) => {
                let name: String = self.rest.next().into_iter().collect();
                self.reference(&name, None, quoted);
            }
            _ => {
                let mut name = String::new();
                while let Some(c) = self.rest.next_if(|c| is_name(*c)) {
                    name.push(c);
                }
                self.reference(&name, None, quoted);
            }
        }
    }

    /// Fills in a variable, or its default; what is not known stays. `operator` is what follows the name in braces. One that
    /// cuts something off the value leaves it all here: `${BROKER%%:*}` names what the broker's address names.
    fn reference(&mut self, name: &str, operator: Option<&str>, quoted: bool) {
        let rest = operator.unwrap_or_default();
        let plain = rest.strip_prefix(':').unwrap_or(rest);
        let default = plain.strip_prefix(['-', '=']);
        let instead = plain.starts_with('+');
        let known = if !instead && !name.is_empty() { self.value(name) } else { None };
        match (known, default) {
            (Some((value, private)), _) => {
                self.private |= private;
                self.fill(&value, quoted && name != "@");
            }
            (None, Some(default)) => self.fill(default, quoted),
            (None, None) => {
                let braces = if operator.is_some() { ["${", "}"] } else { ["$", ""] };
                self.word.get_or_insert_default().extend([braces[0], name, rest, braces[1]]);
            }
        }
    }

    fn value(&mut self, name: &str) -> Option<(String, bool)> {
        if name.starts_with(|c: char| c.is_ascii_digit() || is_special(c)) {
            let callee = self.function().unwrap_or(&self.around.script);
            let argument = argument_of(callee, name);
            return self.variables.get(&argument);
        }
        self.variables.get(name)
    }

    /// Adds a value to the word; outside quotes blanks in it separate words.
    pub(super) fn fill(&mut self, value: &str, quoted: bool) {
        if quoted {
            self.word.get_or_insert_default().push_str(value);
            return;
        }
        for c in value.chars() {
            if c.is_ascii_whitespace() {
                self.end_word();
            } else {
                self.push(c);
            }
        }
    }

    /// Returns the text up to the closing character, quotes respected; the closing one is taken, not returned.
    fn balanced(&mut self, open: char, close: char) -> String {
        let (mut text, mut depth, mut quote) = (String::new(), 1_usize, None);
        while let Some(c) = self.rest.next() {
            if c == '\\' && quote != Some('\'') {
                text.push(c);
                text.extend(self.rest.next());
                continue;
            }
            if quote == Some(c) {
                quote = None;
            } else if quote.is_none() && matches!(c, '"' | '\'') {
                quote = Some(c);
            } else if quote.is_none() && c == open {
                depth += 1;
            } else if quote.is_none() && c == close {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            text.push(c);
        }
        text
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether it stands for all arguments of a script or function.
fn is_special(c: char) -> bool {
    matches!(c, '@' | '*')
}
