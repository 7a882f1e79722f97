//! Components in Python and JavaScript, built by the tools of their languages, once for each text of theirs.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::Cli;
use crate::{dlt, node, places};

/// The package that makes components of Python.
const COMPONENTIZE_PY: &str = "componentize-py==0.25.1";

/// The component of a source in Python.
///
/// Panics with the words of componentize-py when it cannot be built.
pub fn python(source: &str) -> PathBuf {
    built(&[source, COMPONENTIZE_PY], |dir, component| {
        let python = dlt::python_with("componentize-py", &[COMPONENTIZE_PY]);
        fs::write(dir.join("app.py"), source).unwrap();
        let tool = python.with_file_name("componentize-py");
        let cli = Cli::new(tool, dir).args(["-q", "-w", "configurable-source-component", "-d"]).arg(wit());
        cli.args(["componentize", "app", "-o"]).arg(component)
    })
}

/// The component of a source in JavaScript.
///
/// Panics with the words of componentize-js when it cannot be built.
pub fn javascript(source: &str) -> PathBuf {
    let read = |name: &str| fs::read_to_string(places::workspace().join("guest/javascript").join(name)).unwrap();
    let (build, lock) = (read("build.mjs"), read("package-lock.json"));
    built(&[source, &build, &lock], |dir, component| {
        node::link_modules(dir);
        fs::write(dir.join("app.js"), source).unwrap();
        fs::write(dir.join("build.mjs"), &build).unwrap();
        Cli::new("node", dir).args(["build.mjs", "app.js"]).arg(component).arg(wit())
    })
}

fn wit() -> PathBuf {
    places::workspace().join("wit")
}

/// The component that a command makes in a folder, unless it was made of the same texts and contract before.
fn built(texts: &[&str], command: impl FnOnce(&Path, &Path) -> Cli) -> PathBuf {
    let mut digest = DefaultHasher::new();
    texts.hash(&mut digest);
    for name in ["world", "types", "source", "setup"] {
        fs::read_to_string(wit().join(name).with_extension("wit")).unwrap().hash(&mut digest);
    }
    let dir = places::lasting("foreign");
    let component = dir.join(format!("{:016x}.wasm", digest.finish()));
    // One at a time, for each takes all processors there are.
    let lock = File::create(dir.join("lock")).unwrap();
    lock.lock().unwrap();
    if !component.is_file() {
        let work = tempfile::tempdir_in(&dir).unwrap();
        let made = work.path().join("made.wasm");
        command(work.path(), &made).timeout(Duration::from_mins(10)).run().code(0);
        fs::rename(made, &component).unwrap();
    }
    component
}
