//! The way out of one source: its grants, its secrets, its limits, and its pool of connections.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::{
    Extensions, HeaderMap, HeaderValue, Method, Request, Response, Uri,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, IF_RANGE, RANGE, USER_AGENT},
    uri::Authority,
};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{
        self, Client,
        connect::{CaptureConnection, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{timeout, timeout_at},
};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use crate::http::{
    allow::{AllowList, HostPort},
    body::{Progress, ResponseBody},
    connect::{Activity, Connector, Policy},
    failure::Context,
    gzip::Gunzip,
    headers,
    limits::{HttpLimits, LimitHit},
    origin::{Origin, Scheme},
    proxy::Proxy,
    record::{CallRecord, Denial, Warned},
    resolve::Resolver,
    secrets::{Masker, SecretError, SecretGrant, Secrets},
    stand_in::{Answer, StandIn},
    tls::{Tls, TlsError, TlsOptions},
};

/// What a source may do on the network.
#[derive(Clone, Debug)]
pub struct EgressOptions {
    /// The origins that it may reach.
    pub grants: AllowList,
    /// The pairs of host and port that may have private or loopback addresses.
    pub allow_private: Vec<HostPort>,
    /// The secrets that it uses without seeing them.
    pub secrets: Vec<SecretGrant>,
    /// How much it may ask for.
    pub limits: HttpLimits,
    /// Which certificates are trusted.
    pub tls: TlsOptions,
    /// A proxy that all requests go through.
    pub proxy: Option<Proxy>,
}

/// Options that cannot be worked with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EgressError {
    /// See [`SecretError`].
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// See [`TlsError`].
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// How long a connection that nobody uses is kept. Servers close theirs after 5 to 75 s; being late costs a new one.
const IDLE_CONNECTION: Duration = Duration::from_mins(1);

/// hyper refuses buffers smaller than 8 KiB; a larger one takes more of a body at once.
const READ_BUFFER: usize = 256 * 1024;

/// A head has at most this many fields; its size has a limit of its own.
const MAX_FIELDS: usize = 1024;

/// Origins whose places are remembered though nobody uses them. A grant of all subdomains is one of origins without end.
const MAX_PLACES: usize = 1000;

/// The way out of one source. It is never shared: a connection was judged by the grants of its source.
pub struct Egress {
    grants: AllowList,
    limits: HttpLimits,
    pub(crate) secrets: Arc<Secrets>,
    warned: Arc<Warned>,
    policy: Arc<Policy>,
    client: Client<Connector, WasiBody>,
    /// Answers in the place of the network.
    pub(crate) stand_in: Option<StandIn>,
    places: Mutex<HashMap<Origin, Arc<Semaphore>>>,
}

impl Egress {
    /// Checks the options. Opens nothing yet.
    pub fn new(options: EgressOptions) -> Result<Self, EgressError> {
        let resolver = Resolver::new(options.allow_private.clone());
        Self::with_resolver(options, resolver)
    }

    pub(crate) fn with_resolver(options: EgressOptions, resolver: Resolver) -> Result<Self, EgressError> {
        let tls = Tls::new(&options.tls)?;
        let policy = Arc::new(Policy::new(resolver, tls, options.proxy, options.limits.idle));
        let head = usize::try_from(options.limits.response_head).unwrap_or(usize::MAX);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_CONNECTION)
            .pool_max_idle_per_host(usize::try_from(options.limits.connections).unwrap_or(usize::MAX))
            .http1_max_buf_size(head.max(READ_BUFFER))
            .http1_max_headers(MAX_FIELDS)
            .http2_adaptive_window(true)
            .http2_max_header_list_size(u32::try_from(head.max(READ_BUFFER)).unwrap_or(u32::MAX))
            .build(Connector { shared: Arc::clone(&policy) });
        Ok(Self {
            grants: options.grants,
            limits: options.limits,
            secrets: Arc::new(Secrets::new(options.secrets)?),
            warned: Arc::default(),
            policy,
            client,
            stand_in: None,
            places: Mutex::default(),
        })
    }

    pub(crate) fn limits(&self) -> &HttpLimits {
        &self.limits
    }

    /// Notes and tells a refusal.
    pub(crate) fn deny(&self, record: &CallRecord, denial: Denial) {
        self.warned.warn(&denial, &self.secrets);
        record.denied(denial);
    }

    /// Sends a request of a component, if it is granted.
    pub(crate) async fn send(
        &self,
        record: Arc<CallRecord>,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let (mut parts, body) = request.into_parts();
        let context = match self.admit(&record, &parts.method, &parts.uri) {
            Ok(context) => context,
            Err(error) => {
                discard(body, self.limits.idle);
                return Err(error);
            }
        };
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let shown = format!("{} {}{}", parts.method, context.origin, self.secrets.hide(path));
        let path = self.secrets.fill_path(path, &context.origin).unwrap_or_else(|| path.to_owned());
        parts.uri = Uri::builder()
            .scheme(context.origin.scheme.as_str())
            .authority(context.origin.authority())
            .path_and_query(path)
            .build()
            .map_err(|_| Error::HttpRequestUriInvalid)?;
        self.prepare(&mut parts.headers, &context.origin);
        if let Some(stand_in) = &self.stand_in {
            discard(body, self.limits.idle);
            return made_up(stand_in.answer(path_of(&parts.uri)), &record);
        }
        let place = self.place(&context.origin).await?;
        let patience = shorter(self.limits.idle, options.first_byte_timeout);
        let mut request = Request::from_parts(parts, body);
        let connection = capture_connection(&mut request);
        let Some(response) = unless_silent(self.client.request(request), &connection, patience).await else {
            context.stalled(patience);
            return Err(Error::HttpResponseTimeout);
        };
        let response = response.map_err(|error| context.request(&error))?;
        tracing::debug!("{shown}: {}", response.status());
        self.receive(response, context, place, shorter(self.limits.idle, options.between_bytes_timeout))
    }

    /// Judges a request by its target, before anything is opened.
    fn admit(&self, record: &Arc<CallRecord>, method: &Method, uri: &Uri) -> Result<Context, Error> {
        let (tried, limit) = (record.tried(), u64::from(self.limits.requests_per_page));
        if tried > limit {
            record.limit(LimitHit::count("requests_per_page", "the number of requests", tried, limit));
            return Err(Error::InternalError(Some("too many requests in one call".to_owned())));
        }
        let origin = self.judge(method, uri).map_err(|denial| {
            self.deny(record, denial);
            Error::HttpRequestDenied
        })?;
        record.request();
        Ok(Context {
            origin,
            limits: self.limits,
            record: Arc::clone(record),
            warned: Arc::clone(&self.warned),
            secrets: Arc::clone(&self.secrets),
        })
    }

    pub(crate) fn judge(&self, method: &Method, uri: &Uri) -> Result<Origin, Denial> {
        let shorten = |text: &str| text.chars().take(100).collect::<String>();
        let scheme = match uri.scheme_str() {
            Some("https") | None => Scheme::Https,
            Some("http") => Scheme::Http,
            Some(other) => return Err(Denial::Scheme(shorten(other))),
        };
        let authority = uri.authority().map_or("", Authority::as_str);
        let origin = Origin::from_authority(scheme, authority).map_err(|_| Denial::Authority(shorten(authority)))?;
        if !self.grants.allows(&origin) {
            return Err(Denial::Origin(origin));
        }
        if *method == Method::CONNECT {
            return Err(Denial::Tunnel(origin));
        }
        Ok(origin)
    }

    fn prepare(&self, headers: &mut HeaderMap, origin: &Origin) {
        headers::strip(headers);
        if self.secrets.are_bound_to(origin) && headers.get(RANGE).is_some_and(is_of_bytes) {
            // A value that comes back in two halves would not be recognized. A server need not know ranges at all, so that
            // every client copes with a whole answer.
            headers.remove(RANGE);
            headers.remove(IF_RANGE);
        }
        self.secrets.fill_headers(headers, origin);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        if !headers.contains_key(USER_AGENT) {
            headers.insert(USER_AGENT, HeaderValue::from_static(concat!("sluicegate/", env!("CARGO_PKG_VERSION"))));
        }
        // Only a request without TLS is seen by the proxy; with TLS, the tunnel was asked for with these credentials.
        if origin.scheme == Scheme::Http
            && let Some(Ok(value)) =
                self.policy.proxy.as_ref().and_then(Proxy::authorization).map(HeaderValue::from_str)
        {
            headers.insert(http::header::PROXY_AUTHORIZATION, value);
        }
    }

    async fn place(&self, origin: &Origin) -> Result<OwnedSemaphorePermit, Error> {
        let places = {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            if places.len() > MAX_PLACES {
                places.retain(|_, place| Arc::strong_count(place) > 1);
            }
            let connections = usize::try_from(self.limits.connections).unwrap_or(Semaphore::MAX_PERMITS);
            Arc::clone(
                places
                    .entry(origin.clone())
                    .or_insert_with(|| Arc::new(Semaphore::new(connections.clamp(1, Semaphore::MAX_PERMITS)))),
            )
        };
        // Waiting for a place is no silence of the server; the wall clock of the call bounds it.
        places.acquire_owned().await.map_err(|_| Error::ConnectionLimitReached)
    }

    fn receive(
        &self,
        response: Response<Incoming>,
        context: Context,
        place: OwnedSemaphorePermit,
        idle: Duration,
    ) -> Result<Response<WasiBody>, Error> {
        let (mut parts, incoming) = response.into_parts();
        let size: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if size as u64 > self.limits.response_head {
            return Err(context.head_too_large(size as u64));
        }
        headers::strip(&mut parts.headers);
        // Before anything else is made of them: what is said of them in an error goes to the component, too.
        self.secrets.mask_headers(&mut parts.headers);
        let gunzip = decoder(&parts.headers)?;
        if gunzip.is_some() {
            parts.headers.remove(CONTENT_ENCODING);
        }
        if gunzip.is_some() || self.secrets.are_withheld() {
            // The body changes on its way, and its length with it.
            parts.headers.remove(CONTENT_LENGTH);
        }
        let body = ResponseBody {
            incoming,
            gunzip,
            masker: Masker::new(Arc::clone(&self.secrets)),
            context,
            idle,
            permit: Some(place),
            progress: Progress::default(),
        };
        Ok(Response::from_parts(parts, body.boxed_unsync()))
    }
}

