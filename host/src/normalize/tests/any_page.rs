//! What holds for any pages of any resource; the fuzz target `records` checks the same.
//!
//! An input is text: hints (`! primary_key=id`), records as lines, `---` between pages, and `===` before what a next run
//! brings, which goes on from the schema of the run before.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::{
    any_batch,
    dump::{self, Row},
};
use crate::{
    model::{MergeStrategy, ResourceName, SortOrder, WriteDisposition},
    normalize::{
        Collision, Naming, Normalizer, REJECTED_TABLE, ROOT_NUMBER, ResourceHints, TableBatch, schema::Schema,
    },
};

const LOAD: &str = "1700000000.5";
const NOW: i64 = 1_700_000_000_000_000;

/// A resource that is read once: its hints, and its records by page and line.
struct Run<'a> {
    hints: ResourceHints,
    pages: Vec<Vec<&'a [u8]>>,
}

fn runs(data: &[u8]) -> Vec<Run<'_>> {
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
        "merge_strategy" => hints.merge.strategy = MergeStrategy::parse(value),
        "dedup_sort" => hints.merge.dedup_sort = Some((value.to_owned(), SortOrder::Asc)),
        "write_disposition" if value == "merge" => hints.write_disposition = WriteDisposition::Merge,
        "resource" => hints.resource = ResourceName::new(value).unwrap_or_else(|_| hints.resource.clone()),
        _ => {}
    }
}

/// How the lines of a page reach the normalizer, and when its rows are taken.
#[derive(Clone, Copy)]
enum Cut {
    /// Page by page; rows are taken at the end of the run.
    Pages,
    /// Line by line; rows are taken at the end of the run.
    Lines,
    /// Page by page; rows are taken after each page.
    Batches,
}

/// All that came of an input.
#[derive(Debug, Default)]
struct Outcome<'a> {
    schema: Option<Schema>,
    rows: Vec<Row>,
    collisions: Vec<Collision>,
    /// How many records became rows, and how many were rejected.
    counts: (u64, u64),
    /// Those that became rows, by run; told by [`Cut::Lines`] alone.
    accepted: Vec<Vec<&'a [u8]>>,
}

