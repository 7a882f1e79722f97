//! `delete-insert`: rows with a staged key go, with all below them, and the staged rows come in.

use super::{
    Chain, Lacks, Statement, as_staged, delete_matched, insert, kept::Kept, matched, names, primary_key, same_key,
};

/// Statements that put the staged rows in place of those with the same primary key or the same merge key.
pub(in crate::sink) fn delete_insert<'a>(chain: &Chain<'a>) -> Result<Vec<Statement<'a>>, Lacks> {
    let Some(staging) = &chain.root.staging else { return Ok(Vec::new()) };
    let root = chain.root.table;
    let keys = [primary_key(root), names(root, |column| column.merge_key)];
    let keys: Vec<_> = keys.iter().filter(|keys| !keys.is_empty()).collect();
    let (main, has_row_ids) = (&chain.root.main, chain.root.has_row_ids);
    let matched: Vec<_> = keys.iter().map(|keys| matched(main, staging, keys)).collect();
    let mut statements = delete_matched(chain, &matched, has_row_ids)?;
    for keys in keys.iter().filter(|_| !has_row_ids) {
        let same_key = same_key(keys);
        let sql = format!("DELETE FROM {main} AS d WHERE EXISTS (SELECT 1 FROM {staging} AS s WHERE {same_key})");
        statements.push(Statement::silent(sql));
    }
    let (kept, chosen) = Kept::choose(chain, staging, None);
    statements.extend(chosen);
    let condition = kept.condition();
    let links = [&chain.root].into_iter().chain(&chain.children);
    statements.extend(links.filter_map(|link| insert(link, condition.as_deref(), as_staged)));
    statements.extend(kept.forget());
    Ok(statements)
}
