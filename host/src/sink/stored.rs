//! What earlier loads left, by this program or by dlt: tables, schema, state.

use duckdb::Connection;
use serde_json::{Map, Value};

use super::tables::{Place, Tables};
use super::{SinkError, SinkOptions, packed, schema_json, staged};
use crate::normalize::schema::Schema;

/// dlt's table of loads.
pub(super) const LOADS: &str = "_dlt_loads";

/// dlt's table of schemas.
pub(super) const VERSION: &str = "_dlt_version";

/// dlt's table of states.
pub(super) const STATE: &str = "_dlt_pipeline_state";

/// What earlier loads left, by this program or by dlt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stored {
    /// The data tables as last stored; none when the dataset or this source in it is new.
    pub schema: Option<Schema>,
    /// The state of all sources of the pipeline, by source name: what `sources` is in dlt's state.
    pub state: Option<Map<String, Value>>,
    /// What was noted beside rows that wait in staging, as long as these rows are there.
    pub staged: Option<Value>,
}

/// What is in the file, as dlt's documents, so that hints of dlt survive.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) tables: Tables,
    pub(super) schema: Option<Value>,
    pub(super) state: Option<Value>,
    pub(super) staged: Option<Value>,
}

impl Found {
    /// Reads the catalog, and the newest documents of the source and of the pipeline.
    pub(super) fn read(connection: &Connection, options: &SinkOptions) -> Result<Self, SinkError> {
        let tables = Tables::read(connection, &options.dataset);
        let tables = tables.map_err(|error| SinkError::classify(&options.path, "reading the catalog", &error))?;
        let reader = Documents { connection, options, tables: &tables };
        let schema = reader.latest(
            &[VERSION],
            &format!(
                "SELECT schema FROM {} WHERE schema_name = ? ORDER BY inserted_at DESC, version DESC LIMIT 1",
                tables.name(Place::Main, VERSION)
            ),
            &options.schema_name,
        )?;
        // As dlt reads it: the state of a load that was not completed does not count.
        let state = reader.latest(
            &[STATE, LOADS],
            &format!(
                "SELECT s.state FROM {} AS s JOIN {} AS l ON l.load_id = s._dlt_load_id \
                 WHERE s.pipeline_name = ? AND l.status = 0 ORDER BY l.load_id DESC, s.version DESC LIMIT 1",
                tables.name(Place::Main, STATE),
                tables.name(Place::Main, LOADS)
            ),
            &options.pipeline,
        )?;
        let staged = staged::read(connection, options, &tables)?;
        Ok(Self { tables, schema, state, staged })
    }
}

/// The newest documents as the pipeline knows them.
pub(super) fn documents(
    options: &SinkOptions,
    schema: Option<&Value>,
    state: Option<&Value>,
    staged: Option<Value>,
) -> Result<Stored, SinkError> {
    let schema = schema.map(schema_json::read).transpose();
    let schema = schema.map_err(|reason| bookkeeping(options, VERSION, reason))?;
    let state = state.map(|document| match document.get("sources") {
        Some(Value::Object(sources)) => sources.clone(),
        _ => Map::new(),
    });
    Ok(Stored { schema, state, staged })
}

struct Documents<'a> {
    connection: &'a Connection,
    options: &'a SinkOptions,
    tables: &'a Tables,
}

impl Documents<'_> {
    /// The document that a query finds first; none when one of its tables is not there.
    fn latest(&self, tables: &[&'static str], sql: &str, value: &str) -> Result<Option<Value>, SinkError> {
        if !tables.iter().all(|table| self.tables.has(Place::Main, table)) {
            return Ok(None);
        }
        let text: String = match self.connection.query_row(sql, [value], |row| row.get(0)) {
            Ok(text) => text,
            Err(duckdb::Error::QueryReturnedNoRows) => return Ok(None),
            Err(error) => return Err(SinkError::classify(&self.options.path, "reading the bookkeeping", &error)),
        };
        let document = packed::document(&text);
        document.map(Some).map_err(|reason| bookkeeping(self.options, tables[0], reason))
    }
}

pub(super) fn bookkeeping(options: &SinkOptions, table: &'static str, reason: String) -> SinkError {
    SinkError::Bookkeeping { dataset: options.dataset.clone(), table, reason }
}
