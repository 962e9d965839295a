//! Names with a generated part: a new object for each render that `BeforeHookCreation` never finds again.

/// Longest name of a Job: its pods carry it as a label.
pub(crate) const MAX_JOB_NAME: usize = 63;

/// A name without its generated part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stem {
    /// The stable name.
    pub name: String,
    /// What was taken off, such as `hash` or `timestamp`.
    pub suffix: Suffix,
}

/// A kind of generated suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suffix {
    /// A content hash, or a commit.
    Hash,
    /// Random characters.
    Random,
    /// A release revision.
    Revision,
    /// A date or time.
    Timestamp,
    /// A chart or app version.
    Version,
    /// `generateName`.
    Generated,
}

impl Suffix {
    /// As messages name it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Random => "random",
            Self::Revision => "revision",
            Self::Timestamp => "timestamp",
            Self::Version => "version",
            Self::Generated => "generated",
        }
    }
}

/// The stable part of a Job's name, or `None` when no part of it is known to be generated.
///
/// Several generated parts (`migrate-1-x7k2p`) all go; at least one part stays.
pub(crate) fn stem(name: &str) -> Option<Stem> {
    let mut rest = name;
    let mut suffix = None;
    while let Some((shorter, kind)) = strip(rest) {
        rest = shorter;
        // The last part is what changes most often; the kind of the first one taken off names them all.
        suffix.get_or_insert(kind);
    }
    suffix.map(|suffix| Stem { name: rest.to_owned(), suffix })
}

/// The stable name for a `generateName` prefix: the prefix without its separator.
pub(crate) fn generated(prefix: &str) -> Option<Stem> {
    let name = prefix.trim_end_matches(['-', '.']);
    (!name.is_empty()).then(|| Stem {
        name: stem(name).map_or_else(|| name.to_owned(), |stem| stem.name),
        suffix: Suffix::Generated,
    })
}

/// `stem` with `-suffix`, cut so that the whole fits into `max` characters.
pub(crate) fn with_suffix(stem: &str, suffix: &str, max: usize) -> String {
    let room = max.saturating_sub(suffix.len() + 1);
    let stem = stem.get(..room).unwrap_or(stem).trim_end_matches(['-', '.']);
    format!("{stem}-{suffix}")
}

/// Takes one generated part off the end.
fn strip(name: &str) -> Option<(&str, Suffix)> {
    dated(name).or_else(|| versioned(name)).or_else(|| {
        let (rest, last) = split(name)?;
        let kind = kind(last)?;
        Some((rest, kind))
    })
}

fn split(name: &str) -> Option<(&str, &str)> {
    name.rsplit_once('-').filter(|(rest, last)| !rest.is_empty() && !last.is_empty())
}

fn kind(part: &str) -> Option<Suffix> {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let letters = part.bytes().filter(u8::is_ascii_lowercase).count();
    if digits + letters != part.len() {
        return None;
    }
    let hex = part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    match part.len() {
        _ if letters == 0 => match part.len() {
            1..=5 => Some(Suffix::Revision),
            8 | 10 | 12..=14 => Some(Suffix::Timestamp),
            _ => Some(Suffix::Hash),
        },
        2..=6 if matches!(part.as_bytes().first(), Some(b'r')) && digits == part.len() - 1 => {
            Some(Suffix::Revision)
        }
        14..=16 if is_iso_time(part) => Some(Suffix::Timestamp),
        7..=64 if hex && digits > 0 => Some(Suffix::Hash),
        10 if letters + digits == 10 && part.bytes().all(is_kustomize_hash) => Some(Suffix::Hash),
        8..=64 if digits >= 2 && changes(part) >= 3 => Some(Suffix::Hash),
        5 if is_random(part) => Some(Suffix::Random),
        _ => None,
    }
}

/// Kubernetes' own random suffix has no vowels; other generators show by digits in the middle.
fn is_random(part: &str) -> bool {
    part.bytes().all(is_safe_random) || (part.bytes().any(|b| b.is_ascii_digit()) && changes(part) >= 2)
}

/// The alphabet of `k8s.io/apimachinery/pkg/util/rand`.
fn is_safe_random(byte: u8) -> bool {
    b"bcdfghjklmnpqrstvwxz2456789".contains(&byte)
}

/// The alphabet of kustomize's name hash: `api/hasher/hasher.go`.
fn is_kustomize_hash(byte: u8) -> bool {
    b"bcdfghkmt2456789".contains(&byte)
}

/// How often the part goes from letter to digit or back: words with a number have one change, random text has many.
fn changes(part: &str) -> usize {
    part.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count()
}

/// `20251229t101500z` and the like.
fn is_iso_time(part: &str) -> bool {
    let part = part.trim_end_matches('z');
    part.len() >= 12
        && part.char_indices().all(|(index, c)| if index == 8 { c == 't' } else { c.is_ascii_digit() })
}

