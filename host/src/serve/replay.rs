//! Loads events once more, after the component was improved.
//!
//! Events that are loaded are handed in again, and their rows take the place of their older selves. What has no key has no
//! older self: it is left out, and counted. Events that wait are loaded as `serve` would load them, with the word of how far
//! the inbox is loaded in the same transaction; so a replay that is killed can simply be called again.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use super::{
    flush::again,
    inbox::{Inbox, InboxError, Kept, NewEvent, Stored},
    load::{Advance, LoadError, Loaded, Loader},
};
use crate::{
    model::{Delivery, Event, ResourceName},
    privacy::Guard,
    source::{EventHandler, SourceError},
};

/// Most events of one load.
const BATCH_EVENTS: usize = 10_000;

/// Most bytes of bodies of one load.
const BATCH_BYTES: usize = 16 << 20;

/// What was loaded.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Replayed {
    /// Events that were loaded once more.
    pub again: u64,
    /// Events that were loaded for the first time.
    pub first: u64,
    /// Events of people who were forgotten, which were left out.
    pub forgotten: u64,
    /// Events that the component could not handle. They stay in the inbox.
    pub unhandled: u64,
    /// Why the first of them could not be handled.
    pub error: Option<SourceError>,
    /// Rows, by data table.
    pub rows: BTreeMap<String, u64>,
    /// Records that went to `_rejected_records`.
    pub rejected: u64,
    /// Records that have no key and were left out, by resource.
    pub left_out: BTreeMap<String, u64>,
    /// Loads that were committed.
    pub loads: u64,
}

/// Why a replay stopped. What was loaded before stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The inbox cannot be used.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// The destination cannot be written.
    #[error("{reason}")]
    Destination {
        /// What is wrong with it.
        reason: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

impl From<LoadError> for ReplayError {
    fn from(error: LoadError) -> Self {
        Self::Destination { hint: error.hint(), reason: error.to_string() }
    }
}

/// Loads the events of an inbox that nobody receives into meanwhile.
pub struct Replay<'a, H> {
    /// The events.
    pub inbox: &'a mut Inbox,
    /// Says what they mean.
    pub handler: &'a H,
    /// Takes out of events what is not kept. The handler has one as well.
    pub guard: Guard,
    /// Loads them.
    pub loader: &'a Loader,
    /// Resources whose records take the place of their older selves.
    pub keyed: HashSet<ResourceName>,
    /// How long to wait for a destination that another process holds.
    pub lock_wait: Duration,
    /// How long after an event an equal one is taken for the same.
    pub window: Duration,
    /// What was loaded so far.
    pub done: Replayed,
}

