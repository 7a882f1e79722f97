//! Staged rows into the dataset: the statements of each merge strategy and of a swap. Pure.
//!
//! The rules are dlt's (its `destinations/sql_jobs.py`), with these differences: of several records with one key the last
//! wins, not any one; an `upsert` or `insert-only` takes one record of a key, not all of them, and no deleted one; and
//! deletions by primary key and by merge key are statements of their own, since `OR` would compare each row with each.
//!
//! Which staged root rows go in is found out first and kept in a temporary table of their numbers. So the wide rows are
//! read once, and the rows below are found by number, not by the ids of their roots, which an `upsert` has twice.

mod delete_insert;
mod kept;
mod scd2;
mod stale;
mod swap;
#[cfg(test)]
mod tests;
mod upsert;

pub(super) use delete_insert::delete_insert;
pub(super) use scd2::{Moment, scd2};
pub(super) use stale::drop_stale;
pub(super) use swap::swap;
pub(super) use upsert::{insert_only, upsert};

use super::ddl::{TableName, quote};
use crate::model::MergeStrategy;
use crate::normalize::{
    ROOT_NUMBER,
    schema::{Column, DataType, Table},
};

/// The ids of the rows of the dataset whose children go, with DuckDB's own ids of these rows if they go, too.
const GONE: &str = "temp.main._sluicegate_gone";

/// A table of a chain, in the dataset and in its staging dataset.
#[derive(Clone, Debug)]
pub(super) struct Link<'a> {
    /// What the schema says of it.
    pub(super) table: &'a Table,
    /// The table that readers see.
    pub(super) main: TableName,
    /// The table with the staged rows; none when there are no staged rows.
    pub(super) staging: Option<TableName>,
    /// The columns that both have.
    pub(super) columns: Vec<String>,
    /// Whether DuckDB's row ids of the dataset's table can be named: a column of their name hides them.
    pub(super) has_row_ids: bool,
}

/// A root table and all below it, parents first.
#[derive(Clone, Debug)]
pub(super) struct Chain<'a> {
    /// The root table.
    pub(super) root: Link<'a>,
    /// The tables below.
    pub(super) children: Vec<Link<'a>>,
}

/// One statement, and the table that its rows are counted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement<'a> {
    /// The statement.
    pub(super) sql: String,
    /// The table whose rows an INSERT or an UPDATE brings; none for other statements.
    pub(super) counts: Option<&'a str>,
}

impl Statement<'_> {
    /// A statement that brings no rows.
    fn silent(sql: String) -> Self {
        Self { sql, counts: None }
    }
}

/// A table that has no column for what a merge needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lacks {
    /// The table.
    pub(super) table: String,
    /// What is needed.
    pub(super) what: &'static str,
}

/// Fills `_dlt_root_id` of rows that were loaded before the table had it, so that a merge finds them.
pub(super) fn fill_root_key(child: &Table, parent: &Table, child_name: &TableName, parent_name: &TableName) -> String {
    let root_key = quote(name_of(child, |c| c.root_key).unwrap_or("_dlt_root_id"));
    let parent_key = quote(name_of(child, |c| c.parent_key).unwrap_or("_dlt_parent_id"));
    let id = quote(row_key(parent));
    let source = match parent.parent {
        Some(_) => quote(name_of(parent, |c| c.root_key).unwrap_or("_dlt_root_id")),
        None => id.clone(),
    };
    format!(
        "UPDATE {child_name} AS c SET {root_key} = p.{source} FROM {parent_name} AS p \
         WHERE c.{parent_key} = p.{id} AND c.{root_key} IS NULL"
    )
}

/// Whether a merge has anything to merge by; without it the rows are appended.
pub(super) fn merges(root: &Table) -> bool {
    let by_primary_key = root.merge_strategy.is_some_and(MergeStrategy::needs_primary_key);
    let has = |column: &Column| column.primary_key || (!by_primary_key && (column.merge_key || column.hard_delete));
    root.columns.values().any(|column| column.data_type.is_some() && has(column))
}

/// The condition that rows `d` and `s` have the same key.
fn same_key(keys: &[&str]) -> String {
    let same: Vec<_> = keys.iter().map(|key| format!("d.{0} = s.{0}", quote(key))).collect();
    same.join(" AND ")
}

/// The rows `d` of the dataset that have the key of a staged row, as what follows `FROM`. A join, since DuckDB passes by the row
/// groups that cannot hold such a key for one, and reads all of the table for `EXISTS`.
fn matched(main: &TableName, staging: &TableName, keys: &[&str]) -> String {
    format!("{main} AS d SEMI JOIN {staging} AS s ON {}", same_key(keys))
}

/// The condition on a staged row that no row of the dataset has its key: by a join, too.
fn unmatched(main: &TableName, staging: &TableName, keys: &[&str]) -> String {
    let (number, same_key) = (quote(ROOT_NUMBER), same_key(keys));
    format!("{number} NOT IN (SELECT s.{number} FROM {main} AS d JOIN {staging} AS s ON {same_key})")
}

