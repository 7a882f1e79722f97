//! Which of the staged root rows go into the dataset.

use super::{Chain, Statement, deleted, primary_key};
use crate::{
    model::{MergeStrategy, SortOrder},
    normalize::{ROOT_NUMBER, schema::Table},
    sink::ddl::{TableName, quote},
};

/// The numbers of the root rows that go in.
const KEPT: &str = "temp.main._sluicegate_kept";

/// The choice among the staged root rows.
#[derive(Debug)]
pub(super) struct Kept {
    chosen: bool,
}

impl Kept {
    /// Statements that choose: of the rows with one primary key one, if it is not deleted, and if it meets `condition`,
    /// which calls the row `s`. When that is all rows, nothing needs to be chosen.
    pub(super) fn choose<'a>(
        chain: &Chain<'a>,
        staging: &TableName,
        condition: Option<&str>,
    ) -> (Self, Vec<Statement<'a>>) {
        let root = chain.root.table;
        let last = last_records(root, staging).map(|last| format!("{} IN ({last})", quote(ROOT_NUMBER)));
        let not_deleted = deleted(root).map(|deleted| format!("NOT {deleted}"));
        let conditions = last.into_iter().chain(not_deleted).chain(condition.map(str::to_owned));
        let conditions: Vec<_> = conditions.collect();
        if conditions.is_empty() {
            return (Self::all(), Vec::new());
        }
        let (kept, chosen) = Self::those(staging, &conditions.join(" AND "));
        (kept, vec![chosen])
    }

    /// A statement that chooses the rows that meet `condition`, which calls the row `s`.
    pub(super) fn those<'a>(staging: &TableName, condition: &str) -> (Self, Statement<'a>) {
        let number = quote(ROOT_NUMBER);
        let sql = format!("CREATE TEMPORARY TABLE {KEPT} AS SELECT {number} FROM {staging} AS s WHERE {condition}");
        (Self { chosen: true }, Statement::silent(sql))
    }

    /// All rows go in.
    pub(super) fn all() -> Self {
        Self { chosen: false }
    }

    /// The condition on a staged row, of the root table or below, that it goes in; none when all do.
    pub(super) fn condition(&self) -> Option<String> {
        self.chosen.then(|| format!("{0} IN (SELECT {0} FROM {KEPT})", quote(ROOT_NUMBER)))
    }

    /// Forgets the choice.
    pub(super) fn forget<'a>(self) -> Option<Statement<'a>> {
        self.chosen.then(|| Statement::silent(format!("DROP TABLE {KEPT}")))
    }
}

/// The numbers of the last of the staged rows with the same primary key, or of those that `dedup_sort` puts first, as a
/// query; none when no row can have the key of another.
pub(super) fn last_records(root: &Table, staging: &TableName) -> Option<String> {
    let keys: Vec<_> = primary_key(root).into_iter().map(quote).collect();
    let promised = root.deduplicated && root.merges_by() == Some(MergeStrategy::DeleteInsert);
    if keys.is_empty() || promised {
        return None;
    }
    let (number, keys) = (quote(ROOT_NUMBER), keys.join(", "));
    let sorted = root.columns.values().find(|column| column.data_type.is_some() && column.dedup_sort.is_some());
    let Some(column) = sorted else {
        return Some(format!("SELECT max({number}) FROM {staging} GROUP BY {keys}"));
    };
    let order = if column.dedup_sort == Some(SortOrder::Asc) { "ASC" } else { "DESC" };
    Some(format!(
        "SELECT {number} FROM {staging} QUALIFY \
         row_number() OVER (PARTITION BY {keys} ORDER BY {} {order} NULLS LAST, {number} DESC) = 1",
        quote(&column.name)
    ))
}
