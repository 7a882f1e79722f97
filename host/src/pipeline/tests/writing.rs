//! The thread that writes, and what is told of its loads.

use std::sync::mpsc::sync_channel;

use super::*;
use crate::pipeline::writer::{Done, Writer};

/// The loader goes on before the writer is done: only what was committed may be told as loaded.
#[tokio::test]
async fn what_could_not_be_committed_is_not_told_as_loaded() {
    let disk = Disk::new();
    disk.run(&Numbers::new(1), &["one"], WriteDisposition::Append, forever()).await;

    let (planned, destination) = disk.open(&["one"], WriteDisposition::Append);
    // The row of a second load does not fit, which the end of the load brings to light.
    destination.sink.query("CREATE UNIQUE INDEX one_load ON data._dlt_loads (status)").unwrap();
    let thresholds = LoadThresholds { rows: 1, bytes: u64::MAX, every: Duration::from_hours(1) };
    let loader = Loader::new(destination, &planned, "numbers", thresholds, Arc::new(Unobserved), Halts::new(1));
    let (pages, messages) = mpsc::channel(1);
    let page = Page { records: Bytes::from("{\"id\":7}"), ..Page::default() };
    pages.send(queue::Message::Page { index: 0, page, asked: None }).await.unwrap();
    drop(pages);
    let runtime = tokio::runtime::Handle::current();
    let outcome = tokio::task::spawn_blocking(move || loader.run(messages, &runtime)).await.unwrap();

    assert!(matches!(outcome.error, Some(LoaderError::Sink(_))), "{:?}", outcome.error);
    assert!(outcome.loads.is_empty(), "{:?}", outcome.loads);
    assert!(!outcome.resources[0].committed);
    assert_eq!(disk.ids("one"), json!([[2, 2]]));
}

#[tokio::test]
async fn a_writer_is_idle_when_all_its_jobs_are_done() {
    let disk = Disk::new();
    let (_, destination) = disk.open(&["one"], WriteDisposition::Append);
    let writer = Writer::start(destination.sink);
    assert!(writer.is_idle());
    let (go_on, told) = sync_channel::<()>(1);
    let waits = move |_: &mut Sink| {
        told.recv().unwrap();
        Ok(Done::default())
    };
    assert!(writer.submit(waits).is_ok());
    assert!(!writer.is_idle());
    go_on.send(()).unwrap();
    let (done, closed) = writer.close();
    assert!(closed.is_ok(), "{closed:?}");
    assert_eq!(done.len(), 1);
}
