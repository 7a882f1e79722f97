//! The write disposition of a resource: a word, or a table with dlt's options.

use super::{
    file::{DispositionTable, Time},
    hints::Objection,
};
use crate::model::{Instant, MergeHints, MergeStrategy, VersionHints, WriteDisposition};

/// Checks a `write_disposition`.
pub(super) fn resolve(value: toml::Value) -> Result<(WriteDisposition, MergeHints), Objection> {
    let table = match value {
        toml::Value::String(disposition) => DispositionTable { disposition, ..DispositionTable::default() },
        toml::Value::Table(table) => table
            .try_into::<DispositionTable>()
            .map_err(|error| ("write_disposition".to_owned(), error.message().to_owned()))?,
        _ => return Err(("write_disposition".into(), "write a word, or a table with `disposition`".into())),
    };
    let disposition = disposition(&table.disposition)?;
    let parse = |word: &String| MergeStrategy::parse(word).ok_or_else(|| (at("strategy"), unknown_strategy(word)));
    let strategy = table.strategy.as_ref().map(parse).transpose()?;
    check_options(&table, disposition, strategy)?;
    let defaults = VersionHints::default();
    let versions = VersionHints {
        validity_columns: table.validity_column_names.unwrap_or(defaults.validity_columns),
        active_record_timestamp: instant("active_record_timestamp", table.active_record_timestamp.as_ref())?,
        boundary_timestamp: instant("boundary_timestamp", table.boundary_timestamp.as_ref())?,
        row_version: table.row_version_column_name,
    };
    Ok((disposition, MergeHints { strategy, deduplicated: table.deduplicated, dedup_sort: None, versions }))
}

/// Refuses options that another disposition or strategy has.
fn check_options(
    table: &DispositionTable,
    disposition: WriteDisposition,
    strategy: Option<MergeStrategy>,
) -> Result<(), Objection> {
    if disposition != WriteDisposition::Merge && table.strategy.is_some() {
        let reason = format!("belongs to `merge`, and the disposition is `{}`", disposition.as_str());
        return Err((at("strategy"), reason));
    }
    let options = [
        ("deduplicated", MergeStrategy::DeleteInsert, table.deduplicated.is_some()),
        ("validity_column_names", MergeStrategy::Scd2, table.validity_column_names.is_some()),
        ("active_record_timestamp", MergeStrategy::Scd2, table.active_record_timestamp.is_some()),
        ("boundary_timestamp", MergeStrategy::Scd2, table.boundary_timestamp.is_some()),
        ("row_version_column_name", MergeStrategy::Scd2, table.row_version_column_name.is_some()),
    ];
    for (option, owner, _) in options.iter().filter(|(_, _, given)| *given) {
        if disposition != WriteDisposition::Merge || strategy.unwrap_or_default() != *owner {
            let owner = owner.as_str();
            let reason = format!("belongs to the strategy `{owner}`: write `strategy = \"{owner}\"` beside it");
            return Err((at(option), reason));
        }
    }
    match &table.validity_column_names {
        Some([from, to]) if from == to => {
            Err((at("validity_column_names"), format!("`{from}` cannot be both columns")))
        }
        _ => Ok(()),
    }
}

fn instant(option: &str, time: Option<&Time>) -> Result<Option<Instant>, Objection> {
    let Some(time) = time.map(Time::to_string) else { return Ok(None) };
    let reason = || format!("`{time}` is no point in time; write `2026-01-31` or `2026-01-31T12:00:00Z`");
    Instant::parse(&time).map(Some).ok_or_else(|| (at(option), reason()))
}

fn at(option: &str) -> String {
    format!("write_disposition.{option}")
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
    let [known @ .., last] = &MergeStrategy::ALL.map(|strategy| format!("`{}`", strategy.as_str()));
    format!("`{word}` is no merge strategy; there are {} and {last}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve_text(text: &str) -> Result<(WriteDisposition, MergeHints), Objection> {
        let mut table: toml::Table = toml::from_str(&format!("value = {text}")).unwrap();
        resolve(table.remove("value").unwrap())
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
            ("{ disposition = 'merge', strategy = 'scd2' }", W::Merge, Some(S::Scd2), None),
        ] {
            let (found, merge) = resolve_text(text).unwrap();
            assert_eq!((found, merge.strategy, merge.deduplicated), (disposition, strategy, deduplicated), "{text}");
            assert_eq!(merge.versions, VersionHints::default());
        }
    }

    #[test]
    fn versions_may_be_noted_in_other_ways() {
        let text = "{ disposition = 'merge', strategy = 'scd2', validity_column_names = ['from', 'to'], \
                    active_record_timestamp = 9999-12-31, boundary_timestamp = '2026-01-02T03:04:05+01:00', \
                    row_version_column_name = 'hash' }";
        let (_, merge) = resolve_text(text).unwrap();
        assert_eq!(
            merge.versions,
            VersionHints {
                validity_columns: ["from".to_owned(), "to".to_owned()],
                active_record_timestamp: Instant::parse("9999-12-31"),
                boundary_timestamp: Instant::parse("2026-01-02T03:04:05+01:00"),
                row_version: Some("hash".to_owned()),
            }
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, key, reason) in [
            ("'upsert'", "", "`upsert` is no write disposition"),
            ("['merge']", "", "write a word, or a table with `disposition`"),
            ("{ strategy = 'upsert' }", "", "missing field `disposition`"),
            ("{ disposition = 'merge', deduplicated = 'yes' }", "", "invalid type: string \"yes\", expected a boolean"),
            (
                "{ disposition = 'merge', strategy = 'cdc' }",
                ".strategy",
                "`cdc` is no merge strategy; there are `delete-insert`, `upsert`, `insert-only` and `scd2`",
            ),
            (
                "{ disposition = 'append', strategy = 'upsert' }",
                ".strategy",
                "belongs to `merge`, and the disposition is `append`",
            ),
            (
                "{ disposition = 'merge', strategy = 'upsert', deduplicated = true }",
                ".deduplicated",
                "belongs to the strategy `delete-insert`",
            ),
            (
                "{ disposition = 'merge', boundary_timestamp = '2026-01-01' }",
                ".boundary_timestamp",
                "belongs to the strategy `scd2`: write `strategy = \"scd2\"` beside it",
            ),
            (
                "{ disposition = 'merge', strategy = 'scd2', boundary_timestamp = 'now' }",
                ".boundary_timestamp",
                "`now` is no point in time",
            ),
            (
                "{ disposition = 'merge', strategy = 'scd2', active_record_timestamp = 12:00:00 }",
                ".active_record_timestamp",
                "`12:00:00` is no point in time",
            ),
            (
                "{ disposition = 'merge', strategy = 'scd2', validity_column_names = ['a'] }",
                "",
                "invalid length 1, expected an array of length 2",
            ),
            (
                "{ disposition = 'merge', strategy = 'scd2', validity_column_names = ['a', 'a'] }",
                ".validity_column_names",
                "`a` cannot be both columns",
            ),
        ] {
            let (at, why) = resolve_text(text).unwrap_err();
            assert_eq!(at, format!("write_disposition{key}"), "{text}");
            assert!(why.contains(reason), "{text}: {why}");
        }
    }
}
