//! How an input of `any_page` is written: hints (`! primary_key=id`), records as lines, `---` between pages, and `===` before
//! what a next run brings, which goes on from the schema of the run before.

use crate::{
    model::{
        ColumnHint, ContractEntity, ContractMode, DataType, MergeStrategy, ResourceName, SchemaContract, SortOrder,
        WriteDisposition,
    },
    normalize::ResourceHints,
};

/// A resource that is read once: its hints, and its records by page and line.
pub(crate) struct Run<'a> {
    pub(crate) hints: ResourceHints,
    pub(crate) pages: Vec<Vec<&'a [u8]>>,
}

/// Reads an input.
pub(crate) fn runs(data: &[u8]) -> Vec<Run<'_>> {
    let new = || Run {
        hints: ResourceHints::new(ResourceName::new("t").unwrap_or_else(|error| panic!("{error}"))),
        pages: vec![Vec::new()],
    };
    let mut runs = vec![new()];
    for line in data.split(|byte| *byte == b'\n') {
        let Some(run) = runs.last_mut() else { break };
        match (line, line.strip_prefix(b"! ").and_then(|hint| str::from_utf8(hint).ok()?.split_once('='))) {
            (b"===", _) => runs.push(new()),
            (b"---", _) => run.pages.push(Vec::new()),
            (_, Some((name, value))) => hint(&mut run.hints, name, value),
            _ => run.pages.last_mut().into_iter().for_each(|page| page.push(line)),
        }
    }
    runs
}

fn hint(hints: &mut ResourceHints, name: &str, value: &str) {
    let list = || Some(value.split(',').filter(|path| !path.is_empty()).map(str::to_owned).collect());
    match name {
        "primary_key" => hints.primary_key = list(),
        "merge_key" => hints.merge_key = list(),
        "hard_delete" => hints.hard_delete = Some(value.to_owned()),
        "max_table_nesting" => hints.max_table_nesting = value.parse().ok(),
        "write_disposition" if value == "merge" => hints.write_disposition = WriteDisposition::Merge,
        "merge_strategy" => hints.merge.strategy = MergeStrategy::parse(value),
        "dedup_sort" => hints.merge.dedup_sort = Some((value.to_owned(), SortOrder::Asc)),
        "resource" => hints.resource = ResourceName::new(value).unwrap_or_else(|_| hints.resource.clone()),
        "schema_contract" => hints.schema_contract = Some(contract(value)),
        "column" => hints.columns.push(column(value)),
        _ => {}
    }
}

/// A word for all, or `tables:freeze,columns:discard_row`.
fn contract(text: &str) -> SchemaContract {
    if let Some(mode) = ContractMode::parse(text) {
        return SchemaContract::All(mode);
    }
    let words: Vec<(&str, &str)> = text.split(',').filter_map(|part| part.split_once(':')).collect();
    let mode = |entity: ContractEntity| {
        let word = words.iter().find(|(name, _)| *name == entity.as_str());
        word.and_then(|(_, word)| ContractMode::parse(word))
    };
    SchemaContract::Each(ContractEntity::ALL.map(mode))
}

/// `path:type`, with a `!` behind it when each record must have a value.
fn column(text: &str) -> ColumnHint {
    let (nullable, text) = text.strip_suffix('!').map_or((true, text), |text| (false, text));
    let (path, data_type) = text.split_once(':').unwrap_or((text, ""));
    ColumnHint { path: path.to_owned(), data_type: DataType::parse(data_type), nullable }
}
