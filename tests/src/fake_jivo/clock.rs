//! Writes times of day without a formatter, for the messages.

use super::messages::padded;

/// Appends `seconds` since 1970 and `millis` as `2026-01-01T00:00:00.000Z`.
pub(super) fn write_iso(out: &mut Vec<u8>, seconds: u64, millis: u64) {
    let (year, month, day) = civil(seconds / 86_400);
    let second_of_day = seconds % 86_400;
    padded(out, year, 4);
    for (mark, value, width) in [
        (b'-', month, 2),
        (b'-', day, 2),
        (b'T', second_of_day / 3600, 2),
        (b':', second_of_day / 60 % 60, 2),
        (b':', second_of_day % 60, 2),
        (b'.', millis, 3),
    ] {
        out.push(mark);
        padded(out, value, width);
    }
    out.push(b'Z');
}

/// Year, month and day of a day number counted from 1970-01-01, in the Gregorian calendar.
///
/// Years start in March here, so that the leap day is a year's last and month lengths follow one formula.
fn civil(days_since_1970: u64) -> (u64, u64, u64) {
    let days = days_since_1970 + 719_468;
    let era_day = days % 146_097;
    let era_year = (era_day - era_day / 1460 + era_day / 36_524 - era_day / 146_096) / 365;
    let year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
    let shifted = (5 * year_day + 2) / 153;
    let day = year_day - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (days / 146_097 * 400 + era_year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds: u64, expect: &str) {
        let mut out = Vec::new();
        write_iso(&mut out, seconds, 7);
        assert_eq!(String::from_utf8(out).unwrap(), expect);
    }

    #[test]
    fn known_moments() {
        check(0, "1970-01-01T00:00:00.007Z");
        check(951_782_399, "2000-02-28T23:59:59.007Z");
        check(951_782_400, "2000-02-29T00:00:00.007Z");
        check(1_767_225_599, "2025-12-31T23:59:59.007Z");
        check(1_767_225_600, "2026-01-01T00:00:00.007Z");
    }
}
