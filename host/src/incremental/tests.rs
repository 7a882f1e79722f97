//! Reads of made-up services: what is taken, what is left out, and what the state says afterwards.

mod plans;
mod services;

use serde_json::{Map, Value, json};

use super::*;
use crate::{
    model::{ResourceName, RowOrder},
    normalize::{
        Gate, Verdict,
        parse::parse,
        tape::{Document, Tape},
    },
    state::{Checkpoint, State, Watermark},
};

const FIELD: &str = "at";

fn resource() -> ResourceName {
    ResourceName::new("messages").unwrap()
}

fn mark(value: &Value) -> Mark {
    Mark::new(value).unwrap()
}

fn settings() -> Settings {
    Settings::new(FIELD.parse().unwrap())
}

fn merging() -> Settings {
    let key = DedupKey { fields: vec!["id".parse().unwrap()], as_list: false, required: true };
    Settings { dedup: Dedup::Key(key), late: Late::Merge, ..settings() }
}

/// What is remembered between reads, as it comes back from the destination.
#[derive(Clone, Default)]
struct Memory(State);

impl Memory {
    fn after(last: &Value, hashes: &[&str]) -> Self {
        let known = json!({"initial_value": null, "last_value": last, "unique_hashes": hashes, "start_value": null});
        let mut memory = Self::default();
        memory.0.incremental.insert(resource(), Map::from_iter([(FIELD.to_owned(), known)]));
        memory
    }

    fn checkpoint(&self) -> Checkpoint {
        self.0.resources.get(&resource()).cloned().unwrap_or_default()
    }

    fn plan(&self, settings: Settings) -> Result<Filter, PlanError> {
        Filter::plan(settings, self.0.incremental.get(&resource()), &self.checkpoint())
    }

    /// Keeps a read: with a cursor it goes on there, without one it is complete.
    fn keep(&mut self, filter: &mut Filter, cursor: Option<&str>) {
        self.0.resources.entry(resource()).or_default().cursor = cursor.map(str::to_owned);
        filter.keep(&resource(), cursor.is_none(), &mut self.0);
        self.store();
    }

    /// Writes all as the destination does, and reads it again.
    fn store(&mut self) {
        let mut sources = json!({});
        self.0.write(&mut sources, "s");
        self.0 = State::read(&sources, "s").unwrap();
    }

    fn stored(&self) -> &Value {
        &self.0.incremental[&resource()][FIELD]
    }

    fn watermark(&self) -> Watermark {
        serde_json::from_value(self.stored().clone()).unwrap()
    }

    /// A whole read; the answer is what was taken.
    fn read(&mut self, settings: Settings, records: &[Value]) -> Vec<Value> {
        let mut filter = self.plan(settings).unwrap();
        let taken = records.iter().filter(|record| pass(&mut filter, record) == Verdict::Take).cloned().collect();
        self.keep(&mut filter, None);
        taken
    }
}

fn pass(filter: &mut Filter, record: &Value) -> Verdict {
    let text = record.to_string();
    let mut tape = Tape::default();
    parse(&text, &mut tape).unwrap();
    filter.pass(Document { text: &text, tape: &tape })
}

/// The ids that a read takes of records with these values, whose ids are their positions.
fn taken(memory: &mut Memory, settings: Settings, values: &[Value]) -> Vec<usize> {
    let records: Vec<Value> = values.iter().enumerate().map(|(id, value)| json!({"id": id, FIELD: value})).collect();
    let taken = memory.read(settings, &records);
    taken.iter().map(|record| usize::try_from(record["id"].as_u64().unwrap()).unwrap()).collect()
}

