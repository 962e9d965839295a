//! What a plain scalar means to go-yaml v2 (`resolve.go`), which reads manifests for Argo CD.
//!
//! It is YAML 1.1 with differences of its own: `y` is a boolean, `0o12` an octal number, `12:30` a string.

use serde_json::{Number, Value};

/// The meaning of a scalar without a tag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX`.
    Uint(u64),
    Float(f64),
    String,
}

/// Returns what `text`, written without quotes, means.
pub(super) fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => number(text),
    }
}

fn number(text: &str) -> Scalar {
    match text.as_bytes().first() {
        Some(b'.') => float(text),
        Some(b'0'..=b'9' | b'+' | b'-') => {
            let digits = text.replace('_', "");
            integer(&digits).unwrap_or_else(|| float(&digits))
        }
        _ => Scalar::String,
    }
}

/// Go's `strconv.ParseInt` and then `ParseUint`, both with base 0; a leading zero alone means octal.
fn integer(text: &str) -> Option<Scalar> {
    let (sign, magnitude) = match text.as_bytes().first()? {
        sign @ (b'+' | b'-') => (Some(*sign), &text[1..]),
        _ => (None, text),
    };
    let lower = magnitude.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    // Rust's parser would take a second sign.
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    let unsigned = u64::from_str_radix(digits, radix).ok()?;
    match sign {
        Some(b'-') => 0i64.checked_sub_unsigned(unsigned).map(Scalar::Int),
        Some(_) => i64::try_from(unsigned).ok().map(Scalar::Int),
        None => Some(i64::try_from(unsigned).map_or(Scalar::Uint(unsigned), Scalar::Int)),
    }
}

/// Returns `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`; a number too large for a float stays a string.
fn float(text: &str) -> Scalar {
    if !is_float(text.as_bytes()) {
        return Scalar::String;
    }
    match text.parse::<f64>() {
        Ok(float) if float.is_finite() => Scalar::Float(float),
        _ => Scalar::String,
    }
}

fn is_float(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    let (whole, rest) = split_digits(unsigned);
    let (fraction, rest) = match rest.strip_prefix(b".") {
        Some(rest) => split_digits(rest),
        None => (&[][..], rest),
    };
    let exponent_is_sound = match rest.split_first() {
        None => true,
        Some((b'e' | b'E', exponent)) => {
            let digits =
                exponent.strip_prefix(b"-").or_else(|| exponent.strip_prefix(b"+")).unwrap_or(exponent);
            !digits.is_empty() && split_digits(digits).1.is_empty()
        }
        Some(_) => false,
    };
    (!whole.is_empty() || !fraction.is_empty()) && exponent_is_sound
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

/// Returns a float as Argo CD ends up with it: printed as JSON and read as YAML once more, so that `1.0` is the integer
/// 1. `None` for infinities and "not a number", which JSON does not have.
pub(super) fn float_value(float: f64) -> Option<Value> {
    // Go prints floats from here on with an exponent.
    if float.fract() == 0.0 && float.abs() < 1e21 {
        // The shortest digits that tell the float, filled up with zeros: often another integer than the float is.
        if let Ok(int) = format!("{float}").parse::<i64>() {
            return Some(Value::from(int));
        }
    }
    Number::from_f64(float).map(Value::Number)
}

/// Returns a float as a mapping key: Go's `strconv.FormatFloat(float, 'g', -1, 32)`.
pub(super) fn float_key(float: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "as Argo CD's reader does")]
    let single = float as f32;
    if single.is_nan() {
        return ".nan".to_owned();
    }
    if single.is_infinite() {
        return if single > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{single:e}");
    let exponent =
        scientific.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok()).unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{single}");
    }
    let mantissa = scientific.split('e').next().unwrap_or_default();
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_1_1_words_are_booleans_and_null() {
        for text in ["y", "Yes", "on", "TRUE"] {
            assert_eq!(resolve(text), Scalar::Bool(true), "{text}");
        }
        for text in ["n", "No", "OFF", "False"] {
            assert_eq!(resolve(text), Scalar::Bool(false), "{text}");
        }
        for text in ["", "~", "null", "Null"] {
            assert_eq!(resolve(text), Scalar::Null, "{text}");
        }
        for text in ["yEs", "nULL", "oN", "tRUE", "<<", "="] {
            assert_eq!(resolve(text), Scalar::String, "{text}");
        }
    }

    #[test]
    fn integers_as_go_reads_them() {
        let cases = [
            ("0", 0),
            ("-0", 0),
            ("0777", 511),
            ("012", 10),
            ("0o12", 10),
            ("0O12", 10),
            ("0x1F", 31),
            ("-0x1F", -31),
            ("0b11", 3),
            ("-0b11", -3),
            ("1_000", 1000),
            ("1_", 1),
            ("+12", 12),
            ("0_7", 7),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ];
        for (text, expected) in cases {
            assert_eq!(resolve(text), Scalar::Int(expected), "{text}");
        }
        assert_eq!(resolve("9223372036854775808"), Scalar::Uint(1 << 63));
    }

    #[test]
    fn floats_as_go_reads_them() {
        for (text, expected) in
            [("09", 9.0), ("1e3", 1000.0), ("1.5", 1.5), (".5", 0.5), ("-1.", -1.0), ("+.5e-1", 0.05)]
        {
            assert_eq!(resolve(text), Scalar::Float(expected), "{text}");
        }
    }

    #[test]
    fn the_rest_are_strings() {
        for text in [
            "12:30:45",
            "2020-01-01",
            "1.2.3",
            "+",
            "-",
            "--1",
            "+-1",
            "0x",
            "0xg",
            "1e",
            "1e+",
            "0b2",
            "_1",
            ".",
            "1e999",
            "0x1p-2",
            "-+1",
            "1k",
            ".1_0",
        ] {
            assert_eq!(resolve(text), Scalar::String, "{text}");
        }
    }

    #[test]
    fn whole_floats_become_integers() {
        assert_eq!(float_value(1000.0), Some(Value::from(1000)));
        assert_eq!(float_value(-0.0), Some(Value::from(0)));
        assert_eq!(float_value(1e21), Some(Value::from(1e21)));
        assert_eq!(
            float_value(1_152_921_504_606_846_976.0),
            Some(Value::from(1_152_921_504_606_847_000_i64))
        );
        assert_eq!(
            float_value(-9_223_372_036_854_775_808.0),
            Some(Value::from(-9_223_372_036_854_775_808.0))
        );
        assert_eq!(float_value(f64::NAN), None);
    }

    #[test]
    fn float_keys_as_go_prints_them() {
        for (float, expected) in
            [(1.0, "1"), (1.5, "1.5"), (0.1, "0.1"), (1e6, "1e+06"), (1e-7, "1e-07"), (0.0001, "0.0001")]
        {
            assert_eq!(float_key(float), expected);
        }
    }
}
