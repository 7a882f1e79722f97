//! Which endpoint a path names, and what it answers when all is well. Pure.

use super::faults::{Fault, Reply};
use super::messages::Direction;
use super::options::{Contract, Options};
use super::pages::{PageRequest, page};

/// The answer of `channel_info`.
const CHANNEL_INFO: &str = r#"{"id":"90017","name":"Лавка / Support desk 💬","type":"chat_api","is_active":true,"created_at":"2025-11-03T08:15:30Z","response_time_avg":41.75,"owner":null,"settings":{"language":"en","languages":["en","ru","nb"],"working_hours":{"timezone":"UTC","from":"08:00","to":"18:00"}},"agents":[{"id":7,"name":"Omar","online":true,"skills":[{"title":"returns"},{"title":"shoes"}]},{"id":8,"name":"Lidia","online":false,"skills":[]}]}"#;

/// The answer of `health`.
const HEALTH: &str = r#"{"status":"ok","version":"4.11.0","uptime_seconds":86400.5,"checks":[{"name":"queue","ok":true,"latency_ms":1.25},{"name":"storage","ok":true,"latency_ms":7}],"last_event_at":"2026-01-01T00:00:00Z"}"#;

/// The answer to a message of the Chat API.
const TAKEN: &str = r#"{"result":"ok"}"#;

/// One request, as far as routing cares.
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    /// `scheme://host:port` as the client named it.
    pub(super) origin: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
}

/// The part of `path` below the channel (`status`; empty for the channel itself); none outside of the channel.
pub(super) fn endpoint<'a>(options: &Options, path: &'a str) -> Option<&'a str> {
    let below = path.strip_prefix('/')?.strip_prefix(&options.random)?.strip_prefix('/')?;
    let below = below.strip_prefix(&options.public_id)?;
    if below.is_empty() { Some("") } else { below.strip_prefix('/') }
}

/// Answers a call, bent by `fault` where that concerns the content of a page.
pub(super) fn answer(options: &Options, call: &Call<'_>, fault: Option<&Fault>) -> Reply {
    let Some(endpoint) = endpoint(options, call.path) else {
        return failure(options, 404, "Channel not found");
    };
    if call.method == "POST" && endpoint.is_empty() {
        return Reply::json(200, TAKEN);
    }
    if call.method != "GET" {
        return failure(options, 405, "Method not allowed").header("allow", "GET");
    }
    let messages = |direction| {
        page(options, &PageRequest { direction, origin: call.origin, path: call.path, query: call.query }, fault)
    };
    match (endpoint, options.contract) {
        ("status", _) if options.status.starts_with('{') => Reply::json(200, options.status.clone()),
        ("status", _) => Reply::text(200, options.status.clone()),
        ("", Contract::Brief) => Reply::json(200, CHANNEL_INFO),
        ("health", Contract::Brief) => Reply::json(200, HEALTH),
        ("inbound_messages", Contract::Brief) => messages(Direction::Inbound),
        ("outbound_messages", Contract::Brief) => messages(Direction::Outbound),
        _ => failure(options, 404, "Not found"),
    }
}

fn failure(options: &Options, status: u16, message: &str) -> Reply {
    match options.contract {
        Contract::Brief => Reply::error(status, message),
        Contract::Documented => Reply::text(status, message.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(contract: Contract, path: &str, status: u16, body: &str) {
        let options = Options { contract, random: "r".into(), public_id: "p".into(), ..Options::default() };
        let reply = answer(&options, &Call { method: "GET", origin: "http://h:1", path, query: "" }, None);
        assert_eq!(reply.status, status, "{path}");
        assert!(String::from_utf8_lossy(&reply.body).contains(body), "{path}");
    }

    #[test]
    fn the_brief_has_five_endpoints() {
        check(Contract::Brief, "/r/p/status", 200, "1");
        check(Contract::Brief, "/r/p", 200, r#""type":"chat_api""#);
        check(Contract::Brief, "/r/p/health", 200, r#""status":"ok""#);
        check(Contract::Brief, "/r/p/inbound_messages", 200, r#"{"data":[{"id":"in-0000001""#);
        check(Contract::Brief, "/r/p/outbound_messages", 200, r#"{"data":[{"id":"out-0000001""#);
    }

    #[test]
    fn the_documentation_has_one_endpoint() {
        check(Contract::Documented, "/r/p/status", 200, "1");
        for path in ["/r/p", "/r/p/health", "/r/p/inbound_messages"] {
            check(Contract::Documented, path, 404, "Not found");
        }
    }

    #[test]
    fn messages_are_posted_to_the_channel() {
        let options = Options { random: "r".into(), public_id: "p".into(), ..Options::default() };
        for (path, status) in [("/r/p", 200), ("/r/p/status", 405), ("/r/q", 404)] {
            let call = Call { method: "POST", origin: "http://h:1", path, query: "" };
            assert_eq!(answer(&options, &call, None).status, status, "{path}");
        }
    }

    #[test]
    fn another_channel_is_not_found() {
        for path in ["/", "/r", "/r/q", "/q/p/status", "/r/p2", "/rp/status"] {
            check(Contract::Brief, path, 404, r#"{"error":{"code":404,"message":"Channel not found"}}"#);
            check(Contract::Documented, path, 404, "Channel not found");
        }
    }
}
