//! The loop of a run: fetch → normalize → load → checkpoint, for several resources at once.
//!
//! Three threads share the work. The caller's thread runs a fetcher per resource, which asks the source for pages and
//! retries them; the loader's thread normalizes pages; the writer's thread appends their rows and commits. Bounded queues lie
//! between them, so that the next page is fetched while the last one is normalized and the one before is written, and memory
//! stays flat.
//!
//! A load is one transaction: rows, load row and the cursors that follow the rows. Whatever kills the process, the next
//! run finds the rows of whole pages and the cursors behind them.

mod events;
mod fetch;
mod load;
mod loaded;
mod queue;
mod target;
mod writer;

use std::{cell::RefCell, pin::pin, sync::Arc, time::Instant};

pub use events::{Event, Observer, Unobserved};
use futures_util::{StreamExt, stream};
pub use load::{LoadThresholds, LoaderError, load_id};
use tokio::sync::mpsc;

use self::{
    fetch::{Fetcher, Progress},
    load::{Loader, LoaderOutcome},
    loaded::Loaded,
    queue::Halts,
};
use crate::{
    incremental::{Filter, Late},
    model::WriteDisposition,
    normalize::{Normalizer, ResourceHints},
    privacy::Guard,
    report::{self, ErrorReport, IncrementalReport, ResourceReport, ResourceStatus, RunReport},
    retry::RetryPolicy,
    sink::Sink,
    source::{Source, SourceError},
    state::{Checkpoint, Refresh, State},
};

/// dlt's number of records with the same value of the incremental field from which on it warns.
const CROWD: usize = 200;

/// How many fetched pages may wait for the loader.
const QUEUE_PAGES: usize = 4;

/// One resource of a run.
#[derive(Clone, Debug)]
pub struct Planned {
    /// How its rows are written.
    pub hints: ResourceHints,
    /// What is to be done.
    pub action: Action,
    /// The part of it that is wanted, when it is read on by a field; none: all of it.
    pub incremental: Option<Filter>,
    /// Its rows take the place of all earlier ones in this run, whatever its write disposition.
    pub refresh: Option<Refresh>,
}

impl Planned {
    /// Whether its rows take the place of all earlier ones.
    pub(crate) fn replaces(&self) -> bool {
        self.refresh.is_some() || self.hints.write_disposition == WriteDisposition::Replace
    }
}

/// What is to be done with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is fetched from a checkpoint; an empty one is its beginning.
    Fetch(Checkpoint),
    /// The run before completed it and did not end by itself.
    AlreadyDone,
    /// Its write disposition is `skip`.
    Skip,
}

/// What a run works with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Unique id of the run.
    pub run_id: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// Name of the dataset.
    pub dataset: String,
    /// Name of the source, which its state is kept under.
    pub source: String,
    /// The destination as it is reported.
    pub destination: String,
    /// How many resources are fetched at once.
    pub concurrency: usize,
    /// How failures are retried.
    pub retry: RetryPolicy,
    /// When a load is committed.
    pub load: LoadThresholds,
    /// Pages of a resource in one run, at most.
    pub pages: u64,
    /// The hints of each page request: records and bytes.
    pub page_hints: (u32, u32),
    /// Takes out of pages what is not kept, before anything else sees them.
    pub guard: Guard,
}

/// What a run writes to and starts from.
pub struct Destination {
    /// The open destination.
    pub sink: Sink,
    /// Schema of the dataset, with the builders of its tables.
    pub normalizer: Normalizer,
    /// dlt's `sources` object as it was stored.
    pub sources: serde_json::Value,
    /// The state that the run starts with.
    pub state: State,
    /// Tables of resources that are not in the plan, which the first load drops, and all that is known of those resources
    /// with them; none when they stay as they are.
    pub drop_others: Option<Vec<String>>,
}

/// A run that is over.
#[derive(Debug)]
pub struct Finished {
    /// What happened.
    pub report: RunReport,
    /// Why the destination failed.
    pub loader_error: Option<LoaderError>,
    /// Why sources failed, in the order of the report's resources.
    pub source_errors: Vec<Option<SourceError>>,
    /// Whether it was stopped from outside.
    pub stopped: bool,
}

