//! Staged rows into the dataset: the statements of a merge and of a swap. Pure.
//!
//! dlt's delete-insert, with two differences: of several records with one key the last wins, not any one; and deletions
//! by primary key and by merge key are statements of their own, since `OR` would compare each row with each.

use super::ddl::{TableName, quote};
use crate::normalize::schema::{Column, DataType, Table};

/// The condition that each row meets.
const ALL: &str = "1 = 1";

/// A table of a chain, in the dataset and in its staging dataset.
#[derive(Clone, Debug)]
pub(super) struct Link<'a> {
    /// What the schema says of it.
    pub(super) table: &'a Table,
    /// The table that readers see.
    pub(super) main: TableName,
    /// The table with the staged rows; none when nothing was ever staged.
    pub(super) staging: Option<TableName>,
    /// The columns that both have.
    pub(super) columns: Vec<String>,
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
    /// The table whose rows an INSERT adds; none for other statements.
    pub(super) counts: Option<&'a str>,
}

/// A table below the root that has no column to tell the root's row by.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoRootKey(pub(super) String);

/// Statements that put the staged rows in place of those with the same keys.
pub(super) fn merge<'a>(chain: &Chain<'a>) -> Result<Vec<Statement<'a>>, NoRootKey> {
    let mut statements = Vec::new();
    if let Some(staging) = &chain.root.staging {
        let row_key = quote(row_key(chain.root.table));
        for keys in [names(chain.root.table, |c| c.primary_key), names(chain.root.table, |c| c.merge_key)] {
            if keys.is_empty() {
                continue;
            }
            let same: Vec<_> = keys.iter().map(|key| format!("d.{0} = s.{0}", quote(key))).collect();
            let matched = format!("EXISTS (SELECT 1 FROM {staging} AS s WHERE {})", same.join(" AND "));
            for child in &chain.children {
                let root_key = quote(root_key(chain, child)?);
                let roots = format!("SELECT d.{row_key} FROM {} AS d WHERE {matched}", chain.root.main);
                statements.push(other(format!("DELETE FROM {} WHERE {root_key} IN ({roots})", child.main)));
            }
            statements.push(other(format!("DELETE FROM {} AS d WHERE {matched}", chain.root.main)));
        }
    }
    statements.extend(inserts(chain, None)?);
    statements.extend(cleared(chain));
    Ok(statements)
}

/// Statements that put the staged rows in place of all. A merge table is freed of double keys on the way. The staged
/// rows may come from several loads; in the dataset they are all of the load with the id `load_id`.
pub(super) fn swap<'a>(chain: &Chain<'a>, load_id: &str) -> Result<Vec<Statement<'a>>, NoRootKey> {
    let all = chain.children.iter().rev().chain([&chain.root]);
    let mut statements: Vec<_> = all.map(|link| other(format!("DELETE FROM {}", link.main))).collect();
    statements.extend(inserts(chain, Some(load_id))?);
    statements.extend(cleared(chain));
    Ok(statements)
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
pub(super) fn has_keys(root: &Table) -> bool {
    root.columns
        .values()
        .any(|column| (column.primary_key || column.merge_key || hard_deletes(column)) && typed(column))
}

fn inserts<'a>(chain: &Chain<'a>, load_id: Option<&str>) -> Result<Vec<Statement<'a>>, NoRootKey> {
    let Some(staging) = &chain.root.staging else { return Ok(Vec::new()) };
    let merges = chain.root.table.write_disposition == Some(crate::model::WriteDisposition::Merge);
    let keys = if merges { names(chain.root.table, |c| c.primary_key) } else { Vec::new() };
    let deleted = chain.root.table.columns.values().find(|column| merges && hard_deletes(column));
    let condition = deleted.map_or_else(|| ALL.to_owned(), not_deleted);
    let last = last_records(staging, &keys);
    let mut statements = vec![insert(&chain.root, &last, &condition, load_id)];
    let kept = format!("SELECT {} FROM {last} WHERE {condition}", quote(row_key(chain.root.table)));
    for child in &chain.children {
        let Some(staging) = &child.staging else { continue };
        let condition = if keys.is_empty() && deleted.is_none() {
            ALL.to_owned()
        } else {
            format!("{} IN ({kept})", quote(root_key(chain, child)?))
        };
        statements.push(insert(child, &staging.to_string(), &condition, load_id));
    }
    Ok(statements)
}

/// The staged rows; with keys, the last of those that share them. DuckDB scans in the order of insertion.
fn last_records(staging: &TableName, keys: &[&str]) -> String {
    if keys.is_empty() {
        return staging.to_string();
    }
    let keys: Vec<_> = keys.iter().map(|key| quote(key)).collect();
    format!(
        "(SELECT * FROM (SELECT *, row_number() OVER () AS _dlt_position FROM {staging}) \
         QUALIFY row_number() OVER (PARTITION BY {} ORDER BY _dlt_position DESC) = 1)",
        keys.join(", ")
    )
}

