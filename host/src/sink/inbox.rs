//! How far the events of an inbox are loaded.
//!
//! The inbox numbers its events, and the number up to which they are loaded is written in the transaction of their rows. So
//! the destination itself knows what it has: a database that is new, or that was put back from a copy, gets the events that
//! it lacks. dlt knows nothing of the table, and leaves it alone.

use duckdb::params;

use super::ddl::create_table;
use super::tables::Place;
use super::{Sink, SinkError};
use crate::normalize::schema::{Column, DataType, Table};

/// The table of inboxes.
const INBOX: &str = "_sluicegate_inbox";

/// The columns: the inbox, the number of its last event that is loaded, and the load that brought it.
const COLUMNS: [(&str, DataType); 3] =
    [("inbox_id", DataType::Text), ("loaded_through", DataType::Bigint), ("_dlt_load_id", DataType::Text)];

/// How far an inbox is loaded with a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxMark<'a> {
    /// The inbox.
    pub inbox: &'a str,
    /// The number of its last event that is loaded.
    pub through: u64,
}

impl Sink {
    /// The number of the last event of an inbox that is loaded; none when nothing of it is.
    ///
    /// # Errors
    /// What [`SinkError`] lists.
    pub fn loaded_through(&self, inbox: &str) -> Result<Option<u64>, SinkError> {
        if !self.tables.has(Place::Main, INBOX) {
            return Ok(None);
        }
        let sql =
            format!("SELECT max(loaded_through) FROM {} WHERE inbox_id = ?", self.tables.name(Place::Main, INBOX));
        let found = self.connection.query_row(&sql, [inbox], |row| row.get::<_, Option<i64>>(0));
        let found = found.map_err(|error| self.failed("reading how far events are loaded", &error))?;
        Ok(found.and_then(|through| u64::try_from(through).ok()))
    }

    /// Makes the table, so that a later write needs no DDL.
    pub(super) fn ensure_inbox(&mut self) -> Result<(), SinkError> {
        if self.tables.has(Place::Main, INBOX) {
            return Ok(());
        }
        let column = |(name, data_type): (&str, DataType)| (name.to_owned(), Column::new(name, Some(data_type)));
        let table = Table { columns: COLUMNS.map(column).into_iter().collect(), ..Table::new(INBOX) };
        if let Some(sql) = create_table(&self.tables.name(Place::Main, INBOX), &table) {
            self.execute(INBOX, &sql, [])?;
        }
        for (column, _) in COLUMNS {
            self.tables.note_column(Place::Main, INBOX, column);
        }
        Ok(())
    }

    /// Notes how far an inbox is loaded with the open load.
    pub(super) fn write_inbox(&self, mark: InboxMark<'_>, load_id: &str) -> Result<(), SinkError> {
        let name = self.tables.name(Place::Main, INBOX);
        let through = i64::try_from(mark.through).unwrap_or(i64::MAX);
        let sql = format!("UPDATE {name} SET loaded_through = ?, _dlt_load_id = ? WHERE inbox_id = ?");
        if self.execute(INBOX, &sql, params![through, load_id, mark.inbox])? == 0 {
            let sql = format!("INSERT INTO {name} (inbox_id, loaded_through, _dlt_load_id) VALUES (?, ?, ?)");
            self.execute(INBOX, &sql, params![mark.inbox, through, load_id])?;
        }
        Ok(())
    }
}
