//! A value of the incremental field that is kept: the lowest wanted, the highest seen.

use std::fmt;

use serde_json::{Number, Value};

use super::point::{Point, Scale, is_plain_day};

/// What dlt writes in front of a text in its state to say which Python type it was, from U+F026 on.
const DECIMAL: char = '\u{f026}';
const DATETIME: char = '\u{f027}';
const DATE: char = '\u{f028}';
const LAST_TAG: char = '\u{f02d}';
const WEI: char = '\u{f02c}';

/// A value of the incremental field.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// As a record or a setting had it.
    value: Value,
    /// As dlt's state had it, where a Python type was noted with it.
    tagged: Option<(char, Value)>,
    meaning: Meaning,
}

/// A point that owns nothing: a text is the value's.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meaning {
    Time { micros: i64, finer: u64 },
    Whole(i128),
    Fraction(f64),
    Text,
}

impl Mark {
    /// Takes a value of the settings, or of dlt's state; none when it is neither a text nor a number.
    pub fn new(value: &Value) -> Option<Self> {
        let (value, tagged) = match value {
            Value::String(text) => {
                let tag = text.chars().next().filter(|first| (DECIMAL..=LAST_TAG).contains(first));
                let plain = tag.map_or(text.as_str(), |tag| &text[tag.len_utf8()..]);
                let number = tag.filter(|tag| matches!(*tag, DECIMAL | WEI)).and_then(|_| plain.parse::<Number>().ok());
                let plain = number.map_or_else(|| Value::String(plain.to_owned()), Value::Number);
                (plain, tag.map(|tag| (tag, value.clone())))
            }
            Value::Number(number) => (Value::Number(number.clone()), None),
            _ => return None,
        };
        let meaning = match &value {
            Value::Number(number) => Point::of_number(number),
            value => Point::of_text(value.as_str().unwrap_or_default()),
        };
        let meaning = Meaning::of(meaning);
        Some(Self { value, tagged, meaning })
    }

    /// Keeps a value of a record; `text` is the string where it is one.
    pub(crate) fn of_record(point: Point<'_>, text: &str) -> Self {
        Self { value: point.to_json(text), tagged: None, meaning: Meaning::of(point) }
    }

    /// The value to compare.
    pub(crate) fn point(&self) -> Point<'_> {
        match self.meaning {
            Meaning::Time { micros, finer } => Point::Time { micros, finer },
            Meaning::Whole(whole) => Point::Whole(whole),
            Meaning::Fraction(fraction) => Point::Fraction(fraction),
            Meaning::Text => Point::Text(self.value.as_str().unwrap_or_default()),
        }
    }

    /// Whether it comes before another value.
    pub fn precedes(&self, other: &Self) -> bool {
        self.point().compare(other.point()) == Some(std::cmp::Ordering::Less)
    }

    /// What it is compared as.
    pub fn scale(&self) -> Scale {
        self.point().scale()
    }

    /// Whether it is a day without a time, as `YYYY-MM-DD`.
    pub(crate) fn is_day(&self) -> bool {
        self.scale() == Scale::Time && self.value.as_str().is_some_and(is_plain_day)
    }

    /// The value itself, without dlt's tag.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// A JSON scalar, as the contract's `incremental-range` has it.
    pub(crate) fn to_json_text(&self) -> String {
        self.value.to_string()
    }

    /// The value as it came, with dlt's tag if it had one.
    pub(crate) fn stored(&self) -> Value {
        self.tagged.as_ref().map_or_else(|| self.value.clone(), |(_, stored)| stored.clone())
    }

    /// The value as dlt's state is to keep it after `before`: where that was a time of a Python type, this one is of the
    /// same, so that dlt can go on comparing.
    pub(crate) fn stored_after(&self, before: &Self) -> Value {
        let tag = before.tagged.as_ref().filter(|_| self.tagged.is_none()).map(|(tag, _)| *tag);
        let text = match (tag, self.meaning) {
            (Some(DATETIME), Meaning::Time { micros, .. }) => {
                iso_format(micros, before.value.as_str().is_some_and(is_naive))
            }
            (Some(DATE), _) if self.is_day() => self.value.as_str().map(str::to_owned),
            _ => None,
        };
        match (tag, text) {
            (Some(tag), Some(text)) => Value::String(format!("{tag}{text}")),
            _ => self.stored(),
        }
    }
}

