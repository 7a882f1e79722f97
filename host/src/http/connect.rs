//! Opens connections, to exactly the addresses that passed, and not too many.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
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
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};

use crate::http::{
    origin::{Origin, Scheme},
    proxy::Proxy,
    record::Denial,
    resolve::Resolver,
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
    #[error("too many connections are open")]
    Full,
    #[error("no TLS session")]
    Tls(#[source] io::Error),
    #[error("no tunnel through the proxy")]
    Proxy(#[source] io::Error),
}

/// How long the next address waits for the one before (RFC 8305 calls it the connection attempt delay).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connections of one source that are open at once, idle ones included. A grant of all subdomains is one of origins without
/// end, each with its own connections, and a process commonly has 1024 descriptors for everything.
const MAX_OPEN: usize = 256;

/// Makes the connections of one source.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) shared: Arc<Policy>,
}

/// What the connections of one source have in common.
pub(crate) struct Policy {
    resolver: Resolver,
    tls: Tls,
    pub(crate) proxy: Option<Proxy>,
    timeout: Duration,
    open: Arc<Semaphore>,
}

impl Policy {
    pub(crate) fn new(resolver: Resolver, tls: Tls, proxy: Option<Proxy>, timeout: Duration) -> Self {
        Self { resolver, tls, proxy, timeout, open: Arc::new(Semaphore::new(MAX_OPEN)) }
    }

    async fn open(&self, uri: &Uri) -> Result<Stream, ConnectError> {
        let scheme = if uri.scheme_str() == Some("https") { Scheme::Https } else { Scheme::Http };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let origin = Origin::from_authority(scheme, authority)
            .map_err(|_| ConnectError::Denied(Denial::Authority(authority.to_owned())))?;
        let permit = Arc::clone(&self.open).try_acquire_owned().map_err(|_| ConnectError::Full)?;
        let mut tcp = match &self.proxy {
            None => connect_any(self.resolver.addresses(&origin).await?).await.map_err(ConnectError::Connect)?,
            Some(proxy) => {
                self.resolver.judge_written(&origin)?;
                TcpStream::connect((proxy.host.as_str(), proxy.port)).await.map_err(ConnectError::Connect)?
            }
        };
        // Requests are small and written at once: waiting for more to send would only delay them.
        tcp.set_nodelay(true).map_err(ConnectError::Connect)?;
        if scheme == Scheme::Http {
            return Ok(Stream::new(tcp, false, self.proxy.is_some(), permit));
        }
        if let Some(proxy) = &self.proxy {
            proxy.tunnel(&mut tcp, &origin).await.map_err(ConnectError::Proxy)?;
        }
        let name = server_name(&origin.host).map_err(ConnectError::Tls)?;
        let tls = self.tls.connector().map_err(ConnectError::Tls)?;
        let tls = tls.connect(name, tcp).await.map_err(ConnectError::Tls)?;
        let h2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Stream::new(tls, h2, false, permit))
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

/// When a connection last carried a byte, in either direction.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    began: Instant,
    /// Milliseconds since `began`.
    last: Arc<AtomicU64>,
}

impl Activity {
    fn new() -> Self {
        Self { began: Instant::now(), last: Arc::default() }
    }

    fn note(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// The last time.
    pub(crate) fn last(&self) -> Instant {
        self.began + Duration::from_millis(self.last.load(Ordering::Relaxed))
    }
}

/// A connection, with or without TLS.
pub(crate) struct Stream {
    io: TokioIo<Box<dyn Bytestream>>,
    h2: bool,
    /// Requests are written as a proxy wants them.
    proxied: bool,
    activity: Activity,
    _permit: OwnedSemaphorePermit,
}

impl Stream {
    fn new(io: impl Bytestream + 'static, h2: bool, proxied: bool, permit: OwnedSemaphorePermit) -> Self {
        Self { io: TokioIo::new(Box::new(io)), h2, proxied, activity: Activity::new(), _permit: permit }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.proxied).extra(self.activity.clone());
        if self.h2 { connected.negotiated_h2() } else { connected }
    }
}

impl Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.io).poll_read(cx, buf));
        self.activity.note();
        Poll::Ready(read)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, buf));
        self.activity.note();
        Poll::Ready(written)
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
        let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, bufs));
        self.activity.note();
        Poll::Ready(written)
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
