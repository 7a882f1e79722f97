//! The header fields that no component sets: those that say where a request goes, and those of one connection.

use http::{HeaderMap, HeaderName};

/// Fields of a connection (RFC 9110, 7.6.1, and those that were so before), and `host`, which follows from the origin that
/// was judged.
const NAMES: [&str; 8] =
    ["connection", "host", "http2-settings", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

/// Whether a field is the host's alone.
pub(crate) fn is_forbidden(name: &HeaderName) -> bool {
    NAMES.contains(&name.as_str()) || name.as_str().starts_with("proxy-")
}

/// Takes such fields out.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let forbidden: Vec<HeaderName> = headers.keys().filter(|name| is_forbidden(name)).cloned().collect();
    for name in forbidden {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_connection_are_the_host_s() {
        fn check(name: &str, expect: bool) {
            assert_eq!(is_forbidden(&name.parse().unwrap()), expect, "{name}");
        }
        for name in ["Host", "connection", "Keep-Alive", "TE", "trailer", "Transfer-Encoding", "upgrade"] {
            check(name, true);
        }
        for name in ["proxy-authorization", "Proxy-Connection", "proxy-anything"] {
            check(name, true);
        }
        for name in ["authorization", "content-length", "x-host", "hosts", "cookie", "forwarded"] {
            check(name, false);
        }
        let mut headers = HeaderMap::new();
        headers.append("connection", "close".parse().unwrap());
        headers.append("connection", "x-a".parse().unwrap());
        headers.append("x-a", "1".parse().unwrap());
        strip(&mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["x-a"]);
    }
}
