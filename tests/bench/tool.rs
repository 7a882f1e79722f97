//! The tools that load the pages: this program and its rivals, each as a command in a folder of its own.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use acceptance::places;

use crate::measure::Job;

/// Something that loads pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// This program, with the component in its sandbox.
    Sluicegate,
    /// This program's pipeline with the same source compiled natively.
    Native,
    /// dlt as it is installed.
    DltDefault,
    /// dlt with intermediate files of JSON lines.
    DltJsonl,
    /// dlt with all that is known to make it faster.
    DltTuned,
    /// dlt with a resource written by hand that yields Arrow tables, without child tables.
    DltArrow,
    /// DuckDB's reader of the same records in a file, to one table of structs.
    ReadJson,
    /// The same, taken apart into the columns and child tables that the others make.
    ReadJsonFlat,
}

/// What is to be loaded, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// `127.0.0.1:port` of the server.
    pub(crate) host: String,
    /// The records as lines, for those that read files.
    pub(crate) lines: PathBuf,
    pub(crate) resources: Vec<String>,
    /// Rows replace those with the same `id`.
    pub(crate) merges: bool,
}

impl Tool {
    pub(crate) const ALL: [Self; 8] = [
        Self::Sluicegate,
        Self::Native,
        Self::DltDefault,
        Self::DltJsonl,
        Self::DltTuned,
        Self::DltArrow,
        Self::ReadJson,
        Self::ReadJsonFlat,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sluicegate => "sluicegate",
            Self::Native => "sluicegate, native source",
            Self::DltDefault => "dlt as installed",
            Self::DltJsonl => "dlt, jsonl",
            Self::DltTuned => "dlt, tuned",
            Self::DltArrow => "dlt, Arrow by hand",
            Self::ReadJson => "read_json, structs",
            Self::ReadJsonFlat => "read_json, taken apart",
        }
    }

    /// Whether child tables are made of lists.
    pub(crate) fn makes_children(self) -> bool {
        !matches!(self, Self::DltArrow | Self::ReadJson)
    }

    /// The command that loads the pages into `loaded.duckdb` in the folder.
    pub(crate) fn job(self, task: &Task, dir: &Path) -> io::Result<Job> {
        let origin = format!("http://{}", task.host);
        let script = |name: &str, args: &[&str]| Job {
            program: python().into(),
            args: [scripts().join(name).into_os_string()].into_iter().chain(args.iter().map(OsString::from)).collect(),
            env: dlt_environment(dir),
        };
        let (disposition, names) = (if task.merges { "merge" } else { "append" }, task.resources.join(","));
        let lines = task.lines.to_string_lossy();
        Ok(match self {
            Self::Sluicegate => {
                fs::write(dir.join("sluicegate.toml"), pipeline(task))?;
                Job { program: beside("sluicegate")?.into(), args: vec!["run".into()], env: our_environment() }
            }
            Self::Native => {
                let args = vec![origin.into(), "loaded.duckdb".into()];
                Job { program: beside("examples/native")?.into(), args, env: Vec::new() }
            }
            Self::DltDefault => script("dlt_load.py", &[&origin, disposition, &names]),
            Self::DltJsonl => script("dlt_load.py", &[&origin, disposition, &names, "jsonl"]),
            Self::DltTuned => {
                let mut job = script("dlt_load.py", &[&origin, disposition, &names, "parquet"]);
                job.env.extend(TUNED.map(|(key, value)| (key, value.into())));
                job
            }
            Self::DltArrow => script("dlt_arrow.py", &[&origin]),
            Self::ReadJson => script("read_json.py", &["struct", &lines]),
            Self::ReadJsonFlat => script("read_json.py", &["flat", &lines]),
        })
    }
}

/// Files of 50,000 records, so that two processes have something to share out, and none of them compressed.
const TUNED: [(&str, &str); 4] = [
    ("NORMALIZE__WORKERS", "2"),
    ("NORMALIZE__START_METHOD", "spawn"),
    ("SOURCES__DATA_WRITER__FILE_MAX_ITEMS", "50000"),
    ("DATA_WRITER__DISABLE_COMPRESSION", "true"),
];

/// What was built in the same profile as this program.
fn beside(name: &str) -> io::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

fn scripts() -> PathBuf {
    places::workspace().join("tests/bench/python")
}

/// The Python of the virtual environment that all scripts run in.
pub(crate) fn python() -> PathBuf {
    acceptance::dlt::python_with("bench", &PACKAGES)
}

/// The rivals, by the versions that are compared with.
pub(crate) const PACKAGES: [&str; 5] =
    ["dlt[duckdb,parquet]==1.31.0", "duckdb==1.5.5", "sqlglot==28.5.0", "orjson==3.13.0", "pyarrow==26.0.1"];

fn dlt_environment(dir: &Path) -> Vec<(&'static str, OsString)> {
    acceptance::dlt::environment(dir).into()
}

fn our_environment() -> Vec<(&'static str, OsString)> {
    vec![("SLUICEGATE_CACHE_DIR", places::lasting("bench/cache").into()), ("BENCH_ID", "bench-public-id".into())]
}

/// The pipeline file; whatever it does not say is as installed.
fn pipeline(task: &Task) -> String {
    let Task { host, resources, merges, .. } = task;
    let component = places::component();
    let component = component.display();
    let mut text = format!(
        "[pipeline]\nname = \"bench\"\ndataset = \"bench\"\n\n\
         [source]\nname = \"bench\"\ncomponent = \"{component}\"\nallow = [\"http://{host}\"]\n\
         allow_private = [\"{host}\"]\nresources = {resources:?}\n\n\
         [source.config]\nbase_url = \"http://{host}\"\nrandom = \"bench\"\n\n\
         [source.secrets]\njivo_public_id = \"env:BENCH_ID\"\n\n\
         [destination]\nurl = \"duckdb:loaded.duckdb\"\n"
    );
    for name in resources {
        // Writing to a string cannot fail.
        if name != "inbound_messages" {
            let _ = write!(text, "\n[source.config.resources.{name}]\npath = \"{name}\"\n");
        }
        if *merges {
            let _ = write!(text, "\n[resources.{name}]\nwrite_disposition = \"merge\"\nprimary_key = [\"id\"]\n");
        }
    }
    text
}
