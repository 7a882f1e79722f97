//! Deliveries in, tables out.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::{model::SortOrder, sink::Reader};

struct Disk {
    dir: TempDir,
}

fn random() -> RandomBytes {
    Box::new(|bytes| getrandom::fill(bytes).unwrap())
}

fn name(text: &str) -> ResourceName {
    ResourceName::new(text).unwrap()
}

fn delivery(resource: &str, records: &str) -> Delivery {
    Delivery { resource: name(resource), records: records.to_owned().into(), rejected: Vec::new() }
}

fn advance(from: u64, through: u64) -> Advance<'static> {
    Advance { inbox: "inbox", from, through }
}

impl Disk {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn sink(&self) -> SinkOptions {
        SinkOptions {
            path: self.dir.path().join("x.duckdb"),
            dataset: "data".into(),
            pipeline: "p".into(),
            schema_name: "src".into(),
            lock_wait: Duration::ZERO,
            memory: 128 << 20,
        }
    }

    /// `chats` is merged by `id`, the later `v` stays; `log` is added to; `noise` is left out.
    fn loader(&self) -> Loader {
        let mut chats = ResourceHints::new(name("chats"));
        chats.write_disposition = WriteDisposition::Merge;
        chats.primary_key = Some(vec!["id".into()]);
        chats.merge.dedup_sort = Some(("v".into(), SortOrder::Desc));
        let mut noise = ResourceHints::new(name("noise"));
        noise.write_disposition = WriteDisposition::Skip;
        let log = ResourceHints::new(name("log"));
        Loader::new(LoaderOptions {
            sink: self.sink(),
            resources: vec![(chats, Some("v".into())), (log, None), (noise, None)],
            contract: None,
            tokens: BTreeMap::from([("key".to_owned(), "sgt-1".to_owned())]),
            random,
            retention: Vec::new(),
        })
    }

    fn rows(&self, sql: &str) -> Value {
        let reader = Reader::open(&self.sink().path, Duration::ZERO, &mut |_| ()).unwrap();
        json!(reader.query(sql).unwrap().rows)
    }
}

#[test]
fn events_are_loaded_in_their_order_and_once() {
    let disk = Disk::new();
    let loader = disk.loader();
    assert_eq!(loader.loaded_through("inbox", Duration::ZERO).unwrap(), 0);
    let first = [
        delivery("chats", "{\"id\":1,\"v\":2}\n"),
        delivery("log", "{\"a\":1}"),
        delivery("noise", "{\"a\":1}"),
        delivery("log", "{\"a\":2}\n{\"a\":\n"),
        delivery("chats", "{\"id\":1,\"v\":1}"),
    ];
    let done = loader.load(Some(advance(0, 5)), first, Duration::ZERO).unwrap();
    assert_eq!(done.rejected, 1);
    assert_eq!(disk.rows("SELECT a FROM data.log ORDER BY 1"), json!([[1], [2]]));
    assert_eq!(disk.rows("SELECT id, v FROM data.chats"), json!([[1, 2]]));
    assert_eq!(disk.rows("SELECT resource, raw FROM data._rejected_records"), json!([["log", "{\"a\":"]]));
    assert_eq!(loader.loaded_through("inbox", Duration::ZERO).unwrap(), 5);
    assert_eq!(loader.loaded_through("other", Duration::ZERO).unwrap(), 0);

    // Nobody loads what is loaded, even when the inbox was not told.
    let again = loader.load(Some(advance(0, 5)), [delivery("log", "{\"a\":1}")], Duration::ZERO);
    assert!(matches!(again, Err(LoadError::Moved { found: 5, expected: 0 })), "{again:?}");
    loader.load(Some(advance(5, 6)), [delivery("chats", "{\"id\":1,\"v\":1,\"late\":true}")], Duration::ZERO).unwrap();
    assert_eq!(disk.rows("SELECT id, v, late FROM data.chats"), json!([[1, 2, null]]));
    let noise = "SELECT count(*)::INT FROM information_schema.tables WHERE table_name = 'noise'";
    assert_eq!(disk.rows(noise), json!([[0]]));
}

#[test]
fn what_a_frozen_contract_refuses_is_kept_aside() {
    let disk = Disk::new();
    disk.loader().load(Some(advance(0, 1)), [delivery("log", "{\"a\":1}")], Duration::ZERO).unwrap();
    let mut loader = disk.loader();
    loader.options.contract = Some(SchemaContract::All(crate::model::ContractMode::Freeze));
    let records = "{\"a\":2}\n{\"a\":3,\"b\":1}\n{\"a\":4}";
    let done = loader.load(Some(advance(1, 2)), [delivery("log", records)], Duration::ZERO).unwrap();
    assert_eq!(done.rejected, 1);
    assert_eq!(disk.rows("SELECT a FROM data.log ORDER BY 1"), json!([[1], [2], [4]]));
    assert_eq!(disk.rows("SELECT raw FROM data._rejected_records"), json!([["{\"a\":3,\"b\":1}"]]));
}

#[test]
fn a_second_time_changes_nothing_and_rejects_nothing() {
    let disk = Disk::new();
    let loader = disk.loader();
    let events = || [delivery("chats", "{\"id\":1,\"v\":1,\"l\":[1,2]}\n{\"v\":1}")];
    loader.load(Some(advance(0, 1)), events(), Duration::ZERO).unwrap();
    let all = "SELECT (SELECT count(*) FROM data.chats)::INT, (SELECT count(*) FROM data.chats__l)::INT, \
               (SELECT count(*) FROM data._rejected_records)::INT";
    assert_eq!(disk.rows(all), json!([[1, 2, 1]]));
    assert_eq!(loader.load(None, events(), Duration::ZERO).unwrap().rejected, 1);
    assert_eq!(disk.rows(all), json!([[1, 2, 1]]));
    assert_eq!(loader.loaded_through("inbox", Duration::ZERO).unwrap(), 1);
}

#[test]
fn tokens_are_kept_with_the_rows() {
    let disk = Disk::new();
    disk.loader().load(Some(advance(0, 1)), [delivery("log", "{\"a\":1}")], Duration::ZERO).unwrap();
    let stored = Sink::open(disk.sink(), &mut |_| ()).unwrap().stored().unwrap();
    let sources = Value::Object(stored.state.unwrap());
    assert_eq!(State::read(&sources, "src").unwrap().tokens["key"], "sgt-1");
}
