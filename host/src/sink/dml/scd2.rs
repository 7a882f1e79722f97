//! `scd2`: rows are versions of records. Those that no staged row equals any more are retired, staged rows that no version
//! equals come in as new ones.

use super::{
    Chain, Lacks, Statement, as_staged, clear, insert, kept::Kept, kept::last_records, names, row_key, same_key,
};
use crate::{
    model::Instant,
    normalize::{
        ROOT_NUMBER,
        schema::{Table, VersionPart},
    },
    sink::ddl::{literal, quote},
};

/// The load that brings new versions.
#[derive(Clone, Copy, Debug)]
pub(in crate::sink) struct Moment<'a> {
    /// Its id.
    pub(in crate::sink) load_id: &'a str,
    /// Its time, as a literal of SQL, without quotes. What is retired ends then, and what is new begins.
    pub(in crate::sink) time: &'a str,
}

/// The columns for versions, quoted, and what holds for a version that is not retired.
struct Columns {
    from: String,
    to: String,
    version: String,
    /// The value of `to` as long as a version holds.
    active: String,
    /// The condition on a row `d` that it holds.
    is_active: String,
}

impl Columns {
    /// None when the table has no such columns: it keeps no versions.
    fn of(root: &Table) -> Option<Self> {
        let find = |is: fn(&VersionPart) -> bool| {
            root.columns.values().find(|column| column.version.as_ref().is_some_and(is) && column.data_type.is_some())
        };
        let to = find(|part| matches!(part, VersionPart::ValidTo { .. }))?;
        let active = match &to.version {
            Some(VersionPart::ValidTo { active }) => active.as_ref().map(Instant::to_literal),
            _ => None,
        };
        let active = active.map(|active| format!("TIMESTAMPTZ {}", literal(&active)));
        let to = quote(&to.name);
        Some(Self {
            from: quote(&find(|part| *part == VersionPart::ValidFrom)?.name),
            version: quote(&find(|part| *part == VersionPart::RowVersion)?.name),
            is_active: active.as_ref().map_or_else(|| format!("d.{to} IS NULL"), |active| format!("d.{to} = {active}")),
            active: active.unwrap_or_else(|| "NULL".to_owned()),
            to,
        })
    }
}

/// Statements that retire versions and insert new ones with all below them. With a merge key only versions are retired
/// that have the key of a staged row; without staged rows none are, as in dlt.
///
/// A version that was retired may come again, with the id it had; what is below it is there already then.
pub(in crate::sink) fn scd2<'a>(chain: &Chain<'a>, moment: Moment<'_>) -> Result<Vec<Statement<'a>>, Lacks> {
    let root = chain.root.table;
    let Some(staging) = &chain.root.staging else { return Ok(Vec::new()) };
    let lacks = || Lacks { table: root.name.clone(), what: "columns for versions" };
    let columns = Columns::of(root).ok_or_else(lacks)?;
    let (main, number) = (&chain.root.main, quote(ROOT_NUMBER));
    let Columns { from, to, version, active, is_active } = columns;
    let boundary = root.boundary_timestamp.as_ref().map_or_else(|| moment.time.to_owned(), Instant::to_literal);
    let boundary = format!("TIMESTAMPTZ {}", literal(&boundary));
    let current = match last_records(root, staging) {
        Some(last) => format!("(SELECT * FROM {staging} WHERE {number} IN ({last}))"),
        None => staging.to_string(),
    };

    let merge_key = names(root, |column| column.merge_key);
    let touched = if merge_key.is_empty() { String::new() } else { format!(" WHERE {}", same_key(&merge_key)) };
    let mut statements = vec![Statement::silent(format!(
        "UPDATE {main} AS d SET {to} = {boundary} WHERE {is_active} \
         AND NOT EXISTS (SELECT 1 FROM {current} AS s WHERE d.{version} = s.{version}) \
         AND EXISTS (SELECT 1 FROM {current} AS s{touched})"
    ))];

    let new = format!(
        "{number} IN (SELECT max({number}) FROM {current} GROUP BY {version}) \
         AND NOT EXISTS (SELECT 1 FROM {main} AS d WHERE {is_active} AND d.{version} = s.{version})"
    );
    let (kept, chosen) = Kept::those(staging, &new);
    statements.push(chosen);
    let condition = kept.condition().unwrap_or_default();
    let root_value = |column: &str| match quote(column) {
        column if column == from => Some(boundary.clone()),
        column if column == to => Some(active.clone()),
        column if column == "\"_dlt_load_id\"" => Some(literal(moment.load_id)),
        _ => None,
    };
    statements.extend(insert(&chain.root, Some(&condition), root_value));
    for link in &chain.children {
        let id = quote(row_key(link.table));
        let new = format!("{condition} AND NOT EXISTS (SELECT 1 FROM {} AS d WHERE d.{id} = s.{id})", link.main);
        statements.extend(insert(link, Some(&new), as_staged));
    }
    statements.extend(kept.forget());
    statements.extend(clear(chain));
    Ok(statements)
}
