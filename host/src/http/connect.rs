//! Opens connections: looks a name up once, judges its addresses, and connects to exactly those that passed.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::stream::{FuturesUnordered, StreamExt};
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::{sleep, timeout},
};
use url::Host;

use crate::http::{
    address::special,
    allow::HostPort,
    origin::{Origin, Scheme},
    proxy::Proxy,
    record::Denial,
    tls::{Tls, server_name},
};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error(transparent)]
    Denied(#[from] Denial),
    #[error("the name cannot be resolved")]
    Resolve(#[source] io::Error),
    #[error("no connection")]
    Connect(#[source] io::Error),
    #[error("no connection within {0:?}")]
    Timeout(Duration),
    #[error("no TLS session")]
    Tls(#[source] io::Error),
    #[error("no tunnel through the proxy")]
    Proxy(#[source] io::Error),
}

/// How long the next address waits for the one before (RFC 8305 calls it the connection attempt delay).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Makes the connections of one source.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) shared: Arc<Policy>,
}

/// What the connections of one source have in common.
pub(crate) struct Policy {
    pub(crate) allow_private: Vec<HostPort>,
    pub(crate) tls: Tls,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) timeout: Duration,
}

impl Policy {
    async fn open(&self, uri: &Uri) -> Result<Stream, ConnectError> {
        let scheme = if uri.scheme_str() == Some("https") { Scheme::Https } else { Scheme::Http };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let origin = Origin::from_authority(scheme, authority)
            .map_err(|_| ConnectError::Denied(Denial::Authority(authority.to_owned())))?;
        let mut tcp = match &self.proxy {
            None => connect_any(self.addresses(&origin).await?).await.map_err(ConnectError::Connect)?,
            Some(proxy) => {
                // The proxy looks names up; what needs no looking up is judged here all the same.
                if let Some(address) = literal(&origin).or_else(|| this_machine(&origin)) {
                    self.judge(&origin, vec![SocketAddr::new(address, origin.port)])?;
                }
                TcpStream::connect((proxy.host.as_str(), proxy.port)).await.map_err(ConnectError::Connect)?
            }
        };
        // Requests are small and written at once: waiting for more to send would only delay them.
        tcp.set_nodelay(true).map_err(ConnectError::Connect)?;
        if scheme == Scheme::Http {
            return Ok(Stream { io: TokioIo::new(Box::new(tcp)), h2: false, proxied: self.proxy.is_some() });
        }
        if let Some(proxy) = &self.proxy {
            proxy.tunnel(&mut tcp, &origin).await.map_err(ConnectError::Proxy)?;
        }
        let name = server_name(&origin.host).map_err(ConnectError::Tls)?;
        let tls = self.tls.connector().map_err(ConnectError::Tls)?;
        let tls = tls.connect(name, tcp).await.map_err(ConnectError::Tls)?;
        let h2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Stream { io: TokioIo::new(Box::new(tls)), h2, proxied: false })
    }

    async fn addresses(&self, origin: &Origin) -> Result<Vec<SocketAddr>, ConnectError> {
        let found = match (&origin.host, literal(origin)) {
            (_, Some(address)) => vec![SocketAddr::new(address, origin.port)],
            (Host::Domain(name), None) => {
                lookup_host((name.as_str(), origin.port)).await.map_err(ConnectError::Resolve)?.collect()
            }
            _ => Vec::new(),
        };
        if found.is_empty() {
            return Err(ConnectError::Resolve(io::Error::other("the name has no address")));
        }
        Ok(self.judge(origin, found)?)
    }

    fn judge(&self, origin: &Origin, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Denial> {
        if self.allow_private.iter().any(|pair| pair.is_of(origin)) {
            return Ok(found);
        }
        let passed: Vec<_> = found.iter().copied().filter(|address| special(address.ip()).is_none()).collect();
        if !passed.is_empty() {
            return Ok(passed);
        }
        let addresses = found
            .iter()
            .filter_map(|address| special(address.ip()).map(|reason| format!("{} is {reason}", address.ip())))
            .collect::<Vec<_>>()
            .join(", ");
        Err(Denial::Address { origin: origin.clone(), addresses })
    }
}

fn literal(origin: &Origin) -> Option<IpAddr> {
    match origin.host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
    }
}

/// `localhost` and all below it are this machine wherever they are looked up (RFC 6761).
fn this_machine(origin: &Origin) -> Option<IpAddr> {
    match &origin.host {
        Host::Domain(name) if name == "localhost" || name.ends_with(".localhost") => Some(Ipv4Addr::LOCALHOST.into()),
        _ => None,
    }
}

/// Connects to the first address that answers, the next one starting when the one before fails or takes long.
async fn connect_any(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = interleave(addresses).into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut failure = io::Error::other("the name has no address");
    attempts.extend(waiting.next().map(TcpStream::connect));
    loop {
        tokio::select! {
            biased;
            attempt = attempts.next() => match attempt {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => {
                    failure = error;
                    attempts.extend(waiting.next().map(TcpStream::connect));
                }
                None => return Err(failure),
            },
            () = sleep(ATTEMPT_DELAY), if waiting.len() > 0 => attempts.extend(waiting.next().map(TcpStream::connect)),
        }
    }
}

/// Turns the families into each other, beginning with the first address that the resolver gave.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let mut second = second.into_iter();
    let mut mixed: Vec<_> = first.into_iter().flat_map(|address| [Some(address), second.next()]).flatten().collect();
    mixed.extend(second);
    mixed
}

impl tower_service::Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let policy = Arc::clone(&self.shared);
        Box::pin(async move {
            timeout(policy.timeout, policy.open(&uri)).await.unwrap_or(Err(ConnectError::Timeout(policy.timeout)))
        })
    }
}

trait Bytestream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytestream for T {}

/// A connection, with or without TLS.
pub(crate) struct Stream {
    io: TokioIo<Box<dyn Bytestream>>,
    h2: bool,
    /// Requests are written as a proxy wants them.
    proxied: bool,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.proxied);
        if self.h2 { connected.negotiated_h2() } else { connected }
    }
}

impl Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        fn check(addresses: &[&str], expect: &[&str]) {
            let mixed = interleave(addresses.iter().map(|address| address.parse().unwrap()).collect());
            assert_eq!(mixed.iter().map(ToString::to_string).collect::<Vec<_>>(), expect);
        }
        check(&[], &[]);
        check(&["[::1]:1", "[::2]:1", "1.1.1.1:1"], &["[::1]:1", "1.1.1.1:1", "[::2]:1"]);
        check(&["1.1.1.1:1", "[::1]:1", "[::2]:1"], &["1.1.1.1:1", "[::1]:1", "[::2]:1"]);
    }
}
