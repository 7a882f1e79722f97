//! `lag`: how far before the last value a read begins, for records that come late.
//!
//! In seconds for instants, in days for days, plain for numbers, as in dlt; the initial value, where it is a time, says
//! which of the first two. What comes out looks like what went in: the service knows that format.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::{Number, Value};

use super::{
    mark::Mark,
    point::{Point, Scale, is_plain_day},
};
use crate::normalize::timestamp::{self, Moment};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A lag; never negative, never zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lag {
    /// A whole number of units.
    Whole(i64),
    /// A number with a fraction.
    Fraction(f64),
}

impl Lag {
    fn as_float(self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "a fraction is subtracted from as a float, as in Python")]
            Self::Whole(lag) => lag as f64,
            Self::Fraction(lag) => lag,
        }
    }

    /// The value so far before another one; none when that is before all times. A text that is no time has no value
    /// before it and stays.
    pub(crate) fn before(self, last: &Mark, initial: Option<&Mark>) -> Option<Mark> {
        let (value, micros) = match (last.point(), last.value().as_str()) {
            (Point::Time { micros, .. }, Some(text)) => (text, micros),
            (Point::Whole(whole), _) => return Mark::new(&Value::Number(self.before_whole(whole)?)),
            (Point::Fraction(fraction), _) => return Mark::new(&Value::from(fraction - self.as_float())),
            _ => return Some(last.clone()),
        };
        let in_days = initial.filter(|initial| initial.scale() == Scale::Time).unwrap_or(last).is_day();
        let lagged = if in_days {
            // A whole day is in or out of the range, wherever in it the last value was.
            micros.div_euclid(DAY).checked_sub(self.in_units(1)?)?.checked_mul(DAY)?
        } else {
            micros.checked_sub(self.in_units(SECOND)?)?
        };
        Mark::new(&Value::String(written_like(value, micros, lagged)?))
    }

    /// As Python: an integer stays one, rounded towards zero.
    fn before_whole(self, whole: i128) -> Option<Number> {
        let (lag, fraction) = match self {
            Self::Whole(lag) => (i128::from(lag), 0.0),
            #[expect(clippy::cast_possible_truncation, reason = "a lag of that size leaves the range anyhow")]
            Self::Fraction(lag) => (lag.trunc() as i128, lag.fract()),
        };
        let lagged = whole.checked_sub(lag)?;
        Number::from_i128(if fraction > 0.0 && lagged > 0 { lagged - 1 } else { lagged })
    }

    /// The lag in parts of its unit, rounded up.
    fn in_units(self, parts: i64) -> Option<i64> {
        match self {
            Self::Whole(lag) => lag.checked_mul(parts),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "the range is checked first"
            )]
            Self::Fraction(lag) => {
                let units = (lag * parts as f64).ceil();
                (units < 9e18).then_some(units as i64)
            }
        }
    }
}

/// Writes an instant the way `text` writes the instant `at`: with its separators, its offset, and as many digits.
fn written_like(text: &str, at: i64, instant: i64) -> Option<String> {
    if is_plain_day(text) {
        return Some(civil(instant)?.strftime("%Y-%m-%d").to_string());
    }
    let Some((fraction, rest)) = usual_parts(text) else {
        return Some(civil(instant)?.strftime("%Y-%m-%dT%H:%M:%S%.fZ").to_string());
    };
    let clock = text.get(..text.len() - rest.len())?;
    let Some(Moment::Instant { micros: local, .. }) = timestamp::parse(clock) else { return None };
    let there = civil(instant.checked_add(local.checked_sub(at)?)?)?;
    let separator = text.get(10..11)?;
    let mut written = format!("{}{separator}{}", there.strftime("%Y-%m-%d"), there.strftime("%H:%M:%S"));
    if let Some(mark) = fraction.chars().next() {
        let digits = format!("{:06}", there.subsec_nanosecond() / 1000);
        written.push(mark);
        written.extend(digits.chars().chain(std::iter::repeat('0')).take(fraction.len() - 1));
    }
    written.push_str(rest);
    Some(written)
}

