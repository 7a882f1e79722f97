//! Whole resources read from a service that is a table of answers.

mod model;
mod paging;

use std::{
    cell::RefCell,
    collections::HashMap,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use super::*;
use crate::testing;

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

fn config(resource: &Value) -> Source {
    testing::source(&json!({"resources": {"x": resource}})).unwrap()
}

/// Reads all pages of the resource `x`; the records of a page stand on one line.
fn read(fake: &Fake, resource: &Value) -> Result<Vec<String>> {
    let config = config(resource);
    let mut pages = Vec::new();
    let mut cursor = None;
    loop {
        let page = page(fake, &config, config.find("x")?, cursor.as_deref(), None)?;
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
    check_error(
        &json!({}),
        &[("/x", r#"{"data":[1],"next":"http://token:99999/\u001b"}"#)],
        Kind::InvalidResponse,
        &format!("{AT}`: the answer names a link that has no valid port: `http://***:99999/\\u{{1b}}`"),
    );
    let start = "the answer names a link that is no URL: `http://h:x/";
    let long = json!({"data": [1], "next": format!("http://h:x/{}", "p".repeat(1000))}).to_string();
    check_error(
        &json!({}),
        &[("/x", &long)],
        Kind::InvalidResponse,
        &format!("{AT}`: {start}{}…", "p".repeat(MESSAGE_CHARS - start.len())),
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
        let page = page(&fake, &config, config.find(name).unwrap(), None, None);
        let found = page.map(|page| String::from_utf8(page.records).unwrap());
        let expect = expect.map(|line| format!("{line}\n")).map_err(|(kind, message)| (kind, message.to_owned()));
        assert_eq!(found.map_err(|error| (error.kind, error.message)), expect, "{name} {body}");
    };
    check("info", "", 200, r#"{"name":"A","tags":[1]}"#, Ok(r#"{"name":"A","tags":[1]}"#));
    check("health", "/health", 200, r#"{"ok":true,"next":"/x"}"#, Ok(r#"{"ok":true,"next":"/x"}"#));
    check(
        "info",
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
        assert_eq!(*fake.asked.borrow(), ["/x", "https://evil.example/"], "{link}");
    }
    // A name would be looked up, and told.
    let fake = Fake::new(&[("/x", r#"{"data":[1],"next":"https://ToKen.evil.example/"}"#)]);
    let error = read(&fake, &json!({})).unwrap_err();
    assert_eq!(error.message, "the secret would leave in the name of another host");
    assert_eq!(*fake.asked.borrow(), ["/x"]);
    let mut fake = Fake::default();
    fake.answer("/x", 302, &[("Location", "http://wh.jivosite.com/r/token/x")], "");
    let error = read(&fake, &json!({})).unwrap_err();
    assert_eq!(error.kind, Kind::Permanent);
    assert_eq!(*fake.asked.borrow(), ["/x", "http://wh.jivosite.com/"]);
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
fn a_bare_list_without_items_ends_a_list_in_objects() {
    check(&json!({}), &[("/x", r#"{"data":[1],"next":"?p=2"}"#), ("/x?p=2", " [ ]\n")], &["1", ""]);
}

#[test]
fn a_page_can_be_fetched_again() {
    let fake = Fake::new(&[("/x", r#"{"data":[1],"next":"?p=2"}"#), ("/x?p=2", r#"{"data":[2],"total":2}"#)]);
    let config = config(&json!({}));
    let resource = config.find("x").unwrap();
    let first = page(&fake, &config, resource, None, None).unwrap();
    let second = page(&fake, &config, resource, first.next.as_deref(), None).unwrap();
    let again = page(&fake, &config, resource, first.next.as_deref(), None).unwrap();
    assert_eq!((&second.records, &second.next, second.total_hint), (&again.records, &again.next, Some(2)));
}
