//! How much a component may use, as `[source.limits]` says.

use std::time::Duration;

use crate::http::limits::HttpLimits;

/// The limits of a source; the default is what holds when nothing is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of linear memory, all memories of the component together.
    pub memory: u64,
    /// Time that the component itself runs during one call.
    pub page_cpu: Duration,
    /// Wall clock of one call.
    pub page_time: Duration,
    /// Longest silence of a server.
    pub idle: Duration,
    /// Decoded bytes of one response body.
    pub response: u64,
    /// Bytes of the head of one response.
    pub response_head: u64,
    /// Bytes of one page: records and rejected records.
    pub page_bytes: u64,
    /// Records of one page.
    pub page_records: u64,
    /// Requests of one call.
    pub requests_per_page: u32,
    /// Pages of one resource in one run; the pipeline counts them.
    pub pages: u64,
    /// Requests under way at once to one origin.
    pub connections: u32,
    /// Handles that are alive at once.
    pub handles: u32,
    /// Bytes per second that the component may log.
    pub log: u64,
    /// Bytes of the component's file.
    pub component: u64,
    /// Wall clock of compiling the component.
    pub compile_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            page_cpu: Duration::from_secs(30),
            page_time: Duration::from_mins(5),
            idle: Duration::from_secs(30),
            response: 64 << 20,
            response_head: 64 << 10,
            page_bytes: 16 << 20,
            page_records: 100_000,
            requests_per_page: 100,
            pages: 100_000,
            connections: 8,
            handles: 10_000,
            log: 64 << 10,
            component: 32 << 20,
            compile_time: Duration::from_mins(1),
        }
    }
}

impl Limits {
    /// The part that the HTTP capability keeps.
    pub fn http(&self) -> HttpLimits {
        HttpLimits {
            idle: self.idle,
            response: self.response,
            response_head: self.response_head,
            requests_per_page: self.requests_per_page,
            connections: self.connections,
        }
    }
}
