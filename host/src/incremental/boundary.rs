//! A value of the incremental field with the records that have it.

use super::{
    dedup::{Dedup, Hashes, MissingKey, record_text},
    mark::Mark,
};
use crate::{
    normalize::{
        parse::parse,
        tape::{Document, Tape},
    },
    state,
};

/// How records at a boundary are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) dedup: Dedup,
    /// Whether a record that is known by its key and has changed is to be taken: it is merged then.
    pub(crate) takes_changed: bool,
}

impl Identity {
    /// The text of a record's key, where records are told apart by one.
    pub(crate) fn key(&self, record: Document<'_>) -> Result<Option<String>, MissingKey> {
        match &self.dedup {
            Dedup::Key(key) => Ok(Some(key.texts(record)?.0)),
            Dedup::Off | Dedup::Record => Ok(None),
        }
    }

    /// Whether whole records are hashed beside their keys.
    fn hashes_both(&self) -> bool {
        self.takes_changed && matches!(self.dedup, Dedup::Key(_))
    }
}

/// A value, and hashes of the records that have it.
#[derive(Clone, Debug)]
pub(crate) struct Boundary {
    mark: Mark,
    /// dlt's.
    hashes: Hashes,
    /// Of whole records, where dlt's are of keys.
    records: Hashes,
    /// The text of the one record whose whole is still to be hashed. Where values ascend, each record begins a boundary
    /// that the next one ends, and hashing them all would cost as much as loading them.
    pending: String,
}

/// How many records at a boundary were known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    hashes: usize,
    records: usize,
}

impl Boundary {
    /// A boundary at which no record is known.
    pub(crate) fn new(mark: Mark) -> Self {
        Self { mark, hashes: Hashes::default(), records: Hashes::default(), pending: String::new() }
    }

    /// A boundary as it was kept; none when its value is none to go on by.
    pub(crate) fn restore(stored: &state::Boundary) -> Option<Self> {
        Some(Self {
            hashes: Hashes::new(stored.unique_hashes.iter().cloned()),
            records: Hashes::new(stored.records.iter().cloned()),
            ..Self::new(Mark::new(&stored.value)?)
        })
    }

    /// The value.
    pub(crate) fn mark(&self) -> &Mark {
        &self.mark
    }

    /// How many records are known to have it.
    pub(crate) fn len(&self) -> usize {
        self.hashes.len() + usize::from(!self.pending.is_empty() && self.hashes.len() == 0)
    }

    /// Moves on to a higher value, at which no record is known. The answer is the boundary that was left, unless it is to be
    /// forgotten.
    pub(crate) fn move_to(&mut self, mark: Mark, forgets: bool) -> Option<Self> {
        if !forgets {
            return Some(std::mem::replace(self, Self::new(mark)));
        }
        self.mark = mark;
        self.hashes.clear();
        self.records.clear();
        self.pending.clear();
        None
    }

    /// How many records are known, to go back to.
    pub(crate) fn known(&mut self, identity: &Identity) -> Known {
        self.settle(identity);
        Known { hashes: self.hashes.len(), records: self.records.len() }
    }

    /// Forgets the records that were noted since.
    pub(crate) fn back_to(mut self, known: Known) -> Self {
        self.hashes.truncate(known.hashes);
        self.records.truncate(known.records);
        self.pending.clear();
        self
    }

    /// Whether a record with this value is known.
    pub(crate) fn knows(&self, record: Document<'_>, identity: &Identity) -> Result<bool, MissingKey> {
        match &identity.dedup {
            Dedup::Off => Ok(false),
            Dedup::Record => Ok(self.hashes.knows(&record_text(record))),
            Dedup::Key(_) if identity.takes_changed => Ok(self.records.knows(&record_text(record))),
            Dedup::Key(key) => {
                let (text, other) = key.texts(record)?;
                Ok(self.hashes.knows(&text) || other.is_some_and(|other| self.hashes.knows(&other)))
            }
        }
    }

    /// Notes that a record has this value. `key` is the text of its key.
    pub(crate) fn note(&mut self, record: Document<'_>, key: Option<&str>, identity: &Identity) {
        if let Some(key) = key {
            self.hashes.note(key);
        }
        if identity.dedup == Dedup::Record || identity.hashes_both() {
            if self.pending.is_empty() && self.whole(identity).len() == 0 {
                self.pending.push_str(record.text);
            } else {
                self.settle(identity);
                self.whole(identity).note(&record_text(record));
            }
        }
    }

    /// The boundary as it is kept.
    pub(crate) fn store(&mut self, identity: &Identity) -> state::Boundary {
        self.settle(identity);
        state::Boundary {
            value: self.mark.stored(),
            unique_hashes: self.hashes.to_vec(),
            records: self.records.to_vec(),
        }
    }

    /// Hashes the record that waits for it.
    pub(crate) fn settle(&mut self, identity: &Identity) {
        if self.pending.is_empty() {
            return;
        }
        let mut tape = Tape::default();
        // It was parsed before; it cannot fail now.
        if parse(&self.pending, &mut tape).is_ok() {
            let text = record_text(Document { text: &self.pending, tape: &tape });
            self.whole(identity).note(&text);
        }
        self.pending.clear();
    }

    /// The hashes of whole records.
    fn whole(&mut self, identity: &Identity) -> &mut Hashes {
        if identity.hashes_both() { &mut self.records } else { &mut self.hashes }
    }
}
