//! Fits values into columns that have another type, by dlt's rules. What does not fit goes to a variant column.

use std::borrow::Cow;

use base64::{
    Engine, alphabet,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};

use super::{
    infer::Scalar,
    json_text,
    numbers::{float_text, float_to_int, parse_decimal, parse_float, parse_int, parse_whole, within_limit},
    parse,
    schema::DataType,
    tape::{Document, Node, Tape},
    timestamp::{self, Moment},
};

/// Digits of a decimal column after the point.
const DECIMAL_SCALE: u32 = 9;

/// Python's base 64: it asks for the padding but does not look at the bits left over.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// A value as its column stores it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Bool(bool),
    /// A bigint, or the microseconds of a time of day.
    Int(i64),
    Float(f64),
    /// Microseconds since 1970, and whether the text was finer than that.
    Instant {
        micros: i64,
        truncated: bool,
    },
    /// Days since 1970.
    Day(i32),
    /// Units of a decimal or wei.
    Wide(i128),
    /// A text or a JSON document.
    Text(Cow<'a, str>),
    Bytes(Vec<u8>),
}

/// Fits a value into a column of type `to`; none when it does not fit.
pub(crate) fn coerce(to: DataType, value: Scalar<'_>) -> Option<Cell<'_>> {
    match to {
        DataType::Text => Some(Cell::Text(to_text(value))),
        DataType::Bigint => to_bigint(value).map(Cell::Int),
        DataType::Double => to_double(value).map(Cell::Float),
        DataType::Bool => to_bool(value).map(Cell::Bool),
        DataType::Timestamp => to_instant(value),
        DataType::Date => to_day(value).map(Cell::Day),
        DataType::Time => to_time_of_day(value).map(Cell::Int),
        DataType::Binary => to_bytes(value).map(Cell::Bytes),
        DataType::Json => to_json(value),
        DataType::Decimal => to_decimal(value).map(Cell::Wide),
        DataType::Wei => to_wei(value).map(Cell::Wide),
    }
}

/// The text of a value, as Python writes it.
pub(crate) fn to_text(value: Scalar<'_>) -> Cow<'_, str> {
    match value {
        Scalar::Text(text) | Scalar::Json(text) | Scalar::BigInt(text) | Scalar::HugeFloat(text) => Cow::Borrowed(text),
        Scalar::Bool(true) => Cow::Borrowed("True"),
        Scalar::Bool(false) => Cow::Borrowed("False"),
        Scalar::Int(value) => Cow::Owned(value.to_string()),
        Scalar::Float(value) => Cow::Owned(float_text(value)),
    }
}

fn to_bigint(value: Scalar<'_>) -> Option<i64> {
    match value {
        Scalar::Int(value) => Some(value),
        Scalar::Float(value) => float_to_int(value),
        Scalar::Text(text) => i64::try_from(parse_int(text)?).ok(),
        _ => None,
    }
}

fn to_double(value: Scalar<'_>) -> Option<f64> {
    match value {
        Scalar::Text(text) => parse_float(text),
        _ => value.as_float(),
    }
}

fn to_bool(value: Scalar<'_>) -> Option<bool> {
    match value {
        Scalar::Bool(value) => Some(value),
        Scalar::Int(value) => Some(value != 0),
        Scalar::Float(value) => Some(value != 0.0),
        Scalar::BigInt(_) => Some(true),
        Scalar::Text(text) => match text.to_ascii_lowercase().as_str() {
            "yes" | "true" | "t" | "y" | "1" => Some(true),
            "no" | "false" | "f" | "n" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn to_instant(value: Scalar<'_>) -> Option<Cell<'_>> {
    let exact = |micros| Cell::Instant { micros, truncated: false };
    match value {
        Scalar::Text(text) => match timestamp::parse(text) {
            Some(Moment::Instant { micros, truncated }) => Some(Cell::Instant { micros, truncated }),
            Some(Moment::Day(day)) => Some(exact(timestamp::midnight(day))),
            Some(Moment::TimeOfDay(_)) => None,
            None => plain_float(text).and_then(timestamp::from_seconds).map(exact),
        },
        Scalar::Int(seconds) => timestamp::from_whole_seconds(seconds).map(exact),
        Scalar::Float(seconds) => timestamp::from_seconds(seconds).map(exact),
        _ => None,
    }
}

/// Python's `float()` knows no `0x`; only dlt's coercion to numbers does.
fn plain_float(text: &str) -> Option<f64> {
    if text.contains(['x', 'X']) { None } else { parse_float(text) }
}

fn to_day(value: Scalar<'_>) -> Option<i32> {
    match to_instant(value)? {
        Cell::Instant { micros, .. } => timestamp::day_of(micros),
        _ => None,
    }
}

fn to_time_of_day(value: Scalar<'_>) -> Option<i64> {
    match value {
        Scalar::Text(text) => match timestamp::parse(text)? {
            Moment::TimeOfDay(micros) => Some(micros),
            _ => None,
        },
        _ => None,
    }
}

fn to_bytes(value: Scalar<'_>) -> Option<Vec<u8>> {
    match value {
        Scalar::Text(text) => match text.strip_prefix("0x") {
            Some(hex) => hex_bytes(hex),
            None => BASE64.decode(text).ok(),
        },
        Scalar::Int(value) => {
            let bytes = u64::try_from(value).ok()?.to_le_bytes();
            let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            Some(bytes.into_iter().take(length).collect())
        }
        _ => None,
    }
}

fn hex_bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        hex.bytes().map(|byte| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let (pairs, odd) = digits.as_deref()?.as_chunks::<2>();
    odd.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

fn to_json(value: Scalar<'_>) -> Option<Cell<'_>> {
    match value {
        Scalar::Json(text) => Some(Cell::Text(Cow::Borrowed(text))),
        Scalar::Text(text) => {
            let mut tape = Tape::default();
            parse::parse(text, &mut tape).ok()?;
            let document = Document { text, tape: &tape };
            if document.node(0) == Node::Null {
                return Some(Cell::Null);
            }
            let mut compact = String::new();
            json_text::write(document, 0, &mut compact);
            Some(Cell::Text(Cow::Owned(compact)))
        }
        _ => None,
    }
}

fn to_decimal(value: Scalar<'_>) -> Option<i128> {
    match value {
        Scalar::Int(value) => within_limit(i128::from(value).checked_mul(10_i128.checked_pow(DECIMAL_SCALE)?)?),
        Scalar::Float(value) => parse_decimal(&float_text(value), DECIMAL_SCALE),
        Scalar::Text(text) | Scalar::BigInt(text) => parse_decimal(text, DECIMAL_SCALE),
        _ => None,
    }
}

fn to_wei(value: Scalar<'_>) -> Option<i128> {
    match value {
        Scalar::Int(value) => Some(i128::from(value)),
        Scalar::Float(value) => parse_whole(&float_text(value)),
        Scalar::Text(text) | Scalar::BigInt(text) => parse_whole(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_where_dlt_says_they_fit() {
        use DataType as T;
        use Scalar as S;
        let text = |text: &'static str| Some(Cell::Text(Cow::Borrowed(text)));
        let instant = |micros: i64| Some(Cell::Instant { micros, truncated: false });
        for (to, value, expected) in [
            (T::Text, S::Bool(true), text("True")),
            (T::Text, S::Int(-2), text("-2")),
            (T::Text, S::Float(1e22), text("1e+22")),
            (T::Text, S::BigInt("123456789012345678901234567890"), text("123456789012345678901234567890")),
            (T::Text, S::HugeFloat("1e999"), text("1e999")),
            (T::Text, S::Json("[1]"), text("[1]")),
            (T::Bigint, S::Bool(true), None),
            (T::Bigint, S::Text(" 2 "), Some(Cell::Int(2))),
            (T::Bigint, S::Text("0x10"), Some(Cell::Int(16))),
            (T::Bigint, S::Text("4.0"), None),
            (T::Bigint, S::Text("9223372036854775808"), None),
            (T::Bigint, S::Float(4.0), Some(Cell::Int(4))),
            (T::Bigint, S::Float(4.5), None),
            (T::Bigint, S::Float(1e30), None),
            (T::Bigint, S::BigInt("9223372036854775808"), None),
            (T::Bigint, S::Json("{}"), None),
            (T::Double, S::Int(2), Some(Cell::Float(2.0))),
            (T::Double, S::Text("0x10"), Some(Cell::Float(16.0))),
            (T::Double, S::Text("inf"), Some(Cell::Float(f64::INFINITY))),
            (T::Double, S::Bool(true), None),
            (T::Double, S::BigInt("100000000000000000000"), Some(Cell::Float(1e20))),
            (T::Double, S::HugeFloat("1e999"), None),
            (T::Bool, S::Text("YES"), Some(Cell::Bool(true))),
            (T::Bool, S::Text("f"), Some(Cell::Bool(false))),
            (T::Bool, S::Text("maybe"), None),
            (T::Bool, S::Float(2.0), Some(Cell::Bool(true))),
            (T::Bool, S::Int(0), Some(Cell::Bool(false))),
            (T::Timestamp, S::Text("2024-01-02"), instant(1_704_153_600_000_000)),
            (T::Timestamp, S::Text("1700000000.5"), instant(1_700_000_000_500_000)),
            (T::Timestamp, S::Text("0x10"), None),
            (T::Timestamp, S::Text("03:04:05"), None),
            (T::Timestamp, S::Text(""), None),
            (T::Timestamp, S::Int(1_700_000_000), instant(1_700_000_000_000_000)),
            (T::Timestamp, S::Int(i64::MAX), None),
            (T::Timestamp, S::Bool(true), None),
            (T::Date, S::Text("2024-01-02"), Some(Cell::Day(19_724))),
            (T::Date, S::Text("2024-01-02T23:00:00-02:00"), Some(Cell::Day(19_725))),
            (T::Date, S::Int(86_400), Some(Cell::Day(1))),
            (T::Time, S::Text("00:00:01"), Some(Cell::Int(1_000_000))),
            (T::Time, S::Text("2024-01-02T00:00:00"), None),
            (T::Time, S::Int(1), None),
            (T::Binary, S::Text("0x0aFF"), Some(Cell::Bytes(vec![10, 255]))),
            (T::Binary, S::Text("0xabc"), None),
            (T::Binary, S::Text("aGk="), Some(Cell::Bytes(b"hi".to_vec()))),
            (T::Binary, S::Text("aGk"), None),
            (T::Binary, S::Int(258), Some(Cell::Bytes(vec![2, 1]))),
            (T::Binary, S::Int(0), Some(Cell::Bytes(vec![]))),
            (T::Binary, S::Int(-1), None),
            (T::Json, S::Text("{\"a\": [1, 2.50]}"), text("{\"a\":[1,2.5]}")),
            (T::Json, S::Text(" null "), Some(Cell::Null)),
            (T::Json, S::Text("nope"), None),
            (T::Json, S::Int(1), None),
            (T::Decimal, S::Text("1.5"), Some(Cell::Wide(1_500_000_000))),
            (T::Decimal, S::Float(0.1), Some(Cell::Wide(100_000_000))),
            (T::Wei, S::Int(7), Some(Cell::Wide(7))),
            (T::Wei, S::Float(7.5), None),
            (T::Wei, S::BigInt("18446744073709551616"), Some(Cell::Wide(18_446_744_073_709_551_616))),
        ] {
            assert_eq!(coerce(to, value), expected, "{to:?} <- {value:?}");
        }
    }

    #[test]
    fn new_columns_take_the_type_of_their_first_value() {
        use DataType as T;
        use Scalar as S;
        for (value, inferred, plain) in [
            (S::Bool(true), Some(T::Bool), T::Bool),
            (S::Int(1), Some(T::Bigint), T::Bigint),
            (S::Float(1.0), Some(T::Double), T::Double),
            (S::Text("x"), Some(T::Text), T::Text),
            (S::Text("2024-01-02"), Some(T::Text), T::Text),
            (S::Text("1700000000"), Some(T::Text), T::Text),
            (S::Text("2024-01-02T03:04:05Z"), Some(T::Timestamp), T::Text),
            (S::Json("{}"), Some(T::Json), T::Json),
            (S::BigInt("9223372036854775808"), Some(T::Wei), T::Wei),
            (S::BigInt("123456789012345678901234567890123456789"), None, T::Text),
            (S::HugeFloat("1e999"), None, T::Text),
        ] {
            assert_eq!((value.infer(), value.plain_type()), (inferred, plain), "{value:?}");
        }
    }

    #[test]
    fn a_value_fits_the_column_that_it_made() {
        for value in [
            Scalar::Bool(false),
            Scalar::Int(i64::MIN),
            Scalar::Float(-0.5),
            Scalar::Text("2024-01-02T03:04:05.123456789Z"),
            Scalar::Json("[]"),
            Scalar::BigInt("-99999999999999999999999999999999999999"),
        ] {
            assert!(value.infer().and_then(|data_type| coerce(data_type, value)).is_some(), "{value:?}");
            assert!(coerce(value.plain_type(), value).is_some(), "{value:?}");
        }
    }
}