fn path_of(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}

/// A response that no server sent.
fn made_up(answer: Answer, record: &CallRecord) -> Result<Response<WasiBody>, Error> {
    record.received(answer.body.len());
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    let body = http_body_util::Full::new(answer.body).map_err(|never| match never {}).boxed_unsync();
    response.body(body).map_err(|_| Error::HttpProtocolError)
}

/// What a body must go through; an encoding that was not asked for is refused.
fn decoder(headers: &HeaderMap) -> Result<Option<Gunzip>, Error> {
    let mut gunzip = None;
    for value in headers.get_all(CONTENT_ENCODING) {
        for coding in value.to_str().unwrap_or("?").split(',').map(str::trim).filter(|coding| !coding.is_empty()) {
            let gzip = coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip");
            if gzip && gunzip.is_none() {
                gunzip = Some(Gunzip::new());
            } else if !coding.eq_ignore_ascii_case("identity") {
                return Err(Error::HttpResponseContentCoding(Some(coding.chars().take(40).collect())));
            }
        }
    }
    Ok(gunzip)
}

/// Whether a range is one of bytes; others, as of items, are a service's own affair.
fn is_of_bytes(range: &HeaderValue) -> bool {
    range.as_bytes().trim_ascii_start().get(..5).is_some_and(|unit| unit.eq_ignore_ascii_case(b"bytes"))
}

/// Waits for the head of a response, as long as its connection carries bytes now and then. None when it was silent.
async fn unless_silent(
    response: legacy::ResponseFuture,
    connection: &CaptureConnection,
    patience: Duration,
) -> Option<Result<Response<Incoming>, legacy::Error>> {
    let mut response = pin!(response);
    let mut since = Instant::now();
    loop {
        if let Ok(response) = timeout_at((since + patience).into(), &mut response).await {
            return Some(response);
        }
        let mut extensions = Extensions::new();
        if let Some(connected) = &*connection.connection_metadata() {
            connected.get_extras(&mut extensions);
        }
        since = extensions.get::<Activity>().map(Activity::last).filter(|last| *last > since)?;
    }
}

fn shorter(ours: Duration, theirs: Option<Duration>) -> Duration {
    theirs.map_or(ours, |theirs| theirs.min(ours))
}

/// Reads the body of a refused request to its end: a component that is still writing should learn of the refusal, not of
/// a broken stream.
fn discard(mut body: WasiBody, patience: Duration) {
    tokio::spawn(timeout(patience, async move { while let Some(Ok(_)) = body.frame().await {} }));
}
