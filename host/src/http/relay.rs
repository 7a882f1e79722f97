//! A request of the host's own on a component's way out: the same grants, the same secrets, the same limits.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use tokio::time::timeout;
use wasmtime_wasi_http::RequestOptions;

use crate::http::{
    egress::Egress,
    record::{CallRecord, Denial, Notes},
};

/// Most bytes that are read of an answer: its status says it all, and the rest is a word for people.
const ANSWER: usize = 4 << 10;

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Exchange {
    /// The status, and the beginning of the body.
    Answered(u16, String),
    /// Why there was no answer.
    Unanswered(String),
    /// It was not sent.
    Denied(Denial),
}

impl Egress {
    /// Whether a request may be sent to where it shall go.
    pub(crate) fn admits(&self, request: &Request<Bytes>) -> Result<(), Denial> {
        self.judge(request.method(), request.uri()).map(drop)
    }

    /// Sends a request, and waits for its answer for so long.
    pub(crate) async fn exchange(&self, request: Request<Bytes>, patience: Duration) -> Exchange {
        let record = Arc::new(CallRecord::default());
        let idle = Some(self.limits().idle);
        let options = RequestOptions { connect_timeout: idle, first_byte_timeout: idle, between_bytes_timeout: idle };
        let request = request.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync());
        let within = timeout(patience, async {
            let response = self.send(Arc::clone(&record), request, options).await.map_err(|error| error.to_string())?;
            let status = response.status().as_u16();
            let mut body = response.into_body();
            let mut text = Vec::new();
            // The status is known: a body that breaks off, or goes on for ever, changes nothing.
            while text.len() < ANSWER
                && let Some(Ok(frame)) = body.frame().await
            {
                text.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
            }
            text.truncate(ANSWER);
            Ok((status, String::from_utf8_lossy(&text).into_owned()))
        });
        let outcome = within.await.unwrap_or_else(|_| Err(format!("there was no answer within {patience:?}")));
        let notes = record.snapshot();
        match outcome {
            Ok((status, text)) => Exchange::Answered(status, text),
            Err(error) => unanswered(notes, error),
        }
    }
}

fn unanswered(notes: Notes, error: String) -> Exchange {
    match notes {
        Notes { denial: Some(denial), .. } => Exchange::Denied(denial),
        Notes { stalled: Some(stalled), .. } => Exchange::Unanswered(stalled),
        Notes { certificate: Some(certificate), .. } => Exchange::Unanswered(certificate),
        _ => Exchange::Unanswered(error),
    }
}
