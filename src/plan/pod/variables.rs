//! The variables of a container, as far as their values are known: its environment, constants of its scripts, and the
//! arguments of its functions.

use std::collections::{HashMap, HashSet};

/// Values of one variable that are kept, as long as they are together no longer than this.
const MAX_TOGETHER: usize = 4096;

/// What all references of a container may add to its commands; later ones stay as they are written.
const MAX_FILLED: usize = 1 << 20;

/// What a variable holds.
#[derive(Debug, Clone, Default)]
struct Known {
    /// Its value; several stand side by side, so that each is a word: every branch counts as run.
    value: String,
    /// It comes from a Secret.
    private: bool,
}

/// The variables and functions of a container.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    known: HashMap<String, Known>,
    functions: HashSet<String>,
    filled: usize,
    missed: bool,
}

impl Variables {
    /// Adds a value: one that is known already stays beside it.
    pub(crate) fn add(&mut self, name: &str, value: &str, private: bool) {
        let Some(known) = self.known.get_mut(name) else {
            self.known.insert(name.to_owned(), Known { value: value.to_owned(), private });
            return;
        };
        let new = known.value != value && !known.value.split(' ').any(|one| one == value);
        if new && known.value.len() + value.len() < MAX_TOGETHER {
            known.value.push(' ');
            known.value.push_str(value);
            known.private |= private;
        }
    }

    /// Sets the value of a variable of the environment: the last of a name wins.
    pub(crate) fn set(&mut self, name: &str, value: &str, private: bool) {
        self.known.insert(name.to_owned(), Known { value: value.to_owned(), private });
    }

    /// Returns the value of a variable, and whether a Secret's is part of it.
    pub(crate) fn get(&mut self, name: &str) -> Option<(String, bool)> {
        let known = self.known.get(name).filter(|known| self.filled + known.value.len() <= MAX_FILLED);
        let Some(known) = known else {
            self.missed = true;
            return None;
        };
        self.filled += known.value.len();
        Some((known.value.clone(), known.private))
    }

    /// Adds a function, whose commands run where it is called.
    pub(crate) fn define(&mut self, function: &str) {
        self.functions.insert(function.to_owned());
    }

    /// Whether a word is the name of a function.
    pub(crate) fn is_function(&self, word: &str) -> bool {
        self.functions.contains(word)
    }

    /// Adds the arguments of a function or script, which reads them as `$1`, `$@` and so on.
    pub(crate) fn call(&mut self, callee: &str, arguments: &[String], private: bool) {
        for (at, argument) in (1..10).zip(arguments) {
            self.add(&argument_of(callee, &at.to_string()), argument, private);
        }
        self.add(&argument_of(callee, "@"), &arguments.join(" "), private);
    }

    /// Starts a reading; returns whether another one can know more than the last.
    pub(crate) fn restart(&mut self) -> bool {
        self.filled = 0;
        std::mem::take(&mut self.missed)
    }

    /// Fills in `$(NAME)` as Kubernetes does in commands and variables; `$$` stands for `$`.
    ///
    /// Source: Kubernetes, `third_party/forked/golang/expansion`.
    pub(crate) fn fill(&mut self, text: &str) -> (String, bool) {
        let (mut filled, mut private) = (String::with_capacity(text.len()), false);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            filled.push_str(before);
            rest = after;
            if let Some(escaped) = after.strip_prefix("$(") {
                filled.push_str("$(");
                rest = escaped;
                continue;
            }
            let reference = after.strip_prefix('(').and_then(|after| after.split_once(')'));
            let known = reference.filter(|(name, _)| is_name(name)).and_then(|(name, _)| self.get(name));
            match (known, reference) {
                (Some((value, secret)), Some((_, after))) => {
                    filled.push_str(&value);
                    private |= secret;
                    rest = after;
                }
                _ => filled.push('$'),
            }
        }
        filled.push_str(rest);
        (filled, private)
    }
}

/// Returns the name under which an argument of a function or script is kept.
pub(crate) fn argument_of(callee: &str, position: &str) -> String {
    let position = if position == "*" { "@" } else { position };
    format!("{callee} {position}")
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_fills_in_variables() {
        let mut variables = Variables::default();
        variables.set("HOST", "db", false);
        variables.set("KEY", "hidden", true);
        for (text, expected, private) in [
            ("$(HOST):5432", "db:5432", false),
            ("$(HOST)$(KEY)", "dbhidden", true),
            (
                "$$(HOST) $HOST ${HOST} $(date +%s) $(NONE) $(",
                "$(HOST) $HOST ${HOST} $(date +%s) $(NONE) $(",
                false,
            ),
        ] {
            assert_eq!(variables.fill(text), (expected.to_owned(), private), "{text}");
        }
    }

    #[test]
    fn several_values_stand_side_by_side() {
        let mut variables = Variables::default();
        for value in ["a", "b", "a"] {
            variables.add("X", value, false);
        }
        assert_eq!(variables.get("X"), Some(("a b".to_owned(), false)));
    }

    #[test]
    fn values_do_not_grow_without_end() {
        let mut variables = Variables::default();
        variables.set("X", &"x".repeat(MAX_FILLED / 2), false);
        let filled = variables.fill(&"$(X)".repeat(100)).0;
        assert!(filled.len() < 2 * MAX_FILLED);
        variables.add("Y", "y", false);
        for _ in 0..100 {
            let (value, _) = variables.get("Y").unwrap_or_default();
            variables.add("Y", &format!("{value}{value}"), false);
        }
        assert!(variables.get("Y").is_none_or(|(value, _)| value.len() <= MAX_TOGETHER));
    }
}
