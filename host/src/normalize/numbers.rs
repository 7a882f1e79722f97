//! Numbers in text, read and written as Python does: dlt's coercions are Python's.

use std::borrow::Cow;

use super::digits;

/// The largest number of a DECIMAL with 38 digits, plus one.
const DECIMAL_LIMIT: i128 = 100_000_000_000_000_000_000_000_000_000_000_000_000;

/// Writes a float as Python's `str` does: `100.0`, `1e+16`, `1e-05`.
pub(crate) fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    // Rust's shortest digits are Python's; only the place of the point differs.
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        format!("{value:?}")
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
    }
}

/// Reads an integer as Python's `int()` does, or after `0x` to the base 16; none when it is none or beyond 128 bits.
pub(crate) fn parse_int(text: &str) -> Option<i128> {
    let text = text.trim_matches(digits::is_space);
    match text.strip_prefix("0x") {
        Some(hex) => parse_radix(hex, 16),
        None => parse_radix(text, 10),
    }
}

fn parse_radix(text: &str, radix: u32) -> Option<i128> {
    let text = plain_digits(text)?;
    i128::from_str_radix(&text, radix).ok()
}

/// Reads a float as Python's `float()` does, or an integer after `0x`.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let text = text.trim_matches(digits::is_space);
    if let Some(hex) = text.strip_prefix("0x") {
        return parse_radix(hex, 16).map(wide_to_float);
    }
    plain_digits(text)?.parse().ok()
}

/// Turns digits of other scripts into ASCII and takes out the `_` that Python allows between two digits.
fn plain_digits(text: &str) -> Option<Cow<'_, str>> {
    if text.bytes().all(|b| b.is_ascii() && b != b'_') {
        return Some(Cow::Borrowed(text));
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut after_digit = false;
    while let Some(c) = chars.next() {
        let digit = digits::value(c).and_then(|value| char::from_digit(value, 10));
        if c == '_' {
            let before_digit = chars.peek().is_some_and(char::is_ascii_hexdigit);
            (after_digit && before_digit).then_some(())?;
        }
        after_digit = digit.is_some() || c.is_ascii_hexdigit();
        if c != '_' {
            plain.push(digit.unwrap_or(c));
        }
    }
    Some(Cow::Owned(plain))
}

/// Reads a decimal number as a whole number of units of `10^-scale`, rounded half away from zero; none beyond 38 digits.
pub(crate) fn parse_decimal(text: &str, scale: u32) -> Option<i128> {
    let (units, exact) = decimal_units(text, scale)?;
    let _ = exact;
    Some(units)
}

/// Reads a decimal number that has to be whole.
pub(crate) fn parse_whole(text: &str) -> Option<i128> {
    decimal_units(text, 0).and_then(|(units, exact)| exact.then_some(units))
}

/// The number of units of `10^-scale` in a decimal number, and whether nothing was rounded.
fn decimal_units(text: &str, scale: u32) -> Option<(i128, bool)> {
    let text = text.trim_matches(digits::is_space);
    if let Some(hex) = text.strip_prefix("0x") {
        let units = parse_radix(hex, 16)?.checked_mul(10_i128.checked_pow(scale)?)?;
        return within_limit(units).map(|units| (units, true));
    }
    let text = plain_digits(text)?;
    let (negative, text) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text.as_ref()),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    // How many of the digits stand before the point once the number is counted in units.
    let kept = i64::try_from(whole.len()).ok()?.checked_add(exponent)?.checked_add(i64::from(scale))?;
    let mut units: i128 = 0;
    let (mut exact, mut round_up) = (true, false);
    for (position, byte) in (0_i64..).zip(whole.bytes().chain(fraction.bytes())) {
        let digit = i128::from(byte - b'0');
        if position < kept {
            units = within_limit(units.checked_mul(10)?.checked_add(digit)?)?;
        } else {
            exact &= digit == 0;
            round_up |= position == kept && digit >= 5;
        }
    }
    let written = i64::try_from(whole.len() + fraction.len()).ok()?;
    if units != 0 && kept > written {
        let zeros = u32::try_from(kept - written).ok()?;
        units = within_limit(units.checked_mul(10_i128.checked_pow(zeros)?)?)?;
    }
    let units = within_limit(units + i128::from(round_up))?;
    Some((if negative { -units } else { units }, exact))
}

