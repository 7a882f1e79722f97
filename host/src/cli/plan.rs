//! What is done with each resource of a run.

use super::failure::Failure;
use crate::{
    config::{Config, Hints},
    model::{MergeStrategy, ResourceSpec, WriteDisposition},
    normalize::{
        Naming, ResourceHints,
        schema::{Column, Schema},
    },
    pipeline::{Action, Planned},
    state::State,
};

/// The hints of the selected resources: the pipeline file's, and else the component's own.
pub(crate) fn hints(selected: &[ResourceSpec], config: &Config) -> Vec<ResourceHints> {
    let no_hints = Hints::default();
    let hints = |spec: &ResourceSpec| {
        let hints = config.hints.get(&spec.name).unwrap_or(&no_hints);
        ResourceHints {
            resource: spec.name.clone(),
            write_disposition: hints.write_disposition.unwrap_or(spec.write_disposition),
            merge: hints.merge.clone(),
            primary_key: hints.primary_key.clone().or_else(|| listed_key(spec)),
            merge_key: hints.merge_key.clone(),
            max_table_nesting: hints.max_table_nesting,
            hard_delete: hints.hard_delete.clone(),
            schema_contract: hints.schema_contract,
            columns: hints.columns.clone(),
        }
    };
    selected.iter().map(hints).collect()
}

/// The key that the component names; none when it names none, so that the one that is stored stays.
fn listed_key(spec: &ResourceSpec) -> Option<Vec<String>> {
    (!spec.primary_key.is_empty()).then(|| spec.primary_key.clone())
}

/// Checks that no merge that goes by the primary key is without one, and says which has no key at all. What the hints leave
/// open is as it is stored.
///
/// # Errors
/// Names the resource and where to put its key.
pub(crate) fn check(hints: &[ResourceHints], stored: &Schema, config: &Config) -> Result<(), Failure> {
    for hints in hints.iter().filter(|hints| hints.write_disposition == WriteDisposition::Merge) {
        let name = &hints.resource;
        let table = stored.tables.get(&Naming::default().path(name.as_str()));
        let strategy = strategy(hints, stored);
        let has_key = match &hints.primary_key {
            Some(key) => !key.is_empty(),
            None => table.is_some_and(|table| table.columns.values().any(|column| column.primary_key)),
        };
        if strategy.needs_primary_key() && !has_key {
            let (file, strategy) = (config.file.display(), strategy.as_str());
            return Err(Failure::config(
                format!("resource `{name}` has no primary key, and the merge strategy `{strategy}` goes by it"),
                Some(format!(
                    "name the fields that identify a record: `primary_key = [\"id\"]` in `[resources.{name}]` of `{file}`"
                )),
            ));
        }
    }
    warn_of_appends(hints, stored, config);
    Ok(())
}

/// Says which merges have nothing to merge by: their rows are added, as in dlt.
fn warn_of_appends(hints: &[ResourceHints], stored: &Schema, config: &Config) {
    for hints in hints.iter().filter(|hints| hints.write_disposition == WriteDisposition::Merge) {
        let name = &hints.resource;
        let table = stored.tables.get(&Naming::default().path(name.as_str()));
        let is_stored = |is: fn(&Column) -> bool| table.is_some_and(|table| table.columns.values().any(is));
        let has = |named: &Option<Vec<String>>, is: fn(&Column) -> bool| {
            named.as_ref().map_or_else(|| is_stored(is), |key| !key.is_empty())
        };
        let goes_by = has(&hints.primary_key, |column| column.primary_key)
            || has(&hints.merge_key, |column| column.merge_key)
            || hints.hard_delete.is_some()
            || is_stored(|column| column.hard_delete);
        if strategy(hints, stored) == MergeStrategy::DeleteInsert && !goes_by {
            let file = config.file.display();
            eprintln!("warning: {name}: there is no key to merge by, so the rows are added to those of earlier runs");
            eprintln!(
                "hint: name the fields that identify a record: `primary_key = [\"id\"]` in `[resources.{name}]` of `{file}`"
            );
        }
    }
}

/// Goes on with the resources whose rows wait in staging.
pub(crate) fn take_up(hints: &[ResourceHints], stored: &Schema, state: &mut State) {
    for hints in hints.iter().filter(|hints| hints.write_disposition != WriteDisposition::Skip) {
        let stages = match hints.write_disposition {
            WriteDisposition::Replace => true,
            WriteDisposition::Merge => strategy(hints, stored) == MergeStrategy::Scd2,
            _ => false,
        };
        state.take_up(&hints.resource, stages);
    }
}

/// How rows are merged. What the hints leave open is as it is stored.
fn strategy(hints: &ResourceHints, stored: &Schema) -> MergeStrategy {
    let table = stored.tables.get(&Naming::default().path(hints.resource.as_str()));
    hints.merge.strategy.or_else(|| table?.merge_strategy).unwrap_or_default()
}

/// Decides what is done with each resource.
pub(crate) fn plan(hints: Vec<ResourceHints>, state: &State) -> Vec<Planned> {
    let plan = |hints: ResourceHints| {
        let action = if hints.write_disposition == WriteDisposition::Skip {
            Action::Skip
        } else if state.completed.contains(&hints.resource) {
            Action::AlreadyDone
        } else {
            Action::Fetch(state.resources.get(&hints.resource).cloned().unwrap_or_default())
        };
        let continued = match &action {
            Action::Fetch(checkpoint) => checkpoint.refresh.clone(),
            _ => None,
        };
        Planned { hints, action, incremental: None, refresh: continued }
    };
    hints.into_iter().map(plan).collect()
}
