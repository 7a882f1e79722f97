//! The loop with a source in memory and a DuckDB file: resuming, failing, stopping.

mod incremental;
mod writing;

use std::{collections::HashMap, sync::Mutex, time::Duration};

use bytes::Bytes;
use serde_json::json;
use tokio::sync::Notify;

use super::*;
use crate::{
    incremental::Settings as Incremental,
    model::{Cursor, Page, PageRequest, ResourceName, ResourceSpec, WriteDisposition},
    normalize::schema::Schema,
    sink::{Reader, SinkOptions},
    source::ErrorKind,
};

/// What a source answers when a page is asked for the n-th time.
type Script = HashMap<(&'static str, u32), Vec<ErrorKind>>;

/// A source whose resources have pages `0..pages`, two records each; cursors are page numbers.
struct Numbers {
    pages: u32,
    failures: Mutex<Script>,
    /// The lowest values that were asked for.
    ranges: Mutex<Vec<Option<String>>>,
    /// Never answers this page.
    hang: Option<(&'static str, u32)>,
    /// Is told when it does not.
    hanging: Notify,
}

/// Is told when the first resource has come to its end.
#[derive(Default)]
struct Ended(Notify);

impl Observer for Ended {
    fn event(&self, event: &Event<'_>) {
        if matches!(event, Event::Ended { resource: 0, .. }) {
            self.0.notify_one();
        }
    }
}

impl Numbers {
    fn new(pages: u32) -> Self {
        Self { pages, failures: Mutex::default(), ranges: Mutex::default(), hang: None, hanging: Notify::new() }
    }

    fn failing(self, resource: &'static str, page: u32, kinds: &[ErrorKind]) -> Self {
        self.failures.lock().unwrap().insert((resource, page), kinds.to_vec());
        self
    }
}

impl Source for Numbers {
    async fn resources(&self) -> Result<Vec<ResourceSpec>, SourceError> {
        Ok(Vec::new())
    }

    async fn fetch_page(&self, request: PageRequest) -> Result<Page, SourceError> {
        self.ranges.lock().unwrap().push(request.range.and_then(|range| range.start));
        let page: u32 = request.cursor.map_or(0, |cursor| cursor.0.parse().unwrap());
        if self.hang.is_some_and(|(name, at)| name == request.resource.as_str() && at == page) {
            self.hanging.notify_one();
            std::future::pending::<()>().await;
        }
        for ((name, at), kinds) in self.failures.lock().unwrap().iter_mut() {
            if *name == request.resource.as_str() && *at == page && !kinds.is_empty() {
                return Err(SourceError::new(kinds.remove(0), "as the script says"));
            }
        }
        let records = format!("{{\"id\":{}}}\n{{\"id\":{}}}\n", page * 2, page * 2 + 1);
        let next = (page + 1 < self.pages).then(|| Cursor((page + 1).to_string()));
        Ok(Page { records: Bytes::from(records), next, ..Page::default() })
    }
}

/// A DuckDB file that outlives runs.
struct Disk {
    dir: tempfile::TempDir,
    /// How all resources are read on.
    incremental: Option<Incremental>,
}

impl Disk {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), incremental: None }
    }

    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("test.duckdb")
    }

    /// Runs resources of one disposition the way the command does: planned from the stored state.
    async fn run(
        &self,
        source: &Numbers,
        names: &[&str],
        disposition: WriteDisposition,
        stop: impl Future<Output = ()>,
    ) -> Finished {
        self.run_committing(source, names, disposition, 1, stop).await
    }

    async fn run_committing(
        &self,
        source: &Numbers,
        names: &[&str],
        disposition: WriteDisposition,
        rows: u64,
        stop: impl Future<Output = ()>,
    ) -> Finished {
        self.run_watched(source, names, disposition, rows, Arc::new(Unobserved), stop).await
    }

    /// Opens the file, and plans resources from the stored state.
    fn open(&self, names: &[&str], disposition: WriteDisposition) -> (Vec<Planned>, Destination) {
        let options = SinkOptions {
            path: self.path(),
            dataset: "data".into(),
            pipeline: "test".into(),
            schema_name: "numbers".into(),
            lock_wait: Duration::ZERO,
            memory: 128 << 20,
        };
        let sink = Sink::open(options, &mut |_| ()).unwrap();
        let stored = sink.stored().unwrap();
        let sources = json!(stored.state.unwrap_or_default());
        let mut state = State::read(&sources, "numbers").unwrap();
        if let Some(staged) = &stored.staged {
            state.read_staged(staged, "numbers").unwrap();
        }
        for name in names {
            state.take_up(&ResourceName::new(*name).unwrap(), disposition == WriteDisposition::Replace);
        }
        let planned: Vec<Planned> = names
            .iter()
            .map(|name| {
                let resource = ResourceName::new(*name).unwrap();
                let action = if state.completed.contains(&resource) {
                    Action::AlreadyDone
                } else {
                    Action::Fetch(state.resources.get(&resource).cloned().unwrap_or_default())
                };
                let hints = ResourceHints {
                    write_disposition: disposition,
                    primary_key: (disposition == WriteDisposition::Merge).then(|| vec!["id".into()]),
                    ..ResourceHints::new(resource)
                };
                let incremental = self.incremental.clone().map(|settings| {
                    let checkpoint = state.resources.get(&hints.resource).cloned().unwrap_or_default();
                    Filter::plan(settings, state.incremental.get(&hints.resource), &checkpoint).unwrap()
                });
                Planned { hints, action, incremental, refresh: None }
            })
            .collect();
        let schema = stored.schema.unwrap_or_else(|| Schema::new("numbers"));
        let mut next = 0_u64;
        let ids = Box::new(move |bytes: &mut [u8]| {
            next += 1;
            let number = next.to_le_bytes();
            bytes.iter_mut().zip(number.iter().cycle()).for_each(|(byte, digit)| *byte = *digit);
        });
        let destination =
            Destination { sink, normalizer: Normalizer::new(schema, ids), sources, state, drop_others: None };
        (planned, destination)
    }

    async fn run_watched(
        &self,
        source: &Numbers,
        names: &[&str],
        disposition: WriteDisposition,
        rows: u64,
        observer: Arc<dyn Observer>,
        stop: impl Future<Output = ()>,
    ) -> Finished {
        let (planned, destination) = self.open(names, disposition);
        let settings = Settings {
            run_id: "test".into(),
            pipeline: "test".into(),
            dataset: "data".into(),
            source: "numbers".into(),
            destination: "duckdb:test".into(),
            concurrency: 4,
            retry: RetryPolicy { attempts: 3, max_wait: Duration::from_millis(1), budget: Duration::from_secs(1) },
            load: LoadThresholds { rows, bytes: u64::MAX, every: Duration::from_hours(1) },
            pages: 1000,
            page_hints: (1000, 1000),
            guard: crate::privacy::Guard::default(),
        };
        run(source, &planned, destination, &settings, observer, stop).await
    }

    fn query(&self, sql: &str) -> serde_json::Value {
        let reader = Reader::open(&self.path(), Duration::ZERO, &mut |_| ()).unwrap();
        let result = reader.query(sql).unwrap();
        result.rows.into_iter().map(serde_json::Value::Array).collect()
    }

    fn ids(&self, table: &str) -> serde_json::Value {
        self.query(&format!("SELECT count(*)::INT, count(DISTINCT id)::INT FROM data.{table}"))
    }
}

