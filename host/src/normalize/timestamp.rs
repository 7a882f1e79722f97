//! Times in text: which texts dlt takes for an instant, a day or a time of day, and what they mean.
//!
//! dlt asks pendulum's ISO 8601 parser first and its parser of common formats second; both are followed here, with their
//! odd corners (`2024/01/02 10:11` is an instant, `2024-01-02T24:00:00` is none). An instant without an offset is UTC.

use super::calendar::{Date, ordinal_date, week_date};

/// What a text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// An instant in microseconds since 1970, UTC.
    Instant {
        /// Microseconds since 1970, UTC.
        micros: i64,
        /// Whether the text was finer than a microsecond.
        truncated: bool,
    },
    /// A day, counted from 1970-01-01.
    Day(i32),
    /// Microseconds since midnight, UTC.
    TimeOfDay(i64),
}

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The first instant of year 1 and the last of year 9999: what Python's datetime can hold.
const FIRST: i64 = -62_135_596_800 * SECOND;
const LAST: i64 = 253_402_300_800 * SECOND - 1;

/// Reads a text; none when it is no time that dlt knows.
pub(crate) fn parse(text: &str) -> Option<Moment> {
    let bytes = text.as_bytes();
    // Most texts are no times: they leave here.
    if !bytes.first().is_some_and(|b| b.is_ascii_digit() || *b == b'T') {
        return None;
    }
    usual(bytes).or_else(|| iso(bytes)).or_else(|| common(bytes))
}

/// The instant of a number of seconds since 1970, as Python reads it: rounded to microseconds, half to even.
pub(crate) fn from_seconds(seconds: f64) -> Option<i64> {
    if !seconds.is_finite() || seconds.abs() > 1e12 {
        return None;
    }
    let whole = seconds.trunc();
    let fraction = ((seconds - whole) * 1e6).round_ties_even();
    #[expect(clippy::cast_possible_truncation, reason = "both are far below 2^63 here, and have no fraction")]
    in_range(whole as i64 * SECOND + fraction as i64)
}

/// The instant of a whole number of seconds since 1970.
pub(crate) fn from_whole_seconds(seconds: i64) -> Option<i64> {
    in_range(seconds.checked_mul(SECOND)?)
}

/// The day that an instant falls on.
pub(crate) fn day_of(micros: i64) -> Option<i32> {
    i32::try_from(micros.div_euclid(DAY)).ok()
}

/// The first instant of a day.
pub(crate) fn midnight(day: i32) -> i64 {
    i64::from(day) * DAY
}

fn in_range(micros: i64) -> Option<i64> {
    (FIRST..=LAST).contains(&micros).then_some(micros)
}