/// The fraction, with its mark, and the offset of a text like `2024-01-02T03:04:05.678+02:00`; none of any other.
fn usual_parts(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let marks = [(4, b"-"), (7, b"-"), (10, b"T"), (13, b":"), (16, b":")];
    let usual =
        marks.iter().all(|(at, mark)| bytes.get(*at) == mark.first() || (*at == 10 && bytes.get(10) == Some(&b' ')));
    let after = text.get(19..).filter(|_| usual)?;
    if !after.starts_with(['.', ',']) {
        return Some(("", after));
    }
    let digits = after.get(1..)?.find(|c: char| !c.is_ascii_digit()).map_or(after.len(), |length| length + 1);
    Some(after.split_at(digits))
}

fn civil(micros: i64) -> Option<DateTime> {
    // Python's years, which dlt's end with.
    let time = Timestamp::from_microsecond(micros).ok()?.to_zoned(TimeZone::UTC).datetime();
    (1..=9999).contains(&time.year()).then_some(time)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn before(lag: Lag, last: &Value, initial: Option<&str>) -> Option<Value> {
        let initial = initial.map(|initial| Mark::new(&json!(initial)).unwrap());
        lag.before(&Mark::new(last).unwrap(), initial.as_ref()).map(|mark| mark.value().clone())
    }

    #[test]
    fn the_value_before_looks_like_the_value() {
        let hour = Lag::Whole(3600);
        for (last, expected) in [
            ("2024-01-02T00:30:05Z", "2024-01-01T23:30:05Z"),
            ("2024-01-02T00:30:05.123Z", "2024-01-01T23:30:05.123Z"),
            ("2024-01-02 00:30:05,5", "2024-01-01 23:30:05,5"),
            ("2024-01-02T00:30:05.123456789+02:00", "2024-01-01T23:30:05.123456000+02:00"),
            ("2024-03-01T00:30:05-0500", "2024-02-29T23:30:05-0500"),
            ("20240102T003005Z", "2024-01-01T23:30:05Z"),
            ("2024-01-02T00:30", "2024-01-01T23:30:00Z"),
            ("\u{f027}2024-01-02T00:30:05+00:00", "2024-01-01T23:30:05+00:00"),
        ] {
            assert_eq!(before(hour, &json!(last), None), Some(json!(expected)), "{last}");
        }
        assert_eq!(
            before(Lag::Fraction(0.25), &json!("2024-01-02T00:00:00.0Z"), None),
            Some(json!("2024-01-01T23:59:59.7Z"))
        );
        assert_eq!(
            before(Lag::Fraction(0.5), &json!("2024-01-02T00:00:00Z"), None),
            Some(json!("2024-01-01T23:59:59Z"))
        );
    }

    #[test]
    fn days_are_counted_where_the_values_or_the_first_are_days() {
        let two = Lag::Whole(2);
        assert_eq!(before(two, &json!("2024-03-01"), None), Some(json!("2024-02-28")));
        assert_eq!(before(Lag::Fraction(1.5), &json!("2024-03-03"), None), Some(json!("2024-03-01")));
        assert_eq!(
            before(two, &json!("2024-03-01T10:00:00Z"), Some("2024-01-01")),
            Some(json!("2024-02-28T00:00:00Z"))
        );
        assert_eq!(before(two, &json!("2024-03-01"), Some("2024-01-01T00:00:00Z")), Some(json!("2024-02-29")));
    }

    #[test]
    fn numbers_and_texts() {
        for (lag, last, expected) in [
            (Lag::Whole(5), json!(100), json!(95)),
            (Lag::Fraction(0.5), json!(100), json!(99)),
            (Lag::Fraction(0.5), json!(-100), json!(-100)),
            (Lag::Whole(5), json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_988_i64)),
            (Lag::Fraction(0.5), json!(1.75), json!(1.25)),
            (Lag::Whole(5), json!("abc"), json!("abc")),
        ] {
            assert_eq!(before(lag, &last, None), Some(expected), "{last}");
        }
        assert_eq!(before(Lag::Whole(1_000_000), &json!("0001-01-02T00:00:00Z"), None), None);
        assert_eq!(before(Lag::Fraction(1e300), &json!("2024-01-02T00:00:00Z"), None), None);
    }
}
