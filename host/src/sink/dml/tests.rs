//! The statements, as text. What they do is judged by the sink's own tests, on a database.

use super::*;
use crate::{
    model::{Instant, MergeStrategy, SortOrder, WriteDisposition},
    normalize::schema::VersionPart,
    sink::ddl::tests::table,
};

const ID: (&str, Option<DataType>) = ("id", Some(DataType::Bigint));
const TEXT: Option<DataType> = Some(DataType::Text);
const MOMENT: Moment<'_> = Moment { load_id: "1.5", time: "1970-01-01 00:00:01.5+00" };

fn name(schema: &str, table: &str) -> TableName {
    TableName { catalog: "f".into(), schema: schema.into(), table: table.into() }
}

fn link(table: &Table) -> Link<'_> {
    Link {
        table,
        main: name("d", &table.name),
        staging: Some(name("d_staging", &table.name)),
        columns: table.columns.keys().cloned().collect(),
        has_row_ids: !table.columns.contains_key("rowid"),
    }
}

/// A root table with a key and a mark for deleted rows, and a table below it.
fn tables(strategy: MergeStrategy) -> (Table, Table) {
    let mut root = table("t", &[ID, ("at", TEXT), ("gone", Some(DataType::Bool)), ("_dlt_load_id", TEXT)]);
    root.write_disposition = Some(WriteDisposition::Merge);
    root.merge_strategy = Some(strategy);
    root.columns["id"].primary_key = true;
    root.columns["gone"].hard_delete = true;
    let mut child = table("t__c", &[("v", TEXT), ("_dlt_root_id", TEXT)]);
    child.parent = Some("t".into());
    child.columns["_dlt_root_id"].root_key = true;
    (root, child)
}

fn text(statements: Vec<Statement<'_>>) -> String {
    let statements: Vec<_> = statements.into_iter().map(|statement| statement.sql).collect();
    statements.join(";\n")
}

#[test]
fn statements_of_a_delete_insert() {
    let (mut root, child) = tables(MergeStrategy::DeleteInsert);
    root.columns["at"].merge_key = true;
    let chain = Chain { root: link(&root), children: vec![link(&child)] };
    insta::assert_snapshot!(text(delete_insert(&chain).unwrap()));
}

#[test]
fn a_column_may_hide_the_row_ids() {
    let (mut root, child) = tables(MergeStrategy::DeleteInsert);
    root.columns.insert("rowid".into(), Column::new("rowid", TEXT));
    let chain = Chain { root: link(&root), children: vec![link(&child)] };
    let text = text(delete_insert(&chain).unwrap());
    assert!(!text.contains("d.rowid") && !text.contains("WHERE rowid"), "{text}");
    assert!(text.contains("DELETE FROM \"f\".\"d\".\"t\" AS d WHERE EXISTS"), "{text}");
}

#[test]
fn rows_that_are_all_kept_need_no_choice() {
    let (mut root, child) = tables(MergeStrategy::DeleteInsert);
    root.columns["gone"].hard_delete = false;
    root.deduplicated = true;
    let chain = Chain { root: link(&root), children: vec![link(&child)] };
    insta::assert_snapshot!(text(delete_insert(&chain).unwrap()));
}

#[test]
fn statements_of_an_upsert() {
    let (mut root, child) = tables(MergeStrategy::Upsert);
    root.columns["at"].dedup_sort = Some(SortOrder::Desc);
    let chain = Chain { root: link(&root), children: vec![link(&child)] };
    insta::assert_snapshot!(text(upsert(&chain).unwrap()));
}

#[test]
fn statements_of_an_insert_only() {
    let (root, child) = tables(MergeStrategy::InsertOnly);
    let chain = Chain { root: link(&root), children: vec![link(&child)] };
    insta::assert_snapshot!(text(insert_only(&chain)));
}

fn versions() -> (Table, Table) {
    let (mut root, child) = tables(MergeStrategy::Scd2);
    let times = Some(DataType::Timestamp);
    for (name, data_type, part) in [
        ("from", times, VersionPart::ValidFrom),
        ("to", times, VersionPart::ValidTo { active: None }),
        ("_dlt_id", TEXT, VersionPart::RowVersion),
    ] {
        let column = Column { version: Some(part), ..Column::new(name, data_type) };
        root.columns.insert(name.to_owned(), column);
    }
    root.columns["id"].primary_key = false;
    (root, child)
}

#[test]
fn statements_of_an_scd2() {
    let (root, child) = versions();
    let chain = Chain { root: link(&root), children: vec![link(&child)] };
    insta::assert_snapshot!(text(scd2(&chain, MOMENT).unwrap()));
}

#[test]
fn statements_of_an_scd2_by_keys_and_with_other_times() {
    let (mut root, _) = versions();
    root.columns["id"].primary_key = true;
    root.columns["at"].merge_key = true;
    root.columns["to"].version = Some(VersionPart::ValidTo { active: Instant::parse("9999-12-31") });
    root.boundary_timestamp = Instant::parse("2026-01-02T03:04:05+01:00");
    let chain = Chain { root: link(&root), children: Vec::new() };
    insta::assert_snapshot!(text(scd2(&chain, MOMENT).unwrap()));
}

#[test]
fn versions_need_their_columns() {
    let (mut root, _) = versions();
    root.columns["to"].version = None;
    let chain = Chain { root: link(&root), children: Vec::new() };
    assert_eq!(scd2(&chain, MOMENT).unwrap_err(), Lacks { table: "t".into(), what: "columns for versions" });
}

#[test]
fn statements_of_a_swap() {
    let (mut root, child) = tables(MergeStrategy::DeleteInsert);
    root.write_disposition = Some(WriteDisposition::Replace);
    let chain = Chain { root: link(&root), children: vec![link(&child)] };
    insta::assert_snapshot!(text(swap(&chain, MOMENT).unwrap()));
}

#[test]
fn what_has_no_root_key_is_found_by_the_rows_above_it() {
    let (root, _) = tables(MergeStrategy::DeleteInsert);
    let below = |name: &str, parent: &str| {
        let mut child = table(name, &[("_dlt_parent_id", TEXT), ("_dlt_id", TEXT)]);
        child.parent = Some(parent.into());
        child.columns["_dlt_parent_id"].parent_key = true;
        child
    };
    let (child, grandchild, orphan) = (below("t__c", "t"), below("t__c__d", "t__c"), below("t__e__f", "t__e"));
    let chain = Chain { root: link(&root), children: vec![link(&child), link(&grandchild)] };
    let deletes: Vec<_> = text(delete_insert(&chain).unwrap()).lines().skip(1).take(2).map(str::to_owned).collect();
    let gone = "SELECT id FROM temp.main._sluicegate_gone";
    assert_eq!(
        deletes,
        [
            format!(
                r#"DELETE FROM "f"."d"."t__c__d" WHERE "_dlt_parent_id" IN (SELECT "_dlt_id" FROM "f"."d"."t__c" WHERE "_dlt_parent_id" IN ({gone}));"#
            ),
            format!(r#"DELETE FROM "f"."d"."t__c" WHERE "_dlt_parent_id" IN ({gone});"#),
        ]
    );
    let chain = Chain { root: link(&root), children: vec![link(&orphan)] };
    assert_eq!(
        delete_insert(&chain).unwrap_err(),
        Lacks { table: "t__e__f".into(), what: "the column `_dlt_parent_id`" }
    );
}
