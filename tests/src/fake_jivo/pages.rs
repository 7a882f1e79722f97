//! Pages of messages in each way of paging. Pure: a request's query in, a reply out.

use std::io::Write as _;

use super::faults::{Fault, Reply};
use super::messages::{Direction, write_message};
use super::options::{Options, Paging};

/// The largest page a request gets, whatever `limit` it sends.
const MAX_LIMIT: u64 = 10_000;

/// A request for messages.
pub(super) struct PageRequest<'a> {
    pub(super) direction: Direction,
    /// `scheme://host:port` as the client named it.
    pub(super) origin: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
}

/// Where a page starts, how long it is, and what the query called it.
struct Window {
    start: u64,
    limit: u64,
}

/// Answers a request for messages, bent by `fault` where that concerns records or links.
pub(super) fn page(options: &Options, request: &PageRequest<'_>, fault: Option<&Fault>) -> Reply {
    let Some(window) = window(options, request.query) else {
        return Reply::error(400, "Invalid payload");
    };
    let total = match request.direction {
        Direction::Inbound => options.inbound,
        Direction::Outbound => options.outbound,
    };
    let end = (window.start + window.limit).min(total);
    let next = match fault {
        Some(Fault::NextIs(next)) => Some(next.clone()),
        Some(Fault::RepeatCursor) => Some(link(options, request, &window, window.start)),
        _ if end < total => Some(link(options, request, &window, end)),
        _ => None,
    };
    let mut body = Vec::with_capacity(usize::try_from(end.saturating_sub(window.start) * 720 + 512).unwrap_or(0));
    body.extend_from_slice(b"{\"data\":[");
    if let Some(Fault::Records(records)) = fault {
        body.extend_from_slice(records.as_bytes());
    } else {
        for index in window.start..end {
            if index > window.start {
                body.push(b',');
            }
            write_message(&mut body, request.direction, index, 2 * options.page_size);
        }
    }
    body.push(b']');
    // Writing to a `Vec` cannot fail.
    let _ = write_envelope(&mut body, options, &window, total, next.as_deref());
    body.push(b'}');

    let reply = Reply::json(200, body);
    match (options.paging, next) {
        (Paging::HeaderLink, Some(next)) => reply.header("link", format!("<{next}>; rel=\"next\"")),
        (Paging::HeaderCursor, Some(next)) => reply.header("next", next),
        _ => reply,
    }
}

fn write_envelope(
    body: &mut Vec<u8>,
    options: &Options,
    window: &Window,
    total: u64,
    next: Option<&str>,
) -> std::io::Result<()> {
    let next = serde_json::Value::from(next);
    match options.paging {
        Paging::JsonLink => write!(body, ",\"pagination\":{{\"next\":{next},\"total\":{total}}}"),
        Paging::Cursor => write!(body, ",\"cursors\":{{\"next\":{next}}}"),
        Paging::PageNumber => {
            let page = window.start / window.limit + options.first_page;
            write!(body, ",\"page\":{page},\"total_pages\":{}", total.div_ceil(window.limit))
        }
        Paging::Offset => {
            write!(body, ",\"offset\":{},\"limit\":{},\"total\":{total}", window.start, window.limit)
        }
        Paging::HeaderLink | Paging::HeaderCursor => Ok(()),
    }
}

/// What stands for the page that starts at `start`: a URL or a cursor.
fn link(options: &Options, request: &PageRequest<'_>, window: &Window, start: u64) -> String {
    match options.paging {
        Paging::JsonLink | Paging::HeaderLink => {
            let page = start / window.limit + 1;
            format!("{}{}?page={page}&limit={}", request.origin, request.path, window.limit)
        }
        _ => format!("c{start}"),
    }
}

/// Reads the query; none when a number in it is not one.
fn window(options: &Options, query: &str) -> Option<Window> {
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let number = |name: &str, absent: u64| value(name).map_or(Some(absent), |text| text.parse().ok());
    let limit = number("limit", options.page_size)?.clamp(1, MAX_LIMIT);
    let start = match options.paging {
        Paging::JsonLink | Paging::HeaderLink => number("page", 1)?.checked_sub(1)?.checked_mul(limit)?,
        Paging::Cursor | Paging::HeaderCursor => {
            value("cursor").map_or(Some(0), |cursor| cursor.strip_prefix('c')?.parse().ok())?
        }
        Paging::PageNumber => {
            number("page", options.first_page)?.checked_sub(options.first_page)?.checked_mul(limit)?
        }
        Paging::Offset => number("offset", 0)?,
    };
    start.checked_add(limit)?;
    Some(Window { start, limit })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn get(options: &Options, query: &str) -> (Reply, Value) {
        let direction = Direction::Inbound;
        let request = PageRequest { direction, origin: "http://h:1", path: "/r/p/inbound_messages", query };
        let reply = page(options, &request, None);
        let body = serde_json::from_slice(&reply.body).unwrap();
        (reply, body)
    }

    /// Follows a dialect to its end and counts the messages.
    fn follow(paging: Paging, next_query: impl Fn(&Reply, &Value, u64) -> Option<String>) {
        let options = Options { paging, inbound: 250, ..Options::default() };
        let (mut query, mut seen) = (String::new(), Vec::new());
        for turn in 1.. {
            let (reply, body) = get(&options, &query);
            seen.extend(body["data"].as_array().unwrap().iter().map(|message| message["sequence"].as_u64().unwrap()));
            match next_query(&reply, &body, turn) {
                Some(next) => query = next,
                None => break,
            }
        }
        assert_eq!(seen, (1..=250).collect::<Vec<_>>(), "{paging:?}");
    }

    fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
        reply.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn each_way_of_paging_gives_every_message_once() {
        let after_mark = |url: &str| url.split_once('?').unwrap().1.split('>').next().unwrap().to_owned();
        follow(Paging::JsonLink, |_, body, _| body["pagination"]["next"].as_str().map(after_mark));
        follow(Paging::HeaderLink, |reply, _, _| header(reply, "link").map(after_mark));
        follow(Paging::Cursor, |_, body, _| body["cursors"]["next"].as_str().map(|next| format!("cursor={next}")));
        follow(Paging::HeaderCursor, |reply, _, _| header(reply, "next").map(|next| format!("cursor={next}")));
        follow(Paging::PageNumber, |_, body, turn| {
            (turn < body["total_pages"].as_u64().unwrap()).then(|| format!("page={turn}"))
        });
        follow(Paging::Offset, |_, body, turn| {
            (turn * 100 < body["total"].as_u64().unwrap()).then(|| format!("offset={}", turn * 100))
        });
    }

    #[test]
    fn limit_is_the_page_size() {
        let (_, body) = get(&Options::default(), "limit=7&page=2");
        assert_eq!(body["data"].as_array().unwrap().len(), 7);
        assert_eq!(body["data"][0]["sequence"], 8);
    }

    #[test]
    fn nonsense_is_a_bad_request() {
        for query in ["limit=x", "page=-1", "page=0", "page=18446744073709551615"] {
            assert_eq!(get(&Options::default(), query).0.status, 400, "{query}");
        }
    }
}
