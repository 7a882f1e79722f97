//! Exit statuses. Part of the contract: docs/cli.md has the same table, and a test compares the two.

use crate::{report::RunReport, source::ErrorKind};

/// Everything asked for was done.
pub(crate) const OK: u8 = 0;
/// An unexpected failure: a bug.
pub(crate) const BUG: u8 = 1;
/// Usage or configuration; nothing was contacted, nothing written.
pub(crate) const CONFIG: u8 = 2;
/// The source refused for good.
pub(crate) const REFUSED: u8 = 3;
/// The source kept failing for now.
pub(crate) const UNAVAILABLE: u8 = 4;
/// The destination failed.
pub(crate) const DESTINATION: u8 = 5;
/// The sandbox stopped the component.
pub(crate) const SANDBOX: u8 = 6;
/// Stopped by Ctrl-C.
pub(crate) const INTERRUPTED: u8 = 130;
/// Stopped by SIGTERM.
pub(crate) const TERMINATED: u8 = 143;

/// The status for a failure of the source.
pub(crate) fn of_source(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Config
        | ErrorKind::Auth
        | ErrorKind::NotFound
        | ErrorKind::Permanent
        | ErrorKind::InvalidResponse
        | ErrorKind::CursorExpired => REFUSED,
        ErrorKind::RateLimited | ErrorKind::Transient => UNAVAILABLE,
        ErrorKind::Denied | ErrorKind::Trap | ErrorKind::Limit => SANDBOX,
    }
}

/// The status for a whole run: the highest of its resources' wins.
pub(crate) fn of_run(report: &RunReport) -> u8 {
    let of_kind = |kind: &str| match kind {
        "rate-limited" | "transient" => UNAVAILABLE,
        "destination" => DESTINATION,
        "denied" | "trap" | "limit" => SANDBOX,
        _ => REFUSED,
    };
    report
        .resources
        .iter()
        .filter_map(|resource| resource.error.as_ref())
        .map(|error| of_kind(error.kind))
        .max()
        .unwrap_or(OK)
}
