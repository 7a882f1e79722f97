//! Values of the incremental field, compared as what they mean: instants as instants, numbers as numbers, other texts as
//! texts. Values of different scales do not compare.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::normalize::{
    tape::{Document, Node},
    timestamp::{self, Moment},
};

/// What the values of a field are compared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Instants and days; a day is its first instant.
    Time,
    /// Integers and fractions.
    Number,
    /// Texts that are no times, by their bytes.
    Text,
}

impl Scale {
    /// The scale in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Time => "a time",
            Self::Number => "a number",
            Self::Text => "a text",
        }
    }
}

/// A point on one of the scales.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Point<'a> {
    Time {
        /// Microseconds since 1970, UTC. Without an offset a time is UTC, as it is when it becomes a column.
        micros: i64,
        /// What the text says beyond the microsecond, in units of 10^-18 s.
        finer: u64,
    },
    Whole(i128),
    Fraction(f64),
    Text(&'a str),
}

impl<'a> Point<'a> {
    /// The point of a text. Of the texts that dlt takes for days only `YYYY-MM-DD` is one here: `2024` may be anything.
    pub(crate) fn of_text(text: &'a str) -> Self {
        match timestamp::parse(text) {
            Some(Moment::Instant { micros, truncated }) => {
                Self::Time { micros, finer: if truncated { beyond_micros(text) } else { 0 } }
            }
            Some(Moment::Day(day)) if is_plain_day(text) => Self::Time { micros: timestamp::midnight(day), finer: 0 },
            _ => Self::Text(text),
        }
    }

