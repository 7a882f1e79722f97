//! Components that mean harm, or are broken, through the real program. Each has a file in `tests/hostile`, and one that no
//! test here names does not compile.
//!
//! What is asserted of all: the program ends by itself and not by a bug, with the right exit status and message; the rows
//! that were there before are untouched; and the resource beside the hostile one is loaded in the same run.

mod conformance;
mod egress;
mod files;
mod memory;
mod pages;
mod program;
mod secrets;
mod time;
mod world;

use std::path::PathBuf;
use std::sync::OnceLock;

use acceptance::cli::{Cli, Output};
use acceptance::fake_jivo::FakeJivo;
use acceptance::project::{Project, Report};
use serde_json::Value;
use tempfile::TempDir;

use self::program::Program;

#[deny(dead_code, reason = "a program without a test proves nothing")]
mod programs {
    use super::Program;

    include!(concat!(env!("OUT_DIR"), "/programs.rs"));
}

/// Messages a component could have the program end with: none of them may be seen.
const BUGS: [&str; 4] = ["panicked at", "this should not happen", "RUST_BACKTRACE", "stack overflow"];

/// A pipeline with a hostile component, over tables that a tame one filled.
struct Attack {
    project: Project,
    before: Vec<Value>,
}

/// What came of it.
struct Attacked {
    attack: Attack,
    output: Output,
    report: Option<Report>,
}

/// A database that the tame program filled, made once for all tests.
fn filled() -> PathBuf {
    static FILLED: OnceLock<(TempDir, PathBuf)> = OnceLock::new();

    let fill = || {
        let dir = tempfile::tempdir().unwrap();
        let project = project(&programs::TAME);
        project.run().run().code(0);
        let path = dir.path().join("filled.duckdb");
        std::fs::copy(project.path("hostile.duckdb"), &path).unwrap();
        (dir, path)
    };
    FILLED.get_or_init(fill).1.clone()
}

/// A pipeline of two resources, `attack` and `good`, that reaches nothing.
fn project(program: &Program) -> Project {
    let project = Project::empty();
    let component = program.write(project.dir());
    project
        .set("pipeline.name", "hostile_pipeline")
        .set("pipeline.dataset", "jivochat_data")
        .set("source.component", component.to_str().unwrap())
        .set("source.retry.attempts", 1)
        .set("destination.url", "duckdb:hostile.duckdb")
}

impl Attack {
    fn new(program: &Program) -> Self {
        let project = project(program);
        std::fs::copy(filled(), project.path("hostile.duckdb")).unwrap();
        let before = project.query("SELECT * FROM jivochat_data.attack ORDER BY ALL");
        Self { project, before }
    }

    /// Sets a key of the pipeline file.
    fn set(mut self, key: &str, value: impl Into<toml::Value>) -> Self {
        self.project = self.project.set(key, value);
        self
    }

    /// Grants a server, and tells the component where it is.
    fn grant(self, server: &FakeJivo) -> Self {
        let (_, port) = server.host().rsplit_once(':').map(|(host, port)| (host.to_owned(), port.to_owned())).unwrap();
        self.set("source.allow", vec![server.origin()])
            .set("source.allow_private", vec![server.host()])
            .set("source.config.host", server.host())
            .set("source.config.port", port)
    }

    fn cli(&self) -> Cli {
        self.project.run().args(["--report", "report.json"])
    }

    #[track_caller]
    fn run(self) -> Attacked {
        let output = self.cli().run();
        let status = output.status.code();
        assert!(matches!(status, Some(0 | 2..=6)), "the program itself failed\n{}", output.transcript());
        for bug in BUGS {
            output.lacks(bug);
        }
        let report = std::fs::read_to_string(self.project.path("report.json")).ok();
        let report = report.map(|text| Report(serde_json::from_str(&text).unwrap()));
        Attacked { attack: self, output, report }
    }
}

impl Attacked {
    /// The rows of the resource `attack`, without those that were there before.
    #[track_caller]
    fn rows(&self) -> Vec<Value> {
        let rows = self.attack.project.query("SELECT * FROM jivochat_data.attack ORDER BY ALL");
        let known = |row: &Value| self.attack.before.iter().any(|before| before["_dlt_id"] == row["_dlt_id"]);
        let (before, after): (Vec<_>, Vec<_>) = rows.into_iter().partition(known);
        for (before, now) in self.attack.before.iter().zip(&before) {
            for (column, value) in before.as_object().unwrap() {
                assert_eq!(value, &now[column], "an older row was changed");
            }
        }
        assert_eq!(before.len(), self.attack.before.len(), "an older row is gone");
        after
    }

    #[track_caller]
    fn report(&self) -> &Report {
        self.report.as_ref().unwrap_or_else(|| panic!("there is no report\n{}", self.output.transcript()))
    }

    /// The sandbox stopped the resource: nothing of it is there, and the other one is loaded.
    #[track_caller]
    fn stopped(&self, kind: &str, words: &[&str]) -> &Self {
        self.failed(6, kind, words)
    }

    /// The resource failed: nothing of it is there, and the other one is loaded.
    #[track_caller]
    fn failed(&self, code: i32, kind: &str, words: &[&str]) -> &Self {
        self.left_off(code, kind, words, 0)
    }

    /// The resource failed after some rows, and the other one is loaded.
    #[track_caller]
    fn left_off(&self, code: i32, kind: &str, words: &[&str], rows: usize) -> &Self {
        self.output.code(code).stderr_has(&["error: attack: "]).stderr_has(words);
        self.report().failed("attack", kind, None).loaded("good", 1);
        assert_eq!(self.rows().len(), rows, "{}", self.output.transcript());
        self.good_is_loaded()
    }

    /// The component coped, and both resources are loaded.
    #[track_caller]
    fn loaded(&self, records: u64) -> &Self {
        self.output.code(0);
        self.report().loaded("attack", records).loaded("good", 1);
        self.good_is_loaded()
    }

    /// The component coped with being denied, so many times.
    #[track_caller]
    fn coped(&self, denied: u64, words: &[&str]) -> &Self {
        self.loaded(1);
        self.output.stderr_has(words).stderr_has(&["denied, see above"]);
        assert_eq!(self.report().resource("attack")["denied"], denied, "{}", self.output.transcript());
        self
    }

    #[track_caller]
    fn good_is_loaded(&self) -> &Self {
        assert_eq!(self.attack.project.count("good"), 2, "{}", self.output.transcript());
        self
    }

    /// The whole component was refused, or stopped before there were resources: nothing was written.
    #[track_caller]
    fn refused(&self, code: i32, words: &[&str]) -> &Self {
        self.output.code(code).stderr_has(words);
        assert!(self.rows().is_empty());
        assert_eq!(self.attack.project.count("good"), 1, "{}", self.output.transcript());
        self
    }
}
