//! The way out against servers on loopback, well-behaved and not.

mod any_grant;
mod any_secret;
mod denials;
mod limits;
mod plain;
mod secrets;
mod server;
mod tls;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::{
    allow::{AllowList, HostPort},
    egress::{Egress, EgressOptions},
    limits::HttpLimits,
    record::{CallRecord, Notes},
    resolve::Resolver,
    secrets::SecretGrant,
    tls::TlsOptions,
};

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Options that grant one origin on loopback and nothing else.
fn options(origin: &str) -> EgressOptions {
    let (_, authority) = origin.split_once("://").unwrap();
    EgressOptions {
        grants: AllowList::parse([origin]).unwrap(),
        allow_private: HostPort::parse(authority).into_iter().collect(),
        secrets: Vec::new(),
        limits: HttpLimits {
            idle: Duration::from_secs(10),
            response: 1 << 20,
            response_head: 64 << 10,
            requests_per_page: 100,
            connections: 8,
        },
        tls: TlsOptions::default(),
        proxy: None,
    }
}

/// No body.
fn empty() -> WasiBody {
    Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync()
}

/// What a component would see of a response.
#[derive(Debug)]
struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

/// One call of a component, as far as its requests go.
struct Call {
    egress: Arc<Egress>,
    record: Arc<CallRecord>,
}

impl Call {
    fn new(options: EgressOptions) -> Self {
        Self { egress: Arc::new(Egress::new(options).unwrap()), record: Arc::default() }
    }

    fn with(options: EgressOptions, resolver: Resolver) -> Self {
        Self { egress: Arc::new(Egress::with_resolver(options, resolver).unwrap()), record: Arc::default() }
    }

    async fn get(&self, url: &str) -> Result<Seen, Error> {
        self.send(Request::get(url).body(empty()).unwrap()).await
    }

    async fn send(&self, request: Request<WasiBody>) -> Result<Seen, Error> {
        let response = self.egress.send(Arc::clone(&self.record), request, RequestOptions::default()).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Seen { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() })
    }

    fn notes(&self) -> Notes {
        self.record.snapshot()
    }
}

fn secret(token: &str, value: &str, origin: &str) -> SecretGrant {
    SecretGrant {
        token: token.to_owned(),
        value: crate::secret::Secret::new(value),
        origins: AllowList::parse([origin]).unwrap(),
        exposed: false,
    }
}
