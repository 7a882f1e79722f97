//! Fetches one file by its URL, the way components' requests go: each step is judged, limited, and to one origin.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header::LOCATION};
use http_body_util::{BodyExt, Empty};
use tokio::time::timeout;
use url::Url;
use wasmtime_wasi_http::{Error, RequestOptions};

use crate::http::{
    allow::{AllowList, HostPort},
    egress::{Egress, EgressError, EgressOptions},
    limits::{HttpLimits, LimitHit},
    origin::GrantError,
    proxy::Proxy,
    record::{CallRecord, Denial},
    tls::TlsOptions,
};

/// More steps than this lead nowhere.
const MAX_REDIRECTS: usize = 5;

/// What a download may take, and where it may go.
#[derive(Clone, Debug)]
pub struct DownloadOptions {
    /// The pairs of host and port that may be at private or loopback addresses, and without TLS.
    pub allow_private: Vec<HostPort>,
    /// Which certificates are trusted.
    pub tls: TlsOptions,
    /// A proxy that all requests go through.
    pub proxy: Option<Proxy>,
    /// Most bytes, the longest silence.
    pub limits: HttpLimits,
    /// Longest time of all steps together.
    pub time: Duration,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// Not an address that is fetched from, be it given or led to.
    #[error("`{url}` is not fetched: {reason}")]
    Address {
        /// The URL, without its query.
        url: String,
        /// Why not.
        reason: &'static str,
        /// Whether the user named it, not a server.
        given: bool,
    },
    /// It has a host that nothing can be asked of.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// The options cannot be worked with.
    #[error(transparent)]
    Options(#[from] EgressError),
    /// Its address is not public.
    #[error(transparent)]
    Denied(Denial),
    /// It is too large, or comes too slowly.
    #[error(transparent)]
    Limit(LimitHit),
    /// The server answers something else than a file.
    #[error("`{url}` answers with status {status}")]
    Status {
        /// The URL, without its query.
        url: String,
        /// The status.
        status: u16,
    },
    /// One redirect leads to the next.
    #[error("`{url}` leads on and on")]
    Endless {
        /// The URL, without its query.
        url: String,
    },
    /// The connection failed.
    #[error("`{url}` cannot be fetched: {reason}")]
    Connection {
        /// The URL, without its query.
        url: String,
        /// Why.
        reason: String,
    },
}

/// A URL as it may be shown and kept: the query may hold a credential.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Both fail only for URLs that have no host.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.into()
}

/// Fetches a file. Redirects are followed, each judged as the first address was; none leads from `https` to `http`.
///
/// Only `https` is fetched, and `http` from a pair of host and port that may be at a private address: what crosses other
/// networks in clear is anybody's.
///
/// # Errors
/// What [`DownloadError`] lists.
pub async fn download(url: &Url, options: &DownloadOptions) -> Result<Bytes, DownloadError> {
    timeout(options.time, steps(url, options)).await.unwrap_or_else(|_| {
        let reason = format!("it took longer than {:?}", options.time);
        Err(DownloadError::Connection { url: shown(url), reason })
    })
}

async fn steps(url: &Url, options: &DownloadOptions) -> Result<Bytes, DownloadError> {
    let mut at = url.clone();
    for step in 0..=MAX_REDIRECTS {
        judge(&at, options, step == 0)?;
        match step_to(&at, options).await? {
            Step::File(bytes) => return Ok(bytes),
            Step::On(next) if at.scheme() == "https" && next.scheme() != "https" => {
                let reason = "it was led to from `https`, and has less protection";
                return Err(DownloadError::Address { url: shown(&next), reason, given: false });
            }
            Step::On(next) => at = next,
        }
    }
    Err(DownloadError::Endless { url: shown(url) })
}

/// Whether a URL may be asked at all.
fn judge(url: &Url, options: &DownloadOptions, given: bool) -> Result<(), DownloadError> {
    let refuse = |reason| Err(DownloadError::Address { url: shown(url), reason, given });
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("it holds a user name or a password");
    }
    let private = || {
        let origin = crate::http::origin::Origin::parse(&url.origin().ascii_serialization()).ok();
        origin.is_some_and(|origin| options.allow_private.iter().any(|pair| pair.is_of(&origin)))
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if private() => Ok(()),
        "http" => refuse("`http` does not protect what is on its way"),
        _ => refuse("its scheme is not `https`"),
    }
}

enum Step {
    File(Bytes),
    On(Url),
}

async fn step_to(url: &Url, options: &DownloadOptions) -> Result<Step, DownloadError> {
    let failed = |reason: String| DownloadError::Connection { url: shown(url), reason };
    let egress = Egress::new(EgressOptions {
        grants: AllowList::parse([url.origin().ascii_serialization()])?,
        allow_private: options.allow_private.clone(),
        secrets: Vec::new(),
        limits: options.limits,
        tls: options.tls.clone(),
        proxy: options.proxy.clone(),
    })?;
    let record = Arc::new(CallRecord::default());
    let mut target = url.clone();
    target.set_fragment(None);
    let request = Request::builder()
        .method(Method::GET)
        .uri(target.as_str())
        .body(Empty::new().map_err(|never| match never {}).boxed_unsync())
        .map_err(|error| failed(error.to_string()))?;
    let explain = |error: Error| {
        let notes = record.snapshot();
        match (notes.denial, notes.limit, notes.certificate.or(notes.stalled)) {
            (Some(denial), ..) => DownloadError::Denied(denial),
            (None, Some(hit), _) => DownloadError::Limit(hit),
            (None, None, Some(reason)) => failed(reason),
            (None, None, None) => failed(format!("{error:?}")),
        }
    };
    let response = egress.send(Arc::clone(&record), request, RequestOptions::default()).await.map_err(explain)?;
    let status = response.status();
    if status == StatusCode::OK {
        let body = response.into_body().collect().await.map_err(explain)?;
        return Ok(Step::File(body.to_bytes()));
    }
    let location = response.headers().get(LOCATION).filter(|_| status.is_redirection());
    let Some(location) = location else {
        return Err(DownloadError::Status { url: shown(url), status: status.as_u16() });
    };
    let next = location.to_str().ok().and_then(|text| url.join(text).ok());
    next.map(Step::On).ok_or_else(|| failed("it leads on to what is no URL".to_owned()))
}
