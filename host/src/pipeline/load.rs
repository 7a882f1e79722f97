//! The loader: normalizes pages, appends their rows, and commits loads.
//!
//! What survives a kill at each point: before the first commit of a load, nothing of it; a commit is one transaction of
//! the destination and is there whole or not at all, with the cursors that follow its rows. Rows and cursors therefore
//! never disagree, and the run after a crash asks for the first page whose rows are not there.

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
};
use crate::{
    fault::{self, Point},
    incremental::Filter,
    model::{Page, ResourceName},
    normalize::{BatchError, Discarded, Gate, Normalizer},
    report::LoadReport,
    sink::{CommitLoad, Sink, SinkError},
    state::{self, State},
};

/// Rows of one append. Fewer cost calls, more cost memory.
const APPEND_ROWS: usize = 20_000;

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

/// Normalizes, appends, commits.
pub(super) struct Loader {
    sink: Sink,
    normalizer: Normalizer,
    sources: serde_json::Value,
    state: State,
    source: String,
    thresholds: LoadThresholds,
    targets: Vec<Target>,
    observer: Arc<dyn Observer>,
    halts: Halts,
    load: Option<OpenLoad>,
    loads: Vec<LoadReport>,
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
            sink,
            normalizer,
            sources,
            state,
            source: source.to_owned(),
            thresholds,
            targets,
            observer,
            halts,
            load: None,
            loads: Vec::new(),
            forgot: false,
            last_id: 0,
        }
    }

    /// Takes messages until all fetchers are gone, then commits what is left.
    ///
    /// A failure of the destination ends it at once: the open load is rolled back, and the fetchers find it gone.
    pub(super) fn run(mut self, mut messages: Receiver<Message>, runtime: &Handle) -> LoaderOutcome {
        let result = self.work(&mut messages, runtime);
        drop(messages);
        // Closing gives up what is not committed, and writes DuckDB's log back into the file.
        let closed = self.sink.close().map_err(LoaderError::from);
        LoaderOutcome {
            loads: self.loads,
            resources: self.targets.into_iter().map(|target| target.loaded).collect(),
            error: result.and(closed).err(),
        }
    }

    fn work(&mut self, messages: &mut Receiver<Message>, runtime: &Handle) -> Result<(), LoaderError> {
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

    fn take(&mut self, message: Message) -> Result<(), LoaderError> {
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
    fn page(&mut self, index: usize, page: &Page) -> Result<bool, LoaderError> {
        let now = jiff::Timestamp::now().as_microsecond();
        let load_id = self.open_load(now);
        let Some(target) = self.targets.get(index) else { return Ok(true) };
        if target.fresh && target.stages {
            // Rows that an earlier attempt left in staging, and those on their way there, are of another reading.
            let table = target.table.clone();
            self.state.stage_anew(&target.name);
            self.flush()?;
            self.sink.restart(self.normalizer.schema(), &table)?;
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
        if self.normalizer.pending_rows() >= APPEND_ROWS || self.normalizer.pending_bytes() >= APPEND_BYTES {
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
    fn flush(&mut self) -> Result<(), LoaderError> {
        for batch in self.normalizer.take_batches()? {
            self.sink.append(self.normalizer.schema(), &batch.table, &batch.batch)?;
        }
        Ok(())
    }

    fn commit_when_due(&mut self) -> Result<(), LoaderError> {
        let due = self.load.as_ref().is_some_and(|load| {
            load.rows >= self.thresholds.rows
                || load.bytes >= self.thresholds.bytes
                || load.began.elapsed() >= self.thresholds.every
        });
        if due { self.commit() } else { Ok(()) }
    }

    /// Commits what is open. Does nothing when there is nothing new.
    ///
    /// The commit that ends the last resource also ends the run: the next one fetches everything again.
    fn commit(&mut self) -> Result<(), LoaderError> {
        let ended = self.targets.iter().all(|target| target.over);
        let finishing =
            || self.targets.iter().filter(|target| target.complete && target.over && !target.loaded.committed);
        let finished: Vec<String> = finishing().map(|target| target.table.clone()).collect();
        let settled: Vec<ResourceName> = finishing().map(|target| target.name.clone()).collect();
        let swaps = finishing().any(Target::enters);
        let completed = |target: &&Target| target.complete && !ended;
        self.state.completed = self.targets.iter().filter(completed).map(|target| target.name.clone()).collect();
        for target in self.targets.iter_mut().filter(|target| !target.loaded.committed) {
            if let Some(filter) = &mut target.loaded.incremental {
                filter.keep(&target.name, target.complete, &mut self.state);
            }
        }
        for target in self.targets.iter().filter(|target| target.complete && target.over) {
            self.state.waiting.remove(&target.name);
        }
        let mut sources = self.sources.clone();
        self.state.write(&mut sources, &self.source);
        let news = swaps || self.is_news(&sources);
        let staged = self.state.staged();
        let unsaved = staged.is_some() && staged != self.saved;
        if self.load.as_ref().is_none_or(|load| load.rows == 0) && !news && !unsaved {
            self.load = None;
            self.settle();
            return Ok(());
        }
        let now = jiff::Timestamp::now().as_microsecond();
        self.open_load(now);
        self.flush()?;
        for name in &settled {
            self.normalizer.settle(name);
        }
        let Some(load) = self.load.take() else { return Ok(()) };
        if staged.is_some() && !news && !self.sink.changes_dataset() {
            // Nothing that a reader could see: no load, and no word of it in dlt's state.
            self.sink.save(self.normalizer.schema(), staged.as_ref(), now)?;
            self.saved = staged;
            self.settle();
            return Ok(());
        }
        let committed = self.sink.commit(&CommitLoad {
            load_id: &load.id,
            schema: self.normalizer.schema(),
            state: &sources,
            staged: staged.as_ref(),
            inbox: None,
            finished: &finished,
            inserted_at: now,
        })?;
        self.sources = sources;
        self.saved = staged;
        self.forgot = false;
        self.settle();
        let report = LoadReport { load_id: load.id, rows: committed.rows };
        self.observer.event(&Event::Committed(&report));
        self.loads.push(report);
        Ok(())
    }

    /// Everything that came to its end so far is in the destination.
    fn settle(&mut self) {
        for target in &mut self.targets {
            target.loaded.committed |= target.complete && target.over;
        }
    }

    /// Whether a state is worth a commit of its own. New tokens alone are not: they matter once rows or cursors hold them.
    fn is_news(&self, sources: &serde_json::Value) -> bool {
        let stored = State::read(&self.sources, &self.source).unwrap_or_default();
        let new = State::read(sources, &self.source).unwrap_or_default();
        self.forgot || State { tokens: new.tokens.clone(), ..stored } != new
    }
}
