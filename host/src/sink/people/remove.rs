//! Removes the rows that were found, with all below them.

use duckdb::arrow::array::{Array as _, AsArray as _};
use duckdb::arrow::datatypes::Int64Type;
use indexmap::IndexMap;

use super::super::ddl::TableName;
use super::sources::Catalog;
use super::{Hits, Search, Tables};
use crate::fault::{self, Point};
use crate::normalize::REJECTED_TABLE;
use crate::privacy::people::Marks;
use crate::sink::{Sink, SinkError};

/// The keys of rows that go, with the table that they are of.
pub(in crate::sink) const GONE: &str = "temp.main._sluicegate_forgotten";

/// Rows that were removed, by table; tables of the staging dataset have its name before theirs.
pub type Removed = IndexMap<String, u64>;

impl Sink {
    /// Removes the rows of a search and all below them, and those rejected records whose text `is_named` takes for the
    /// person's. All of it is one transaction, which began with the search.
    ///
    /// # Errors
    /// What [`SinkError`] lists. Nothing is removed then.
    pub fn remove(
        &mut self,
        search: &Search,
        hits: &Hits,
        is_named: &dyn Fn(&str) -> bool,
    ) -> Result<Removed, SinkError> {
        let removed = self.remove_within(search, hits, is_named);
        let removed = self.or_rollback(removed)?;
        self.commit_removal()?;
        Ok(removed)
    }

    /// Ends a transaction that removed rows, and is no load.
    pub(in crate::sink) fn commit_removal(&mut self) -> Result<(), SinkError> {
        fault::point(Point::BeforeCommit);
        let committed = self.connection.execute_batch("COMMIT").map_err(|error| self.failed("the commit", &error));
        self.or_rollback(committed)?;
        self.load = None;
        fault::point(Point::AfterCommit);
        Ok(())
    }

    fn remove_within(
        &self,
        search: &Search,
        hits: &Hits,
        is_named: &dyn Fn(&str) -> bool,
    ) -> Result<Removed, SinkError> {
        let mut removed = Removed::new();
        self.execute("of the rows", &format!("CREATE OR REPLACE TEMPORARY TABLE {GONE} (of VARCHAR, id VARCHAR)"), [])?;
        for (number, root) in search.roots.iter().enumerate() {
            let keys = hits.range((number, String::new())..(number + 1, String::new())).map(|((_, key), _)| key);
            let of = root.name.to_string();
            let mut any = false;
            for key in keys {
                self.execute(&of, &format!("INSERT INTO {GONE} VALUES (?, ?)"), [&of, key])?;
                any = true;
            }
            if any {
                self.remove_below(search, &root.name, &mut removed)?;
                let sql = format!("DELETE FROM {of} AS r WHERE {} IN (SELECT id FROM {GONE} WHERE of = ?)", root.key);
                self.count_removed(&of, &sql, &[&of], &root.name, &mut removed)?;
            }
        }
        self.remove_rejected(search, is_named, &mut removed)?;
        self.execute("of the rows", &format!("DROP TABLE {GONE}"), [])?;
        Ok(removed)
    }

    /// Removes what is below the rows of a table that go, the deepest first.
    pub(in crate::sink) fn remove_below(
        &self,
        search: &Search,
        parent: &TableName,
        removed: &mut Removed,
    ) -> Result<(), SinkError> {
        let none = Marks::default();
        let resources = std::collections::BTreeMap::new();
        let own = parent.table.to_lowercase();
        let is_there = |tables: &&Tables| {
            tables.get(&own).is_some_and(|(name, _)| name.schema.eq_ignore_ascii_case(&parent.schema))
        };
        let Some(tables) = search.tables.iter().find(is_there) else { return Ok(()) };
        let catalog = Catalog { tables, marks: &none, resources: &resources };
        let parent_name = parent.to_string();
        let children: Vec<_> = catalog.children(&own).map(|(_, full)| full.clone()).collect();
        for name in children {
            let of = name.to_string();
            let sql = format!(
                "INSERT INTO {GONE} SELECT ?, CAST(_dlt_id AS VARCHAR) FROM {of} WHERE _dlt_parent_id IN \
                 (SELECT id FROM {GONE} WHERE of = ?)"
            );
            if self.execute(&of, &sql, [&of, &parent_name])? == 0 {
                continue;
            }
            self.remove_below(search, &name, removed)?;
            let sql = format!("DELETE FROM {of} WHERE _dlt_parent_id IN (SELECT id FROM {GONE} WHERE of = ?)");
            self.count_removed(&of, &sql, &[&parent_name], &name, removed)?;
        }
        Ok(())
    }

    /// Removes the rejected records that name a person. They have no keys, and are few.
    fn remove_rejected(
        &self,
        search: &Search,
        is_named: &dyn Fn(&str) -> bool,
        removed: &mut Removed,
    ) -> Result<(), SinkError> {
        for (name, columns) in search.tables.iter().filter_map(|tables| tables.get(REJECTED_TABLE)) {
            if !columns.contains_key("raw") {
                continue;
            }
            let of = name.to_string();
            let failed = |error: duckdb::Error| self.failed(&format!("looking through {of}"), &error);
            let sql = format!("SELECT rowid, CAST(raw AS VARCHAR) FROM {of}");
            let mut statement = self.connection.prepare(&sql).map_err(failed)?;
            let mut rows: Vec<String> = Vec::new();
            for batch in statement.stream_arrow([]).map_err(failed)? {
                let numbers = batch.column(0).as_primitive_opt::<Int64Type>();
                let (Some(numbers), Some(texts)) = (numbers, batch.column(1).as_string_opt::<i32>()) else { continue };
                let named = (0..batch.num_rows()).filter(|row| texts.is_valid(*row) && is_named(texts.value(*row)));
                rows.extend(named.map(|row| numbers.value(row).to_string()));
            }
            drop(statement);
            for some in rows.chunks(1000) {
                let sql = format!("DELETE FROM {of} WHERE rowid IN ({})", some.join(", "));
                self.count_removed(&of, &sql, &[], name, removed)?;
            }
        }
        Ok(())
    }

    pub(in crate::sink) fn count_removed(
        &self,
        of: &str,
        sql: &str,
        values: &[&String],
        name: &TableName,
        removed: &mut Removed,
    ) -> Result<(), SinkError> {
        let rows = self.execute(of, sql, duckdb::params_from_iter(values))? as u64;
        fault::point(Point::RowsRemoved);
        let is_main = name.schema.eq_ignore_ascii_case(&self.options.dataset);
        let shown = if is_main { name.table.clone() } else { format!("{}.{}", name.schema, name.table) };
        if rows > 0 {
            *removed.entry(shown).or_default() += rows;
        }
        Ok(())
    }
}
