//! How much a component may ask of the network, and the note of a limit that was reached.

use std::{fmt, time::Duration};

/// The limits that the HTTP capability keeps.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// Longest silence of a server.
    pub idle: Duration,
    /// Decoded bytes of one response body.
    pub response: u64,
    /// Bytes of the status line and headers of one response.
    pub response_head: u64,
    /// Requests of one call.
    pub requests_per_page: u32,
    /// Requests that are under way at once to one origin.
    pub connections: u32,
}

/// A limit of the sandbox that was reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("{what} reached {reached}, more than the limit of {limit}")]
pub struct LimitHit {
    /// The key below `[source.limits]` that raises it; none for a limit that is fixed.
    pub key: Option<&'static str>,
    /// What was measured, as the subject of a sentence.
    pub what: String,
    /// The value that was reached, with its unit.
    pub reached: String,
    /// The value that was allowed, with its unit.
    pub limit: String,
}

impl LimitHit {
    /// A limit on bytes; `reached` is a lower bound when counting stopped at the limit.
    pub fn bytes(key: impl Into<Option<&'static str>>, what: impl Into<String>, reached: u64, limit: u64) -> Self {
        let (reached, limit) = (Bytes(reached).to_string(), Bytes(limit).to_string());
        Self { key: key.into(), what: what.into(), reached, limit }
    }

    /// A limit on a number of things.
    pub fn count(key: impl Into<Option<&'static str>>, what: impl Into<String>, reached: u64, limit: u64) -> Self {
        Self { key: key.into(), what: what.into(), reached: reached.to_string(), limit: limit.to_string() }
    }

    /// A limit on time.
    pub fn time(
        key: impl Into<Option<&'static str>>,
        what: impl Into<String>,
        reached: Duration,
        limit: Duration,
    ) -> Self {
        // Digits below the millisecond say nothing here.
        let reached = Duration::from_millis(u64::try_from(reached.as_millis()).unwrap_or(u64::MAX));
        Self { key: key.into(), what: what.into(), reached: format!("{reached:?}"), limit: format!("{limit:?}") }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> String {
        match self.key {
            Some(key) => format!("raise `{key}` in [source.limits], if the component is to be trusted with more"),
            None => "this limit is fixed, far above what components need: tell its author".to_owned(),
        }
    }
}

/// A number of bytes as people write it: exact when it is a whole number of a unit.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1_u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        if let Some((unit, name)) = units.iter().find(|(unit, _)| self.0 >= *unit && self.0.is_multiple_of(*unit)) {
            return write!(f, "{}{name}", self.0 / unit);
        }
        write!(f, "{} bytes", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_for_people() {
        fn check(bytes: u64, expect: &str) {
            assert_eq!(Bytes(bytes).to_string(), expect);
        }
        check(0, "0 bytes");
        check(1023, "1023 bytes");
        check(1024, "1KiB");
        check(64 << 20, "64MiB");
        check((64 << 20) + 1, "67108865 bytes");
        check(2 << 30, "2GiB");
    }
}
