//! The thread that the sink lives on: rows of the next batch are made while those of the last are written.
//!
//! Jobs are done in the order in which they were handed in, so a commit covers the appends before it and nothing else. After
//! the first failure nothing more is done: the sink has rolled the open load back, and what was committed before stays.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use crate::{
    report::LoadReport,
    sink::{Sink, SinkError},
};

/// What a job leaves for the end of the run.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The load that was committed.
    pub(super) load: Option<LoadReport>,
    /// Resources, by their index in the plan, that are in the destination to their end.
    pub(super) settled: Vec<usize>,
}

type Job = Box<dyn FnOnce(&mut Sink) -> Result<Done, SinkError> + Send>;

/// The writer stopped, because the destination failed. It tells why when it is closed.
#[derive(Debug)]
pub(super) struct WriterGone;

/// How many jobs may wait: batches that are made while a commit is written. More of them cost memory and gain nothing.
const WAITING_JOBS: usize = 2;

/// A sink on its thread.
pub(super) struct Writer {
    jobs: SyncSender<Job>,
    /// How many jobs are not done.
    undone: Arc<AtomicUsize>,
    thread: JoinHandle<(Vec<Done>, Result<(), SinkError>)>,
}

impl Writer {
    pub(super) fn start(sink: Sink) -> Self {
        let (jobs, waiting) = sync_channel(WAITING_JOBS);
        let undone = Arc::<AtomicUsize>::default();
        let left = undone.clone();
        Self { jobs, undone, thread: thread::spawn(move || work(sink, waiting, &left)) }
    }

    /// Whether all jobs are done, so that the next one is begun at once.
    pub(super) fn is_idle(&self) -> bool {
        self.undone.load(Ordering::Relaxed) == 0
    }

    /// Hands in a job, once there is room for it.
    pub(super) fn submit(
        &self,
        job: impl FnOnce(&mut Sink) -> Result<Done, SinkError> + Send + 'static,
    ) -> Result<(), WriterGone> {
        self.undone.fetch_add(1, Ordering::Relaxed);
        self.jobs.send(Box::new(job)).map_err(|_| WriterGone)
    }

    /// Asks the sink something, once all jobs before are done.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Sink) -> T + Send + 'static,
    ) -> Result<T, WriterGone> {
        let (answer, answered) = sync_channel(1);
        self.submit(move |sink| {
            // Whoever asked waits for the answer.
            let _ = answer.send(question(sink));
            Ok(Done::default())
        })?;
        answered.recv().map_err(|_| WriterGone)
    }

    /// Waits until all jobs are done and closes the sink, which gives up what is not committed and writes DuckDB's log back
    /// into the file. The answer is what the jobs did, also if a later one failed.
    pub(super) fn close(self) -> (Vec<Done>, Result<(), SinkError>) {
        drop(self.jobs);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn work(mut sink: Sink, jobs: Receiver<Job>, undone: &AtomicUsize) -> (Vec<Done>, Result<(), SinkError>) {
    let mut done = Vec::new();
    let worked = jobs.iter().try_for_each(|job| {
        done.push(job(&mut sink)?);
        undone.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    });
    // Whoever hands in another job learns that none is done any more.
    drop(jobs);
    let closed = sink.close();
    (done, worked.and(closed))
}