impl<'a> Outcome<'a> {
    fn of(runs: &[Run<'a>], cut: Cut) -> Self {
        let mut outcome = Self::default();
        for run in runs {
            let schema = outcome.schema.take().unwrap_or_else(|| Schema::new("source"));
            // All ids of root rows are the same, so that they do not depend on the records that were rejected before.
            let mut normalizer = Normalizer::new(schema, Box::new(|bytes| bytes.fill(7)));
            normalizer.declare(&run.hints);
            outcome.accepted.push(Vec::new());
            let before = outcome.counts;
            for page in &run.pages {
                match cut {
                    Cut::Lines => page.iter().for_each(|line| outcome.line(&mut normalizer, &run.hints.resource, line)),
                    Cut::Pages | Cut::Batches => {
                        outcome.page(&mut normalizer, &run.hints.resource, &page.join(&b'\n'));
                    }
                }
                if matches!(cut, Cut::Batches) {
                    outcome.take(&mut normalizer, &run.hints.resource, None);
                }
            }
            let counts = (outcome.counts.0 - before.0, outcome.counts.1 - before.1);
            outcome.take(&mut normalizer, &run.hints.resource, (!matches!(cut, Cut::Batches)).then_some(counts));
            outcome.collisions.extend(normalizer.take_collisions());
            outcome.schema = Some(normalizer.schema().clone());
        }
        // Rows of one table keep their order; which table comes first depends on when rows are taken.
        outcome.rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        outcome
    }

    fn page(&mut self, normalizer: &mut Normalizer, resource: &ResourceName, records: &[u8]) {
        let page = normalizer.page(resource, LOAD, NOW, records).unwrap_or_else(|broken| panic!("{broken}"));
        assert_eq!(page.bytes, records.len() as u64);
        self.counts.0 += page.records;
        self.counts.1 += page.rejected;
    }

    fn line(&mut self, normalizer: &mut Normalizer, resource: &ResourceName, line: &'a [u8]) {
        let before = self.counts;
        self.page(normalizer, resource, line);
        match (self.counts.0 - before.0, self.counts.1 - before.1) {
            (0, 0) => assert!(line.iter().all(|byte| b" \t\r".contains(byte)), "a line is lost: {line:?}"),
            (1, 0) => self.accepted.last_mut().into_iter().for_each(|accepted| accepted.push(line)),
            (0, 1) => {}
            counts => panic!("a line is {counts:?} records: {line:?}"),
        }
    }

    /// Takes the rows, of which there are as many as records were counted.
    fn take(&mut self, normalizer: &mut Normalizer, resource: &ResourceName, counts: Option<(u64, u64)>) {
        let batches = normalizer.take_batches().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((normalizer.pending_rows(), normalizer.pending_bytes()), (0, 0));
        any_batch::check(&batches, normalizer.schema());
        if let Some((records, rejected)) = counts {
            let table = Naming::default().path(resource.as_str());
            assert_eq!(rows(&batches, &table), records, "records that became rows");
            assert_eq!(rows(&batches, REJECTED_TABLE), rejected, "records that were rejected");
        }
        // The number of a root row counts the records that were rejected before it.
        let counted = |(table, mut cells): Row| {
            cells.retain(|(name, _)| name != ROOT_NUMBER);
            (table, cells)
        };
        self.rows.extend(dump::cells(&batches).into_iter().map(counted));
    }

    /// The rows without those of rejected records.
    fn records(&self) -> Vec<&Row> {
        self.rows.iter().filter(|(table, _)| table != REJECTED_TABLE).collect()
    }

    /// The schema without the table of rejected records.
    fn tables(&self) -> Option<Schema> {
        let mut schema = self.schema.clone()?;
        schema.tables.shift_remove(REJECTED_TABLE);
        Some(schema)
    }
}

fn rows(batches: &[TableBatch], table: &str) -> u64 {
    batches.iter().filter(|batch| batch.table == table).map(|batch| batch.batch.num_rows() as u64).sum()
}

/// Panics when pages are not normalized as they must be: see each assertion.
pub(crate) fn check(data: &[u8]) {
    let runs = runs(data);
    let whole = Outcome::of(&runs, Cut::Pages);
    let lines = Outcome::of(&runs, Cut::Lines);
    for (other, cut) in [(&lines, "by line"), (&Outcome::of(&runs, Cut::Batches), "by batch")] {
        assert_eq!(other.rows, whole.rows, "rows {cut}");
        assert_eq!(other.schema, whole.schema, "schema {cut}");
        assert_eq!(other.collisions, whole.collisions, "collisions {cut}");
        assert_eq!(other.counts, whole.counts, "counts {cut}");
    }
    nothing_of_rejected_records_stays(&runs, &lines);
    json_is_what_serde_json_takes(&lines);
    each_scalar_is_one_cell(&runs, &lines);
}

fn nothing_of_rejected_records_stays(runs: &[Run<'_>], lines: &Outcome<'_>) {
    if lines.counts.1 == 0 {
        return;
    }
    let accepted = runs.iter().zip(&lines.accepted);
    let clean: Vec<Run<'_>> =
        accepted.map(|(run, lines)| Run { hints: run.hints.clone(), pages: vec![lines.clone()] }).collect();
    let clean = Outcome::of(&clean, Cut::Pages);
    assert_eq!(clean.counts, (lines.counts.0, 0));
    assert_eq!(clean.records(), lines.records(), "rows without rejected records");
    assert_eq!(clean.tables(), lines.tables(), "schema without rejected records");
    assert_eq!(clean.collisions, lines.collisions, "collisions without rejected records");
}

fn json_is_what_serde_json_takes(lines: &Outcome<'_>) {
    for line in lines.accepted.iter().flatten() {
        assert!(serde_json::from_slice::<IgnoredAny>(line).is_ok(), "no JSON: {:?}", String::from_utf8_lossy(line));
    }
    for (_, cells) in lines.rows.iter().filter(|(table, _)| table == REJECTED_TABLE) {
        let cell = |wanted: &str| {
            let (_, text) = cells.iter().find(|(name, _)| name == wanted)?;
            serde_json::from_str::<String>(text).ok()
        };
        if let (Some(reason), Some(raw)) = (cell("reason"), cell("raw"))
            && reason.starts_with("not JSON")
        {
            assert!(serde_json::from_str::<IgnoredAny>(&raw).is_err(), "JSON, yet rejected: {raw:?}");
        }
    }
}

/// No value is lost and none doubled, whatever the keys are.
fn each_scalar_is_one_cell(runs: &[Run<'_>], lines: &Outcome<'_>) {
    let mut expected = 0;
    for line in lines.accepted.iter().flatten() {
        // Numbers beyond doubles and halves of surrogate pairs are JSON, but none for serde_json's values.
        match serde_json::from_slice::<Value>(line).ok().and_then(|record| scalars(&record)) {
            Some(count) => expected += count,
            None => return,
        }
    }
    if runs.iter().any(|run| run.hints.max_table_nesting.is_some()) {
        return;
    }
    let cells = |(_, cells): &&Row| cells.iter().filter(|(name, _)| !name.starts_with("_dlt_")).count();
    assert_eq!(lines.records().iter().map(cells).sum::<usize>(), expected, "cells");
}

/// How many scalars a record has that are not null; none when it has a key that the normalizer fills itself.
fn scalars(value: &Value) -> Option<usize> {
    match value {
        Value::Null => Some(0),
        Value::Array(items) => items.iter().map(scalars).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| if Naming::default().path(key).starts_with("_dlt_") { None } else { scalars(value) })
            .sum(),
        _ => Some(1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seeds;

    #[test]
    fn what_is_kept() {
        seeds::each("records", check);
    }

    fn line() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            8 => super::super::properties::record_with_ids().prop_map(|record| record.to_string().into_bytes()),
            1 => "! (primary_key|merge_key|hard_delete)=[abN](,b)?".prop_map(String::into_bytes),
            1 => "! max_table_nesting=[0-3]".prop_map(String::into_bytes),
            1 => "! (resource=t__a|dedup_sort=b)".prop_map(String::into_bytes),
            1 => "! (write_disposition=merge|merge_strategy=(upsert|insert-only))".prop_map(String::into_bytes),
            2 => "(---|===)".prop_map(String::into_bytes),
            1 => prop::collection::vec(any::<u8>(), 0..8),
            1 => ("[\\[{\":,0-9e+.}\\]]{0,8}").prop_map(String::into_bytes),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn pages_are_normalized(lines in prop::collection::vec(line(), 0..16)) {
            check(&lines.join(&b'\n'));
        }
    }
}