    /// The point of a value in a record; none for null. The error says what the value is instead of one.
    pub(crate) fn of_node(document: Document<'a>, at: usize) -> Result<Option<Self>, &'static str> {
        Ok(Some(match document.node(at) {
            Node::Null => return Ok(None),
            Node::Int(value) => Self::Whole(i128::from(value)),
            Node::BigInt(span) => match document.span(span).parse::<u64>() {
                Ok(value) => Self::Whole(i128::from(value)),
                Err(_) => return Err("an integer beyond 64 bits"),
            },
            Node::Float(value) => Self::Fraction(value),
            Node::HugeFloat(_) => return Err("a number beyond any double"),
            node @ (Node::Text(_) | Node::Unescaped(_)) => Self::of_text(document.string(node)),
            Node::Bool(_) => return Err("true or false"),
            Node::Array { .. } => return Err("a list"),
            Node::Object { .. } => return Err("an object"),
        }))
    }

    /// The point of a number.
    pub(crate) fn of_number(number: &Number) -> Self {
        match number.as_i128() {
            Some(whole) => Self::Whole(whole),
            None => Self::Fraction(number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    /// The scale it is on.
    pub(crate) fn scale(self) -> Scale {
        match self {
            Self::Time { .. } => Scale::Time,
            Self::Whole(_) | Self::Fraction(_) => Scale::Number,
            Self::Text(_) => Scale::Text,
        }
    }

    /// Which of two points comes first; none when they are on different scales.
    pub(crate) fn compare(self, other: Point<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Time { micros: a, finer: x }, Point::Time { micros: b, finer: y }) => Some((a, x).cmp(&(b, y))),
            (Self::Whole(a), Point::Whole(b)) => Some(a.cmp(&b)),
            (Self::Fraction(a), Point::Fraction(b)) => a.partial_cmp(&b),
            (Self::Whole(a), Point::Fraction(b)) => whole_to_fraction(a, b),
            (Self::Fraction(a), Point::Whole(b)) => whole_to_fraction(b, a).map(Ordering::reverse),
            (Self::Text(a), Point::Text(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// The value as JSON, the way the record had it.
    pub(crate) fn to_json(self, text: &str) -> Value {
        match self {
            Self::Time { .. } | Self::Text(_) => Value::String(text.to_owned()),
            Self::Whole(whole) => Number::from_i128(whole).map_or(Value::Null, Value::Number),
            Self::Fraction(fraction) => Value::from(fraction),
        }
    }
}

/// Compares exactly, where turning the integer into a double would round it.
fn whole_to_fraction(whole: i128, fraction: f64) -> Option<Ordering> {
    // 2^127, beyond which no integer of a record lies.
    const LIMIT: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;
    if fraction.is_nan() {
        return None;
    }
    if fraction >= LIMIT {
        return Some(Ordering::Less);
    }
    if fraction < -LIMIT {
        return Some(Ordering::Greater);
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked, and the fraction is compared below")]
    let truncated = fraction.trunc() as i128;
    let rest = 0.0_f64.partial_cmp(&fraction.fract());
    Some(whole.cmp(&truncated).then(rest.unwrap_or(Ordering::Equal)))
}

/// Whether a text is a day as `YYYY-MM-DD`.
pub(crate) fn is_plain_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10 && bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-')
}

/// The digits of a fraction of a second from the seventh on, up to the eighteenth.
fn beyond_micros(text: &str) -> u64 {
    let fraction = text.find(['.', ',']).and_then(|mark| text.as_bytes().get(mark + 1..)).unwrap_or_default();
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).chain(std::iter::repeat(&b'0'));
    digits.skip(6).take(12).fold(0, |value, digit| value * 10 + u64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::normalize::{parse::parse, tape::Tape};

    /// The order of two JSON scalars.
    fn order(a: &str, b: &str) -> Option<Ordering> {
        let (mut first, mut second) = (Tape::default(), Tape::default());
        parse(a, &mut first).unwrap();
        parse(b, &mut second).unwrap();
        let a = Point::of_node(Document { text: a, tape: &first }, 0).unwrap().unwrap();
        let b = Point::of_node(Document { text: b, tape: &second }, 0).unwrap().unwrap();
        assert_eq!(b.compare(a), a.compare(b).map(Ordering::reverse));
        a.compare(b)
    }

    #[test]
    fn values_are_compared_as_what_they_mean() {
        use Ordering::{Equal, Greater, Less};

        for (a, b, expected) in [
            // The same instant, written in eight ways.
            (r#""2024-01-02T03:04:05Z""#, r#""2024-01-02T03:04:05+00:00""#, Some(Equal)),
            (r#""2024-01-02T03:04:05Z""#, r#""2024-01-02T03:04:05.000Z""#, Some(Equal)),
            (r#""2024-01-02T03:04:05Z""#, r#""2024-01-02T05:04:05+02:00""#, Some(Equal)),
            (r#""2024-01-02T03:04:05Z""#, r#""2024-01-01T22:04:05-0500""#, Some(Equal)),
            (r#""2024-01-02T03:04:05Z""#, r#""2024-01-02T03:04:05""#, Some(Equal)),
            (r#""2024-01-02T03:04:05Z""#, r#""2024-01-02 03:04:05""#, Some(Equal)),
            (r#""2024-01-02T03:04:05Z""#, r#""20240102T030405Z""#, Some(Equal)),
            // As texts these would come the other way round.
            (r#""2024-01-02T03:04:05Z""#, r#""2024-01-02T03:04:05.5Z""#, Some(Less)),
            (r#""2024-01-02T01:00:00+02:00""#, r#""2024-01-02T00:30:00Z""#, Some(Less)),
            (r#""2024-01-02T03:04:05.000000001Z""#, r#""2024-01-02T03:04:05.000000002Z""#, Some(Less)),
            (r#""2024-01-02T03:04:05.0000001Z""#, r#""2024-01-02T03:04:05.00000009Z""#, Some(Greater)),
            // A day is its first instant.
            (r#""2024-01-02""#, r#""2024-01-02T00:00:00Z""#, Some(Equal)),
            (r#""2024-01-02""#, r#""2024-01-02T00:00:01Z""#, Some(Less)),
            (r#""2024-01-02""#, r#""2023-12-31""#, Some(Greater)),
            // Numbers, beyond what a double tells apart.
            ("9007199254740993", "9007199254740992", Some(Greater)),
            ("9007199254740993", "9007199254740992.0", Some(Greater)),
            ("18446744073709551615", "9223372036854775807", Some(Greater)),
            ("18446744073709551615", "1.8446744073709552e19", Some(Less)),
            ("2", "10", Some(Less)),
            ("-1.5", "-1", Some(Less)),
            ("-1", "-1.5", Some(Greater)),
            ("1.0", "1", Some(Equal)),
            ("1e300", "5", Some(Greater)),
            ("-1e300", "5", Some(Less)),
            // Texts that are no times.
            (r#""10""#, r#""9""#, Some(Less)),
            (r#""2024""#, r#""20240""#, Some(Less)),
            (r#""20240102""#, r#""20240103""#, Some(Less)),
            (r#""b""#, r#""\u0061""#, Some(Greater)),
            // Different scales.
            (r#""2024-01-02T03:04:05Z""#, "1704164645", None),
            (r#""2024-01-02T03:04:05Z""#, r#""soon""#, None),
            ("5", r#""5""#, None),
        ] {
            assert_eq!(order(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn what_is_no_point_is_named() {
        let check = |json: &str, expected: &str| {
            let mut tape = Tape::default();
            parse(json, &mut tape).unwrap();
            let document = Document { text: json, tape: &tape };
            assert_eq!(Point::of_node(document, 0).unwrap_err(), expected, "{json}");
        };
        check("true", "true or false");
        check("[1]", "a list");
        check("{}", "an object");
        check("18446744073709551616", "an integer beyond 64 bits");
        check("-9223372036854775809", "an integer beyond 64 bits");
        check("1e999", "a number beyond any double");
    }

    proptest! {
        /// As exact as if both were written out.
        #[test]
        fn integers_and_fractions_compare_exactly(whole in any::<i64>(), near in -2.0_f64..2.0) {
            #[expect(clippy::cast_precision_loss, reason = "a double near the integer is what is wanted")]
            let fraction = whole as f64 + near;
            #[expect(clippy::cast_possible_truncation, reason = "i128 holds any double near an i64")]
            let (below, rest) = (fraction.floor() as i128, fraction - fraction.floor());
            let expected = match i128::from(whole).cmp(&below) {
                Ordering::Equal if rest > 0.0 => Ordering::Less,
                order => order,
            };
            prop_assert_eq!(whole_to_fraction(i128::from(whole), fraction), Some(expected));
        }

        #[test]
        fn no_text_panics(text in "[0-9TZ:. ,+-]{0,40}") {
            let _ = Point::of_text(&text);
        }
    }
}