/// The value of an integer as a float, rounded to the nearest.
#[expect(clippy::cast_precision_loss, reason = "a float takes what it can of an integer, as in Python")]
pub(crate) fn wide_to_float(value: i128) -> f64 {
    value as f64
}

/// The integer of a float without fraction that fits 64 bits.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
pub(crate) fn float_to_int(value: f64) -> Option<i64> {
    // 2^63 as a float is the first number that does not fit.
    let limit = 9_223_372_036_854_775_808.0;
    (value.fract() == 0.0 && (-limit..limit).contains(&value)).then_some(value as i64)
}

/// A number of a DECIMAL with 38 digits.
pub(crate) fn within_limit(value: i128) -> Option<i128> {
    (-DECIMAL_LIMIT < value && value < DECIMAL_LIMIT).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (value, expected) in [
            (1.0, "1.0"),
            (100.0, "100.0"),
            (1.5, "1.5"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e22, "1e+22"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (-0.0, "-0.0"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (0.1, "0.1"),
            (-2.5e20, "-2.5e+20"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(float_text(value), expected);
        }
    }

    #[test]
    fn integers_are_read_as_python_reads_them() {
        for (text, expected) in [
            ("2", Some(2)),
            (" +2\n", Some(2)),
            ("-7", Some(-7)),
            ("1_000", Some(1000)),
            ("1__0", None),
            ("_1", None),
            ("0x10", Some(16)),
            ("0xff", Some(255)),
            ("٣٤", Some(34)),
            ("4.0", None),
            ("", None),
            ("n/a", None),
            ("1e3", None),
            ("- 1", None),
        ] {
            assert_eq!(parse_int(text), expected, "{text:?}");
        }
    }

    #[test]
    fn floats_are_read_as_python_reads_them() {
        for (text, expected) in [
            ("3.5", Some(3.5)),
            (" .5 ", Some(0.5)),
            ("5.", Some(5.0)),
            ("1_0.5", Some(10.5)),
            ("0x10", Some(16.0)),
            ("inf", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("1e5", Some(1e5)),
            ("1e999", Some(f64::INFINITY)),
            ("abc", None),
            ("", None),
        ] {
            assert_eq!(parse_float(text), expected, "{text:?}");
        }
    }

    #[test]
    fn decimals_are_counted_in_units() {
        for (text, scale, expected) in [
            ("1.5", 9, Some(1_500_000_000)),
            ("-0.0000000015", 9, Some(-2)),
            ("1e3", 9, Some(1_000_000_000_000)),
            ("1.5e-1", 9, Some(150_000_000)),
            ("1e29", 9, None),
            ("1e400000000000", 9, None),
            ("0e99", 9, Some(0)),
            ("12", 0, Some(12)),
            ("99999999999999999999999999999999999999", 0, Some(DECIMAL_LIMIT - 1)),
            ("100000000000000000000000000000000000000", 0, None),
            (".", 0, None),
            ("1..2", 0, None),
            ("NaN", 0, None),
        ] {
            assert_eq!(parse_decimal(text, scale), expected, "{text:?}");
        }
        for (text, expected) in [("1.0", Some(1)), ("1.5", None), ("2e2", Some(200)), ("0x10", Some(16))] {
            assert_eq!(parse_whole(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn floats_survive_their_text(value in any::<f64>()) {
            prop_assume!(value.is_finite());
            prop_assert_eq!(parse_float(&float_text(value)).map(f64::to_bits), Some(value.to_bits()));
        }

        #[test]
        fn integers_survive_their_text(value in any::<i64>()) {
            prop_assert_eq!(parse_int(&value.to_string()), Some(i128::from(value)));
            prop_assert_eq!(parse_whole(&value.to_string()), Some(i128::from(value)));
        }

        #[test]
        fn no_text_panics(text in "[0-9+-_.eEx ]{0,60}", scale in 0_u32..10) {
            let _ = (parse_int(&text), parse_float(&text), parse_decimal(&text, scale), parse_whole(&text));
        }
    }
}
