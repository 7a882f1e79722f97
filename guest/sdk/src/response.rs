//! What an answer means: a page that goes on to be read, or an error that says what the host is to do.

use std::time::{Duration, SystemTime};

use crate::{
    body::Body,
    error::{Error, Kind, Result},
    json::{Document, Json},
    secret::Secrets,
};

/// How many characters of an answer are quoted in a message.
const EXCERPT_CHARS: usize = 200;

/// A header of a request: its name and its value.
pub type Header = (String, String);

/// The headers of an answer; names compare without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Adds a header. The values of one name are joined by a comma, as HTTP has it.
    pub fn add(&mut self, name: &str, value: &[u8]) {
        let name = name.to_ascii_lowercase();
        let value = String::from_utf8_lossy(value);
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => {
                values.push_str(", ");
                values.push_str(&value);
            }
            None => self.0.push((name, value.into_owned())),
        }
    }

    /// The value of a header.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Headers {
    fn from(pairs: [(&str, &str); N]) -> Self {
        let mut headers = Self::default();
        for (name, value) in pairs {
            headers.add(name, value.as_bytes());
        }
        headers
    }
}

/// An answer that was read to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The decoded body.
    pub body: Vec<u8>,
}

impl Response {
    /// Whether it sends on to another URL.
    pub fn is_redirect(&self) -> bool {
        matches!(self.status, 301 | 302 | 303 | 307 | 308)
    }

    /// Turns an answer that is no success into an error. `url` is how the request is called in messages.
    pub fn into_body(self, url: &str, secrets: &Secrets, now: SystemTime) -> Result<(Headers, Body)> {
        let body = Body::new(self.body);
        if (200..300).contains(&self.status) {
            return Ok((self.headers, body));
        }
        let retry_after_ms = retry_after_ms(&self.headers, now);
        let kind = match self.status {
            401 | 403 => Kind::Auth,
            404 => Kind::NotFound,
            429 => Kind::RateLimited,
            503 if retry_after_ms.is_some() => Kind::RateLimited,
            408 | 425 | 500..=599 => Kind::Transient,
            400..=499 => Kind::Permanent,
            _ => Kind::InvalidResponse,
        };
        let told = told(&body, self.headers.get("content-type").unwrap_or_default());
        let mut message = format!("`GET {url}` answered {}", status_text(self.status));
        if let Some(text) = told.message.filter(|text| !text.trim().is_empty()) {
            message.push_str(": ");
            message.push_str(&excerpt(&text, secrets));
        }
        let code = told.code.map(|code| excerpt(&code, secrets));
        Err(Error { kind, message, http_status: Some(self.status), code, retry_after_ms })
    }
}

/// What the service says of an error in its own words.
#[derive(Default)]
struct Told {
    message: Option<String>,
    code: Option<String>,
}

/// Reads `{"error":{"code","message"}}` and its relatives, or plain text. A page for browsers tells nothing.
fn told(body: &Body, content_type: &str) -> Told {
    let text = body.text().trim();
    let Ok(document) = Document::parse(text) else {
        let plain = !content_type.contains("html") && !text.starts_with('<') && !text.is_empty();
        return Told { message: plain.then(|| text.to_owned()), code: None };
    };
    if !document.json.is_object() {
        return Told { message: document.json.text(), code: None };
    }
    let error = document.member("error");
    let member = |keys: &[&str]| {
        let found = |object: &Document<'_>| keys.iter().find_map(|key| object.member(key)?.json.text());
        error.and_then(found).or_else(|| found(&document))
    };
    Told {
        message: member(&["message", "error_description", "detail", "description", "title"])
            .or_else(|| error.map(|error| error.json).and_then(Json::text)),
        code: member(&["code", "status_code"]),
    }
}

/// Reads `Retry-After`, in seconds or as a date. A date is compared with the service's own clock where it shows it.
fn retry_after_ms(headers: &Headers, now: SystemTime) -> Option<u64> {
    let value = headers.get("retry-after")?;
    let wait = if let Some(wait) = seconds(value) {
        wait
    } else {
        let until = httpdate::parse_http_date(value).ok()?;
        let now = headers.get("date").and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
        until.duration_since(now).unwrap_or_default()
    };
    Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}

/// Reads seconds, with a fraction or without.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let millis = format!("{fraction:0<3}")[..3].parse().ok()?;
    Some(Duration::from_secs(whole.parse().ok()?).saturating_add(Duration::from_millis(millis)))
}

