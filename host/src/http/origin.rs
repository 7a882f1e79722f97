//! Origins: scheme, host and port, in the one form that all spellings lead to.
//!
//! Hosts are written as a URL parser gives them (lower case, Punycode, no trailing dot, addresses in their shortest
//! form), so that no spelling gets around a grant, and so that what was judged is what is connected to.

use std::fmt;

use url::Host;

/// What a component may be granted to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// The word in front of `://`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that is meant when none is given.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|scheme| scheme.as_str().eq_ignore_ascii_case(text))
    }
}

/// One place that requests go to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Name or address, normalized.
    pub host: Host<String>,
    /// The port, given or meant.
    pub port: u16,
}

/// Writes `scheme://host`, and the port when it is not the scheme's own.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port == self.scheme.default_port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// What is wrong with a text that should be an origin or a pair of host and port.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Flaw {
    /// No `http://` or `https://` in front.
    #[error("it must begin with `http://` or `https://`")]
    Scheme,
    /// More than scheme, host and port.
    #[error("it must end after the host or the port: a path, query or fragment cannot be granted")]
    Path,
    /// `user:password@`.
    #[error("it must not hold a user name or a password")]
    UserInfo,
    /// Neither a name nor an address.
    #[error("its host is neither a name nor an address")]
    Host,
    /// `*` in another place than in front of a domain.
    #[error("`*` stands for subdomains only, as in `https://*.example.com`")]
    Wildcard,
    /// No number from 1 to 65535.
    #[error("its port is no number from 1 to 65535")]
    Port,
    /// A port was required.
    #[error("it must end with a port, as in `localhost:8080`")]
    NoPort,
}

/// An entry of `allow` or `allow_private`, or another origin, that cannot be read.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{entry}` cannot be granted: {flaw}")]
pub struct GrantError {
    /// The entry as it was written.
    pub entry: String,
    /// What is wrong with it.
    pub flaw: Flaw,
}

impl Origin {
    /// Reads `scheme://host[:port]`; a single `/` at the end is forgiven.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let parse = || {
            let (scheme, authority) = split_scheme(text)?;
            Self::from_authority(scheme, authority)
        };
        parse().map_err(|flaw| GrantError { entry: text.to_owned(), flaw })
    }

    /// Reads the authority of a request: `host[:port]`, nothing else.
    pub fn from_authority(scheme: Scheme, authority: &str) -> Result<Self, Flaw> {
        let (host, port) = split_port(authority)?;
        Ok(Self { scheme, host: parse_host(host)?, port: port.unwrap_or(scheme.default_port()) })
    }

    /// The authority to put into a request: the normalized host, and the port when it is not the scheme's own.
    pub fn authority(&self) -> String {
        let text = self.to_string();
        text.split_once("://").map_or_else(String::new, |(_, authority)| authority.to_owned())
    }
}

pub(super) fn split_scheme(text: &str) -> Result<(Scheme, &str), Flaw> {
    let (scheme, rest) = text.split_once("://").ok_or(Flaw::Scheme)?;
    Ok((Scheme::parse(scheme).ok_or(Flaw::Scheme)?, rest.strip_suffix('/').unwrap_or(rest)))
}

pub(super) fn split_port(authority: &str) -> Result<(&str, Option<u16>), Flaw> {
    if authority.contains('@') {
        return Err(Flaw::UserInfo);
    }
    if authority.contains(['/', '?', '#', '\\']) {
        return Err(Flaw::Path);
    }
    if !authority.contains(|c: char| c != '.') || authority.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(Flaw::Host);
    }
    // The colons inside of brackets belong to an IPv6 address.
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = authority[after_bracket..].find(':').map(|at| at + after_bracket) else {
        return if after_bracket == 0 || after_bracket == authority.len() {
            Ok((authority, None))
        } else {
            Err(Flaw::Host)
        };
    };
    if after_bracket != 0 && colon != after_bracket {
        return Err(Flaw::Host);
    }
    let (host, port) = (&authority[..colon], &authority[colon + 1..]);
    if port.contains(':') {
        return Err(Flaw::Host);
    }
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Flaw::Port);
    }
    match port.parse() {
        Ok(0) | Err(_) => Err(Flaw::Port),
        Ok(port) => Ok((host, Some(port))),
    }
}

/// Longest name that can be looked up (RFC 1035, 3.1, without the length of the root).
const MAX_NAME: usize = 253;

pub(super) fn parse_host(text: &str) -> Result<Host<String>, Flaw> {
    if text.contains('*') {
        return Err(Flaw::Wildcard);
    }
    // A URL parser would undo percent-encoding; no honest host has any.
    if text.contains('%') {
        return Err(Flaw::Host);
    }
    match Host::parse(text).map_err(|_| Flaw::Host)? {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(&name);
            if name.is_empty() || name.len() > MAX_NAME || name.starts_with('.') || name.ends_with('.') {
                return Err(Flaw::Host);
            }
            Ok(Host::Domain(name.to_owned()))
        }
        address => Ok(address),
    }
}