#[test]
fn the_first_read_takes_all_and_the_next_what_is_new() {
    let mut memory = Memory::default();
    let records = [json!({"id": 1, FIELD: "2026-01-01T00:00:00Z"}), json!({"id": 2, FIELD: "2026-01-02T00:00:00Z"})];
    assert_eq!(memory.read(settings(), &records), records);
    assert_eq!(memory.watermark().last_value, "2026-01-02T00:00:00Z");
    assert_eq!(memory.watermark().unique_hashes.len(), 1);
    assert_eq!(memory.read(settings(), &records), [] as [Value; 0]);
    // The same instant with another offset: known is the record, not the value.
    let more = [json!({"id": 2, FIELD: "2026-01-02T00:00:00Z"}), json!({"id": 3, FIELD: "2026-01-02T02:00:00+02:00"})];
    assert_eq!(memory.read(settings(), &more), more[1..]);
    assert_eq!(memory.watermark().last_value, "2026-01-02T00:00:00Z");
    assert_eq!(memory.watermark().unique_hashes.len(), 2);
    assert_eq!(memory.read(settings(), &more), [] as [Value; 0]);
}

#[test]
fn the_state_is_that_of_dlt() {
    let mut memory = Memory::default();
    let initial = Settings { initial_value: Some(mark(&json!(5))), ..settings() };
    // dlt 1.31.0 notes where it begins, whether something came or not.
    assert_eq!(taken(&mut memory, initial.clone(), &[json!(4)]), [] as [usize; 0]);
    let begun = json!({"initial_value": 5, "last_value": 5, "unique_hashes": [], "start_value": 5});
    assert_eq!(*memory.stored(), begun);
    memory.read(initial.clone(), &[json!({FIELD: 7})]);
    let after = json!({"initial_value": 5, "last_value": 7, "unique_hashes": ["QhhCDFmHb688"], "start_value": 5});
    assert_eq!(memory.stored().to_string(), after.to_string());
    // Nothing new: the start stays where it was.
    memory.read(initial, &[json!({FIELD: 7})]);
    assert_eq!(*memory.stored(), after);
}

#[test]
fn ranges_are_closed_at_the_start_and_open_at_the_end_unless_told_otherwise() {
    let values = [json!(1), json!(2), json!(3), json!(4), json!(5)];
    let range = Settings { initial_value: Some(mark(&json!(2))), end_value: Some(mark(&json!(4))), ..settings() };
    for (start_open, end_closed, expected) in
        [(false, false, vec![1, 2]), (true, false, vec![2]), (false, true, vec![1, 2, 3]), (true, true, vec![2, 3])]
    {
        let settings = Settings { range_start_open: start_open, range_end_closed: end_closed, ..range.clone() };
        assert_eq!(taken(&mut Memory::default(), settings, &values), expected);
    }
}

#[test]
fn a_backfill_neither_uses_nor_changes_the_state() {
    let mut memory = Memory::after(&json!(10), &[]);
    let range = Settings { initial_value: Some(mark(&json!(2))), end_value: Some(mark(&json!(4))), ..settings() };
    for _ in 0..2 {
        assert_eq!(taken(&mut memory, range.clone(), &[json!(1), json!(2), json!(3), json!(4), json!(12)]), [1, 2]);
        assert_eq!(memory.watermark().last_value, 10);
    }
    let filter = memory.plan(range).unwrap();
    assert_eq!((filter.range().start.as_deref(), filter.range().end.as_deref()), (Some("2"), Some("4")));
}

#[test]
fn known_records_at_the_boundary_are_told_by_their_key_or_by_all_of_them() {
    let record = |id: u64, text: &str| json!({"id": id, "text": text, FIELD: 5});
    let by_key = |as_list: bool| {
        let key = DedupKey { fields: vec!["id".parse().unwrap()], as_list, required: true };
        Settings { dedup: Dedup::Key(key), ..settings() }
    };
    let second = [record(1, "a"), record(1, "b"), record(2, "a")];
    let check = |first: Settings, then: Settings, expected: &[Value]| {
        let mut memory = Memory::default();
        memory.read(first, &[record(1, "a")]);
        assert_eq!(memory.read(then, &second), expected);
    };
    check(settings(), settings(), &second[1..]);
    check(by_key(false), by_key(false), &second[2..]);
    // dlt hashes a list of one name and the name itself differently; either is known.
    check(by_key(true), by_key(false), &second[2..]);
    check(by_key(false), by_key(true), &second[2..]);
    let off = Settings { dedup: Dedup::Off, ..settings() };
    check(off.clone(), off, &second);
    let open = Settings { range_start_open: true, ..settings() };
    check(open.clone(), open, &[]);
    // A merge takes a changed record, and not the one that is there already.
    check(merging(), merging(), &second[1..]);
}

