//! What a page request of the host comes to: a URL to get, and how its answer is to be read.

use crate::{
    bindings::sluicegate::source::types::IncrementalRange,
    config::Config,
    cursor::Cursor,
    error::{Error, Kind, Result},
    json::{Json, Path},
    paging::{
        Paginator,
        counter::Place,
        trail::{Trail, digest},
    },
    resources::{Resource, Shape},
    url::Url,
};

/// What stands for the lowest value wanted in a parameter; dlt tells the three apart, here the host has done so.
pub const START_PLACEHOLDERS: [&str; 3] =
    ["{incremental.start_value}", "{incremental.initial_value}", "{incremental.last_value}"];

/// What stands for the first value not wanted any more.
pub const END_PLACEHOLDER: &str = "{incremental.end_value}";

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
    pub fn first(resource: &Resource, range: Option<&IncrementalRange>) -> Self {
        let mut url = resource.url.clone();
        for (name, value) in params(resource, range) {
            url.add_param(&name, &value);
        }
        let paging = &resource.paging;
        // An offset paginator sends the size under a name of its own.
        let sized = resource.shape == Shape::Records && !matches!(paging.paginator, Some(Paginator::Offset(_)));
        if let Some(size) = paging.page_size.filter(|_| sized && url.param(LIMIT_PARAM).is_none()) {
            url.set_param(LIMIT_PARAM, &size.to_string());
        }
        let place = paging.paginator.as_ref().map_or_else(Place::default, |paginator| paginator.start(&mut url));
        let mut trail = Trail::default();
        // The first step of a way is never met before.
        let _ = trail.step(&url.to_string());
        Self {
            url,
            selector: paging.selector.clone(),
            paginator: paging.paginator.clone(),
            place,
            trail,
            is_first: true,
        }
    }

    /// The request that a cursor asks for.
    pub fn resume(config: &Config, resource: &Resource, cursor: &str) -> Result<Self> {
        let cursor = Cursor::decode(cursor, origin_digest(config, resource))?;
        let url = if cursor.to.starts_with('/') { config.base.origin_url(&cursor.to) } else { Url::parse(&cursor.to) };
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
pub fn portable(config: &Config, url: &Url) -> String {
    if url.origin == config.base.origin { url.target.clone() } else { url.to_string() }
}

/// Tells resources at different paths apart, whatever their parameters.
pub fn origin_digest(config: &Config, resource: &Resource) -> u64 {
    let place = portable(config, &resource.url);
    digest(place.split('?').next().unwrap_or_default().as_bytes())
}

fn params(resource: &Resource, range: Option<&IncrementalRange>) -> Vec<(String, String)> {
    let scalar = |json: &Option<String>| Json::parse(json.as_ref()?).ok().and_then(scalar_text);
    let start = range.and_then(|range| scalar(&range.start));
    let end = range.and_then(|range| scalar(&range.end));
    let mut params: Vec<(String, String)> = resource
        .params
        .iter()
        .filter_map(|param| Some((param.name.clone(), fill(&param.value, start.as_deref(), end.as_deref())?)))
        .collect();
    if let Some(incremental) = &resource.incremental {
        for (name, value) in [(&incremental.start_param, start), (&incremental.end_param, end)] {
            if let (Some(name), Some(value)) = (name, value) {
                params.push((name.clone(), value));
            }
        }
    }
    params
}

fn scalar_text(value: Json<'_>) -> Option<String> {
    value.text().or_else(|| matches!(value.get(), "true" | "false").then(|| value.get().to_owned()))
}

/// Fills the placeholders of a value; none if there is nothing to fill one with, so that the parameter is not sent.
fn fill(value: &str, start: Option<&str>, end: Option<&str>) -> Option<String> {
    let mut value = value.to_owned();
    for (placeholder, with) in START_PLACEHOLDERS.iter().map(|name| (*name, start)).chain([(END_PLACEHOLDER, end)]) {
        if value.contains(placeholder) {
            value = value.replace(placeholder, with?);
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::bindings::sluicegate::source::types::RowOrder;

    fn config(mut extra: Value) -> Config {
        extra["random"] = json!("r");
        extra["jivo_public_id"] = json!("tok");
        Config::parse(&extra.to_string()).unwrap()
    }

    #[test]
    fn first_requests() {
        let check = |extra: Value, name: &str, expect: &str| {
            let config = config(extra);
            assert_eq!(Fetch::first(config.resource(name).unwrap(), None).url.to_string(), expect);
        };
        let base = "https://wh.jivosite.com/r/tok";
        check(json!({}), "status", &format!("{base}/status"));
        check(json!({}), "channel_info", base);
        check(json!({}), "health", &format!("{base}/health"));
        check(json!({}), "inbound_messages", &format!("{base}/inbound_messages"));
        check(json!({"page_size": 5}), "status", &format!("{base}/status"));
        check(json!({"page_size": 5}), "outbound_messages", &format!("{base}/outbound_messages?limit=5"));
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
        check(prefixed.clone(), "status", "http://127.0.0.1:8080/jivo/r/tok/status");
        check(prefixed, "x", "http://127.0.0.1:8080/jivo/v2");
    }

    #[test]
    fn the_part_that_the_host_wants() {
        let check = |resource: Value, start: Option<&str>, expect: &str| {
            let config = config(json!({"resources": {"x": resource}}));
            let range = IncrementalRange {
                cursor_path: "at".to_owned(),
                start: start.map(str::to_owned),
                end: None,
                row_order: RowOrder::Unordered,
            };
            let url = Fetch::first(config.resource("x").unwrap(), Some(&range)).url;
            assert_eq!(url.target, format!("/r/tok/x{expect}"));
        };
        let by_param = json!({"incremental": {"cursor_path": "at", "start_param": "since", "end_param": "until"}});
        check(by_param.clone(), Some("\"2026-01-01\""), "?since=2026-01-01");
        check(by_param.clone(), Some("12"), "?since=12");
        check(by_param, None, "");
        let by_text = json!({"params": {"q": "at>{incremental.start_value}"}});
        check(by_text.clone(), Some("12"), "?q=at%3E12");
        check(by_text, None, "");
        check(json!({"incremental": "at"}), Some("12"), "");
    }

    #[test]
    fn a_cursor_moves_with_the_base_url_but_not_to_another_channel() {
        let cursor = |config: &Config| {
            let resource = config.resource("health").unwrap();
            Cursor {
                from: origin_digest(config, resource),
                to: portable(config, &resource.url),
                selector: None,
                paginator: Paginator::SinglePage,
                place: Place::default(),
                trail: None,
            }
            .encode()
            .unwrap()
        };
        let here = config(json!({"base_url": "http://127.0.0.1:1000"}));
        let there = config(json!({"base_url": "http://127.0.0.1:2000"}));
        let other = config(json!({"base_url": "http://127.0.0.1:1000/other"}));
        let resume = |config: &Config| {
            Fetch::resume(config, config.resource("health").unwrap(), &cursor(&here)).map(|fetch| fetch.url.to_string())
        };
        assert_eq!(resume(&there).as_deref(), Ok("http://127.0.0.1:2000/r/tok/health"));
        assert_eq!(resume(&other).unwrap_err().kind, Kind::CursorExpired);
    }
}
