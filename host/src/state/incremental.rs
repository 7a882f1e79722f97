//! What is remembered of an incremental field: dlt's own record of it, and a read that is under way.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// dlt's state of an incremental field, `resources.<resource>.incremental.<cursor_path>` in its document.
///
/// Values are JSON scalars as the records had them; a Python time stands as a text with dlt's tag in front.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// What the settings said when the state was made.
    #[serde(default)]
    pub initial_value: Value,
    /// The highest value of all reads that came to their end.
    #[serde(default)]
    pub last_value: Value,
    /// dlt's hashes of the records that have the last value.
    #[serde(default)]
    pub unique_hashes: Vec<String>,
    /// The last value before the last read that brought records.
    #[serde(default)]
    pub start_value: Value,
}

/// A read that was begun. Its range stays the same until it is complete, so that a page that is fetched again is the same
/// page, and its watermark is not dlt's before that: records below it may still come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The path of the field.
    pub cursor_path: String,
    /// The lowest value that the service is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Value>,
    /// The first value that it is not asked for any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Value>,
    /// Below this no record is new; the start, unless the read had to begin again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<Boundary>,
    /// The highest value so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highest: Option<Boundary>,
}

/// A value, and the records that have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boundary {
    /// The value.
    pub value: Value,
    /// dlt's hashes of the records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique_hashes: Vec<String>,
    /// Hashes of the whole records, where dlt's are of keys and a changed record is to be told from the one that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<String>,
}
