//! The allow-list: which origins a component may reach. Pure: it opens nothing and looks nothing up.
//!
//! An entry is `scheme://host[:port]`; the host may begin with `*.` for all subdomains. An empty list reaches nothing.

use std::fmt;

use url::Host;

use crate::http::origin::{Flaw, GrantError, Origin, parse_host, split_port, split_scheme};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Grant {
    origin: Origin,
    subdomains: bool,
}

impl Grant {
    fn parse(text: &str) -> Result<Self, Flaw> {
        let (scheme, authority) = split_scheme(text)?;
        let Some(domain) = authority.strip_prefix("*.") else {
            return Ok(Self { origin: Origin::from_authority(scheme, authority)?, subdomains: false });
        };
        let origin = Origin::from_authority(scheme, domain)?;
        // Neither an address has subdomains, nor does `*.` mean "everything".
        if matches!(origin.host, Host::Domain(_)) { Ok(Self { origin, subdomains: true }) } else { Err(Flaw::Wildcard) }
    }

    fn covers(&self, origin: &Origin) -> bool {
        if self.origin.scheme != origin.scheme || self.origin.port != origin.port {
            return false;
        }
        match (&self.origin.host, &origin.host) {
            (Host::Domain(domain), Host::Domain(name)) if self.subdomains => {
                name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            (granted, wanted) => !self.subdomains && granted == wanted,
        }
    }
}

/// The origins that a source was granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList {
    grants: Vec<Grant>,
}

impl AllowList {
    /// Reads the entries of `allow`; fails at the first that is wrong.
    pub fn parse<T: AsRef<str>>(entries: impl IntoIterator<Item = T>) -> Result<Self, GrantError> {
        let grants = entries
            .into_iter()
            .map(|entry| {
                let entry = entry.as_ref();
                Grant::parse(entry).map_err(|flaw| GrantError { entry: entry.to_owned(), flaw })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { grants })
    }

    /// Whether requests to an origin are granted.
    pub fn allows(&self, origin: &Origin) -> bool {
        self.grants.iter().any(|grant| grant.covers(origin))
    }

    /// Whether it reaches nothing.
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    /// A list of its first entry alone: what a secret without `origins` is bound to.
    #[must_use]
    pub fn first(&self) -> Self {
        Self { grants: self.grants.first().cloned().into_iter().collect() }
    }
}

/// A host and port that may resolve to private or loopback addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    host: Host<String>,
    port: u16,
}

impl HostPort {
    /// Reads `host:port`.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let parse = || {
            let (host, port) = split_port(text)?;
            Ok(Self { host: parse_host(host)?, port: port.ok_or(Flaw::NoPort)? })
        };
        parse().map_err(|flaw| GrantError { entry: text.to_owned(), flaw })
    }

    /// Whether it is the host and port of an origin.
    pub fn is_of(&self, origin: &Origin) -> bool {
        self.host == origin.host && self.port == origin.port
    }
}

