//! What a failed request looks like to the component: one of the error codes of `wasi:http`.

use std::{error::Error as StdError, io, sync::Arc};

use hyper_util::client::legacy;
use wasmtime_wasi_http::Error;

use crate::http::{
    connect::ConnectError,
    limits::{HttpLimits, LimitHit},
    origin::Origin,
    record::{CallRecord, Denial, Warned},
    secrets::Secrets,
};

/// Everything that a failure is noted with.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) origin: Origin,
    pub(crate) limits: HttpLimits,
    pub(crate) record: Arc<CallRecord>,
    pub(crate) warned: Arc<Warned>,
    pub(crate) secrets: Arc<Secrets>,
}

impl Context {
    /// Notes and logs a refusal of a request that was admitted before its addresses were known.
    fn denied(&self, denial: Denial) -> Error {
        self.warned.warn(&denial, &self.secrets);
        self.record.not_sent();
        self.record.denied(denial);
        Error::HttpRequestDenied
    }

    /// Notes that the head of a response was too large.
    pub(crate) fn head_too_large(&self, size: u64) -> Error {
        let limit = self.limits.response_head;
        let what = format!("the head of a response of `{}`", self.origin);
        self.record.limit(LimitHit::bytes("response_head", what, size, limit));
        Error::HttpResponseHeaderSectionSize(u32::try_from(size).ok())
    }

    /// Notes that the server was silent.
    pub(crate) fn stalled(&self, silence: std::time::Duration) {
        self.record.stalled(format!("`{}` was silent for {silence:?}", self.origin));
    }

    /// The code for a request that got no response.
    pub(crate) fn request(&self, error: &legacy::Error) -> Error {
        // What a library says may quote what the server said, the names in its certificate for one.
        tracing::debug!("a request to `{}` failed: {}", self.origin, self.secrets.hide(&chain(error)));
        match find::<ConnectError>(error) {
            Some(error) => self.connect(error),
            None => self.transfer(error),
        }
    }

    fn connect(&self, error: &ConnectError) -> Error {
        match error {
            ConnectError::Denied(denial) => self.denied(denial.clone()),
            ConnectError::Resolve(_) => {
                Error::DnsError { rcode: Some("the name cannot be resolved".to_owned()), info_code: None }
            }
            ConnectError::Timeout(after) => {
                self.stalled(*after);
                Error::ConnectionTimeout
            }
            ConnectError::Connect(error) => match error.kind() {
                io::ErrorKind::TimedOut => Error::ConnectionTimeout,
                io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Error::DestinationUnavailable,
                _ => Error::ConnectionRefused,
            },
            ConnectError::Full => Error::ConnectionLimitReached,
            ConnectError::Proxy(_) => Error::DestinationUnavailable,
            ConnectError::Tls(error) => self.handshake(error),
        }
    }

    fn handshake(&self, error: &io::Error) -> Error {
        match find::<rustls::Error>(error) {
            Some(rustls::Error::InvalidCertificate(reason)) => {
                self.record.certificate(format!("the certificate of `{}` is not trusted: {reason}", self.origin));
                Error::TlsCertificateError
            }
            Some(rustls::Error::AlertReceived(alert)) => {
                Error::TlsAlertReceived { alert_id: Some(u8::from(*alert)), alert_message: Some(format!("{alert:?}")) }
            }
            Some(_) => Error::TlsProtocolError,
            None => Error::ConnectionTerminated,
        }
    }

    /// The code for a connection that broke, before or after the head of the response.
    pub(crate) fn transfer(&self, error: &(dyn StdError + 'static)) -> Error {
        if let Some(error) = find::<hyper::Error>(error) {
            if error.is_parse_too_large() {
                // hyper does not say how large; it stops just beyond its buffer.
                return self.head_too_large(self.limits.response_head + 1);
            }
            if error.is_incomplete_message() {
                return Error::HttpResponseIncomplete;
            }
        }
        if let Some(error) = find::<io::Error>(error) {
            return match error.kind() {
                io::ErrorKind::UnexpectedEof => Error::HttpResponseIncomplete,
                io::ErrorKind::InvalidData => Error::HttpProtocolError,
                io::ErrorKind::TimedOut => Error::ConnectionReadTimeout,
                _ => Error::ConnectionTerminated,
            };
        }
        match find::<hyper::Error>(error) {
            Some(error) if error.is_closed() || error.is_canceled() => Error::ConnectionTerminated,
            _ => Error::HttpProtocolError,
        }
    }
}

/// The first error of a type in a chain of causes. An I/O error may wrap another error without being its cause.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref)
            && let Some(found) = inner.downcast_ref()
        {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}
