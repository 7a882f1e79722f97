//! What people read: the summary on stdout, errors and hints on stderr.

use std::{fmt::Write as _, io::Write as _};

use super::{exit_code, failure::Failure};
use crate::{
    report::{ErrorReport, IncrementalReport, ResourceReport, ResourceStatus, RunReport},
    retry::human,
};

/// Prints data to stdout. A reader that went away, as `| head` does, is no failure; a full disk is.
pub(crate) fn data(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            let error = anyhow::Error::new(error).context("cannot write to stdout");
            Err(Failure::with_code(exit_code::DESTINATION, error))
        }
        _ => Ok(()),
    }
}

/// A text of somebody else's, without what a terminal would act on.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// The same for lines.
pub(crate) fn harmless_lines(text: &str) -> String {
    text.lines().fold(String::with_capacity(text.len()), |lines, line| lines + &harmless(line) + "\n")
}

/// Prints why a command failed: the error, its causes, and the advice on a line of its own.
pub(crate) fn failure(failure: &Failure) {
    if let Some(error) = &failure.error {
        eprintln!("error: {error:#}");
    }
    if let Some(hint) = &failure.hint {
        eprintln!("hint: {hint}");
    }
    if failure.code == exit_code::BUG {
        eprintln!("hint: this should not happen; please report it with what you ran");
    }
}

/// Tells once that another process holds the destination.
pub(crate) fn waiting(path: &std::path::Path) -> impl FnMut(&str) {
    move |holder| eprintln!("waiting for `{}`: {holder}", path.display())
}

/// Prints dlt's summary of a run, which says what is in the destination now.
pub(crate) fn summary(report: &RunReport) -> Result<(), Failure> {
    let mut text = format!(
        "Pipeline {} load step completed in {:.2} seconds\n{} load package(s) were loaded to destination duckdb and into \
         dataset {}\nThe duckdb destination used {} location to store data\n",
        report.pipeline,
        seconds(report.elapsed_ms),
        report.loads.len(),
        report.dataset,
        report.destination
    );
    for load in &report.loads {
        let _ = writeln!(text, "Load package {} is LOADED and contains no failed jobs", load.load_id);
    }
    data(&text)
}

/// Prints what a user should know of a run beyond the summary: warnings and failures by resource, then the advice, each
/// piece once.
pub(crate) fn remarks(report: &RunReport, advice: &dyn Fn(&ErrorReport) -> Option<String>) {
    let mut hints: Vec<String> = Vec::new();
    for resource in &report.resources {
        warnings(resource);
        let Some(error) = &resource.error else { continue };
        eprintln!("error: {}: {}: {}", resource.name, error.kind, error.message);
        if let Some(hint) = advice(error).filter(|hint| !hints.contains(hint)) {
            hints.push(hint);
        }
    }
    for hint in hints {
        eprintln!("hint: {hint}");
    }
}

fn warnings(resource: &ResourceReport) {
    let name = &resource.name;
    if resource.status == ResourceStatus::Unchanged && resource.pages == 0 {
        eprintln!("{name}: completed by the run before, which did not end by itself; not fetched again");
    }
    if resource.rejected > 0 {
        let records = count(resource.rejected, "record");
        eprintln!("warning: {name}: {records} kept aside in `_rejected_records`, with the reason");
    }
    if resource.forgotten > 0 {
        eprintln!("{name}: {} left out, of people who were forgotten", count(resource.forgotten, "record"));
    }
    let filtered = resource.incremental.as_ref().map_or(0, |incremental| incremental.filtered);
    let came = resource.records + resource.rejected + resource.discarded_records + resource.forgotten + filtered;
    if let Some(expected) = resource.expected.filter(|expected| resource.error.is_none() && *expected > came) {
        eprintln!(
            "warning: {name}: the service says that there are {}, and {} came; set its `paginator` if pages are missing",
            count(expected, "record"),
            thousands(came)
        );
    }
    if let Some(contract) = &resource.contract {
        let rows = Some(resource.discarded_rows).filter(|rows| *rows > 0).map(|rows| count(rows, "row"));
        let values = Some(resource.discarded_values).filter(|values| *values > 0).map(|values| count(values, "value"));
        let both: Vec<String> = rows.into_iter().chain(values).collect();
        eprintln!("warning: {name}: {} discarded by {contract}", both.join(" and "));
    }
    for note in &resource.notes {
        eprintln!("warning: {name}: {note}");
    }
    if let Some(incremental) = &resource.incremental {
        incremental_warnings(name, incremental);
    }
    if resource.truncated_timestamps > 0 {
        eprintln!("warning: {name}: {} cut to microseconds", count(resource.truncated_timestamps, "timestamp"));
    }
    for collision in &resource.collisions {
        let keys: Vec<String> = collision.keys.iter().map(|key| format!("`{key}`")).collect();
        eprintln!(
            "warning: {name}: keys {} of one record want the same column of `{}`; the later one is in `{}`",
            keys.join(" and "),
            collision.table,
            collision.column
        );
    }
    if resource.denied > 0 && resource.error.is_none() {
        eprintln!("warning: {name}: {} denied, see above", count(resource.denied, "request"));
    }
}

fn incremental_warnings(name: &str, incremental: &IncrementalReport) {
    if incremental.late_rows > 0 && incremental.leaves_late_out {
        let records = count(incremental.late_rows, "record");
        eprintln!(
            "warning: {name}: {records} left out as older than the last value of the run before; a merge by key takes them in"
        );
    }
    if let Some(crowd) = incremental.crowd {
        let records = count(crowd as u64, "record");
        eprintln!(
            "warning: {name}: {records} share the newest value of the incremental field, and each of them is remembered; a \
             finer field would keep the state small"
        );
    }
}

/// `1 row`, `12,345 rows`.
pub(crate) fn count(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// Rows per second, with thousands apart.
pub(crate) fn rate(rows: u64, elapsed: std::time::Duration) -> String {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    format!("{} rows/s", thousands(rows.saturating_mul(1000) / millis))
}

/// A count with its thousands apart: `12,345`.
pub(crate) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A wait for people.
pub(crate) fn wait(duration: std::time::Duration) -> String {
    human(duration)
}

fn seconds(elapsed_ms: u64) -> f64 {
    elapsed_ms as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_thousands_apart() {
        for (count, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (200_000, "200,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(count), text);
        }
    }
}
