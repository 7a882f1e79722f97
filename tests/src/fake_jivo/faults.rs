//! What can go wrong, and when: a script of faults by endpoint and request number.

use std::ops::{Bound, RangeBounds};
use std::time::Duration;

use bytes::Bytes;

/// A whole answer in place of the usual one.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Header fields; `content-length` comes of itself.
    pub headers: Vec<(String, String)>,
    /// The body as it goes over the wire.
    pub body: Bytes,
}

impl Reply {
    /// An answer with a JSON body.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, "application/json; charset=utf-8", body)
    }

    /// An answer in plain text.
    pub fn text(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    /// An answer of the given media type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: vec![("content-type".to_owned(), content_type.to_owned())], body: body.into() }
    }

    /// The product brief's error answer.
    pub fn error(status: u16, message: &str) -> Self {
        Self::json(status, serde_json::json!({"error": {"code": status, "message": message}}).to_string())
    }

    /// Adds a header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// What happens to a request in place of the usual answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Another answer.
    Answer(Reply),
    /// Status 429, with a `Retry-After` date that is so far ahead of the answer's own date.
    BusyFor(Duration),
    /// The connection is closed with no byte sent.
    CloseBeforeAnswer,
    /// Nothing is sent, and the connection stays open.
    StallBeforeHead,
    /// The head is sent, then nothing more.
    StallAfterHead,
    /// The head and half of the body are sent, then nothing more.
    StallMidBody,
    /// Half of the body is sent, then the connection is reset.
    ResetMidBody,
    /// Half of the body is all there is, and `content-length` says so.
    TruncatedBody,
    /// The body arrives in pieces of some bytes, with a pause before each.
    Drip {
        /// Bytes per piece.
        bytes: usize,
        /// Pause before each piece.
        every: Duration,
    },
    /// The usual body, encoded in gzip.
    Gzip,
    /// The page links to itself.
    RepeatCursor,
    /// The page's link or cursor to the next one is this text.
    NextIs(String),
    /// The page's records are these, JSON texts separated by commas; its link stays.
    Records(String),
}

/// The faults of one stand-in.
#[derive(Debug, Default)]
pub struct Script {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    endpoint: String,
    requests: (Bound<usize>, Bound<usize>),
    fault: Fault,
}

impl Script {
    /// Adds a fault for some requests to an endpoint, counted from 1.
    pub fn add(&mut self, endpoint: &str, requests: impl RangeBounds<usize>, fault: Fault) {
        let requests = (requests.start_bound().cloned(), requests.end_bound().cloned());
        self.rules.push(Rule { endpoint: endpoint.to_owned(), requests, fault });
    }

    /// The fault for request number `request` to `endpoint`; a rule added later wins.
    pub fn find(&self, endpoint: &str, request: usize) -> Option<Fault> {
        let found = self.rules.iter().rev().find(|rule| rule.endpoint == endpoint && rule.requests.contains(&request));
        found.map(|rule| rule.fault.clone())
    }

    /// Forgets all faults.
    pub fn clear(&mut self) {
        self.rules.clear();
    }
}
