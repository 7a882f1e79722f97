//! The listeners, and the connections they accept.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch},
};
use tokio_rustls::TlsAcceptor;

use super::{
    DestinationGate, HookKey, HookKeyError, TlsFileError,
    backlog::{Backlog, Waiting},
    flush::{FlushOptions, Flushed, Flusher},
    inbox::{Inbox, InboxError},
    load::Loader,
    metrics::Metrics,
    receive::Receiver,
    relay::{self, Lanes, Relays},
    routes::{Doors, Routes},
    tls,
    writer::Writer,
};
use crate::{
    config::{Relay, Serve},
    privacy::Guard,
    source::{EventHandler, MessageRelay},
};

/// Most connections at the same time; others wait to be accepted.
const CONNECTIONS: usize = 1024;

/// How long a client may take for a handshake, and for the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// Most bytes of the head of a request.
const HEAD_BYTES: usize = 64 << 10;

/// How long requests that are under way may take when the server stops.
const STOP_TIME: Duration = Duration::from_secs(10);

/// How often a new key is looked for.
const KEY_EVERY: Duration = Duration::from_millis(500);

/// What a server works with.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// What the pipeline file says.
    pub serve: Serve,
    /// What it says of messages that are passed on.
    pub relay: Relay,
    /// Most messages that are sent at the same time: the connections to one origin.
    pub connections: u32,
    /// The folder with the hook's key.
    pub key_dir: PathBuf,
    /// Takes out of events what is not kept. The handler has one as well, for events that are handed in again.
    pub guard: Guard,
}

/// Why nothing is received.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address cannot be listened on.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// Certificate and key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsFileError),
    /// The hook has no key.
    #[error(transparent)]
    Key(#[from] HookKeyError),
    /// The inbox cannot be used.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// A thread cannot be started.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}

/// A receiver whose addresses are taken.
pub struct Serving<H> {
    options: ServeOptions,
    handler: Arc<H>,
    loader: Arc<Loader>,
    inbox: Inbox,
    gate: DestinationGate,
    key: HookKey,
    listener: TcpListener,
    admin: Option<TcpListener>,
    tls: Option<TlsAcceptor>,
}

impl<H: EventHandler + MessageRelay> Serving<H> {
    /// Takes the addresses. Nobody is answered yet.
    ///
    /// # Errors
    /// What [`ServeError`] lists.
    pub async fn bind(
        options: ServeOptions,
        handler: H,
        loader: Loader,
        inbox: Inbox,
        gate: DestinationGate,
    ) -> Result<Self, ServeError> {
        let tls = options.serve.tls.as_ref().map(tls::acceptor).transpose()?;
        let key = HookKey::open(&options.key_dir)?;
        let listener = listen(options.serve.listen).await?;
        let admin = match options.serve.admin {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let (handler, loader) = (Arc::new(handler), Arc::new(loader));
        Ok(Self { options, handler, loader, inbox, gate, key, listener, admin, tls })
    }

    /// Where events come to.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Where readiness and metrics are, when that is somewhere else.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn admin_address(&self) -> io::Result<Option<SocketAddr>> {
        self.admin.as_ref().map(TcpListener::local_addr).transpose()
    }

    /// Receives and loads until `stop` resolves; then requests that are under way are answered, and what waits is loaded if
    /// that can be done soon. What is left is loaded by the next start.
    ///
    /// # Errors
    /// What [`ServeError`] lists.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<Flushed, ServeError> {
        let serve = &self.options.serve;
        let backlog = Arc::new(Backlog::new(serve.inbox_size));
        let metrics = Arc::new(Metrics::default());
        let (lanes, opened) = Lanes::new();
        let lanes = Arc::new(lanes);
        if self.handler.relays() {
            relay::resume(&mut self.inbox, &self.options.relay, &lanes, &metrics.relays)?;
        }
        let through = self.inbox.loaded_through()?;
        let status = self.inbox.status(through)?;
        backlog.set(Waiting { events: status.waiting, bytes: status.waiting_bytes });
        let writer = Writer::start(self.inbox.again()?, Arc::clone(&backlog), Arc::clone(&lanes), serve.dedupe_window);
        let writer = writer.map_err(ServeError::Thread)?;
        let (stopping, stopped) = watch::channel(false);
        let relays = if self.handler.relays() {
            let (inbox, metrics, stopped) = (self.inbox.again()?, Arc::clone(&metrics.relays), stopped.clone());
            let room = Semaphore::new(self.options.connections.clamp(1, 1024) as usize);
            Some(Arc::new(Relays {
                handler: Arc::clone(&self.handler),
                guard: self.options.guard.clone(),
                settings: self.options.relay,
                lanes,
                writer: writer.clone(),
                inbox: Mutex::new(inbox),
                metrics,
                callers: Mutex::default(),
                room,
                stopped,
            }))
        } else {
            None
        };
        let (stop_flusher, flusher_stops) = oneshot::channel();
        let key = Arc::new(RwLock::new(self.key.clone()));
        let routes = Arc::new(Routes {
            receiver: Receiver::new(
                Arc::clone(&self.handler),
                writer,
                Arc::clone(&backlog),
                Arc::clone(&metrics),
                self.options.guard.clone(),
                serve.body,
            ),
            key: Arc::clone(&key),
            inbox: Mutex::new(self.inbox.again()?),
            relays: relays.clone(),
        });
        let flusher = Flusher {
            inbox: self.inbox,
            handler: self.handler,
            guard: self.options.guard,
            loader: self.loader,
            backlog,
            metrics,
            gate: self.gate,
            options: FlushOptions {
                every: serve.flush_every,
                events: serve.flush_events,
                window: serve.dedupe_window,
                retention: serve.retention,
            },
            through,
            caught_up: false,
            left_over: status.waiting > 0,
        };
        let left = start(flusher, flusher_stops)?;

        let doors = if self.admin.is_some() { Doors::Public } else { Doors::Both };
        let mut listeners = tokio::task::JoinSet::new();
        listeners.spawn(accept(self.listener, self.tls, doors, Arc::clone(&routes), stopped.clone()));
        if let Some(admin) = self.admin {
            listeners.spawn(accept(admin, None, Doors::Admin, Arc::clone(&routes), stopped.clone()));
        }
        if let Some(relays) = relays {
            listeners.spawn(relays.run(opened));
        }
        listeners.spawn(watch_key(key, self.options.key_dir, stopped));
        drop(routes);
        stop.await;
        tracing::info!("stopping: no more events are taken");
        stopping.send_replace(true);
        while listeners.join_next().await.is_some() {}
        // The receiver is gone when it has answered everybody, and what passes messages on when nothing is under way.
        drop(stop_flusher);
        Ok(left.await.unwrap_or(Flushed { waiting: 0 }))
    }
}

