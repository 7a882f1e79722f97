//! `replace`: all rows go, and the staged rows come in.

use super::{Chain, Lacks, Moment, Statement, clear, insert, kept::Kept, scd2};
use crate::sink::ddl::literal;

/// Statements that put the staged rows in place of all. A table that merges is freed of double keys on the way, and one that
/// keeps versions begins with those that are staged. The staged rows may have been staged by several commits; in the dataset
/// they are all of one load.
pub(in crate::sink) fn swap<'a>(chain: &Chain<'a>, moment: Moment<'_>) -> Result<Vec<Statement<'a>>, Lacks> {
    let all = chain.children.iter().rev().chain([&chain.root]);
    let mut statements: Vec<_> = all.map(|link| Statement::silent(format!("DELETE FROM {}", link.main))).collect();
    let Some(staging) = &chain.root.staging else { return Ok(statements) };
    if chain.root.table.keeps_versions() {
        statements.extend(scd2(chain, moment)?);
        return Ok(statements);
    }
    let (kept, chosen) = match chain.root.table.merges_by() {
        Some(_) => Kept::choose(chain, staging, None),
        None => (Kept::all(), Vec::new()),
    };
    statements.extend(chosen);
    let condition = kept.condition();
    let root_value = |column: &str| (column == "_dlt_load_id").then(|| literal(moment.load_id));
    statements.extend(insert(&chain.root, condition.as_deref(), root_value));
    statements.extend(chain.children.iter().filter_map(|link| insert(link, condition.as_deref(), super::as_staged)));
    statements.extend(kept.forget());
    statements.extend(clear(chain));
    Ok(statements)
}
