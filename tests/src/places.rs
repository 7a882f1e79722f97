//! Where the built things are. How the component is built is known to `.ci/guest` alone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

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

/// The JivoChat component: `SLUICEGATE_COMPONENT`, or `target/jivochat.wasm` of the workspace, built when its sources are
/// newer, so that a plain `cargo test` needs nothing but `make setup`.
///
/// Panics with the build's words when it cannot be built.
pub fn component() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();

    if let Some(path) = std::env::var_os("SLUICEGATE_COMPONENT") {
        return PathBuf::from(path);
    }
    let build = || {
        let output = Command::new(workspace().join(".ci/guest")).output().unwrap();
        assert!(
            output.status.success(),
            "the component cannot be built\n{}\nhint: make guest",
            String::from_utf8_lossy(&output.stderr)
        );
        workspace().join("target/jivochat.wasm")
    };
    BUILT.get_or_init(build).clone()
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
