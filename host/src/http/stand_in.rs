//! A service that is not there: answers in the place of the network, for trying components out.

use std::{fmt, sync::Arc};

use bytes::Bytes;

type Answers = dyn Fn(&str) -> Answer + Send + Sync;

/// What a request is answered with.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names and values of header fields.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
}

/// Answers every granted request by its path and query. Nothing is sent anywhere.
#[derive(Clone)]
pub struct StandIn(Arc<Answers>);

impl StandIn {
    /// A service that answers as a function says.
    pub fn new(answers: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        Self(Arc::new(answers))
    }

    pub(crate) fn answer(&self, path: &str) -> Answer {
        (self.0)(path)
    }
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StandIn")
    }
}
