//! Makes a constant of each hostile program. One that no test names is dead code, which does not compile there.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a build script is told by variables, answers on stdout and fails by panicking"
)]

use std::fmt::Write as _;
use std::path::Path;

fn main() {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("hostile");
    println!("cargo::rerun-if-changed={}", folder.display());
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut programs: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "wat")).collect();
    programs.sort();
    let mut code = String::new();
    for path in programs {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let constant = name.to_uppercase();
        let text = format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/hostile/{name}.wat\"))");
        writeln!(code, "pub(super) const {constant}: Program = Program {{ name: {name:?}, text: {text} }};").unwrap();
    }
    std::fs::write(Path::new(&std::env::var("OUT_DIR").unwrap()).join("programs.rs"), code).unwrap();
}
