//! Tables that are dropped: at the end of their refresh, or with the next load.

use super::*;
use crate::normalize::ROOT_NUMBER;

const TYPES: &str = "SELECT column_name || ' ' || data_type FROM duckdb_columns() WHERE schema_name = 'data' AND \
                     table_name = 't' AND NOT starts_with(column_name, '_dlt') ORDER BY column_index";
const TABLES: &str = "SELECT schema_name || '.' || table_name FROM duckdb_tables() \
                      WHERE NOT starts_with(table_name, '_dlt') AND estimated_size >= 0 ORDER BY ALL";

/// A batch with the numbers that rows of a merge have.
fn numbered(rows: &RecordBatch) -> RecordBatch {
    let numbers = ints(&(0..).take(rows.num_rows()).collect::<Vec<_>>());
    let fields = rows.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    let columns = fields.iter().map(String::as_str).zip(rows.columns().iter().cloned());
    batch(columns.chain([(ROOT_NUMBER, numbers)]).collect())
}

/// A root table with a child, and a table beside them, each with a row.
fn filled(fixture: &Fixture, disposition: WriteDisposition) -> Schema {
    let merges = disposition == WriteDisposition::Merge;
    let beside = root("beside", WriteDisposition::Append);
    let schema = schema(vec![root("t", disposition), child("t__c", "t", merges), beside]);
    let mut sink = fixture.open();
    sink.append(&schema, "t", &numbered(&rows("1.0", &[(1, "old")]))).unwrap();
    sink.append(&schema, "t__c", &numbered(&child_rows(merges, &[("old", "1old")]))).unwrap();
    sink.append(&schema, "beside", &rows("1.0", &[(1, "beside")])).unwrap();
    commit(&mut sink, "1.0", &schema, &["t", "beside"]);
    schema
}

/// The schema after `t` was forgotten: its `id` is text now, and it has no child.
fn renewed(schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    schema.tables.shift_remove("t__c");
    schema.tables["t"].columns["id"].data_type = Some(DataType::Text);
    schema.tables["t"].columns.shift_remove("name");
    schema
}

fn new_rows(load_id: &str, id: &str) -> RecordBatch {
    numbered(&batch(vec![("id", texts(&[id])), ("_dlt_load_id", texts(&[load_id])), ("_dlt_id", texts(&[id]))]))
}

