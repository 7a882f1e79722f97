//! A resource as the loader sees it.

use super::{Action, Planned, loaded::Loaded};
use crate::{
    model::ResourceName,
    normalize::{Naming, Normalizer, schema::Table},
    sink::Sink,
    state::Refresh,
};

/// A resource that is loaded.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and they change at different times")]
pub(super) struct Target {
    pub(super) name: ResourceName,
    pub(super) table: String,
    /// Its rows wait in staging until it is complete.
    pub(super) stages: bool,
    /// They take the place of all earlier ones then, even if there are none.
    replaces: bool,
    /// It replaces in this run alone; one that is stopped is continued so.
    pub(super) refresh: Option<Refresh>,
    /// An earlier run has taken pages of it.
    resumed: bool,
    /// Nothing of it was taken yet, and it starts at its first page.
    pub(super) fresh: bool,
    /// It has come to its end, in this run or in the one that it continues.
    pub(super) complete: bool,
    /// It will send no more.
    pub(super) over: bool,
    /// The writer was given its end.
    pub(super) settled: bool,
    pub(super) loaded: Loaded,
}

impl Target {
    /// Declares a resource to those who make and write its rows.
    pub(super) fn new(planned: &Planned, normalizer: &mut Normalizer, sink: &mut Sink) -> Self {
        let fetched = matches!(planned.action, Action::Fetch(_));
        let idle_hints = if fetched { normalizer.declare(&planned.hints) } else { Vec::new() };
        let done = planned.action == Action::AlreadyDone;
        let table = Naming::default().path(planned.hints.resource.as_str());
        let keeps_versions = normalizer.schema().tables.get(&table).is_some_and(Table::keeps_versions);
        if let Some(refresh) = &planned.refresh {
            sink.replace_once(&table, &refresh.drops);
        }
        Self {
            name: planned.hints.resource.clone(),
            refresh: planned.refresh.clone(),
            stages: planned.replaces() || keeps_versions,
            replaces: planned.replaces(),
            resumed: matches!(&planned.action, Action::Fetch(checkpoint) if checkpoint.cursor.is_some()),
            fresh: matches!(&planned.action, Action::Fetch(checkpoint) if checkpoint.cursor.is_none()),
            table,
            complete: done,
            over: !fetched,
            settled: done,
            loaded: Loaded {
                committed: done,
                idle_hints,
                incremental: planned.incremental.clone(),
                ..Loaded::default()
            },
        }
    }

    /// Whether rows enter the dataset when the resource is complete: those of a replacement do even if there are none.
    pub(super) fn enters(&self) -> bool {
        self.replaces || (self.stages && (self.resumed || self.loaded.records > 0))
    }
}
