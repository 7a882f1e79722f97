//! The configuration of a run: the pipeline file, the options of the command line, and the secrets, resolved once.
//!
//! [`Config::load`] reads and checks everything that can be known without the component. What needs the component's own
//! word, the names of its secrets, is resolved by [`Config::secrets`] once the component is loaded. Relative paths are
//! relative to the pipeline file.

mod error;
mod file;
mod hints;
mod keys;
mod secret;
pub(crate) mod units;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

pub use error::ConfigError;
pub use hints::Hints;
pub(crate) use keys::nearest;
pub use secret::{EnvLookup, Secret, SecretValue};
use serde_json::{Map, Value};

use self::{
    file::{PipelineFile, SecretEntry},
    keys::Objection,
    secret::Places,
};
use crate::model::ResourceName;

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
    /// When a load is committed.
    pub load: Load,
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
        // A pipeline without a folder is in the current one, which `join` spells best as nothing.
        let dir = path.parent().unwrap_or(Path::new("")).to_owned();
        let file = parse(path, &text)?;
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
                Some(value) => {
                    secrets.push(SecretValue { key: key.to_owned(), value, origins: self.origins_of(key, entry)? });
                }
                None if required => return Err(places.missing(key, entry)),
                None => {}
            }
        }
        Ok(secrets)
    }

    /// The origins a secret is bound to: its own, or else the first that is granted.
    fn origins_of(&self, key: &str, entry: Option<&SecretEntry>) -> Result<Vec<String>, ConfigError> {
        if let Some(SecretEntry::Full { origins, expose, .. }) = entry {
            if *expose == Some(true) {
                return Err(ConfigError::Value {
                    key: format!("source.secrets.{key}.expose"),
                    path: self.file.clone(),
                    reason: "this version hands no secret to a component; take `expose` out".into(),
                });
            }
            if let Some(origins) = origins {
                return Ok(origins.clone());
            }
        }
        Ok(self.allow.first().cloned().into_iter().collect())
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

/// Turns the file's tables into settings.
struct Resolver<'a> {
    path: &'a Path,
    dir: PathBuf,
}