fn insert<'a>(link: &Link<'a>, from: &str, condition: &str, load_id: Option<&str>) -> Statement<'a> {
    let columns: Vec<_> = link.columns.iter().map(|column| quote(column)).collect();
    let value = |column: &String| match load_id {
        Some(load_id) if column == "_dlt_load_id" && link.table.parent.is_none() => super::ddl::literal(load_id),
        _ => quote(column),
    };
    let values: Vec<_> = link.columns.iter().map(value).collect();
    let (columns, values) = (columns.join(", "), values.join(", "));
    let sql = format!("INSERT INTO {} ({columns}) SELECT {values} FROM {from} WHERE {condition}", link.main);
    Statement { sql, counts: Some(&link.table.name) }
}

fn cleared<'a>(chain: &Chain<'a>) -> Vec<Statement<'a>> {
    let links = chain.children.iter().chain([&chain.root]);
    links.filter_map(|link| link.staging.as_ref()).map(|staging| other(format!("DELETE FROM {staging}"))).collect()
}

fn other<'a>(sql: String) -> Statement<'a> {
    Statement { sql, counts: None }
}

fn typed(column: &Column) -> bool {
    column.data_type.is_some()
}

fn hard_deletes(column: &Column) -> bool {
    column.hard_delete && typed(column)
}

/// A truth value deletes when it is true, anything else when it is there.
fn not_deleted(column: &Column) -> String {
    let name = quote(&column.name);
    match column.data_type {
        Some(DataType::Bool) => format!("({name} IS NULL OR {name} = FALSE)"),
        _ => format!("{name} IS NULL"),
    }
}

fn names(table: &Table, is: fn(&Column) -> bool) -> Vec<&str> {
    table.columns.values().filter(|column| is(column) && typed(column)).map(|column| column.name.as_str()).collect()
}

fn name_of(table: &Table, is: fn(&Column) -> bool) -> Option<&str> {
    names(table, is).first().copied()
}

fn row_key(table: &Table) -> &str {
    name_of(table, |c| c.row_key).unwrap_or("_dlt_id")
}

/// The column of a child that tells its root row; right below the root the parent's will do.
fn root_key<'a>(chain: &Chain<'a>, child: &Link<'a>) -> Result<&'a str, NoRootKey> {
    let below_root = child.table.parent.as_deref() == Some(chain.root.table.name.as_str());
    let parent_key = || if below_root { name_of(child.table, |c| c.parent_key) } else { None };
    name_of(child.table, |c| c.root_key).or_else(parent_key).ok_or_else(|| NoRootKey(child.table.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::super::ddl::tests::table;
    use super::*;
    use crate::model::WriteDisposition;

    const ID: (&str, Option<DataType>) = ("id", Some(DataType::Bigint));

    fn name(schema: &str, table: &str) -> TableName {
        TableName { catalog: "f".into(), schema: schema.into(), table: table.into() }
    }

    fn link(table: &Table) -> Link<'_> {
        Link {
            table,
            main: name("d", &table.name),
            staging: Some(name("d_staging", &table.name)),
            columns: table.columns.keys().cloned().collect(),
        }
    }

    fn merge_root() -> Table {
        let mut root = table("t", &[ID, ("gone", Some(DataType::Bool)), ("_dlt_load_id", Some(DataType::Text))]);
        root.write_disposition = Some(WriteDisposition::Merge);
        root.columns["id"].primary_key = true;
        root.columns["gone"].hard_delete = true;
        root
    }

    #[test]
    fn statements_of_a_merge() {
        let root = merge_root();
        let mut child = table("t__c", &[("v", Some(DataType::Text)), ("_dlt_root_id", Some(DataType::Text))]);
        child.parent = Some("t".into());
        child.columns["_dlt_root_id"].root_key = true;
        let chain = Chain { root: link(&root), children: vec![link(&child)] };
        let sql: Vec<_> = merge(&chain).unwrap().into_iter().map(|statement| statement.sql).collect();
        insta::assert_snapshot!(sql.join(";\n"));
    }

    #[test]
    fn statements_of_a_swap() {
        let mut root = merge_root();
        root.write_disposition = Some(WriteDisposition::Replace);
        let mut child = table("t__c", &[("v", Some(DataType::Text))]);
        child.parent = Some("t".into());
        let chain = Chain { root: link(&root), children: vec![link(&child)] };
        let sql: Vec<_> = swap(&chain, "1.5").unwrap().into_iter().map(|statement| statement.sql).collect();
        insta::assert_snapshot!(sql.join(";\n"));
    }

    #[test]
    fn a_grandchild_needs_a_root_key() {
        let root = merge_root();
        let mut child = table("t__c__d", &[("_dlt_parent_id", Some(DataType::Text))]);
        child.parent = Some("t__c".into());
        child.columns["_dlt_parent_id"].parent_key = true;
        let chain = Chain { root: link(&root), children: vec![link(&child)] };
        assert_eq!(merge(&chain).unwrap_err(), NoRootKey("t__c__d".into()));
    }
}
