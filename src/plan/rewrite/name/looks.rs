//! Parts of a name that look generated, of which nothing says for certain that they are.

use std::ops::Range;

use super::tokens::Token;

/// Returns the last part of a name that looks generated, and what it looks like. The first part of a name never does.
pub(super) fn generated(tokens: &[Token<'_>]) -> Option<(Range<usize>, &'static str)> {
    (1..tokens.len()).rev().find_map(|index| {
        let end = index + 1;
        if let Some(start) = date(&tokens[..end]) {
            return Some((start..end, "a date"));
        }
        if let Some(start) = version(&tokens[..end]) {
            return Some((start..end, "a version"));
        }
        let noun = single(tokens[index].text, end == tokens.len())?;
        Some((index..end, noun))
    })
}

fn single(part: &str, last: bool) -> Option<&'static str> {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let letters = part.bytes().filter(u8::is_ascii_lowercase).count();
    if digits + letters != part.len() {
        return None;
    }
    let hex = part.bytes().all(|byte| byte.is_ascii_hexdigit());
    match part.len() {
        // One and two digits count steps, or say Helm's revision, which `helm template` leaves at 1.
        0..=2 => None,
        8 | 10 | 12 | 13 | 14 if letters == 0 => Some("a time"),
        _ if letters == 0 => Some("a build number"),
        _ if is_iso_time(part) => Some("a time"),
        7..=64 if hex && digits > 0 => Some("a hash"),
        10 if part.bytes().all(is_kustomize_hash) => Some("a hash"),
        8..=64 if digits >= 2 && changes(part) >= 3 => Some("a hash"),
        5 if last && is_random(part) => Some("random"),
        _ => None,
    }
}

/// Whether the part looks random: Kubernetes' own suffix has no vowels, and other generators have digits in the middle.
fn is_random(part: &str) -> bool {
    part.bytes().all(is_safe_random) || changes(part) >= 2
}

/// Whether all characters are in the alphabet of `k8s.io/apimachinery/pkg/util/rand`.
fn is_safe_random(byte: u8) -> bool {
    b"bcdfghjklmnpqrstvwxz2456789".contains(&byte)
}

/// Whether all characters are in the alphabet of kustomize's name hash (`api/hasher/hasher.go`).
fn is_kustomize_hash(byte: u8) -> bool {
    b"bcdfghkmt2456789".contains(&byte)
}

/// Returns how often the part goes from letter to digit or back: words with a number have one change, random text has
/// many.
pub(super) fn changes(part: &str) -> usize {
    part.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count()
}

/// Whether it is a time such as `20251229t101500z`.
fn is_iso_time(part: &str) -> bool {
    let part = part.trim_end_matches('z');
    part.len() >= 12
        && part.char_indices().all(|(index, c)| if index == 8 { c == 't' } else { c.is_ascii_digit() })
}

/// Returns where `1.2.3` or `v1-2-3` begins, if the tokens end so.
fn version(tokens: &[Token<'_>]) -> Option<usize> {
    let start = tokens.len().checked_sub(3).filter(|start| *start > 0)?;
    let number = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let [major, minor, patch] = &tokens[start..] else { return None };
    let major = major.text.strip_prefix('v').unwrap_or(major.text);
    (number(major) && number(minor.text) && number(patch.text)).then_some(start)
}

/// Returns where `2025-12-29`, `20251229-1015` or `2025-12-29-10-15-00` begins, if the tokens end so.
fn date(tokens: &[Token<'_>]) -> Option<usize> {
    (1..tokens.len().saturating_sub(1)).find(|start| {
        let parts = &tokens[*start..];
        let year = parts[0].text.get(..4).and_then(|year| year.parse::<u32>().ok());
        let digits: usize = parts.iter().map(|part| part.text.len()).sum();
        year.is_some_and(|year| (2000..2100).contains(&year))
            && (8..=17).contains(&digits)
            && parts.iter().all(|part| part.text.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    fn found(name: &str) -> Option<(&str, &'static str)> {
        let tokens = tokens(name);
        let (range, noun) = generated(&tokens)?;
        Some((&name[tokens[range.start].start..tokens[range.end - 1].end()], noun))
    }

    #[test]
    fn generated_parts_are_recognised() {
        for (part, noun) in [
            ("3f9c2ab", "a hash"),
            ("3f9c2ab81d", "a hash"),
            ("0123456789abcdef0123456789abcdef01234567", "a hash"),
            ("h6gk8tfd5m", "a hash"),
            ("x7k2p", "random"),
            ("rs7qk", "random"),
            ("bcdfg", "random"),
            ("115", "a build number"),
            ("20251229101500", "a time"),
            ("1767003300", "a time"),
            ("20251229t101500z", "a time"),
            ("2025-12-29", "a date"),
            ("20251229-1015", "a date"),
            ("2025-12-29-10-15-00", "a date"),
            ("1.2.3", "a version"),
            ("v1.2.3", "a version"),
            ("1-2-3", "a version"),
        ] {
            assert_eq!(found(&format!("catalog-migration-{part}")), Some((part, noun)));
            if noun != "random" {
                assert_eq!(found(&format!("catalog-{part}-migration")), Some((part, noun)));
            }
        }
    }

    #[test]
    fn words_and_small_numbers_do_not_look_generated() {
        for name in [
            "catalog-migration",
            "migrate",
            "catalog-migrate-users",
            "catalog-migrate-step1",
            "catalog-migrate-v2",
            "catalog-migrate-2",
            "catalog-migrate-postgres15",
            "catalog-migrate-facade",
            "catalog-db-init",
            "3f9c2ab",
            "catalog-migrate-phase2",
            "",
        ] {
            assert_eq!(found(name), None, "{name}");
        }
    }
}
