//! A user's hints for one resource.

use indexmap::IndexMap;

use super::{
    contract, disposition,
    error::BadValue,
    file::{ColumnTable, HintsTable, Names},
    incremental::IncrementalHint,
};
use crate::model::{ColumnHint, DataType, MergeHints, SchemaContract, SortOrder, WriteDisposition};

/// Hints of one resource; what is `None` is left to the component.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hints {
    /// What its rows do to those of earlier loads.
    pub write_disposition: Option<WriteDisposition>,
    /// How its rows are merged.
    pub merge: MergeHints,
    /// Fields that identify a record; an empty list removes the component's key.
    pub primary_key: Option<Vec<String>>,
    /// Whether they are written as a list, which tells dlt's hashes of them.
    pub primary_key_is_list: bool,
    /// Fields by which a merge replaces rows.
    pub merge_key: Option<Vec<String>>,
    /// At how many levels of nesting child tables end and JSON columns begin.
    pub max_table_nesting: Option<u32>,
    /// The column whose true value deletes a row in a merge.
    pub hard_delete: Option<String>,
    /// How far records may change the resource's tables.
    pub schema_contract: Option<SchemaContract>,
    /// What is known of single columns.
    pub columns: Vec<ColumnHint>,
    /// Whether and how it is read on by a field.
    pub incremental: Option<IncrementalHint>,
}

/// A key within a resource's table, and what is wrong with its value.
pub(super) type Objection = (String, String);

impl Hints {
    /// Checks a resource's table. The error names the key within the table.
    pub(super) fn resolve(table: HintsTable) -> Result<Self, BadValue> {
        let told = table.write_disposition.map(disposition::resolve).transpose()?;
        let (write_disposition, mut merge) = told.map_or_else(Default::default, |(word, merge)| (Some(word), merge));
        let schema_contract = table.schema_contract.as_ref().map(|value| contract::resolve("schema_contract", value));
        let schema_contract = schema_contract.transpose()?;
        let hinted = |(_, column): &(&String, &ColumnTable)| column.data_type.is_some() || column.nullable.is_some();
        let columns = table.columns.iter().filter(hinted).map(|(path, column)| column_hint(path, column));
        let columns = columns.collect::<Result<_, _>>()?;
        let flagged = |is: fn(&ColumnTable) -> bool| {
            table.columns.iter().filter(move |(_, column)| is(column)).map(|(name, _)| name.clone())
        };
        // As in dlt, a key of the resource wins over those of its columns.
        let key = |names: Option<Names>, is: fn(&ColumnTable) -> bool| {
            names
                .map(Names::into_vec)
                .or_else(|| Some(flagged(is).collect()).filter(|names: &Vec<_>| !names.is_empty()))
        };
        let sorting = only(flagged(|column| column.dedup_sort.is_some()), "dedup_sort")?;
        merge.dedup_sort = sorting.map(|name| dedup_sort(name, &table.columns)).transpose()?;
        Ok(Self {
            write_disposition,
            merge,
            primary_key_is_list: matches!(table.primary_key, Some(Names::Many(_))),
            primary_key: key(table.primary_key, |column| column.primary_key),
            merge_key: key(table.merge_key, |column| column.merge_key),
            max_table_nesting: table.max_table_nesting,
            hard_delete: only(flagged(|column| column.hard_delete), "hard_delete")?,
            schema_contract,
            columns,
            incremental: table.incremental.map(IncrementalHint::resolve).transpose()?,
        })
    }
}

fn column_hint(path: &str, column: &ColumnTable) -> Result<ColumnHint, BadValue> {
    let key = format!("columns.{path}");
    if path.starts_with("_dlt") {
        return Err(BadValue::new(key, "the columns that begin with `_dlt` are as dlt makes them"));
    }
    let data_type = column.data_type.as_deref().map(|word| {
        DataType::parse(word).ok_or_else(|| BadValue::word(format!("{key}.data_type"), word, &DataType::WORDS))
    });
    Ok(ColumnHint {
        path: path.to_owned(),
        data_type: data_type.transpose()?,
        nullable: column.nullable.unwrap_or(true),
    })
}

/// The one column that has a hint, if any.
fn only(mut names: impl Iterator<Item = String>, hint: &str) -> Result<Option<String>, Objection> {
    let first = names.next();
    match names.next() {
        None => Ok(first),
        Some(second) => Err((format!("columns.{second}"), format!("only one column can be `{hint}`"))),
    }
}

fn dedup_sort(name: String, columns: &IndexMap<String, ColumnTable>) -> Result<(String, SortOrder), Objection> {
    let word = columns.get(&name).and_then(|column| column.dedup_sort.as_deref()).unwrap_or_default();
    match SortOrder::parse(word) {
        Some(order) => Ok((name, order)),
        None => Err((
            format!("columns.{name}.dedup_sort"),
            format!(
                "`{word}` is no order; there are `asc`, which keeps the smallest value, and `desc`, which keeps the largest"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str) -> Result<Hints, Objection> {
        Hints::resolve(toml::from_str(text).unwrap()).map_err(|bad| (bad.key, bad.reason))
    }

    #[test]
    fn hints_that_make_no_sense_are_refused() {
        for (text, key, reason) in [
            ("columns.at = { dedup_sort = 'newest' }", "columns.at.dedup_sort", "`newest` is no order"),
            (
                "columns.a = { dedup_sort = 'asc' }\ncolumns.b = { dedup_sort = 'asc' }",
                "columns.b",
                "only one column can be `dedup_sort`",
            ),
            (
                "columns.a = { hard_delete = true }\ncolumns.b = { hard_delete = true }",
                "columns.b",
                "only one column can be `hard_delete`",
            ),
        ] {
            let (at, why) = resolve(text).unwrap_err();
            assert_eq!(at, key, "{text}");
            assert!(why.contains(reason), "{text}: {why}");
        }
    }

    #[test]
    fn keys_may_be_told_by_columns() {
        let text = "columns.b = { primary_key = true }\ncolumns.a = { primary_key = true, dedup_sort = 'desc' }\n\
                    columns.c = { merge_key = true, hard_delete = true }";
        let hints = resolve(text).unwrap();
        // In the order of the file.
        assert_eq!(hints.primary_key, Some(vec!["b".to_owned(), "a".to_owned()]));
        assert_eq!(hints.merge_key, Some(vec!["c".to_owned()]));
        assert_eq!(hints.hard_delete.as_deref(), Some("c"));
        assert_eq!(hints.merge.dedup_sort, Some(("a".to_owned(), SortOrder::Desc)));

        let hints = resolve(&format!("primary_key = []\n{text}")).unwrap();
        assert_eq!(hints.primary_key, Some(Vec::new()));
    }
}
