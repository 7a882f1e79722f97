//! `_rejected_records`: the records that could not be loaded, and why.

use super::{
    infer::Scalar,
    refusal::Refusal,
    rows::Rows,
    schema::{Column, DataType},
};
use crate::model::RejectedRecord;

/// The table of rejected records.
pub const REJECTED_TABLE: &str = "_rejected_records";

const COLUMNS: [(&str, DataType); 5] = [
    ("resource", DataType::Text),
    ("_dlt_load_id", DataType::Text),
    ("reason", DataType::Text),
    ("raw", DataType::Text),
    ("rejected_at", DataType::Timestamp),
];

impl Rows {
    /// Adds a row for a rejected record. `now` is in microseconds since 1970.
    pub(crate) fn add_rejected(
        &mut self,
        resource: &str,
        load_id: &str,
        now: i64,
        rejected: &RejectedRecord,
    ) -> Result<(), Refusal> {
        let table = self
            .find_table(REJECTED_TABLE)
            .unwrap_or_else(|| self.add_table(REJECTED_TABLE.to_owned(), REJECTED_TABLE.to_owned(), None));
        self.begin_row(table);
        let texts = [resource, load_id, &rejected.reason, &rejected.raw];
        for (place, (name, data_type)) in COLUMNS.into_iter().enumerate() {
            let column = self.column(table, name);
            if self.tables[table].columns[column].cells.is_none() {
                self.type_column(table, column, data_type, |column: &mut Column| {
                    column.nullable = name != "_dlt_load_id";
                });
            }
            match texts.get(place) {
                Some(text) => self.put_into(table, column, Scalar::Text(text))?,
                None => self.put_instant(table, column, now),
            }
        }
        self.tables[table].rows += 1;
        Ok(())
    }

    fn put_instant(&mut self, table: usize, column: usize, micros: i64) {
        let state = &mut self.tables[table];
        if let Some(cells) = &mut state.columns[column].cells {
            cells.push_int(state.rows, micros);
        }
    }
}
