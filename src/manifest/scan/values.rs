//! The values of a key, wherever it stands in a document, read from the lines.

use memchr::{memchr_iter, memmem};

use super::{breaks, entry, is_item, line_start, string};
use crate::manifest::resolve::{Scalar, resolve};
use crate::manifest::split::line_end;

/// Returns every value that a document in plain block style gives the key, in order; `None` where only a parse can tell.
///
/// What a block scalar holds looks the same, so there may be more than a parse finds, and never less.
pub(in crate::manifest) fn values<'t>(document: &'t [u8], key: &str) -> Option<Vec<&'t str>> {
    let text = str::from_utf8(document).ok()?;
    let escaped = |at: usize| matches!(document.get(at + 1), Some(b'x' | b'u' | b'U'));
    if breaks::odd(text.as_bytes()).next().is_some() || memchr_iter(b'\\', document).any(escaped) {
        return None;
    }
    let mut found = Vec::new();
    for at in memmem::find_iter(document, key) {
        if !is_part_of_word(document, at, key.len()) {
            found.push(value(text, at, key)?);
        }
    }
    Some(found)
}

fn is_part_of_word(document: &[u8], at: usize, length: usize) -> bool {
    let touches = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./".contains(byte);
    document[..at].last().is_some_and(touches) || document.get(at + length).is_some_and(touches)
}

/// Returns the value that stands in full on the key's line.
fn value<'t>(text: &'t str, at: usize, key: &str) -> Option<&'t str> {
    let start = line_start(text.as_bytes(), at);
    if !text[start..at].bytes().all(|byte| matches!(byte, b' ' | b'-')) {
        return None;
    }
    let (line, below) = text[at..].split_at(line_end(&text.as_bytes()[at..], 0));
    let (name, value) = entry(trimmed(line))?;
    let ends = name == key && ends_before(below, at - start);
    ends.then(|| plain(value).or_else(|| string(value).filter(|_| value.starts_with(['"', '\''])))).flatten()
}

/// Whether a value that stands on the line above, of a key in this column, does not go on below.
fn ends_before(below: &str, column: usize) -> bool {
    let next = below.lines().map(trimmed).find(|line| !line.is_empty()).unwrap_or("---");
    let content = next.trim_start_matches(' ');
    next.len() - content.len() <= column && (is_item(content) || content.contains(':') || content == "---")
}

/// Returns a scalar without quotes that is a string, such as a name or an image.
fn plain(value: &str) -> Option<&str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '@');
    let certain = value.starts_with(|c: char| c.is_ascii_alphanumeric())
        && value.chars().all(allowed)
        && !value.ends_with(':')
        && resolve(value) == Scalar::String;
    certain.then_some(value)
}

fn trimmed(line: &str) -> &str {
    line.trim_end_matches(['\n', '\r', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_lines_tell_their_values() {
        let text = "spec:\n  containers:\n    - image: a/b:1.2  # c\n      name: x\n    - name: y\n      image: 'r:5/z@sha256:0a'\n\n      imagePullPolicy: image-1\n  x:\n  - image: \"c\"\r\n  - image: d";
        assert_eq!(values(text.as_bytes(), "image").unwrap(), ["a/b:1.2", "r:5/z@sha256:0a", "c", "d"]);
        assert_eq!(values(b"data: {a: 1}\n", "image").unwrap(), [""; 0]);
    }

    #[test]
    fn doubtful_values_are_left_to_the_parser() {
        for text in [
            "image:\n  a",
            "image: a\n  b",
            "image: a\n\n  b: c",
            "{\nimage: a\nb}",
            "{image: a}",
            "image: a,",
            "image: *a",
            "image: &x a",
            "image: !!str a",
            "image: |\n  a",
            "image: 12",
            "image: a:",
            "image: a b",
            "image : a",
            "\"image\": a",
            "? image\n: a",
            "x: image",
            "# image: a",
            "\"im\\u0061ge\": a",
            "image: \"\\x61\"",
            "image: a\rb: c",
        ] {
            assert_eq!(values(text.as_bytes(), "image"), None, "{text}");
        }
    }
}
