//! Takes out of a transcript what differs from run to run.

use std::sync::LazyLock;

use regex::Regex;

/// Patterns and what is shown in their place, in this order: the longer forms come first.
static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b\d{10}\.\d{1,9}\b", "[LOAD ID]"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?", "[TIME]"),
        (r"(127\.0\.0\.1|localhost):\d+", "$1:[PORT]"),
        (r"(?i)\bpid[ :]+\d+", "PID [PID]"),
        (r"[\d,.]+ (rows|records|MB|MiB|KiB|bytes)/s", "[RATE] $1/s"),
        (r"\b\d+(\.\d+)? ?(ms|seconds?|s)\b", "[ELAPSED]"),
        (r"\bsgt-[A-Za-z0-9_-]{22}", "[TOKEN]"),
        (r"/tmp/\.tmp[A-Za-z0-9]+", "[DIR]"),
    ]
    .map(|(pattern, shown)| (Regex::new(pattern).unwrap(), shown))
    .into()
});

/// Replaces load ids, times, ports, process ids, rates, elapsed times, tokens and temporary folders.
pub fn redact(text: &str) -> String {
    RULES.iter().fold(text.to_owned(), |text, (pattern, shown)| pattern.replace_all(&text, *shown).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        assert_eq!(redact(text), expect);
    }

    #[test]
    fn what_varies_is_taken_out() {
        check("completed in 0.26 seconds", "completed in [ELAPSED]");
        check("Load package 1749667187.541553 is LOADED", "Load package [LOAD ID] is LOADED");
        check("http://127.0.0.1:40211/r/p", "http://127.0.0.1:[PORT]/r/p");
        check("250 rows, 12,345 rows/s at 2026-01-01T00:00:00Z", "250 rows, [RATE] rows/s at [TIME]");
        check("held by PID 4711", "held by PID [PID]");
        check("duckdb:/tmp/.tmpAb12Cd/jivochat.duckdb", "duckdb:[DIR]/jivochat.duckdb");
    }
}
