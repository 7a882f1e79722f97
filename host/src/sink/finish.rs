//! The end of a load: staged rows into their tables, bookkeeping, COMMIT.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use duckdb::params;
use indexmap::IndexMap;
use serde_json::Value;

use super::dml::{Chain, Link, Moment};
use super::load::Load;
use super::stored::{LOADS, STATE, VERSION};
use super::tables::Place;
use super::{Entry, InboxMark, Sink, SinkError, dml, packed, schema_json, state_json};
use crate::fault::{self, Point};
use crate::model::MergeStrategy;
use crate::normalize::schema::{Schema, Table};

/// Characters of a statement that are logged: enough to tell what it does to which table.
const SHOWN_SQL: usize = 100;

/// What ends a load.
#[derive(Clone, Copy, Debug)]
pub struct CommitLoad<'a> {
    /// Unix time with a fraction, as text; greater than any before.
    pub load_id: &'a str,
    /// All tables, those of earlier loads included.
    pub schema: &'a Schema,
    /// The state of all sources: an object, by source name.
    pub state: &'a Value,
    /// What is known of rows that wait in staging still; none when no rows do.
    pub staged: Option<&'a Value>,
    /// How far an inbox is loaded with this load; none when it brings no events.
    pub inbox: Option<InboxMark<'a>>,
    /// Root tables that are complete with this load. Those of `replace` are swapped in, even without a row; those that keep
    /// versions get the new ones.
    pub finished: &'a [String],
    /// The time of the commit, in microseconds since 1970.
    pub inserted_at: i64,
}

/// What a commit brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Rows that became visible, per data table, in the order of their first row. Rows that wait in staging count when
    /// they are swapped in.
    pub rows: IndexMap<String, u64>,
}

impl Sink {
    /// Ends the open load: merges and swaps what was staged, writes load row, schema version and state, and commits. A
    /// load without rows is committed, too: its state may be what matters.
    ///
    /// # Errors
    /// [`SinkError::Full`], [`SinkError::Contract`] and what [`SinkError`] lists beside. The load is rolled back.
    pub fn commit(&mut self, end: &CommitLoad<'_>) -> Result<Committed, SinkError> {
        self.begin()?;
        let done = self.finish(end);
        let (committed, schema_document, state_document) = self.or_rollback(done)?;
        self.schema_document = Some(schema_document);
        self.state_document = Some(state_document);
        self.load = None;
        self.new_file = false;
        self.doomed.clear();
        for root in end.finished {
            self.replaced_once.remove(root);
        }
        Ok(committed)
    }

    /// Commits rows that were staged, with the schema that they need and what is known of them, as no load of its own: readers
    /// see nothing of it but new columns and tables. Only for a load that has not changed the dataset.
    ///
    /// # Errors
    /// [`SinkError::Full`], [`SinkError::Contract`] and what [`SinkError`] lists beside. The load is rolled back.
    pub fn save(&mut self, schema: &Schema, staged: Option<&Value>, at: i64) -> Result<(), SinkError> {
        self.begin()?;
        let done = self.save_within(schema, staged, at);
        self.schema_document = Some(self.or_rollback(done)?);
        self.load = None;
        self.new_file = false;
        Ok(())
    }

    fn save_within(&mut self, schema: &Schema, staged: Option<&Value>, at: i64) -> Result<Value, SinkError> {
        let mut load = self.load.take().unwrap_or_default();
        let made = self.make_tables(&mut load, schema, &[]).and_then(|()| self.come_in(&mut load));
        let forgotten = std::mem::take(&mut load.forgotten);
        self.load = Some(load);
        made?;
        self.ensure_staged()?;
        let (document, _) = self.write_schema(schema, &forgotten, &timestamp(at)?)?;
        self.write_staged(schema, staged)?;
        self.commit_transaction()?;
        Ok(document)
    }

    fn commit_transaction(&self) -> Result<(), SinkError> {
        fault::point(Point::BeforeCommit);
        let began = Instant::now();
        self.connection.execute_batch("COMMIT").map_err(|error| self.failed("the commit", &error))?;
        tracing::debug!("{:.1?}: the commit", began.elapsed());
        fault::point(Point::AfterCommit);
        Ok(())
    }

