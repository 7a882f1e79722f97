//! `delete-insert`: rows with a staged key go, with all below them, and the staged rows come in.

use super::{
    Chain, Lacks, Statement, as_staged, clear, delete_children, insert, kept::Kept, matched, names, primary_key,
};

/// Statements that put the staged rows in place of those with the same primary key or the same merge key.
pub(in crate::sink) fn delete_insert<'a>(chain: &Chain<'a>) -> Result<Vec<Statement<'a>>, Lacks> {
    let Some(staging) = &chain.root.staging else { return Ok(Vec::new()) };
    let root = chain.root.table;
    let keys = [primary_key(root), names(root, |column| column.merge_key)];
    let matched: Vec<_> = keys.iter().filter(|keys| !keys.is_empty()).map(|keys| matched(staging, keys)).collect();
    let at_once = chain.root.has_row_ids && !chain.children.is_empty();
    let mut statements = delete_children(chain, &matched, at_once)?;
    for matched in matched.iter().filter(|_| !at_once) {
        statements.push(Statement::silent(format!("DELETE FROM {} AS d WHERE {matched}", chain.root.main)));
    }
    let (kept, chosen) = Kept::choose(chain, staging, None);
    statements.extend(chosen);
    let condition = kept.condition();
    let links = [&chain.root].into_iter().chain(&chain.children);
    statements.extend(links.filter_map(|link| insert(link, condition.as_deref(), as_staged)));
    statements.extend(kept.forget());
    statements.extend(clear(chain));
    Ok(statements)
}
