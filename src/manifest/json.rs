//! What JSON's writers may write and Argo CD's second reader does not read.
//!
//! The repo-server reads as YAML 1.1 the JSON that came out of the first reading. That reader does not know the escape
//! `\/` and surrogate pairs, refuses control characters, and takes NEL, LS and PS for line breaks. Argo CD's own
//! directory source reads a `.json` file as JSON alone, so each of them is valid there.

use std::borrow::Cow;

use memchr::memchr_iter;

use super::emit::escaped;
use super::split::Part;

/// Returns the bytes with every JSON value made [`readable`]; `None` when all of them are.
pub(super) fn rewritten(bytes: &[u8], parts: &[Part]) -> Option<Vec<u8>> {
    let values = parts.iter().filter(|part| part.json).map(|part| &part.range);
    let mut text = Vec::new();
    let mut done = 0;
    for range in values {
        if let Ok(value) = str::from_utf8(&bytes[range.clone()])
            && let Cow::Owned(value) = readable(value)
        {
            text.extend_from_slice(&bytes[done..range.start]);
            text.extend_from_slice(value.as_bytes());
            done = range.end;
        }
    }
    (done > 0).then(|| [&text, &bytes[done..]].concat())
}

/// JSON text with the same values, in which every string is written so that Argo CD's second reader reads it too.
fn readable(json: &str) -> Cow<'_, str> {
    let sound = if json.is_ascii() { !json.contains('\u{7f}') } else { !json.contains(must_be_escaped) };
    if sound && escapes(json).all(|at| is_known(&json[at..])) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find(|c| c == '\\' || must_be_escaped(c)) {
        text.push_str(&rest[..at]);
        rest = replace(&rest[at..], &mut text);
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// Whether a string holds a character that passes through Argo CD only where the first reader reads JSON, which hands
/// on the escape as it is.
pub(super) fn passes_as_json_only(json: &str) -> bool {
    escapes(json)
        .any(|at| code_unit(&json[at..]).is_some_and(|unit| char::from_u32(unit).is_some_and(is_refused)))
}

/// Whether Argo CD's reader refuses the character, or reads it as a blank (NEL).
pub(super) fn is_refused(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
}

/// How many characters Argo CD's reader looks ahead from the beginning of a key to its colon, where no `?` stands before
/// the key (`yaml_simple_key_is_valid` in go-yaml's `scannerc.go`).
pub(super) const KEY_CHARACTERS: usize = 1024;

/// Whether a key is too long for the second reading, as Go writes it between quotes (`encoding/json`, HTML escaped).
pub(super) fn is_long_key(key: &str) -> bool {
    let width = |c| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => 6,
        _ => 1,
    };
    key.len() * 6 > KEY_CHARACTERS && key.chars().map(width).sum::<usize>() + 2 > KEY_CHARACTERS
}

fn must_be_escaped(c: char) -> bool {
    is_refused(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Returns where the escapes of valid JSON begin.
fn escapes(json: &str) -> impl Iterator<Item = usize> {
    let mut done = 0;
    memchr_iter(b'\\', json.as_bytes()).filter(move |at| {
        let begins = *at >= done;
        if begins {
            done = at + 2;
        }
        begins
    })
}

fn is_known(escape: &str) -> bool {
    !escape.starts_with("\\/") && code_unit(escape).is_none_or(|unit| !is_surrogate(unit))
}

/// Writes what `text` begins with so that it can be read, and gives the rest.
fn replace<'t>(text: &'t str, to: &mut String) -> &'t str {
    let Some(escape) = text.strip_prefix('\\') else {
        let mut chars = text.chars();
        if let Some(c) = chars.next() {
            to.extend(escaped(c));
        }
        return chars.as_str();
    };
    if let Some(rest) = escape.strip_prefix('/') {
        to.push('/');
        return rest;
    }
    let Some(high) = code_unit(text).filter(|unit| is_surrogate(*unit)) else {
        let (known, rest) = text.split_at(text.ceil_char_boundary(2));
        to.push_str(known);
        return rest;
    };
    let rest = &text[6..];
    let pair = code_unit(rest).and_then(|low| pair(high, low));
    // As Go reads a half of a pair.
    to.push(pair.unwrap_or(char::REPLACEMENT_CHARACTER));
    if pair.is_some() { &rest[6..] } else { rest }
}

/// Returns the code unit of an escape `\uXXXX`.
fn code_unit(escape: &str) -> Option<u32> {
    u32::from_str_radix(escape.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

fn is_surrogate(unit: u32) -> bool {
    (0xd800..0xe000).contains(&unit)
}

fn pair(high: u32, low: u32) -> Option<char> {
    let halves = (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low);
    halves.then(|| char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_readers_read_stays() {
        for text in [r#"{"a":"b\\/ \" \n é 😀"}"#, r#"{"a":"\u00e9\u0000\u007f"}"#, "{\"a\":\"\u{a0}\"}"] {
            assert_eq!(readable(text), text);
        }
    }

    #[test]
    fn escapes_that_yaml_does_not_know_become_characters() {
        for (text, expected) in [
            (r#"{"a":"x\/y"}"#, r#"{"a":"x/y"}"#),
            (r#"{"a":"\\\/"}"#, r#"{"a":"\\/"}"#),
            (r#"{"a":"\ud83d\uDE00!"}"#, r#"{"a":"😀!"}"#),
            (r#"{"a":"\ud83dx\ude00"}"#, "{\"a\":\"\u{fffd}x\u{fffd}\"}"),
            (r#"{"a":"\ud83d\ud83d\ude00"}"#, "{\"a\":\"\u{fffd}😀\"}"),
        ] {
            assert_eq!(readable(text), expected, "{text}");
        }
    }

    #[test]
    fn characters_that_yaml_reads_otherwise_become_escapes() {
        assert_eq!(readable("{\"\u{2028}\":\"\u{85}\u{7f}\u{ffff}\"}"), r#"{"\u2028":"\u0085\u007f\uffff"}"#);
    }

    #[test]
    fn some_characters_pass_as_json_only() {
        assert!(passes_as_json_only(r#"{"a":"\u007F"}"#) && passes_as_json_only(r#"{"a":"\\\u0085"}"#));
        assert!(!passes_as_json_only(r#"{"a":"\\u007f\u2028\u0000"}"#));
    }
}