/// Has the flusher work on a thread of its own, until its stop comes.
fn start<H: EventHandler>(
    flusher: Flusher<H>,
    stop: oneshot::Receiver<()>,
) -> Result<oneshot::Receiver<Flushed>, ServeError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServeError::Thread)?;
    let (done, left) = oneshot::channel();
    let work = move || {
        let stop = async {
            // It is never sent, only dropped.
            let _ = stop.await;
        };
        let _ = done.send(runtime.block_on(flusher.run(stop)));
    };
    thread::Builder::new().name("flush".to_owned()).spawn(work).map_err(ServeError::Thread)?;
    Ok(left)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })
}

/// Takes up a key that was rotated.
async fn watch_key(key: Arc<RwLock<HookKey>>, dir: PathBuf, mut stopped: watch::Receiver<bool>) {
    while tokio::time::timeout(KEY_EVERY, stopped.changed()).await.is_err() {
        if let Ok(found) = HookKey::read(&dir) {
            let mut key = key.write().unwrap_or_else(PoisonError::into_inner);
            if *key != found {
                *key = found;
                tracing::info!("the hook has a new key; the old one is not known any more");
            }
        }
    }
}

/// Accepts connections until the server stops, then waits for those that are open.
async fn accept<H: EventHandler + MessageRelay>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    doors: Doors,
    routes: Arc<Routes<H>>,
    mut stopped: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, stream) = tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => continue,
            (permit, accepted) = accepted => match (permit, accepted) {
                (Ok(permit), Ok((stream, _))) => (permit, stream),
                (_, Err(error)) => {
                    // Mostly too many open files: others will be closed.
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
                (Err(_), _) => break,
            },
        };
        connections.spawn(connection(stream, permit, tls.clone(), doors, Arc::clone(&routes), stopped.clone()));
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_TIME, all).await.is_err() {
        tracing::warn!("some connections were cut: their events were not acknowledged");
    }
}

async fn connection<H: EventHandler + MessageRelay>(
    stream: TcpStream,
    permit: OwnedSemaphorePermit,
    tls: Option<TlsAcceptor>,
    doors: Doors,
    routes: Arc<Routes<H>>,
    stopped: watch::Receiver<bool>,
) {
    // An answer is small and must not wait for more.
    let _ = stream.set_nodelay(true);
    match tls {
        None => talk(stream, doors, routes, stopped).await,
        Some(tls) => match tokio::time::timeout(HEAD_TIME, tls.accept(stream)).await {
            Ok(Ok(stream)) => talk(stream, doors, routes, stopped).await,
            Ok(Err(error)) => tracing::debug!("a handshake failed: {error}"),
            Err(_) => tracing::debug!("a handshake took too long"),
        },
    }
    drop(permit);
}

/// Serves one connection: HTTP/1.1, or HTTP/2 when the client begins so.
async fn talk<H: EventHandler + MessageRelay>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    doors: Doors,
    routes: Arc<Routes<H>>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
        .max_concurrent_streams(128)
        .keep_alive_interval(Duration::from_secs(30));
    let asked = Arc::new(AtomicBool::new(false));
    let asks = Arc::clone(&asked);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        asks.store(true, Ordering::Relaxed);
        let routes = Arc::clone(&routes);
        async move { Ok::<_, Infallible>(routes.answer(doors, request).await) }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // Until the first request is there, nobody else looks at the time.
    let mut late = std::pin::pin!(tokio::time::sleep(HEAD_TIME));
    let outcome = loop {
        tokio::select! {
            outcome = connection.as_mut() => break outcome,
            _ = stopped.changed() => {
                connection.as_mut().graceful_shutdown();
                break connection.await;
            }
            () = &mut late, if !late.is_elapsed() => {
                if !asked.load(Ordering::Relaxed) {
                    tracing::debug!("a connection was closed: it asked for nothing");
                    return;
                }
            }
        }
    };
    if let Err(error) = outcome {
        tracing::debug!("a connection ended: {error}");
    }
}
