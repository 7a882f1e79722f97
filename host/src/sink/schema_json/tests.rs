use super::*;
use crate::model::{Instant, MergeStrategy, SortOrder};
use crate::normalize::schema::VersionPart;

/// The schema that dlt 1.31.0 stored after a run of four resources: replace, append with a variant, merge with
/// `hard_delete`, upsert.
const BY_DLT: &str = include_str!("../fixtures/dlt_schema.json");

fn by_dlt() -> Value {
    serde_json::from_str(BY_DLT).unwrap()
}

#[test]
fn hashes_as_dlt_does() {
    let document = by_dlt();
    assert_eq!(version_hash(document.as_object().unwrap()), "z9iL72Pj5qoP4tx9TcJd4yuQ2VSEyBcKXRGIdz7AjsA=");
}

#[test]
fn hash_sees_the_order_of_columns_only() {
    let document = by_dlt();
    let mut reordered = document.clone();
    let tables = reordered.get_mut("tables").unwrap().as_object_mut().unwrap();
    tables.sort_keys();
    assert_eq!(version_hash(reordered.as_object().unwrap()), document["version_hash"]);
    let columns = reordered.pointer_mut("/tables/status/columns").unwrap().as_object_mut().unwrap();
    columns.sort_keys();
    assert_ne!(version_hash(reordered.as_object().unwrap()), document["version_hash"]);
}

#[test]
fn a_round_trip_changes_nothing() {
    let document = by_dlt();
    let schema = read(&document).unwrap();
    assert_eq!(write(Some(&document), &schema), document);
}

#[test]
fn builds_what_dlt_would() {
    let mut document = by_dlt();
    let schema = read(&document).unwrap();
    // An incremental field is dlt's hint, too; and a declared column does not say `nullable` there.
    let columns = document.pointer_mut("/tables/inbound_messages/columns/created_at").unwrap();
    columns.as_object_mut().unwrap().remove("incremental");
    document.pointer_mut("/tables/clients/columns/deleted").unwrap()["nullable"] = true.into();
    let built = write(None, &schema);
    assert_eq!(built["version"], 1);
    assert_eq!(built["previous_hashes"], json!([]));
    assert_eq!(built["version_hash"], version_hash(document.as_object().unwrap()));
}

#[test]
fn reads_tables_and_hints() {
    let schema = read(&by_dlt()).unwrap();
    assert_eq!(schema.name, "jivochat_source");
    let names: Vec<_> = schema.tables.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["status", "inbound_messages", "clients", "ups", "inbound_messages__attachments", "clients__tags", "ups__tags"]
    );
    let clients = &schema.tables["clients"];
    assert_eq!(clients.write_disposition, Some(WriteDisposition::Merge));
    assert!(clients.seen_data && clients.columns["deleted"].hard_delete && clients.columns["id"].primary_key);
    assert!(!clients.columns["id"].nullable && clients.columns["name"].nullable);
    assert!(schema.tables["inbound_messages"].columns["id__v_text"].variant);
    let tags = &schema.tables["clients__tags"];
    assert_eq!(tags.parent.as_deref(), Some("clients"));
    assert!(tags.columns["_dlt_root_id"].root_key && tags.columns["_dlt_parent_id"].parent_key);
}

#[test]
fn strategies_are_noted_as_dlt_notes_them() {
    let document = by_dlt();
    let mut schema = read(&document).unwrap();
    assert_eq!(schema.tables["ups"].merge_strategy, Some(MergeStrategy::Upsert));
    assert_eq!(schema.tables["clients"].merge_strategy, None);
    let clients = &mut schema.tables["clients"];
    clients.merge_strategy = Some(MergeStrategy::DeleteInsert);
    clients.deduplicated = true;
    clients.columns["name"].dedup_sort = Some(SortOrder::Desc);
    let changed = write(Some(&document), &schema);
    let raw = changed.pointer("/tables/clients").unwrap();
    assert_eq!((&raw["x-merge-strategy"], &raw["x-stage-data-deduplicated"]), (&json!("delete-insert"), &json!(true)));
    assert_eq!(raw["columns"]["name"]["dedup_sort"], "desc");
    let read_back = read(&changed).unwrap();
    assert_eq!(read_back, schema);

    let clients = &mut schema.tables["clients"];
    clients.deduplicated = false;
    clients.columns["name"].dedup_sort = None;
    assert_eq!(read(&write(Some(&changed), &schema)).unwrap(), schema);
    // A strategy that only dlt has stays noted.
    let mut by_dlt = document.clone();
    by_dlt["tables"]["ups"]["x-merge-strategy"] = "cdc".into();
    assert_eq!(write(Some(&by_dlt), &read(&by_dlt).unwrap())["tables"]["ups"]["x-merge-strategy"], "cdc");
}

/// What dlt 1.31.0 stored of a table that keeps versions, with each option.
const VERSIONS_BY_DLT: &str = r#"{"columns":{
    "vf":{"name":"vf","data_type":"timestamp","nullable":true,"x-valid-from":true},
    "vt":{"name":"vt","data_type":"timestamp","nullable":true,"x-valid-to":true,"x-active-record-timestamp":"9999-12-31"},
    "id":{"name":"id","nullable":false,"merge_key":true,"data_type":"bigint"},
    "_dlt_load_id":{"name":"_dlt_load_id","data_type":"text","nullable":false},
    "_dlt_id":{"name":"_dlt_id","nullable":false,"x-row-version":true,"unique":false,"row_key":false,"data_type":"text"}},
    "x-merge-strategy":"scd2","x-boundary-timestamp":"2024-01-01","write_disposition":"merge","name":"t","resource":"t",
    "x-normalizer":{"seen-data":true}}"#;