/// Statements that delete what is below the root rows that one of `matched` finds. The rows below are found by the ids of the root
/// rows, so those are found first; with `and_roots` they go, too, without being looked for once more.
fn delete_matched<'a>(chain: &Chain<'a>, matched: &[String], and_roots: bool) -> Result<Vec<Statement<'a>>, Lacks> {
    if (chain.children.is_empty() && !and_roots) || matched.is_empty() {
        return Ok(Vec::new());
    }
    let id = (!chain.children.is_empty()).then(|| format!("d.{} AS id", quote(row_key(chain.root.table))));
    let row_id = and_roots.then(|| "d.rowid AS row_id".to_owned());
    let columns = id.into_iter().chain(row_id).collect::<Vec<_>>().join(", ");
    let gone: Vec<_> = matched.iter().map(|matched| format!("SELECT {columns} FROM {matched}")).collect();
    let mut statements =
        vec![Statement::silent(format!("CREATE TEMPORARY TABLE {GONE} AS {}", gone.join(" UNION ALL ")))];
    // What is found by the rows above it goes before those do.
    for child in chain.children.iter().rev() {
        statements.push(Statement::silent(format!("DELETE FROM {} WHERE {}", child.main, below_gone(chain, child)?)));
    }
    if and_roots {
        let main = &chain.root.main;
        statements.push(Statement::silent(format!("DELETE FROM {main} WHERE rowid IN (SELECT row_id FROM {GONE})")));
    }
    statements.push(Statement::silent(format!("DROP TABLE {GONE}")));
    Ok(statements)
}

/// Puts the staged rows that meet a condition into the dataset. `value` says what a column gets, where that is not what
/// was staged.
fn insert<'a>(
    link: &Link<'a>,
    condition: Option<&str>,
    value: impl Fn(&str) -> Option<String>,
) -> Option<Statement<'a>> {
    let staging = link.staging.as_ref()?;
    let columns: Vec<_> = link.columns.iter().map(|column| quote(column)).collect();
    let values: Vec<_> = link.columns.iter().map(|column| value(column).unwrap_or_else(|| quote(column))).collect();
    let (columns, values) = (columns.join(", "), values.join(", "));
    let condition = condition.map_or_else(String::new, |condition| format!(" WHERE {condition}"));
    let sql = format!("INSERT INTO {} ({columns}) SELECT {values} FROM {staging} AS s{condition}", link.main);
    Some(Statement { sql, counts: Some(&link.table.name) })
}

/// For [`insert`]: all columns get what was staged.
fn as_staged(_: &str) -> Option<String> {
    None
}

/// Statements that empty the staging tables, for temporary ones go by themselves.
fn clear<'a>(chain: &Chain<'a>) -> impl Iterator<Item = Statement<'a>> {
    let links = chain.children.iter().chain([&chain.root]);
    links.filter_map(|link| link.staging.as_ref()).map(|staging| Statement::silent(format!("DELETE FROM {staging}")))
}

fn names(table: &Table, is: fn(&Column) -> bool) -> Vec<&str> {
    let has = |column: &&Column| is(column) && column.data_type.is_some();
    table.columns.values().filter(has).map(|column| column.name.as_str()).collect()
}

fn name_of(table: &Table, is: fn(&Column) -> bool) -> Option<&str> {
    names(table, is).first().copied()
}

fn primary_key(table: &Table) -> Vec<&str> {
    names(table, |column| column.primary_key)
}

/// The column that tells rows apart. Where it tells versions apart it is no key, for a version may come again.
fn row_key(table: &Table) -> &str {
    name_of(table, |c| c.row_key).unwrap_or("_dlt_id")
}

/// The condition on a row below a root that this one goes: by the column that tells the root row, or by the rows above it, for
/// a table that was appended to has no such column before rows come to it by a merge.
fn below_gone(chain: &Chain<'_>, child: &Link<'_>) -> Result<String, Lacks> {
    let within = |key: &str, ids: String| format!("{} IN ({ids})", quote(key));
    if let Some(root_key) = name_of(child.table, |c| c.root_key) {
        return Ok(within(root_key, format!("SELECT id FROM {GONE}")));
    }
    let lacks = || Lacks { table: child.table.name.clone(), what: "the column `_dlt_parent_id`" };
    let parent_key = name_of(child.table, |c| c.parent_key).ok_or_else(lacks)?;
    let above = child.table.parent.as_deref().unwrap_or_default();
    if above == chain.root.table.name {
        return Ok(within(parent_key, format!("SELECT id FROM {GONE}")));
    }
    // Parents stand before their children, so this comes to an end whatever a schema says.
    let before = chain.children.iter().take_while(|link| link.table.name != child.table.name);
    let parent = before.filter(|link| link.table.name == above).last().ok_or_else(lacks)?;
    let ids =
        format!("SELECT {} FROM {} WHERE {}", quote(row_key(parent.table)), parent.main, below_gone(chain, parent)?);
    Ok(within(parent_key, ids))
}

/// The condition on a root row that it is deleted; none when no column says so. A truth value deletes when it is true,
/// anything else when it is there.
fn deleted(root: &Table) -> Option<String> {
    let column = root.columns.values().find(|column| column.hard_delete && column.data_type.is_some())?;
    let name = quote(&column.name);
    Some(match column.data_type {
        Some(DataType::Bool) => format!("({name} IS TRUE)"),
        _ => format!("({name} IS NOT NULL)"),
    })
}
