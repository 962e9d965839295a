//! The globs of Argo CD's directory source, which it compiles with `gobwas/glob` without separators.
//!
//! `*` matches any text, `/` included, and `**` is the same. In brackets stands either one range or a list of characters;
//! `^` is an ordinary one, only `!` negates. Alternatives in braces are not tried again once one has matched:
//! `{env-*,dev}/*.yaml` takes nothing from `env-1`. Such a pattern is refused here, since it cannot mean what it says.

use std::iter::Peekable;
use std::str::Chars;

use globset::{GlobBuilder, GlobMatcher};

/// Why a pattern is refused.
#[derive(Debug)]
pub(super) struct Invalid {
    pub(super) why: String,
    pub(super) hint: &'static str,
}

const SYNTAX: &str =
    "`*` matches any text, `?` one character, `[ab]` and `[a-z]` one of several, `{a,b}` alternatives";

/// Returns the matcher of a pattern.
pub(super) fn compile(pattern: &str) -> Result<GlobMatcher, Invalid> {
    if is_not_found(pattern) {
        return Err(Invalid {
            why:
                "Argo CD's matcher does not find what these braces and the rest of the pattern match together"
                    .to_owned(),
            hint: "write the alternatives out as whole patterns: `{env-*/*.yaml,dev/*.yaml}` for `{env-*,dev}/*.yaml`",
        });
    }
    let invalid = |why: String| Invalid { why, hint: SYNTAX };
    let translated = translate(pattern).map_err(|why| invalid(why.to_owned()))?;
    GlobBuilder::new(&translated)
        .literal_separator(false)
        .backslash_escape(true)
        .empty_alternates(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| invalid(error.kind().to_string()))
}

/// Whether Argo CD's matcher goes wrong: at braces that hold a `*` or an empty alternative, unless the rest of the
/// pattern is plain; a `*` must not be followed by anything.
fn is_not_found(pattern: &str) -> bool {
    let (mut depth, mut escaped, mut class) = (0_usize, false, false);
    let (mut star, mut empty, mut specials, mut before) = (false, false, 0_usize, ' ');
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            _ if escaped => {}
            ']' => class = false,
            _ if class => {}
            '[' => {
                class = true;
                specials += usize::from(depth == 0);
            }
            '{' => {
                specials += usize::from(depth == 0);
                depth += 1;
            }
            ',' | '}' if depth > 0 => {
                empty |= matches!(before, '{' | ',');
                depth -= usize::from(c == '}');
                if depth == 0 && star && chars.peek().is_some() {
                    return true;
                }
            }
            '*' if depth > 0 => star = true,
            '?' => specials += usize::from(depth == 0),
            '*' => specials += usize::from(before != '*'),
            _ => {}
        }
        escaped = !escaped && c == '\\';
        before = c;
    }
    (star || empty) && specials > 1
}

/// Returns the pattern as globset reads it.
fn translate(pattern: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                out.push('\\');
                out.extend(chars.next());
            }
            // globset gives `**` a meaning of its own.
            '*' => {
                while chars.next_if_eq(&'*').is_some() {}
                out.push('*');
            }
            '[' => out += &class(&mut chars)?,
            // Behind no `{`, it is an ordinary character to gobwas and an error to globset.
            c => out.push(c),
        }
    }
    Ok(out)
}

