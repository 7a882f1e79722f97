//! Rows go that were loaded long ago, with all below them.
//!
//! The age of a row is that of its load: no other time is known of each table. All of it is one transaction. As after any
//! deletion, DuckDB keeps the bytes in its file until they are overwritten, or until `forget` writes it anew.

use std::time::Duration;

use super::ddl::quote;
use super::people::{GONE, Removed, Search};
use super::stored::LOADS;
use super::tables::Place;
use super::{Sink, SinkError};
use crate::privacy::people::Marks;

/// How long the rows of a root table, and those below it, are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The root table, or `_rejected_records`.
    pub table: String,
    /// Since they were loaded.
    pub age: Duration,
}

impl Sink {
    /// Removes rows that were loaded before their time. `now` is in microseconds since 1970. A table that is not there, or is
    /// none of loads, is passed over.
    ///
    /// # Errors
    /// What [`SinkError`] lists. Nothing is removed then.
    pub fn retain(&mut self, retention: &[Retention], now: i64) -> Result<Removed, SinkError> {
        let there = |limit: &&Retention| {
            let columns = self.tables.columns(Place::Main, &limit.table).unwrap_or_default();
            columns.iter().any(|column| column == "_dlt_load_id") && self.tables.has(Place::Main, LOADS)
        };
        let limits: Vec<&Retention> = retention.iter().filter(there).collect();
        let mut old = Vec::new();
        for limit in limits {
            let age = i64::try_from(limit.age.as_micros()).unwrap_or(i64::MAX);
            let condition = self.loaded_before(&limit.table, now.saturating_sub(age));
            let name = self.tables.name(Place::Main, &limit.table);
            let sql = format!("SELECT count(*) FROM {name} AS r WHERE {condition}");
            let rows: i64 = self
                .connection
                .query_row(&sql, [], |row| row.get(0))
                .map_err(|error| self.failed("looking for old rows", &error))?;
            if rows > 0 {
                old.push((limit.table.as_str(), condition));
            }
        }
        if old.is_empty() {
            return Ok(Removed::new());
        }
        let search = self.search(&Marks::default(), None)?;
        let removed = self.retain_within(&search, &old);
        let removed = self.or_rollback(removed)?;
        self.commit_removal()?;
        Ok(removed)
    }

    fn retain_within(&self, search: &Search, old: &[(&str, String)]) -> Result<Removed, SinkError> {
        let mut removed = Removed::new();
        self.execute("of the rows", &format!("CREATE OR REPLACE TEMPORARY TABLE {GONE} (of VARCHAR, id VARCHAR)"), [])?;
        for (table, condition) in old {
            let name = self.tables.name(Place::Main, table);
            let of = name.to_string();
            let has_id = self.tables.columns(Place::Main, table).unwrap_or_default().iter().any(|c| c == "_dlt_id");
            if has_id {
                let sql =
                    format!("INSERT INTO {GONE} SELECT ?, CAST(r._dlt_id AS VARCHAR) FROM {of} AS r WHERE {condition}");
                self.execute(&of, &sql, [&of])?;
                self.remove_below(search, &name, &mut removed)?;
            }
            self.count_removed(&of, &format!("DELETE FROM {of} AS r WHERE {condition}"), &[], &name, &mut removed)?;
        }
        self.execute("of the rows", &format!("DROP TABLE {GONE}"), [])?;
        Ok(removed)
    }

    /// The condition on rows `r` of a table. The id of a load is its time, too, for rows of which no load is known.
    fn loaded_before(&self, table: &str, before: i64) -> String {
        let (name, loads) = (self.tables.name(Place::Main, table), self.tables.name(Place::Main, LOADS));
        let id = quote("_dlt_load_id");
        format!(
            "r.{id} IN (SELECT d.id FROM (SELECT DISTINCT {id} AS id FROM {name}) AS d LEFT JOIN {loads} AS l \
             ON l.load_id = d.id GROUP BY d.id HAVING coalesce(max(epoch_us(l.inserted_at)), \
             CAST(TRY_CAST(d.id AS DOUBLE) * 1e6 AS BIGINT)) < {before})"
        )
    }
}
