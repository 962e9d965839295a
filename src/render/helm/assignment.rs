//! `name=value` for `--set`, `--set-string` and `--set-file`, so that Helm reads exactly the one value given.
//!
//! Helm's syntax (`pkg/strvals`) ends a name at `=` and `,` and a value at `,`, unless a backslash stands before it: a name
//! or path that holds them would set more than one value, and `--set-file` would read a file of its choice.

use crate::{
    error::{Problem, Result},
    exit::Exit,
};

/// Whether a backslash escapes the next character, one after the other.
fn unescaped(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut escaped = false;
    text.char_indices().filter(move |&(_, c)| {
        let plain = !escaped;
        escaped = plain && c == '\\';
        plain && c != '\\'
    })
}

/// Whether `text` ends in the middle of an escape.
fn is_open(text: &str) -> bool {
    text.chars().rev().take_while(|&c| c == '\\').count() % 2 == 1
}

/// Returns the name of a parameter; `setting` is where it stands.
pub(super) fn name<'n>(name: &'n str, setting: &str) -> Result<&'n str, Problem> {
    let ends_early = unescaped(name).any(|(_, c)| matches!(c, ',' | '=' | '{' | '}') || c.is_control());
    if name.is_empty() || ends_early || is_open(name) {
        return Err(Problem::new(
            Exit::SETTINGS,
            format!("`{}` in `{setting}` is not the name of one value", name.escape_debug()),
        )
        .hint("write a backslash before a `,`, `=`, `{` or `}` that is part of the name"));
    }
    Ok(name)
}

/// Returns a value as Helm reads it. Commas are part of it unless they are escaped already or it is a list in braces
/// (`cleanSetParameters` in Argo CD's `util/helm`).
pub(super) fn value(value: &str) -> String {
    let list = value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    if list.is_some_and(|list| !unescaped(list).any(|(_, c)| matches!(c, '{' | '}')) && !is_open(list)) {
        return value.to_owned();
    }
    let mut escaped = String::with_capacity(value.len());
    let mut rest = 0;
    for (at, _) in unescaped(value).filter(|&(_, c)| c == ',') {
        escaped.push_str(&value[rest..at]);
        escaped.push('\\');
        rest = at;
    }
    escaped + &value[rest..]
}

/// Returns a path or URL as it is, every character of it.
pub(super) fn path(path: &str) -> String {
    path.replace('\\', r"\\").replace(',', r"\,")
}

/// Returns a path for `--values`, which Helm reads as a line of comma-separated fields.
pub(super) fn field(path: &str) -> String {
    if path.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", path.replace('"', "\"\""))
    } else {
        path.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_name_of_one_value() {
        for good in ["image.tag", "list[0].a", r"annotations.a\.b/c", r"a\,b", r"a\=b", r"a\\"] {
            assert_eq!(name(good, "helm.parameters").unwrap(), good);
        }
        for bad in ["", "v=/etc/passwd,w", "a,b", "a=b", r"a\\,b", r"a\", "{a}", "a\nb"] {
            assert!(name(bad, "helm.parameters").is_err(), "{bad:?}");
        }
    }

    #[test]
    fn commas_are_escaped_once_and_not_in_lists() {
        for (text, expected) in [
            ("a,b", r"a\,b"),
            (r"a\,b", r"a\,b"),
            (r"a\\,b=c", r"a\\\,b=c"),
            ("{a,b}", "{a,b}"),
            ("{a,b", r"{a\,b"),
            ("{a},b={c}", r"{a}\,b={c}"),
            (",", r"\,"),
            ("", ""),
        ] {
            assert_eq!(value(text), expected);
        }
    }

    #[test]
    fn a_path_is_escaped_whole() {
        assert_eq!(path(r"/x\\,v=/secret"), r"/x\\\\\,v=/secret");
        assert_eq!(field("/a b.yaml"), "/a b.yaml");
        assert_eq!(field("/x,/sec\"ret"), "\"/x,/sec\"\"ret\"");
    }
}
