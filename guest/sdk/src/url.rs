//! Absolute URLs: parsed strictly, resolved by RFC 3986, compared by origin, shown without the secret.

use std::fmt;

use fluent_uri::{Uri, UriRef, pct_enc::EStr};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What services write into links though a URI may not hold it; it is encoded instead of refused.
const TOLERATED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// All but RFC 3986's unreserved characters.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Scheme, host and port: what a host grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `https` rather than `http`.
    pub https: bool,
    /// Host in lower case, IPv6 in brackets, and the port unless it is the scheme's own.
    pub authority: String,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.authority)
    }
}

impl Origin {
    /// Whether a secret stands in the host, which is written in lower case.
    pub fn holds(&self, secret: &str) -> bool {
        !secret.is_empty() && self.authority.contains(&secret.to_ascii_lowercase())
    }
}

/// An absolute http or https URL without user name and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Where the request goes.
    pub origin: Origin,
    /// Path and query as sent; begins with `/`.
    pub target: String,
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.target)
    }
}

impl Url {
    /// Parses an absolute URL; the error is one clause that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = tolerate(text);
        Self::from_uri(&Uri::parse(text.as_str()).map_err(|_| "is no absolute URL")?)
    }

    /// Resolves a link, absolute or relative, against this URL, as a browser would.
    pub fn resolve(&self, link: &str) -> Result<Self, &'static str> {
        let link = tolerate(link);
        let link = UriRef::parse(link.as_str()).map_err(|_| "is no URL")?;
        let base = self.to_string();
        let base = Uri::parse(base.as_str()).map_err(|_| "has no base")?;
        Self::from_uri(&link.resolve_against(&base).map_err(|_| "is no URL")?.borrow())
    }

    /// Another path and query at the same origin.
    pub fn origin_url(&self, target: &str) -> Result<Self, &'static str> {
        Self::parse(&format!("{}{target}", self.origin))
    }

    fn from_uri(uri: &Uri<&str>) -> Result<Self, &'static str> {
        let https = match uri.scheme().as_str().to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err("is neither http nor https"),
        };
        let authority = uri.authority().ok_or("names no host")?;
        if authority.userinfo().is_some() {
            return Err("holds a user name, which is never sent");
        }
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() {
            return Err("names no host");
        }
        if host.contains('%') {
            return Err("has a host that is not written in ASCII");
        }
        let port = match authority.port().map(EStr::as_str) {
            None | Some("") => None,
            Some(port) => Some(port.parse::<u16>().map_err(|_| "has no valid port")?),
        };
        let port = port.filter(|&port| port != if https { 443 } else { 80 });
        let authority = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        let path = uri.path().as_str();
        let mut target = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
        if let Some(query) = uri.query() {
            target.push('?');
            target.push_str(query.as_str());
        }
        Ok(Self { origin: Origin { https, authority }, target })
    }

    /// The root of its origin.
    #[must_use]
    pub fn root(&self) -> Self {
        Self { origin: self.origin.clone(), target: "/".to_owned() }
    }

    /// The path alone.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Sets a query parameter, in place of any of the same name; the others stay as they are written.
    pub fn set_param(&mut self, name: &str, value: &str) {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_param(pair, name)).collect();
        let pair = format!("{}={}", encode(name), encode(value));
        pairs.push(&pair);
        self.target = format!("{path}?{}", pairs.join("&"));
    }

    /// Adds a query parameter, beside any of the same name.
    pub fn add_param(&mut self, name: &str, value: &str) {
        let joint = if self.target.contains('?') { '&' } else { '?' };
        self.target = format!("{}{joint}{}={}", self.target, encode(name), encode(value));
    }

    /// The first value of a query parameter, decoded.
    pub fn param(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let pair = query.split('&').find(|pair| is_param(pair, name))?;
        Some(decode(pair.split_once('=').map_or("", |(_, value)| value)))
    }

    /// Whether a secret stands in host, path or query, in clear or percent-encoded.
    pub fn holds(&self, secret: &str) -> bool {
        let decoded = || percent_decode_str(&self.target).decode_utf8_lossy().contains(secret);
        !secret.is_empty() && (self.origin.holds(secret) || self.target.contains(secret) || decoded())
    }
}