impl Resolver<'_> {
    fn value_error(&self, key: impl Into<String>, reason: impl Into<String>) -> ConfigError {
        ConfigError::Value { key: key.into(), path: self.path.to_owned(), reason: reason.into() }
    }

    fn resolve(&self, file: PipelineFile, overrides: &Overrides) -> Result<Config, ConfigError> {
        let PipelineFile { pipeline, source, destination, load, resources } = file;
        let name = pipeline.name;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
            return Err(self.value_error("pipeline.name", "a name is made of letters, digits, `_` and `-`"));
        }
        let dataset = overrides.dataset.clone().or(pipeline.dataset).unwrap_or_else(|| format!("{name}_dataset"));
        if dataset.is_empty() || !dataset.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(self.value_error("pipeline.dataset", "a dataset's name is made of letters, digits and `_`"));
        }
        let url = overrides.destination.clone().or(destination.url).unwrap_or_else(|| format!("duckdb:{name}.duckdb"));
        let limits = self.limits(&source.limits)?;
        let mut allow = source.allow;
        allow.extend(overrides.allow.iter().cloned());
        let mut allow_private = source.allow_private;
        allow_private.extend(overrides.allow_private.iter().cloned());
        let mut component_config = self.component_config(source.config)?;
        for (key, value) in &overrides.set {
            set_path(&mut component_config, key, value)?;
        }
        Ok(Config {
            source: source
                .name
                .unwrap_or_else(|| format!("{}_source", name.strip_suffix("_pipeline").unwrap_or(&name))),
            component: self.dir.join(&source.component),
            sha256: source.sha256,
            concurrency: source.concurrency.unwrap_or(4).clamp(1, 64) as usize,
            ca_file: source.ca_file.map(|path| self.dir.join(path)),
            proxy: source.proxy,
            allow,
            allow_private,
            resources: self.selection(source.resources, &overrides.resources)?,
            component_config,
            limits,
            retry: self.retry(&source.retry)?,
            database: self.database(&url)?,
            lock_wait: self
                .duration("destination.lock_wait", destination.lock_wait.as_deref())?
                .unwrap_or(Duration::from_secs(30)),
            load: Load {
                commit_rows: load.commit_rows.unwrap_or(100_000).max(1),
                commit_bytes: self.size("load.commit_bytes", load.commit_bytes.as_deref())?.unwrap_or(64 << 20).max(1),
                commit_every: self
                    .duration("load.commit_every", load.commit_every.as_deref())?
                    .unwrap_or(Duration::from_secs(10)),
            },
            hints: self.hints(resources)?,
            secret_entries: source.secrets,
            file: self.path.to_owned(),
            dir: self.dir.clone(),
            pipeline: name,
            dataset,
        })
    }

    fn selection(
        &self,
        file: Option<Vec<String>>,
        options: &[String],
    ) -> Result<Option<Vec<ResourceName>>, ConfigError> {
        let names = |names: Vec<String>, error: &dyn Fn(String) -> ConfigError| {
            let mut chosen: Vec<ResourceName> = Vec::with_capacity(names.len());
            for name in names {
                let name = ResourceName::new(name).map_err(|invalid| error(invalid.to_string()))?;
                if !chosen.contains(&name) {
                    chosen.push(name);
                }
            }
            Ok(chosen)
        };
        if !options.is_empty() {
            let option_error = |reason| ConfigError::Option { option: "--resource".into(), reason };
            return names(options.to_vec(), &option_error).map(Some);
        }
        file.map(|list| names(list, &|reason| self.value_error("source.resources", reason))).transpose()
    }

    fn hints(&self, tables: BTreeMap<String, file::HintsTable>) -> Result<BTreeMap<ResourceName, Hints>, ConfigError> {
        let mut hints = BTreeMap::new();
        for (name, table) in tables {
            let key = format!("resources.{name}");
            let name = ResourceName::new(name).map_err(|error| self.value_error(&key, error.to_string()))?;
            let resolved =
                Hints::resolve(table).map_err(|(part, reason)| self.value_error(format!("{key}.{part}"), reason))?;
            hints.insert(name, resolved);
        }
        Ok(hints)
    }

    fn component_config(&self, table: toml::Table) -> Result<Map<String, Value>, ConfigError> {
        match serde_json::to_value(table) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(_) => Err(self.value_error("source.config", "must be a table")),
            Err(error) => Err(self.value_error("source.config", error.to_string())),
        }
    }

    fn database(&self, url: &str) -> Result<PathBuf, ConfigError> {
        let path = url
            .strip_prefix("duckdb:///")
            .map(|path| format!("/{path}"))
            .or_else(|| url.strip_prefix("duckdb:").map(ToOwned::to_owned))
            .filter(|path| !path.is_empty() && path != ":memory:")
            .ok_or_else(|| {
                self.value_error(
                    "destination.url",
                    format!("`{url}` is no destination; write `duckdb:FILE`, e.g. `duckdb:jivochat.duckdb`"),
                )
            })?;
        let path = self.dir.join(path);
        std::path::absolute(&path).map_err(|error| self.value_error("destination.url", error.to_string()))
    }

    fn retry(&self, table: &file::RetryTable) -> Result<Retry, ConfigError> {
        Ok(Retry {
            attempts: table.attempts.unwrap_or(5).max(1),
            max_wait: self
                .duration("source.retry.max_wait", table.max_wait.as_deref())?
                .unwrap_or(Duration::from_mins(1)),
            budget: self.duration("source.retry.budget", table.budget.as_deref())?.unwrap_or(Duration::from_mins(5)),
        })
    }

    fn limits(&self, table: &file::LimitsTable) -> Result<Limits, ConfigError> {
        let size = |name: &str, text: &Option<String>| self.size(&format!("source.limits.{name}"), text.as_deref());
        let duration =
            |name: &str, text: &Option<String>| self.duration(&format!("source.limits.{name}"), text.as_deref());
        Ok(Limits {
            memory: size("memory", &table.memory)?,
            page_cpu: duration("page_cpu", &table.page_cpu)?,
            page_time: duration("page_time", &table.page_time)?,
            idle: duration("idle", &table.idle)?,
            response: size("response", &table.response)?,
            response_head: size("response_head", &table.response_head)?,
            page_bytes: size("page_bytes", &table.page_bytes)?,
            page_records: table.page_records,
            requests_per_page: table.requests_per_page,
            pages: table.pages.unwrap_or(100_000),
            connections: table.connections,
            handles: table.handles,
            log: table
                .log
                .as_deref()
                .map(|text| {
                    units::size_per_second(text).map_err(|reason| self.value_error("source.limits.log", reason))
                })
                .transpose()?,
            component: size("component", &table.component)?,
            compile_time: duration("compile_time", &table.compile_time)?,
        })
    }

    fn duration(&self, key: &str, text: Option<&str>) -> Result<Option<Duration>, ConfigError> {
        text.map(|text| units::duration(text).map_err(|reason| self.value_error(key, reason))).transpose()
    }

    fn size(&self, key: &str, text: Option<&str>) -> Result<Option<u64>, ConfigError> {
        text.map(|text| units::size(text).map_err(|reason| self.value_error(key, reason))).transpose()
    }
}

/// Sets a dotted key of the component's configuration. A value that is a JSON text keeps its type, any other is a string.
fn set_path(config: &mut Map<String, Value>, key: &str, value: &str) -> Result<(), ConfigError> {
    let error = |reason: &str| ConfigError::Option { option: format!("--set {key}"), reason: reason.to_owned() };
    let mut target = config;
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        if part.is_empty() {
            return Err(error("the key has an empty part"));
        }
        if parts.peek().is_none() {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            target.insert(part.to_owned(), value);
            return Ok(());
        }
        target = target
            .entry(part)
            .or_insert_with(|| Value::Object(Map::new()))
            .as_object_mut()
            .ok_or_else(|| error(&format!("`{part}` is no table")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
