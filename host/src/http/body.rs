//! The body of a response on its way to the component: decoded, counted, cut off at the limit, freed of secrets.

use std::{
    pin::Pin,
    task::{Context as Wake, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Sleep, sleep},
};
use wasmtime_wasi_http::Error;

use crate::http::{
    failure::Context,
    gzip::{Gunzip, Step},
    headers,
    limits::LimitHit,
    secrets::Masker,
};

/// See the module.
pub(crate) struct ResponseBody {
    pub(crate) incoming: Incoming,
    pub(crate) gunzip: Option<Gunzip>,
    pub(crate) masker: Masker,
    pub(crate) context: Context,
    /// Longest wait for the next bytes.
    pub(crate) idle: Duration,
    /// Held until the body is read or dropped: a request takes one of the places of its origin.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
    pub(crate) progress: Progress,
}

/// How far a body is.
#[derive(Default)]
pub(crate) struct Progress {
    decoded: u64,
    silence: Option<Pin<Box<Sleep>>>,
    trailers: Option<HeaderMap>,
    state: State,
}

#[derive(Default, PartialEq, Eq)]
enum State {
    /// The connection has more.
    #[default]
    Reading,
    /// The connection has no more, but the decoder may.
    Draining,
    /// Nothing comes any more.
    Done,
}

impl ResponseBody {
    /// Counts decoded bytes; none when all of them may still be part of a secret.
    fn deliver(&mut self, data: Bytes) -> Result<Option<Bytes>, Error> {
        self.context.record.received(data.len());
        self.progress.decoded += data.len() as u64;
        let limit = self.context.limits.response;
        if self.progress.decoded > limit {
            let what = format!("a response of `{}`", self.context.origin);
            self.context.record.limit(LimitHit::bytes("response", what, self.progress.decoded, limit));
            return Err(Error::HttpResponseBodySize(Some(limit)));
        }
        Ok(Some(self.masker.push(data)).filter(|data| !data.is_empty()))
    }

    /// Gives what the decoder has; none when it needs input.
    fn decode(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(gunzip) = &mut self.gunzip {
            match gunzip.step() {
                Ok(Step::Data(data)) => {
                    if let Some(data) = self.deliver(data)? {
                        return Ok(Some(data));
                    }
                }
                Ok(Step::Starved) => break,
                Ok(Step::End) => self.gunzip = None,
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                    return Err(Error::HttpResponseIncomplete);
                }
                Err(error) => {
                    tracing::debug!("a response of `{}` is damaged gzip: {error}", self.context.origin);
                    return Err(Error::HttpResponseContentCoding(Some("gzip".to_owned())));
                }
            }
        }
        Ok(None)
    }

    /// Reads a frame from the connection into the decoder, or gives it.
    fn read(&mut self, cx: &mut Wake<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) else {
            // Silence begins when the component waits and nothing is there: the time it computes is not the server's.
            let silence = self.progress.silence.get_or_insert_with(|| Box::pin(sleep(self.idle)));
            ready!(silence.as_mut().poll(cx));
            self.context.stalled(self.idle);
            return Poll::Ready(Err(Error::ConnectionReadTimeout));
        };
        self.progress.silence = None;
        let Some(frame) = frame else {
            self.progress.state = State::Draining;
            if let Some(gunzip) = &mut self.gunzip {
                gunzip.end();
            }
            return Poll::Ready(Ok(None));
        };
        let frame = frame.map_err(|error| self.context.transfer(&error))?;
        match frame.into_data() {
            Ok(data) => match &mut self.gunzip {
                Some(gunzip) => gunzip.push(data),
                None => return Poll::Ready(self.deliver(data)),
            },
            Err(frame) => self.progress.trailers = frame.into_trailers().ok(),
        }
        Poll::Ready(Ok(None))
    }

    fn finish(&mut self) {
        self.progress.state = State::Done;
        self.gunzip = None;
        self.permit = None;
    }

    fn next(&mut self, cx: &mut Wake<'_>) -> Poll<Result<Option<Frame<Bytes>>, Error>> {
        loop {
            if let Some(data) = self.decode()? {
                return Poll::Ready(Ok(Some(Frame::data(data))));
            }
            match self.progress.state {
                State::Reading => {
                    if let Some(data) = ready!(self.read(cx))? {
                        return Poll::Ready(Ok(Some(Frame::data(data))));
                    }
                }
                State::Draining => {
                    let held = self.masker.finish();
                    if !held.is_empty() {
                        return Poll::Ready(Ok(Some(Frame::data(held))));
                    }
                    return Poll::Ready(Ok(self.progress.trailers.take().map(|mut trailers| {
                        headers::strip(&mut trailers);
                        self.masker.secrets().mask_headers(&mut trailers);
                        Frame::trailers(trailers)
                    })));
                }
                State::Done => return Poll::Ready(Ok(None)),
            }
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Wake<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let next = ready!(self.next(cx));
        if !matches!(next, Ok(Some(_))) {
            self.finish();
        }
        Poll::Ready(next.transpose())
    }
}
