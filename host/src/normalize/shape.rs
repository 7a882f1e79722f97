//! What is known about the objects at one place of a record: which keys they have and where each key's value goes.
//!
//! Records of a resource look alike, so keys come in the order of the record before. Each key is compared with the one
//! that is expected next; only when it is another is it looked up. Names are made once per key, not once per value.

use std::collections::HashMap;

use super::{
    names::{Naming, SEPARATOR},
    table::System,
};

/// No column, table or shape yet.
pub(crate) const NONE: usize = usize::MAX;

/// The keys of the objects at one place of a table's records.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Normalized names of the keys that lead here, joined; empty at the top of a row.
    pub(crate) path: String,
    /// The keys themselves, joined by dots, for people.
    raw_path: String,
    pub(crate) slots: Vec<Slot>,
    /// At the same places as the slots.
    pub(crate) details: Vec<Detail>,
    index: HashMap<Box<[u8]>, usize>,
}

/// What is looked at for each value of a key.
#[derive(Debug)]
pub(crate) struct Slot {
    /// The key.
    pub(crate) raw: Box<[u8]>,
    /// The row in which the key was met last.
    pub(crate) seen: u64,
    /// The column that its values go to; [`NONE`] while there is none.
    pub(crate) column: usize,
    /// The shape of the objects under this key.
    pub(crate) object: usize,
    /// Set when the name is one that the normalizer fills itself.
    pub(crate) system: Option<System>,
}

/// What is looked at when a key comes for the first time, or in a way that is rare.
#[derive(Debug)]
pub(crate) struct Detail {
    /// The key's own normalized name.
    pub(crate) ident: String,
    /// The name of the column that its values go to.
    pub(crate) name: String,
    /// How many columns the table had when the column was looked for in vain.
    pub(crate) looked_among: usize,
    /// The column for the rows in which another key has taken the name.
    pub(crate) alias: usize,
    /// The table of the lists under this key.
    pub(crate) list: usize,
    /// The table for the rows in which another key has taken that table.
    pub(crate) list_alias: usize,
}

impl Shape {
    /// The top of a row.
    pub(crate) fn top() -> Self {
        Self::new(String::new(), String::new())
    }

    fn new(path: String, raw_path: String) -> Self {
        Self { path, raw_path, slots: Vec::new(), details: Vec::new(), index: HashMap::new() }
    }

    /// The shape of the objects under a key.
    pub(crate) fn under(&self, slot: usize) -> Self {
        Self::new(Naming::join(&self.path, &self.details[slot].ident), self.raw_path_of(slot))
    }

    /// The keys that lead to a value, joined by dots.
    pub(crate) fn raw_path_of(&self, slot: usize) -> String {
        let raw = String::from_utf8_lossy(&self.slots[slot].raw);
        if self.raw_path.is_empty() { raw.into_owned() } else { format!("{}.{raw}", self.raw_path) }
    }

    /// The slot of a key, if it was met before. `expected` is the slot after that of the key before.
    #[inline]
    pub(crate) fn find(&self, key: &[u8], expected: usize) -> Option<usize> {
        match self.slots.get(expected) {
            Some(slot) if same_key(&slot.raw, key) => Some(expected),
            _ => self.index.get(key).copied(),
        }
    }

    /// Makes the slot of a key that was not met before. `system` tells which names the normalizer fills itself.
    pub(crate) fn add(&mut self, key: &[u8], naming: Naming, system: impl Fn(&str) -> Option<System>) -> usize {
        let ident = naming.path(&String::from_utf8_lossy(key));
        let name = naming.fit(&Naming::join(&self.path, &ident));
        let slot = self.slots.len();
        self.index.insert(key.into(), slot);
        let system = system(&name);
        self.slots.push(Slot { raw: key.into(), seen: 0, column: NONE, object: NONE, system });
        let details = Detail { ident, name, looked_among: NONE, alias: NONE, list: NONE, list_alias: NONE };
        self.details.push(details);
        slot
    }
}

/// Whether two keys are the same. Most are, and most are short: to call a comparison of memory for each takes longer.
#[inline]
pub(crate) fn same_key(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let (words, rest) = one.as_chunks::<8>();
    let (other_words, other_rest) = other.as_chunks::<8>();
    let same_words = words.iter().zip(other_words).all(|(a, b)| u64::from_ne_bytes(*a) == u64::from_ne_bytes(*b));
    same_words && rest.iter().zip(other_rest).all(|(a, b)| a == b)
}

/// The name of the column that values go to which do not fit their own.
pub(crate) fn variant_name(naming: Naming, column: &str, word: &str) -> String {
    naming.fit(&format!("{column}{SEPARATOR}v_{word}"))
}
