//! Times: JivoChat writes seconds since 1970, tables hold timestamps.

use std::time::{Duration, SystemTime};

/// The first millisecond of the year 10000, which no timestamp reaches.
const END_MS: u64 = 253_402_300_800_000;

/// Seconds from here on (the year 5138) are taken for milliseconds.
const MILLISECONDS_FROM: u64 = 100_000_000_000;

/// Milliseconds since 1970 as RFC 3339 in UTC; none beyond the year 9999.
pub fn rfc3339(ms: u64) -> Option<String> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(Some(ms).filter(|ms| *ms < END_MS)?);
    Some(humantime::format_rfc3339_millis(time).to_string())
}

/// Seconds since 1970 as RFC 3339 in UTC; none if the text is something else than a time. A fraction is kept to the
/// millisecond.
pub fn from_seconds(text: &str) -> Option<String> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    if whole >= MILLISECONDS_FROM {
        return rfc3339(whole);
    }
    let millis: u64 = format!("{fraction:0<3}")[..3].parse().ok()?;
    rfc3339(whole * 1000 + millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds() {
        let check = |input: &str, expect: Option<&str>| assert_eq!(from_seconds(input).as_deref(), expect, "{input}");
        check("1767225600", Some("2026-01-01T00:00:00.000Z"));
        check(" 0 ", Some("1970-01-01T00:00:00.000Z"));
        check("1767225600.25", Some("2026-01-01T00:00:00.250Z"));
        check("1767225600.9999", Some("2026-01-01T00:00:00.999Z"));
        check("1767225600123", Some("2026-01-01T00:00:00.123Z"));
        check("99999999999", Some("5138-11-16T09:46:39.000Z"));
        check("253402300799999", Some("9999-12-31T23:59:59.999Z"));
        for text in ["", ".", ".5", "-1", "1e9", "+1", "253402300800000", "99999999999999999999", "2026-01-01", "1.2.3"]
        {
            check(text, None);
        }
    }
}
