//! Where a read begins, and begins again.

use super::*;

#[test]
fn a_changed_initial_value_is_heeded_only_before_there_is_a_state() {
    let mut memory = Memory::after(&json!(10), &[]);
    let settings = Settings { initial_value: Some(mark(&json!(20))), ..settings() };
    assert_eq!(memory.plan(settings.clone()).unwrap().range().start.as_deref(), Some("10"));
    assert_eq!(taken(&mut memory, settings, &[json!(9), json!(11), json!(21)]), [1, 2]);
    assert_eq!(memory.watermark().initial_value, Value::Null);
}

#[test]
fn a_lag_widens_the_range_and_takes_what_is_in_it_again() {
    let lag =
        |lag, initial: Value| Settings { lag: Some(Lag::Whole(lag)), initial_value: Mark::new(&initial), ..settings() };
    let memory = Memory::after(&json!("2026-01-02T00:00:00.5Z"), &["old"]);
    let start = |settings: Settings| memory.plan(settings).unwrap().range().start.unwrap();
    assert_eq!(start(lag(3600, Value::Null)), "\"2026-01-01T23:00:00.5Z\"");
    assert_eq!(start(lag(3600, json!("2026-01-01T23:30:00Z"))), "\"2026-01-01T23:30:00Z\"");
    assert_eq!(start(lag(1, json!("2025-01-01"))), "\"2026-01-01T00:00:00.0Z\"");

    let mut memory = Memory::after(&json!(10), &[]);
    assert_eq!(taken(&mut memory, lag(3, Value::Null), &[json!(6), json!(7), json!(10)]), [1, 2]);
    let kept = memory.watermark();
    assert_eq!((kept.last_value, kept.unique_hashes, kept.start_value), (json!(10), Vec::new(), json!(10)));
    assert_eq!(taken(&mut memory, lag(3, Value::Null), &[json!(8)]), [0]);
    assert_eq!(memory.watermark().last_value, 10);
}

#[test]
fn a_read_that_was_begun_goes_on_in_its_own_range() {
    let mut memory = Memory::after(&json!(10), &[]);
    let mut filter = memory.plan(settings()).unwrap();
    assert_eq!(pass(&mut filter, &json!({"id": 1, FIELD: 15})), Verdict::Take);
    memory.keep(&mut filter, Some("page 2"));
    assert_eq!(memory.watermark().last_value, 10);
    // Whatever the settings say meanwhile.
    let other = Settings { initial_value: Some(mark(&json!("2026-01-01"))), ..Settings::new("other".parse().unwrap()) };
    let mut filter = memory.plan(other).unwrap();
    assert_eq!(filter.range().cursor_path, FIELD);
    assert_eq!(filter.range().start.as_deref(), Some("10"));
    assert_eq!(pass(&mut filter, &json!({"id": 2, FIELD: 12})), Verdict::Take);
    memory.keep(&mut filter, None);
    assert_eq!(memory.watermark().last_value, 15);
}

#[test]
fn a_read_that_begins_again_knows_what_it_took_where_values_ascend() {
    let records = [1, 2, 3, 3, 4].map(|value| json!({FIELD: value, "n": value}));
    let again = |order: RowOrder, rows_are_kept: bool| {
        let mut memory = Memory::default();
        let mut filter = memory.plan(Settings { row_order: order, ..settings() }).unwrap();
        for record in &records[..3] {
            pass(&mut filter, record);
        }
        filter.begin_again(rows_are_kept);
        assert_eq!(filter.range().start, None);
        // A kill and the next run change nothing.
        filter.keep(&resource(), false, &mut memory.0);
        memory.store();
        let mut filter = memory.plan(Settings { row_order: order, ..settings() }).unwrap();
        records.iter().filter(|record| pass(&mut filter, record) == Verdict::Take).count()
    };
    assert_eq!(again(RowOrder::Ascending, true), 1);
    assert_eq!(again(RowOrder::Ascending, false), 5);
    assert_eq!(again(RowOrder::Unordered, true), 5);
}

#[test]
fn a_replaced_table_is_read_from_its_first_value_each_time() {
    let mut memory = Memory::after(&json!(10), &[]);
    let settings = Settings { replaces: true, initial_value: Some(mark(&json!(2))), ..settings() };
    for _ in 0..2 {
        assert_eq!(taken(&mut memory, settings.clone(), &[json!(1), json!(3), json!(12)]), [1, 2]);
        assert_eq!(memory.watermark().last_value, 12);
    }
}

#[test]
fn state_and_settings_that_do_not_go_together_are_told() {
    let check = |last: Value, settings: Settings, expected: &str| {
        assert_eq!(Memory::after(&last, &[]).plan(settings).unwrap_err().to_string(), expected);
    };
    check(
        json!("2026-01-01T00:00:00Z"),
        Settings { initial_value: Some(mark(&json!(5))), ..settings() },
        "`initial_value` is a number, `5`, but the reads so far ended at a time, `2026-01-01T00:00:00Z`",
    );
    check(
        json!("abc"),
        Settings { lag: Some(Lag::Whole(5)), ..settings() },
        "`lag` needs times or numbers to reckon with, but the reads so far ended at the text `abc`",
    );
    check(json!([1]), settings(), "the state of `at` cannot be understood");
}

#[test]
fn the_last_value_never_goes_back() {
    let read = |memory: &mut Memory, value: u64| {
        let mut filter = memory.plan(settings()).unwrap();
        assert_eq!(pass(&mut filter, &json!({"id": value, FIELD: value})), Verdict::Take);
        memory.keep(&mut filter, None);
        memory.watermark().last_value
    };
    // A read that was begun as a whole goes on so: its records may be older than all that is known.
    let mut memory = Memory::after(&json!(10), &[]);
    memory.0.resources.entry(resource()).or_default().cursor = Some("page 2".into());
    assert_eq!(memory.plan(settings()).unwrap().range().start, None);
    assert_eq!(read(&mut memory, 5), 10);

    // dlt has read on while a read was not complete.
    let mut memory = Memory::after(&json!(10), &[]);
    let mut filter = memory.plan(settings()).unwrap();
    pass(&mut filter, &json!({FIELD: 12}));
    memory.keep(&mut filter, Some("page 2"));
    let by_dlt = json!({"initial_value": null, "last_value": 20, "unique_hashes": ["x"], "start_value": 10});
    memory.0.incremental.insert(resource(), Map::from_iter([(FIELD.to_owned(), by_dlt.clone())]));
    assert_eq!(read(&mut memory, 15), 20);
    assert_eq!(memory.stored(), &by_dlt);
    assert_eq!(memory.checkpoint().reading, None);
}
