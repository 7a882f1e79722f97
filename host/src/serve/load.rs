//! Loads what events hold: rows, load row and how far the inbox is loaded, in one transaction.
//!
//! The destination is opened, written and closed by each call, so that readers can use the file in between.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use indexmap::IndexMap;
use serde_json::Value;

use crate::{
    fault::{self, Point},
    model::{Delivery, RejectedRecord, ResourceName, SchemaContract, WriteDisposition},
    normalize::{BatchError, Naming, Normalizer, REJECTED_TABLE, RandomBytes, ResourceHints, schema::Schema},
    pipeline::load_id,
    sink::{CommitLoad, InboxMark, Removed, Retention, Sink, SinkError, SinkOptions},
    state::{State, StateError},
};

/// What a loader works with.
pub struct LoaderOptions {
    /// Where rows go.
    pub sink: SinkOptions,
    /// The resources that events fill, with the field that tells which of two records with one key is the later one.
    pub resources: Vec<(ResourceHints, Option<String>)>,
    /// How far records may change the schema, where nothing else is said.
    pub contract: Option<SchemaContract>,
    /// The tokens that stand for secrets, which the state keeps.
    pub tokens: BTreeMap<String, String>,
    /// Makes the source of random bytes for the ids of rows.
    pub random: fn() -> RandomBytes,
    /// How long rows are kept.
    pub retention: Vec<Retention>,
}

/// Loads what events hold.
pub struct Loader {
    options: LoaderOptions,
}

/// How far an inbox was loaded before, and is now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Advance<'a> {
    pub(super) inbox: &'a str,
    pub(super) from: u64,
    pub(super) through: u64,
}

/// A load that was committed.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) load_id: String,
    /// Rows by data table.
    pub(super) rows: IndexMap<String, u64>,
    /// Records that went to `_rejected_records`.
    pub(super) rejected: u64,
}

/// Why nothing was loaded.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The destination is another one than before, or another program has loaded from the inbox.
    #[error("the destination has the events up to {found}, not up to {expected}")]
    Moved { found: u64, expected: u64 },
}

impl LoadError {
    pub(super) fn is_locked(&self) -> bool {
        matches!(self, Self::Sink(SinkError::Locked { .. }))
    }

    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Sink(error) => error.hint(),
            _ => None,
        }
    }
}

/// The records of several events for one resource.
#[derive(Debug, Default)]
struct Gathered {
    records: Vec<u8>,
    rejected: Vec<RejectedRecord>,
}

impl Loader {
    /// A loader. Opens nothing yet.
    pub fn new(options: LoaderOptions) -> Self {
        Self { options }
    }

    /// How far an inbox is loaded; nothing when there is no destination yet.
    ///
    /// # Errors
    /// What [`SinkError`] lists.
    pub fn loaded_through(&self, inbox: &str, lock_wait: Duration) -> Result<u64, SinkError> {
        if !self.options.sink.path.exists() {
            return Ok(0);
        }
        let sink = self.open(lock_wait)?;
        let found = sink.loaded_through(inbox)?.unwrap_or_default();
        sink.close()?;
        Ok(found)
    }

    fn open(&self, lock_wait: Duration) -> Result<Sink, SinkError> {
        let tell = |holder: &str| tracing::debug!(%holder, "waiting for the destination");
        Sink::open(SinkOptions { lock_wait, ..self.options.sink.clone() }, &mut |holder| tell(holder))
    }

    /// Loads deliveries in their order. With `advance`, they are the events of an inbox from one number to another, and the
    /// destination must have been loaded up to the first; without, they are loaded once more, and what has no key of its own
    /// must not be among them.
    pub(super) fn load(
        &self,
        advance: Option<Advance<'_>>,
        deliveries: impl IntoIterator<Item = Delivery>,
        lock_wait: Duration,
    ) -> Result<Loaded, LoadError> {
        let mut sink = self.open(lock_wait)?;
        if let Some(Advance { inbox, from, .. }) = advance {
            let found = sink.loaded_through(inbox)?.unwrap_or_default();
            if found != from {
                return Err(LoadError::Moved { found, expected: from });
            }
        }
        let source = self.options.sink.schema_name.as_str();
        let stored = sink.stored()?;
        let staged = stored.staged;
        let mut sources = Value::Object(stored.state.unwrap_or_default());
        let mut state = State::read(&sources, source)?;
        if let Some(staged) = &staged {
            state.read_staged(staged, source)?;
        }
        for (key, token) in &self.options.tokens {
            state.tokens.entry(key.clone()).or_insert_with(|| token.clone());
        }
        state.write(&mut sources, source);
        let schema = stored.schema.unwrap_or_else(|| Schema::new(source));
        let mut normalizer = self.normalizer(schema, &mut sink);

        let now = jiff::Timestamp::now().as_microsecond();
        let mut loaded = Loaded { load_id: load_id(now), ..Loaded::default() };
        let gathered = gather(deliveries);
        for (resource, gathered) in gathered.iter().filter(|(resource, _)| !self.skips(resource)) {
            loaded.rejected += take(&mut normalizer, resource, &loaded.load_id, now, gathered);
        }
        for batch in normalizer.take_batches()? {
            if advance.is_none() && batch.table == REJECTED_TABLE {
                // What was rejected before is there already.
                continue;
            }
            sink.append(normalizer.schema(), &batch.table, &batch.batch)?;
        }
        // A table is a new one for its first load only.
        gathered.keys().for_each(|resource| normalizer.settle(resource));
        let committed = sink.commit(&CommitLoad {
            load_id: &loaded.load_id,
            schema: normalizer.schema(),
            state: &sources,
            staged: staged.as_ref(),
            inbox: advance.map(|advance| InboxMark { inbox: advance.inbox, through: advance.through }),
            finished: &[],
            inserted_at: now,
        })?;
        fault::point(Point::AfterLoaded);
        loaded.rows = committed.rows;
        // The load is safe in DuckDB's log even if it cannot be written back now.
        if let Err(error) = sink.close() {
            tracing::warn!("the load {} is there, but: {error}", loaded.load_id);
        }
        Ok(loaded)
    }

