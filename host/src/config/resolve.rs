//! Turns the tables of a pipeline file into settings, with the options of the command line laid over them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Map, Value};

use super::{
    Config, ConfigError, Hints, Limits, Load, Overrides, Retry, contract,
    file::{self, PipelineFile},
    units,
};
use crate::model::ResourceName;

/// Turns the file's tables into settings.
pub(super) struct Resolver<'a> {
    pub(super) path: &'a Path,
    pub(super) dir: PathBuf,
}

impl Resolver<'_> {
    pub(super) fn value_error(&self, key: impl Into<String>, reason: impl Into<String>) -> ConfigError {
        ConfigError::Value { key: key.into(), path: self.path.to_owned(), reason: reason.into() }
    }

    pub(super) fn resolve(&self, file: PipelineFile, overrides: &Overrides) -> Result<Config, ConfigError> {
        let PipelineFile { pipeline, source, destination, load, schedule, serve, relay, privacy, resources } = file;
        let name = pipeline.name;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
            return Err(self.value_error("pipeline.name", "a name is made of letters, digits, `_` and `-`"));
        }
        let dataset = overrides.dataset.clone().or(pipeline.dataset).unwrap_or_else(|| format!("{name}_dataset"));
        if dataset.is_empty() || !dataset.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(self.value_error("pipeline.dataset", "a dataset's name is made of letters, digits and `_`"));
        }
        let contract = pipeline.schema_contract.as_ref().map(|value| contract::resolve("schema_contract", value));
        let schema_contract = contract.transpose().map_err(|bad| bad.within("pipeline", self.path))?;
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
            memory: self.size("destination.memory", destination.memory.as_deref())?.unwrap_or(64 << 20),
            load: Load {
                commit_rows: load.commit_rows.unwrap_or(100_000).max(1),
                commit_bytes: self.size("load.commit_bytes", load.commit_bytes.as_deref())?.unwrap_or(64 << 20).max(1),
                commit_every: self
                    .duration("load.commit_every", load.commit_every.as_deref())?
                    .unwrap_or(Duration::from_secs(10)),
            },
            schedule: self.interval("schedule.every", schedule.every.as_deref())?,
            serve: self.serve(serve)?,
            relay: self.relay(relay)?,
            privacy: self.privacy(privacy)?,
            schema_contract,
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
            let resolved = Hints::resolve(table).map_err(|bad| bad.within(&key, self.path))?;
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

    pub(super) fn duration(&self, key: &str, text: Option<&str>) -> Result<Option<Duration>, ConfigError> {
        text.map(|text| units::duration(text).map_err(|reason| self.value_error(key, reason))).transpose()
    }

    pub(super) fn size(&self, key: &str, text: Option<&str>) -> Result<Option<u64>, ConfigError> {
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
