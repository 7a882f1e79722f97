//! Whole resources read from a service that is a table of answers.

use std::{
    cell::RefCell,
    collections::HashMap,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use super::*;

/// Answers by path and query, and remembers what was asked.
#[derive(Default)]
struct Fake {
    answers: HashMap<String, Response>,
    asked: RefCell<Vec<String>>,
}

impl Fake {
    fn new(answers: &[(&str, &str)]) -> Self {
        let mut fake = Self::default();
        for (url, body) in answers {
            fake.answer(url, 200, &[], body);
        }
        fake
    }

    fn answer(&mut self, url: &str, status: u16, headers: &[(&str, &str)], body: &str) {
        let mut response = Response { status, body: body.into(), ..Response::default() };
        for (name, value) in headers {
            response.headers.add(name, value.as_bytes());
        }
        self.answers.insert(url.to_owned(), response);
    }
}

impl Service for Fake {
    fn get(&self, url: &Url) -> Result<Response> {
        let url = url.to_string();
        let short = url.strip_prefix("https://wh.jivosite.com/r/token").unwrap_or(&url).to_owned();
        self.asked.borrow_mut().push(short.clone());
        let missing = Response { status: 404, ..Response::default() };
        Ok(self.answers.get(&short).cloned().unwrap_or(missing))
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(490_896)
    }
}

fn config(resource: &Value) -> Config {
    Config::parse(&json!({"random": "r", "jivo_public_id": "token", "resources": {"x": resource}}).to_string()).unwrap()
}

/// Reads all pages of the resource `x`; the records of a page stand on one line.
fn read(fake: &Fake, resource: &Value) -> Result<Vec<String>> {
    let config = config(resource);
    let mut pages = Vec::new();
    let mut cursor = None;
    loop {
        let page = page(fake, &config, config.resource("x")?, cursor.as_deref(), None)?;
        pages.push(String::from_utf8_lossy(&page.records).trim_end().replace('\n', " "));
        match page.next {
            // A service that lets its reader go on for good fails the test here.
            Some(next) if pages.len() < 100 => cursor = Some(next),
            _ => return Ok(pages),
        }
    }
}

/// Reads with everything found out, or as configured, and compares the pages.
fn check(resource: &Value, answers: &[(&str, &str)], expect: &[&str]) {
    let fake = Fake::new(answers);
    let pages = read(&fake, resource);
    assert_eq!(pages.as_deref(), Ok(&expect.iter().map(|&page| page.to_owned()).collect::<Vec<_>>()[..]), "{resource}");
}

fn check_error(resource: &Value, answers: &[(&str, &str)], kind: Kind, message: &str) {
    let error = read(&Fake::new(answers), resource).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (kind, message), "{resource}");
}

const AT: &str = "`GET https://wh.jivosite.com/r/***/x";

