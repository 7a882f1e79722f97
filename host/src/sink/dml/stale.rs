//! Staged rows that are older than what is in the dataset: they stay out.

use super::{Chain, Statement, names, primary_key, same_key};
use crate::{normalize::ROOT_NUMBER, sink::ddl::quote};

/// Statements that take the staged rows back which a row of the dataset with the same primary key is later than, by a column
/// of both, and what was staged below them. Without a key or the column there is nothing to compare.
pub(in crate::sink) fn drop_stale<'a>(chain: &Chain<'a>, version: &str) -> Vec<Statement<'a>> {
    let keys = primary_key(chain.root.table);
    let Some(staging) = chain.root.staging.as_ref().filter(|_| !keys.is_empty()) else { return Vec::new() };
    let is_there = |name: &&str| chain.root.columns.iter().any(|column| column == name);
    let Some(version) = names(chain.root.table, |_| true).into_iter().filter(is_there).find(|name| *name == version)
    else {
        return Vec::new();
    };
    let (version, number) = (quote(version), quote(ROOT_NUMBER));
    let later = format!("d.{version} IS NOT NULL AND (s.{version} IS NULL OR d.{version} > s.{version})");
    let root = format!(
        "DELETE FROM {staging} AS s WHERE EXISTS (SELECT 1 FROM {} AS d WHERE {} AND {later})",
        chain.root.main,
        same_key(&keys)
    );
    let below = chain.children.iter().filter_map(|link| link.staging.as_ref()).map(|child| {
        Statement::silent(format!("DELETE FROM {child} WHERE {number} NOT IN (SELECT {number} FROM {staging})"))
    });
    [Statement::silent(root)].into_iter().chain(below).collect()
}
