//! `[privacy]`: checked against what a pipeline goes by, and put to work.

use std::collections::BTreeMap;

use super::{failure::Failure, hook::own_folder, session::Session};
use crate::{
    config::Config,
    model::DataType,
    normalize::{
        Naming, ResourceHints,
        schema::{Column, Schema},
    },
    privacy::{
        Action, Guard, KEY_FILE, Key,
        people::{Absent, Forgotten},
    },
};

/// Takes out of what comes what is not kept. Its key is made when there is none.
pub(crate) fn guard(config: &Config) -> Result<Guard, Failure> {
    let rules = &config.privacy.rules;
    if rules.is_empty() {
        return Ok(Guard::default());
    }
    Ok(Guard::new(rules.clone(), Key::open(&own_folder(config), KEY_FILE)?))
}

/// The same, which leaves people out who were forgotten. Read once the destination is open, or the inbox is held: until then
/// `forget` may note somebody.
pub(crate) async fn without_forgotten(
    guard: Guard,
    session: &Session,
    tokens: &BTreeMap<String, String>,
) -> Result<Guard, Failure> {
    let forgotten = Forgotten::open(&own_folder(&session.config))?;
    if forgotten.is_empty() {
        return Ok(guard);
    }
    let absent = Absent::new(session.marks(tokens).await?, forgotten, &guard);
    Ok(guard.without(absent))
}

/// Checks that nothing is dropped or hashed that a resource cannot be loaded without as it came. `field` is the one that
/// tells new records from known ones, or a later record from an earlier one.
///
/// # Errors
/// Names the path, the resource, and what goes by it.
pub(crate) fn check(hints: &ResourceHints, field: Option<&str>, config: &Config) -> Result<(), Failure> {
    let resource = &hints.resource;
    let keys = [("primary_key", &hints.primary_key), ("merge_key", &hints.merge_key)];
    let keys = keys.iter().flat_map(|(what, key)| key.iter().flatten().map(|field| (*what, field.as_str())));
    for (what, field) in keys {
        let hint = "hash it instead: hashes tell records apart as well as what they were made of";
        refuse(config, field, &[Action::Drop], &format!("is in the `{what}` of `{resource}`"), hint)?;
    }
    if let Some(field) = field {
        let hint =
            "name something else: a new record is told from a known one, or a later one from an earlier, by its value";
        refuse(config, field, &BOTH, &format!("is the incremental field of `{resource}`"), hint)?;
    }
    if let Some((field, _)) = &hints.merge.dedup_sort {
        let hint = format!("take `dedup_sort` out of `[resources.{resource}]`, or name something else");
        refuse(config, field, &BOTH, &format!("is what `dedup_sort` of `{resource}` sorts by"), &hint)?;
    }
    if let Some(field) = &hints.hard_delete {
        let hint = format!("take `hard_delete` out of `[resources.{resource}]`, or name something else");
        refuse(config, field, &BOTH, &format!("tells which rows of `{resource}` are deleted"), &hint)?;
    }
    for column in &hints.columns {
        if !column.nullable {
            let hint = format!("take `nullable = false` out of `[resources.{resource}]`, or hash it instead");
            refuse(config, &column.path, &[Action::Drop], &format!("must have a value in `{resource}`"), &hint)?;
        }
        if let Some(data_type) = column.data_type.filter(|found| !matches!(found, DataType::Text | DataType::Json)) {
            let hint = "hashes are texts: take `data_type` out, or write `data_type = \"text\"`";
            let what = format!("has the `data_type` `{}` in `{resource}`", data_type.as_str());
            refuse(config, &column.path, &[Action::Hash], &what, hint)?;
        }
    }
    Ok(())
}

/// The same for keys that nobody names now: those of the tables that are there.
///
/// # Errors
/// Names the path, the resource, and the key.
pub(crate) fn check_stored(hints: &ResourceHints, stored: &Schema, config: &Config) -> Result<(), Failure> {
    let resource = &hints.resource;
    let Some(table) = stored.tables.get(&Naming::default().path(resource.as_str())) else { return Ok(()) };
    let is_key = |column: &Column| {
        (column.primary_key && hints.primary_key.is_none()) || (column.merge_key && hints.merge_key.is_none())
    };
    for column in table.columns.values().filter(|column| is_key(column)) {
        let hint = "hash it instead: hashes tell records apart as well as what they were made of";
        let what = format!("is in the key that `{resource}` has had so far");
        refuse(config, &column.name, &[Action::Drop], &what, hint)?;
    }
    Ok(())
}

const BOTH: [Action; 2] = [Action::Drop, Action::Hash];

/// Refuses paths that would do one of these things to a field.
fn refuse(config: &Config, field: &str, actions: &[Action], what: &str, hint: &str) -> Result<(), Failure> {
    match config.privacy.rules.on_field(field) {
        Some((path, action)) if actions.contains(&action) => {
            let (key, file) = (action.as_str(), config.file.display());
            let within = if path.as_str() == field { String::new() } else { format!(", with `{field}` in it,") };
            let message = format!("`privacy.{key}` in `{file}`: `{path}`{within} {what}");
            Err(Failure::config(message, Some(hint.to_owned())))
        }
        _ => Ok(()),
    }
}
