//! Durations as people write them: `300`, `300s`, `5m`, `1h30m`.

use std::{fmt::Write as _, time::Duration};

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// The longest duration, that of Kubernetes' 32-bit seconds: about 68 years.
const LONGEST: u64 = i32::MAX as u64;

/// Reads whole seconds, or parts with the units d, h, m, s from the largest to the smallest, each at most once.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return seconds(rest.parse().ok()?);
    }
    let mut total = 0_u64;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: u64 = rest[..end].parse().ok()?;
        let unit = rest[end..].chars().next()?;
        let (_, seconds) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(count.checked_mul(*seconds)?)?;
        rest = &rest[end + unit.len_utf8()..];
    }
    seconds(total)
}

fn seconds(count: u64) -> Option<Duration> {
    (count <= LONGEST).then(|| Duration::from_secs(count))
}

/// Returns the shortest way to write it: `5m`, `1h30m`, `0s`.
pub fn show(duration: Duration) -> String {
    let mut text = String::new();
    let mut rest = duration.as_secs();
    for (unit, seconds) in UNITS {
        if rest >= seconds {
            // Writing to a string cannot fail.
            let _ = write!(text, "{}{unit}", rest / seconds);
            rest %= seconds;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, seconds) in [
            ("0", Some(0)),
            ("300", Some(300)),
            ("300s", Some(300)),
            (" 5m ", Some(300)),
            ("1h", Some(3_600)),
            ("1h30m", Some(5_400)),
            ("1d2h3m4s", Some(93_784)),
            ("2147483647", Some(2_147_483_647)),
            ("2147483648", None),
            ("99999999999999999999", None),
            ("99999999999999999d", None),
            ("", None),
            ("m", None),
            ("5", Some(5)),
            ("5 m", None),
            ("5M", None),
            ("5ms", None),
            ("1.5h", None),
            ("-5", None),
            ("+5", None),
            ("30m1h", None),
            ("1m1m", None),
            ("1h30", None),
            ("5µ", None),
            ("keep", None),
        ] {
            assert_eq!(parse(text), seconds.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn shows_what_it_reads() {
        for (seconds, text) in [(0, "0s"), (59, "59s"), (300, "5m"), (5_400, "1h30m"), (86_401, "1d1s")] {
            let duration = Duration::from_secs(seconds);
            assert_eq!(show(duration), text);
            assert_eq!(parse(text), Some(duration));
        }
    }
}
