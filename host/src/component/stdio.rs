//! What a component prints goes to the log, line by line, and no faster than its limit.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

use crate::{
    component::text::{Words, tame},
    http::{limits::LimitHit, secrets::Secrets},
};

/// Bytes that a component may write at once: the size that compilers buffer by.
const PERMIT: usize = 64 * 1024;

/// A line without an end is told in pieces of this size.
const MAX_LINE: usize = 1024;

/// The log of one source. All its calls write to it, so that the limit holds for all of them together.
#[derive(Clone)]
pub(super) struct Log {
    budget: Arc<Mutex<Budget>>,
    secrets: Arc<Secrets>,
}

struct Budget {
    per_second: u64,
    /// Bytes of this second, written or not.
    used: u64,
    refilled: Instant,
    /// Whether it was told that something is left out.
    told: bool,
    /// The same for what is withheld.
    told_withheld: bool,
}

impl Log {
    pub(super) fn new(per_second: u64, secrets: Arc<Secrets>) -> Self {
        let budget = Budget { per_second, used: 0, refilled: Instant::now(), told: false, told_withheld: false };
        Self { budget: Arc::new(Mutex::new(budget)), secrets }
    }

    /// What one call writes to.
    pub(super) fn stream(&self, words: Words) -> LogStream {
        LogStream { log: self.clone(), words, line: Arc::default() }
    }

    /// Tells once that there is something that is not told.
    fn withhold(&self) {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        if !budget.told_withheld {
            budget.told_withheld = true;
            tracing::info!(
                target: "sluicegate::component",
                "what the component logs is withheld, for [privacy] is set and it may quote what is not kept"
            );
        }
    }

    fn tell(&self, line: &[u8]) {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        if budget.refilled.elapsed().as_secs() >= 1 {
            budget.refilled = Instant::now();
            budget.used = 0;
        }
        budget.used = budget.used.saturating_add(line.len() as u64 + 1);
        if budget.used <= budget.per_second {
            let line = tame(&self.secrets.hide(&String::from_utf8_lossy(line)));
            if !line.is_empty() {
                tracing::info!(target: "sluicegate::component", "{line}");
            }
        } else if !budget.told {
            budget.told = true;
            let hit = LimitHit::bytes("log", "the log of the component in a second", budget.used, budget.per_second);
            tracing::warn!("{hit}: what is beyond it is left out; {}", hit.hint());
        }
    }
}

/// One output stream; its copies share the line that is being written.
#[derive(Clone)]
pub(super) struct LogStream {
    log: Log,
    words: Words,
    line: Arc<Mutex<Vec<u8>>>,
}

impl LogStream {
    fn take(&self, bytes: &[u8]) {
        if self.words != Words::Told {
            return self.log.withhold();
        }
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            for piece in part.chunks(MAX_LINE) {
                line.extend_from_slice(piece);
                if line.ends_with(b"\n") || line.len() >= MAX_LINE {
                    self.log.tell(&line);
                    line.clear();
                }
            }
        }
    }
}

impl Drop for LogStream {
    fn drop(&mut self) {
        // The last copy tells what had no end.
        if let Some(line) = Arc::get_mut(&mut self.line) {
            let line = std::mem::take(line.get_mut().unwrap_or_else(PoisonError::into_inner));
            if !line.is_empty() {
                self.log.tell(&line);
            }
        }
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}

#[async_trait::async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

impl AsyncWrite for LogStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
