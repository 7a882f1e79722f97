//! What the pipeline asks of a source, and how a source fails.

use std::{future::Future, time::Duration};

use crate::model::{Event, Outcome, Page, PageRequest, RelayRequest, RelayVerdict, ResourceSpec, Traffic};

/// Something that lists resources and fetches pages: a component in its sandbox, or a stand-in for tests.
pub trait Source {
    /// The resources that there are with the configuration the source was made with.
    fn resources(&self) -> impl Future<Output = Result<Vec<ResourceSpec>, SourceError>>;

    /// Fetches one page. Asking again with the same request is always safe.
    fn fetch_page(&self, request: PageRequest) -> impl Future<Output = Result<Page, SourceError>>;
}

/// Something that says what the events of a service mean.
pub trait EventHandler: Send + Sync + 'static {
    /// Says what an event means and what the service is answered. The same event has the same outcome, whenever it is asked
    /// for; after an error it can be handed in again.
    fn handle_event(&self, event: &Event) -> impl Future<Output = Result<Outcome, SourceError>> + Send;
}

/// Something that passes messages on to a service.
pub trait MessageRelay: Send + Sync + 'static {
    /// Whether it can pass on anything at all.
    fn relays(&self) -> bool;

    /// Says what is done with a message. After an error nothing is.
    fn plan_message(&self, message: &Event) -> impl Future<Output = Result<RelayVerdict, SourceError>> + Send;

    /// Sends a request to the service, once.
    fn send(&self, request: &RelayRequest) -> impl Future<Output = Sent> + Send;
}

/// What became of a request to the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The service answered: the status, and the beginning of what it said.
    Answered(u16, String),
    /// There was no answer, and the service may have the request or not.
    Unanswered(String),
    /// It was not sent, since nothing grants it: the reason, and the line that would.
    Denied(String, Option<String>),
}

/// What kind of failure it is. The kind decides what happens next: see [`ErrorKind::is_retried`] and the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration must change.
    Config,
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
    /// The service answered something that is not understood.
    InvalidResponse,
    /// The cursor is no longer accepted.
    CursorExpired,
    /// A request to an origin that was not granted; told in the traffic, too.
    Denied,
    /// The component was aborted by the runtime.
    Trap,
    /// A limit of the sandbox was reached.
    Limit,
}

impl ErrorKind {
    /// The word used in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Auth => "auth",
            Self::NotFound => "not-found",
            Self::RateLimited => "rate-limited",
            Self::Transient => "transient",
            Self::Permanent => "permanent",
            Self::InvalidResponse | Self::CursorExpired => "invalid-response",
            Self::Denied => "denied",
            Self::Trap => "trap",
            Self::Limit => "limit",
        }
    }

    /// Whether the sandbox stopped the component.
    pub fn is_of_sandbox(self) -> bool {
        matches!(self, Self::Denied | Self::Trap | Self::Limit)
    }

    /// Whether the same page is asked for again.
    pub fn is_retried(self) -> bool {
        matches!(self, Self::RateLimited | Self::Transient)
    }
}

/// Why a call of the source failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
#[error("{message}")]
pub struct SourceError {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// What failed and where, for people.
    pub message: String,
    /// Advice that is not part of the message: the line to add, the key to raise.
    pub hint: Option<String>,
    /// The status of the answer, when there was one.
    pub http_status: Option<u16>,
    /// The service's own code.
    pub code: Option<String>,
    /// How long the service said to wait.
    pub retry_after: Option<Duration>,
    /// What the failed attempt took.
    pub traffic: Traffic,
}

impl SourceError {
    /// An error with nothing but a kind and a message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            http_status: None,
            code: None,
            retry_after: None,
            traffic: Traffic::default(),
        }
    }
}
