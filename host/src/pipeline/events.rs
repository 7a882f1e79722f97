//! What a run tells while it goes on.

use std::time::Duration;

use crate::{report::LoadReport, source::SourceError};

/// Something that happened in a run. Resources are told by their index in the plan.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A resource is being fetched.
    Started {
        /// The resource.
        resource: usize,
        /// Whether it goes on where an earlier run stopped.
        resumed: bool,
    },
    /// A page arrived.
    Fetched {
        /// The resource.
        resource: usize,
        /// How many records the service says there are in all.
        total: Option<u64>,
    },
    /// The rows of a page were normalized.
    Normalized {
        /// The resource.
        resource: usize,
        /// Records that became rows.
        records: u64,
        /// Records kept aside.
        rejected: u64,
    },
    /// An attempt failed, and the page will be asked for again.
    Retrying {
        /// The resource.
        resource: usize,
        /// Why it failed.
        error: &'a SourceError,
        /// The wait before the next attempt.
        wait: Duration,
    },
    /// The service no longer accepts the cursor, and the resource starts again.
    Restarted {
        /// The resource.
        resource: usize,
    },
    /// A resource came to its end, or failed.
    Ended {
        /// The resource.
        resource: usize,
        /// Why it failed.
        error: Option<&'a SourceError>,
    },
    /// A load was committed.
    Committed(&'a LoadReport),
}

/// Is told what happens, from both threads of a run.
pub trait Observer: Send + Sync {
    /// Something happened. Must not block.
    fn event(&self, event: &Event<'_>);
}

/// An observer that does not look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn event(&self, _event: &Event<'_>) {}
}
