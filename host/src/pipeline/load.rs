//! The loader: normalizes pages, and has the writer append their rows and commit loads.
//!
//! What survives a kill at each point: before the first commit of a load, nothing of it; a commit is one transaction of
//! the destination and is there whole or not at all, with the cursors that follow its rows. Rows and cursors therefore
//! never disagree, and the run after a crash asks for the first page whose rows are not there.

mod commit;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::mpsc::Receiver};

use super::{
    Destination, Event, Observer, Planned,
    loaded::Loaded,
    queue::{Halts, Message},
    target::Target,
    writer::{Done, Writer, WriterGone},
};
use crate::{
    fault::{self, Point},
    incremental::Filter,
    model::Page,
    normalize::{BatchError, Discarded, Gate, Normalizer},
    report::LoadReport,
    sink::{Sink, SinkError},
    state::{self, State},
};

/// Rows of one append while the writer is busy. Fewer cost calls, more cost memory.
const APPEND_ROWS: usize = 20_000;

/// Rows that are worth an append while the writer has nothing else to do.
const FEW_ROWS: usize = 2_000;

/// Bytes of one append, for wide rows.
const APPEND_BYTES: usize = 16 << 20;

/// A load is committed when one of these is reached.
#[derive(Clone, Copy, Debug)]
pub struct LoadThresholds {
    /// Rows, children included.
    pub rows: u64,
    /// Bytes of records.
    pub bytes: u64,
    /// Time since the load began.
    pub every: Duration,
}

/// The id of a load that begins at a time, in microseconds since the epoch: seconds with a fraction, as in dlt.
pub fn load_id(microseconds: i64) -> String {
    format!("{}.{:06}", microseconds.div_euclid(1_000_000), microseconds.rem_euclid(1_000_000))
}

/// Why nothing more can be loaded.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum LoaderError {
    /// The destination failed.
    Sink(#[from] SinkError),
    /// Rows did not fit their own columns, which is a bug.
    Batch(#[from] BatchError),
}

impl LoaderError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Sink(error) => error.hint(),
            Self::Batch(_) => Some("this should not happen; please report it".into()),
        }
    }
}

/// What the loader did.
#[derive(Debug)]
pub(super) struct LoaderOutcome {
    pub(super) loads: Vec<LoadReport>,
    pub(super) resources: Vec<Loaded>,
    pub(super) error: Option<LoaderError>,
}

/// A load that is being filled.
struct OpenLoad {
    id: String,
    began: Instant,
    rows: u64,
    bytes: u64,
}

/// Why the loader stopped before all messages were taken.
enum Stopped {
    WriterGone,
    Batch(BatchError),
}

impl From<WriterGone> for Stopped {
    fn from(_: WriterGone) -> Self {
        Self::WriterGone
    }
}

impl From<BatchError> for Stopped {
    fn from(error: BatchError) -> Self {
        Self::Batch(error)
    }
}

/// Normalizes, and has the writer append and commit.
pub(super) struct Loader {
    writer: Writer,
    normalizer: Normalizer,
    sources: serde_json::Value,
    state: State,
    source: String,
    thresholds: LoadThresholds,
    targets: Vec<Target>,
    observer: Arc<dyn Observer>,
    halts: Halts,
    load: Option<OpenLoad>,
    /// What is noted beside rows that wait in staging.
    saved: Option<serde_json::Value>,
    /// Something was taken out of the state that is committed.
    forgot: bool,
    /// Microseconds since the epoch of the newest load id.
    last_id: i64,
}

impl Loader {
    pub(super) fn new(
        destination: Destination,
        planned: &[Planned],
        source: &str,
        thresholds: LoadThresholds,
        observer: Arc<dyn Observer>,
        halts: Halts,
    ) -> Self {
        let Destination { mut sink, mut normalizer, mut sources, mut state, drop_others } = destination;
        if let Some(tables) = drop_others {
            let kept: Vec<_> =
                planned.iter().filter(|plan| plan.refresh.is_some()).map(|plan| &plan.hints.resource).collect();
            state.resources.retain(|name, _| kept.contains(&name));
            state.incremental.retain(|name, _| kept.contains(&name));
            state::forget_others(&mut sources, source, &kept);
            sink.drop_tables(tables);
        }
        let targets = planned.iter().map(|planned| Target::new(planned, &mut normalizer, &mut sink)).collect();
        Self {
            saved: state.staged(),
            writer: Writer::start(sink),
            normalizer,
            sources,
            state,
            source: source.to_owned(),
            thresholds,
            targets,
            observer,
            halts,
            load: None,
            forgot: false,
            last_id: 0,
        }
    }

    /// Takes messages until all fetchers are gone, then commits what is left.
    ///
    /// A failure of the destination ends it at once: the open load is rolled back, and the fetchers find it gone.
    pub(super) fn run(mut self, mut messages: Receiver<Message>, runtime: &Handle) -> LoaderOutcome {
        let worked = self.work(&mut messages, runtime);
        drop(messages);
        let (done, written) = self.writer.close();
        let mut loads = Vec::new();
        for Done { load, settled } in done {
            loads.extend(load);
            for index in settled {
                self.targets[index].loaded.committed = true;
            }
        }
        let error = match (worked, written) {
            (Err(Stopped::Batch(error)), _) => Some(error.into()),
            (_, written) => written.err().map(LoaderError::from),
        };
        LoaderOutcome { loads, resources: self.targets.into_iter().map(|target| target.loaded).collect(), error }
    }

