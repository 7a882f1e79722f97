//! What a page request of the host comes to: a URL to get, and how its answer is to be read.

use crate::{
    bindings::types::IncrementalRange,
    cursor::Cursor,
    error::{Error, Kind, Result},
    json::Path,
    paging::{
        Paginator,
        counter::Place,
        trail::{Trail, digest},
    },
    resource::{Param, Resource, Shape},
    source::Source,
    template::Ends,
    url::Url,
};

/// The parameter that takes `page_size`.
const LIMIT_PARAM: &str = "limit";

/// A request, and what is known of the pages before it.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// What to get.
    pub url: Url,
    /// Where the records are, if that is known.
    pub selector: Option<Path>,
    /// How the service pages, if that is known.
    pub paginator: Option<Paginator>,
    /// Where a counter stands.
    pub place: Place,
    /// The requests that were made so far.
    pub trail: Trail,
    /// Whether this is the first page.
    pub is_first: bool,
}

impl Fetch {
    /// The first request for a resource.
    pub fn first(resource: &Resource, range: Option<&IncrementalRange>) -> Result<Self> {
        let ends = Ends::of(range);
        let mut url = resource.url_for(&ends)?;
        for (name, value) in params(resource, &ends) {
            url.add_param(&name, &value);
        }
        let paging = &resource.paging;
        // An offset paginator sends the size under a name of its own.
        let sized = matches!(resource.shape, Shape::Records) && !matches!(paging.paginator, Some(Paginator::Offset(_)));
        if let Some(size) = paging.page_size.filter(|_| sized && url.param(LIMIT_PARAM).is_none()) {
            url.set_param(LIMIT_PARAM, &size.to_string());
        }
        let place = paging.paginator.as_ref().map_or_else(Place::default, |paginator| paginator.start(&mut url));
        let mut trail = Trail::default();
        // The first step of a way is never met before.
        let _ = trail.step(&url.to_string());
        Ok(Self {
            url,
            selector: paging.selector.clone(),
            paginator: paging.paginator.clone(),
            place,
            trail,
            is_first: true,
        })
    }

    /// The request that a cursor asks for.
    pub fn resume(source: &Source, resource: &Resource, cursor: &str) -> Result<Self> {
        let cursor = Cursor::decode(cursor, origin_digest(source, resource))?;
        let url = if cursor.to.starts_with('/') { source.base.origin_url(&cursor.to) } else { Url::parse(&cursor.to) };
        let url = url.map_err(|reason| {
            Error::new(Kind::CursorExpired, format!("the cursor is no longer accepted: its link {reason}"))
        })?;
        Ok(Self {
            url,
            selector: cursor.selector,
            paginator: Some(cursor.paginator),
            place: cursor.place,
            trail: cursor.trail.unwrap_or_default(),
            is_first: false,
        })
    }
}

/// Writes a URL into a cursor: by its path if it is of the origin of `base_url`, which may move.
pub fn portable(source: &Source, url: &Url) -> String {
    if url.origin == source.base.origin { url.target.clone() } else { url.to_string() }
}

/// Tells resources at different paths apart, whatever their parameters.
pub fn origin_digest(source: &Source, resource: &Resource) -> u64 {
    let place = portable(source, &resource.url);
    digest(place.split('?').next().unwrap_or_default().as_bytes())
}

