//! Which records at the boundary of a range are known: dlt's hashes of them.
//!
//! A service that is asked for values from the last one on sends the records with exactly that value again. dlt keeps a
//! hash of each in its state and drops those that it knows; the hashes here are dlt's, so that either program takes up
//! the other's state. A hash is that of the primary key if there is one, and of the whole record otherwise.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use indexmap::IndexSet;

use super::path::FieldPath;
use crate::normalize::{hash::shake128, json_text, tape::Document};

/// Bytes of a hash, and of one that dlt wrote before 1.29.
const BYTES: usize = 9;
const OLD_BYTES: usize = 15;

/// Characters of a hash that dlt wrote before 1.29.
const OLD_LENGTH: usize = 20;

/// What tells a record at the boundary from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dedup {
    /// Nothing does: no record is taken for known.
    Off,
    /// All of it.
    Record,
    /// Its key.
    Key(DedupKey),
}

/// A key, as dlt hashes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DedupKey {
    /// The fields.
    pub fields: Vec<FieldPath>,
    /// Whether the values are hashed as a list: dlt hashes a key that is given as one name without one.
    pub as_list: bool,
    /// Whether a record must have all the fields; otherwise one that has not is told by all of it.
    pub required: bool,
}

/// A record without a field of its key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MissingKey(pub(crate) String);

/// The text whose hash a record has.
pub(crate) fn record_text(document: Document<'_>) -> String {
    let mut text = String::new();
    json_text::write_sorted(document, 0, &mut text);
    text
}

impl DedupKey {
    /// The texts whose hash a record may have: as this key is written, and as dlt may have been told it.
    pub(crate) fn texts(&self, document: Document<'_>) -> Result<(String, Option<String>), MissingKey> {
        let mut values = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            let Some(at) = field.find(document) else {
                let missing = MissingKey(field.to_string());
                return if self.required { Err(missing) } else { Ok((record_text(document), None)) };
            };
            let mut value = String::new();
            json_text::write_sorted(document, at, &mut value);
            values.push(value);
        }
        let list = format!("[{}]", values.join(","));
        Ok(match values.pop() {
            Some(one) if values.is_empty() && self.as_list => (list, Some(one)),
            Some(one) if values.is_empty() => (one, Some(list)),
            _ => (list, None),
        })
    }
}

/// Hashes of the records that share one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hashes(IndexSet<String>);

impl Hashes {
    /// Takes what a state holds.
    pub(crate) fn new(hashes: impl IntoIterator<Item = String>) -> Self {
        Self(hashes.into_iter().collect())
    }

    /// Whether the record with this text is known.
    pub(crate) fn knows(&self, text: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&self.hash(text))
    }

    /// Notes the record with this text.
    pub(crate) fn note(&mut self, text: &str) {
        self.0.insert(self.hash(text));
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Forgets all but the first.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// In the order in which they were noted.
    pub(crate) fn to_vec(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }

    /// A set that an older dlt began goes on in its hashes, as in dlt, until another value has a set of its own.
    fn hash(&self, text: &str) -> String {
        if self.0.first().is_some_and(|hash| hash.len() == OLD_LENGTH) {
            digest::<OLD_BYTES>(text)
        } else {
            digest::<BYTES>(text)
        }
    }
}

fn digest<const N: usize>(text: &str) -> String {
    let mut bytes = [0; N];
    shake128(text.as_bytes(), &mut bytes);
    STANDARD_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::{parse::parse, tape::Tape};

    fn with<T>(text: &str, check: impl FnOnce(Document<'_>) -> T) -> T {
        let mut tape = Tape::default();
        parse(text, &mut tape).unwrap();
        check(Document { text, tape: &tape })
    }

    fn key(fields: &[&str], as_list: bool) -> DedupKey {
        DedupKey { fields: fields.iter().map(|field| field.parse().unwrap()).collect(), as_list, required: true }
    }

    /// The hashes are those that dlt 1.31.0 made of the same records.
    #[test]
    fn hashes_are_those_of_dlt() {
        let record =
            r#"{"b": [1, {"z": null, "a": 1.50}], "created_at": "2024-01-02T03:04:06Z", "é": "\u00fc\"", "id": 7}"#;
        assert_eq!(with(record, |record| digest::<BYTES>(&record_text(record))), "lCd/ZqNQZ2z3");
        assert_eq!(with(record, |record| digest::<OLD_BYTES>(&record_text(record))), "lCd/ZqNQZ2z3CZmB0SsW");
        let texts = with(record, |record| key(&["id"], false).texts(record)).unwrap();
        assert_eq!(digest::<BYTES>(&texts.0), "+ZB5qOrG8FH6");
        assert_eq!(digest::<BYTES>(&texts.1.unwrap()), "ZxF7bMImfzED");
        let texts = with(record, |record| key(&["created_at", "id"], true).texts(record)).unwrap();
        assert_eq!((digest::<BYTES>(&texts.0).as_str(), texts.1), ("HKMLSC0pkMg0", None));
    }

    #[test]
    fn a_missing_field_is_named() {
        let missing = with(r#"{"id":1}"#, |record| key(&["id", "a.b"], true).texts(record));
        assert_eq!(missing, Err(MissingKey("a.b".into())));
        let told = with(r#"{"id":1}"#, |record| DedupKey { required: false, ..key(&["a"], false) }.texts(record));
        assert_eq!(told, Ok((r#"{"id":1}"#.into(), None)));
    }

    #[test]
    fn a_set_of_an_older_dlt_goes_on_in_its_hashes() {
        let mut hashes = Hashes::new([digest::<OLD_BYTES>("a")]);
        assert!(hashes.knows("a") && !hashes.knows("b"));
        hashes.note("b");
        assert_eq!(hashes.to_vec(), [digest::<OLD_BYTES>("a"), digest::<OLD_BYTES>("b")]);
        hashes.clear();
        hashes.note("a");
        assert_eq!((hashes.to_vec(), hashes.knows("a")), (vec![digest::<BYTES>("a")], true));
    }
}