    fn finish(&mut self, end: &CommitLoad<'_>) -> Result<(Committed, Value, Value), SinkError> {
        let roots = end.finished.iter().filter_map(|name| end.schema.tables.get(name));
        let complete: Vec<_> = roots.filter(|root| self.entry(root) == Entry::WhenComplete).collect();
        let entering = complete.iter().flat_map(|root| end.schema.below(&root.name)).chain(complete.iter().copied());
        let room = self.memory.for_tables(&self.connection, entering);
        room.map_err(|error| self.failed("making room", &error))?;
        let mut load = self.load.take().unwrap_or_default();
        let done = self.finish_rows(&mut load, end, &complete);
        // The load stays open until the commit, so that an error rolls it back.
        let rows = std::mem::take(&mut load.rows);
        let forgotten = std::mem::take(&mut load.forgotten);
        self.load = Some(load);
        done?;
        let at = timestamp(end.inserted_at)?;
        let (schema_document, hash) = self.write_schema(end.schema, &forgotten, &at)?;
        let state_document = self.write_state(end, &at)?;
        self.write_staged(end.schema, end.staged)?;
        if let Some(mark) = end.inbox {
            self.write_inbox(mark, end.load_id)?;
        }
        let name = self.tables.name(Place::Main, LOADS);
        let sql = format!(
            "INSERT INTO {name} (load_id, schema_name, status, inserted_at, schema_version_hash) \
             VALUES (?, ?, 0, CAST(? AS TIMESTAMPTZ), ?)"
        );
        self.execute(LOADS, &sql, params![end.load_id, end.schema.name, at, hash])?;
        // A kill before COMMIT leaves nothing of the load; one within it all or nothing, as DuckDB's log tells at the next
        // open, or the head of the file where the log is passed by; one after it all of the load.
        self.commit_transaction()?;
        Ok((Committed { rows }, schema_document, state_document))
    }

    /// Makes tables and columns that the schema has and the dataset lacks. `complete` are the root tables whose rows enter now.
    fn make_tables(&mut self, load: &mut Load, schema: &Schema, complete: &[&Table]) -> Result<(), SinkError> {
        for name in [VERSION, LOADS, STATE] {
            if let Some(table) = schema_json::internal_table(name) {
                let made = load.ensure(&self.connection, &mut self.tables, Place::Main, &table);
                made.map_err(|error| self.misfit(name, &error))?;
            }
        }
        for table in complete.iter().filter_map(|root| self.replaced_once.get(&root.name)).flatten() {
            let dropped = load.drop_table(&self.connection, &mut self.tables, Place::Main, table);
            dropped.map_err(|error| self.misfit(table, &error))?;
        }
        for table in schema.tables.values().filter(|table| !table.is_internal()) {
            let root = &schema.root_of(table).name;
            let waits = !complete.iter().any(|complete| complete.name == *root);
            if waits && self.replaced_once.get(root).is_some_and(|drops| !drops.is_empty()) {
                // What is there will be dropped, and looks like its older self until then.
                continue;
            }
            if self.tables.has(Place::Main, &table.name) || load.touched.contains(&table.name) {
                let made = load.ensure(&self.connection, &mut self.tables, Place::Main, table);
                made.map_err(|error| self.misfit(&table.name, &error))?;
            }
        }
        Ok(())
    }

    fn come_in(&mut self, load: &mut Load) -> Result<(), SinkError> {
        let came = load.growing.come_in(&self.connection, &self.tables);
        self.growing = load.growing.next();
        came.map_err(|(table, error)| self.misfit(&table, &error))
    }

