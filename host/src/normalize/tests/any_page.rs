//! What holds for any pages of any resource; the fuzz target `records` checks the same. `any_run` tells what an input is.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::{
    any_batch,
    any_run::{Run, runs},
    dump::{self, Row},
};
use crate::{
    model::ResourceName,
    normalize::{Collision, Naming, Normalizer, REJECTED_TABLE, ROOT_NUMBER, TableBatch, schema::Schema},
};

const LOAD: &str = "1700000000.5";
const NOW: i64 = 1_700_000_000_000_000;

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
    counts: Counts,
    /// Pages that a frozen contract refused, by run and place.
    refused: Vec<(usize, usize)>,
    /// Records that became rows, by run; told by [`Cut::Lines`] alone.
    accepted: Vec<Vec<&'a [u8]>>,
}

/// What became of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    rows: u64,
    rejected: u64,
    discarded: u64,
}

impl<'a> Outcome<'a> {
    fn of(runs: &[Run<'a>], cut: Cut) -> Self {
        let mut outcome = Self::default();
        for (place, run) in runs.iter().enumerate() {
            let schema = outcome.schema.take().unwrap_or_else(|| Schema::new("source"));
            // All ids of root rows are the same, so that they do not depend on the records that were rejected before.
            let mut normalizer = Normalizer::new(schema, Box::new(|bytes| bytes.fill(7)));
            normalizer.declare(&run.hints);
            outcome.accepted.push(Vec::new());
            let before = outcome.counts;
            for (at, page) in run.pages.iter().enumerate() {
                if matches!(cut, Cut::Lines) {
                    for line in page {
                        outcome.line(&mut normalizer, run, line);
                    }
                } else if !outcome.page(&mut normalizer, run, &page.join(&b'\n')) {
                    outcome.refused.push((place, at));
                }
                if matches!(cut, Cut::Batches) {
                    outcome.take(&mut normalizer, &run.hints.resource, None);
                }
            }
            outcome.take(&mut normalizer, &run.hints.resource, (!matches!(cut, Cut::Batches)).then_some(before));
            normalizer.settle(&run.hints.resource);
            outcome.collisions.extend(normalizer.take_collisions());
            outcome.schema = Some(normalizer.schema().clone());
        }
        // Rows of one table keep their order; which table comes first depends on when rows are taken.
        outcome.rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        outcome
    }

    /// Whether a page is taken. One that is not has left no trace.
    fn page(&mut self, normalizer: &mut Normalizer, run: &Run<'_>, records: &[u8]) -> bool {
        let before = run.hints.schema_contract.map(|_| (normalizer.schema().clone(), pending(normalizer)));
        match normalizer.page(&run.hints.resource, LOAD, NOW, records) {
            Ok(page) => {
                assert_eq!(page.bytes, records.len() as u64);
                self.counts.rows += page.records;
                self.counts.rejected += page.rejected;
                self.counts.discarded += page.discarded.records;
                true
            }
            Err(broken) => {
                assert!(!broken.to_string().is_empty() && !broken.hint().is_empty());
                if let Some((schema, pending_before)) = before {
                    assert_eq!((normalizer.schema(), pending(normalizer)), (&schema, pending_before), "{broken}");
                }
                false
            }
        }
    }

    fn line(&mut self, normalizer: &mut Normalizer, run: &Run<'_>, line: &'a [u8]) {
        let Counts { rows, rejected, discarded } = self.counts;
        if !self.page(normalizer, run, line) {
            self.refused.push((0, 0));
            return;
        }
        match (self.counts.rows - rows, self.counts.rejected - rejected, self.counts.discarded - discarded) {
            (0, 0, 0) => assert!(line.iter().all(|byte| b" \t\r".contains(byte)), "a line is lost: {line:?}"),
            (1, 0, 0) => self.accepted.last_mut().into_iter().for_each(|accepted| accepted.push(line)),
            (0, 1, 0) | (0, 0, 1) => {}
            counts => panic!("a line is {counts:?} records: {line:?}"),
        }
    }

    /// Takes the rows, of which there are as many as records were counted since `before`.
    fn take(&mut self, normalizer: &mut Normalizer, resource: &ResourceName, before: Option<Counts>) {
        let batches = normalizer.take_batches().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(pending(normalizer), (0, 0));
        any_batch::check(&batches, normalizer.schema());
        if let Some(before) = before {
            let table = Naming::default().path(resource.as_str());
            assert_eq!(rows(&batches, &table), self.counts.rows - before.rows, "records that became rows");
            assert_eq!(rows(&batches, REJECTED_TABLE), self.counts.rejected - before.rejected, "rejected records");
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

fn pending(normalizer: &Normalizer) -> (usize, usize) {
    (normalizer.pending_rows(), normalizer.pending_bytes())
}

/// Panics when pages are not normalized as they must be: see each assertion.
pub(crate) fn check(data: &[u8]) {
    let runs = runs(data);
    let whole = Outcome::of(&runs, Cut::Pages);
    same(&Outcome::of(&runs, Cut::Batches), &whole, "batches");
    if !whole.refused.is_empty() {
        return nothing_of_refused_pages_stays(&runs, &whole);
    }
    let lines = Outcome::of(&runs, Cut::Lines);
    same(&lines, &whole, "lines");
    nothing_of_rejected_records_stays(&runs, &lines);
    json_is_what_serde_json_takes(&lines);
    each_scalar_is_one_cell(&runs, &lines);
}

/// How lines are cut into pages and batches makes no difference.
fn same(other: &Outcome<'_>, whole: &Outcome<'_>, cut: &str) {
    assert_eq!(other.rows, whole.rows, "rows in {cut}");
    assert_eq!(other.schema, whole.schema, "schema in {cut}");
    assert_eq!(other.collisions, whole.collisions, "collisions in {cut}");
    assert_eq!((other.counts, &other.refused), (whole.counts, &whole.refused), "counts in {cut}");
}

fn nothing_of_refused_pages_stays<'a>(runs: &[Run<'a>], whole: &Outcome<'a>) {
    let kept = |(place, run): (usize, &Run<'a>)| {
        let pages = run.pages.iter().enumerate().filter(|(at, _)| !whole.refused.contains(&(place, *at)));
        Run { hints: run.hints.clone(), pages: pages.map(|(_, page)| page.clone()).collect() }
    };
    let clean: Vec<Run<'_>> = runs.iter().enumerate().map(kept).collect();
    let clean = Outcome::of(&clean, Cut::Pages);
    assert_eq!(clean.refused, []);
    same(&Outcome { refused: whole.refused.clone(), ..clean }, whole, "pages that were not refused");
}

fn nothing_of_rejected_records_stays(runs: &[Run<'_>], lines: &Outcome<'_>) {
    if (lines.counts.rejected, lines.counts.discarded) == (0, 0) {
        return;
    }
    let accepted = runs.iter().zip(&lines.accepted);
    let clean: Vec<Run<'_>> =
        accepted.map(|(run, lines)| Run { hints: run.hints.clone(), pages: vec![lines.clone()] }).collect();
    let clean = Outcome::of(&clean, Cut::Pages);
    assert_eq!(clean.counts, Counts { rows: lines.counts.rows, ..Counts::default() });
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
    // What is not taken apart is one cell, and what a contract drops is none.
    let drops_or_keeps = |run: &Run<'_>| {
        run.hints.max_table_nesting.is_some() || run.hints.schema_contract.is_some() || !run.hints.columns.is_empty()
    };
    if runs.iter().any(drops_or_keeps) {
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
            1 => "! schema_contract=(freeze|columns:discard_value|tables:discard_row,data_type:freeze)".prop_map(String::into_bytes),
            1 => "! column=[abN]:(bigint|text|json|timestamp|date|binary)!?".prop_map(String::into_bytes),
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