/// The parameters of the first request; one whose placeholder nothing can be put in place of is not sent.
fn params(resource: &Resource, ends: &Ends) -> Vec<(String, String)> {
    let filled = |param: &Param| Some((param.name.clone(), param.value.fill(ends, str::to_owned)?));
    let mut params: Vec<(String, String)> = resource.params.iter().filter_map(filled).collect();
    if let Some(incremental) = &resource.incremental {
        for (name, value) in [(&incremental.start_param, &ends.start), (&incremental.end_param, &ends.end)] {
            if let (Some(name), Some(value)) = (name, value) {
                params.push((name.clone(), value.clone()));
            }
        }
    }
    params
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{bindings::types::RowOrder, testing};

    fn config(settings: &Value) -> Source {
        testing::source(settings).unwrap()
    }

    #[test]
    fn first_requests() {
        let check = |extra: Value, name: &str, expect: &str| {
            let config = config(&extra);
            assert_eq!(Fetch::first(config.find(name).unwrap(), None).unwrap().url.to_string(), expect);
        };
        let base = "https://wh.jivosite.com/r/token";
        check(json!({}), "health", &format!("{base}/health"));
        check(json!({}), "info", base);
        check(json!({}), "health", &format!("{base}/health"));
        check(json!({}), "messages", &format!("{base}/messages"));
        check(json!({"page_size": 5}), "health", &format!("{base}/health"));
        check(json!({"page_size": 5}), "messages", &format!("{base}/messages?limit=5"));
        let with = |resource: Value| json!({"page_size": 5, "resources": {"x": resource}});
        check(with(json!({})), "x", &format!("{base}/x?limit=5"));
        check(with(json!({"params": {"limit": 9, "t": ["a", true]}})), "x", &format!("{base}/x?limit=9&t=a&t=true"));
        check(with(json!({"path": "y?z=1", "paginator": "offset"})), "x", &format!("{base}/y?z=1&offset=0&limit=5"));
        check(
            with(json!({"paginator": {"type": "offset", "limit_param": "n", "limit": 7}})),
            "x",
            &format!("{base}/x?offset=0&n=7"),
        );
        check(
            with(json!({"paginator": {"type": "page_number", "base_page": 1}})),
            "x",
            &format!("{base}/x?limit=5&page=1"),
        );
        check(with(json!({"path": "/v2/x"})), "x", "https://wh.jivosite.com/v2/x?limit=5");
        check(with(json!({"path": "https://api.example.com/x"})), "x", "https://api.example.com/x?limit=5");
        let prefixed = json!({"base_url": "http://127.0.0.1:8080/jivo/", "resources": {"x": {"path": "/v2"}}});
        check(prefixed.clone(), "health", "http://127.0.0.1:8080/jivo/r/token/health");
        check(prefixed, "x", "http://127.0.0.1:8080/jivo/v2");
    }

    #[test]
    fn the_part_that_the_host_wants() {
        let fetch = |resource: &Value, start: Option<&str>, end: Option<&str>| {
            let config = config(&json!({"resources": {"x": resource}}));
            let range = IncrementalRange {
                cursor_path: "at".to_owned(),
                start: start.map(str::to_owned),
                end: end.map(str::to_owned),
                row_order: RowOrder::Unordered,
            };
            Fetch::first(config.find("x").unwrap(), Some(&range)).map(|fetch| fetch.url.target)
        };
        let check = |resource: &Value, start: Option<&str>, end: Option<&str>, expect: &str| {
            assert_eq!(fetch(resource, start, end), Ok(format!("/r/token/{expect}")), "{resource}");
        };
        let by_param = json!({"incremental": {"cursor_path": "at", "start_param": "since", "end_param": "until"}});
        check(&by_param, Some("\"2026-01-01\""), None, "x?since=2026-01-01");
        check(&by_param, Some("12"), Some("1.5"), "x?since=12&until=1.5");
        check(&by_param, None, None, "x");
        let by_text = json!({"params": {"q": "at>{incremental.start_value}", "o": "{{asc}}", "n": 5}});
        check(&by_text, Some("12"), None, "x?q=at%3E12&o=%7Basc%7D&n=5");
        check(&by_text, None, None, "x?o=%7Basc%7D&n=5");
        let both = json!({"params": {"between": ["{incremental.last_value}", "{incremental.end_value}"]}});
        let offset = Some("\"2026-01-01T00:00:00+02:00\"");
        check(&both, offset, Some("\"a&b=é\""), "x?between=2026-01-01T00%3A00%3A00%2B02%3A00&between=a%26b%3D%C3%A9");
        check(&json!({"incremental": "at"}), Some("12"), None, "x");
        let by_path = json!({"path": "since/{incremental.start_value}/y?u={incremental.end_value}&{{z}}"});
        check(&by_path, Some("\"a/b?c#d%\""), Some("5"), "since/a%2Fb%3Fc%23d%25/y?u=5&%7Bz%7D");
        let error = |start, end| fetch(&by_path, start, end).unwrap_err();
        assert_eq!(
            error(Some("\"..\""), Some("5")).message,
            "`resources.x.path` must not hold `..`: `since/../y?u=5&{z}`"
        );
        let missing = error(Some("5"), None);
        assert_eq!(missing.kind, Kind::InvalidConfig);
        assert_eq!(
            missing.message,
            "`resources.x.path` needs a value to begin or end at, and there is none: set `initial_value`"
        );
        let elsewhere = json!({"path": "https://h{incremental.start_value}.example/x"});
        assert_eq!(
            fetch(&elsewhere, Some("5"), None).unwrap_err().message,
            "`resources.x.path` must name its origin without a placeholder"
        );
    }

    #[test]
    fn a_cursor_moves_with_the_base_url_but_not_to_another_channel() {
        let cursor = |source: &Source| {
            let resource = source.find("health").unwrap();
            Cursor {
                from: origin_digest(source, resource),
                to: portable(source, &resource.url),
                selector: None,
                paginator: Paginator::SinglePage,
                place: Place::default(),
                trail: None,
            }
            .encode()
            .unwrap()
        };
        let here = config(&json!({"base_url": "http://127.0.0.1:1000"}));
        let there = config(&json!({"base_url": "http://127.0.0.1:2000"}));
        let other = config(&json!({"base_url": "http://127.0.0.1:1000/other"}));
        let resume = |source: &Source| {
            Fetch::resume(source, source.find("health").unwrap(), &cursor(&here)).map(|fetch| fetch.url.to_string())
        };
        assert_eq!(resume(&there).as_deref(), Ok("http://127.0.0.1:2000/r/token/health"));
        assert_eq!(resume(&other).unwrap_err().kind, Kind::CursorExpired);
    }
}
