//! The configuration of a run: the pipeline file, the options of the command line, and the secrets, resolved once.
//!
//! [`Config::load`] reads and checks everything that can be known without the component. What needs the component's own
//! word, the names of its secrets, is resolved by [`Config::secrets`] once the component is loaded. Relative paths are
//! relative to the pipeline file.

mod contract;
mod disposition;
mod error;
mod file;
mod hints;
mod incremental;
mod keys;
mod privacy;
mod relay;
mod resolve;
mod secret;
mod serve;
pub(crate) mod units;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

pub use error::ConfigError;
#[allow(unused_imports, reason = "the command line uses it, and the library may be built without")]
pub(crate) use error::quoted_list;
pub use hints::Hints;
pub use incremental::{IncrementalHint, IncrementalKeys};
pub(crate) use keys::nearest;
pub use privacy::Privacy;
pub use relay::Relay;
pub use secret::{EnvLookup, SecretBinding, SecretValue};
use serde_json::{Map, Value};
pub use serve::{Serve, TlsFiles};

use self::{
    file::{PipelineFile, SecretEntry},
    keys::Objection,
    resolve::Resolver,
    secret::Places,
};
use crate::model::{ResourceName, SchemaContract};

/// Settings of a run.
#[derive(Debug)]
pub struct Config {
    /// The pipeline file.
    pub file: PathBuf,
    /// The folder it is in.
    pub dir: PathBuf,
    /// Name of the pipeline.
    pub pipeline: String,
    /// Name of the dataset.
    pub dataset: String,
    /// Name of the source, which is the schema's name and part of the places where secrets are looked up.
    pub source: String,
    /// The component's file.
    pub component: PathBuf,
    /// The only digest that the component's file may have.
    pub sha256: Option<String>,
    /// How many resources are fetched at once.
    pub concurrency: usize,
    /// A file with an extra TLS root.
    pub ca_file: Option<PathBuf>,
    /// The proxy for all requests.
    pub proxy: Option<String>,
    /// Origins that are granted.
    pub allow: Vec<String>,
    /// `host:port` pairs that may be at private or loopback addresses.
    pub allow_private: Vec<String>,
    /// The resources to load; none: all that the component lists.
    pub resources: Option<Vec<ResourceName>>,
    /// The component's configuration, without secrets.
    pub component_config: Map<String, Value>,
    /// Limits that differ from the defaults.
    pub limits: Limits,
    /// How failures are retried.
    pub retry: Retry,
    /// The DuckDB file.
    pub database: PathBuf,
    /// How long to wait for a file that another process holds.
    pub lock_wait: Duration,
    /// How many bytes the database may hold in memory.
    pub memory: u64,
    /// When a load is committed.
    pub load: Load,
    /// How often pull resources are loaded, beside `serve` and by `run --every`.
    pub schedule: Option<Duration>,
    /// How events are received.
    pub serve: Serve,
    /// How messages of clients are passed on.
    pub relay: Relay,
    /// What is not kept.
    pub privacy: Privacy,
    /// How far records may change the schema, where a resource's hints say nothing else.
    pub schema_contract: Option<SchemaContract>,
    /// Hints by resource; they win over the component's own.
    pub hints: BTreeMap<ResourceName, Hints>,
    secret_entries: BTreeMap<String, SecretEntry>,
}

/// Limits as the pipeline file sets them; none: the sandbox's own default.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Linear memory of an instance, in bytes.
    pub memory: Option<u64>,
    /// Time that the component itself runs, per page.
    pub page_cpu: Option<Duration>,
    /// Wall clock of one attempt.
    pub page_time: Option<Duration>,
    /// Longest silence of a server.
    pub idle: Option<Duration>,
    /// Bytes of a decoded body.
    pub response: Option<u64>,
    /// Bytes of a response's head.
    pub response_head: Option<u64>,
    /// Bytes of a page's records.
    pub page_bytes: Option<u64>,
    /// Records of a page.
    pub page_records: Option<u64>,
    /// Requests for one page.
    pub requests_per_page: Option<u32>,
    /// Pages of a resource in one run.
    pub pages: u64,
    /// Connections to one origin.
    pub connections: Option<u32>,
    /// Live handles of an instance.
    pub handles: Option<u32>,
    /// Bytes of log that a component may write in a second.
    pub log: Option<u64>,
    /// Bytes of a component's file.
    pub component: Option<u64>,
    /// Time to compile a component.
    pub compile_time: Option<Duration>,
}

