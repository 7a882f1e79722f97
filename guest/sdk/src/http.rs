//! The one file that calls what the host lends: outgoing HTTP and the clock.

use std::time::{Duration, SystemTime};

use crate::{
    bindings::wasi::{
        clocks::wall_clock,
        http::{
            outgoing_handler,
            types::{
                ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
                http_error_code,
            },
        },
        io::streams::{InputStream, StreamError},
    },
    error::{Error, Kind, Result},
    fetch::Service,
    response::{Header, Headers, Response},
    url::{Origin, Url},
};

/// How much of a body is read at once.
const CHUNK_BYTES: u64 = 64 * 1024;

/// How much memory a server gets reserved on its word alone.
const RESERVE_BYTES: usize = 4 * 1024 * 1024;

/// What is asked for. The host adds `Host`, and asks for the encodings it decodes.
const ACCEPT: &str = "application/json, text/plain;q=0.9, */*;q=0.1";

/// The host.
#[derive(Clone, Debug)]
pub struct Host {
    user_agent: String,
}

impl Host {
    /// The host, for a component that calls itself so in requests.
    pub fn new(user_agent: impl Into<String>) -> Self {
        Self { user_agent: user_agent.into() }
    }
}

impl Service for Host {
    fn get(&self, url: &Url) -> Result<Response> {
        self.get_with(url, &[])
    }

    fn get_with(&self, url: &Url, headers: &[Header]) -> Result<Response> {
        let response = self.send(url, headers)?;
        let mut headers = Headers::default();
        for (name, value) in response.headers().entries() {
            headers.add(&name, &value);
        }
        let status = response.status();
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let body = read(&url.origin, &response, length)?;
        Ok(Response { status, headers, body })
    }

    fn now(&self) -> SystemTime {
        let now = wall_clock::now();
        SystemTime::UNIX_EPOCH + Duration::new(now.seconds, now.nanoseconds)
    }
}

impl Host {
    fn send(&self, url: &Url, more: &[Header]) -> Result<IncomingResponse> {
        let refused = |what: &str| {
            Error::new(Kind::Permanent, format!("the host refuses the {what} of a request to `{}`", url.origin))
        };
        let headers = Fields::new();
        let own = [("accept", ACCEPT), ("user-agent", self.user_agent.as_str())];
        for (name, value) in own.into_iter().chain(more.iter().map(|(name, value)| (name.as_str(), value.as_str()))) {
            headers.append(name, value.as_bytes()).map_err(|_| refused("headers"))?;
        }
        let request = OutgoingRequest::new(headers);
        let scheme = if url.origin.https { Scheme::Https } else { Scheme::Http };
        request.set_method(&Method::Get).map_err(|()| refused("method"))?;
        request.set_scheme(Some(&scheme)).map_err(|()| refused("scheme"))?;
        request.set_authority(Some(&url.origin.authority)).map_err(|()| refused("authority"))?;
        request.set_path_with_query(Some(&url.target)).map_err(|()| refused("path"))?;
        let body = request.body().map_err(|()| refused("body"))?;
        let failed = |code: &ErrorCode| failure(&url.origin, code);
        let answer = outgoing_handler::handle(request, None).map_err(|code| failed(&code))?;
        OutgoingBody::finish(body, None).map_err(|code| failed(&code))?;
        answer.subscribe().block();
        match answer.get() {
            Some(Ok(response)) => response.map_err(|code| failed(&code)),
            _ => Err(refused("answer")),
        }
    }
}

