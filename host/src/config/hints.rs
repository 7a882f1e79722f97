//! A user's hints for one resource.

use super::file::{ColumnTable, DispositionTable, HintsTable, Names};
use crate::model::{MergeHints, MergeStrategy, SortOrder, WriteDisposition};

/// Hints of one resource; what is `None` is left to the component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// What its rows do to those of earlier loads.
    pub write_disposition: Option<WriteDisposition>,
    /// How its rows are merged.
    pub merge: MergeHints,
    /// Fields that identify a record; an empty list removes the component's key.
    pub primary_key: Option<Vec<String>>,
    /// Fields by which a merge replaces rows.
    pub merge_key: Option<Vec<String>>,
    /// At how many levels of nesting child tables end and JSON columns begin.
    pub max_table_nesting: Option<u32>,
    /// The column whose true value deletes a row in a merge.
    pub hard_delete: Option<String>,
}

/// A key within a resource's table, and what is wrong with its value.
type Objection = (String, String);

impl Hints {
    /// Checks a resource's table.
    pub(super) fn resolve(table: HintsTable) -> Result<Self, Objection> {
        let (write_disposition, mut merge) = match table.write_disposition {
            None => (None, MergeHints::default()),
            Some(value) => write_disposition(value)?,
        };
        if let Some(contract) = table.schema_contract
            && contract.as_str() != Some("evolve")
        {
            return Err(("schema_contract".into(), "this version has no contract but `evolve`".into()));
        }
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
            primary_key: key(table.primary_key, |column| column.primary_key),
            merge_key: key(table.merge_key, |column| column.merge_key),
            max_table_nesting: table.max_table_nesting,
            hard_delete: only(flagged(|column| column.hard_delete), "hard_delete")?,
        })
    }
}

/// The one column that has a hint, if any.
fn only(mut names: impl Iterator<Item = String>, hint: &str) -> Result<Option<String>, Objection> {
    let first = names.next();
    match names.next() {
        None => Ok(first),
        Some(second) => Err((format!("columns.{second}"), format!("only one column can be `{hint}`"))),
    }
}

fn dedup_sort(
    name: String,
    columns: &std::collections::BTreeMap<String, ColumnTable>,
) -> Result<(String, SortOrder), Objection> {
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

/// A word, or a table with options.
fn write_disposition(value: toml::Value) -> Result<(Option<WriteDisposition>, MergeHints), Objection> {
    let at = |key: &str| ["write_disposition", key].join(".");
    let table = match value {
        toml::Value::String(disposition) => DispositionTable { disposition, strategy: None, deduplicated: None },
        toml::Value::Table(table) => table
            .try_into::<DispositionTable>()
            .map_err(|error| ("write_disposition".to_owned(), error.message().to_owned()))?,
        _ => return Err(("write_disposition".into(), "write a word, or a table with `disposition`".into())),
    };
    let disposition = disposition(&table.disposition)?;
    if disposition != WriteDisposition::Merge {
        let options = [("strategy", table.strategy.is_some()), ("deduplicated", table.deduplicated.is_some())];
        if let Some((option, _)) = options.iter().find(|(_, given)| *given) {
            return Err((at(option), format!("belongs to `merge`, and the disposition is `{}`", disposition.as_str())));
        }
    }
    let parse = |word: &String| MergeStrategy::parse(word).ok_or_else(|| (at("strategy"), unknown_strategy(word)));
    let strategy = table.strategy.as_ref().map(parse).transpose()?;
    if let Some(other) = strategy.filter(|strategy| *strategy != MergeStrategy::DeleteInsert)
        && table.deduplicated.is_some()
    {
        let reason = format!("belongs to `delete-insert`, and the strategy is `{}`", other.as_str());
        return Err((at("deduplicated"), reason));
    }
    let merge = MergeHints { strategy, deduplicated: table.deduplicated, ..MergeHints::default() };
    Ok((Some(disposition), merge))
}

fn disposition(word: &str) -> Result<WriteDisposition, Objection> {
    Ok(match word {
        "append" => WriteDisposition::Append,
        "replace" => WriteDisposition::Replace,
        "merge" => WriteDisposition::Merge,
        "skip" => WriteDisposition::Skip,
        _ => {
            return Err((
                "write_disposition".into(),
                format!("`{word}` is no write disposition; there are `append`, `replace`, `merge` and `skip`"),
            ));
        }
    })
}

fn unknown_strategy(word: &str) -> String {
    let known: Vec<String> = MergeStrategy::ALL.iter().map(|strategy| format!("`{}`", strategy.as_str())).collect();
    let (last, first) = known.split_last().map_or((String::new(), String::new()), |(l, f)| (l.clone(), f.join(", ")));
    format!("`{word}` is no merge strategy; there are {first} and {last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str) -> Result<Hints, Objection> {
        Hints::resolve(toml::from_str(text).unwrap())
    }

    #[test]
    fn a_disposition_is_a_word_or_a_table() {
        use MergeStrategy as S;
        use WriteDisposition as W;
        for (text, disposition, strategy, deduplicated) in [
            ("'append'", W::Append, None, None),
            ("{ disposition = 'replace' }", W::Replace, None, None),
            ("'merge'", W::Merge, None, None),
            ("{ disposition = 'merge', strategy = 'delete-insert' }", W::Merge, Some(S::DeleteInsert), None),
            ("{ disposition = 'merge', deduplicated = true }", W::Merge, None, Some(true)),
            ("{ disposition = 'merge', strategy = 'upsert' }", W::Merge, Some(S::Upsert), None),
            ("{ disposition = 'merge', strategy = 'insert-only' }", W::Merge, Some(S::InsertOnly), None),
        ] {
            let hints = resolve(&format!("write_disposition = {text}")).unwrap();
            assert_eq!(hints.write_disposition, Some(disposition), "{text}");
            assert_eq!((hints.merge.strategy, hints.merge.deduplicated), (strategy, deduplicated), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, key, reason) in [
            ("write_disposition = 'upsert'", "write_disposition", "`upsert` is no write disposition"),
            ("write_disposition = ['merge']", "write_disposition", "write a word, or a table with `disposition`"),
            ("write_disposition = { strategy = 'upsert' }", "write_disposition", "missing field `disposition`"),
            (
                "write_disposition = { disposition = 'merge', strategy = 'cdc' }",
                "write_disposition.strategy",
                "`cdc` is no merge strategy; there are `delete-insert`, `upsert` and `insert-only`",
            ),
            (
                "write_disposition = { disposition = 'append', strategy = 'upsert' }",
                "write_disposition.strategy",
                "belongs to `merge`, and the disposition is `append`",
            ),
            (
                "write_disposition = { disposition = 'merge', strategy = 'upsert', deduplicated = true }",
                "write_disposition.deduplicated",
                "belongs to `delete-insert`, and the strategy is `upsert`",
            ),
            (
                "write_disposition = { disposition = 'merge', deduplicated = 'yes' }",
                "write_disposition",
                "invalid type: string \"yes\", expected a boolean",
            ),
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
        assert_eq!(hints.primary_key, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(hints.merge_key, Some(vec!["c".to_owned()]));
        assert_eq!(hints.hard_delete.as_deref(), Some("c"));
        assert_eq!(hints.merge.dedup_sort, Some(("a".to_owned(), SortOrder::Desc)));

        let hints = resolve(&format!("primary_key = []\n{text}")).unwrap();
        assert_eq!(hints.primary_key, Some(Vec::new()));
    }
}