fn forever() -> std::future::Pending<()> {
    std::future::pending()
}

fn statuses(finished: &Finished) -> Vec<ResourceStatus> {
    finished.report.resources.iter().map(|resource| resource.status).collect()
}

#[tokio::test]
async fn a_small_run_is_one_load_and_the_next_one_appends() {
    let disk = Disk::new();
    let source = Numbers::new(3);
    for runs in 1..=2 {
        let finished = disk.run_committing(&source, &["one", "two"], WriteDisposition::Append, 1000, forever()).await;
        assert_eq!(statuses(&finished), [ResourceStatus::Loaded; 2]);
        assert_eq!(finished.report.loads.len(), 1);
        assert_eq!(disk.ids("one"), json!([[6 * runs, 6]]));
        assert_eq!(disk.query("SELECT count(*)::INT FROM data._dlt_loads"), json!([[runs]]));
    }
}

#[tokio::test]
async fn a_failed_resource_leaves_the_others_and_goes_on_at_its_cursor() {
    let disk = Disk::new();
    let source = Numbers::new(4).failing("two", 2, &[ErrorKind::Permanent]);
    let finished = disk.run(&source, &["one", "two"], WriteDisposition::Append, forever()).await;
    assert_eq!(statuses(&finished), [ResourceStatus::Loaded, ResourceStatus::Failed]);
    assert_eq!(finished.report.resources[1].error.as_ref().unwrap().kind, "permanent");
    assert_eq!(disk.ids("two"), json!([[4, 4]]));

    let finished = disk.run(&source, &["two"], WriteDisposition::Append, forever()).await;
    assert_eq!(statuses(&finished), [ResourceStatus::Loaded]);
    assert_eq!(finished.report.resources[0].pages, 2);
    assert_eq!(disk.ids("two"), json!([[8, 8]]));
}

