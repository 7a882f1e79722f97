//! A service that answers as an input says, and that watches what it is asked.

use std::{cell::Cell, time::SystemTime};

use jivochat::config;
use serde::de::IgnoredAny;
use sluicegate_guest::{
    Source,
    bindings::types::Page,
    cursor::Cursor,
    error::{Error, Kind, Result},
    fetch::{self, Service},
    request::origin_digest,
    response::{Headers, Response},
    url::Url,
};

/// What stands for the credential of the channel.
pub(crate) const TOKEN: &str = "sgt_0123456789abcdef";

/// The longest cursor that the contract allows.
const MAX_CURSOR: usize = 64 * 1024;

/// As many pages as are read; most services that go on for ever are found out long before.
const MAX_PAGES: usize = 24;

/// Answers in the order of an input.
pub(crate) struct Answers {
    source: Source,
    responses: Vec<Response>,
    asked: Cell<usize>,
}

impl Answers {
    /// Takes the settings of the resource `x`, a JSON text, and answers: a status, headers on a line each, an empty line and
    /// a body; `---` on a line of its own stands between two answers. None if these are no settings.
    pub(crate) fn new(settings: &str, answers: &[u8]) -> Option<Self> {
        let settings = if settings.is_empty() { "{}" } else { settings };
        let config = format!(
            r#"{{"base_url":"https://wh.example/j","random":"r","jivo_public_id":"{TOKEN}","resources":{{"x":{settings}}}}}"#
        );
        let source = match config::parse(&config) {
            Ok(source) => source,
            Err(error) => {
                assert_eq!(error.kind, Kind::InvalidConfig, "{error}");
                return None;
            }
        };
        Some(Self {
            source,
            responses: split(answers, b"\n---\n").into_iter().map(answer).collect(),
            asked: Cell::new(0),
        })
    }

    /// The digest that a cursor of the resource holds.
    pub(crate) fn digest(&self) -> u64 {
        self.source.find("x").map_or(0, |resource| origin_digest(&self.source, resource))
    }

    /// Reads all pages from a cursor on, and checks each.
    pub(crate) fn read(&self, mut cursor: Option<String>) {
        for _ in 0..MAX_PAGES {
            let page = match self.page(cursor.as_deref()) {
                Ok(page) => page,
                Err(error) => return check_error(&error),
            };
            check_page(&page, self.digest());
            match page.next {
                Some(next) => cursor = Some(next),
                None => return,
            }
        }
    }

    /// Reads a page twice, as a host does after a crash, and finds the same.
    fn page(&self, cursor: Option<&str>) -> Result<Page> {
        let resource = self.source.find("x")?;
        let before = self.asked.get();
        let page = fetch::page(self, &self.source, resource, cursor, None);
        self.asked.set(before);
        let again = fetch::page(self, &self.source, resource, cursor, None);
        let facts = |page: &Result<Page>| {
            page.as_ref().map(|page| (page.records.clone(), page.next.clone())).map_err(Clone::clone)
        };
        assert_eq!(facts(&page), facts(&again), "a page is the same again");
        page
    }
}

impl Service for Answers {
    fn get(&self, url: &Url) -> Result<Response> {
        let text = url.to_string();
        assert_eq!(Url::parse(&text).as_ref(), Ok(url), "what is asked for is a URL");
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'), "{text:?} goes over the wire");
        assert!(url.target.starts_with('/') && !url.origin.authority.contains('@'), "{text:?}");
        assert!(url.origin == self.source.base.origin || !url.holds(TOKEN), "the secret leaves for {text}");
        let asked = self.asked.replace(self.asked.get() + 1);
        Ok(self.responses.get(asked).cloned().unwrap_or(Response { status: 404, ..Response::default() }))
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(separator.len()).position(|window| window == separator) {
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest);
    parts
}

fn answer(bytes: &[u8]) -> Response {
    let parts = split(bytes, b"\n\n");
    let head = String::from_utf8_lossy(parts[0]);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.parse().ok()).unwrap_or(200);
    let mut headers = Headers::default();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.add(name, value.as_bytes());
    }
    Response { status, headers, body: parts[1..].join(&b"\n\n"[..]) }
}

fn check_page(page: &Page, digest: u64) {
    assert!(page.records.is_empty() || page.records.ends_with(b"\n"), "the last line has an end");
    for line in page.records.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        if let Ok(text) = str::from_utf8(line) {
            assert!(serde_json::from_str::<IgnoredAny>(text).is_ok(), "a record is no JSON: {text:?}");
        }
    }
    if let Some(next) = &page.next {
        assert!(next.len() <= MAX_CURSOR, "a cursor of {} bytes", next.len());
        assert!(Cursor::decode(next, digest).is_ok(), "a cursor that cannot be read: {next}");
    }
}

fn check_error(error: &Error) {
    assert!(!error.message.is_empty() && error.message.len() < 2048, "{} bytes", error.message.len());
    let told = format!("{} {}", error.message, error.code.as_deref().unwrap_or_default());
    assert!(!told.contains(TOKEN), "the secret is told: {told}");
    assert!(!told.contains(char::is_control), "{told:?}");
}
