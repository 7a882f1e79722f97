//! What holds for any grant and any request; the fuzz target `grants` checks the same.
//!
//! An input is a grant, and on each further line the origin of a request.

use url::{Host, Url};

use crate::http::{
    allow::{AllowList, HostPort},
    origin::Origin,
};

/// Scheme, host and port as a URL parser sees them, which is what servers and other clients go by.
type Seen = (String, Host<String>, u16);

fn seen(text: &str) -> Option<Seen> {
    let url = Url::parse(text).ok()?;
    let host = match url.host()?.to_owned() {
        // With a dot at its end or without, a name leads to the same machine.
        Host::Domain(name) => Host::Domain(name.strip_suffix('.').unwrap_or(&name).to_owned()),
        address => address,
    };
    Some((url.scheme().to_owned(), host, url.port_or_known_default()?))
}

/// Whether a grant covers a request by what a URL parser sees in both.
fn covers(entry: &str, (scheme, host, port): &Seen) -> bool {
    let (head, rest) = entry.split_once("://").unwrap_or_default();
    let below = rest.strip_prefix("*.");
    let Some(granted) = seen(&format!("{head}://{}", below.unwrap_or(rest))) else { return false };
    let matches = match (&granted.1, host) {
        (Host::Domain(domain), Host::Domain(name)) if below.is_some() => name.ends_with(&format!(".{domain}")),
        (granted, wanted) => below.is_none() && granted == wanted,
    };
    matches && (&granted.0, &granted.2) == (scheme, port)
}

/// Panics when an origin is granted that a comparison of URLs would deny, or the other way round.
pub(crate) fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let (entry, requests) = text.split_once('\n').unwrap_or((text, ""));
    let list = AllowList::parse([entry]);
    let pair = HostPort::parse(entry);
    for request in requests.split('\n') {
        let Ok(origin) = Origin::parse(request) else { continue };
        let written = origin.to_string();
        assert_eq!(Origin::parse(&written).as_ref(), Ok(&origin), "{request:?} is read again");
        assert_eq!(Origin::from_authority(origin.scheme, &origin.authority()).as_ref(), Ok(&origin), "{request:?}");

        let Some(wanted) = seen(request) else { panic!("{request:?} is no URL, yet read as {written}") };
        assert_eq!(seen(&written).as_ref(), Some(&wanted), "{request:?} is written as {written}");
        if let Ok(list) = &list {
            assert_eq!(list.allows(&origin), covers(entry, &wanted), "{entry:?} against {request:?}");
        }
        if let Ok(pair) = &pair {
            let expected = covers(&format!("{}://{pair}", wanted.0), &wanted);
            assert_eq!(pair.is_of(&origin), expected, "{entry:?} against {request:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seeds;

    #[test]
    fn what_is_kept() {
        seeds::each("grants", check);
    }

    /// Spellings of few hosts, so that grants and requests often meet.
    fn origin() -> impl Strategy<Value = String> {
        let host = prop::sample::select(vec![
            "a.example",
            "A.Example.",
            "*.a.example",
            "b.a.example",
            "xa.example",
            "bücher.example",
            "xn--bcher-kva.example",
            "127.0.0.1",
            "0x7f.1",
            "2130706433",
            "[::1]",
            "[0:0::1]",
            "[::ffff:127.0.0.1]",
            "user@a.example",
        ]);
        let port = prop::sample::select(vec!["", ":", ":80", ":443", ":0443", ":8080", ":65536", "/", "/path", "\\x"]);
        (prop::sample::select(vec!["http://", "HTTPS://", "https://", ""]), host, port, ".{0,2}")
            .prop_map(|(scheme, host, port, end)| format!("{scheme}{host}{port}{end}"))
    }

    proptest! {
        #[test]
        fn grants_cover_what_urls_say(entry in origin(), requests in prop::collection::vec(origin(), 1..4)) {
            check(format!("{entry}\n{}", requests.join("\n")).as_bytes());
        }
    }
}
