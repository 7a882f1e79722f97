//! The schema as dlt's JSON, engine 11, which `_dlt_version` keeps. Pure.
//!
//! dlt knows more hints than [`Schema`] does. What it wrote is therefore kept whole: a [`Schema`] is laid over the
//! stored document, never written in its place.

mod contract;
mod merging;

use std::collections::HashSet;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use sha3::{Digest as _, Sha3_256};

use crate::model::WriteDisposition;
use crate::normalize::schema::{Column, DataType, Schema, Table};

/// The version of dlt's schema format that is written here.
pub(super) const ENGINE_VERSION: i64 = 11;

/// Where dlt's normalizer notes what it knows of a table, and its notes.
const X_NORMALIZER: &str = "x-normalizer";
const MAX_NESTING: &str = "max_nesting";
const SEEN_DATA: &str = "seen-data";
const EVOLVES_ONCE: &str = "evolve-columns-once";

/// As many earlier hashes as dlt keeps.
const PREVIOUS_HASHES: usize = 10;

/// What dlt 1.31 says of its own three tables.
static INTERNAL_TABLES: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("internal_tables.json")).unwrap_or_default());

/// One of dlt's own tables: `_dlt_version`, `_dlt_loads` or `_dlt_pipeline_state`.
pub(super) fn internal_table(name: &str) -> Option<Table> {
    INTERNAL_TABLES.get(name).map(|raw| read_table(name, raw))
}

/// The data tables of a stored document. Columns without a type and hints that are not ours are left out.
///
/// # Errors
/// Says what is missing when the document is no schema.
pub(super) fn read(document: &Value) -> Result<Schema, String> {
    let name = document.get("name").and_then(Value::as_str).ok_or("`name` is missing")?;
    let tables = document.get("tables").and_then(Value::as_object).ok_or("`tables` is missing")?;
    let mut schema = Schema::new(name);
    schema.schema_contract = document.get("settings").and_then(Value::as_object).and_then(contract::read);
    for (name, raw) in tables.iter().filter(|(name, _)| !is_internal(name)) {
        schema.tables.insert(name.clone(), read_table(name, raw));
    }
    let handing_down = document.pointer("/normalizers/json/config/propagation/tables").and_then(Value::as_object);
    for root in handing_down.into_iter().flat_map(Map::keys) {
        if let Some(table) = schema.tables.get_mut(root) {
            table.hands_down_ids = true;
        }
    }
    Ok(schema)
}

fn is_internal(table: &str) -> bool {
    table.starts_with("_dlt_")
}

fn read_table(name: &str, raw: &Value) -> Table {
    let text = |key: &str| raw.get(key).and_then(Value::as_str).map(str::to_owned);
    let disposition = match raw.get("write_disposition").and_then(Value::as_str) {
        Some("replace") => Some(WriteDisposition::Replace),
        Some("merge") => Some(WriteDisposition::Merge),
        Some("skip") => Some(WriteDisposition::Skip),
        Some(_) => Some(WriteDisposition::Append),
        None => None,
    };
    let columns = raw.get("columns").and_then(Value::as_object).into_iter().flatten();
    let columns: IndexMap<_, _> = columns.map(|(name, raw)| (name.clone(), read_column(name, raw))).collect();
    let note = |key: &str| raw.get(X_NORMALIZER).and_then(|notes| notes.get(key));
    let mut table = Table {
        parent: text("parent"),
        resource: text("resource"),
        write_disposition: disposition,
        columns,
        max_nesting: note(MAX_NESTING).and_then(Value::as_u64).and_then(|levels| u32::try_from(levels).ok()),
        seen_data: note(SEEN_DATA).and_then(Value::as_bool).unwrap_or(false),
        schema_contract: raw.as_object().and_then(contract::read),
        evolves_once: note(EVOLVES_ONCE).and_then(Value::as_bool).unwrap_or(false),
        ..Table::new(name)
    };
    merging::read_table(&mut table, raw);
    table
}

fn read_column(name: &str, raw: &Value) -> Column {
    let flag = |key: &str| raw.get(key).and_then(Value::as_bool);
    let data_type = raw.get("data_type").and_then(Value::as_str).and_then(DataType::parse);
    let mut column = Column::new(name, data_type);
    column.nullable = flag("nullable").unwrap_or(true);
    for (hint, on) in flags(&mut column) {
        *on = flag(hint).unwrap_or(false);
    }
    merging::read_column(&mut column, raw);
    column
}

