//! The one error type of the component; it becomes the contract's error at the edge.

use std::fmt;

use crate::bindings::types;

/// Which action the host is to take; the cases of the contract's `error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The configuration must change.
    InvalidConfig,
    /// The credentials were refused.
    Auth,
    /// What was asked for does not exist.
    NotFound,
    /// Refused for pace.
    RateLimited,
    /// May succeed unchanged later.
    Transient,
    /// Will not succeed unchanged.
    Permanent,
    /// An answer that the component does not understand.
    InvalidResponse,
    /// The cursor is no longer accepted.
    CursorExpired,
}

/// Why a call failed. The message is for people, in lower case, without a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What the host is to do.
    pub kind: Kind,
    /// What failed, where, and the service's own words.
    pub message: String,
    /// The status of the answer, when there was one.
    pub http_status: Option<u16>,
    /// The service's own code, or the name of the transport's error code.
    pub code: Option<String>,
    /// How long the service said to wait, from now.
    pub retry_after_ms: Option<u64>,
}

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error of a kind with a message and nothing else known.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), http_status: None, code: None, retry_after_ms: None }
    }

    /// Makes an `invalid-config` error.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::InvalidConfig, message)
    }

    /// Makes an `invalid-response` error.
    pub fn invalid_response(message: impl Into<String>) -> Self {
        Self::new(Kind::InvalidResponse, message)
    }

    /// Adds the code that the service or the transport gave.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds the status of the answer, unless it is known already.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.http_status.get_or_insert(status);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<Error> for types::Error {
    fn from(error: Error) -> Self {
        let case = match error.kind {
            Kind::InvalidConfig => Self::InvalidConfig,
            Kind::Auth => Self::Auth,
            Kind::NotFound => Self::NotFound,
            Kind::RateLimited => Self::RateLimited,
            Kind::Transient => Self::Transient,
            Kind::Permanent => Self::Permanent,
            Kind::InvalidResponse => Self::InvalidResponse,
            Kind::CursorExpired => Self::CursorExpired,
        };
        case(types::ErrorInfo {
            message: error.message,
            http_status: error.http_status,
            code: error.code,
            retry_after_ms: error.retry_after_ms,
        })
    }
}