/// `-1.2.3`, `-v1.2.3`, `-1-2-3`.
fn versioned(name: &str) -> Option<(&str, Suffix)> {
    if let Some((rest, last)) = split(name)
        && last.contains('.')
    {
        let number = last.strip_prefix('v').unwrap_or(last);
        let numeric = number.split('.').all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        return numeric.then_some((rest, Suffix::Version));
    }
    let mut parts = name.rsplitn(4, '-');
    let (patch, minor, major) = (parts.next()?, parts.next()?, parts.next()?);
    let rest = parts.next()?;
    let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let major_number = major.strip_prefix('v').unwrap_or(major);
    (number(patch) && number(minor) && number(major_number)).then_some((rest, Suffix::Version))
}

/// `-2025-12-29`, `-20251229-1015`, `-2025-12-29-10-15-00`: groups of digits that begin with a year.
fn dated(name: &str) -> Option<(&str, Suffix)> {
    let bytes = name.as_bytes();
    let start = (0..name.len()).filter(|i| bytes[*i] == b'-').find(|i| {
        let tail = &name[i + 1..];
        let year = tail.get(..4).and_then(|year| year.parse::<u32>().ok());
        let digits = tail.bytes().filter(u8::is_ascii_digit).count();
        year.is_some_and(|year| (2000..2100).contains(&year))
            && (8..=17).contains(&digits)
            && tail.contains('-')
            && tail.bytes().all(|b| b.is_ascii_digit() || b == b'-')
    })?;
    (start > 0).then(|| (&name[..start], Suffix::Timestamp))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_stem(name: &str, expected: &str, suffix: Suffix) {
        assert_eq!(stem(name), Some(Stem { name: expected.to_owned(), suffix }), "{name}");
    }

    #[test]
    fn generated_parts_are_recognised() {
        for (name, suffix) in [
            ("catalog-migration-3f9c2ab", Suffix::Hash),
            ("catalog-migration-3f9c2ab81d", Suffix::Hash),
            ("catalog-migration-0123456789abcdef0123456789abcdef01234567", Suffix::Hash),
            ("catalog-migration-h6gk8tfd5m", Suffix::Hash),
            ("catalog-migration-x7k2p", Suffix::Random),
            ("catalog-migration-bcdfg", Suffix::Random),
            ("catalog-migration-1", Suffix::Revision),
            ("catalog-migration-r12", Suffix::Revision),
            ("catalog-migration-20251229101500", Suffix::Timestamp),
            ("catalog-migration-1767003300", Suffix::Timestamp),
            ("catalog-migration-202512291015", Suffix::Timestamp),
            ("catalog-migration-20251229t101500z", Suffix::Timestamp),
            ("catalog-migration-2025-12-29", Suffix::Timestamp),
            ("catalog-migration-20251229-1015", Suffix::Timestamp),
            ("catalog-migration-2025-12-29-10-15-00", Suffix::Timestamp),
            ("catalog-migration-1.2.3", Suffix::Version),
            ("catalog-migration-v1.2.3", Suffix::Version),
            ("catalog-migration-1-2-3", Suffix::Version),
        ] {
            assert_stem(name, "catalog-migration", suffix);
        }
    }

    #[test]
    fn words_are_kept() {
        for name in [
            "catalog-migration",
            "migrate",
            "catalog-migrate-users",
            "catalog-migrate-step1",
            "catalog-migrate-v2",
            "catalog-migrate-postgres15",
            "catalog-migrate-facade",
            "catalog-db-init",
            "3f9c2ab",
            "catalog-migrate-phase2",
        ] {
            assert_eq!(stem(name), None, "{name}");
        }
    }

    #[test]
    fn all_generated_parts_go_and_nothing_more() {
        assert_stem("catalog-migrate-1-x7k2p", "catalog-migrate", Suffix::Random);
        assert_stem("api-v2-migrate-20251229101500", "api-v2-migrate", Suffix::Timestamp);
        let stable = stem("catalog-migrate-1-x7k2p").unwrap().name;
        assert_eq!(stem(&stable), None, "a stem has no stem");
    }

    #[test]
    fn a_prefix_loses_its_separator() {
        assert_eq!(generated("catalog-migrate-").unwrap().name, "catalog-migrate");
        assert_eq!(generated("catalog-migrate-3f9c2ab-").unwrap().name, "catalog-migrate");
        assert_eq!(generated("-"), None);
    }

    #[test]
    fn a_suffix_fits_into_the_limit() {
        assert_eq!(with_suffix("catalog", "0123456789", MAX_JOB_NAME), "catalog-0123456789");
        let long = with_suffix(&"a".repeat(80), "0123456789", MAX_JOB_NAME);
        assert_eq!((long.len(), long.ends_with("a-0123456789")), (63, true));
        let cut = with_suffix(&format!("{}-{}", "a".repeat(51), "b".repeat(20)), "0123456789", 63);
        assert_eq!(cut, format!("{}-0123456789", "a".repeat(51)));
    }
}