/// The start of a text from outside, on one line, without a secret: short enough to stand in a message.
pub fn excerpt(text: &str, secrets: &Secrets) -> String {
    shown(text, secrets, EXCERPT_CHARS)
}

/// A text on one line, without a secret, and no longer than so many characters.
pub fn shown(text: &str, secrets: &Secrets, most: usize) -> String {
    let mut out = String::new();
    let masked = secrets.mask(text);
    for (at, c) in masked.trim().chars().enumerate() {
        if at == most {
            out.push('…');
            break;
        }
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

fn status_text(status: u16) -> String {
    let reason = match status {
        300 => "Multiple Choices",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        422 => "Unprocessable Content",
        425 => "Too Early",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return status.to_string(),
    };
    format!("{status} {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn error(status: u16, headers: Headers, body: &str) -> Error {
        let response = Response { status, headers, body: body.into() };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        response.into_body("https://h/a", &Secret::new("tok-en-123").into(), now).unwrap_err()
    }

    #[test]
    fn every_status_is_an_action_of_the_host() {
        let check =
            |status: u16, expect: Kind| assert_eq!(error(status, Headers::default(), "").kind, expect, "{status}");
        check(400, Kind::Permanent);
        check(401, Kind::Auth);
        check(403, Kind::Auth);
        check(404, Kind::NotFound);
        check(408, Kind::Transient);
        check(410, Kind::Permanent);
        check(425, Kind::Transient);
        check(429, Kind::RateLimited);
        check(500, Kind::Transient);
        check(503, Kind::Transient);
        check(599, Kind::Transient);
        check(304, Kind::InvalidResponse);
        check(100, Kind::InvalidResponse);
    }

    #[test]
    fn the_service_speaks_for_itself() {
        let check = |body: &str, expect: &str, code: Option<&str>| {
            let error = error(404, Headers::default(), body);
            let expect = if expect.is_empty() { String::new() } else { format!(": {expect}") };
            assert_eq!(error.message, format!("`GET https://h/a` answered 404 Not Found{expect}"), "{body}");
            assert_eq!(error.code.as_deref(), code, "{body}");
            assert_eq!(error.http_status, Some(404));
        };
        check(r#"{"error":{"code":404,"message":"Channel not found"}}"#, "Channel not found", Some("404"));
        check(r#"{"error":"no_channel","error_description":"No channel"}"#, "No channel", None);
        check(r#"{"error":"no_channel"}"#, "no_channel", None);
        check(r#"{"message":"No","code":"x1"}"#, "No", Some("x1"));
        check(r#""gone""#, "gone", None);
        check("channel_not_found\r\n", "channel_not_found", None);
        check("unknown tok-en-123\u{1}", "unknown ***\\u{1}", None);
        check("<html><body>404</body></html>", "", None);
        check("", "", None);
        check("[1]", "", None);
        let long = "x".repeat(300);
        check(&long, &format!("{}…", &long[..200]), None);
    }

    #[test]
    fn retry_after() {
        let check = |value: &str, date: Option<&str>, expect: Option<u64>| {
            let mut headers = Headers::from([("Retry-After", value)]);
            if let Some(date) = date {
                headers.add("Date", date.as_bytes());
            }
            assert_eq!(error(429, headers, "").retry_after_ms, expect, "{value}");
        };
        check("2", None, Some(2000));
        check(" 0 ", None, Some(0));
        check("1.5", None, Some(1500));
        check("0.0309", None, Some(30));
        check("1.", None, None);
        check("-1", None, None);
        check("soon", None, None);
        check("inf", None, None);
        check("Sun, 06 Nov 1994 08:49:40 GMT", None, Some(3000));
        check("Sun, 06 Nov 1994 08:49:40 GMT", Some("Sun, 06 Nov 1994 08:49:30 GMT"), Some(10_000));
        check("Sun, 06 Nov 1994 08:00:00 GMT", None, Some(0));
        let error = error(503, Headers::from([("Retry-After", "1")]), "");
        assert_eq!((error.kind, error.retry_after_ms), (Kind::RateLimited, Some(1000)));
    }

    #[test]
    fn headers_of_one_name_are_one() {
        let headers = Headers::from([("Link", "<a>; rel=next"), ("LINK", "<b>; rel=last")]);
        assert_eq!(headers.get("link"), Some("<a>; rel=next, <b>; rel=last"));
    }
}