/// dlt's words for the hints that are false unless said otherwise.
fn flags(column: &mut Column) -> [(&'static str, &mut bool); 8] {
    [
        ("primary_key", &mut column.primary_key),
        ("merge_key", &mut column.merge_key),
        ("row_key", &mut column.row_key),
        ("parent_key", &mut column.parent_key),
        ("root_key", &mut column.root_key),
        ("unique", &mut column.unique),
        ("variant", &mut column.variant),
        ("hard_delete", &mut column.hard_delete),
    ]
}

/// Lays `schema` over the stored document, or over dlt's empty one. The answer carries its version and hash; when
/// nothing changed it is the stored document itself, with the same hash.
pub(super) fn write(stored: Option<&Value>, schema: &Schema) -> Value {
    let mut document = match stored {
        Some(Value::Object(stored)) => stored.clone(),
        _ => empty(&schema.name),
    };
    let tables = object(&mut document, "tables");
    for (name, table) in schema.tables.iter().filter(|(name, _)| !is_internal(name)) {
        // A table without columns is none, nor is one that was declared and has had no row.
        let is_there = table.seen_data && !table.is_new();
        if is_there || tables.contains_key(name) {
            write_table(object(tables, name), table);
        }
    }
    for (name, raw) in INTERNAL_TABLES.iter() {
        tables.entry(name.clone()).or_insert_with(|| raw.clone());
    }
    contract::write(object(&mut document, "settings"), schema.schema_contract);
    propagate_root_keys(&mut document, schema);
    stamp(document)
}

/// Takes tables out of a stored document.
pub(super) fn forget(document: &mut Value, tables: &[String]) {
    if let Some(all) = document.get_mut("tables").and_then(Value::as_object_mut) {
        all.retain(|name, _| !tables.contains(name));
    }
    let propagation = document.pointer_mut("/normalizers/json/config/propagation/tables");
    if let Some(all) = propagation.and_then(Value::as_object_mut) {
        all.retain(|name, _| !tables.contains(name));
    }
}

fn empty(name: &str) -> Map<String, Value> {
    let document = json!({
        "version": 1,
        "version_hash": "",
        "engine_version": ENGINE_VERSION,
        "name": name,
        "tables": {},
        "settings": {
            "detections": ["iso_timestamp"],
            "default_hints": {
                "not_null": ["_dlt_id", "_dlt_root_id", "_dlt_parent_id", "_dlt_list_idx", "_dlt_load_id"],
                "parent_key": ["_dlt_parent_id"],
                "root_key": ["_dlt_root_id"],
                "unique": ["_dlt_id"],
                "row_key": ["_dlt_id"],
            },
        },
        "normalizers": {
            "names": "snake_case",
            "json": { "module": "dlt.common.normalizers.json.relational" },
        },
        "previous_hashes": [],
    });
    let mut document = match document {
        Value::Object(document) => document,
        _ => Map::new(),
    };
    let tables = object(&mut document, "tables");
    for internal in ["_dlt_version", "_dlt_loads"] {
        if let Some(raw) = INTERNAL_TABLES.get(internal) {
            tables.insert(internal.to_owned(), raw.clone());
        }
    }
    document
}

/// The object under `key`, made when there is none.
fn object<'a>(map: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let value = map.entry(key).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    match value {
        Value::Object(object) => object,
        _ => unreachable!("the lines above make it an object"),
    }
}

fn write_table(raw: &mut Map<String, Value>, table: &Table) {
    raw.insert("name".to_owned(), table.name.clone().into());
    let columns = object(raw, "columns");
    for column in table.columns.values() {
        // dlt, too, leaves out columns that have not had a value yet, unless there are hints for them.
        if column.data_type.is_none() && !is_hinted(column) && !columns.contains_key(&column.name) {
            continue;
        }
        let mut raw = match columns.get_mut(&column.name).map(Value::take) {
            Some(Value::Object(raw)) => raw,
            _ => Map::new(),
        };
        if column.data_type.is_some() && !raw.contains_key("data_type") {
            // A column moves to the end when it gets its type.
            columns.shift_remove(&column.name);
        }
        write_column(&mut raw, column);
        columns.insert(column.name.clone(), raw.into());
    }
    if let Some(parent) = &table.parent {
        raw.insert("parent".to_owned(), parent.clone().into());
    } else {
        // dlt adds both on reading where they are absent, which would change the hash.
        let disposition = table.write_disposition.unwrap_or(WriteDisposition::Append);
        let resource = table.resource.as_deref().unwrap_or(&table.name);
        raw.insert("write_disposition".to_owned(), disposition.as_str().into());
        raw.insert("resource".to_owned(), resource.into());
        merging::write_table(raw, table);
    }
    contract::write(raw, table.schema_contract);
    if let Some(levels) = table.max_nesting {
        object(raw, X_NORMALIZER).insert(MAX_NESTING.to_owned(), levels.into());
    }
    if table.seen_data {
        object(raw, X_NORMALIZER).insert(SEEN_DATA.to_owned(), true.into());
    }
    if table.evolves_once {
        object(raw, X_NORMALIZER).insert(EVOLVES_ONCE.to_owned(), true.into());
    } else if let Some(Value::Object(notes)) = raw.get_mut(X_NORMALIZER) {
        notes.shift_remove(EVOLVES_ONCE);
    }
}

