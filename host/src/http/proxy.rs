//! An HTTP proxy, used only when the user configures one.

use std::{fmt, io};

use base64::{Engine, prelude::BASE64_STANDARD};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use url::Url;

use crate::http::origin::Origin;

/// A proxy that is no `http://host:port`.
#[derive(Debug, thiserror::Error)]
#[error("the proxy must be `http://[user:password@]host[:port]`")]
pub struct ProxyError;

/// Where the proxy is. Its user gave it, so its address is not judged.
#[derive(Clone)]
pub struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    authorization: Option<String>,
}

impl Proxy {
    /// Reads `http://[user:password@]host[:port]`.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let url = Url::parse(text).map_err(|_| ProxyError)?;
        let only_origin = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let (Some(host), "http", true) = (url.host_str(), url.scheme(), only_origin) else { return Err(ProxyError) };
        let decode = |text| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let authorization = (!url.username().is_empty()).then(|| {
            let credentials = format!("{}:{}", decode(url.username()), decode(url.password().unwrap_or_default()));
            format!("Basic {}", BASE64_STANDARD.encode(credentials))
        });
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default().unwrap_or(80),
            authorization,
        })
    }

    /// What the proxy wants to see in requests that it passes on.
    pub(crate) fn authorization(&self) -> Option<&str> {
        self.authorization.as_deref()
    }

    /// Asks the proxy for a tunnel to an origin.
    pub(crate) async fn tunnel<S>(&self, stream: &mut S, origin: &Origin) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let target = format!("{}:{}", origin.host, origin.port);
        let mut request = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n");
        if let Some(authorization) = &self.authorization {
            request.push_str("proxy-authorization: ");
            request.push_str(authorization);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await?;
        // Byte by byte, so that nothing of what the origin says is taken; a head of more than this is no proxy's.
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= 8 * 1024 {
                return Err(io::Error::other("the proxy answered no head of a response"));
            }
            head.push(stream.read_u8().await?);
        }
        let status = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        if status.starts_with(b"2") {
            return Ok(());
        }
        Err(io::Error::other(format!("the proxy refused a tunnel with status {}", String::from_utf8_lossy(status))))
    }
}

/// Leaves out the credentials.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({}:{})", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_read() {
        fn check(text: &str, expect: Option<(&str, u16, Option<&str>)>) {
            let proxy = Proxy::parse(text).ok();
            let found = proxy.as_ref().map(|proxy| (proxy.host.as_str(), proxy.port, proxy.authorization()));
            assert_eq!(found, expect, "{text}");
        }
        check("http://proxy.example:3128", Some(("proxy.example", 3128, None)));
        check("http://proxy.example", Some(("proxy.example", 80, None)));
        check("http://[::1]:1", Some(("::1", 1, None)));
        check("http://us%40er:pa%3Ass@proxy", Some(("proxy", 80, Some("Basic dXNAZXI6cGE6c3M="))));
        check("https://proxy.example", None);
        check("http://proxy.example/path", None);
        check("proxy.example:80", None);
    }
}