#[test]
fn a_set_of_hashes_that_dlt_made_before_1_29_is_known() {
    let mut memory = Memory::after(&json!(7), &["QhhCDFmHb6883u02ujTd"]);
    assert_eq!(memory.read(settings(), &[json!({FIELD: 7}), json!({FIELD: 7, "id": 1})]).len(), 1);
    assert!(memory.watermark().unique_hashes.iter().all(|hash| hash.len() == 20));
    memory.read(settings(), &[json!({FIELD: 8})]);
    assert_eq!(memory.watermark().unique_hashes.iter().map(String::len).collect::<Vec<_>>(), [12]);
}

#[test]
fn late_records_are_merged_by_a_key_and_otherwise_left_out_and_counted() {
    let values = [json!(3), json!(8), json!(9), json!(10), json!(11)];
    let read = |settings: Settings| {
        let mut memory = Memory::after(&json!(10), &[]);
        let mut filter = memory.plan(settings).unwrap();
        let of = |value: &Value| json!({"id": value, FIELD: value});
        let taken = values.iter().filter(|value| pass(&mut filter, &of(value)) == Verdict::Take).count();
        memory.keep(&mut filter, None);
        (taken, filter.late(), memory.watermark().last_value)
    };
    assert_eq!(read(settings()), (2, 3, json!(11)));
    assert_eq!(read(merging()), (5, 3, json!(11)));
    // What is older than the first value wanted is not wanted late either.
    assert_eq!(read(Settings { initial_value: Some(mark(&json!(8))), ..merging() }), (4, 3, json!(11)));
}

#[test]
fn nothing_is_late_before_there_was_a_read() {
    let memory = Memory::default();
    let mut filter = memory.plan(Settings { initial_value: Some(mark(&json!(8))), ..merging() }).unwrap();
    assert_eq!(pass(&mut filter, &json!({"id": 1, FIELD: 7})), Verdict::Leave);
    assert_eq!(filter.late(), 0);
}

#[test]
fn values_of_another_scale_cost_their_record_and_move_nothing() {
    let rejected = |value: Value| {
        let mut memory = Memory::default();
        let mut filter = memory.plan(settings()).unwrap();
        assert_eq!(pass(&mut filter, &json!({"id": 1, FIELD: 5})), Verdict::Take);
        let Verdict::Reject(reason) = pass(&mut filter, &json!({"id": 2, FIELD: value})) else { panic!("{value}") };
        memory.keep(&mut filter, None);
        assert_eq!(memory.watermark().last_value, 5);
        reason
    };
    let check = |value, expected: &str| assert_eq!(rejected(value), expected);
    check(json!("2026-01-01T00:00:00Z"), "the value at `at` is a time, and the resource is read on by a number");
    check(json!("n/a"), "the value at `at` is a text, and the resource is read on by a number");
    check(json!(true), "the value at `at` is true or false: nothing to read on by");
    check(json!([9]), "the value at `at` is a list: nothing to read on by");
    let by_time = Settings { initial_value: Some(mark(&json!("2026-01-01"))), ..settings() };
    let mut filter = Memory::default().plan(by_time).unwrap();
    let verdict = pass(&mut filter, &json!({FIELD: 1_767_225_600}));
    assert_eq!(verdict, Verdict::Reject("the value at `at` is a number, and the resource is read on by a time".into()));
}

#[test]
fn a_missing_value_is_rejected_taken_or_left_out() {
    let reason =
        "no value at `at`, by which the resource is read on (`on_cursor_value_missing` says what to do with it)";
    for (on_missing, expected) in [
        (OnMissing::Raise, Verdict::Reject(reason.into())),
        (OnMissing::Include, Verdict::Take),
        (OnMissing::Exclude, Verdict::Leave),
    ] {
        let mut memory = Memory::default();
        let mut filter = memory.plan(Settings { on_missing, ..settings() }).unwrap();
        for record in [json!({"id": 1}), json!({"id": 1, FIELD: null}), json!(5)] {
            assert_eq!(pass(&mut filter, &record), expected, "{record}");
        }
        memory.keep(&mut filter, None);
        assert!(memory.0.incremental.is_empty());
    }
}

