//! What stays between pages, batches and runs: the schema, keys, ids.

use super::{LOAD, NOW, dump, normalizer, page, resource, with_schema};
use crate::{
    model::{MergeStrategy, ResourceName, SortOrder, WriteDisposition},
    normalize::{Normalizer, ResourceHints, TableBatch, schema::DataType},
};

fn merge() -> ResourceHints {
    let mut hints = ResourceHints::new(resource());
    hints.write_disposition = WriteDisposition::Merge;
    hints.primary_key = Some(vec!["id".to_owned()]);
    hints
}

fn take(normalizer: &mut Normalizer, table: &str) -> TableBatch {
    let batches = normalizer.take_batches().unwrap();
    batches.into_iter().find(|batch| batch.table == table).unwrap()
}

fn columns(batch: &TableBatch) -> Vec<String> {
    batch.batch.schema().fields().iter().map(|field| field.name().clone()).collect()
}

#[test]
fn children_know_their_parent() {
    let mut normalizer = normalizer();
    page(&mut normalizer, &[r#"{"l":[{"m":[1,2]},{"m":[3]}]}"#]);
    let batches = normalizer.take_batches().unwrap();
    let cell = |table: usize, column: &str, row| dump::cell(&batches[table].batch, column, row).unwrap();
    assert_eq!(cell(0, "_dlt_load_id", 0), format!("\"{LOAD}\""));
    assert_eq!(cell(0, "_dlt_id", 0).len(), 16);
    for row in 0..2 {
        assert_eq!(cell(1, "_dlt_parent_id", row), cell(0, "_dlt_id", 0));
        assert_eq!(cell(1, "_dlt_list_idx", row), row.to_string());
    }
    for (row, parent) in [(0, 0), (1, 0), (2, 1)] {
        assert_eq!(cell(2, "_dlt_parent_id", row), cell(1, "_dlt_id", parent));
    }
}

#[test]
fn the_id_of_a_child_follows_from_its_place() {
    let mut normalizer = normalizer();
    page(&mut normalizer, &[r#"{"_dlt_id":"CxJk0wIVvPC0LA","x":[9]}"#]);
    let child = take(&mut normalizer, "t__x");
    assert_eq!(dump::cell(&child.batch, "_dlt_id", 0).unwrap(), "\"eGCdsJzK8PFr2w\"");
}

#[test]
fn a_child_keeps_its_own_id_and_knows_its_parent_all_the_same() {
    let mut normalizer = normalizer();
    page(&mut normalizer, &[r#"{"_dlt_id":7,"l":[{"_dlt_id":"q","_dlt_parent_id":"no","y":1},{"_dlt_id":"","y":2}]}"#]);
    let rows = dump::rows(&normalizer.take_batches().unwrap(), |name, value| {
        name == "_dlt_load_id" || (name == "_dlt_id" && value.len() == 16)
    });
    assert_eq!(
        rows,
        [
            "t | _dlt_id=\"7\"",
            "t__l | _dlt_id=\"q\" _dlt_list_idx=0 _dlt_parent_id=\"7\" y=1",
            "t__l | _dlt_list_idx=1 _dlt_parent_id=\"7\" y=2",
        ]
    );
}

#[test]
fn a_merge_carries_the_root_id_down() {
    let mut normalizer = normalizer();
    normalizer.declare(&merge());
    page(&mut normalizer, &[r#"{"id":1,"l":[{"m":[1]}]}"#]);
    assert_eq!(
        dump::tables(normalizer.schema()),
        [
            "t: id bigint not null, _dlt_load_id text not null, _dlt_id text not null",
            "t__l < t: _dlt_root_id text not null, _dlt_parent_id text not null, _dlt_list_idx bigint not null, _dlt_id text not null",
            "t__l__m < t__l: value bigint, _dlt_root_id text not null, _dlt_parent_id text not null, \
             _dlt_list_idx bigint not null, _dlt_id text not null",
        ]
    );
    assert!(normalizer.schema().tables["t__l"].columns["_dlt_root_id"].root_key);
    let batches = normalizer.take_batches().unwrap();
    for child in &batches[1..] {
        assert_eq!(dump::cell(&child.batch, "_dlt_root_id", 0), dump::cell(&batches[0].batch, "_dlt_id", 0));
    }

    // Once there, the column is filled whatever the disposition.
    let mut normalizer = with_schema(normalizer.schema().clone());
    normalizer.declare(&ResourceHints::new(resource()));
    page(&mut normalizer, &[r#"{"id":1,"l":[{"m":[1]}]}"#]);
    assert!(dump::cell(&take(&mut normalizer, "t__l").batch, "_dlt_root_id", 0).is_some());
}

#[test]
fn a_table_with_rows_gets_only_columns_that_may_be_null() {
    let mut normalizer = normalizer();
    page(&mut normalizer, &[r#"{"l":[1]}"#]);
    normalizer.take_batches().unwrap();
    normalizer.declare(&merge());
    page(&mut normalizer, &[r#"{"id":1,"l":[1]}"#, r#"{"l":[1]}"#]);
    let tables = dump::tables(normalizer.schema());
    assert_eq!(tables[0], "t: _dlt_load_id text not null, _dlt_id text not null, id bigint");
    assert!(tables[1].ends_with("_dlt_id text not null, _dlt_root_id text"), "{}", tables[1]);
    assert!(normalizer.schema().tables["t"].columns["id"].primary_key);
    assert_eq!(take(&mut normalizer, "_rejected_records").batch.num_rows(), 1);
}

#[test]
fn hints_stay_until_others_are_declared() {
    let mut normalizer = normalizer();
    let mut hints = merge();
    hints.primary_key = Some(vec!["id".to_owned(), "Chat ID".to_owned()]);
    hints.merge_key = Some(vec!["visitor.userName".to_owned()]);
    hints.hard_delete = Some("deletedAt".to_owned());
    normalizer.declare(&hints);
    let table = &normalizer.schema().tables["t"];
    assert_eq!(table.columns.keys().collect::<Vec<_>>(), ["id", "chat_id", "visitor__user_name", "deleted_at"]);
    assert!(table.columns["chat_id"].primary_key && !table.columns["chat_id"].nullable);
    assert!(table.columns["visitor__user_name"].merge_key && table.columns["deleted_at"].hard_delete);
    assert_eq!(table.write_disposition, Some(WriteDisposition::Merge));
    assert_eq!(table.resource.as_deref(), Some("t"));

    let columns = table.columns.clone();
    normalizer.declare(&ResourceHints::new(resource()));
    assert_eq!(normalizer.schema().tables["t"].columns, columns);
    assert_eq!(normalizer.schema().tables["t"].write_disposition, Some(WriteDisposition::Append));
    assert_eq!(page(&mut normalizer, &["{}"]).rejected, 1);

    let mut hints = ResourceHints::new(resource());
    (hints.primary_key, hints.merge_key) = (Some(Vec::new()), Some(Vec::new()));
    normalizer.declare(&hints);
    let table = &normalizer.schema().tables["t"];
    assert!(table.columns.values().all(|c| !c.primary_key && !c.merge_key && c.nullable));
    assert_eq!(page(&mut normalizer, &["{}"]).rejected, 0);
}

#[test]
fn how_to_merge_stays_until_it_is_declared_anew() {
    let mut normalizer = normalizer();
    let mut hints = merge();
    hints.merge.strategy = Some(MergeStrategy::Upsert);
    hints.merge.dedup_sort = Some(("updatedAt".to_owned(), SortOrder::Desc));
    normalizer.declare(&hints);
    normalizer.declare(&merge());
    let table = &normalizer.schema().tables["t"];
    assert_eq!(table.merges_by(), Some(MergeStrategy::Upsert));
    assert_eq!(table.columns["updated_at"].dedup_sort, Some(SortOrder::Desc));

    hints.merge.strategy = Some(MergeStrategy::DeleteInsert);
    hints.merge.dedup_sort = Some(("id".to_owned(), SortOrder::Asc));
    normalizer.declare(&hints);
    let table = &normalizer.schema().tables["t"];
    assert_eq!(table.merges_by(), Some(MergeStrategy::DeleteInsert));
    assert_eq!(table.columns["updated_at"].dedup_sort, None);
    assert_eq!(table.columns["id"].dedup_sort, Some(SortOrder::Asc));
}

#[test]
fn batches_have_all_columns_and_start_empty_again() {
    let mut normalizer = normalizer();
    page(&mut normalizer, &[r#"{"a":1,"b":"x","c":true,"n":null}"#, r#"{"d":1.5,"e":"2024-01-02T03:04:05Z"}"#]);
    assert_eq!(normalizer.pending_rows(), 2);
    assert_eq!(normalizer.pending_bytes(), 69);
    let first = take(&mut normalizer, "t");
    assert_eq!(columns(&first), ["a", "b", "c", "_dlt_load_id", "_dlt_id", "d", "e"]);
    assert_eq!((normalizer.pending_rows(), normalizer.pending_bytes()), (0, 0));
    assert!(normalizer.take_batches().unwrap().is_empty());
    assert!(normalizer.schema().tables["t"].seen_data);

    page(&mut normalizer, &["{}", r#"{"b":"y","n":1}"#]);
    let second = take(&mut normalizer, "t");
    assert_eq!(columns(&second), ["a", "b", "c", "_dlt_load_id", "_dlt_id", "d", "e", "n"]);
    assert_eq!(dump::rows(&[second], |name, _| name.starts_with("_dlt")), ["t |", "t | b=\"y\" n=1"]);
}

#[test]
fn a_stored_schema_is_gone_on_from() {
    let mut first = normalizer();
    page(&mut first, &[r#"{"x":1,"n":null,"l":[{"y":"2024-01-02T03:04:05Z"}]}"#, r#"{"x":"text"}"#]);
    first.take_batches().unwrap();
    let stored = first.schema().clone();
    assert_eq!(stored.tables["t"].columns["n"].data_type, None);

    let mut second = with_schema(stored.clone());
    page(&mut second, &[r#"{"x":2,"l":[{"y":1700000000}]}"#, r#"{"x":"more"}"#]);
    assert_eq!(second.schema(), &stored);
    page(&mut second, &[r#"{"n":true}"#]);
    assert_eq!(second.schema().tables["t"].columns["n"].data_type, Some(DataType::Bool));
    assert_eq!(second.schema().tables["t"].columns.last().unwrap().0, "n");
}

#[test]
fn resources_do_not_get_in_each_others_way() {
    let mut normalizer = normalizer();
    let other = ResourceName::new("t__l").unwrap();
    normalizer.declare(&ResourceHints::new(other.clone()));
    page(&mut normalizer, &[r#"{"l":[{"x":1}]}"#]);
    normalizer.page(&other, LOAD, NOW, b"{\"x\":2}").unwrap();
    // A list that leads to the table of a resource makes records of that resource, as in dlt.
    let batch = take(&mut normalizer, "t__l");
    assert_eq!(columns(&batch), ["x", "_dlt_load_id", "_dlt_id"]);
    assert_eq!(batch.batch.num_rows(), 2);
}
