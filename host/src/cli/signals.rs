//! Ctrl-C and SIGTERM; and SIGXFSZ, which is no reason to end.

use tokio::sync::watch;

use super::exit_code;

/// The signals that ask the program to end.
#[derive(Debug)]
pub(crate) struct Signals {
    came: watch::Sender<Option<u8>>,
}

impl Signals {
    /// Nobody listens yet: a signal still ends the process as the system sees fit.
    pub(crate) fn new() -> Self {
        Self { came: watch::Sender::new(None) }
    }

    /// Listens from now on, until the program ends. The first Ctrl-C or SIGTERM is told; the second one ends the process at
    /// once. Listening again changes nothing. Must be called within a runtime.
    ///
    /// Where signals cannot be listened for, the system's own handling is left in place.
    pub(crate) fn listen(&self) {
        if self.came.receiver_count() > 0 {
            return;
        }
        let Some(mut next) = Next::new() else { return };
        let (came, listening) = (self.came.clone(), self.came.subscribe());
        tokio::spawn(async move {
            // Held for as long as somebody listens.
            let _listening = listening;
            came.send_replace(Some(next.signal().await));
            leave(next.signal().await);
        });
    }

    /// Resolves at the first signal, or at once when it has come.
    pub(crate) async fn stop(&self) {
        let mut came = self.came.subscribe();
        // The sender lives as long as this does.
        let _ = came.wait_for(Option::is_some).await;
    }

    /// The exit status for the signal that came, none so far.
    pub(crate) fn code(&self) -> Option<u8> {
        *self.came.borrow()
    }
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

/// Signals as they come. None that comes after this was made is missed.
#[cfg(unix)]
struct Next {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Next {
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Some(Self {
            terminate: signal(SignalKind::terminate()).ok()?,
            interrupt: signal(SignalKind::interrupt()).ok()?,
        })
    }

    /// The exit status for the next signal.
    async fn signal(&mut self) -> u8 {
        tokio::select! {
            _ = self.terminate.recv() => exit_code::TERMINATED,
            _ = self.interrupt.recv() => exit_code::INTERRUPTED,
        }
    }
}

/// Ctrl-C as it comes.
#[cfg(not(unix))]
struct Next;

#[cfg(not(unix))]
impl Next {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere there may be none")]
    fn new() -> Option<Self> {
        Some(Self)
    }

    /// The exit status for the next signal.
    async fn signal(&mut self) -> u8 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        exit_code::INTERRUPTED
    }
}
