//! Measures how long a component itself runs: the time inside of the polls of its call, not the time it waits.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

/// The clock of one call. Shared by the call and the engine's look at it.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    began: Instant,
    /// Nanoseconds of the polls that are over.
    spent: Arc<AtomicU64>,
    /// When the present poll began, in nanoseconds since `began`.
    resumed: Arc<AtomicU64>,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), spent: Arc::default(), resumed: Arc::default() }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// What was spent, asked from inside of a poll.
    pub(super) fn spent(&self) -> Duration {
        let running = self.now().saturating_sub(self.resumed.load(Ordering::Relaxed));
        Duration::from_nanos(self.spent.load(Ordering::Relaxed).saturating_add(running))
    }

    /// Measures a future.
    pub(super) fn measure<F: Future>(&self, future: F) -> Measured<F> {
        Measured { meter: self.clone(), future: Box::pin(future) }
    }
}

/// A future whose polls are measured.
pub(super) struct Measured<F> {
    meter: Meter,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Measured<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let start = self.meter.now();
        self.meter.resumed.store(start, Ordering::Relaxed);
        let poll = self.future.as_mut().poll(cx);
        let took = self.meter.now().saturating_sub(start);
        self.meter.spent.fetch_add(took, Ordering::Relaxed);
        poll
    }
}