fn read(origin: &Origin, response: &IncomingResponse, length: usize) -> Result<Vec<u8>> {
    let unreadable = || Error::new(Kind::Permanent, format!("the host gives no body of the answer from `{origin}`"));
    let body: IncomingBody = response.consume().map_err(|()| unreadable())?;
    let stream: InputStream = body.stream().map_err(|()| unreadable())?;
    let mut bytes = Vec::with_capacity(length.min(RESERVE_BYTES));
    loop {
        match stream.blocking_read(CHUNK_BYTES) {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(error)) => {
                let read = bytes.len();
                return Err(match http_error_code(&error) {
                    // A server that ends too soon is worded as such; a limit of the host is the host's word.
                    None
                    | Some(
                        ErrorCode::HttpProtocolError
                        | ErrorCode::ConnectionTerminated
                        | ErrorCode::HttpResponseIncomplete
                        | ErrorCode::InternalError(_),
                    ) => broken(origin, read),
                    Some(code) => failure(origin, &code),
                });
            }
        }
    }
}

fn broken(origin: &Origin, read: usize) -> Error {
    Error::new(Kind::Transient, format!("the connection to `{origin}` broke after {read} bytes of the answer"))
}

/// What a transport error of the host means. The code goes along by its name.
fn failure(origin: &Origin, code: &ErrorCode) -> Error {
    use ErrorCode as Code;
    let (kind, message) = match code {
        Code::HttpRequestDenied => {
            (Kind::Permanent, format!("the origin `{origin}` is not granted: the host denied the request"))
        }
        Code::DestinationIpProhibited => {
            (Kind::Permanent, format!("the address of `{origin}` is not granted: the host denied the request"))
        }
        Code::DnsTimeout | Code::DnsError(_) | Code::DestinationNotFound => {
            (Kind::Transient, format!("the host name of `{origin}` cannot be resolved"))
        }
        Code::ConnectionRefused => (Kind::Transient, format!("connection to `{origin}` refused")),
        Code::ConnectionTerminated | Code::HttpResponseIncomplete => {
            (Kind::Transient, format!("the connection to `{origin}` broke before the answer was complete"))
        }
        Code::ConnectionTimeout
        | Code::ConnectionReadTimeout
        | Code::ConnectionWriteTimeout
        | Code::HttpResponseTimeout => (Kind::Transient, format!("`{origin}` did not answer in time")),
        Code::TlsCertificateError => (Kind::Permanent, format!("the certificate of `{origin}` is not trusted")),
        Code::TlsProtocolError | Code::TlsAlertReceived(_) => {
            (Kind::Transient, format!("no TLS connection to `{origin}` could be made"))
        }
        Code::HttpResponseBodySize(limit) => (Kind::Permanent, too_large("body", origin, *limit)),
        Code::HttpResponseHeaderSectionSize(limit) => {
            (Kind::Permanent, too_large("head", origin, limit.map(u64::from)))
        }
        Code::HttpResponseHeaderSize(_)
        | Code::HttpResponseTrailerSize(_)
        | Code::HttpResponseTrailerSectionSize(_) => (Kind::Permanent, too_large("head", origin, None)),
        Code::HttpResponseContentCoding(coding) | Code::HttpResponseTransferCoding(coding) => {
            let coding = coding.as_deref().unwrap_or("unknown");
            (Kind::Permanent, format!("`{origin}` answered in the encoding `{coding}`, which the host does not decode"))
        }
        Code::HttpRequestUriInvalid | Code::HttpRequestUriTooLong => {
            (Kind::Permanent, format!("the host refuses the URL of a request to `{origin}`"))
        }
        Code::InternalError(Some(reason)) => (Kind::Transient, format!("the request to `{origin}` failed: {reason}")),
        _ => (Kind::Transient, format!("the request to `{origin}` failed")),
    };
    let name = format!("{code:?}");
    let name =
        name.split(['(', ' ', '{']).next().and_then(|name| name.rsplit("::").next()).unwrap_or_default().to_owned();
    Error::new(kind, message).with_code(name)
}

fn too_large(what: &str, origin: &Origin, limit: Option<u64>) -> String {
    let limit = limit.map(|limit| format!(" of {limit} bytes")).unwrap_or_default();
    format!("the {what} of the answer from `{origin}` is beyond the host's limit{limit}")
}
