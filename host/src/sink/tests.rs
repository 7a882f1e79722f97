//! The sink as the pipeline uses it, judged by SQL.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use indexmap::IndexMap;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::normalize::schema::{Column, DataType};

mod any_document;
mod files;
mod foreign;
mod growing;
mod inbox;
mod later;
mod loads;
mod merges;
mod model;
mod nested;
mod refresh;
mod replace;
mod room;
mod staged;
mod versions;

/// A database in a folder of its own.
struct Fixture {
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("test.duckdb")
    }

    fn open(&self) -> Sink {
        Sink::open(options(self.path()), &mut |_| panic!("nobody holds the file")).unwrap()
    }
}

fn options(path: PathBuf) -> SinkOptions {
    SinkOptions {
        path,
        dataset: "data".into(),
        pipeline: "pipe".into(),
        schema_name: "src".into(),
        lock_wait: Duration::ZERO,
        memory: 128 << 20,
    }
}

/// A root table with `id`, `name`, `_dlt_load_id` and `_dlt_id`.
fn root(name: &str, disposition: WriteDisposition) -> Table {
    let mut table = table(name, &[("id", DataType::Bigint), ("name", DataType::Text)]);
    table.resource = Some(name.into());
    table.write_disposition = Some(disposition);
    add(&mut table, &[("_dlt_load_id", DataType::Text), ("_dlt_id", DataType::Text)]);
    for system in ["_dlt_load_id", "_dlt_id"] {
        table.columns[system].nullable = false;
    }
    table.columns["_dlt_id"].row_key = true;
    table.columns["_dlt_id"].unique = true;
    table.columns["id"].primary_key = disposition == WriteDisposition::Merge;
    table
}

/// A table of values below another.
fn child(name: &str, parent: &str, with_root_key: bool) -> Table {
    let mut table = table(name, &[("value", DataType::Text)]);
    table.parent = Some(parent.into());
    if with_root_key {
        add(&mut table, &[("_dlt_root_id", DataType::Text)]);
        table.columns["_dlt_root_id"].root_key = true;
        table.columns["_dlt_root_id"].nullable = false;
    }
    add(&mut table, &[("_dlt_parent_id", DataType::Text), ("_dlt_id", DataType::Text)]);
    table.columns["_dlt_parent_id"].parent_key = true;
    table.columns["_dlt_id"].row_key = true;
    table
}

fn table(name: &str, columns: &[(&str, DataType)]) -> Table {
    let mut table = Table { seen_data: true, ..Table::new(name) };
    add(&mut table, columns);
    table
}

fn add(table: &mut Table, columns: &[(&str, DataType)]) {
    for (name, data_type) in columns {
        table.columns.insert((*name).into(), Column::new(*name, Some(*data_type)));
    }
}

fn schema(tables: Vec<Table>) -> Schema {
    let mut schema = Schema::new("src");
    schema.tables.extend(tables.into_iter().map(|table| (table.name.clone(), table)));
    schema
}

fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Rows for a table made by [`root`]: id and name; the row id is made of both.
fn rows(load_id: &str, values: &[(i64, &str)]) -> RecordBatch {
    let ids: Vec<_> = values.iter().map(|(id, name)| format!("{id}{name}")).collect();
    batch(vec![
        ("id", ints(&values.iter().map(|(id, _)| *id).collect::<Vec<_>>())),
        ("name", texts(&values.iter().map(|(_, name)| *name).collect::<Vec<_>>())),
        ("_dlt_load_id", texts(&vec![load_id; values.len()])),
        ("_dlt_id", texts(&ids.iter().map(String::as_str).collect::<Vec<_>>())),
    ])
}

/// Rows for a table made by [`child`] right below its root: value and the row id of the parent.
fn child_rows(with_root_key: bool, values: &[(&str, &str)]) -> RecordBatch {
    let parents = texts(&values.iter().map(|(_, parent)| *parent).collect::<Vec<_>>());
    let ids: Vec<_> = values.iter().map(|(value, parent)| format!("{parent}/{value}")).collect();
    let mut columns = vec![("value", texts(&values.iter().map(|(value, _)| *value).collect::<Vec<_>>()))];
    if with_root_key {
        columns.push(("_dlt_root_id", Arc::clone(&parents)));
    }
    columns.push(("_dlt_parent_id", parents));
    columns.push(("_dlt_id", texts(&ids.iter().map(String::as_str).collect::<Vec<_>>())));
    batch(columns)
}

fn commit(sink: &mut Sink, load_id: &str, schema: &Schema, finished: &[&str]) -> Committed {
    let finished: Vec<_> = finished.iter().map(|name| (*name).to_owned()).collect();
    let state = json!({ "src": { "at": load_id } });
    let end = CommitLoad {
        load_id,
        schema,
        state: &state,
        staged: None,
        inbox: None,
        finished: &finished,
        inserted_at: 1_700_000_000_123_456,
    };
    sink.commit(&end).unwrap()
}

/// The rows of a query, each as its JSON.
#[track_caller]
fn check(sink: &Sink, sql: &str, expect: &[&str]) {
    let rows: Vec<_> =
        sink.query(sql).unwrap().rows.into_iter().map(|row| serde_json::to_string(&row).unwrap()).collect();
    assert_eq!(rows, expect, "{sql}");
}
