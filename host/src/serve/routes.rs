//! Which address is what: the hook and the relay with their key, health, readiness and metrics. Anything else is not there.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE},
};
use http_body_util::Full;
use hyper::body::Incoming;

use super::{
    HookKey,
    inbox::Inbox,
    metrics::MEDIA_TYPE,
    receive::{Receiver, Reply, plain},
    relay::Relays,
};
use crate::source::{EventHandler, MessageRelay};

/// What a listener answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doors {
    /// Hooks and health, for the world.
    Public,
    /// Readiness and metrics, for those who run the program.
    Admin,
    /// All of it.
    Both,
}

/// Answers requests.
pub(super) struct Routes<H> {
    pub(super) receiver: Receiver<H>,
    pub(super) key: Arc<RwLock<HookKey>>,
    pub(super) inbox: Mutex<Inbox>,
    /// None when the component passes no messages on.
    pub(super) relays: Option<Arc<Relays<H>>>,
}

impl<H: EventHandler + MessageRelay> Routes<H> {
    /// Answers one request.
    pub(super) async fn answer(&self, doors: Doors, request: Request<Incoming>) -> Reply {
        let path = request.uri().path();
        let (public, admin) = (doors != Doors::Admin, doors != Doors::Public);
        match path {
            "/healthz" if public => read_only(&request, || plain(StatusCode::OK, "ok")),
            "/readyz" if admin => read_only(&request, || self.ready()),
            "/metrics" if admin => read_only(&request, || self.metrics()),
            _ => match (behind("/hook/", request.uri()), behind("/relay/", request.uri()), &self.relays) {
                (Some((key, rest)), _, _) if public && self.is_key(key) => self.receiver.receive(request, rest).await,
                (_, Some((key, rest)), Some(relays)) if public && self.is_key(key) => {
                    self.receiver.relay(relays, request, &rest).await
                }
                _ => plain(StatusCode::NOT_FOUND, "not found"),
            },
        }
    }

    fn is_key(&self, text: &str) -> bool {
        self.key.read().unwrap_or_else(PoisonError::into_inner).is(text)
    }

    /// Whether events are taken and loaded.
    fn ready(&self) -> Reply {
        if !self.receiver.backlog.has_room() {
            plain(StatusCode::SERVICE_UNAVAILABLE, "the inbox is full")
        } else if !self.receiver.metrics.is_ready() {
            plain(StatusCode::SERVICE_UNAVAILABLE, "events are kept, but not loaded: see the log")
        } else {
            plain(StatusCode::OK, "ready")
        }
    }

    fn metrics(&self) -> Reply {
        let waiting = self.receiver.backlog.waiting();
        let inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = inbox.loaded_through().and_then(|through| inbox.waiting(through, 1, 0)).unwrap_or_default();
        drop(inbox);
        let age = oldest.first().map(|kept| super::now_ms().saturating_sub(kept.event.received_at_ms));
        let age = Duration::from_millis(age.unwrap_or_default());
        if let Some(relays) = &self.relays {
            let waiting = i64::try_from(relays.waiting()).unwrap_or(i64::MAX);
            self.receiver.metrics.relays.waiting.set(waiting);
        }
        let text = self.receiver.metrics.text(waiting.events, waiting.bytes, age);
        let mut reply = Response::new(Full::new(Bytes::from(text)));
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        reply
    }
}

/// The key in an address, and what stands behind it; none when the address does not begin so.
fn behind<'u>(begin: &str, uri: &'u http::Uri) -> Option<(&'u str, String)> {
    let path = uri.path().strip_prefix(begin)?;
    let (key, more) = path.find('/').map_or((path, ""), |at| path.split_at(at));
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    Some((key, format!("{more}{query}")))
}

fn read_only(request: &Request<Incoming>, answer: impl FnOnce() -> Reply) -> Reply {
    match *request.method() {
        Method::GET | Method::HEAD => answer(),
        _ => {
            let mut refusal = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET is taken here");
            refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            refusal
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_s_address_has_a_key_and_a_rest() {
        let cases = [
            ("/hook/abc", Some(("abc", ""))),
            ("/hook/abc?x=1", Some(("abc", "?x=1"))),
            ("/hook/abc/more?x", Some(("abc", "/more?x"))),
            ("/hook/", Some(("", ""))),
            ("/hooks/abc", None),
            ("/hook", None),
            ("/", None),
        ];
        for (uri, expect) in cases {
            let uri: http::Uri = uri.parse().unwrap();
            let found = behind("/hook/", &uri);
            assert_eq!(found.as_ref().map(|(key, rest)| (*key, rest.as_str())), expect, "{uri}");
        }
    }
}
