//! An event comes in: its body is read, the component says what it means, the inbox keeps it, and only then is it answered.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, RETRY_AFTER},
};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::{
    backlog::Backlog,
    flush::tell_unhandled,
    inbox::{NewEvent, Stored},
    metrics::Metrics,
    writer::Writer,
};
use crate::{
    model::{Answer, Delivery, Event},
    privacy::Guard,
    source::EventHandler,
};

/// How long a client may take to send a body.
const BODY_TIME: Duration = Duration::from_secs(15);

/// Events that are handled at the same time; others are told to come again. Each may hold a whole body.
const IN_FLIGHT: usize = 256;

/// What is answered to whoever shall come again, in seconds.
const RETRY_AFTER_SECONDS: u32 = 10;

/// Header fields that concern the connection alone.
const OF_CONNECTION: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(super) type Reply = Response<Full<Bytes>>;

/// Why a request is no event: the status and a word for people.
pub(super) struct Refusal(StatusCode, &'static str);

const TOO_LARGE: Refusal = Refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");

/// Takes events.
pub(super) struct Receiver<H> {
    pub(super) handler: Arc<H>,
    pub(super) writer: Writer,
    pub(super) backlog: Arc<Backlog>,
    pub(super) metrics: Arc<Metrics>,
    /// Takes out of events what is not kept.
    pub(super) guard: Guard,
    /// Most bytes of a body.
    pub(super) body: u64,
    pub(super) in_flight: Semaphore,
}

impl<H: EventHandler> Receiver<H> {
    pub(super) fn new(
        handler: Arc<H>,
        writer: Writer,
        backlog: Arc<Backlog>,
        metrics: Arc<Metrics>,
        guard: Guard,
        body: u64,
    ) -> Self {
        Self { handler, writer, backlog, metrics, guard, body, in_flight: Semaphore::new(IN_FLIGHT) }
    }

    /// Answers a request to the hook. `rest` is what stands behind its address.
    pub(super) async fn receive(&self, request: Request<Incoming>, rest: String) -> Reply {
        if let Err(refusal) = self.check(&request) {
            return self.refuse(&refusal);
        }
        let Ok(_permit) = self.in_flight.try_acquire() else { return self.turn_away("too many events at once") };
        if !self.backlog.has_room() {
            return self.turn_away("the inbox is full");
        }
        let event = match self.event(request, rest).await {
            Ok(event) => event,
            Err(refusal) => return self.refuse(&refusal),
        };
        self.metrics.received.inc();
        let began = Instant::now();
        let reply = self.keep(event).await;
        self.metrics.answered(began.elapsed());
        reply
    }

    /// Reads a request to its end.
    pub(super) async fn event(&self, request: Request<Incoming>, rest: String) -> Result<Event, Refusal> {
        let (head, body) = request.into_parts();
        let body = self.read(body).await?;
        Ok(Event {
            method: head.method.as_str().to_owned(),
            path_with_query: rest,
            headers: headers(&head.headers),
            body,
            received_at_ms: super::now_ms(),
            relay: None,
        })
    }

    /// Refuses what is no event, before its body is read.
    pub(super) fn check(&self, request: &Request<Incoming>) -> Result<(), Refusal> {
        if request.method() != Method::POST {
            return Err(Refusal(StatusCode::METHOD_NOT_ALLOWED, "only POST is taken here"));
        }
        let headers = request.headers();
        if !is_taken(headers) {
            let reason = "only JSON and plain text are taken, and not encoded";
            return Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
        }
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > self.body) {
            return Err(TOO_LARGE);
        }
        Ok(())
    }

    async fn read(&self, body: Incoming) -> Result<Bytes, Refusal> {
        let limit = usize::try_from(self.body).unwrap_or(usize::MAX);
        match tokio::time::timeout(BODY_TIME, Limited::new(body, limit).collect()).await {
            Ok(Ok(collected)) => Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(TOO_LARGE),
            Ok(Err(_)) => Err(Refusal(StatusCode::BAD_REQUEST, "the body did not come whole")),
            Err(_) => Err(Refusal(StatusCode::REQUEST_TIMEOUT, "the body took too long")),
        }
    }

    /// Has the event handled and kept. One that the component cannot handle is kept, too, and shall come again.
    async fn keep(&self, event: Event) -> Reply {
        match self.handler.handle_event(&event).await {
            Ok(outcome) if outcome.forgotten => {
                self.metrics.forgotten.inc();
                reply(outcome.answer)
            }
            Ok(outcome) => {
                let event = self.guard.event(event);
                let new = NewEvent { event, dedupe_key: outcome.dedupe_key, unhandled: None };
                self.store(new, outcome.deliveries, Some(outcome.answer)).await
            }
            Err(_) if self.guard.absent().is_some_and(|absent| absent.is_named(&event.body)) => {
                self.metrics.forgotten.inc();
                self.turn_away("the event could not be handled")
            }
            Err(error) => {
                self.metrics.unhandled.inc();
                tell_unhandled(None, &error);
                let event = self.guard.event(event);
                // The same event, sent again because of the answer, is kept once.
                let digest = Sha256::new().chain_update(&event.path_with_query).chain_update(&event.body).finalize();
                let dedupe_key = Some(format!("unhandled:{}", STANDARD_NO_PAD.encode(digest)));
                let new = NewEvent { event, dedupe_key, unhandled: Some(error.message) };
                self.store(new, Vec::new(), None).await
            }
        }
    }

    async fn store(&self, new: NewEvent, deliveries: Vec<Delivery>, answer: Option<Answer>) -> Reply {
        match self.writer.store(new, deliveries).await {
            Ok(stored) => {
                let Some(answer) = answer else { return self.turn_away("the event could not be handled yet") };
                self.metrics.acknowledged.inc();
                if stored == Stored::Duplicate {
                    self.metrics.duplicates.inc();
                }
                reply(answer)
            }
            Err(error) => {
                tracing::warn!(hint = error.hint, "an event was turned away: {error}");
                self.turn_away("the event could not be kept")
            }
        }
    }

    pub(super) fn refuse(&self, Refusal(status, reason): &Refusal) -> Reply {
        self.metrics.refused.inc();
        let mut reply = plain(*status, reason);
        if *status == StatusCode::METHOD_NOT_ALLOWED {
            reply.headers_mut().insert(ALLOW, http::HeaderValue::from_static("POST"));
        }
        reply
    }

    pub(super) fn turn_away(&self, reason: &str) -> Reply {
        self.metrics.turned_away.inc();
        let mut reply = plain(StatusCode::SERVICE_UNAVAILABLE, reason);
        reply.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS.into());
        reply
    }
}