#[tokio::test]
async fn a_stopped_run_is_continued_and_what_was_complete_is_not_fetched_again() {
    let disk = Disk::new();
    let mut source = Numbers::new(3);
    source.hang = Some(("two", 1));
    // Stops once `one` has come to its end and `two` hangs.
    let ended = Arc::new(Ended::default());
    let stop = async {
        ended.0.notified().await;
        source.hanging.notified().await;
    };
    let finished = disk.run_watched(&source, &["one", "two"], WriteDisposition::Append, 1, ended.clone(), stop).await;
    assert!(finished.stopped);
    assert_eq!(disk.ids("one"), json!([[6, 6]]));
    assert_eq!(disk.ids("two"), json!([[2, 2]]));

    source.hang = None;
    let finished = disk.run(&source, &["one", "two"], WriteDisposition::Append, forever()).await;
    assert_eq!(statuses(&finished), [ResourceStatus::Unchanged, ResourceStatus::Loaded]);
    assert_eq!(disk.ids("one"), json!([[6, 6]]));
    assert_eq!(disk.ids("two"), json!([[6, 6]]));

    let finished = disk.run(&source, &["one"], WriteDisposition::Append, forever()).await;
    assert_eq!(statuses(&finished), [ResourceStatus::Loaded]);
    assert_eq!(disk.ids("one"), json!([[12, 6]]));
}

#[tokio::test]
async fn passing_failures_are_retried_and_counted() {
    let disk = Disk::new();
    let source = Numbers::new(2).failing("one", 1, &[ErrorKind::Transient, ErrorKind::RateLimited]);
    let finished = disk.run(&source, &["one"], WriteDisposition::Append, forever()).await;
    assert_eq!(statuses(&finished), [ResourceStatus::Loaded]);
    assert_eq!(finished.report.resources[0].retries, 2);
    assert_eq!(disk.ids("one"), json!([[4, 4]]));
}

#[tokio::test]
async fn merged_rows_are_there_once() {
    let disk = Disk::new();
    let source = Numbers::new(3);
    for _ in 0..2 {
        disk.run(&source, &["one"], WriteDisposition::Merge, forever()).await;
        assert_eq!(disk.ids("one"), json!([[6, 6]]));
    }
}

#[tokio::test]
async fn replaced_rows_stay_until_the_new_ones_are_complete() {
    let disk = Disk::new();
    disk.run(&Numbers::new(3), &["one"], WriteDisposition::Replace, forever()).await;
    let failing = Numbers::new(5).failing("one", 4, &[ErrorKind::Permanent]);
    let finished = disk.run(&failing, &["one"], WriteDisposition::Replace, forever()).await;
    assert_eq!(disk.ids("one"), json!([[6, 6]]));
    // Rows that only wait are no load.
    assert!(finished.report.loads.is_empty());
    let finished = disk.run(&failing, &["one"], WriteDisposition::Replace, forever()).await;
    assert_eq!(finished.report.resources[0].pages, 1);
    assert_eq!(disk.ids("one"), json!([[10, 10]]));
    assert_eq!(disk.query("SELECT count(*)::INT FROM data._dlt_loads"), json!([[2]]));
    assert_eq!(disk.query("SELECT count(DISTINCT _dlt_load_id)::INT FROM data.one"), json!([[1]]));
}

