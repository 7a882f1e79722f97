//! What a resource is read on by: the component's word, with the pipeline file's laid over it.

use super::failure::Failure;
use crate::{
    config::{Config, Hints, IncrementalHint, IncrementalKeys},
    incremental::{Dedup, DedupKey, FieldPath, Filter, InvalidPath, Late, PlanError, Settings},
    model::{MergeStrategy, ResourceName, ResourceSpec, WriteDisposition},
    normalize::{
        Naming, ResourceHints,
        schema::{Column, Schema},
    },
    pipeline::{Action, Planned},
    state::State,
};

/// How each of the selected resources is read on; none when it is read as a whole. `resources` are their other hints.
///
/// # Errors
/// Names the resource, and what is missing or cannot be obeyed.
pub(crate) fn settings(
    selected: &[ResourceSpec],
    resources: &[ResourceHints],
    config: &Config,
) -> Result<Vec<Option<Settings>>, Failure> {
    let no_hints = Hints::default();
    let hints = |spec: &ResourceSpec| config.hints.get(&spec.name).unwrap_or(&no_hints);
    selected.iter().zip(resources).map(|(spec, resource)| settings_of(spec, hints(spec), resource, config)).collect()
}

fn settings_of(
    spec: &ResourceSpec,
    hints: &Hints,
    resource: &ResourceHints,
    config: &Config,
) -> Result<Option<Settings>, Failure> {
    let keys = match &hints.incremental {
        Some(IncrementalHint::Off) => return Ok(None),
        Some(IncrementalHint::On(keys)) => Some(keys),
        None => None,
    };
    let field = match (keys.and_then(|keys| keys.cursor_path.clone()), &spec.incremental) {
        (Some(field), _) => field,
        (None, Some(listed)) => listed.parse().map_err(|error| listed_wrong(spec, &error))?,
        (None, None) if keys.is_some() => return Err(without_field(spec, config)),
        (None, None) => return Ok(None),
    };
    let none = IncrementalKeys::default();
    let keys = keys.map_or(&none, AsRef::as_ref);
    Ok(Some(Settings {
        initial_value: keys.initial_value.clone(),
        end_value: keys.end_value.clone(),
        lag: keys.lag,
        row_order: keys.row_order,
        range_start_open: keys.range_start_open,
        range_end_closed: keys.range_end_closed,
        on_missing: keys.on_cursor_value_missing,
        dedup: dedup(keys, hints, resource).map_err(|error| listed_wrong(spec, &error))?,
        ..Settings::new(field)
    }))
}

/// dlt's choice: the hint's own key, where an empty one means none; else the resource's; else the whole record.
fn dedup(keys: &IncrementalKeys, hints: &Hints, resource: &ResourceHints) -> Result<Dedup, InvalidPath> {
    let (fields, as_list) = match &keys.primary_key {
        Some(key) if key.fields.is_empty() => return Ok(Dedup::Off),
        Some(key) => (&key.fields, key.as_list),
        None => match &resource.primary_key {
            Some(fields) if !fields.is_empty() => (fields, hints.primary_key_is_list),
            _ => return Ok(Dedup::Record),
        },
    };
    let fields = fields.iter().map(|field| field.parse()).collect::<Result<Vec<FieldPath>, _>>()?;
    Ok(Dedup::Key(DedupKey { as_list: as_list || fields.len() > 1, required: true, fields }))
}

/// Plans the reads of resources that are read on: from their settings and from what was committed, the state, and the keys
/// that the stored schema names where nobody names them now.
///
/// # Errors
/// Names the resource whose settings and state contradict each other.
pub(crate) fn plan(
    planned: &mut [Planned],
    settings: Vec<Option<Settings>>,
    stored: &Schema,
    state: &State,
) -> Result<(), Failure> {
    for (planned, settings) in planned.iter_mut().zip(settings) {
        if let (Action::Fetch(checkpoint), Some(settings)) = (&planned.action, settings) {
            let resource = &planned.hints.resource;
            let settings = with_stored(settings, planned, stored);
            let filter = Filter::plan(settings, state.incremental.get(resource), checkpoint);
            planned.incremental = Some(filter.map_err(|error| contradiction(resource, &error))?);
        }
    }
    Ok(())
}

fn with_stored(settings: Settings, planned: &Planned, stored: &Schema) -> Settings {
    let hints = &planned.hints;
    let table = stored.tables.get(&Naming::default().path(hints.resource.as_str()));
    let key = |named: &Option<Vec<String>>, is_key: fn(&Column) -> bool| -> Vec<String> {
        let columns = table.into_iter().flat_map(|table| table.columns.values());
        let known = columns.filter(|column| named.is_none() && is_key(column)).map(|column| column.name.clone());
        named.iter().flatten().cloned().chain(known).collect()
    };
    let primary_key = key(&hints.primary_key, |column| column.primary_key);
    let merge_key = key(&hints.merge_key, |column| column.merge_key);
    let merges = hints.write_disposition == WriteDisposition::Merge;
    let strategy = hints.merge.strategy.or_else(|| table?.merge_strategy);
    // Without a merge key the rows that a read does not bring are retired: it has to bring all of them.
    let retires = merges && strategy == Some(MergeStrategy::Scd2) && merge_key.is_empty();
    Settings {
        replaces: planned.replaces() || retires,
        late: if merges && !(primary_key.is_empty() && merge_key.is_empty()) { Late::Merge } else { Late::LeaveOut },
        dedup: match settings.dedup {
            Dedup::Record if hints.primary_key.is_none() => of_columns(&primary_key),
            dedup => dedup,
        },
        ..settings
    }
}

fn contradiction(resource: &ResourceName, error: &PlanError) -> Failure {
    let again = format!("begin again with `--full-refresh --resource {resource}`");
    let hint = match error {
        PlanError::Scales { .. } => format!("correct `initial_value`, or {again}"),
        PlanError::LagOfText { .. } => format!("take `lag` out, or {again}"),
        PlanError::Damaged { .. } => again,
    };
    Failure::config(format!("{resource}: {error}"), Some(hint))
}

/// The key of a stored table. Its columns have other names than the fields of the records may have; a record without such
/// a field is told by all of it.
fn of_columns(columns: &[String]) -> Dedup {
    let fields: Option<Vec<FieldPath>> = columns.iter().map(|column| column.replace("__", ".").parse().ok()).collect();
    match fields {
        Some(fields) if !fields.is_empty() => {
            Dedup::Key(DedupKey { as_list: fields.len() > 1, required: false, fields })
        }
        _ => Dedup::Record,
    }
}

/// Says which resources add rows that a lag has read again.
pub(crate) fn warn_of_lag(planned: &[Planned]) {
    for planned in planned.iter().filter(|planned| planned.incremental.as_ref().is_some_and(Filter::reads_again)) {
        let name = &planned.hints.resource;
        eprintln!(
            "warning: {name}: `lag` reads records again, and they are added again; `merge` by a key keeps one of each"
        );
    }
}

fn without_field(spec: &ResourceSpec, config: &Config) -> Failure {
    let place = format!("`resources.{}.incremental` in `{}`", spec.name, config.file.display());
    let hint = "write `cursor_path = \"…\"`: the path of the field that grows with each change".to_owned();
    Failure::config(format!("{place} names no field, and the component lists none"), Some(hint))
}

fn listed_wrong(spec: &ResourceSpec, error: &InvalidPath) -> Failure {
    let hint = format!("set `incremental` and `primary_key` in `[resources.{}]`", spec.name);
    Failure::config(format!("the component cannot be obeyed for the resource `{}`: {error}", spec.name), Some(hint))
}