    /// DDL, then DML: no statement of the first kind may follow one of the second.
    fn finish_rows(&mut self, load: &mut Load, end: &CommitLoad<'_>, complete: &[&Table]) -> Result<(), SinkError> {
        self.make_tables(load, end.schema, complete)?;
        if end.staged.is_some() {
            self.ensure_staged()?;
        }
        if end.inbox.is_some() {
            self.ensure_inbox()?;
        }
        self.come_in(load)?;
        for name in self.parents_first(end.schema, load) {
            let Some(child) = end.schema.tables.get(&name) else { continue };
            let Some(parent) = child.parent.as_ref().and_then(|parent| end.schema.tables.get(parent)) else { continue };
            let [child_name, parent_name] = [child, parent].map(|table| self.tables.name(Place::Main, &table.name));
            let sql = dml::fill_root_key(child, parent, &child_name, &parent_name);
            self.execute(&name, &sql, [])?;
        }
        let mut merged = Vec::new();
        for name in &load.merging {
            let Some(root) = end.schema.tables.get(name) else { continue };
            let chain = self.chain(end.schema, root, Place::Merging);
            if let Some(version) = self.versions.get(name) {
                self.count(&mut load.rows, &dml::drop_stale(&chain, version), Point::MergeStatement)?;
            }
            let statements = match root.merge_strategy.unwrap_or_default() {
                MergeStrategy::DeleteInsert => dml::delete_insert(&chain),
                MergeStrategy::Upsert => dml::upsert(&chain),
                MergeStrategy::InsertOnly => Ok(dml::insert_only(&chain)),
                // Their rows wait until the resource is complete.
                MergeStrategy::Scd2 => continue,
            };
            self.count(&mut load.rows, &statements.map_err(lacking)?, Point::MergeStatement)?;
            merged.extend(end.schema.below(name).into_iter().chain([root]).map(|table| table.name.clone()));
        }
        for table in merged {
            let dropped = load.drop_table(&self.connection, &mut self.tables, Place::Merging, &table);
            dropped.map_err(|error| self.misfit(&table, &error))?;
        }
        let time = load_time(end)?;
        let moment = Moment { load_id: end.load_id, time: &time };
        for root in complete.iter().filter(|root| self.tables.has(Place::Main, &root.name)) {
            fault::point(Point::BeforeSwap);
            let chain = self.chain(end.schema, root, Place::Staging);
            let statements = if self.replaces(root) { dml::swap(&chain, moment) } else { dml::scd2(&chain, moment) };
            self.count(&mut load.rows, &statements.map_err(lacking)?, Point::SwapStatement)?;
        }
        Ok(())
    }

    fn parents_first(&self, schema: &Schema, load: &Load) -> Vec<String> {
        let roots = schema.tables.values().filter(|table| schema.root_of(table).name == table.name);
        let below = roots.flat_map(|root| schema.below(&root.name));
        let there = |table: &&Table| self.tables.has(Place::Main, &table.name);
        let filled = below.filter(there).map(|table| table.name.clone());
        filled.filter(|name| load.without_root_key.contains(name)).collect()
    }

    /// The tables of a chain that are there, with those that their rows wait in.
    fn chain<'a>(&self, schema: &'a Schema, root: &'a Table, staged: Place) -> Chain<'a> {
        let children = schema.below(&root.name).into_iter().filter(|table| self.tables.has(Place::Main, &table.name));
        let link = |table: &'a Table| self.link(table, staged);
        Chain { root: link(root), children: children.map(link).collect() }
    }

