//! What is kept of a read: what it goes on with while it is not complete, and what the next one begins with once it is.

use serde_json::{Value, json};

use super::{boundary::Boundary, filter::Filter, mark::Mark};
use crate::{
    model::ResourceName,
    state::{Reading, State, Watermark},
};

impl Filter {
    /// Puts into the state how far the read has come. A complete one becomes what the next read begins with, where dlt
    /// looks for it; any other stays beside its cursor.
    pub fn keep(&mut self, resource: &ResourceName, complete: bool, state: &mut State) {
        let checkpoint = state.resources.entry(resource.clone()).or_default();
        if !complete {
            // A read that has taken nothing has nothing to go on with.
            if self.took || checkpoint.cursor.is_some() || checkpoint.reading.is_some() {
                checkpoint.reading = Some(Box::new(self.reading()));
            }
            return;
        }
        checkpoint.reading = None;
        if let Some((watermark, records)) = self.watermark() {
            checkpoint.boundary = records;
            let fields = state.incremental.entry(resource.clone()).or_default();
            fields.insert(self.settings.field.to_string(), json!(watermark));
        }
    }

    fn reading(&mut self) -> Reading {
        let identity = &self.identity;
        Reading {
            cursor_path: self.settings.field.to_string(),
            start: self.start.as_ref().map(Mark::stored),
            end: self.end.as_ref().map(Mark::stored),
            lower: self.lower.as_mut().map(|boundary| boundary.store(identity)),
            highest: self.highest.as_mut().map(|boundary| boundary.store(identity)),
        }
    }

    /// dlt's state after the read, and hashes of the whole records beside it. None for a backfill, for a read that knows
    /// neither where it began nor where it ended, and where dlt has come further meanwhile.
    fn watermark(&mut self) -> Option<(Watermark, Vec<String>)> {
        let stored = self.highest.as_mut()?.store(&self.identity);
        let known = self.known.clone().unwrap_or_else(|| {
            let initial = self.settings.initial_value.as_ref().map_or(Value::Null, Mark::stored);
            Watermark {
                initial_value: initial.clone(),
                last_value: initial.clone(),
                unique_hashes: Vec::new(),
                start_value: initial,
            }
        });
        let highest = self.highest.as_ref().map(Boundary::mark);
        let last_value = match (highest, Mark::new(&known.last_value)) {
            (Some(highest), Some(before)) if highest.precedes(&before) => return None,
            (Some(highest), Some(before)) => highest.stored_after(&before),
            _ => stored.value,
        };
        let watermark = Watermark {
            initial_value: known.initial_value,
            last_value,
            unique_hashes: stored.unique_hashes,
            start_value: if self.took { known.last_value } else { known.start_value },
        };
        Some((watermark, stored.records))
    }
}