/// A short answer for people.
pub(super) fn plain(status: StatusCode, text: &str) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(format!("{text}\n"))));
    *reply.status_mut() = status;
    let kind = http::HeaderValue::from_static("text/plain; charset=utf-8");
    reply.headers_mut().insert(CONTENT_TYPE, kind);
    reply
}

/// The component's own answer.
pub(super) fn reply(answer: Answer) -> Reply {
    let mut reply = Response::new(Full::new(answer.body));
    *reply.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    if let Some(kind) = answer.content_type.and_then(|kind| kind.parse().ok()) {
        reply.headers_mut().insert(CONTENT_TYPE, kind);
    }
    reply
}

/// Whether a body of this kind is taken: JSON, plain text, or one that is called nothing; as it is, without an encoding.
fn is_taken(headers: &HeaderMap) -> bool {
    let identity = |encoding: &http::HeaderValue| encoding.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| !identity(encoding)) {
        return false;
    }
    let Some(kind) = headers.get(CONTENT_TYPE) else { return true };
    let Ok(kind) = kind.to_str() else { return false };
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"));
    is_json || kind == "text/plain"
}

fn headers(headers: &HeaderMap) -> Vec<(String, Bytes)> {
    let own = |(name, _): &(&HeaderName, &http::HeaderValue)| !OF_CONNECTION.contains(&name.as_str());
    let pair = |(name, value): (&HeaderName, &http::HeaderValue)| {
        (name.as_str().to_owned(), Bytes::copy_from_slice(value.as_bytes()))
    };
    headers.iter().filter(own).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_told_apart_by_their_kind() {
        let cases = [
            (None, None, true),
            (Some("application/json"), None, true),
            (Some("Application/JSON; charset=utf-8"), None, true),
            (Some("application/problem+json"), None, true),
            (Some("text/plain"), Some("identity"), true),
            (Some("text/html"), None, false),
            (Some("application/x-www-form-urlencoded"), None, false),
            (Some("application/json"), Some("gzip"), false),
            (Some(""), None, false),
        ];
        for (kind, encoding, expect) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in [(CONTENT_TYPE, kind), (CONTENT_ENCODING, encoding)] {
                if let Some(value) = value {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            assert_eq!(is_taken(&headers), expect, "{kind:?} {encoding:?}");
        }
    }

    #[test]
    fn what_concerns_the_connection_stays_outside() {
        let mut all = HeaderMap::new();
        for name in ["content-type", "transfer-encoding", "x-own", "connection"] {
            all.insert(HeaderName::from_static(name), "a".parse().unwrap());
        }
        let names: Vec<_> = headers(&all).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["content-type", "x-own"]);
    }
}
