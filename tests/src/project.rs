//! A folder with a pipeline file, pointed at a stand-in.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use toml::Table;

use crate::cli::{Cli, Output};
use crate::fake_jivo::FakeJivo;
use crate::places;

/// A project in a folder of its own, which goes when it is dropped. Setters write the pipeline file anew.
#[derive(Debug)]
pub struct Project {
    dir: TempDir,
    file: Table,
}

impl Project {
    /// A folder with a pipeline file that has no key yet.
    pub fn empty() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), file: Table::new() }
    }

    /// A pipeline that reads all resources of the stand-in into `jivochat.duckdb`, and waits little between attempts.
    /// The credential is in `.dlt/secrets.toml`.
    pub fn new(server: &FakeJivo) -> Self {
        let mut project = Self::empty();
        project.write_secret(&server.options().public_id);
        project = project
            .set("pipeline.name", "jivochat_pipeline")
            .set("pipeline.dataset", "jivochat_data")
            .set("source.name", "jivochat_source")
            .set("source.component", places::component().to_str().unwrap())
            .set("source.allow", vec![server.origin()])
            .set("source.allow_private", vec![server.host()])
            .set("source.config.base_url", server.origin())
            .set("source.config.random", server.options().random.clone())
            .set("source.retry.max_wait", "5s")
            .set("source.retry.budget", "20s")
            .set("destination.url", "duckdb:jivochat.duckdb");
        project
    }

    /// A pipeline that receives events into `jivochat.duckdb`, and has no service to ask.
    pub fn receiving() -> Self {
        let project = Self::empty();
        project.write_secret("no-channel");
        project
            .set("pipeline.name", "jivochat_pipeline")
            .set("pipeline.dataset", "jivochat_data")
            .set("source.name", "jivochat_source")
            .set("source.component", places::component().to_str().unwrap())
            .set("source.config.random", "random")
            .set("destination.url", "duckdb:jivochat.duckdb")
    }

    /// Sets a key, given as a dotted path.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<toml::Value>) -> Self {
        self.change(key, value);
        self
    }

    /// Sets a key, given as a dotted path, from the next run on.
    pub fn change(&mut self, key: &str, value: impl Into<toml::Value>) {
        let (tables, last) = key.rsplit_once('.').unwrap_or(("", key));
        let mut table = &mut self.file;
        for name in tables.split('.').filter(|name| !name.is_empty()) {
            let entry = table.entry(name).or_insert_with(|| Table::new().into());
            table = entry.as_table_mut().unwrap();
        }
        table.insert(last.to_owned(), value.into());
        self.write();
    }

    /// Takes a key out, given as a dotted path.
    #[must_use]
    pub fn unset(mut self, key: &str) -> Self {
        let (tables, last) = key.rsplit_once('.').unwrap_or(("", key));
        let mut table = &mut self.file;
        for name in tables.split('.').filter(|name| !name.is_empty()) {
            table = table.get_mut(name).unwrap().as_table_mut().unwrap();
        }
        table.remove(last);
        self.write();
        self
    }

    /// Reads these resources only.
    #[must_use]
    pub fn only(self, resources: &[&str]) -> Self {
        self.set("source.resources", resources.to_vec())
    }

    /// Makes a failing page fail at once: one attempt.
    #[must_use]
    pub fn without_retries(self) -> Self {
        self.set("source.retry.attempts", 1)
    }

    fn write(&self) {
        std::fs::write(self.path("sluicegate.toml"), toml::to_string(&self.file).unwrap()).unwrap();
    }

    /// Writes the credential where dlt looks for it.
    pub fn write_secret(&self, public_id: &str) {
        std::fs::create_dir_all(self.path(".dlt")).unwrap();
        let text = format!("[sources.jivochat_source]\njivo_public_id = \"{public_id}\"\n");
        std::fs::write(self.path(".dlt/secrets.toml"), text).unwrap();
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `sluicegate` in the folder.
    pub fn cli(&self) -> Cli {
        Cli::sluicegate(self.dir())
    }

    /// `sluicegate run`.
    pub fn run(&self) -> Cli {
        self.cli().arg("run")
    }

    /// Runs with a report and returns both.
    #[track_caller]
    pub fn run_with_report(&self) -> (Output, Report) {
        let output = self.run().args(["--report", "report.json"]).run();
        let Ok(text) = std::fs::read_to_string(self.path("report.json")) else {
            panic!("no report was written\n{}", output.transcript());
        };
        let report = Report(serde_json::from_str(&text).unwrap());
        (output, report)
    }

    /// The rows of a query, through the program's own `query`.
    #[track_caller]
    pub fn query(&self, sql: &str) -> Vec<Value> {
        let output = self.cli().args(["query", sql, "--format", "json"]).run();
        output.code(0);
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{}", output.transcript()))
    }

    /// The one value of a query as text; `null` for NULL.
    #[track_caller]
    pub fn value(&self, sql: &str) -> String {
        let rows = self.query(sql);
        let first = rows.first().and_then(Value::as_object).and_then(|row| row.values().next());
        first.map_or_else(|| panic!("no value: {sql}"), plain)
    }

    /// Rows of a table of the dataset.
    #[track_caller]
    pub fn count(&self, table: &str) -> u64 {
        self.value(&format!("SELECT count(*) FROM jivochat_data.{table}")).parse().unwrap()
    }

    /// The tables of the dataset that hold data, in the order of their names.
    #[track_caller]
    pub fn tables(&self) -> Vec<String> {
        let rows = self.query(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'jivochat_data' \
             AND NOT starts_with(table_name, '_dlt_') ORDER BY 1",
        );
        rows.iter().map(|row| plain(&row["table_name"])).collect()
    }
}

/// A value as text, strings without their quotes: numbers may come either way, by their width.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The JSON report of a run.
#[derive(Clone, Debug)]
pub struct Report(pub Value);

impl Report {
    /// What became of one resource.
    #[track_caller]
    pub fn resource(&self, name: &str) -> &Value {
        let resources = self.0["resources"].as_array().unwrap();
        let found = resources.iter().find(|resource| resource["name"] == name);
        found.unwrap_or_else(|| panic!("no resource `{name}` in {:#}", self.0))
    }

    /// Asserts how one resource failed, and with which status of the answer if one is given.
    #[track_caller]
    pub fn failed(&self, name: &str, kind: &str, http_status: Option<u16>) -> &Self {
        let resource = self.resource(name);
        assert_eq!(resource["status"], "failed", "{:#}", self.0);
        assert_eq!(resource["error"]["kind"], kind, "{:#}", self.0);
        if let Some(http_status) = http_status {
            assert_eq!(resource["error"]["http_status"], http_status, "{:#}", self.0);
        }
        self
    }

    /// Asserts that one resource was loaded, with so many records.
    #[track_caller]
    pub fn loaded(&self, name: &str, records: u64) -> &Self {
        let resource = self.resource(name);
        assert_eq!(resource["status"], "loaded", "{:#}", self.0);
        assert_eq!(resource["records"], records, "{:#}", self.0);
        assert_eq!(resource["error"], Value::Null, "{:#}", self.0);
        self
    }
}
