//! Numbers as Redis reads and writes them.

use super::error::CommandError;

/// Reads an integer as strictly as Redis: no sign but a minus, no leading zeros, no blanks.
pub(super) fn parse_integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = match digits {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', ..] => true,
        _ => false,
    };
    if !canonical {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Reads an integer argument.
pub(super) fn integer(text: &[u8]) -> Result<i64, CommandError> {
    parse_integer(text).ok_or(CommandError::NOT_AN_INTEGER)
}

/// Reads a score: decimal, with an exponent or not, or an infinity; never NaN.
pub(super) fn parse_float(text: &[u8]) -> Option<f64> {
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let named_infinity = text.iter().any(|byte| byte.eq_ignore_ascii_case(&b'i'));
    let overflowed = number.is_infinite() && !named_infinity;
    (!number.is_nan() && !overflowed).then_some(number)
}

/// Writes a double as Redis 7.2 does for a score or for a number that a script passes to a command: an integer plainly,
/// anything else in the fewest digits that read back as the same double. (7.0 writes 17 digits, of the same value.)
pub(super) fn format_double(number: f64) -> String {
    // Beyond this an i64 might not hold it; the bound is Redis's.
    const PLAIN: f64 = (i64::MAX / 2) as f64;
    if number.abs() <= PLAIN && number.fract() == 0.0 {
        if number == 0.0 && number.is_sign_negative() {
            return "-0".to_owned();
        }
        return (number as i64).to_string();
    }
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let shortest = format!("{number:?}");
    match shortest.split_once('e') {
        Some((mantissa, exponent)) if !exponent.starts_with('-') => {
            format!("{mantissa}e+{exponent}")
        }
        _ => shortest,
    }
}

/// The integer that a script's number is answered as: its whole part, and the lowest integer for what an i64 cannot hold, as
/// on the machines that Redis mostly runs on.
pub(super) fn truncate(number: f64) -> i64 {
    // Both bounds are exact: -2^63, and 2^63.
    if number >= i64::MIN as f64 && number < i64::MAX as f64 { number as i64 } else { i64::MIN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_strictly() {
        for (text, number) in
            [("0", 0), ("-1", -1), ("9223372036854775807", i64::MAX), ("-9223372036854775808", i64::MIN)]
        {
            assert_eq!(parse_integer(text.as_bytes()), Some(number), "{text}");
        }
        for text in ["", "-", "+1", " 1", "1 ", "01", "-0", "1.0", "9223372036854775808", "x"] {
            assert_eq!(parse_integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_are_read_as_scores_are() {
        assert_eq!(parse_float(b"-inf"), Some(f64::NEG_INFINITY));
        assert_eq!(parse_float(b"+1.5e3"), Some(1500.0));
        for text in ["", "nan", "1e999", "1x", " 1"] {
            assert_eq!(parse_float(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn doubles_are_written_in_the_fewest_digits() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (-2.5, "-2.5"),
            (0.1, "0.1"),
            (1_700_000_000_000.0, "1700000000000"),
            (1e17, "100000000000000000"),
            (1e20, "1e+20"),
            (1e-7, "1e-7"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(format_double(number), text);
        }
    }

    #[test]
    fn numbers_lose_their_fraction() {
        for (number, integer) in [
            (2.9, 2),
            (-2.9, -2),
            (-9_223_372_036_854_775_808.0, i64::MIN),
            (9_223_372_036_854_775_808.0, i64::MIN),
            (f64::INFINITY, i64::MIN),
            (f64::NAN, i64::MIN),
        ] {
            assert_eq!(truncate(number), integer, "{number}");
        }
    }
}
