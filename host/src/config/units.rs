//! Durations and sizes as people write them: `30s`, `5m`, `256MiB`.

use std::time::Duration;

/// Reads a duration such as `30s`, `1m 30s` or `250ms`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("`{text}` is no duration ({error}); write one like `30s`, `5m` or `250ms`"))
}

/// Reads a size in bytes such as `64KiB`, `256 MiB` or `1000`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    text.parse::<bytesize::ByteSize>()
        .map(|size| size.as_u64())
        .map_err(|_| format!("`{text}` is no size; write one like `64KiB`, `256MiB` or `1000`"))
}

/// Reads a size per second such as `64KiB/s`; the `/s` may be left out.
pub(crate) fn size_per_second(text: &str) -> Result<u64, String> {
    size(text.strip_suffix("/s").unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_binary_and_decimal_units() {
        for (text, expected) in
            [("64KiB", 65_536), ("256MiB", 268_435_456), ("1 GiB", 1_073_741_824), ("1000", 1000), ("1kB", 1000)]
        {
            assert_eq!(size(text), Ok(expected), "{text}");
        }
        assert_eq!(size_per_second("64KiB/s"), Ok(65_536));
        for text in ["", "many", "-1", "1 parsec"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("5m"), Ok(Duration::from_mins(5)));
        for text in ["", "5", "soon", "-1s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
