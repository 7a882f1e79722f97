//! A channel's URL, taken apart.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// A JivoChat channel: where it is, and the last segment that is its credential.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Channel {
    /// Scheme, host and port: the origin to grant.
    pub(super) origin: String,
    /// The first segment of the path.
    pub(super) random: String,
    /// The last segment, decoded. A credential: never printed.
    pub(super) public_id: String,
    /// `host:port`, when the host is this machine or in a private network and so needs a grant of its own.
    pub(super) private: Option<String>,
}

impl Channel {
    /// Takes a URL apart. The reason of a refusal does not repeat the URL, which holds the credential.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).map_err(|error| error.to_string())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("its scheme is `{}`, not `https`", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err("it has a part that no channel URL has: a user, a query or a fragment".into());
        }
        let host = url.host().ok_or("it has no host")?;
        let segments: Vec<&str> = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
        // One part too many would have the credential taken for something else, shown and handed to the component.
        let [random, public_id] = segments.as_slice() else {
            return Err(format!("its path has {} parts, and a channel's has two", segments.len()));
        };
        let decode = |segment: &str| {
            percent_decode_str(segment).decode_utf8().map(Cow::into_owned).map_err(|_| "its path is not UTF-8")
        };
        let origin = url.origin().ascii_serialization();
        let private = is_private(&host).then(|| format!("{host}:{}", url.port_or_known_default().unwrap_or_default()));
        Ok(Self { random: decode(random)?, public_id: decode(public_id)?, private, origin })
    }
}

/// Whether a host is written as an address, or named as this machine: a user who types that means it.
fn is_private(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        Host::Ipv6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_url_is_taken_apart() {
        let channel = Channel::parse("https://wh.jivosite.com/a1b2c3/Pub%2BId_42/").unwrap();
        assert_eq!(channel.origin, "https://wh.jivosite.com");
        assert_eq!((channel.random.as_str(), channel.public_id.as_str()), ("a1b2c3", "Pub+Id_42"));
        assert_eq!(channel.private, None);
    }

    #[test]
    fn a_local_channel_needs_a_grant_of_its_own() {
        let channel = Channel::parse("http://127.0.0.1:8123/rnd/public-id").unwrap();
        assert_eq!(channel.origin, "http://127.0.0.1:8123");
        assert_eq!(channel.private.as_deref(), Some("127.0.0.1:8123"));
        assert_eq!(Channel::parse("http://[::1]/rnd/public-id").unwrap().private.as_deref(), Some("[::1]:80"));
        assert_eq!(
            Channel::parse("https://localhost/rnd/public-id").unwrap().private.as_deref(),
            Some("localhost:443")
        );
    }

    #[test]
    fn what_is_no_channel_url_is_refused_without_repeating_it() {
        for text in [
            "wh.jivosite.com/a/secret-id",
            "ftp://wh.jivosite.com/a/secret-id",
            "https://wh.jivosite.com/secret-id",
            "https://wh.jivosite.com/a/secret-id/status",
            "https://user@wh.jivosite.com/a/secret-id",
            "https://wh.jivosite.com/a/secret-id?x=1",
            "",
        ] {
            let reason = Channel::parse(text).unwrap_err();
            assert!(!reason.contains("secret-id"), "{reason}");
        }
    }
}