fn is_hinted(column: &Column) -> bool {
    !column.nullable
        || column.dedup_sort.is_some()
        || column.version.is_some()
        || flags(&mut column.clone()).iter().any(|(_, on)| **on)
}

fn write_column(raw: &mut Map<String, Value>, column: &Column) {
    let typed_now = column.data_type.is_some() && !raw.contains_key("data_type");
    raw.insert("name".to_owned(), column.name.clone().into());
    if let Some(data_type) = column.data_type {
        raw.insert("data_type".to_owned(), data_type.as_str().into());
    }
    let stored = raw.get("nullable").and_then(Value::as_bool);
    // dlt does not say that a column may be null whose type it did not find itself.
    let found_now = typed_now && !column.typed_by_hint;
    if found_now || stored.unwrap_or(true) != column.nullable {
        raw.insert("nullable".to_owned(), column.nullable.into());
    }
    for (hint, on) in flags(&mut column.clone()) {
        let stored = raw.get(hint).and_then(Value::as_bool).unwrap_or(false);
        match (stored, *on) {
            (false, true) => drop(raw.insert(hint.to_owned(), true.into())),
            (true, false) => drop(raw.shift_remove(hint)),
            _ => {}
        }
    }
    merging::write_column(raw, column);
    if typed_now && column.variant {
        raw.insert("description".to_owned(), format!("Variant of column {} generated by dlt", column.name).into());
    }
}

/// dlt notes in the settings of its normalizer which root tables hand their `_dlt_id` down to all descendants: those that
/// merged once, and those with such an id in themselves or below.
fn propagate_root_keys(document: &mut Map<String, Value>, schema: &Schema) {
    let with_key = schema.tables.values().filter(|table| table.columns.values().any(|column| column.root_key));
    let with_key: HashSet<&str> = with_key.map(|table| schema.root_of(table).name.as_str()).collect();
    let hands_down =
        |table: &&Table| table.parent.is_none() && (table.hands_down_ids || with_key.contains(table.name.as_str()));
    let roots: Vec<_> = schema.tables.values().filter(|table| !table.is_internal()).filter(hands_down).collect();
    if roots.is_empty() {
        return;
    }
    let normalizer = object(object(document, "normalizers"), "json");
    let tables = object(object(object(normalizer, "config"), "propagation"), "tables");
    for root in roots {
        let row_key = root.columns.values().find(|column| column.row_key).map_or("_dlt_id", |column| &column.name);
        tables.entry(root.name.clone()).or_insert_with(|| json!({ row_key: "_dlt_root_id" }));
    }
}

/// Gives the document its hash, and a new version when the hash is another one.
fn stamp(mut document: Map<String, Value>) -> Value {
    let hash = version_hash(&document);
    let previous = document.get("version_hash").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !previous.is_empty() && previous != hash {
        let version = document.get("version").and_then(Value::as_i64).unwrap_or(1);
        document.insert("version".to_owned(), version.saturating_add(1).into());
        let hashes = document.entry("previous_hashes").or_insert_with(|| json!([]));
        if let Value::Array(hashes) = hashes
            && !hashes.iter().any(|hash| hash.as_str() == Some(&previous))
        {
            hashes.insert(0, previous.into());
            hashes.truncate(PREVIOUS_HASHES);
        }
    }
    document.insert("version_hash".to_owned(), hash.into());
    Value::Object(document)
}

/// dlt's hash of a schema: of its content whatever the order of keys, and of the order of the columns of each table.
pub(super) fn version_hash(document: &Map<String, Value>) -> String {
    let mut content = document.clone();
    for key in ["version", "version_hash", "imported_version_hash", "previous_hashes"] {
        content.shift_remove(key);
    }
    let mut content = Value::Object(content);
    content.sort_all_objects();
    let mut hasher = Sha3_256::new();
    hasher.update(content.to_string());
    let mut tables: Vec<_> = document.get("tables").and_then(Value::as_object).into_iter().flatten().collect();
    tables.sort_unstable_by_key(|(name, _)| *name);
    for (name, table) in tables {
        hasher.update(name);
        for column in table.get("columns").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            hasher.update(column);
        }
    }
    STANDARD.encode(hasher.finalize())
}

#[cfg(test)]
mod tests;
