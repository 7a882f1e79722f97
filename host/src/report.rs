//! What a run did: the value behind the summary and the JSON of `--report`.

use indexmap::IndexMap;
use serde::Serialize;

/// Result of a run.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RunReport {
    /// Unique id of the run.
    pub run_id: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// Name of the dataset.
    pub dataset: String,
    /// `duckdb:` and the absolute path.
    pub destination: String,
    /// How the run ended as a whole.
    pub status: RunStatus,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC.
    pub finished_at: String,
    /// Wall clock of the run, in milliseconds.
    pub elapsed_ms: u64,
    /// Loads that were committed, in their order.
    pub loads: Vec<LoadReport>,
    /// Resources in the order in which the component lists them.
    pub resources: Vec<ResourceReport>,
}

/// How a run ended as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RunStatus {
    /// Everything asked for was loaded.
    Loaded,
    /// Some resources were loaded, others failed.
    Partial,
    /// No resource was loaded.
    Failed,
}

/// One committed load.
#[derive(Clone, Debug, Serialize)]
pub struct LoadReport {
    /// Unix time with a fraction, strictly increasing.
    pub load_id: String,
    /// Rows by data table, children included, without those of dlt's own tables.
    pub rows: IndexMap<String, u64>,
}

/// What became of one resource.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ResourceReport {
    /// Name of the resource.
    pub name: String,
    /// How it ended.
    pub status: ResourceStatus,
    /// Pages fetched.
    pub pages: u64,
    /// Records that became rows.
    pub records: u64,
    /// Records kept aside in `_rejected_records`.
    pub rejected: u64,
    /// Records that were left out, for they are of people who were forgotten. Told when there are any.
    #[serde(skip_serializing_if = "is_none")]
    pub forgotten: u64,
    /// Decoded bytes of response bodies.
    pub bytes: u64,
    /// Requests sent.
    pub requests: u64,
    /// Attempts that were repeated.
    pub retries: u64,
    /// Requests refused because nothing grants them.
    pub denied: u64,
    /// Keys of one record that wanted the same column.
    pub collisions: Vec<CollisionReport>,
    /// Timestamps that lost digits beyond the microsecond.
    pub truncated_timestamps: u64,
    /// Rows dropped by a schema contract, children included.
    pub discarded_rows: u64,
    /// Values dropped by a schema contract out of rows that were kept.
    pub discarded_values: u64,
    /// What an incremental read left out; none when it is read as a whole.
    #[serde(flatten)]
    pub incremental: Option<IncrementalReport>,
    /// Why it failed.
    pub error: Option<ErrorReport>,
    /// Records among the discarded rows; shown, not reported.
    #[serde(skip)]
    pub discarded_records: u64,
    /// The contract that discarded; shown, not reported.
    #[serde(skip)]
    pub contract: Option<String>,
    /// What a person should know beside; shown, not reported.
    #[serde(skip)]
    pub notes: Vec<String>,
    /// How many records the service said there are, when all of them were asked for; shown, not reported.
    #[serde(skip)]
    pub expected: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// What an incremental read left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IncrementalReport {
    /// Records that came and are out of the range that is read, or known.
    pub filtered: u64,
    /// Records that are older than the last value of an earlier read; merged, or among the filtered ones.
    pub late_rows: u64,
    /// Whether late records were left out; shown, not reported.
    #[serde(skip)]
    pub leaves_late_out: bool,
    /// How many records share the newest value, when they are many; shown, not reported.
    #[serde(skip)]
    pub crowd: Option<usize>,
}

/// How a resource ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ResourceStatus {
    /// All of it was loaded.
    Loaded,
    /// There was nothing new to load, or it had been completed by a run that did not end by itself.
    Unchanged,
    /// It stopped before its end.
    Failed,
    /// It was not fetched.
    Skipped,
}

/// Two keys of one record that wanted the same column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CollisionReport {
    /// The table.
    pub table: String,
    /// The keys as they are in the record; the first got the name.
    pub keys: Vec<String>,
    /// The column that the later key got.
    pub column: String,
}

/// Why a resource failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorReport {
    /// `auth`, `not-found`, `rate-limited`, `transient`, `permanent`, `invalid-response`, `config`, `denied`, `trap`,
    /// `limit` or `destination`.
    pub kind: &'static str,
    /// What failed, for people.
    pub message: String,
    /// The status of the answer, when there was one.
    pub http_status: Option<u16>,
    /// Advice; shown, not reported.
    #[serde(skip)]
    pub hint: Option<String>,
}

impl ResourceReport {
    /// A resource of which nothing is known yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            status: ResourceStatus::Skipped,
            pages: 0,
            records: 0,
            rejected: 0,
            forgotten: 0,
            bytes: 0,
            requests: 0,
            retries: 0,
            denied: 0,
            collisions: Vec::new(),
            truncated_timestamps: 0,
            discarded_rows: 0,
            discarded_values: 0,
            incremental: None,
            error: None,
            discarded_records: 0,
            contract: None,
            notes: Vec::new(),
            expected: None,
        }
    }
}

/// The status of a whole run from those of its resources.
pub fn overall(resources: &[ResourceReport]) -> RunStatus {
    let failed = resources.iter().filter(|resource| resource.status == ResourceStatus::Failed).count();
    match failed {
        0 => RunStatus::Loaded,
        _ if failed == resources.len() => RunStatus::Failed,
        _ => RunStatus::Partial,
    }
}