    fn work(&mut self, messages: &mut Receiver<Message>, runtime: &Handle) -> Result<(), Stopped> {
        loop {
            let due = self.load.as_ref().map(|load| load.began + self.thresholds.every);
            let received = match due {
                None => Ok(messages.blocking_recv()),
                Some(due) => runtime.block_on(async { tokio::time::timeout_at(due.into(), messages.recv()).await }),
            };
            match received {
                Ok(Some(message)) => self.take(message)?,
                Ok(None) => break,
                Err(_elapsed) => self.commit()?,
            }
        }
        self.commit()
    }

    fn take(&mut self, message: Message) -> Result<(), Stopped> {
        // What was fetched beyond a page that a contract refused is of no use: the next run begins with that page.
        let refused = |target: &Target| target.loaded.refused.is_some();
        if self.targets.get(message.index()).is_some_and(refused) {
            return Ok(());
        }
        match message {
            Message::Page { index, page, asked } => {
                let is_last = self.page(index, &page)?;
                if let Some(asked) = asked {
                    // A fetcher that was stopped does not wait any more.
                    let _ = asked.send(is_last);
                }
                self.commit_when_due()
            }
            Message::Restarted { index } => {
                let Some(target) = self.targets.get_mut(index) else { return Ok(()) };
                target.fresh = true;
                if let Some(filter) = &mut target.loaded.incremental {
                    filter.begin_again(!target.stages);
                }
                let name = target.name.clone();
                self.state.resources.entry(name).or_default().cursor = None;
                Ok(())
            }
            Message::Ended { index, complete } => {
                let Some(target) = self.targets.get_mut(index) else { return Ok(()) };
                target.over = true;
                target.complete = complete;
                Ok(())
            }
        }
    }

    /// Takes a page; tells whether no more is wanted of its resource.
    fn page(&mut self, index: usize, page: &Page) -> Result<bool, Stopped> {
        let now = jiff::Timestamp::now().as_microsecond();
        let load_id = self.open_load(now);
        let Some(target) = self.targets.get(index) else { return Ok(true) };
        if target.fresh && target.stages {
            // Rows that an earlier attempt left in staging, and those on their way there, are of another reading.
            let table = target.table.clone();
            self.state.stage_anew(&target.name);
            self.flush()?;
            let schema = self.normalizer.schema().clone();
            self.writer.submit(move |sink| sink.restart(&schema, &table).map(|()| Done::default()))?;
        }
        let Some(target) = self.targets.get_mut(index) else { return Ok(true) };
        let pending = self.normalizer.pending_rows();
        let mut filter = target.loaded.incremental.as_mut();
        if let Some(filter) = &mut filter {
            filter.begin_page();
        }
        let gate = filter.as_deref_mut().map(|filter| filter as &mut dyn Gate);
        let outcome = match self.normalizer.page_through(&target.name, &load_id, now, &page.records, gate) {
            Ok(outcome) => outcome,
            Err(broken) => {
                filter.map(Filter::undo_page);
                target.loaded.refused = Some(broken);
                target.over = true;
                self.halts.halt(index);
                return Ok(true);
            }
        };
        if target.fresh && target.refresh.is_some() {
            self.forgot |= state::forget(&mut self.sources, &self.source, &target.name);
            self.state.resources.remove(&target.name);
            self.state.incremental.remove(&target.name);
        }
        target.fresh = false;
        // A last page is the end of its resource, whenever word of the end comes: a commit between the two would leave
        // rows without a cursor behind them, and the run after a crash would fetch them again.
        let next = page.next.as_ref().filter(|_| !target.loaded.incremental.as_ref().is_some_and(Filter::ended_early));
        target.complete = next.is_none();
        target.over = target.complete;
        for rejected in &page.rejected {
            self.normalizer.reject(&target.name, &load_id, now, rejected);
        }
        let rejected = outcome.rejected + page.rejected.len() as u64;
        target.loaded.add(&outcome, page.rejected.len() as u64, self.normalizer.take_collisions());
        if outcome.discarded != Discarded::default() {
            target.loaded.contract = self.normalizer.contract_of(&target.name);
        }
        let checkpoint = self.state.resources.entry(target.name.clone()).or_default();
        checkpoint.cursor = next.map(|cursor| cursor.0.clone());
        checkpoint.refresh = target.refresh.clone().filter(|_| next.is_some());
        if page.state.is_some() {
            checkpoint.state.clone_from(&page.state);
        }
        let is_last = next.is_none();
        if let Some(load) = &mut self.load {
            load.rows += (self.normalizer.pending_rows() - pending) as u64;
            load.bytes += page.records.len() as u64;
        }
        fault::point(Point::PageNormalized);
        self.observer.event(&Event::Normalized { resource: index, records: outcome.records, rejected });
        let wanted = if self.writer.is_idle() { FEW_ROWS } else { APPEND_ROWS };
        if self.normalizer.pending_rows() >= wanted || self.normalizer.pending_bytes() >= APPEND_BYTES {
            self.flush()?;
        }
        Ok(is_last)
    }

    /// The id of the load that rows go to now. Ids are times, and grow strictly even when two fall into one microsecond.
    fn open_load(&mut self, now: i64) -> String {
        let last = &mut self.last_id;
        let load = self.load.get_or_insert_with(|| {
            *last = now.max(*last + 1);
            OpenLoad { id: load_id(*last), began: Instant::now(), rows: 0, bytes: 0 }
        });
        load.id.clone()
    }

    /// Appends the rows that are normalized and not appended yet.
    fn flush(&mut self) -> Result<(), Stopped> {
        let batches = self.normalizer.take_batches()?;
        if batches.is_empty() {
            return Ok(());
        }
        let schema = self.normalizer.schema().clone();
        let append = move |sink: &mut Sink| {
            batches.iter().try_for_each(|batch| sink.append(&schema, &batch.table, &batch.batch))?;
            Ok(Done::default())
        };
        Ok(self.writer.submit(append)?)
    }
}
