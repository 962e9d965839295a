//! The words of a Go template: what its actions (`{{ … }}`) call.

/// A part of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// A keyword or the name of a function, and where it begins.
    Word(&'t str, usize),
    /// What a string literal holds.
    Literal(&'t str),
}

/// Returns the words and literals of all actions, in order. Fields (`.Values.now`), variables and comments are left
/// out.
pub(super) fn parts(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(open) = template[at..].find("{{") {
        at = action(template, at + open + 2, &mut parts);
    }
    parts
}

/// Reads one action from `at` on, and returns where it ends.
fn action<'t>(template: &'t str, mut at: usize, parts: &mut Vec<Part<'t>>) -> usize {
    let bytes = template.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut before = b' ';
    while let Some(&byte) = bytes.get(at) {
        let rest = &template[at..];
        if rest.starts_with("}}") {
            return at + 2;
        }
        let length = match byte {
            b'/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            b'"' | b'`' | b'\'' => {
                let length = literal(rest.as_bytes());
                if byte != b'\'' {
                    parts.push(Part::Literal(rest.get(1..length.saturating_sub(1)).unwrap_or_default()));
                }
                length
            }
            _ if is_word(&byte) => {
                let length = bytes[at..].iter().take_while(|byte| is_word(byte)).count();
                if !matches!(before, b'.' | b'$') {
                    parts.push(Part::Word(&rest[..length], at));
                }
                length
            }
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        at += length;
        before = byte;
    }
    at
}

/// Returns the length of the literal that begins `text`, with its quotes.
fn literal(text: &[u8]) -> usize {
    let quote = text[0];
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'\\' if quote != b'`' => at += 1,
            _ if byte == quote => break,
            _ => {}
        }
    }
    at.min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_variables_and_comments_are_no_words() {
        let template =
            "now {{- /* now */ -}} {{ $now := .Values.now }} {{ include \"a.b\" . | trunc 7 }}{{`now`}} x";
        let parts: Vec<_> = parts(template)
            .into_iter()
            .map(|part| match part {
                Part::Word(word, _) => word.to_owned(),
                Part::Literal(text) => format!("<{text}>"),
            })
            .collect();
        assert_eq!(parts, ["include", "<a.b>", "trunc", "7", "<now>"]);
    }

    #[test]
    fn what_does_not_end_is_read_to_its_end() {
        for template in ["{{", "{{ \"a", "{{ /* a", "{{ 'é", "{{ \"a\\", "{{ é }}"] {
            parts(template);
        }
    }
}
