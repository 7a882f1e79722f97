//! The normalizer as the pipeline sees it.

use std::{borrow::Cow, collections::HashSet, mem};

use super::{
    batch::{BatchError, TableBatch},
    declare::ResourceHints,
    ids::{RandomBytes, RowIds},
    json_text::without_duplicates,
    names::Naming,
    parse::parse,
    refusal::Refusal,
    rows::Rows,
    schema::Schema,
    tape::{Document, Tape},
};
use crate::model::{RejectedRecord, ResourceName};

/// What became of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageOutcome {
    /// Records that became rows.
    pub records: u64,
    /// Records that went to `_rejected_records`.
    pub rejected: u64,
    /// Bytes of the page.
    pub bytes: u64,
    /// Instants that were finer than a microsecond, and lost the rest.
    pub truncated_timestamps: u64,
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

    /// Makes the root table of a resource with its hints, or changes it to what they say now. Repeating it is safe.
    pub fn declare(&mut self, hints: &ResourceHints) {
        self.rows.declare(hints);
    }

    /// Makes rows of a page: JSON texts separated by line feeds. `now` is in microseconds since 1970 and is written
    /// beside rejected records. A resource that was not declared is one whose rows are added.
    pub fn page(&mut self, resource: &ResourceName, load_id: &str, now: i64, records: &[u8]) -> PageOutcome {
        let name = self.rows.naming.path(resource.as_str());
        let mut page = Page {
            table: self
                .rows
                .find_table(&name)
                .unwrap_or_else(|| self.rows.declare(&ResourceHints::new(resource.clone()))),
            resource,
            load_id,
            now,
            outcome: PageOutcome { bytes: records.len() as u64, ..PageOutcome::default() },
        };
        // One look at the whole page is much cheaper than one at each line.
        match str::from_utf8(records) {
            Ok(text) => {
                let mut start = 0;
                for end in memchr::memchr_iter(b'\n', records).chain([records.len()]) {
                    self.line(&mut page, text.get(start..end).unwrap_or_default());
                    start = end + 1;
                }
            }
            Err(_) => {
                for line in records.split(|byte| *byte == b'\n') {
                    if let Ok(text) = str::from_utf8(line) {
                        self.line(&mut page, text);
                    } else {
                        let raw = String::from_utf8_lossy(line.trim_ascii());
                        self.refuse(&mut page, &raw, &Refusal::NotUtf8);
                    }
                }
            }
        }
        page.outcome
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

    fn line(&mut self, page: &mut Page<'_>, line: &str) {
        let line = line.trim_matches([' ', '\t', '\r']);
        if line.is_empty() {
            return;
        }
        let mut tape = mem::take(&mut self.tape);
        let result = self.record(page, line, &mut tape);
        self.tape = tape;
        match result {
            Ok(()) => {
                page.outcome.records += 1;
                self.pending_bytes += line.len();
            }
            Err(refusal) => self.refuse(page, line, &refusal),
        }
    }

    fn record(&mut self, page: &mut Page<'_>, line: &str, tape: &mut Tape) -> Result<(), Refusal> {
        parse(line, tape)?;
        let mut document = Cow::Borrowed(&*tape);
        loop {
            self.rows.begin_record();
            let parsed = Document { text: line, tape: &document };
            match self.rows.add_record(parsed, page.table, page.load_id) {
                Ok(()) => break,
                Err(refusal) => {
                    self.rows.undo_record();
                    // The last of two equal keys counts, as for every JSON parser.
                    if refusal != Refusal::DuplicateKey || matches!(document, Cow::Owned(_)) {
                        return Err(refusal);
                    }
                    document = Cow::Owned(without_duplicates(parsed));
                }
            }
        }
        page.outcome.truncated_timestamps += self.rows.journal.truncated;
        for mut collision in self.rows.journal.collisions.drain(..) {
            page.resource.as_str().clone_into(&mut collision.resource);
            if self.told.insert(collision.clone()) {
                self.collisions.push(collision);
            }
        }
        Ok(())
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
    outcome: PageOutcome,
}
