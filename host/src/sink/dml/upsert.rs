//! `upsert` and `insert-only`: rows are told by their primary key, which makes their ids.

use super::{
    Chain, Lacks, Statement, as_staged, delete_matched, deleted, insert,
    kept::{Kept, last_records},
    matched, primary_key, same_key, unmatched,
};
use crate::{normalize::ROOT_NUMBER, sink::ddl::quote};

/// Statements that update the rows whose key was staged, insert the others, and put what was staged below them in place of
/// all that is below.
///
/// A table that was appended to before may have a key several times, and ids that no key made: one row of each key is
/// left, and it gets the id of its key.
pub(in crate::sink) fn upsert<'a>(chain: &Chain<'a>) -> Result<Vec<Statement<'a>>, Lacks> {
    let Some(staging) = &chain.root.staging else { return Ok(Vec::new()) };
    let (root, main) = (chain.root.table, &chain.root.main);
    let keys = primary_key(root);
    let (matched, same_key) = (matched(main, staging, &keys), same_key(&keys));
    let mut statements = delete_matched(chain, std::slice::from_ref(&matched), false)?;

    let names: Vec<_> = keys.iter().map(|key| quote(key)).collect();
    let names = names.join(", ");
    let doubles = format!("SELECT {names} FROM {matched} GROUP BY {names} HAVING count(*) > 1");
    statements.push(delete_same(chain, &doubles, &same_key));
    if let (Some(deleted), Some(last)) = (deleted(root), last_records(root, staging)) {
        let deleted = format!("SELECT {names} FROM {staging} WHERE {} IN ({last}) AND {deleted}", quote(ROOT_NUMBER));
        statements.push(delete_same(chain, &deleted, &same_key));
    }

    let (kept, chosen) = Kept::choose(chain, staging, None);
    statements.extend(chosen);
    let condition = kept.condition();
    let going_in = condition.as_deref().map_or_else(String::new, |condition| format!("{condition} AND "));
    let set: Vec<_> = chain.root.columns.iter().filter(|column| !keys.contains(&column.as_str())).collect();
    if !set.is_empty() {
        let set: Vec<_> = set.into_iter().map(|column| format!("{0} = s.{0}", quote(column))).collect();
        let sql = format!("UPDATE {main} AS d SET {} FROM {staging} AS s WHERE {going_in}{same_key}", set.join(", "));
        statements.push(Statement { sql, counts: Some(&root.name) });
    }
    let new = format!("{going_in}{}", unmatched(main, staging, &keys));
    statements.extend(insert(&chain.root, Some(&new), as_staged));
    statements.extend(chain.children.iter().filter_map(|link| insert(link, condition.as_deref(), as_staged)));
    statements.extend(kept.forget());
    Ok(statements)
}

/// Statements that insert the staged rows whose key is new, and what was staged below them.
pub(in crate::sink) fn insert_only<'a>(chain: &Chain<'a>) -> Vec<Statement<'a>> {
    let Some(staging) = &chain.root.staging else { return Vec::new() };
    let new = unmatched(&chain.root.main, staging, &primary_key(chain.root.table));
    let (kept, mut statements) = Kept::choose(chain, staging, Some(&new));
    let condition = kept.condition();
    let links = [&chain.root].into_iter().chain(&chain.children);
    statements.extend(links.filter_map(|link| insert(link, condition.as_deref(), as_staged)));
    statements.extend(kept.forget());
    statements
}

/// Deletes the root rows that have a key which a query finds.
fn delete_same<'a>(chain: &Chain<'a>, keys: &str, same_key: &str) -> Statement<'a> {
    let main = &chain.root.main;
    Statement::silent(format!("DELETE FROM {main} AS d WHERE EXISTS (SELECT 1 FROM ({keys}) AS s WHERE {same_key})"))
}
