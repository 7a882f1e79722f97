//! Receives what a service pushes: an event is durable before it is answered, and loaded once.
//!
//! In the order of an event's way:
//!
//! 1. `server` accepts connections, plain or with `tls`; `routes` tells the addresses apart. The one of a hook holds a key
//!    ([`HookKey`]) that nobody can guess.
//! 2. `receive` reads the body, asks the component what the event means, and answers the service what the component says,
//!    once the event is in the inbox.
//! 3. `writer` is the one that writes to the [`inbox`]: what comes at the same time becomes durable together.
//! 4. `flush` takes the events that wait, by number and time, and has [`Loader`] load them: rows, load row and how far the
//!    inbox is loaded are one transaction of the destination, which is open only as long.
//!
//! Whatever kills the process: an event without an answer may be there or not, and the service sends it again; one with an
//! answer is in the inbox, and the next start loads what the destination does not have. `backlog` is what the parts know of
//! the events that wait, `metrics` counts. `relay` passes messages on to the service.

mod backlog;
mod flush;
mod hook;
pub mod inbox;
mod load;
mod metrics;
mod receive;
mod relay;
mod replay;
mod routes;
mod server;
mod tls;
mod writer;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub use flush::Flushed;
pub use hook::{HookKey, HookKeyError};
pub use load::{Loader, LoaderOptions};
pub use metrics::Metrics;
pub use replay::{Replay, ReplayError, Replayed};
pub use server::{ServeError, ServeOptions, Serving};
pub use tls::TlsFileError;

/// Only one at a time may have the destination open: DuckDB does not keep two parts of one process from doing so.
pub type DestinationGate = Arc<tokio::sync::Mutex<()>>;

/// Milliseconds since 1970.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The time so long ago, in milliseconds since 1970.
fn ms_ago(age: Duration) -> u64 {
    now_ms().saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
}
