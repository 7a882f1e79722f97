//! Has the events that wait loaded, by number and time, and keeps at it whatever the destination does.

use std::{sync::Arc, time::Duration};

use super::{
    DestinationGate,
    backlog::{Backlog, Waiting},
    inbox::{Inbox, InboxError, Kept, NewEvent, Stored},
    load::{Advance, LoadError, Loaded, Loader},
    metrics::Metrics,
};
use crate::{
    model::Delivery,
    privacy::Guard,
    source::{EventHandler, SourceError},
};

/// Most events of one load.
const BATCH_EVENTS: usize = 10_000;

/// Most bytes of bodies of one load.
const BATCH_BYTES: usize = 16 << 20;

/// How long one attempt waits for a destination that a reader holds, before it looks at the events again.
const LOCK_WAIT: Duration = Duration::from_secs(1);

/// The first and the longest wait after a destination failed.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// How often events that the component could not handle are handed in again.
const RETRY_EVERY: Duration = Duration::from_mins(1);

/// How often events that are old enough are removed.
const PRUNE_EVERY: Duration = Duration::from_mins(10);

/// How long the last load may take when the receiver is told to stop.
const LAST_LOAD: Duration = Duration::from_secs(20);

/// When events are loaded, and how long they are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlushOptions {
    pub(super) every: Duration,
    pub(super) events: u32,
    pub(super) window: Duration,
    pub(super) retention: Duration,
}

/// What was left when the receiver stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flushed {
    /// Events that wait for the next start.
    pub waiting: u64,
}

/// The one that loads, on a thread of its own: it blocks while it reads the inbox and writes the destination.
pub(super) struct Flusher<H> {
    pub(super) inbox: Inbox,
    pub(super) handler: Arc<H>,
    pub(super) guard: Guard,
    pub(super) loader: Arc<Loader>,
    pub(super) backlog: Arc<Backlog>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) gate: DestinationGate,
    pub(super) options: FlushOptions,
    /// The number of the last event that is loaded, as far as is known.
    pub(super) through: u64,
    /// Whether that is what the destination says.
    pub(super) caught_up: bool,
    /// Whether events waited before the first one could come.
    pub(super) left_over: bool,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum FlushError {
    #[error(transparent)]
    Inbox(#[from] InboxError),
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl FlushError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Inbox(error) => error.hint(),
            Self::Load(error) => error.hint(),
        }
    }
}