/// `2024-01-02T03:04:05.678Z` and its like, which is how nearly all services write an instant.
fn usual(bytes: &[u8]) -> Option<Moment> {
    let ([y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T' | b' ', h1, h2, b':', i1, i2, b':', s1, s2], rest) =
        bytes.split_first_chunk::<19>()?
    else {
        return None;
    };
    let date =
        Date { year: i64::from(two(*y1, *y2)? * 100 + two(*y3, *y4)?), month: two(*m1, *m2)?, day: two(*d1, *d2)? };
    let mut time = Time { hour: two(*h1, *h2)?, minute: two(*i1, *i2)?, second: two(*s1, *s2)?, ..Time::default() };
    let mut reader = Reader { rest };
    reader.fraction(b".,", &mut time)?;
    reader.offset(&mut time)?;
    reader.end()?;
    instant(date, time)
}

/// Pendulum's ISO 8601 parser: calendar, week and ordinal dates, extended and basic format.
fn iso(bytes: &[u8]) -> Option<Moment> {
    let mut reader = Reader { rest: bytes };
    if reader.peek() == Some(b'T') {
        let time = reader.iso_time(false)?;
        reader.end()?;
        return time_of_day(time);
    }
    let century = reader.number(2)?;
    if reader.peek() == Some(b':') {
        let time = reader.iso_clock(century, true)?;
        reader.end()?;
        return time_of_day(time);
    }
    let year = i64::from(century * 100 + reader.number(2)?);
    let (days, extended) =
        if reader.take(b'-') { (reader.extended_date(year)?, true) } else { (reader.basic_date(year)?, false) };
    if reader.rest.is_empty() {
        return in_range(days.checked_mul(DAY)?).and_then(day_of).map(Moment::Day);
    }
    let time = reader.iso_time(extended)?;
    reader.end()?;
    at(days, time)
}

/// Pendulum's parser of common formats: `2024/01/02 10:11:12.5` and the like, without an offset.
fn common(bytes: &[u8]) -> Option<Moment> {
    let mut reader = Reader { rest: bytes };
    if let Some(year) = reader.number(4) {
        let before_month = reader.rest;
        if let Some((month, day)) = reader.common_month_and_day() {
            let date = Date { year: i64::from(year), month, day };
            if reader.rest.is_empty() {
                return in_range(date.days()?.checked_mul(DAY)?).and_then(day_of).map(Moment::Day);
            }
            if let Some(time) = reader.common_time() {
                return instant(date, time);
            }
        }
        reader.rest = before_month;
        let date = Date { year: i64::from(year), month: 1, day: 1 };
        if reader.rest.is_empty() {
            return in_range(date.days()?.checked_mul(DAY)?).and_then(day_of).map(Moment::Day);
        }
        return instant(date, reader.common_time()?);
    }
    time_of_day(Reader { rest: bytes }.common_time()?)
}

#[derive(Clone, Copy, Default)]
struct Time {
    hour: u32,
    minute: u32,
    second: u32,
    micros: u32,
    truncated: bool,
    /// Minutes east of Greenwich.
    offset: i64,
}

impl Time {
    fn micros(self) -> Option<i64> {
        let valid = self.hour < 24 && self.minute < 60 && self.second < 60 && self.offset.abs() < 24 * 60;
        valid.then(|| {
            i64::from(self.hour) * HOUR
                + i64::from(self.minute) * MINUTE
                + i64::from(self.second) * SECOND
                + i64::from(self.micros)
                - self.offset * MINUTE
        })
    }
}

fn instant(date: Date, time: Time) -> Option<Moment> {
    at(date.days()?, time)
}

fn at(days: i64, time: Time) -> Option<Moment> {
    let micros = in_range(days.checked_mul(DAY)? + time.micros()?)?;
    Some(Moment::Instant { micros, truncated: time.truncated })
}

fn time_of_day(time: Time) -> Option<Moment> {
    Some(Moment::TimeOfDay(time.micros()?.rem_euclid(DAY)))
}

fn digit(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
}

fn two(tens: u8, ones: u8) -> Option<u32> {
    Some(digit(tens)? * 10 + digit(ones)?)
}

/// What of a text is still to be read.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }

    fn take(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn take_any(&mut self, bytes: &[u8]) -> bool {
        self.peek().is_some_and(|byte| bytes.contains(&byte) && self.take(byte))
    }

    /// Exactly so many digits.
    fn number(&mut self, length: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..length {
            let (first, rest) = self.rest.split_first()?;
            value = value * 10 + digit(*first)?;
            self.rest = rest;
        }
        Some(value)
    }

    /// One digit or two.
    fn short_number(&mut self) -> Option<u32> {
        let tens = self.number(1)?;
        Some(match self.peek().and_then(digit) {
            Some(ones) => {
                self.rest = self.rest.get(1..)?;
                tens * 10 + ones
            }
            None => tens,
        })
    }

    fn date_ends(&self) -> bool {
        matches!(self.peek(), None | Some(b' ' | b'T'))
    }

    fn time_ends(&self) -> bool {
        matches!(self.peek(), None | Some(b'Z' | b'+' | b'-'))
    }

    /// What follows `YYYY-`, as days since 1970-01-01.
    fn extended_date(&mut self, year: i64) -> Option<i64> {
        if self.take(b'W') {
            let week = self.number(2)?;
            let weekday = if self.date_ends() {
                1
            } else {
                self.take(b'-').then_some(())?;
                self.number(1)?
            };
            return week_date(year, week, weekday);
        }
        let month = self.number(2)?;
        if self.date_ends() {
            Date { year, month, day: 1 }.days()
        } else if self.take(b'-') {
            Date { year, month, day: self.number(2)? }.days()
        } else {
            ordinal_date(year, month * 10 + self.number(1)?)
        }
    }

    /// What follows `YYYY`, as days since 1970-01-01.
    fn basic_date(&mut self, year: i64) -> Option<i64> {
        if self.take(b'W') {
            let week = self.number(2)?;
            let weekday = if self.date_ends() { 1 } else { self.number(1)? };
            return week_date(year, week, weekday);
        }
        let month = self.number(2)?;
        let next = self.number(1)?;
        if self.date_ends() {
            ordinal_date(year, month * 10 + next)
        } else {
            Date { year, month, day: next * 10 + self.number(1)? }.days()
        }
    }

    fn iso_time(&mut self, extended: bool) -> Option<Time> {
        self.take_any(b"T ").then_some(())?;
        let hour = self.number(2)?;
        self.iso_clock(hour, extended)
    }

    /// What follows the hour. The format of the seconds has to be the date's.
    fn iso_clock(&mut self, hour: u32, extended: bool) -> Option<Time> {
        let mut time = Time { hour, ..Time::default() };
        if !self.time_ends() {
            let colon = self.take(b':');
            time.minute = self.number(2)?;
            if !self.time_ends() {
                if colon {
                    self.take(b':').then_some(())?;
                }
                time.second = self.number(2)?;
                self.fraction(b".,", &mut time)?;
                (colon == extended).then_some(())?;
            }
            (colon || !extended).then_some(())?;
        }
        self.offset(&mut time)?;
        Some(time)
    }

    /// The fraction of a second, if there is one; anything but a digit after its mark is an error.
    fn fraction(&mut self, marks: &[u8], time: &mut Time) -> Option<()> {
        if !self.take_any(marks) {
            return Some(());
        }
        let digits = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        (digits > 0).then_some(())?;
        let (fraction, rest) = self.rest.split_at_checked(digits)?;
        let mut scale = 100_000;
        for byte in fraction {
            if scale > 0 {
                time.micros += u32::from(byte - b'0') * scale;
                scale /= 10;
            } else if *byte != b'0' {
                time.truncated = true;
            }
        }
        self.rest = rest;
        Some(())
    }

    /// `Z`, `±hh`, `±hhmm`, `±hh:mm` or nothing.
    fn offset(&mut self, time: &mut Time) -> Option<()> {
        if self.take(b'Z') {
            return Some(());
        }
        let sign = match self.peek() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Some(()),
        };
        self.rest = self.rest.get(1..)?;
        let hours = self.number(2)?;
        self.take(b':');
        let minutes = if self.rest.is_empty() { 0 } else { self.number(2)? };
        time.offset = sign * i64::from(hours * 60 + minutes);
        Some(())
    }

    fn common_month_and_day(&mut self) -> Option<(u32, u32)> {
        self.take_any(b"/:");
        let month = self.number(2)?;
        self.take_any(b"/:");
        Some((month, self.number(2)?))
    }

    /// `[ ]h:m[:s][.f]` up to the end of the text.
    fn common_time(&mut self) -> Option<Time> {
        self.take(b' ');
        let hour = self.short_number()?;
        self.take(b':').then_some(())?;
        let minute = self.short_number()?;
        let second = if self.take(b':') { self.short_number()? } else { 0 };
        let mut time = Time { hour, minute, second, ..Time::default() };
        let before = self.rest.len();
        self.fraction(b".|,", &mut time)?;
        // The mark and at most nine digits.
        (before - self.rest.len() <= 10).then_some(())?;
        self.end()?;
        Some(time)
    }
}

#[cfg(test)]
#[path = "timestamp_tests.rs"]
mod tests;