#[test]
fn links_in_the_body() {
    check(
        &json!({}),
        &[("/x", r#"{"data":[1,2],"next":"/r/token/x?page=2"}"#), ("/x?page=2", r#"{"data":[3],"next":null}"#)],
        &["1 2", "3"],
    );
    // An empty page in the middle, a list that is null, one that is missing.
    check(
        &json!({}),
        &[
            ("/x", r#"{"data":[1],"next":"?p=2"}"#),
            ("/x?p=2", r#"{"data":[],"next":"?p=3"}"#),
            ("/x?p=3", r#"{"data":null,"next":"?p=4"}"#),
            ("/x?p=4", r#"{"next":"?p=5"}"#),
            ("/x?p=5", r#"{"data":[2]}"#),
        ],
        &["1", "", "", "", "2"],
    );
    // The first page does not show where the records are.
    check(
        &json!({}),
        &[("/x", r#"{"messages":null,"next":"?p=2"}"#), ("/x?p=2", r#"{"messages":[7],"next":null}"#)],
        &["", "7"],
    );
    check(
        &json!({"paginator": {"type": "json_link", "next_url_path": "links.more"}, "data_selector": "rows"}),
        &[("/x", r#"{"rows":[1],"links":{"more":"x?b"},"next":"/never"}"#), ("/x?b", r#"{"rows":[2]}"#)],
        &["1", "2"],
    );
}

#[test]
fn cursors_in_the_body() {
    check(
        &json!({"params": {"limit": 2}}),
        &[
            ("/x?limit=2", r#"{"items":[1,2],"pagination":{"next_cursor":"a b"}}"#),
            ("/x?limit=2&cursor=a%20b", r#"{"items":[],"pagination":{"next_cursor":"c"}}"#),
            ("/x?limit=2&cursor=c", r#"{"items":[3],"pagination":{"next_cursor":""}}"#),
        ],
        &["1 2", "", "3"],
    );
    check(
        &json!({}),
        &[
            ("/x", r#"{"data":[1],"next_cursor":5,"has_more":true}"#),
            ("/x?cursor=5", r#"{"data":[2],"next_cursor":6,"has_more":false}"#),
        ],
        &["1", "2"],
    );
    check(
        &json!({"paginator": {"type": "cursor", "cursor_path": "c", "cursor_param": "after", "stop_after_empty_page": true}}),
        &[("/x", r#"{"data":[1],"c":"a"}"#), ("/x?after=a", r#"{"data":[],"c":"b"}"#)],
        &["1", ""],
    );
}

#[test]
fn headers() {
    let mut fake = Fake::default();
    fake.answer("/x", 200, &[("Link", "</r/token/x?page=2>; rel=\"next\"")], "[1]");
    fake.answer("/x?page=2", 200, &[("Link", "</r/token/x>; rel=\"prev\"")], "[2]");
    assert_eq!(read(&fake, &json!({})).unwrap(), ["1", "2"]);
    let mut fake = Fake::default();
    fake.answer("/x", 200, &[("X-Next", "k")], "[1]");
    fake.answer("/x?after=k", 200, &[("X-Next", "")], "[2]");
    let paginator = json!({"type": "header_cursor", "cursor_key": "x-next", "cursor_param": "after"});
    assert_eq!(read(&fake, &json!({"paginator": paginator})).unwrap(), ["1", "2"]);
}

#[test]
fn numbered_pages() {
    // The answer tells its number.
    check(
        &json!({}),
        &[
            ("/x", r#"{"data":[1],"meta":{"page":1,"total_pages":3}}"#),
            ("/x?page=2", r#"{"data":[],"meta":{"page":2,"total_pages":3}}"#),
            ("/x?page=3", r#"{"data":[3],"meta":{"page":3,"total_pages":3}}"#),
        ],
        &["1", "", "3"],
    );
    // It does not, and the first page is number 1: read twice, passed on once.
    check(
        &json!({}),
        &[
            ("/x", r#"{"data":[1],"pages":3}"#),
            ("/x?page=1", r#"{"data":[1],"pages":3}"#),
            ("/x?page=2", r#"{"data":[2],"pages":3}"#),
            ("/x?page=3", r#"{"data":[3],"pages":3}"#),
        ],
        &["1", "", "2", "3"],
    );
    // It does not, and the first page is number 0.
    check(
        &json!({}),
        &[
            ("/x", r#"{"data":[1],"pages":3}"#),
            ("/x?page=1", r#"{"data":[2],"pages":3}"#),
            ("/x?page=2", r#"{"data":[3],"pages":3}"#),
        ],
        &["1", "2", "3"],
    );
    // As dlt counts when it is told to: `total` is pages, the first is number 0, an empty page ends it.
    check(
        &json!({"paginator": "page_number"}),
        &[("/x?page=0", r#"{"data":[1],"total":2}"#), ("/x?page=1", r#"{"data":[2],"total":2}"#)],
        &["1", "2"],
    );
    check(
        &json!({"paginator": {"type": "page_number", "base_page": 1, "page_param": "p"}}),
        &[("/x?p=1", "[1]"), ("/x?p=2", "[2]"), ("/x?p=3", "[]")],
        &["1", "2", ""],
    );
    check(
        &json!({"paginator": {"type": "page_number", "has_more_path": "more"}}),
        &[("/x?page=0", r#"{"data":[1],"more":"true"}"#), ("/x?page=1", r#"{"data":[2],"more":false}"#)],
        &["1", "2"],
    );
    check(
        &json!({"paginator": {"type": "page_number", "maximum_page": 2}}),
        &[("/x?page=0", "[1]"), ("/x?page=1", "[2]")],
        &["1", "2"],
    );
}

#[test]
fn offsets() {
    check(
        &json!({}),
        &[
            ("/x", r#"{"data":[1,2],"total":5,"offset":0,"limit":2}"#),
            ("/x?offset=2", r#"{"data":[3,4],"total":5,"offset":2,"limit":2}"#),
            ("/x?offset=4", r#"{"data":[5],"total":5,"offset":4,"limit":2}"#),
        ],
        &["1 2", "3 4", "5"],
    );
    // No total; a short page is no end.
    check(
        &json!({"paginator": {"type": "offset", "limit": 2}}),
        &[
            ("/x?offset=0&limit=2", "[1,2]"),
            ("/x?offset=2&limit=2", "[3]"),
            ("/x?offset=4&limit=2", "[5]"),
            ("/x?offset=6&limit=2", "[]"),
        ],
        &["1 2", "3", "5", ""],
    );
    // The service allows less than was asked for.
    check(
        &json!({"paginator": {"type": "offset", "limit": 9}}),
        &[("/x?offset=0&limit=9", r#"{"data":[1,2],"total":3}"#), ("/x?offset=2&limit=9", r#"{"data":[3],"total":3}"#)],
        &["1 2", "3"],
    );
    check(
        &json!({"paginator": {"type": "offset", "limit": 2, "maximum_offset": 2}}),
        &[("/x?offset=0&limit=2", "[1,2]")],
        &["1 2"],
    );
}

#[test]
fn circles_end() {
    let circle = "the next page that the answer names is one that was read already: the paging goes in a circle";
    let error = |at: &str| format!("{AT}{at}`: {circle}");
    check_error(&json!({}), &[("/x", r#"{"data":[],"next":"/r/token/x"}"#)], Kind::InvalidResponse, &error(""));
    let same = r#"{"data":[1],"next_cursor":"a"}"#;
    check_error(&json!({}), &[("/x", same), ("/x?cursor=a", same)], Kind::InvalidResponse, &error("?cursor=a"));
    check_error(
        &json!({}),
        &[
            ("/x", r#"{"data":[1],"next_cursor":"a"}"#),
            ("/x?cursor=a", r#"{"data":[2],"next_cursor":"b"}"#),
            ("/x?cursor=b", r#"{"data":[3],"next_cursor":"a"}"#),
        ],
        Kind::InvalidResponse,
        &error("?cursor=b"),
    );
    check_error(
        &json!({"paginator": "page_number"}),
        &[("/x?page=0", "[1]"), ("/x?page=1", "[1]")],
        Kind::InvalidResponse,
        &format!("{AT}?page=1`: two pages hold the same records: the service seems to ignore `page`"),
    );
}

#[test]
fn answers_that_are_no_pages() {
    check_error(
        &json!({}),
        &[("/x", "{\"data\":[{\"id\":1,\"by\":\"token\"},{\"i")],
        Kind::InvalidResponse,
        &format!(
            "{AT}`: the answer is no JSON (EOF while parsing a string at line 1 column 34): `{{\"data\":[{{\"id\":1,\"by\":\"***\"}},{{\"i`"
        ),
    );
    check_error(
        &json!({}),
        &[("/x", "<html>\n<body>Hi</body></html>")],
        Kind::InvalidResponse,
        &format!("{AT}`: the answer is no JSON (expected value at line 1 column 1): `<html> <body>Hi</body></html>`"),
    );
    check_error(
        &json!({"data_selector": "data.rows"}),
        &[("/x", r#"{"result":"ok"}"#)],
        Kind::InvalidResponse,
        &format!("{AT}`: the answer is without `data.rows`: `{{\"result\":\"ok\"}}`"),
    );
    check_error(
        &json!({}),
        &[("/x", r#"{"data":[],"has_more":true}"#)],
        Kind::InvalidResponse,
        &format!("{AT}`: the answer says that there is more (`has_more`), but not where: a `paginator` has to be set"),
    );
    check(&json!({}), &[("/x", "")], &[""]);
    check(&json!({}), &[("/x", "{}")], &[""]);
    check(&json!({}), &[("/x", "null")], &[""]);
    check(&json!({}), &[("/x", "[1, null,\n[2]]")], &["1 null [2]"]);
    check(&json!({}), &[("/x", "5")], &["5"]);
    check(&json!({"data_selector": "data.rows"}), &[("/x", "{}")], &[""]);
}

#[test]
fn one_object_resources() {
    let check = |name: &str, path: &str, status: u16, body: &str, expect: Result<&str, (Kind, &str)>| {
        let mut fake = Fake::default();
        fake.answer(path, status, &[], body);
        let config = config(&json!({}));
        let page = page(&fake, &config, config.resource(name).unwrap(), None, None);
        let found = page.map(|page| String::from_utf8(page.records).unwrap());
        let expect = expect.map(|line| format!("{line}\n")).map_err(|(kind, message)| (kind, message.to_owned()));
        assert_eq!(found.map_err(|error| (error.kind, error.message)), expect, "{name} {body}");
    };
    check("status", "/status", 200, "1", Ok(r#"{"available":true,"value":1,"checked_at":"2026-01-01T00:00:00.000Z"}"#));
    check("channel_info", "", 200, r#"{"name":"A","tags":[1]}"#, Ok(r#"{"name":"A","tags":[1]}"#));
    check("health", "/health", 200, r#"{"ok":true,"next":"/x"}"#, Ok(r#"{"ok":true,"next":"/x"}"#));
    let status = "`GET https://wh.jivosite.com/r/***/status`";
    check(
        "status",
        "/status",
        200,
        "maybe",
        Err((Kind::InvalidResponse, &format!("{status}: the answer is neither `0` nor `1` nor an object: `maybe`"))),
    );
    check(
        "status",
        "/status",
        204,
        "",
        Err((Kind::InvalidResponse, &format!("{status}: the answer is neither `0` nor `1` nor an object: nothing"))),
    );
    check(
        "channel_info",
        "",
        404,
        r#"{"error":{"code":404,"message":"Channel not found"}}"#,
        Err((Kind::NotFound, "`GET https://wh.jivosite.com/r/***` answered 404 Not Found: Channel not found")),
    );
    check(
        "health",
        "/health",
        200,
        "[]",
        Err((Kind::InvalidResponse, "`GET https://wh.jivosite.com/r/***/health`: the answer is no object: `[]`")),
    );
}

#[test]
fn redirects() {
    let mut fake = Fake::new(&[("/y", "[1]")]);
    fake.answer("/x", 302, &[("Location", "y")], "");
    assert_eq!(read(&fake, &json!({})).unwrap(), ["1"]);
    let mut fake = Fake::default();
    fake.answer("/x", 307, &[("Location", "/r/token/x")], "");
    let error = read(&fake, &json!({})).unwrap_err();
    assert_eq!(error.message, format!("{AT}` was redirected more than 5 times"));
    assert_eq!(fake.asked.borrow().len(), 6);
    let mut fake = Fake::default();
    fake.answer("/x", 301, &[], "");
    let error = read(&fake, &json!({})).unwrap_err();
    assert_eq!((error.kind, error.http_status), (Kind::InvalidResponse, Some(301)));
    assert_eq!(error.message, format!("{AT}` answered 301 and sends to another URL without naming it"));
}

#[test]
fn the_secret_stays_at_its_origin() {
    let refused = "the secret would leave for another origin: `https://evil.example` is not `https://wh.jivosite.com`";
    for link in ["https://evil.example/r/token/x", "//evil.example/?q=%74oken"] {
        let fake = Fake::new(&[("/x", &format!(r#"{{"data":[1],"next":"{link}"}}"#))]);
        let error = read(&fake, &json!({})).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (Kind::Permanent, refused), "{link}");
        assert_eq!(*fake.asked.borrow(), ["/x"], "{link}");
    }
    let mut fake = Fake::default();
    fake.answer("/x", 302, &[("Location", "http://wh.jivosite.com/r/token/x")], "");
    let error = read(&fake, &json!({})).unwrap_err();
    assert_eq!(error.kind, Kind::Permanent);
    assert_eq!(*fake.asked.borrow(), ["/x"]);
    // Without it a link is followed anywhere; the host decides whether it may.
    check(
        &json!({}),
        &[
            ("/x", r#"{"data":[1],"next":"https://other.example/p2"}"#),
            ("https://other.example/p2", r#"{"data":[2],"next":"/p3"}"#),
            ("https://other.example/p3", r#"{"data":[3]}"#),
        ],
        &["1", "2", "3"],
    );
}

#[test]
fn a_page_can_be_fetched_again() {
    let fake = Fake::new(&[("/x", r#"{"data":[1],"next":"?p=2"}"#), ("/x?p=2", r#"{"data":[2],"total":2}"#)]);
    let config = config(&json!({}));
    let resource = config.resource("x").unwrap();
    let first = page(&fake, &config, resource, None, None).unwrap();
    let second = page(&fake, &config, resource, first.next.as_deref(), None).unwrap();
    let again = page(&fake, &config, resource, first.next.as_deref(), None).unwrap();
    assert_eq!((&second.records, &second.next, second.total_hint), (&again.records, &again.next, Some(2)));
}