impl<H: EventHandler> Replay<'_, H> {
    /// Loads once more all events that came since a time, and then those that wait.
    ///
    /// # Errors
    /// What [`ReplayError`] lists.
    pub async fn inbox(&mut self, since_ms: u64) -> Result<(), ReplayError> {
        let through = self.through()?;
        self.hand_in_unhandled().await?;
        let mut after = 0;
        loop {
            let batch = self.batch(since_ms, after, through)?;
            let Some(last) = batch.last() else { break };
            after = last.number;
            let mut deliveries = Vec::new();
            let mut events = 0;
            for kept in &batch {
                if let Some(found) = self.handle(&kept.event).await {
                    events += 1;
                    deliveries.extend(self.loader.keep_young(kept.event.received_at_ms, found));
                }
            }
            self.load_again(events, deliveries)?;
        }
        self.waiting(through).await
    }

    /// Takes events from elsewhere into the inbox. Those that it has are loaded once more, the others as if they had come
    /// when it is written that they came.
    ///
    /// # Errors
    /// What [`ReplayError`] lists.
    pub async fn events(&mut self, events: impl IntoIterator<Item = Event>) -> Result<(), ReplayError> {
        let through = self.through()?;
        let mut deliveries = Vec::new();
        let (mut known, mut bytes) = (0, 0);
        for event in events {
            let outcome = match self.handler.handle_event(&event).await {
                Ok(outcome) if outcome.forgotten => {
                    self.done.forgotten += 1;
                    continue;
                }
                Ok(outcome) => outcome,
                Err(error) => {
                    self.could_not(error);
                    continue;
                }
            };
            let event = self.guard.event(event);
            let new = NewEvent { event, dedupe_key: outcome.dedupe_key, unhandled: None };
            if self.inbox.insert(std::slice::from_ref(&new), self.window)? == [Stored::Duplicate] {
                known += 1;
                bytes += new.event.body.len();
                deliveries.extend(self.loader.keep_young(new.event.received_at_ms, outcome.deliveries));
            }
            if known >= BATCH_EVENTS as u64 || bytes >= BATCH_BYTES {
                self.load_again(std::mem::take(&mut known), std::mem::take(&mut deliveries))?;
                bytes = 0;
            }
        }
        self.load_again(known, deliveries)?;
        self.waiting(through).await
    }

    /// How far the destination has the inbox.
    fn through(&self) -> Result<u64, ReplayError> {
        let through = self.loader.loaded_through(self.inbox.id(), self.lock_wait).map_err(LoadError::from)?;
        self.inbox.number_above(through)?;
        self.inbox.note_loaded(through)?;
        Ok(through)
    }

    async fn hand_in_unhandled(&mut self) -> Result<(), ReplayError> {
        let mut after = 0;
        loop {
            let unhandled = self.inbox.unhandled(after, 100)?;
            let Some(last) = unhandled.last() else { return Ok(()) };
            after = last.number;
            for kept in unhandled {
                again(self.handler, &self.guard, self.inbox, kept, self.window).await?;
            }
        }
    }

    /// Events that are loaded, as many as one load may have.
    fn batch(&self, since_ms: u64, after: u64, through: u64) -> Result<Vec<Kept>, ReplayError> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        self.inbox.since(since_ms, after, |kept| {
            if kept.number > through {
                return false;
            }
            if kept.unhandled.is_none() {
                bytes += kept.event.body.len();
                batch.push(kept);
            }
            batch.len() < BATCH_EVENTS && bytes < BATCH_BYTES
        })?;
        Ok(batch)
    }

    /// Loads what waits.
    async fn waiting(&mut self, mut through: u64) -> Result<(), ReplayError> {
        loop {
            let waiting = self.inbox.waiting(through, BATCH_EVENTS, BATCH_BYTES)?;
            let Some(last) = waiting.last().map(|last| last.number) else { return Ok(()) };
            let mut deliveries = Vec::new();
            let mut events = 0;
            for kept in &waiting {
                match self.handler.handle_event(&kept.event).await {
                    Ok(outcome) if outcome.forgotten => self.done.forgotten += 1,
                    Ok(outcome) => {
                        events += 1;
                        deliveries.extend(self.loader.keep_young(kept.event.received_at_ms, outcome.deliveries));
                    }
                    Err(error) => {
                        self.inbox.set_aside(kept.number, &error.message)?;
                        self.could_not(error);
                    }
                }
            }
            let inbox = self.inbox.id().to_owned();
            let advance = Advance { inbox: &inbox, from: through, through: last };
            let loaded = self.loader.load(Some(advance), deliveries, self.lock_wait)?;
            self.inbox.note_loaded(last)?;
            through = last;
            self.done.first += events;
            self.count(loaded);
        }
    }

    async fn handle(&mut self, event: &Event) -> Option<Vec<Delivery>> {
        match self.handler.handle_event(event).await {
            Ok(outcome) if outcome.forgotten => {
                self.done.forgotten += 1;
                None
            }
            Ok(outcome) => Some(outcome.deliveries),
            Err(error) => {
                self.could_not(error);
                None
            }
        }
    }

    fn could_not(&mut self, error: SourceError) {
        self.done.unhandled += 1;
        self.done.error.get_or_insert(error);
    }

    /// Loads what was loaded before, without what would be there twice: records without a key, and those that were rejected.
    fn load_again(&mut self, events: u64, deliveries: Vec<Delivery>) -> Result<(), ReplayError> {
        if events == 0 {
            return Ok(());
        }
        let mut keyed = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            if self.keyed.contains(&delivery.resource) {
                keyed.push(Delivery { rejected: Vec::new(), ..delivery });
            } else {
                let records =
                    delivery.records.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
                *self.done.left_out.entry(delivery.resource.to_string()).or_default() += records.count() as u64;
            }
        }
        let loaded = self.loader.load(None, keyed, self.lock_wait)?;
        self.done.again += events;
        self.count(loaded);
        Ok(())
    }

    fn count(&mut self, loaded: Loaded) {
        self.done.loads += 1;
        self.done.rejected += loaded.rejected;
        for (table, rows) in loaded.rows {
            *self.done.rows.entry(table).or_default() += rows;
        }
    }
}
