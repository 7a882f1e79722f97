//! The server: accepts connections on loopback and answers by the routes and the script of faults.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::body::{Connection, ScriptBody, Step};
use super::faults::{Fault, Reply, Script};
use super::options::Options;
use super::routes::{Call, answer, endpoint};

/// A request as the stand-in received it.
#[derive(Clone, Debug)]
pub struct Received {
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Path below the channel; none outside of it.
    pub endpoint: Option<String>,
    /// Header fields.
    pub headers: HeaderMap,
    /// The body, as far as it came.
    pub body: Bytes,
    /// When it came.
    pub at: Instant,
}

/// What all connections of one stand-in share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) script: Script,
    pub(super) log: Vec<Received>,
    /// How many inbound messages there are by now.
    pub(super) inbound: Option<u64>,
    counts: HashMap<String, usize>,
}

impl Shared {
    pub(super) fn new(options: Options) -> Self {
        Self { options, state: Mutex::default() }
    }

    /// What is served by now.
    fn options_now(&self) -> Options {
        let inbound = self.state().inbound.unwrap_or(self.options.inbound);
        Options { inbound, ..self.options.clone() }
    }

    /// The state, even after a thread panicked with it: a test that failed must not hide behind a poisoned lock.
    pub(super) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until `stop` fires or its sender is dropped. Takes the thread.
pub(super) fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let accept = async {
            loop {
                // A connection that breaks while it is accepted is the client's affair.
                let Ok((stream, _)) = listener.accept().await else { continue };
                let _ = stream.set_nodelay(true);
                tokio::spawn(connection(stream, tls.clone(), shared.clone()));
            }
        };
        tokio::select! { () = accept => {}, _ = stop => {} }
        Ok(())
    })
}

async fn connection(stream: tokio::net::TcpStream, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let reset = Arc::new(AtomicBool::new(false));
    let stream = Connection::new(stream, reset.clone());
    let scheme = if tls.is_some() { "https" } else { "http" };
    let service = service_fn(move |request| respond(shared.clone(), scheme, reset.clone(), request));
    let http = hyper::server::conn::http1::Builder::new();
    // A connection ends with an error when the script says so or when the client leaves: neither is worth a word.
    let _ = match tls {
        None => http.serve_connection(TokioIo::new(stream), service).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => http.serve_connection(TokioIo::new(stream), service).await,
            Err(_) => return,
        },
    };
}

async fn respond(
    shared: Arc<Shared>,
    scheme: &str,
    reset: Arc<AtomicBool>,
    request: Request<Incoming>,
) -> io::Result<Response<ScriptBody>> {
    let path = request.uri().path().to_owned();
    let endpoint = endpoint(&shared.options, &path).map(str::to_owned);
    let (head, body) = request.into_parts();
    // Whoever is killed in the middle of a request has not sent it.
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let request = Request::from_parts(head, body);
    let fault = note(&shared, &request, endpoint);
    let host = request.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    let origin = format!("{scheme}://{host}");
    let call = Call {
        method: request.method().as_str(),
        origin: &origin,
        path: &path,
        query: request.uri().query().unwrap_or_default(),
    };
    let reply = match &fault {
        Some(Fault::Answer(reply)) => reply.clone(),
        Some(Fault::BusyFor(time)) => {
            let date = httpdate::fmt_http_date(SystemTime::now() + *time);
            Reply::error(429, "Slow down").header("retry-after", date)
        }
        _ => answer(&shared.options_now(), &call, fault.as_ref()),
    };
    act(reply, fault, reset).await
}

/// Writes the request into the log and returns the fault it meets.
fn note(shared: &Shared, request: &Request<Bytes>, endpoint: Option<String>) -> Option<Fault> {
    let state = &mut *shared.state();
    let fault = endpoint.as_ref().and_then(|endpoint| {
        let count = state.counts.entry(endpoint.clone()).or_default();
        *count += 1;
        state.script.find(endpoint, *count)
    });
    state.log.push(Received {
        method: request.method().to_string(),
        target: request.uri().to_string(),
        endpoint,
        headers: request.headers().clone(),
        body: request.body().clone(),
        at: Instant::now(),
    });
    fault
}

/// Turns a reply into a response that suffers the fault.
async fn act(reply: Reply, fault: Option<Fault>, reset: Arc<AtomicBool>) -> io::Result<Response<ScriptBody>> {
    let Reply { status, mut headers, mut body } = reply;
    let half = body.len() / 2;
    let mut length = body.len();
    let steps = match fault {
        Some(Fault::CloseBeforeAnswer) => {
            reset.store(true, Ordering::Relaxed);
            return Err(io::Error::other("closed by script"));
        }
        Some(Fault::StallBeforeHead) => std::future::pending().await,
        Some(Fault::StallAfterHead) => vec![Step::Stall],
        Some(Fault::StallMidBody) => vec![Step::Data(body.slice(..half)), Step::Stall],
        // The pause lets the first half leave before the reset, which would overtake it.
        Some(Fault::ResetMidBody) => {
            vec![Step::Data(body.slice(..half)), Step::Pause(Duration::from_millis(50)), Step::Reset]
        }
        Some(Fault::TruncatedBody) => {
            length = half;
            vec![Step::Data(body.slice(..half))]
        }
        Some(Fault::Drip { bytes, every }) => {
            let mut steps = Vec::new();
            while !body.is_empty() {
                steps.extend([Step::Pause(every), Step::Data(body.split_to(bytes.clamp(1, body.len())))]);
            }
            steps
        }
        Some(Fault::Gzip) => {
            body = gzip(&body)?;
            length = body.len();
            headers.push(("content-encoding".to_owned(), "gzip".to_owned()));
            vec![Step::Data(body)]
        }
        _ if body.is_empty() => Vec::new(),
        _ => vec![Step::Data(body)],
    };
    let mut response = Response::builder().status(status).header("content-length", length);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(ScriptBody::new(steps, reset)).map_err(io::Error::other)
}

fn gzip(body: &[u8]) -> io::Result<Bytes> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body)?;
    encoder.finish().map(Bytes::from)
}
