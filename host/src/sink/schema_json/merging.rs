//! dlt's hints of tables and columns that say how rows are merged.

use serde_json::{Map, Value};

use crate::model::{Instant, MergeStrategy, SortOrder};
use crate::normalize::schema::{Column, Table, VersionPart};

/// dlt's hint of a table: how it is merged.
const STRATEGY: &str = "x-merge-strategy";

/// dlt's hint of a table: whether the keys of a load are known to differ.
const DEDUPLICATED: &str = "x-stage-data-deduplicated";

/// dlt's hint of a table: when versions begin and end.
const BOUNDARY: &str = "x-boundary-timestamp";

/// dlt's hints of columns: what they say of versions.
const VALID_FROM: &str = "x-valid-from";
const VALID_TO: &str = "x-valid-to";
const ACTIVE: &str = "x-active-record-timestamp";
const ROW_VERSION: &str = "x-row-version";

/// dlt's hint of a column: which of the rows with one key stays.
const DEDUP_SORT: &str = "dedup_sort";

/// Takes up what a stored table says.
pub(super) fn read_table(table: &mut Table, raw: &Value) {
    let text = |hint: &str| raw.get(hint).and_then(Value::as_str);
    table.merge_strategy = text(STRATEGY).and_then(MergeStrategy::parse);
    table.deduplicated = raw.get(DEDUPLICATED).and_then(Value::as_bool).unwrap_or(false);
    table.boundary_timestamp = text(BOUNDARY).and_then(Instant::parse);
}

/// Notes what a table says. A strategy of dlt's that this program does not know stays noted as long as the table gets no other.
pub(super) fn write_table(raw: &mut Map<String, Value>, table: &Table) {
    if let Some(strategy) = table.merge_strategy {
        raw.insert(STRATEGY.to_owned(), strategy.as_str().into());
    }
    match &table.boundary_timestamp {
        Some(boundary) => drop(raw.insert(BOUNDARY.to_owned(), boundary.as_str().into())),
        None => drop(raw.shift_remove(BOUNDARY)),
    }
    match (raw.get(DEDUPLICATED).and_then(Value::as_bool).unwrap_or(false), table.deduplicated) {
        (false, true) => drop(raw.insert(DEDUPLICATED.to_owned(), true.into())),
        (true, false) => drop(raw.shift_remove(DEDUPLICATED)),
        _ => {}
    }
}

/// Takes up what a stored column says.
pub(super) fn read_column(column: &mut Column, raw: &Value) {
    let flag = |hint: &str| raw.get(hint).and_then(Value::as_bool) == Some(true);
    let text = |hint: &str| raw.get(hint).and_then(Value::as_str);
    column.dedup_sort = text(DEDUP_SORT).and_then(SortOrder::parse);
    column.version = if flag(VALID_FROM) {
        Some(VersionPart::ValidFrom)
    } else if flag(VALID_TO) {
        Some(VersionPart::ValidTo { active: text(ACTIVE).and_then(Instant::parse) })
    } else {
        flag(ROW_VERSION).then_some(VersionPart::RowVersion)
    };
}

/// Notes what a column says.
pub(super) fn write_column(raw: &mut Map<String, Value>, column: &Column) {
    match column.dedup_sort {
        Some(order) => drop(raw.insert(DEDUP_SORT.to_owned(), order.as_str().into())),
        None => drop(raw.shift_remove(DEDUP_SORT)),
    }
    write_version(raw, column);
}

/// Notes what a column says of versions. A row's id that tells them apart is noted as no key, as dlt does.
fn write_version(raw: &mut Map<String, Value>, column: &Column) {
    let hints = match &column.version {
        None => vec![],
        Some(VersionPart::ValidFrom) => vec![(VALID_FROM, true.into())],
        Some(VersionPart::ValidTo { active }) => {
            vec![(VALID_TO, true.into()), (ACTIVE, active.as_ref().map(Instant::as_str).into())]
        }
        Some(VersionPart::RowVersion) => {
            vec![(ROW_VERSION, true.into()), ("unique", false.into()), ("row_key", false.into())]
        }
    };
    for hint in [VALID_FROM, VALID_TO, ACTIVE, ROW_VERSION] {
        if !hints.iter().any(|(kept, _)| *kept == hint) {
            raw.shift_remove(hint);
        }
    }
    for (hint, value) in hints {
        if raw.get(hint) != Some(&value) {
            raw.insert(hint.to_owned(), value);
        }
    }
}
