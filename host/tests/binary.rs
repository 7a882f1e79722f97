//! The program starts. What it does is tested from outside, in the `acceptance` crate; this test has cargo build the
//! program for a plain `cargo test`.

use std::process::Command;

#[test]
fn the_program_tells_its_version() {
    let output = Command::new(env!("CARGO_BIN_EXE_sluicegate")).arg("--version").output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), concat!("sluicegate ", env!("CARGO_PKG_VERSION"), "\n"));
}