    /// Takes out of what an event holds what its tables keep no more: what is loaded again must not become young again.
    pub(super) fn keep_young(&self, received_at_ms: u64, deliveries: Vec<Delivery>) -> Vec<Delivery> {
        if self.options.retention.is_empty() {
            return deliveries;
        }
        let age = Duration::from_millis(super::now_ms().saturating_sub(received_at_ms));
        let is_old = |table: &str| self.options.retention.iter().any(|limit| limit.table == table && age > limit.age);
        let rejected_go = is_old(REJECTED_TABLE);
        let young = |delivery: Delivery| {
            let goes = is_old(&Naming::default().path(delivery.resource.as_str()));
            Delivery {
                records: if goes { Bytes::new() } else { delivery.records },
                rejected: if rejected_go { Vec::new() } else { delivery.rejected },
                ..delivery
            }
        };
        deliveries.into_iter().map(young).collect()
    }

    /// Removes rows that are older than their retention.
    pub(super) fn retain(&self, lock_wait: Duration) -> Result<Removed, SinkError> {
        if self.options.retention.is_empty() || !self.options.sink.path.exists() {
            return Ok(Removed::new());
        }
        let mut sink = self.open(lock_wait)?;
        let removed = sink.retain(&self.options.retention, jiff::Timestamp::now().as_microsecond())?;
        sink.close()?;
        Ok(removed)
    }

    fn skips(&self, resource: &ResourceName) -> bool {
        let skips = |hints: &ResourceHints| hints.write_disposition == WriteDisposition::Skip;
        self.options.resources.iter().any(|(hints, _)| hints.resource == *resource && skips(hints))
    }

    /// Declares the resources to those who make and write their rows.
    fn normalizer(&self, schema: Schema, sink: &mut Sink) -> Normalizer {
        let mut normalizer = Normalizer::new(schema, (self.options.random)());
        if let Some(contract) = self.options.contract {
            normalizer.set_contract(contract);
        }
        for (hints, version) in &self.options.resources {
            if hints.write_disposition == WriteDisposition::Skip {
                continue;
            }
            normalizer.declare(hints);
            if let Some(version) = version {
                let name = Naming::default();
                sink.keep_later(&name.path(hints.resource.as_str()), name.column(version));
            }
        }
        normalizer
    }
}

/// Puts the records of each resource together, in the order in which they came.
fn gather(deliveries: impl IntoIterator<Item = Delivery>) -> IndexMap<ResourceName, Gathered> {
    let mut gathered: IndexMap<ResourceName, Gathered> = IndexMap::new();
    for delivery in deliveries {
        let own = gathered.entry(delivery.resource).or_default();
        own.records.extend_from_slice(&delivery.records);
        if own.records.last().is_some_and(|last| *last != b'\n') {
            own.records.push(b'\n');
        }
        own.rejected.extend(delivery.rejected);
    }
    gathered
}

/// Makes rows of records; tells how many were rejected. What a frozen contract refuses is rejected, too: an event is over once
/// it is acknowledged, and nobody could send it again.
fn take(normalizer: &mut Normalizer, resource: &ResourceName, load_id: &str, now: i64, gathered: &Gathered) -> u64 {
    let mut rejected = gathered.rejected.len() as u64;
    match normalizer.page(resource, load_id, now, &gathered.records) {
        Ok(outcome) => rejected += outcome.rejected,
        Err(_) => {
            for line in gathered.records.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
                match normalizer.page(resource, load_id, now, line) {
                    Ok(outcome) => rejected += outcome.rejected,
                    Err(broken) => {
                        let raw = String::from_utf8_lossy(line).into_owned();
                        let refused = RejectedRecord { raw, reason: broken.to_string() };
                        normalizer.reject(resource, load_id, now, &refused);
                        rejected += 1;
                    }
                }
            }
        }
    }
    for record in &gathered.rejected {
        normalizer.reject(resource, load_id, now, record);
    }
    rejected
}

#[cfg(test)]
mod tests;
