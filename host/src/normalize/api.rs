//! The normalizer as the pipeline sees it.

use std::{borrow::Cow, collections::HashSet, mem};

use indexmap::IndexSet;

use super::{
    batch::{BatchError, TableBatch},
    contract::{BrokenContract, Discarded, Violation},
    declare::{IdleHint, ResourceHints},
    gate::{Gate, Verdict},
    ids::{RandomBytes, RowIds},
    json_text::without_duplicates,
    names::Naming,
    parse::parse,
    refusal::Refusal,
    rows::Rows,
    schema::Schema,
    tape::{Document, Tape},
};
use crate::model::{RejectedRecord, ResourceName, SchemaContract};

/// What became of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageOutcome {
    /// Records that became rows.
    pub records: u64,
    /// Records that went to `_rejected_records`.
    pub rejected: u64,
    /// Records that the gate did not want.
    pub filtered: u64,
    /// Bytes of the page.
    pub bytes: u64,
    /// Instants that were finer than a microsecond, and lost the rest.
    pub truncated_timestamps: u64,
    /// What contracts have dropped: records that are neither rows nor rejected, and parts of records that are rows.
    pub discarded: Discarded,
}

/// Two keys of one record that have the same normalized name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Collision {
    /// The resource of the record.
    pub resource: String,
    /// The table of the row.
    pub table: String,
    /// The keys, as dotted paths: the one that has the name, and the one that comes later in the record.
    pub keys: [String; 2],
    /// The column of the second key; for lists the table of the second key.
    pub column: String,
}

/// Turns records into rows, and keeps the schema and the rows until they are taken.
#[derive(Debug)]
pub struct Normalizer {
    rows: Rows,
    tape: Tape,
    pending_bytes: usize,
    /// Collisions that were told, and those still to tell.
    told: HashSet<Collision>,
    collisions: Vec<Collision>,
}

impl Normalizer {
    /// Goes on from a schema: the one that is stored, or an empty one. `ids` fills its argument with random bytes.
    pub fn new(schema: Schema, ids: RandomBytes) -> Self {
        Self {
            rows: Rows::new(schema, RowIds::new(ids), Naming::default()),
            tape: Tape::default(),
            pending_bytes: 0,
            told: HashSet::new(),
            collisions: Vec::new(),
        }
    }

    /// Sets the contract of the whole pipeline: it holds for each resource that is declared from now on without one of its
    /// own, whatever was stored.
    pub fn set_contract(&mut self, contract: SchemaContract) {
        self.rows.schema.schema_contract = Some(contract);
        self.rows.pipeline_contract = Some(contract);
    }

    /// Makes the root table of a resource with its hints, or changes it to what they say now. Repeating it is safe. The
    /// answer is the hints that have no effect.
    pub fn declare(&mut self, hints: &ResourceHints) -> Vec<IdleHint> {
        self.rows.declare(hints).1
    }

    /// Makes rows of a page: JSON texts separated by line feeds. `now` is in microseconds since 1970 and is written
    /// beside rejected records. A resource that was not declared is one whose rows are added.
    ///
    /// # Errors
    /// When a frozen contract refuses a record. The page has left no trace then, and can be given again.
    pub fn page(
        &mut self,
        resource: &ResourceName,
        load_id: &str,
        now: i64,
        records: &[u8],
    ) -> Result<PageOutcome, BrokenContract> {
        self.page_through(resource, load_id, now, records, None)
    }

