//! The pipeline file as it is written: types for serde, no look-ups and no defaults that depend on other keys.

use std::{collections::BTreeMap, fmt};

use indexmap::IndexMap;
use serde::Deserialize;

/// A whole pipeline file.
#[derive(Debug, Deserialize)]
pub(super) struct PipelineFile {
    pub pipeline: PipelineTable,
    pub source: SourceTable,
    #[serde(default)]
    pub destination: DestinationTable,
    #[serde(default)]
    pub load: LoadTable,
    #[serde(default)]
    pub schedule: ScheduleTable,
    #[serde(default)]
    pub serve: ServeTable,
    #[serde(default)]
    pub relay: RelayTable,
    #[serde(default)]
    pub privacy: PrivacyTable,
    #[serde(default)]
    pub resources: BTreeMap<String, HintsTable>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PipelineTable {
    pub name: String,
    pub dataset: Option<String>,
    pub schema_contract: Option<toml::Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SourceTable {
    pub name: Option<String>,
    pub component: String,
    pub sha256: Option<String>,
    pub concurrency: Option<u32>,
    pub ca_file: Option<String>,
    pub proxy: Option<String>,
    #[serde(default)]
    pub allow: Vec<String>,
    #[serde(default)]
    pub allow_private: Vec<String>,
    pub resources: Option<Vec<String>>,
    #[serde(default)]
    pub config: toml::Table,
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretEntry>,
    #[serde(default)]
    pub limits: LimitsTable,
    #[serde(default)]
    pub retry: RetryTable,
}

/// `"env:NAME"`, `"file:PATH"`, or the same with the origins it is bound to.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum SecretEntry {
    From(String),
    Full { from: Option<String>, origins: Option<Vec<String>>, expose: Option<bool> },
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct LimitsTable {
    pub memory: Option<String>,
    pub page_cpu: Option<String>,
    pub page_time: Option<String>,
    pub idle: Option<String>,
    pub response: Option<String>,
    pub response_head: Option<String>,
    pub page_bytes: Option<String>,
    pub page_records: Option<u64>,
    pub requests_per_page: Option<u32>,
    pub pages: Option<u64>,
    pub connections: Option<u32>,
    pub handles: Option<u32>,
    pub log: Option<String>,
    pub component: Option<String>,
    pub compile_time: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct RetryTable {
    pub attempts: Option<u32>,
    pub max_wait: Option<String>,
    pub budget: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct DestinationTable {
    pub url: Option<String>,
    pub lock_wait: Option<String>,
    pub memory: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[expect(clippy::struct_field_names, reason = "they are the keys of the file")]
pub(super) struct LoadTable {
    pub commit_rows: Option<u64>,
    pub commit_bytes: Option<String>,
    pub commit_every: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ScheduleTable {
    pub every: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ServeTable {
    pub listen: Option<String>,
    pub public_base: Option<String>,
    pub body: Option<String>,
    pub flush_every: Option<String>,
    pub flush_events: Option<u32>,
    pub dedupe_window: Option<String>,
    pub admin: Option<String>,
    pub tls: Option<TlsTable>,
    pub inbox: Option<String>,
    pub inbox_size: Option<String>,
    pub retention: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct RelayTable {
    pub unknown: Option<String>,
    pub resends: Option<u32>,
    pub shortest_wait: Option<String>,
    pub longest_wait: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct PrivacyTable {
    pub drop: Option<Names>,
    pub hash: Option<Names>,
    pub client: Option<Names>,
    #[serde(default)]
    pub retention: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TlsTable {
    pub cert: String,
    pub key: String,
}

/// Hints of a resource, spelled as dlt spells them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct HintsTable {
    /// A word, or a [`DispositionTable`].
    pub write_disposition: Option<toml::Value>,
    pub primary_key: Option<Names>,
    pub merge_key: Option<Names>,
    pub max_table_nesting: Option<u32>,
    pub schema_contract: Option<toml::Value>,
    pub incremental: Option<toml::Value>,
    /// In the order of the file, which new columns get.
    #[serde(default)]
    pub columns: IndexMap<String, ColumnTable>,
}

/// A write disposition with its options.
#[derive(Debug, Default, Deserialize)]
pub(super) struct DispositionTable {
    pub disposition: String,
    pub strategy: Option<String>,
    pub deduplicated: Option<bool>,
    pub validity_column_names: Option<[String; 2]>,
    pub active_record_timestamp: Option<Time>,
    pub boundary_timestamp: Option<Time>,
    pub row_version_column_name: Option<String>,
}

/// A point in time, as TOML has it or as a text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Time {
    Text(String),
    Toml(toml::value::Datetime),
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Toml(time) => time.fmt(f),
        }
    }
}

/// One name or a list of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Names {
    One(String),
    Many(Vec<String>),
}

impl Names {
    pub(super) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(name) => vec![name],
            Self::Many(names) => names,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ColumnTable {
    pub data_type: Option<String>,
    pub nullable: Option<bool>,
    #[serde(default)]
    pub primary_key: bool,
    #[serde(default)]
    pub merge_key: bool,
    #[serde(default)]
    pub hard_delete: bool,
    pub dedup_sort: Option<String>,
}
