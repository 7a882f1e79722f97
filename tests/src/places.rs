//! Where the built things are. Tests use what was built and build nothing themselves: only the Makefile knows how.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The `sluicegate` binary: `SLUICEGATE_BIN`, or the one built beside the test executable.
///
/// Panics with a hint when there is none.
pub fn sluicegate() -> PathBuf {
    let path = std::env::var_os("SLUICEGATE_BIN").map_or_else(
        || {
            let executable = std::env::current_exe().unwrap();
            executable.ancestors().nth(2).unwrap().join("sluicegate")
        },
        PathBuf::from,
    );
    assert!(path.is_file(), "there is no `{}`\nhint: make test", path.display());
    path
}

/// The JivoChat component: `SLUICEGATE_COMPONENT`, or `target/jivochat.wasm` of the workspace.
///
/// Panics with a hint when there is none, or when it is older than its sources.
pub fn component() -> PathBuf {
    if let Some(path) = std::env::var_os("SLUICEGATE_COMPONENT") {
        return PathBuf::from(path);
    }
    let path = workspace().join("target/jivochat.wasm");
    let Some(built) = modified(&path) else { panic!("there is no `{}`\nhint: make guest", path.display()) };
    for sources in ["guest", "wit"] {
        let newest = newest(&workspace().join(sources));
        assert!(newest <= built, "`{}` is older than the sources in `{sources}/`\nhint: make guest", path.display());
    }
    path
}

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A folder below `target/` for what outlives a test: the compiled component, dlt's environment.
pub fn lasting(name: &str) -> PathBuf {
    let dir = workspace().join("target/acceptance").join(name);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

/// The time of the latest change to a source file below `dir`; `wit/deps` is brought, not written.
fn newest(dir: &Path) -> SystemTime {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "deps" && name != "target") {
                newest = newest.max(self::newest(&path));
            }
        } else if let Some(changed) = modified(&path) {
            newest = newest.max(changed);
        }
    }
    newest
}
