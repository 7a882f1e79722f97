//! The words of the domain as types: resources, records, pages, cursors, events. No I/O, and nothing of ours below it.

mod event;
mod merge;

mod contract;
mod data_type;
mod relay;

use std::fmt;

use bytes::Bytes;
pub use contract::{ContractEntity, ContractMode, SchemaContract};
pub use data_type::DataType;

pub use event::{Answer, Delivery, Event, Outcome};
pub use relay::{RelayPlan, RelayProgress, RelayRequest, RelayStatus, RelayVerdict, ResendRule};

pub use merge::{Instant, MergeHints, MergeStrategy, SortOrder, VersionHints};

/// Name of a resource and of its root table: `[a-z][a-z0-9_]*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceName(String);

/// A text that is no resource name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no resource name: it must begin with a small letter and go on with small letters, digits and `_`")]
pub struct InvalidResourceName(pub String);

impl ResourceName {
    /// Checks a text and makes it a name.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidResourceName> {
        let text = text.into();
        let mut chars = text.chars();
        let valid = chars.next().is_some_and(|first| first.is_ascii_lowercase())
            && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if valid { Ok(Self(text)) } else { Err(InvalidResourceName(text)) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the next page starts. Only the component reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(pub String);

/// What the rows of a load do to the rows that a table already has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteDisposition {
    /// Rows are added.
    Append,
    /// Rows take the place of all earlier ones, once the resource is complete.
    Replace,
    /// Rows take the place of those with the same key.
    Merge,
    /// Nothing is fetched and nothing written.
    Skip,
}

impl WriteDisposition {
    /// The word that dlt uses, in its schema and its settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Replace => "replace",
            Self::Merge => "merge",
            Self::Skip => "skip",
        }
    }
}

/// The fixed facts of one resource, as the component lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceSpec {
    /// Name of the resource and of its root table.
    pub name: ResourceName,
    /// One sentence for people.
    pub description: String,
    /// Dotted paths of the fields that identify a record; empty when there is no key.
    pub primary_key: Vec<String>,
    /// What its rows do to those of earlier loads.
    pub write_disposition: WriteDisposition,
    /// Dotted path of the field that grows with each change.
    pub incremental: Option<String>,
}

/// What is known of a column before its first value: dlt's hints of these names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnHint {
    /// Dotted path of its field, or its name.
    pub path: String,
    /// Its type; none for that of its first value.
    pub data_type: Option<DataType>,
    /// Whether a record may be without a value; one that may not is rejected.
    pub nullable: bool,
}

/// The order in which a service answers, by the incremental field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowOrder {
    /// None that is known.
    #[default]
    Unordered,
    /// The lowest value first.
    Ascending,
    /// The highest value first.
    Descending,
}

/// The part of a resource that is wanted, by its incremental field. The same for all pages of one read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncrementalRange {
    /// Path of the field.
    pub cursor_path: String,
    /// Lowest value wanted, a JSON scalar; none: from the beginning.
    pub start: Option<String>,
    /// First value not wanted any more, a JSON scalar; none: to the end.
    pub end: Option<String>,
    /// The order in which the service answers.
    pub row_order: RowOrder,
}

/// Which page to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// The resource to read.
    pub resource: ResourceName,
    /// The part that is wanted; none: all of it.
    pub range: Option<IncrementalRange>,
    /// The `next` of the page before; none on the first page.
    pub cursor: Option<Cursor>,
    /// What the component left with the last committed page, a JSON text.
    pub state: Option<String>,
    /// A hint: how many records at most.
    pub max_records: u32,
    /// A hint: how many bytes of records at most.
    pub max_bytes: u32,
}

/// A record that was kept aside instead of loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedRecord {
    /// The record as it came, as far as it can be told.
    pub raw: String,
    /// What is wrong with it.
    pub reason: String,
}

/// One page of records, and what fetching it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// JSON texts separated by line feeds.
    pub records: Bytes,
    /// Records that the component could not deliver.
    pub rejected: Vec<RejectedRecord>,
    /// Where the next page starts; none ends the resource.
    pub next: Option<Cursor>,
    /// What the component wants back when the resource is read again; none leaves its state as it is.
    pub state: Option<String>,
    /// How many records the service says there are in all.
    pub total_hint: Option<u64>,
    /// Requests, bytes and denials of this page.
    pub traffic: Traffic,
}

impl Page {
    /// The records, each a JSON text as the service wrote it; empty lines are none.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.records.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
    }
}

/// What the HTTP capability counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests that were sent.
    pub requests: u64,
    /// Decoded bytes of the bodies that came back.
    pub bytes: u64,
    /// Requests that were refused because nothing grants them.
    pub denied: u64,
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.denied += other.denied;
    }
}
