//! The `sluicegate` program.

use std::process::ExitCode;

/// Appending rows allocates all the time, and the system's allocator would cost a tenth of a run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sluicegate::cli::main()
}