#[test]
fn a_record_without_its_key_is_rejected() {
    let mut memory = Memory::default();
    let mut filter = memory.plan(merging()).unwrap();
    let verdict = pass(&mut filter, &json!({FIELD: 5}));
    assert_eq!(verdict, Verdict::Reject("no value at `id`, which is part of the key".into()));
    memory.keep(&mut filter, None);
    assert!(memory.0.incremental.is_empty());
}

#[test]
fn an_order_ends_a_read_once_a_value_is_out_of_range() {
    let check = |settings: Settings, values: &[i64], ends_at: Option<usize>| {
        let memory = Memory::after(&json!(10), &[]);
        let mut filter = memory.plan(settings).unwrap();
        let end = values.iter().position(|value| {
            pass(&mut filter, &json!({"id": value, FIELD: value}));
            filter.ended_early()
        });
        assert_eq!(end, ends_at, "{values:?}");
    };
    let desc = Settings { row_order: RowOrder::Descending, ..settings() };
    let asc = Settings { row_order: RowOrder::Ascending, ..settings() };
    check(desc.clone(), &[12, 11, 10, 10, 9, 8], Some(4));
    check(Settings { range_start_open: true, ..desc.clone() }, &[12, 11, 10], Some(2));
    check(Settings { late: Late::Merge, ..desc }, &[12, 9], Some(1));
    check(asc.clone(), &[1, 2, 30], None);
    let backfill =
        |settings| Settings { initial_value: Some(mark(&json!(2))), end_value: Some(mark(&json!(4))), ..settings };
    check(backfill(asc.clone()), &[1, 2, 3, 4], Some(3));
    check(Settings { range_end_closed: true, ..backfill(asc) }, &[1, 2, 3, 4, 4, 5], Some(5));
    check(backfill(settings()), &[1, 2, 3, 4, 5], None);
}

#[test]
fn a_crowd_at_the_boundary_is_told_once() {
    let crowd: Vec<Value> = (0..5).map(|id| json!({"id": id, FIELD: 7})).collect();
    let mut memory = Memory::default();
    let told = |memory: &mut Memory, crowd: &[Value]| {
        let mut filter = memory.plan(settings()).unwrap();
        for record in crowd {
            pass(&mut filter, record);
        }
        let told = filter.crowd(3);
        memory.keep(&mut filter, None);
        told
    };
    assert_eq!(told(&mut memory, &crowd[..3]), None);
    assert_eq!(told(&mut memory, &crowd[..4]), Some(4));
    assert_eq!(told(&mut memory, &crowd), None);
}

#[test]
fn a_page_that_is_not_loaded_leaves_nothing_behind() {
    for settings in [settings(), merging()] {
        for known in [Memory::default(), Memory::after(&json!(10), &["x"])] {
            let mut filter = known.plan(settings.clone()).unwrap();
            filter.begin_page();
            for record in [json!({"id": 1, FIELD: 11}), json!({"id": 2, FIELD: 11})] {
                assert_eq!(pass(&mut filter, &record), Verdict::Take);
            }
            let mut before = known.clone();
            before.keep(&mut filter.clone(), Some("page 2"));
            for page in [vec![(3, 11)], vec![(3, 11), (4, 12), (5, 12), (6, 13), (7, 5)], vec![(3, 12)]] {
                filter.begin_page();
                for (id, value) in page {
                    pass(&mut filter, &json!({"id": id, FIELD: value}));
                }
                filter.undo_page();
                let mut after = known.clone();
                after.keep(&mut filter.clone(), Some("page 2"));
                assert_eq!(after.0, before.0);
                assert_eq!(filter.late(), 0);
            }
        }
    }
    let mut memory = Memory::default();
    let mut filter = memory.plan(settings()).unwrap();
    filter.begin_page();
    pass(&mut filter, &json!({FIELD: "soon"}));
    filter.undo_page();
    assert_eq!(pass(&mut filter, &json!({FIELD: 5})), Verdict::Take);
    memory.keep(&mut filter, None);
    assert_eq!(memory.watermark().last_value, 5);
}