#[track_caller]
fn check_refresh(disposition: WriteDisposition) {
    let fixture = Fixture::new();
    let schema = renewed(&filled(&fixture, disposition));
    let drops = ["t".to_owned(), "t__c".to_owned()];
    let mut sink = fixture.open();
    sink.replace_once("t", &drops);
    sink.restart(&schema, "t").unwrap();
    sink.append(&schema, "t", &new_rows("2.0", "a")).unwrap();
    sink.append(&schema, "beside", &rows("2.0", &[(2, "beside")])).unwrap();
    commit(&mut sink, "2.0", &schema, &[]);
    // Until the refresh is complete, readers see the old table with its old columns.
    check(&sink, "SELECT id, name FROM data.t", &[r#"[1,"old"]"#]);
    check(&sink, TYPES, &[r#"["id BIGINT"]"#, r#"["name VARCHAR"]"#]);
    check(&sink, "SELECT count(*) FROM data.beside", &["[2]"]);
    drop(sink);

    // Another process goes on, from what the first one stored.
    let mut sink = fixture.open();
    let stored = sink.stored().unwrap().schema.unwrap();
    assert_eq!(stored, schema);
    sink.replace_once("t", &drops);
    sink.append(&stored, "t", &new_rows("3.0", "b")).unwrap();
    let committed = commit(&mut sink, "3.0", &stored, &["t"]);
    assert_eq!(committed.rows, IndexMap::from([("t".to_owned(), 2)]));
    check(&sink, "SELECT id, _dlt_load_id FROM data.t ORDER BY id", &[r#"["a","3.0"]"#, r#"["b","3.0"]"#]);
    check(&sink, TYPES, &[r#"["id VARCHAR"]"#]);
    check(&sink, TABLES, &[r#"["data.beside"]"#, r#"["data.t"]"#, r#"["data_staging.t"]"#]);
    check(&sink, "SELECT count(*) FROM data_staging.t", &["[0]"]);
    // As in dlt, earlier versions of the schema are gone.
    check(&sink, "SELECT count(*), min(version) FROM data._dlt_version", &["[1,2]"]);

    sink.append(&stored, "t", &new_rows("4.0", "c")).unwrap();
    commit(&mut sink, "4.0", &stored, &[]);
    drop(sink);
    check(
        &fixture.open(),
        "SELECT count(*) FROM data.t",
        &[if disposition == WriteDisposition::Replace { "[2]" } else { "[3]" }],
    );
}

#[test]
fn a_refresh_drops_its_tables_at_its_end() {
    for disposition in [WriteDisposition::Append, WriteDisposition::Replace, WriteDisposition::Merge] {
        check_refresh(disposition);
    }
}

#[test]
fn a_refresh_may_be_one_load() {
    let fixture = Fixture::new();
    let schema = renewed(&filled(&fixture, WriteDisposition::Append));
    let mut sink = fixture.open();
    sink.replace_once("t", &["t".to_owned(), "t__c".to_owned()]);
    sink.restart(&schema, "t").unwrap();
    sink.append(&schema, "t", &new_rows("2.0", "a")).unwrap();
    sink.rollback().unwrap();
    check(&sink, TYPES, &[r#"["id BIGINT"]"#, r#"["name VARCHAR"]"#]);
    sink.restart(&schema, "t").unwrap();
    sink.append(&schema, "t", &new_rows("2.0", "a")).unwrap();
    commit(&mut sink, "2.0", &schema, &["t"]);
    check(&sink, "SELECT id FROM data.t", &[r#"["a"]"#]);
    check(&sink, TYPES, &[r#"["id VARCHAR"]"#]);
}

#[test]
fn a_refresh_without_a_row_drops_its_tables_all_the_same() {
    let fixture = Fixture::new();
    let mut schema = renewed(&filled(&fixture, WriteDisposition::Append));
    schema.tables["t"].columns.values_mut().for_each(|column| column.data_type = None);
    schema.tables["t"].seen_data = false;
    let mut sink = fixture.open();
    sink.replace_once("t", &["t".to_owned(), "t__c".to_owned()]);
    sink.restart(&schema, "t").unwrap();
    assert_eq!(commit(&mut sink, "2.0", &schema, &["t"]), Committed::default());
    check(&sink, TABLES, &[r#"["data.beside"]"#]);
    assert!(!sink.stored().unwrap().schema.unwrap().tables.contains_key("t"));
}

#[test]
fn tables_may_be_dropped_with_the_next_load() {
    let fixture = Fixture::new();
    let mut schema = renewed(&filled(&fixture, WriteDisposition::Append));
    schema.tables.shift_remove("beside");
    let mut sink = fixture.open();
    sink.drop_tables(["t", "t__c", "beside", "never there"].map(str::to_owned).to_vec());
    sink.append(&schema, "t", &new_rows("2.0", "a")).unwrap();
    sink.rollback().unwrap();
    check(&sink, "SELECT id, name FROM data.t", &[r#"[1,"old"]"#]);
    sink.append(&schema, "t", &new_rows("2.0", "a")).unwrap();
    commit(&mut sink, "2.0", &schema, &[]);
    check(&sink, TABLES, &[r#"["data.t"]"#]);
    sink.append(&schema, "t", &new_rows("3.0", "b")).unwrap();
    commit(&mut sink, "3.0", &schema, &[]);
    check(&sink, "SELECT id FROM data.t", &[r#"["a"]"#, r#"["b"]"#]);
    drop(sink);
    assert_eq!(fixture.open().stored().unwrap().schema, Some(schema));
}
