//! When a load is committed, and what is committed with its rows.

use super::{Loader, Stopped};
use crate::{
    model::ResourceName,
    pipeline::{Event, target::Target, writer::Done},
    report::LoadReport,
    sink::{CommitLoad, Sink},
    state::State,
};

impl Loader {
    /// Commits when the load is large or old enough.
    pub(super) fn commit_when_due(&mut self) -> Result<(), Stopped> {
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
    pub(super) fn commit(&mut self) -> Result<(), Stopped> {
        let ended = self.targets.iter().all(|target| target.over);
        let finishing = || self.targets.iter().filter(|target| target.complete && target.over && !target.settled);
        let finished: Vec<String> = finishing().map(|target| target.table.clone()).collect();
        let settled: Vec<ResourceName> = finishing().map(|target| target.name.clone()).collect();
        let swaps = finishing().any(Target::enters);
        let completed = |target: &&Target| target.complete && !ended;
        self.state.completed = self.targets.iter().filter(completed).map(|target| target.name.clone()).collect();
        for target in self.targets.iter_mut().filter(|target| !target.settled) {
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
            let settled = self.settle();
            // With the jobs before, as what was handed in is in the destination only then.
            return Ok(self.writer.submit(move |_| Ok(Done { load: None, settled }))?);
        }
        let now = jiff::Timestamp::now().as_microsecond();
        self.open_load(now);
        self.flush()?;
        for name in &settled {
            self.normalizer.settle(name);
        }
        let Some(load) = self.load.take() else { return Ok(()) };
        let schema = self.normalizer.schema().clone();
        let settled = self.settle();
        self.saved.clone_from(&staged);
        if staged.is_some() && !news && !self.writer.ask(Sink::changes_dataset)? {
            // Nothing that a reader could see: no load, and no word of it in dlt's state.
            let save = move |sink: &mut Sink| {
                sink.save(&schema, staged.as_ref(), now)?;
                Ok(Done { load: None, settled })
            };
            return Ok(self.writer.submit(save)?);
        }
        self.sources.clone_from(&sources);
        self.forgot = false;
        let observer = self.observer.clone();
        let commit = move |sink: &mut Sink| {
            if ended {
                sink.expect_last_commit()?;
            }
            let committed = sink.commit(&CommitLoad {
                load_id: &load.id,
                schema: &schema,
                state: &sources,
                staged: staged.as_ref(),
                inbox: None,
                finished: &finished,
                inserted_at: now,
            })?;
            let report = LoadReport { load_id: load.id, rows: committed.rows };
            observer.event(&Event::Committed(&report));
            Ok(Done { load: Some(report), settled })
        };
        Ok(self.writer.submit(commit)?)
    }

    /// The resources that came to their end since this was asked last: the next job brings the last of them to the
    /// destination.
    fn settle(&mut self) -> Vec<usize> {
        let ended = |target: &Target| target.complete && target.over && !target.settled;
        let settled: Vec<usize> = (0..self.targets.len()).filter(|index| ended(&self.targets[*index])).collect();
        for index in &settled {
            self.targets[*index].settled = true;
        }
        settled
    }

    /// Whether a state is worth a commit of its own. New tokens alone are not: they matter once rows or cursors hold them.
    fn is_news(&self, sources: &serde_json::Value) -> bool {
        let stored = State::read(&self.sources, &self.source).unwrap_or_default();
        let new = State::read(sources, &self.source).unwrap_or_default();
        self.forgot || State { tokens: new.tokens.clone(), ..stored } != new
    }
}