/// Runs the planned resources until they end or fail, or until `stop` resolves. What was committed stays in every case.
///
/// A failed resource does not stop the others. When `stop` resolves, the whole pages that arrived are committed first.
/// Must be called within a tokio runtime.
pub async fn run<S: Source>(
    source: &S,
    planned: &[Planned],
    destination: Destination,
    settings: &Settings,
    observer: Arc<dyn Observer>,
    stop: impl Future<Output = ()>,
) -> Finished {
    let began = Instant::now();
    let started_at = jiff::Timestamp::now();
    let (pages, messages) = mpsc::channel(QUEUE_PAGES);
    let halts = Halts::new(planned.len());
    let loader = Loader::new(destination, planned, &settings.source, settings.load, observer.clone(), halts.clone());
    let runtime = tokio::runtime::Handle::current();
    let loading = tokio::task::spawn_blocking(move || loader.run(messages, &runtime));

    let progress: Vec<RefCell<Progress>> = planned.iter().map(|_| RefCell::default()).collect();
    let fetcher = Fetcher { source, settings, observer: &*observer, pages, halts };
    let stopped = {
        let fetching = stream::iter(planned.iter().zip(&progress).enumerate()).for_each_concurrent(
            settings.concurrency,
            |(index, (planned, progress))| {
                let fetcher = &fetcher;
                async move {
                    if let Action::Fetch(checkpoint) = &planned.action {
                        fetcher.fetch(index, planned, checkpoint, progress).await;
                    }
                }
            },
        );
        tokio::select! {
            biased;
            () = pin!(stop) => true,
            () = pin!(fetching) => false,
        }
    };
    // The loader takes the last messages and ends when the last sender is gone.
    drop(fetcher);
    let outcome = loading.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));

    let progress = progress.into_iter().map(RefCell::into_inner);
    let (resources, source_errors): (Vec<_>, Vec<_>) = planned
        .iter()
        .zip(progress)
        .zip(outcome.resources)
        .map(|((planned, progress), loaded)| account(planned, progress, loaded, outcome.error.as_ref()))
        .unzip();
    let LoaderOutcome { loads, error, .. } = LoaderOutcome { resources: Vec::new(), ..outcome };
    Finished {
        report: RunReport {
            run_id: settings.run_id.clone(),
            pipeline: settings.pipeline.clone(),
            dataset: settings.dataset.clone(),
            destination: settings.destination.clone(),
            status: report::overall(&resources),
            started_at: started_at.to_string(),
            finished_at: jiff::Timestamp::now().to_string(),
            elapsed_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            loads,
            resources,
        },
        loader_error: error,
        source_errors,
        stopped,
    }
}

/// Puts together what the fetcher and the loader know of one resource.
fn account(
    planned: &Planned,
    progress: Progress,
    loaded: Loaded,
    loader_error: Option<&LoaderError>,
) -> (ResourceReport, Option<SourceError>) {
    let mut resource = ResourceReport::new(planned.hints.resource.as_str());
    resource.pages = progress.pages;
    resource.records = loaded.records;
    resource.rejected = loaded.rejected;
    resource.bytes = progress.traffic.bytes;
    resource.requests = progress.traffic.requests;
    resource.denied = progress.traffic.denied;
    resource.retries = progress.retries;
    resource.forgotten = progress.forgotten;
    resource.collisions = loaded.collisions;
    resource.truncated_timestamps = loaded.truncated_timestamps;
    resource.discarded_rows = loaded.discarded.rows;
    resource.discarded_values = loaded.discarded.values;
    resource.discarded_records = loaded.discarded.records;
    resource.contract = loaded.contract;
    resource.notes = loaded.idle_hints.iter().map(ToString::to_string).collect();
    let from_start = matches!(&planned.action, Action::Fetch(checkpoint) if checkpoint.cursor.is_none());
    let ended_early = loaded.incremental.as_ref().is_some_and(Filter::ended_early);
    resource.expected = progress.total.filter(|_| from_start && !ended_early);
    resource.incremental = loaded.incremental.as_ref().map(|filter| IncrementalReport {
        filtered: loaded.filtered,
        late_rows: filter.late(),
        leaves_late_out: filter.on_late() == Late::LeaveOut,
        crowd: filter.crowd(CROWD),
    });
    let source_error = progress.ended.and_then(Result::err);
    resource.status = match planned.action {
        Action::Skip => ResourceStatus::Skipped,
        Action::AlreadyDone => ResourceStatus::Unchanged,
        Action::Fetch(_) if source_error.is_none() && loaded.committed => {
            let came = loaded.records + loaded.rejected + loaded.discarded.records;
            let nothing = came == 0 && !planned.replaces();
            if nothing { ResourceStatus::Unchanged } else { ResourceStatus::Loaded }
        }
        Action::Fetch(_) => ResourceStatus::Failed,
    };
    if resource.status == ResourceStatus::Failed {
        resource.error = match (&source_error, loader_error) {
            _ if loaded.refused.is_some() => loaded.refused.map(|broken| ErrorReport {
                kind: "destination",
                message: broken.to_string(),
                http_status: None,
                hint: Some(broken.hint()),
            }),
            // The destination's failure is the graver one, but for what the sandbox stopped, which never gets better.
            (Some(error), failed) if failed.is_none() || loaded.committed || error.kind.is_of_sandbox() => {
                Some(ErrorReport {
                    kind: error.kind.as_str(),
                    message: error.message.clone(),
                    http_status: error.http_status,
                    hint: error.hint.clone(),
                })
            }
            (_, Some(error)) => Some(ErrorReport {
                kind: "destination",
                message: error.to_string(),
                http_status: None,
                hint: error.hint(),
            }),
            // Neither failed: the run was stopped before this resource came to its end.
            (_, None) => None,
        };
    }
    (resource, source_error)
}

#[cfg(test)]
mod tests;
