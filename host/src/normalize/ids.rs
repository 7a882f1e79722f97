//! `_dlt_id`: what tells one row from another.
//!
//! A root row gets ten random bytes, or a hash of what is in it; a child row a hash of its parent's id, its table and its
//! place in the list, so that the same record always has the same children. All are written in base 64, 14 characters.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use super::hash::shake128;

/// Bytes of an id.
const ID_BYTES: usize = 10;

/// Characters of an id.
const ID_LENGTH: usize = 14;

/// How many random bytes are asked for at once: asking for ten at a time would cost more than all else about a row.
const RANDOM_BYTES: usize = 4_000;

/// Fills its argument with random bytes.
pub type RandomBytes = Box<dyn FnMut(&mut [u8]) + Send>;

/// Makes the ids of rows.
pub(crate) struct RowIds {
    random: RandomBytes,
    unused: Vec<u8>,
    text: String,
}

impl RowIds {
    /// Ids whose random bytes are filled in by `random`.
    pub(crate) fn new(random: RandomBytes) -> Self {
        Self { random, unused: Vec::new(), text: String::new() }
    }

    /// Writes the id of a root row.
    pub(crate) fn root(&mut self, id: &mut String) {
        if self.unused.len() < ID_BYTES {
            self.unused.resize(RANDOM_BYTES, 0);
            (self.random)(&mut self.unused);
        }
        let mut bytes = [0; ID_BYTES];
        for (byte, random) in bytes.iter_mut().zip(self.unused.drain(self.unused.len() - ID_BYTES..)) {
            *byte = random;
        }
        encode(bytes, id);
    }

    /// Writes the id that a text leads to.
    pub(crate) fn hashed(text: &str, id: &mut String) {
        let mut bytes = [0; ID_BYTES];
        shake128(text.as_bytes(), &mut bytes);
        encode(bytes, id);
    }

    /// Writes the id of a child row.
    pub(crate) fn child(&mut self, parent: &str, table: &str, index: usize, id: &mut String) {
        self.text.clear();
        for part in [parent, "_", table, "_"] {
            self.text.push_str(part);
        }
        push_decimal(index, &mut self.text);
        Self::hashed(&self.text, id);
    }
}

impl fmt::Debug for RowIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowIds").finish_non_exhaustive()
    }
}

/// Appends a number; the formatting machinery would cost as much as all the rest of an id but the hash.
fn push_decimal(number: usize, text: &mut String) {
    let mut power = 1;
    while number / power > 9 {
        power *= 10;
    }
    while power > 0 {
        let digit = u32::try_from(number / power % 10).unwrap_or_default();
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
        power /= 10;
    }
}

fn encode(bytes: [u8; ID_BYTES], id: &mut String) {
    let mut text = [0; ID_LENGTH];
    id.clear();
    // Ten bytes are 14 characters of ASCII, so neither step can fail.
    if STANDARD_NO_PAD.encode_slice(bytes, &mut text).is_ok() {
        id.push_str(std::str::from_utf8(&text).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting() -> RowIds {
        let mut next = 0_u8;
        RowIds::new(Box::new(move |bytes| {
            bytes.fill_with(|| {
                next = next.wrapping_add(1);
                next
            });
        }))
    }

    #[test]
    fn the_id_of_a_child_is_the_hash_that_dlt_makes() {
        let mut id = String::new();
        counting().child("CxJk0wIVvPC0LA", "t__x", 0, &mut id);
        assert_eq!(id, "eGCdsJzK8PFr2w");
    }

    #[test]
    fn numbers_are_written_in_decimals() {
        for number in [0, 1, 9, 10, 99, 100, 1_234_567_890, usize::MAX] {
            let mut text = String::new();
            push_decimal(number, &mut text);
            assert_eq!(text, number.to_string());
        }
    }

    #[test]
    fn ids_of_roots_have_fourteen_characters_and_differ() {
        let mut ids = counting();
        let mut seen = std::collections::HashSet::new();
        let mut id = String::new();
        for _ in 0..128 {
            ids.root(&mut id);
            assert_eq!(id.len(), ID_LENGTH);
            assert!(seen.insert(id.clone()), "{id} came twice");
        }
    }
}