impl<H: EventHandler> Flusher<H> {
    /// Loads until `stop` resolves, and once more then.
    pub(super) async fn run(mut self, stop: impl Future<Output = ()>) -> Flushed {
        let mut stop = std::pin::pin!(stop);
        let mut back_off = BACK_OFF.0;
        let mut retry = tokio::time::interval(RETRY_EVERY);
        let mut prune = tokio::time::interval(PRUNE_EVERY);
        let before = (self.through, self.left_over);
        let mut troubled = match self.catch_up().await {
            // Nothing waits from earlier, so what comes now has its time.
            Ok(()) if before == (self.through, false) => false,
            Ok(()) => self.attempt(&mut back_off, false).await,
            Err(error) => {
                self.tell(&error, false);
                true
            }
        };
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                _ = retry.tick() => self.hand_in_again().await,
                _ = prune.tick() => {
                    self.prune();
                    self.retain().await;
                }
                () = tokio::time::sleep(back_off), if troubled => {
                    troubled = self.attempt(&mut back_off, true).await;
                }
                () = self.backlog.due(self.options.events.into(), self.options.every), if !troubled => {
                    troubled = self.attempt(&mut back_off, false).await;
                }
            }
        }
        let last = async {
            while self.backlog.waiting().events > 0 {
                if self.attempt(&mut back_off, true).await {
                    tokio::time::sleep(back_off).await;
                }
            }
        };
        // What is not loaded now is loaded by the next start.
        let _ = tokio::time::timeout(LAST_LOAD, last).await;
        Flushed { waiting: self.backlog.waiting().events }
    }

    /// Loads what waits; tells whether it failed.
    async fn attempt(&mut self, back_off: &mut Duration, again: bool) -> bool {
        match self.flush().await {
            Ok(()) => {
                *back_off = BACK_OFF.0;
                self.metrics.set_ready(true);
                false
            }
            Err(FlushError::Load(LoadError::Moved { found, expected })) => {
                tracing::warn!(found, expected, "the destination has other events than before; it gets what it lacks");
                if let Err(error) = self.set_through(found) {
                    self.tell(&error.into(), again);
                }
                true
            }
            Err(error) => {
                self.tell(&error, again);
                *back_off = (*back_off * 2).min(BACK_OFF.1);
                true
            }
        }
    }

    /// Says why nothing is loaded. A reader that holds the file for a moment is the usual case, and worth no word.
    fn tell(&self, error: &FlushError, again: bool) {
        self.metrics.load_failures.inc();
        let locked = matches!(error, FlushError::Load(error) if error.is_locked());
        let waiting = self.backlog.waiting().events;
        if locked && !again {
            tracing::debug!(waiting, "the events wait: {error}");
            return;
        }
        // A lock that lasts is no reason to send the service away: events are taken all the same.
        self.metrics.set_ready(locked);
        tracing::warn!(waiting, hint = error.hint(), "the events wait: {error}");
    }

    /// Finds out what the destination has.
    async fn catch_up(&mut self) -> Result<(), FlushError> {
        let gate = self.gate.lock().await;
        let found = self.loader.loaded_through(self.inbox.id(), LOCK_WAIT).map_err(LoadError::from)?;
        drop(gate);
        self.set_through(found)?;
        self.caught_up = true;
        Ok(())
    }

    fn set_through(&mut self, found: u64) -> Result<(), InboxError> {
        self.through = found;
        self.inbox.number_above(found)?;
        self.inbox.note_loaded(found)?;
        let status = self.inbox.status(found)?;
        self.backlog.set(Waiting { events: status.waiting, bytes: status.waiting_bytes });
        Ok(())
    }

    /// Loads the events that wait, as many as one load may have.
    async fn flush(&mut self) -> Result<(), FlushError> {
        if !self.caught_up {
            self.catch_up().await?;
        }
        let waiting = self.inbox.waiting(self.through, BATCH_EVENTS, BATCH_BYTES)?;
        let Some(through) = waiting.last().map(|last| last.number) else {
            self.backlog.set(Waiting::default());
            return Ok(());
        };
        let gone = Waiting {
            events: waiting.len() as u64,
            bytes: waiting.iter().map(|kept| kept.event.body.len() as u64).sum(),
        };
        let mut deliveries: Vec<Delivery> = Vec::with_capacity(waiting.len());
        for kept in &waiting {
            let made = self.deliveries(kept).await?;
            deliveries.extend(self.loader.keep_young(kept.event.received_at_ms, made));
        }
        drop(waiting);
        let gate = self.gate.lock().await;
        let began = std::time::Instant::now();
        let advance = Advance { inbox: self.inbox.id(), from: self.through, through };
        let loaded = self.loader.load(Some(advance), deliveries, LOCK_WAIT)?;
        drop(gate);
        self.through = through;
        self.backlog.remove(gone, through);
        self.metrics.loaded(gone.events, loaded.rejected, began.elapsed());
        tell_loaded(gone.events, &loaded, began.elapsed());
        Ok(self.inbox.note_loaded(through)?)
    }

    /// What the component makes of an event. One that it cannot handle any more is set aside, and does not hold up others.
    async fn deliveries(&self, kept: &Kept) -> Result<Vec<Delivery>, InboxError> {
        if let Some(known) = self.backlog.take(kept.number) {
            return Ok(known);
        }
        match self.handler.handle_event(&kept.event).await {
            Ok(outcome) => Ok(outcome.deliveries),
            Err(error) => {
                self.metrics.unhandled.inc();
                tell_unhandled(Some(kept.number), &error);
                self.inbox.set_aside(kept.number, &error.message)?;
                Ok(Vec::new())
            }
        }
    }

    /// Hands in again what the component could not handle: the limits of its time may have been to blame, or it was improved.
    async fn hand_in_again(&mut self) {
        let mut after = 0;
        loop {
            let Ok(unhandled) = self.inbox.unhandled(after, 100) else { return };
            let Some(last) = unhandled.last() else { return };
            after = last.number;
            for kept in unhandled {
                match again(&*self.handler, &self.guard, &mut self.inbox, kept, self.options.window).await {
                    Ok(Some((number, bytes, deliveries))) => self.backlog.add(number, bytes, Some(deliveries)),
                    Ok(None) => {}
                    Err(error) => return tracing::warn!("{error}"),
                }
            }
        }
    }

    /// Removes rows that are older than their retention. A reader that holds the file is asked again at the next time.
    async fn retain(&self) {
        let gate = self.gate.lock().await;
        let removed = self.loader.retain(LOCK_WAIT);
        drop(gate);
        match removed {
            Ok(removed) if removed.is_empty() => {}
            Ok(removed) => {
                let rows: u64 = removed.values().sum();
                let tables = removed.keys().cloned().collect::<Vec<_>>().join(", ");
                tracing::info!(rows, tables, "removed rows that are older than their retention");
            }
            Err(error) => tracing::warn!(hint = error.hint(), "old rows stay for now: {error}"),
        }
    }

    fn prune(&self) {
        // An event must be remembered for as long as an equal one is taken for the same.
        let age = self.options.retention.max(self.options.window);
        match self.inbox.prune(super::ms_ago(age)) {
            Ok(pruned) if pruned.events > 0 => {
                tracing::info!(events = pruned.events, bytes = pruned.bytes, "removed old events from the inbox");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!("{error}"),
        }
    }
}

/// Hands an event in again that could not be handled. When it could be now, and is no other's double, the answer is its new
/// number, the bytes of its body and what it holds.
pub(super) async fn again<H: EventHandler>(
    handler: &H,
    guard: &Guard,
    inbox: &mut Inbox,
    kept: Kept,
    window: Duration,
) -> Result<Option<(u64, u64, Vec<Delivery>)>, InboxError> {
    let Ok(outcome) = handler.handle_event(&kept.event).await else { return Ok(None) };
    if outcome.forgotten {
        inbox.remove(&[kept.number], &[])?;
        return Ok(None);
    }
    // It is kept anew, and may be from before something was not to be kept.
    let event = guard.event(kept.event);
    let bytes = event.body.len() as u64;
    let new = NewEvent { event, dedupe_key: outcome.dedupe_key, unhandled: None };
    Ok(match inbox.handled(kept.number, &new, window)? {
        Stored::New(number) => Some((number, bytes, outcome.deliveries)),
        Stored::Duplicate => None,
    })
}

/// An event that could not be handled. Its number is known once it is kept.
pub(super) fn tell_unhandled(number: Option<u64>, error: &SourceError) {
    let kind = error.kind.as_str();
    let hint = error.hint.as_deref();
    tracing::warn!(event = number, kind, hint, "the component could not handle an event, which is kept: {error}");
}

fn tell_loaded(events: u64, loaded: &Loaded, elapsed: Duration) {
    let rows: u64 = loaded.rows.values().sum();
    let (load_id, rejected) = (&loaded.load_id, loaded.rejected);
    let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(events, rows, rejected, load_id, ms, "loaded");
}
