//! How much memory DuckDB may take.

use super::*;

fn limit(sink: &Sink) -> String {
    let answer = sink.query("SELECT current_setting('memory_limit') AS value").unwrap();
    answer.rows[0][0].as_str().unwrap().to_owned()
}

/// A row for a table of so many columns of text.
fn wide(columns: usize, text: &str) -> (Table, RecordBatch) {
    let mut table = root("wide", WriteDisposition::Replace);
    let names: Vec<_> = (0..columns).map(|number| format!("c{number}")).collect();
    add(&mut table, &names.iter().map(|name| (name.as_str(), DataType::Text)).collect::<Vec<_>>());
    let values = names.iter().map(|name| (name.as_str(), Arc::new(StringArray::from(vec![text])) as ArrayRef));
    let own = rows("1.0", &[(1, "a")]);
    let own_names = own.schema();
    let own =
        own_names.fields().iter().zip(own.columns()).map(|(field, values)| (field.name().as_str(), values.clone()));
    (table, RecordBatch::try_from_iter(own.chain(values)).unwrap())
}

#[test]
fn memory_is_as_configured() {
    let fixture = Fixture::new();
    let sink = Sink::open(SinkOptions { memory: 96 << 20, ..options(fixture.path()) }, &mut |_| ()).unwrap();
    assert_eq!(limit(&sink), "96.0 MiB");
    drop(sink);
    let mut sink = fixture.open();
    let schema = schema(vec![root("t", WriteDisposition::Append)]);
    let ids: Vec<_> = (0..50_000).map(|id| (id, "some text that takes room")).collect();
    for load in ["1.0", "2.0"] {
        sink.append(&schema, "t", &rows(load, &ids)).unwrap();
        commit(&mut sink, load, &schema, &["t"]);
    }
    assert_eq!(limit(&sink), "128.0 MiB");
}

#[test]
fn too_little_is_told() {
    let fixture = Fixture::new();
    let error = Sink::open(SinkOptions { memory: 1024, ..options(fixture.path()) }, &mut |_| ()).unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("raise `memory` of `[destination]`"), "{error}");
}

#[test]
fn a_wide_table_has_room() {
    let fixture = Fixture::new();
    let (table, row) = wide(1000, "text");
    let wide = schema(vec![table]);
    for load in ["1.0", "2.0"] {
        let mut sink = fixture.open();
        for _ in 0..3 {
            sink.append(&wide, "wide", &row).unwrap();
        }
        commit(&mut sink, load, &wide, &["wide"]);
        sink.close().unwrap();
    }
    let mut sink = fixture.open();
    assert_eq!(sink.query("SELECT count(c999) FROM data.wide").unwrap().rows, [[json!(3)]]);
    // Where rows wait already, the swap alone takes the room.
    let staged = SinkOptions { memory: 96 << 20, ..options(fixture.path()) };
    sink.append(&wide, "wide", &row).unwrap();
    sink.save(&wide, None, 0).unwrap();
    drop(sink);
    let mut sink = Sink::open(staged, &mut |_| ()).unwrap();
    commit(&mut sink, "3.0", &wide, &["wide"]);
    assert_eq!(sink.query("SELECT count(c999) FROM data.wide").unwrap().rows, [[json!(1)]]);
}

#[test]
fn a_large_value_has_room() {
    let fixture = Fixture::new();
    let (table, row) = wide(1, &"x".repeat(100 << 20));
    let schema = schema(vec![table]);
    let mut sink = Sink::open(SinkOptions { memory: 64 << 20, ..options(fixture.path()) }, &mut |_| ()).unwrap();
    sink.append(&schema, "wide", &row).unwrap();
    commit(&mut sink, "1.0", &schema, &["wide"]);
    assert_eq!(sink.query("SELECT length(c0) FROM data.wide").unwrap().rows, [[json!(100 << 20)]]);
}