impl Meaning {
    fn of(point: Point<'_>) -> Self {
        match point {
            Point::Time { micros, finer } => Self::Time { micros, finer },
            Point::Whole(whole) => Self::Whole(whole),
            Point::Fraction(fraction) => Self::Fraction(fraction),
            Point::Text(_) => Self::Text,
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::String(text) => f.write_str(text),
            value => write!(f, "{value}"),
        }
    }
}

/// Whether a date and time says nothing of an offset.
fn is_naive(text: &str) -> bool {
    let time = text.get(10..).unwrap_or_default();
    !time.ends_with(['Z', 'z']) && !time.contains(['+', '-'])
}

/// The text of a Python datetime; none beyond its years.
fn iso_format(micros: i64, naive: bool) -> Option<String> {
    let at = jiff::Timestamp::from_microsecond(micros).ok()?.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let text = if micros.rem_euclid(1_000_000) == 0 {
        at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
    } else {
        at.strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string()
    };
    Some(if naive { text } else { format!("{text}+00:00") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_of_dlt_s_state_are_read_and_written_back() {
        for (stored, plain, scale) in [
            (json!("2024-01-02T03:04:06Z"), json!("2024-01-02T03:04:06Z"), Scale::Time),
            (json!("\u{f027}2024-01-02T03:04:06+00:00"), json!("2024-01-02T03:04:06+00:00"), Scale::Time),
            (json!("\u{f027}2024-01-02T03:04:06.500000"), json!("2024-01-02T03:04:06.500000"), Scale::Time),
            (json!("\u{f028}2024-01-02"), json!("2024-01-02"), Scale::Time),
            (json!("\u{f026}1.50"), json!(1.5), Scale::Number),
            (json!("\u{f02c}12345678901234567"), json!(12_345_678_901_234_567_u64), Scale::Number),
            (json!(5), json!(5), Scale::Number),
            (json!(u64::MAX), json!(u64::MAX), Scale::Number),
            (json!("abc"), json!("abc"), Scale::Text),
            (json!(""), json!(""), Scale::Text),
            (json!("\u{f027}not a time"), json!("not a time"), Scale::Text),
        ] {
            let mark = Mark::new(&stored).unwrap();
            assert_eq!((mark.value(), mark.scale()), (&plain, scale), "{stored}");
            assert_eq!((mark.stored(), mark.stored_after(&mark)), (stored.clone(), stored));
        }
        for none in [json!(null), json!(true), json!([]), json!({})] {
            assert_eq!(Mark::new(&none), None);
        }
    }

    #[test]
    fn a_new_value_is_of_the_type_of_the_one_before() {
        let check = |before: &str, new: &str, expected: &str| {
            let before = Mark::new(&json!(before)).unwrap();
            let new = Mark::new(&json!(new)).unwrap();
            assert_eq!(new.stored_after(&before), json!(expected));
        };
        check("2024-01-02T03:04:06Z", "2024-01-03T03:04:06.5+02:00", "2024-01-03T03:04:06.5+02:00");
        check(
            "\u{f027}2024-01-02T03:04:06+00:00",
            "2024-01-03T03:04:06.5+02:00",
            "\u{f027}2024-01-03T01:04:06.500000+00:00",
        );
        check("\u{f027}2024-01-02T03:04:06", "2024-01-03T03:04:06Z", "\u{f027}2024-01-03T03:04:06");
        check("\u{f028}2024-01-02", "2024-01-03", "\u{f028}2024-01-03");
    }
}