    /// As [`Normalizer::page`], with a gate that says which records are wanted.
    pub(crate) fn page_through<'a>(
        &mut self,
        resource: &'a ResourceName,
        load_id: &'a str,
        now: i64,
        records: &[u8],
        gate: Option<&'a mut dyn Gate>,
    ) -> Result<PageOutcome, BrokenContract> {
        let name = self.rows.naming.path(resource.as_str());
        let known = self.rows.find_table(&name);
        let table = known.unwrap_or_else(|| self.rows.declare(&ResourceHints::new(resource.clone())).0);
        let outcome = PageOutcome { bytes: records.len() as u64, ..PageOutcome::default() };
        let mut page = Page { table, resource, load_id, now, gate, outcome, collisions: IndexSet::new() };
        let pending_bytes = self.pending_bytes;
        self.rows.begin_page();
        if let Err(violation) = self.lines(&mut page, records) {
            self.rows.undo_page();
            self.pending_bytes = pending_bytes;
            return Err(self.rows.broken(resource, table, *violation));
        }
        let told = &mut self.told;
        self.collisions.extend(page.collisions.into_iter().filter(|collision| told.insert(collision.clone())));
        Ok(page.outcome)
    }

    /// The resource was read to its end: its root table is no new one any more.
    pub fn settle(&mut self, resource: &ResourceName) {
        let name = self.rows.naming.path(resource.as_str());
        if let Some(table) = self.rows.schema.tables.get_mut(&name) {
            table.evolves_once &= !table.seen_data;
        }
    }

    /// The contract that holds for a resource, in the words of the pipeline file and with its place.
    pub fn contract_of(&self, resource: &ResourceName) -> Option<String> {
        self.rows.contract_of(resource)
    }

    /// Puts a record aside that the source could not deliver.
    pub fn reject(&mut self, resource: &ResourceName, load_id: &str, now: i64, rejected: &RejectedRecord) {
        self.rows.begin_record();
        if self.rows.add_rejected(resource.as_str(), load_id, now, rejected).is_err() {
            // The column of texts is full: better the reason alone than nothing.
            self.rows.undo_record();
            let reason = RejectedRecord { raw: String::new(), reason: rejected.reason.clone() };
            if self.rows.add_rejected(resource.as_str(), load_id, now, &reason).is_err() {
                self.rows.undo_record();
            }
        }
        self.pending_bytes += rejected.raw.len();
    }

    /// Rows that were not taken yet, of all tables.
    pub fn pending_rows(&self) -> usize {
        self.rows.pending()
    }

    /// About how many bytes the rows stand for that were not taken yet: those of their records.
    pub fn pending_bytes(&self) -> usize {
        self.pending_bytes
    }

    /// Hands out all rows, by table in the order of the schema. Tables without rows are left out.
    ///
    /// # Errors
    /// Only when the normalizer itself is wrong; the rows are lost then.
    pub fn take_batches(&mut self) -> Result<Vec<TableBatch>, BatchError> {
        self.pending_bytes = 0;
        self.rows.take_batches()
    }

    /// The schema with all that the records so far have brought.
    pub fn schema(&self) -> &Schema {
        &self.rows.schema
    }

    /// The collisions that no one was told of yet. Each is told once.
    pub fn take_collisions(&mut self) -> Vec<Collision> {
        mem::take(&mut self.collisions)
    }

    fn lines(&mut self, page: &mut Page<'_>, records: &[u8]) -> Result<(), Box<Violation>> {
        // One look at the whole page is much cheaper than one at each line.
        match simdutf8::basic::from_utf8(records) {
            Ok(text) => {
                let mut start = 0;
                for end in memchr::memchr_iter(b'\n', records).chain([records.len()]) {
                    self.line(page, text.get(start..end).unwrap_or_default())?;
                    start = end + 1;
                }
            }
            Err(_) => {
                for line in records.split(|byte| *byte == b'\n') {
                    if let Ok(text) = str::from_utf8(line) {
                        self.line(page, text)?;
                    } else {
                        let raw = String::from_utf8_lossy(line.trim_ascii());
                        self.refuse(page, &raw, &Refusal::NotUtf8);
                    }
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, page: &mut Page<'_>, line: &str) -> Result<(), Box<Violation>> {
        let line = line.trim_matches([' ', '\t', '\r']);
        if line.is_empty() {
            return Ok(());
        }
        let mut tape = mem::take(&mut self.tape);
        let result = self.record(page, line, &mut tape);
        self.tape = tape;
        match result {
            Ok(true) => {
                page.outcome.records += 1;
                self.pending_bytes += line.len();
            }
            Ok(false) => page.outcome.filtered += 1,
            Err(Refusal::Discarded) => page.outcome.discarded.records += 1,
            Err(Refusal::Frozen(violation)) => return Err(violation),
            Err(refusal) => self.refuse(page, line, &refusal),
        }
        Ok(())
    }

    /// Makes rows of a record; tells whether it was wanted.
    fn record(&mut self, page: &mut Page<'_>, line: &str, tape: &mut Tape) -> Result<bool, Refusal> {
        parse(line, tape)?;
        if let Some(gate) = &mut page.gate {
            match gate.pass(Document { text: line, tape }) {
                Verdict::Take => {}
                Verdict::Leave => return Ok(false),
                Verdict::Reject(reason) => return Err(Refusal::Unwanted(reason)),
            }
        }
        let mut document = Cow::Borrowed(&*tape);
        loop {
            self.rows.begin_record();
            let parsed = Document { text: line, tape: &document };
            match self.rows.add_record(parsed, page.table, page.load_id) {
                Ok(()) => break,
                Err(refusal) => {
                    self.rows.undo_record();
                    if refusal == Refusal::Discarded {
                        page.outcome.discarded.rows += self.rows.rows_of_record(parsed, page.table);
                    }
                    // The last of two equal keys counts, as for every JSON parser.
                    if refusal != Refusal::DuplicateKey || matches!(document, Cow::Owned(_)) {
                        return Err(refusal);
                    }
                    document = Cow::Owned(without_duplicates(parsed));
                }
            }
        }
        page.outcome.truncated_timestamps += self.rows.journal.truncated;
        page.outcome.discarded += self.rows.journal.discarded;
        for mut collision in self.rows.journal.collisions.drain(..) {
            page.resource.as_str().clone_into(&mut collision.resource);
            if !self.told.contains(&collision) {
                page.collisions.insert(collision);
            }
        }
        Ok(true)
    }

    fn refuse(&mut self, page: &mut Page<'_>, raw: &str, refusal: &Refusal) {
        page.outcome.rejected += 1;
        let rejected = RejectedRecord { raw: raw.to_owned(), reason: refusal.to_string() };
        self.reject(page.resource, page.load_id, page.now, &rejected);
    }
}

/// The page that is being read.
struct Page<'a> {
    table: usize,
    resource: &'a ResourceName,
    load_id: &'a str,
    now: i64,
    gate: Option<&'a mut dyn Gate>,
    outcome: PageOutcome,
    /// Collisions that no one was told of yet.
    collisions: IndexSet<Collision>,
}