/// Returns what stands behind `[`, up to its `]`.
fn class(chars: &mut Peekable<Chars<'_>>) -> Result<String, &'static str> {
    let negated = chars.next_if_eq(&'!').is_some();
    let mut members = Vec::new();
    loop {
        match chars.next().ok_or("a `[` that is not closed")? {
            ']' => break,
            '\\' => members.push(chars.next().ok_or("a `[` that is not closed")?),
            c => members.push(c),
        }
    }
    match members.as_slice() {
        [] => Err("brackets with nothing inside"),
        [low, '-', high] if low <= high => Ok(range(*low, *high, negated)),
        [_, '-', _] => Err("a range whose end is before its beginning"),
        [_, '-', ..] => Err("brackets hold one range or a list of characters, not both"),
        _ => Ok(list(&members, negated)),
    }
}

fn range(low: char, high: char, negated: bool) -> String {
    match low {
        // A `^` at the beginning would negate: it goes to the end.
        '^' if !negated && high == '^' => "^".to_owned(),
        '^' if !negated => format!("[_-{high}^]"),
        _ => format!("[{}{low}-{high}]", if negated { "!" } else { "" }),
    }
}

fn list(members: &[char], negated: bool) -> String {
    let has = |c: char| members.contains(&c);
    let plain: String = members.iter().filter(|c| !['^', '-', ']', '!'].contains(c)).collect();
    let mut class = String::from(if negated { "[!" } else { "[" });
    // Each where it has no meaning of its own: `]` first, `-` last, `^` and `!` never first.
    class.extend(has(']').then_some(']'));
    class += &plain;
    let lonely = class.len() == 1;
    class.extend((has('-') && lonely).then_some('-'));
    match (lonely && !has('-'), has('^'), has('!')) {
        (true, true, false) => return "^".to_owned(),
        (true, false, true) => return "!".to_owned(),
        (true, true, true) => return "{^,!}".to_owned(),
        (_, caret, bang) => {
            class.extend(caret.then_some('^'));
            class.extend(bang.then_some('!'));
        }
    }
    class.extend((has('-') && !lonely).then_some('-'));
    class.push(']');
    class
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expectations are what `gobwas/glob` v0.2.3 answered for the same patterns and names.
    #[test]
    fn globs_match_as_argo_cds_do() {
        let names = [
            "a.yaml",
            "b.yaml",
            "c.yaml",
            "xa.yaml",
            "dir/a.yaml",
            "dir/sub/a.yaml",
            "dir/x.json",
            "x.json",
            "a/b.yaml",
            "axb.yaml",
            "a*.yaml",
            "bc.yaml",
            "bd.yaml",
            "1.yaml",
            "a,b.yaml",
            "{a}.yaml",
            "^.yaml",
            "-.yaml",
        ];
        let yaml: Vec<_> = names.iter().filter(|name| !name.contains(".json")).copied().collect();
        let cases: [(&str, &[&str]); 24] = [
            ("*.yaml", &yaml),
            ("***.yaml", &yaml),
            ("**", &names),
            ("**/*.yaml", &["dir/a.yaml", "dir/sub/a.yaml", "a/b.yaml"]),
            ("*/*.yaml", &["dir/a.yaml", "dir/sub/a.yaml", "a/b.yaml"]),
            ("dir/**", &["dir/a.yaml", "dir/sub/a.yaml", "dir/x.json"]),
            ("dir/*", &["dir/a.yaml", "dir/sub/a.yaml", "dir/x.json"]),
            ("{a,b}.yaml", &["a.yaml", "b.yaml"]),
            ("{a.yaml,dir/*}", &["a.yaml", "dir/a.yaml", "dir/sub/a.yaml", "dir/x.json"]),
            ("{,x}a.yaml", &["a.yaml", "xa.yaml"]),
            ("{a,b{c,d}}.yaml", &["a.yaml", "bc.yaml", "bd.yaml"]),
            ("a?b.yaml", &["a/b.yaml", "axb.yaml", "a,b.yaml"]),
            ("[ab].yaml", &["a.yaml", "b.yaml"]),
            ("[!a].yaml", &["b.yaml", "c.yaml", "1.yaml", "^.yaml", "-.yaml"]),
            ("[a-c].yaml", &["a.yaml", "b.yaml", "c.yaml"]),
            ("[^a].yaml", &["a.yaml", "^.yaml"]),
            ("[^].yaml", &["^.yaml"]),
            ("[^-b].yaml", &["a.yaml", "b.yaml", "^.yaml"]),
            ("[ab-].yaml", &["a.yaml", "b.yaml", "-.yaml"]),
            ("[!^a].yaml", &["b.yaml", "c.yaml", "1.yaml", "-.yaml"]),
            ("a\\*.yaml", &["a*.yaml"]),
            ("a[*]*", &["a*.yaml"]),
            ("\\{a\\}.yaml", &["{a}.yaml"]),
            ("{a\\,b,c}.yaml", &["c.yaml", "a,b.yaml"]),
        ];
        for (pattern, expected) in cases {
            let glob = compile(pattern).unwrap_or_else(|invalid| panic!("{pattern}: {}", invalid.why));
            let matched: Vec<_> = names.iter().filter(|name| glob.is_match(name)).copied().collect();
            assert_eq!(matched, expected, "{pattern}");
        }
    }

    #[test]
    fn what_argo_cd_does_not_find_is_refused() {
        for pattern in
            ["{env-*,dev}/*.yaml", "{*/a,b}.yaml", "{*/,}a.yaml", "{a,{b*,c}}d", "?{a*,b}", "*{,x}dev"]
        {
            assert!(compile(pattern).unwrap_err().hint.contains("whole patterns"), "{pattern}");
        }
        for pattern in ["[", "[]", "[a-cx]", "[c-a]", "{a"] {
            assert_eq!(compile(pattern).unwrap_err().hint, SYNTAX, "{pattern}");
        }
        for pattern in [
            "{env-*/*.yaml,dev/*.yaml}",
            "*.{yaml,yml}",
            "[{*}]x",
            "\\{*\\}x",
            "{*.yaml,*.yml}",
            "env/{a*,b}",
        ] {
            assert!(compile(pattern).is_ok(), "{pattern}");
        }
    }
}
