//! Named points of a run at which a test kills the process, as a power cut would.
//!
//! A debug build can be told one of the [`POINTS`]: `SLUICEGATE_FAULT=NAME[:N]` sends SIGKILL to itself when it passes
//! that point for the N-th time, the first unless told otherwise. A release has none of this: there [`point`] is empty.

/// A point at which the process may be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// A new database is whole, and lies under a name that nobody looks for.
    FilePrepared,
    /// A new database is in its place, and empty.
    FileMade,
    /// A page has come from the source.
    PageFetched,
    /// The rows of a page are made, in memory alone.
    PageNormalized,
    /// A table is about to be made or altered within the open load.
    BeforeDdl,
    /// A table was made or altered within the open load.
    AfterDdl,
    /// Rows are in their table, within the open load.
    RowsAppended,
    /// Rows wait in staging, within the open load.
    RowsStaged,
    /// Staged rows are about to take the place of all others.
    BeforeSwap,
    /// A statement of a swap is done, within the open load.
    SwapStatement,
    /// A statement of a merge is done, within the open load.
    MergeStatement,
    /// Everything of a load is written but its COMMIT.
    BeforeCommit,
    /// The COMMIT of a load came back, and nobody was told.
    AfterCommit,
    /// All loads are committed, and DuckDB's log is about to be written into the file.
    BeforeCheckpoint,
    /// DuckDB's log is in the file.
    AfterCheckpoint,
    /// Events are about to be written to the inbox.
    BeforeStored,
    /// Events are durable in the inbox, and nobody was answered.
    AfterStored,
    /// Events are loaded, and the inbox was not told.
    AfterLoaded,
    /// A message is noted as being sent, and is not.
    RelayMarked,
    /// The service has answered a message, and nobody noted it.
    RelaySent,
    /// What became of a message is noted, and nobody was told.
    RelayRecorded,
    /// A component that is added is whole, under a name that nobody looks for.
    ComponentStaged,
    /// The lock file has the entry of a component that is not in its place.
    ComponentLocked,
    /// A component is in its place.
    ComponentPlaced,
    /// A component is gone, and the lock file has its entry still.
    ComponentRemoved,
    /// It is durable who is forgotten, and nothing of theirs is removed.
    PersonNoted,
    /// The events of a person are gone from the inbox.
    EventsRemoved,
    /// A statement that removes rows of a person is done, within its transaction.
    RowsRemoved,
    /// What is left of a database is in another file, which nobody looks for.
    CopyMade,
    /// That file is in the place of the database.
    CopyPlaced,
}

/// Every point, with its name.
pub const POINTS: [(Point, &str); 30] = [
    (Point::FilePrepared, "file-prepared"),
    (Point::FileMade, "file-made"),
    (Point::PageFetched, "page-fetched"),
    (Point::PageNormalized, "page-normalized"),
    (Point::BeforeDdl, "before-ddl"),
    (Point::AfterDdl, "after-ddl"),
    (Point::RowsAppended, "rows-appended"),
    (Point::RowsStaged, "rows-staged"),
    (Point::BeforeSwap, "before-swap"),
    (Point::SwapStatement, "swap-statement"),
    (Point::MergeStatement, "merge-statement"),
    (Point::BeforeCommit, "before-commit"),
    (Point::AfterCommit, "after-commit"),
    (Point::BeforeCheckpoint, "before-checkpoint"),
    (Point::AfterCheckpoint, "after-checkpoint"),
    (Point::BeforeStored, "before-stored"),
    (Point::AfterStored, "after-stored"),
    (Point::AfterLoaded, "after-loaded"),
    (Point::RelayMarked, "relay-marked"),
    (Point::RelaySent, "relay-sent"),
    (Point::RelayRecorded, "relay-recorded"),
    (Point::ComponentStaged, "component-staged"),
    (Point::ComponentLocked, "component-locked"),
    (Point::ComponentPlaced, "component-placed"),
    (Point::ComponentRemoved, "component-removed"),
    (Point::PersonNoted, "person-noted"),
    (Point::EventsRemoved, "events-removed"),
    (Point::RowsRemoved, "rows-removed"),
    (Point::CopyMade, "copy-made"),
    (Point::CopyPlaced, "copy-placed"),
];

#[cfg(debug_assertions)]
pub use armed::{UnknownFault, arm, point};

/// Does nothing: a release cannot be told to kill itself.
#[cfg(not(debug_assertions))]
pub fn point(_passed: Point) {}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    };

    use super::{POINTS, Point};

    /// What the process was told: the point, and how often it is still to be passed.
    static TOLD: OnceLock<(Point, AtomicU64)> = OnceLock::new();

    /// A text that tells no point.
    #[derive(Debug, thiserror::Error)]
    #[error("`{0}` is no fault point; there are {points}", points = names())]
    pub struct UnknownFault(String);

    /// Has the process kill itself at the point that `told` names, in the form `NAME[:N]`. Counts for the whole process,
    /// and only once.
    ///
    /// # Errors
    /// When there is no such point, or N is no number from 1.
    pub fn arm(told: &str) -> Result<(), UnknownFault> {
        let (name, passing) = told.split_once(':').unwrap_or((told, "1"));
        let point = POINTS.iter().find(|(_, known)| *known == name).map(|(point, _)| *point);
        let passing = passing.parse().ok().filter(|passing| *passing > 0);
        let (Some(point), Some(passing)) = (point, passing) else { return Err(UnknownFault(told.to_owned())) };
        TOLD.get_or_init(|| (point, AtomicU64::new(passing)));
        Ok(())
    }

    /// Kills the process if it was told to at this passing.
    pub fn point(passed: Point) {
        if let Some((point, left)) = TOLD.get()
            && *point == passed
            && left.fetch_sub(1, Ordering::Relaxed) == 1
        {
            kill();
        }
    }

    /// Ends the process on the spot: no destructor runs, nothing is flushed.
    fn kill() -> ! {
        #[cfg(unix)]
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        std::process::abort()
    }

    fn names() -> String {
        let names: Vec<String> = POINTS.iter().map(|(_, name)| format!("`{name}`")).collect();
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_point_has_a_name_of_its_own() {
        for (place, (point, name)) in POINTS.iter().enumerate() {
            assert_eq!(*point as usize, place, "{name}");
            assert_eq!(POINTS.iter().filter(|(_, other)| other == name).count(), 1, "{name}");
        }
    }

    #[test]
    fn what_is_no_point_is_refused() {
        for told in ["", "nowhere", "before-commit:0", "before-commit:x", "before-commit:1:2"] {
            let error = arm(told).unwrap_err().to_string();
            assert!(error.contains(&format!("`{told}`")) && error.contains("`after-commit`"), "{error}");
        }
    }
}