/// How failures are retried: see [`crate::retry`].
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Attempts per page, the first included.
    pub attempts: u32,
    /// Longest single wait.
    pub max_wait: Duration,
    /// Sum of the waits per resource.
    pub budget: Duration,
}

/// A load is committed when one of these is reached.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Rows, children included.
    pub commit_rows: u64,
    /// Bytes of records.
    pub commit_bytes: u64,
    /// Time since the load began.
    pub commit_every: Duration,
}

/// What the command line changes in the pipeline file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--resource`.
    pub resources: Vec<String>,
    /// `--destination`.
    pub destination: Option<String>,
    /// `--dataset`.
    pub dataset: Option<String>,
    /// `--set KEY=VALUE`.
    pub set: Vec<(String, String)>,
    /// `--allow`.
    pub allow: Vec<String>,
    /// `--allow-private`.
    pub allow_private: Vec<String>,
}

impl Config {
    /// Reads a pipeline file and lays the command line's options over it.
    pub fn load(path: &Path, overrides: &Overrides) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::from_text(path, &text, overrides)
    }

    /// Checks the text of a pipeline file. The path is what relative paths in it are relative to, and its name in errors.
    pub(crate) fn from_text(path: &Path, text: &str, overrides: &Overrides) -> Result<Self, ConfigError> {
        // A pipeline without a folder is in the current one, which `join` spells best as nothing.
        let dir = path.parent().unwrap_or(Path::new("")).to_owned();
        let file = parse(path, text)?;
        Resolver { path, dir }.resolve(file, overrides)
    }

    /// Looks up the secrets: those of the pipeline file, and those that the component's schema marks.
    ///
    /// `marked` are the properties that the component calls secret, each with whether it is required.
    pub fn secrets(&self, marked: &[(String, bool)], env: &dyn EnvLookup) -> Result<Vec<SecretValue>, ConfigError> {
        let places = Places { file: &self.file, dir: &self.dir, source: &self.source, env };
        let mut keys: Vec<(&str, bool)> = self.secret_entries.keys().map(|key| (key.as_str(), true)).collect();
        for (key, required) in marked {
            if self.component_config.contains_key(key) {
                return Err(ConfigError::Value {
                    key: format!("source.config.{key}"),
                    path: self.file.clone(),
                    reason: "is a secret, and what stands in `[source.config]` is handed to the component in clear; \
                             move it to `[source.secrets]`, the environment or `.dlt/secrets.toml`"
                        .into(),
                });
            }
            if !self.secret_entries.contains_key(key) {
                keys.push((key, *required));
            }
        }
        let mut secrets = Vec::with_capacity(keys.len());
        for (key, required) in keys {
            let entry = self.secret_entries.get(key);
            match places.find(key, entry)? {
                Some(value) => secrets.push(SecretValue { value, binding: SecretBinding::new(key, entry) }),
                None if required => return Err(places.missing(key, entry)),
                None => {}
            }
        }
        Ok(secrets)
    }

    /// What the pipeline file says of secrets, without looking any up.
    pub fn secret_bindings(&self) -> Vec<SecretBinding> {
        self.secret_entries.iter().map(|(key, entry)| SecretBinding::new(key, Some(entry))).collect()
    }

    /// The destination as it is shown and reported: `duckdb:` and the absolute path.
    pub fn destination(&self) -> String {
        format!("duckdb:{}", self.database.display())
    }
}

fn parse(path: &Path, text: &str) -> Result<PipelineFile, ConfigError> {
    let parse_error = |source| ConfigError::Parse { path: path.to_owned(), source: Box::new(source) };
    let table: toml::Table = toml::from_str(text).map_err(parse_error)?;
    keys::check(&table).map_err(|objection| match objection {
        Objection::Unknown { key, nearest } => ConfigError::UnknownKey { key, path: path.to_owned(), nearest },
        Objection::NotYet { key } => ConfigError::Value {
            key,
            path: path.to_owned(),
            reason: "this version does not act on it yet, and ignoring it could surprise you; take it out".into(),
        },
    })?;
    toml::from_str(text).map_err(parse_error)
}

#[cfg(test)]
mod tests;
