//! What passes between the fetchers and the loader: pages and ends one way, word to stop the other.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::oneshot;

use crate::model::Page;

/// What fetchers tell the loader. Resources are told by their index in the plan.
#[derive(Debug)]
pub(super) enum Message {
    Page {
        index: usize,
        page: Page,
        /// Whether the page was the last that is wanted, for a fetcher that waits for it.
        asked: Option<oneshot::Sender<bool>>,
    },
    /// The resource starts again from its beginning.
    Restarted {
        index: usize,
    },
    Ended {
        index: usize,
        complete: bool,
    },
}

impl Message {
    pub(super) fn index(&self) -> usize {
        match self {
            Self::Page { index, .. } | Self::Restarted { index } | Self::Ended { index, .. } => *index,
        }
    }
}

/// One switch per resource of the plan, shared by the loader and the fetchers.
#[derive(Clone, Debug)]
pub(super) struct Halts(Arc<[AtomicBool]>);

impl Halts {
    pub(super) fn new(resources: usize) -> Self {
        Self((0..resources).map(|_| AtomicBool::new(false)).collect())
    }

    /// No more pages of a resource are wanted in this run.
    pub(super) fn halt(&self, index: usize) {
        if let Some(switch) = self.0.get(index) {
            switch.store(true, Ordering::Relaxed);
        }
    }

    /// Whether more pages are wanted. One that is sent all the same does no harm.
    pub(super) fn is_halted(&self, index: usize) -> bool {
        self.0.get(index).is_some_and(|switch| switch.load(Ordering::Relaxed))
    }
}
