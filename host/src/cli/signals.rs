//! Ctrl-C and SIGTERM; and SIGXFSZ, which is no reason to end.

use std::{cell::Cell, rc::Rc};

use super::exit_code;

/// The exit status for the signal that came, none so far.
pub(crate) type Signalled = Rc<Cell<Option<u8>>>;

/// Resolves at the first Ctrl-C or SIGTERM. The second one ends the process at once.
///
/// Where signals cannot be listened for, it never resolves, and the system's own handling is left in place.
pub(crate) async fn stop(signalled: Signalled) {
    let Some(code) = next().await else { return std::future::pending().await };
    signalled.set(Some(code));
    tokio::spawn(async {
        if let Some(code) = next().await {
            leave(code);
        }
    });
}

/// Has a write that goes beyond the longest file that is allowed (`ulimit -f`) fail as on a full disk. The signal that comes
/// with it would end the process without a word. Must be called within a runtime.
#[cfg(unix)]
pub(crate) fn let_long_files_fail() {
    use tokio::signal::unix::{SignalKind, signal};

    // Once it is listened for, the system does not act on it any more, whether or not anybody listens.
    if let Err(error) = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())) {
        tracing::debug!(%error, "SIGXFSZ");
    }
}

/// Such a signal is nowhere else.
#[cfg(not(unix))]
pub(crate) fn let_long_files_fail() {}

#[expect(clippy::exit, reason = "the user asked twice; what is committed stays, the open load is not there")]
fn leave(code: u8) {
    std::process::exit(code.into());
}

#[cfg(unix)]
async fn next() -> Option<u8> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate()).ok()?;
    let mut interrupt = signal(SignalKind::interrupt()).ok()?;
    tokio::select! {
        _ = terminate.recv() => Some(exit_code::TERMINATED),
        _ = interrupt.recv() => Some(exit_code::INTERRUPTED),
    }
}

#[cfg(not(unix))]
async fn next() -> Option<u8> {
    tokio::signal::ctrl_c().await.ok().map(|()| exit_code::INTERRUPTED)
}