/// What one resource stages does not get in the way of what another one loads, and a replacement that was given up leaves
/// nothing.
#[tokio::test]
async fn staged_rows_wait_while_others_are_loaded() {
    let disk = Disk::new();
    let failing = Numbers::new(3).failing("one", 2, &[ErrorKind::Permanent]);
    disk.run(&failing, &["one"], WriteDisposition::Replace, forever()).await;
    let finished = disk.run(&failing, &["two"], WriteDisposition::Append, forever()).await;
    assert_eq!(statuses(&finished), [ResourceStatus::Loaded]);
    let finished = disk.run(&failing, &["one"], WriteDisposition::Replace, forever()).await;
    assert_eq!(finished.report.resources[0].pages, 1);
    assert_eq!(disk.ids("one"), json!([[6, 6]]));

    let failing = Numbers::new(3).failing("one", 2, &[ErrorKind::Permanent]);
    disk.run(&failing, &["one"], WriteDisposition::Replace, forever()).await;
    let finished = disk.run(&failing, &["one"], WriteDisposition::Append, forever()).await;
    assert_eq!(finished.report.resources[0].pages, 3);
    assert_eq!(disk.ids("one"), json!([[12, 6]]));
}

#[tokio::test]
async fn nothing_new_is_no_load() {
    let disk = Disk::new();
    let source = Numbers::new(1).failing("one", 0, &[ErrorKind::NotFound]);
    let finished = disk.run(&source, &["one"], WriteDisposition::Append, forever()).await;
    assert_eq!(statuses(&finished), [ResourceStatus::Failed]);
    assert!(finished.report.loads.is_empty());
}

#[tokio::test]
async fn an_expired_cursor_starts_the_resource_again_once() {
    let disk = Disk::new();
    let source = Numbers::new(3).failing("one", 1, &[ErrorKind::CursorExpired]);
    let finished = disk.run(&source, &["one"], WriteDisposition::Replace, forever()).await;
    assert_eq!(statuses(&finished), [ResourceStatus::Loaded]);
    assert_eq!(disk.ids("one"), json!([[6, 6]]));
}

/// The loader takes a last page, and no word of its end: a commit by time can come between the two.
#[tokio::test]
async fn a_last_page_is_the_end_of_its_resource_before_word_of_it_comes() {
    let disk = Disk::new();
    let (planned, destination) = disk.open(&["one", "two"], WriteDisposition::Append);
    let thresholds = LoadThresholds { rows: 1, bytes: u64::MAX, every: Duration::from_hours(1) };
    let loader = Loader::new(destination, &planned, "numbers", thresholds, Arc::new(Unobserved), Halts::new(1));
    let (pages, messages) = mpsc::channel(1);
    let page = Page { records: Bytes::from("{\"id\":1}"), ..Page::default() };
    pages.send(queue::Message::Page { index: 0, page, asked: None }).await.unwrap();
    drop(pages);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || loader.run(messages, &runtime)).await.unwrap();

    let (planned, _) = disk.open(&["one", "two"], WriteDisposition::Append);
    assert_eq!(planned[0].action, Action::AlreadyDone);
    assert_eq!(planned[1].action, Action::Fetch(Checkpoint::default()));
}

#[test]
fn the_destination_s_failure_is_told_before_the_source_s() {
    let planned = Planned {
        hints: ResourceHints::new(ResourceName::new("one").unwrap()),
        action: Action::Fetch(Checkpoint::default()),
        incremental: None,
        refresh: None,
    };
    let reason = "no space left".to_owned();
    let failed = LoaderError::Sink(crate::sink::SinkError::Query { reason });
    for (kind, told) in [(ErrorKind::NotFound, "destination"), (ErrorKind::Denied, "denied")] {
        let ended = Some(Err(SourceError::new(kind, "as the script says")));
        let progress = Progress { ended, ..Progress::default() };
        let (report, _) = account(&planned, progress, Loaded::default(), Some(&failed));
        assert_eq!(report.error.unwrap().kind, told);
    }
}
