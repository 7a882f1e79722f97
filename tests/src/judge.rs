//! One process of dlt for all tests: starting dlt takes a second, and each test asks for it several times.
//!
//! What it can do is in `judge/worker.py` and the files beside it. Requests are served one after another.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::corpus::Load;
use crate::{dlt, places};

/// A running dlt.
#[derive(Debug)]
struct Worker {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    log: File,
}

/// A dataset in a DuckDB file, and the names it was loaded under.
#[derive(Clone, Copy, Debug)]
pub struct Dataset<'a> {
    /// The file.
    pub file: &'a Path,
    /// Where dlt keeps the files of its pipelines.
    pub work_dir: &'a Path,
}

/// How a run of dlt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The chain of reasons, innermost last; none when it succeeded.
    pub error: Option<Vec<String>>,
    /// Whether dlt keeps a package that later runs have to deal with first.
    pub stuck: bool,
}

/// What a dataset holds, as text.
#[derive(Clone, Debug)]
pub struct Dump {
    /// Tables, columns and rows of each resource.
    pub cases: serde_json::Map<String, Value>,
    /// The bookkeeping.
    pub books: String,
    /// The hash of the newest schema: of all tables, columns and hints.
    pub hash: String,
}

impl Dataset<'_> {
    /// Loads with dlt, as `pipeline.run` does.
    #[track_caller]
    pub fn load(&self, loads: &[Load]) -> Loaded {
        let resources: Vec<Value> = loads.iter().map(Load::to_json).collect();
        let answer = ask(
            "load",
            &json!({
                "file": self.file, "work_dir": self.work_dir, "resources": resources,
                "dataset": "jivochat_data", "pipeline": "jivochat_pipeline", "source": "jivochat_source",
            }),
        );
        let reason = |reason: &Value| reason.as_str().unwrap().to_owned();
        Loaded {
            error: answer["error"].as_array().map(|reasons| reasons.iter().map(reason).collect()),
            stuck: answer["stuck"].as_bool().unwrap(),
        }
    }

    /// Dumps the tables of resources, and the bookkeeping.
    #[track_caller]
    pub fn dump(&self, resources: &[&str]) -> Dump {
        let answer = ask("dump", &json!({"file": self.file, "dataset": "jivochat_data", "cases": resources}));
        let text = |key: &str| answer[key].as_str().unwrap().to_owned();
        Dump { cases: answer["cases"].as_object().unwrap().clone(), books: text("books"), hash: text("hash") }
    }
}

/// The rows of a query, each value as text.
#[track_caller]
pub fn query(file: &Path, sql: &str) -> Vec<Vec<Option<String>>> {
    let answer = ask("query", &json!({"file": file, "sql": sql}));
    let cell = |cell: &Value| cell.as_str().map(str::to_owned);
    let row = |row: &Value| row.as_array().unwrap().iter().map(cell).collect();
    answer.as_array().unwrap().iter().map(row).collect()
}

/// Runs Python with dlt at hand in a folder; the answer is what it printed.
#[track_caller]
pub fn run(dir: &Path, code: &str, names: &Value) -> String {
    ask("run", &json!({"code": code, "work_dir": dir, "names": names})).as_str().unwrap().to_owned()
}

impl Dump {
    /// The text of one resource.
    #[track_caller]
    pub fn text(&self, resource: &str) -> String {
        let lines = self.cases[resource].as_str().unwrap();
        if lines.is_empty() { String::new() } else { format!("{lines}\n") }
    }
}

#[track_caller]
fn ask(function: &str, arguments: &Value) -> Value {
    let request = json!({"do": function, "with": arguments});
    let mut worker = worker();
    let running = worker.get_or_insert_with(Worker::start);
    let Some(mut answer) = running.ask(&request) else {
        let log = running.log();
        *worker = None;
        panic!("dlt's process ended\n{log}");
    };
    let log = running.log();
    drop(worker);
    assert!(answer.get("error").is_none(), "{}\n{log}", answer["error"].as_str().unwrap());
    answer["answer"].take()
}

fn worker() -> MutexGuard<'static, Option<Worker>> {
    static WORKER: Mutex<Option<Worker>> = Mutex::new(None);
    // A test that failed while it held the worker had its answer already.
    WORKER.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Worker {
    fn start() -> Self {
        let dir = places::lasting("dlt");
        let log = tempfile::tempfile().unwrap();
        let mut process = Command::new(dlt::python())
            .arg(places::workspace().join("tests/src/judge/worker.py"))
            .current_dir(&dir)
            .envs(dlt::environment(&dir))
            // The files beside the script are sources of this project, and stay as they are.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().unwrap())
            .spawn()
            .unwrap();
        let requests = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { process, requests, answers, log }
    }

    /// None when the process ended in place of an answer.
    fn ask(&mut self, request: &Value) -> Option<Value> {
        writeln!(self.requests, "{request}").ok()?;
        self.requests.flush().ok()?;
        let mut line = String::new();
        self.answers.read_line(&mut line).ok().filter(|length| *length > 0)?;
        Some(serde_json::from_str(&line).unwrap())
    }

    /// What dlt said since the last call.
    fn log(&mut self) -> String {
        let mut bytes = Vec::new();
        self.log.seek(SeekFrom::Start(0)).unwrap();
        self.log.read_to_end(&mut bytes).unwrap();
        self.log.set_len(0).unwrap();
        self.log.seek(SeekFrom::Start(0)).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It fails for a process that ended already, which is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