impl From<&Origin> for HostPort {
    fn from(origin: &Origin) -> Self {
        Self { host: origin.host.clone(), port: origin.port }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn entries_are_read() {
        fn check(entry: &str, expect: &str) {
            let list = AllowList::parse([entry]).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(list.grants[0].origin.to_string(), expect, "{entry}");
        }
        check("https://wh.jivosite.com", "https://wh.jivosite.com");
        check("https://wh.jivosite.com/", "https://wh.jivosite.com");
        check("HTTPS://WH.JivoSite.COM.", "https://wh.jivosite.com");
        check("https://example.com:443", "https://example.com");
        check("https://example.com:8443", "https://example.com:8443");
        check("http://example.com:80", "http://example.com");
        check("http://example.com:443", "http://example.com:443");
        check("http://bücher.example", "http://xn--bcher-kva.example");
        check("http://127.0.0.1:8080", "http://127.0.0.1:8080");
        check("http://0x7f.1", "http://127.0.0.1");
        check("http://[::1]:8080", "http://[::1]:8080");
        check("http://[0:0::1]", "http://[::1]");
        check("https://*.example.com", "https://example.com");
        check("http://localhost", "http://localhost");
    }

    #[test]
    fn wrong_entries_are_refused() {
        fn check(entry: &str, expect: Flaw) {
            assert_eq!(AllowList::parse([entry]), Err(GrantError { entry: entry.into(), flaw: expect }), "{entry}");
        }
        check("", Flaw::Scheme);
        check("*", Flaw::Scheme);
        check("example.com", Flaw::Scheme);
        check("ftp://example.com", Flaw::Scheme);
        check("*://example.com", Flaw::Scheme);
        check("https://", Flaw::Host);
        check("https:///", Flaw::Host);
        check("https://.", Flaw::Host);
        check("https://..", Flaw::Host);
        check("https://example.com..", Flaw::Host);
        check("https://exa mple.com", Flaw::Host);
        check("https://exa%6dple.com", Flaw::Host);
        check("https://a:b:1", Flaw::Host);
        check("https://::1", Flaw::Host);
        check("https://[::1", Flaw::Host);
        check("https://[::1]x", Flaw::Host);
        check("https://[::1]x:1", Flaw::Host);
        check("https://1.2.3.400", Flaw::Host);
        check("https://example.com/path", Flaw::Path);
        check("https://example.com?x", Flaw::Path);
        check("https://example.com#x", Flaw::Path);
        check("https://example.com\\x", Flaw::Path);
        check("https://user@example.com", Flaw::UserInfo);
        check("https://user:pass@example.com", Flaw::UserInfo);
        check("https://example.com:", Flaw::Port);
        check("https://example.com:0", Flaw::Port);
        check("https://example.com:+1", Flaw::Port);
        check("https://example.com:65536", Flaw::Port);
        check("https://example.com:*", Flaw::Port);
        check("https://*", Flaw::Wildcard);
        check("https://*.", Flaw::Host);
        check("https://*.*.example.com", Flaw::Wildcard);
        check("https://a.*.example.com", Flaw::Wildcard);
        check("https://*example.com", Flaw::Wildcard);
        check("https://*.0.0.1", Flaw::Wildcard);
        check("https://*.[::1]", Flaw::Wildcard);
        check(&format!("https://{}example.com", "a.".repeat(122)), Flaw::Host);
    }

    #[test]
    fn requests_are_matched() {
        fn check(entry: &str, request: &str, expect: bool) {
            let list = AllowList::parse([entry]).unwrap();
            let origin = Origin::parse(request).unwrap();
            assert_eq!(list.allows(&origin), expect, "{entry} against {request}");
        }
        check("https://example.com", "https://example.com", true);
        check("https://example.com", "https://EXAMPLE.com.:443", true);
        check("https://example.com", "http://example.com", false);
        check("https://example.com", "https://example.com:8443", false);
        check("https://example.com", "https://www.example.com", false);
        check("https://example.com", "https://example.com.evil.org", false);
        check("https://example.com:8443", "https://example.com:8443", true);
        check("https://example.com:8443", "https://example.com", false);
        check("http://example.com:443", "https://example.com", false);
        check("https://*.example.com", "https://www.example.com", true);
        check("https://*.example.com", "https://a.b.example.com", true);
        check("https://*.example.com", "https://example.com", false);
        check("https://*.example.com", "https://evilexample.com", false);
        check("https://*.example.com", "https://www.example.com:1", false);
        check("http://127.0.0.1:80", "http://2130706433", true);
        check("http://127.0.0.1:80", "http://0x7f.1:80", true);
        check("http://127.0.0.1:80", "http://127.0.0.2", false);
        check("http://[::ffff:7f00:1]", "http://[::ffff:127.0.0.1]", true);
        check("http://bücher.example", "http://XN--BCHER-KVA.example", true);
    }

    #[test]
    fn an_empty_list_allows_nothing() {
        let list = AllowList::parse::<&str>([]).unwrap();
        assert!(list.is_empty());
        assert!(!list.allows(&Origin::parse("https://example.com").unwrap()));
    }

    #[test]
    fn pairs_of_host_and_port_are_read() {
        fn check(text: &str, expect: Result<&str, Flaw>) {
            let pair = HostPort::parse(text).map(|pair| pair.to_string()).map_err(|error| error.flaw);
            assert_eq!(pair, expect.map(str::to_owned), "{text}");
        }
        check("localhost:8080", Ok("localhost:8080"));
        check("127.0.0.1:80", Ok("127.0.0.1:80"));
        check("[::1]:80", Ok("[::1]:80"));
        check("localhost", Err(Flaw::NoPort));
        check("*:80", Err(Flaw::Wildcard));
        check("http://localhost:80", Err(Flaw::Path));
    }

    proptest! {
        /// Nothing makes the parser panic, and what it reads it reads again the same way from its own text.
        #[test]
        fn what_is_read_is_read_again(text in "(https?://)?[a-zA-Z0-9.:@/*%\\[\\]é-]{0,24}") {
            if let Ok(origin) = Origin::parse(&text) {
                prop_assert_eq!(Origin::parse(&origin.to_string()), Ok(origin.clone()));
                prop_assert_eq!(Origin::from_authority(origin.scheme, &origin.authority()), Ok(origin));
            }
            let _ = AllowList::parse([&text]);
            let _ = HostPort::parse(&text);
        }

        /// A URL parser, which is what servers and clients use, sees the same origin.
        #[test]
        fn a_url_parser_agrees(text in "https?://[a-zA-Z0-9.:é-]{1,24}") {
            if let (Ok(origin), Ok(url)) = (Origin::parse(&text), url::Url::parse(&text)) {
                let host = url.host().map(|host| host.to_string().trim_end_matches('.').to_owned());
                prop_assert_eq!(Some(origin.host.to_string()), host);
                prop_assert_eq!(Some(origin.port), url.port_or_known_default());
            }
        }

        /// Only the granted host itself is granted.
        #[test]
        fn no_other_host_is_granted(name in "[a-z0-9.-]{1,16}") {
            let list = AllowList::parse(["https://example.com"]).unwrap();
            if let Ok(origin) = Origin::parse(&format!("https://{name}")) {
                prop_assert_eq!(list.allows(&origin), name.trim_end_matches('.') == "example.com");
            }
        }
    }
}