    fn link<'a>(&self, table: &'a Table, place: Place) -> Link<'a> {
        let staged = self.tables.columns(place, &table.name);
        let main = self.tables.columns(Place::Main, &table.name).unwrap_or_default();
        Link {
            table,
            main: self.tables.name(Place::Main, &table.name),
            staging: staged.map(|_| self.tables.name(place, &table.name)),
            columns: staged.unwrap_or_default().iter().filter(|column| main.contains(column)).cloned().collect(),
            has_row_ids: main.iter().all(|column| column != "rowid"),
        }
    }

    fn count(
        &self,
        rows: &mut IndexMap<String, u64>,
        statements: &[dml::Statement<'_>],
        done: Point,
    ) -> Result<(), SinkError> {
        for statement in statements {
            let table = statement.counts.unwrap_or("of the merge");
            let began = Instant::now();
            let changed = self.execute(table, &statement.sql, [])? as u64;
            tracing::debug!("{:.1?}: {changed} rows by `{:.SHOWN_SQL$}…`", began.elapsed(), statement.sql);
            if let Some(table) = statement.counts.filter(|_| changed > 0) {
                *rows.entry(table.to_owned()).or_default() += changed;
            }
            fault::point(done);
        }
        Ok(())
    }

    /// Stores the schema when it changed; the answer is its document and its hash. Of the tables in `forgotten` it has what
    /// `schema` says and nothing else; with them go the earlier versions, as in dlt, which would find tables in them that
    /// are no more.
    fn write_schema(&self, schema: &Schema, forgotten: &[String], at: &str) -> Result<(Value, String), SinkError> {
        let mut stored = self.schema_document.clone();
        if let Some(stored) = &mut stored {
            schema_json::forget(stored, forgotten);
        }
        let document = schema_json::write(stored.as_ref(), schema);
        let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |key: &str| document.get(key).and_then(Value::as_i64).unwrap_or_default();
        let (hash, name) = (text("version_hash"), text("name"));
        let stored = self.schema_document.as_ref().and_then(|stored| stored.get("version_hash"));
        if stored.and_then(Value::as_str) != Some(&hash) {
            if !forgotten.is_empty() {
                let sql = format!("DELETE FROM {} WHERE schema_name = ?", self.tables.name(Place::Main, VERSION));
                self.execute(VERSION, &sql, [&name])?;
            }
            let sql = format!(
                "INSERT INTO {} (version, engine_version, inserted_at, schema_name, version_hash, schema) \
                 VALUES (?, ?, CAST(? AS TIMESTAMPTZ), ?, ?, ?)",
                self.tables.name(Place::Main, VERSION)
            );
            let (version, engine) = (number("version"), number("engine_version"));
            self.execute(VERSION, &sql, params![version, engine, at, name, hash, document.to_string()])?;
        }
        Ok((document, hash))
    }

    /// Stores the state when it changed; the answer is its document.
    fn write_state(&self, end: &CommitLoad<'_>, at: &str) -> Result<Value, SinkError> {
        let identity = state_json::Identity {
            pipeline: &self.options.pipeline,
            dataset: &self.options.dataset,
            schema: &end.schema.name,
        };
        let document = state_json::write(self.state_document.as_ref(), &identity, end.state);
        let hash = document.get("_version_hash").and_then(Value::as_str).unwrap_or_default();
        let stored = self.state_document.as_ref().and_then(|stored| stored.get("_version_hash"));
        if stored.and_then(Value::as_str) != Some(hash) {
            let sql = format!(
                "INSERT INTO {} (version, engine_version, pipeline_name, state, created_at, version_hash, \
                 _dlt_load_id, _dlt_id) VALUES (?, ?, ?, ?, CAST(? AS TIMESTAMPTZ), ?, ?, ?)",
                self.tables.name(Place::Main, STATE)
            );
            let number = |key: &str| document.get(key).and_then(Value::as_i64).unwrap_or_default();
            let (version, engine) = (number("_state_version"), number("_state_engine_version"));
            let other = |reason: String| SinkError::Other { doing: "storing the state".to_owned(), reason };
            let state = packed::pack(&document.to_string()).map_err(|error| other(error.to_string()))?;
            let mut id = [0; 10];
            getrandom::fill(&mut id).map_err(|error| other(error.to_string()))?;
            let id = STANDARD_NO_PAD.encode(id);
            let pipeline = &self.options.pipeline;
            self.execute(STATE, &sql, params![version, engine, pipeline, state, at, hash, end.load_id, id])?;
        }
        Ok(document)
    }

    pub(super) fn execute(&self, table: &str, sql: &str, values: impl duckdb::Params) -> Result<usize, SinkError> {
        self.connection.execute(sql, values).map_err(|error| self.misfit(table, &error))
    }
}

fn lacking(lacks: dml::Lacks) -> SinkError {
    let dml::Lacks { table, what } = lacks;
    SinkError::Contract { table, reason: format!("a merge needs {what}, which the schema lacks") }
}

/// The time of a load: its id is one, and no other load has it.
fn load_time(end: &CommitLoad<'_>) -> Result<String, SinkError> {
    let seconds_of = |id: &str| {
        let (seconds, fraction) = id.split_once('.').unwrap_or((id, ""));
        let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
        seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)
    };
    timestamp(seconds_of(end.load_id).unwrap_or(end.inserted_at))
}

/// RFC 3339 with an offset: as text a time does not depend on the time zone of the session.
fn timestamp(microseconds: i64) -> Result<String, SinkError> {
    let instant = jiff::Timestamp::from_microsecond(microseconds);
    let other = |error: jiff::Error| SinkError::Other { doing: "writing a time".to_owned(), reason: error.to_string() };
    Ok(instant.map_err(other)?.to_string())
}