/// Percent-encodes a text so that it can be one path segment or one query value.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn is_param(pair: &str, name: &str) -> bool {
    decode(pair.split('=').next().unwrap_or_default()) == name
}

fn tolerate(text: &str) -> String {
    let text = utf8_percent_encode(text.trim(), TOLERATED).to_string();
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let escape = |n: usize| bytes.get(at + n).is_some_and(u8::is_ascii_hexdigit);
        out.push(c);
        // A lone percent sign stands for itself.
        if c == '%' && !(escape(1) && escape(2)) {
            out.push_str("25");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parse() {
        let check = |input: &str, expect: Result<&str, &str>| {
            assert_eq!(Url::parse(input).map(|url| url.to_string()).as_deref(), expect.as_ref().map(|x| *x), "{input}");
        };
        check("https://wh.jivosite.com", Ok("https://wh.jivosite.com/"));
        check("HTTPS://WH.JivoSite.com:443/a?b=c#d", Ok("https://wh.jivosite.com/a?b=c"));
        check("http://127.0.0.1:8080/", Ok("http://127.0.0.1:8080/"));
        check("http://[::1]:80", Ok("http://[::1]/"));
        check("http://h/a b?q=\"é\"&p=5%", Ok("http://h/a%20b?q=%22%C3%A9%22&p=5%25"));
        check("wh.jivosite.com", Err("is no absolute URL"));
        check("ftp://h/", Err("is neither http nor https"));
        check("http://u:p@h/", Err("holds a user name, which is never sent"));
        check("http:///x", Err("names no host"));
        check("http://h:99999/", Err("has no valid port"));
        check("http://evil\\@h/", Err("holds a user name, which is never sent"));
        check("", Err("is no absolute URL"));
    }

    #[test]
    fn resolve() {
        let base = Url::parse("https://h/a/b?x=1").unwrap();
        let check = |link: &str, expect: &str| {
            assert_eq!(base.resolve(link).map(|url| url.to_string()).as_deref(), Ok(expect), "{link}");
        };
        check("?page=2", "https://h/a/b?page=2");
        check("c", "https://h/a/c");
        check("/c?d", "https://h/c?d");
        check("//other/c", "https://other/c");
        check("http://other", "http://other/");
        check("../../../c", "https://h/c");
        check("", "https://h/a/b?x=1");
        assert!(base.resolve("javascript:alert(1)").is_err());
        assert!(base.resolve("http://[/").is_err());
    }

    #[test]
    fn params() {
        let mut url = Url::parse("http://h/a?x=1&page=1&y=2&page=9").unwrap();
        url.set_param("page", "a b&c");
        assert_eq!(url.target, "/a?x=1&y=2&page=a%20b%26c");
        assert_eq!(url.param("page").as_deref(), Some("a b&c"));
        assert_eq!(url.param("z"), None);
        let mut url = Url::parse("http://h/a").unwrap();
        url.add_param("t", "1");
        url.add_param("t", "2");
        assert_eq!(url.target, "/a?t=1&t=2");
    }

    #[test]
    fn holds_a_secret_however_it_is_written() {
        let url = Url::parse("http://h/a/tok%2den/b").unwrap();
        assert!(url.holds("tok-en"));
        assert!(Url::parse("http://x.Tok-En.h/").unwrap().holds("Tok-EN"));
        assert!(!url.holds("token"));
        assert!(!url.holds(""));
    }

    proptest! {
        #[test]
        fn any_link_resolves_or_fails_without_a_panic(link in ".{0,60}") {
            let base = Url::parse("https://h/a/b?x=1").unwrap();
            if let Ok(url) = base.resolve(&link) {
                // What was accepted is a URL again, and the same one.
                prop_assert_eq!(Url::parse(&url.to_string()), Ok(url));
            }
        }

        #[test]
        fn a_param_comes_back(name in ".{1,8}", value in ".{0,20}") {
            let mut url = Url::parse("https://h/a?k=v").unwrap();
            url.set_param(&name, &value);
            prop_assert_eq!(url.param(&name), Some(value));
        }
    }
}
