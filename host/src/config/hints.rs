//! A user's hints for one resource.

use super::file::{DispositionEntry, HintsTable, Names};
use crate::model::WriteDisposition;

/// Hints of one resource; what is `None` is left to the component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// What its rows do to those of earlier loads.
    pub write_disposition: Option<WriteDisposition>,
    /// Fields that identify a record; an empty list removes the component's key.
    pub primary_key: Option<Vec<String>>,
    /// Fields by which a merge replaces rows.
    pub merge_key: Option<Vec<String>>,
    /// At how many levels of nesting child tables end and JSON columns begin.
    pub max_table_nesting: Option<u32>,
    /// The column whose true value deletes a row in a merge.
    pub hard_delete: Option<String>,
}

impl Hints {
    /// Checks a resource's table. The error is the key within the table, and what is wrong with it.
    pub(super) fn resolve(table: HintsTable) -> Result<Self, (String, String)> {
        let (word, strategy) = match table.write_disposition {
            None => (None, None),
            Some(DispositionEntry::Word(word)) => (Some(word), None),
            Some(DispositionEntry::Full { disposition, strategy }) => (Some(disposition), strategy),
        };
        let write_disposition = word.map(|word| disposition(&word)).transpose()?;
        if let Some(strategy) = strategy.filter(|strategy| strategy != "delete-insert") {
            return Err((
                "write_disposition".into(),
                format!("this version has no strategy `{strategy}`; `delete-insert` is the one it has"),
            ));
        }
        if let Some(contract) = table.schema_contract
            && contract.as_str() != Some("evolve")
        {
            return Err(("schema_contract".into(), "this version has no contract but `evolve`".into()));
        }
        let mut deletes = table.columns.into_iter().filter(|(_, column)| column.hard_delete).map(|(name, _)| name);
        let hard_delete = deletes.next();
        if let Some(second) = deletes.next() {
            return Err((format!("columns.{second}"), "only one column can be `hard_delete`".into()));
        }
        Ok(Self {
            write_disposition,
            primary_key: table.primary_key.map(Names::into_vec),
            merge_key: table.merge_key.map(Names::into_vec),
            max_table_nesting: table.max_table_nesting,
            hard_delete,
        })
    }
}

fn disposition(word: &str) -> Result<WriteDisposition, (String, String)> {
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
