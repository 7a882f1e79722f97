//! Ctrl-C and SIGTERM.

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
