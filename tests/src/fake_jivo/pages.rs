//! Pages of messages in each way of paging. Pure: a request's query in, a reply out.

use std::io::Write as _;
use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::faults::{Fault, Reply};
use super::messages::{Direction, created_at_ms, write_message};
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

/// Where a page starts, and how long it is.
struct Window {
    start: u64,
    limit: u64,
}

/// The messages that a query asks for: those made from `since` on and before `until`, the newest first with `order=desc`.
struct Selection {
    numbers: Range<u64>,
    descending: bool,
}

impl Selection {
    /// Reads the query; none when an instant in it is none.
    fn of(query: &str, total: u64) -> Option<Self> {
        let first_at = |name: &str, absent: u64| match value(query, name) {
            None => Some(absent),
            Some(text) => Some(first_from(instant_ms(text)?, total)),
        };
        let descending = value(query, "order") == Some("desc");
        Some(Self { numbers: first_at("since", 0)?..first_at("until", total)?, descending })
    }

    fn len(&self) -> u64 {
        self.numbers.end.saturating_sub(self.numbers.start)
    }

    /// The number of the message at a place.
    fn number(&self, place: u64) -> u64 {
        if self.descending { self.numbers.end - 1 - place } else { self.numbers.start + place }
    }
}

/// The number of the first message that was made at an instant or after it.
fn first_from(instant_ms: i64, total: u64) -> u64 {
    let (mut low, mut high) = (0, total);
    while low < high {
        let middle = u64::midpoint(low, high);
        if created_at_ms(middle) < instant_ms { low = middle + 1 } else { high = middle }
    }
    low
}

/// An instant as RFC 3339 or in seconds since 1970.
fn instant_ms(text: &str) -> Option<i64> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    match text.parse::<i64>() {
        Ok(seconds) => seconds.checked_mul(1000),
        Err(_) => Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()),
    }
}

/// The value of a query parameter, as it is written.
fn value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// Answers a request for messages, bent by `fault` where that concerns records or links.
pub(super) fn page(options: &Options, request: &PageRequest<'_>, fault: Option<&Fault>) -> Reply {
    let total = match request.direction {
        Direction::Inbound => options.inbound,
        Direction::Outbound => options.outbound,
    };
    let (Some(window), Some(selection)) = (window(options, request.query), Selection::of(request.query, total)) else {
        return Reply::error(400, "Invalid payload");
    };
    let total = selection.len();
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
        for place in window.start..end {
            if place > window.start {
                body.push(b',');
            }
            write_message(&mut body, request.direction, selection.number(place), 2 * options.page_size);
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
            let asked = ["since", "until", "order"].iter().filter_map(|name| Some((name, value(request.query, name)?)));
            let asked = asked.map(|(name, value)| format!("&{name}={value}")).collect::<Vec<_>>().concat();
            format!("{}{}?page={page}&limit={}{asked}", request.origin, request.path, window.limit)
        }
        _ => format!("c{start}"),
    }
}

/// Reads the query; none when a number in it is not one.
fn window(options: &Options, query: &str) -> Option<Window> {
    let number = |name: &str, absent: u64| value(query, name).map_or(Some(absent), |text| text.parse().ok());
    let limit = number("limit", options.page_size)?.clamp(1, MAX_LIMIT);
    let start = match options.paging {
        Paging::JsonLink | Paging::HeaderLink => number("page", 1)?.checked_sub(1)?.checked_mul(limit)?,
        Paging::Cursor | Paging::HeaderCursor => {
            value(query, "cursor").map_or(Some(0), |cursor| cursor.strip_prefix('c')?.parse().ok())?
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
    fn a_part_can_be_asked_for_and_its_links_keep_to_it() {
        let options = Options { page_size: 2, ..Options::default() };
        let ids = |query: &str| {
            let (_, body) = get(&options, query);
            let ids = body["data"].as_array().unwrap().iter().map(|message| message["sequence"].as_u64().unwrap());
            (ids.collect::<Vec<_>>(), body["pagination"]["next"].as_str().map(str::to_owned))
        };
        // Message 3 was made at 00:00:14.002.
        let since = "since=2026-01-01T02%3A00%3A14.002%2B02%3A00";
        assert_eq!(ids(since).0, [3, 4]);
        assert_eq!(ids("since=2026-01-01T00:00:14.003Z").0, [4, 5]);
        assert_eq!(ids("since=1767225614").0, [3, 4]);
        let (found, next) = ids(&format!("{since}&until=1767225635&order=desc"));
        assert_eq!(found, [5, 4]);
        let next = next.unwrap();
        assert_eq!(ids(next.split_once('?').unwrap().1), (vec![3], None));
    }

    #[test]
    fn nonsense_is_a_bad_request() {
        for query in ["since=soon", "limit=x", "page=-1", "page=0", "page=18446744073709551615"] {
            assert_eq!(get(&Options::default(), query).0.status, 400, "{query}");
        }
    }
}
