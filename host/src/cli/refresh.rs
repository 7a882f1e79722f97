//! `--refresh` and `--full-refresh`: what is forgotten and dropped, and when.
//!
//! dlt drops at the beginning of a load, so that a run that fails leaves nothing. Here the new rows wait in staging, and
//! the load that completes a resource drops its old tables and puts the new rows in place in one transaction. A resource
//! of which no page comes keeps its rows and its state.

use super::args::RefreshMode;
use crate::{
    normalize::{Naming, schema::Schema},
    pipeline::{Action, Planned},
    state::{Checkpoint, Refresh, State},
};

/// Has the planned resources start anew, and takes out of the schema what will be dropped. The answer is the tables of
/// other resources that are to be dropped, if any are.
pub(crate) fn ask(
    mode: RefreshMode,
    planned: &mut [Planned],
    state: &mut State,
    schema: &mut Schema,
) -> Option<Vec<String>> {
    for planned in planned.iter_mut().filter(|planned| planned.action != Action::Skip) {
        let name = &planned.hints.resource;
        // A refresh that is under way has staged other tables than those that it will drop.
        let mut drops = state.resources.get(name).and_then(|known| known.refresh.clone()).unwrap_or_default().drops;
        if mode != RefreshMode::Data {
            let root = Naming::default().path(name.as_str());
            let chain = schema.below(&root).into_iter().chain(schema.tables.get(&root));
            let chain: Vec<String> = chain.map(|table| table.name.clone()).collect();
            schema.tables.retain(|table, _| !chain.contains(table));
            drops.extend(chain);
        }
        state.completed.remove(name);
        planned.action = Action::Fetch(Checkpoint::default());
        planned.refresh = Some(Refresh { drops });
    }
    (mode == RefreshMode::Sources).then(|| {
        let others = schema.tables.values().filter(|table| !table.is_internal());
        let others: Vec<String> = others.map(|table| table.name.clone()).collect();
        schema.tables.retain(|table, _| !others.contains(table));
        others
    })
}
