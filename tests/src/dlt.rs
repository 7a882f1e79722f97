//! dlt itself, in a virtual environment below `target/`, as the judge of the tables.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::{Cli, Output};
use crate::node::with_registry;
use crate::places;

/// What the environment holds. dlt's `dataset()` fails with newer releases of sqlglot.
const PACKAGES: [&str; 4] = ["dlt[duckdb]==1.31.0", "duckdb==1.5.5", "sqlglot==28.5.0", "pandas"];

/// The Python of the environment, which is made by the first test that asks for it.
///
/// Panics with pip's words when it cannot be made.
pub fn python() -> PathBuf {
    python_with("dlt", &PACKAGES)
}

/// The Python of an environment of a name, with packages. It is made when it is not there.
///
/// Panics with pip's words when it cannot be made.
pub fn python_with(name: &str, packages: &[&str]) -> PathBuf {
    let dir = places::lasting(name);
    let python = dir.join("venv/bin/python");
    let lock = File::create(dir.join("lock")).unwrap();
    lock.lock().unwrap();
    let stamp = dir.join("packages");
    let wanted = packages.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) && python.is_file() {
        return python;
    }
    let slow = Duration::from_mins(10);
    Cli::new("python3", &dir).args(["-m", "venv", "--clear", "venv"]).timeout(slow).run().code(0);
    let pip = Cli::new(&python, &dir).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    with_registry(pip, "pip_").args(packages).timeout(slow).run().code(0);
    fs::write(&stamp, wanted).unwrap();
    python
}

/// The environment of a process of dlt whose own files are in `dir`.
pub fn environment(dir: &Path) -> [(&'static str, OsString); 4] {
    [
        ("DLT_DATA_DIR", dir.join("dlt-data").into()),
        ("RUNTIME__DLTHUB_TELEMETRY", "false".into()),
        ("RUNTIME__LOG_LEVEL", "CRITICAL".into()),
        ("PYTHONUTF8", "1".into()),
    ]
}

/// A Python program with dlt at hand, to be run in `dir`, which also holds dlt's own files.
pub fn script(dir: &Path, code: &str) -> Cli {
    let cli = Cli::new(python(), dir).args(["-c", code]);
    environment(dir).into_iter().fold(cli, |cli, (key, value)| cli.env(key, value))
}

/// Runs a Python program that must succeed.
#[track_caller]
pub fn run(dir: &Path, code: &str) -> Output {
    let output = script(dir, code).run();
    output.code(0);
    output
}
