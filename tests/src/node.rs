//! The tools of Node, installed once below `target/`, from the lock file of `guest/javascript/`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::Cli;
use crate::places;

/// How long an installation or a build may take on a busy machine.
const SLOW: Duration = Duration::from_mins(10);

/// The folder with `node_modules`, which is made by the first test that asks for it.
///
/// Panics with npm's words when it cannot be made.
pub fn modules() -> PathBuf {
    let dir = places::lasting("node");
    let lock = File::create(dir.join("lock")).unwrap();
    lock.lock().unwrap();
    let template = places::workspace().join("guest/javascript");
    let wanted = fs::read_to_string(template.join("package-lock.json")).unwrap();
    let stamp = dir.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) && dir.join("node_modules").is_dir() {
        return dir.join("node_modules");
    }
    for name in ["package.json", "package-lock.json"] {
        fs::copy(template.join(name), dir.join(name)).unwrap();
    }
    let npm = Cli::new("npm", &dir).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    with_registry(npm, "npm_").timeout(SLOW).run().code(0);
    fs::write(&stamp, wanted).unwrap();
    dir.join("node_modules")
}

/// Makes the tools known in a folder.
pub fn link_modules(dir: &Path) {
    std::os::unix::fs::symlink(modules(), dir.join("node_modules")).unwrap();
}

/// Passes on what the user set of a package manager and of the network: it says where packages come from.
#[must_use]
pub fn with_registry(mut cli: Cli, prefix: &str) -> Cli {
    for (key, value) in std::env::vars_os() {
        let name = key.to_string_lossy().to_lowercase();
        if name.starts_with(prefix) || name.ends_with("_proxy") || name.starts_with("ssl_") || name == "home" {
            cli = cli.env(key, value);
        }
    }
    cli
}