#[test]
fn versions_are_noted_as_dlt_notes_them() {
    let mut by_dlt: Value = serde_json::from_str(VERSIONS_BY_DLT).unwrap();
    let mut table = read_table("t", &by_dlt);
    assert!(table.keeps_versions());
    assert_eq!(table.boundary_timestamp, Instant::parse("2024-01-01"));
    let parts: Vec<_> = table.columns.values().filter_map(|column| column.version.clone()).collect();
    let to = VersionPart::ValidTo { active: Instant::parse("9999-12-31") };
    assert_eq!(parts, [VersionPart::ValidFrom, to, VersionPart::RowVersion]);
    assert!(!table.columns["_dlt_id"].row_key && !table.columns["_dlt_id"].unique);

    let mut anew = Map::new();
    write_table(&mut anew, &table);
    assert_eq!(Value::Object(anew.clone()), by_dlt);
    assert_eq!(read_table("t", &Value::Object(anew.clone())), table);

    // dlt notes that there is no time for versions that hold.
    table.columns["vt"].version = Some(VersionPart::ValidTo { active: None });
    by_dlt["columns"]["vt"]["x-active-record-timestamp"] = Value::Null;
    write_table(&mut anew, &table);
    assert_eq!(Value::Object(anew.clone()), by_dlt);

    table.boundary_timestamp = None;
    for column in table.columns.values_mut() {
        column.version = None;
    }
    table.columns["_dlt_id"].row_key = true;
    table.columns["_dlt_id"].unique = true;
    write_table(&mut anew, &table);
    assert!(!json!(anew).to_string().contains("x-valid"), "{anew:?}");
    assert_eq!(read_table("t", &Value::Object(anew)), table);
}

#[test]
fn a_table_of_versions_hands_down_no_keys() {
    let mut schema = Schema::new("s");
    schema.tables.insert("t".into(), read_table("t", &serde_json::from_str(VERSIONS_BY_DLT).unwrap()));
    assert_eq!(write(None, &schema).pointer("/normalizers/json/config"), None);
}

#[test]
fn a_change_makes_a_new_version() {
    let document = by_dlt();
    let mut schema = read(&document).unwrap();
    let status = &mut schema.tables["status"];
    status.columns.insert("late".into(), Column::new("late", Some(DataType::Double)));
    status.columns.insert("never".into(), Column::new("never", None));
    let changed = write(Some(&document), &schema);
    assert_eq!(changed["version"], 3);
    assert_eq!(changed["previous_hashes"][0], document["version_hash"]);
    assert_eq!(changed.pointer("/tables/status/columns/late").unwrap()["data_type"], "double");
    assert_eq!(changed.pointer("/tables/status/columns/never"), None);
    assert_eq!(changed.pointer("/tables/ups/x-merge-strategy"), Some(&json!("upsert")));
    assert_eq!(write(Some(&changed), &schema), changed);
}

#[test]
fn a_root_table_gets_what_dlt_would_add() {
    let mut schema = Schema::new("s");
    let mut table = super::super::ddl::tests::table("_rejected_records", &[("raw", Some(DataType::Text))]);
    table.resource = None;
    table.write_disposition = None;
    schema.tables.insert(table.name.clone(), table);
    let document = write(None, &schema);
    let raw = document.pointer("/tables/_rejected_records").unwrap();
    assert_eq!((&raw["resource"], &raw["write_disposition"]), (&json!("_rejected_records"), &json!("append")));
}

#[test]
fn garbage_is_told() {
    assert!(read(&json!({"name": 3})).is_err());
    assert!(read(&json!({"name": "s"})).is_err());
    // Foreign shapes below the tables are no reason to fail.
    assert!(read(&json!({"name": "s", "tables": {"t": 1, "u": {"columns": []}}})).is_ok());
}

#[test]
fn contracts_and_the_first_reading_are_stored_as_dlt_stores_them() {
    use crate::model::{ContractMode, SchemaContract};

    let document = by_dlt();
    let mut schema = read(&document).unwrap();
    schema.schema_contract = Some(SchemaContract::All(ContractMode::Freeze));
    let status = &mut schema.tables["status"];
    status.schema_contract = Some(SchemaContract::Each([None, Some(ContractMode::DiscardValue), None]));
    status.evolves_once = true;
    let written = write(Some(&document), &schema);
    assert_eq!(written["settings"]["schema_contract"], "freeze");
    assert_eq!(written["tables"]["status"]["schema_contract"], json!({"columns": "discard_value"}));
    let notes = json!({"seen-data": true, "evolve-columns-once": true});
    assert_eq!(written["tables"]["status"]["x-normalizer"], notes);
    assert_eq!(read(&written).unwrap(), schema);
    // Taken back, nothing is left of them.
    let back = write(Some(&written), &read(&document).unwrap());
    assert_eq!(back["version_hash"], document["version_hash"]);
}

#[test]
fn a_table_that_is_declared_alone_is_not_there() {
    let mut schema = Schema::new("s");
    let mut table = Table::new("t");
    table.columns.insert("a".into(), Column::new("a", Some(DataType::Text)));
    schema.tables.insert("t".into(), table);
    assert!(write(None, &schema)["tables"].get("t").is_none());
    schema.tables["t"].seen_data = true;
    assert_eq!(write(None, &schema)["tables"]["t"]["columns"]["a"]["data_type"], "text");
}
