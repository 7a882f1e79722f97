//! Where dlt loses data: cases that it fails on or changes, with a snapshot of both sides for each reason.

use acceptance::corpus::{Case, Difference, Load};
use acceptance::judge::{Dataset, Loaded};
use tempfile::TempDir;

use super::{cases, loads, names, ours::Ours, runs, text};

/// A pipeline of dlt, in a folder of its own.
struct Judge(TempDir);

impl Judge {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn dataset<T>(&self, see: impl FnOnce(Dataset<'_>) -> T) -> T {
        see(Dataset { file: &self.0.path().join("judge.duckdb"), work_dir: self.0.path() })
    }

    fn load(&self, load: &Load) -> Loaded {
        self.dataset(|dataset| dataset.load(std::slice::from_ref(load)))
    }
}

/// What dlt makes of one case: its dump, or how it fails.
fn judged(case: &Case) -> String {
    let judge = Judge::new();
    for load in &case.runs {
        let loaded = judge.load(load);
        if let Some(reasons) = loaded.error {
            let reason = reasons.last().unwrap().split(':').next().unwrap();
            let stuck = if loaded.stuck { ", and its package is stuck" } else { "" };
            return format!("dlt fails with {reason}{stuck}\n");
        }
    }
    judge.dataset(|dataset| dataset.dump(&[&case.name]).text(&case.name))
}

/// Loads the cases of a difference with both programs. Each has to be loaded differently, as its snapshot shows.
#[track_caller]
fn check(difference: Difference) {
    let cases = cases(|case| case.difference == Some(difference));
    let mut ours = Ours::new(&cases);
    for run in 0..runs(&cases) {
        ours.load(&loads(&cases, run)).code(0);
    }
    let dump = ours.dataset(|dataset| dataset.dump(&names(&cases)));
    let told = cases.iter().map(|case| {
        let kept = dump.text(&case.name) + &ours.told(&case.name);
        let lines = text::difference(&judged(case), &kept);
        assert!(!lines.is_empty(), "`{}` is loaded as dlt loads it: there is no difference", case.name);
        format!("{}\n{lines}", case.name)
    });
    let told: Vec<_> = told.collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let name = format!("dlt_loses_{}", difference.name().replace(' ', "_"));
    settings.bind(|| insta::assert_snapshot!(name, told.join("\n")));
}

#[test]
fn keys_that_want_one_name_are_all_kept() {
    check(Difference::Collision);
}

#[test]
fn numbers_beyond_64_bits_are_kept() {
    check(Difference::Beyond64Bits);
}

#[test]
fn a_bad_record_costs_itself() {
    check(Difference::BadRecord);
}

#[test]
fn of_records_with_one_key_the_last_one_stays() {
    check(Difference::SameKeyTwice);
}

#[test]
fn a_record_that_is_left_out_is_left_out_whole() {
    check(Difference::LeftOut);
}

#[test]
fn a_table_with_rows_merges_from_now_on() {
    check(Difference::AppendToMerge);
}

#[test]
fn a_contract_drops_what_breaks_it_and_no_more() {
    check(Difference::Contract);
}

#[test]
fn lost_nanoseconds_are_told() {
    check(Difference::Nanoseconds);
}

#[test]
fn doubles_are_exact() {
    check(Difference::Rounding);
}

#[test]
fn a_nul_stays_in_its_text() {
    check(Difference::Nul);
}

#[test]
fn a_text_is_no_type() {
    check(Difference::PrivateUse);
}

#[test]
fn an_item_with_an_id_knows_its_parent() {
    check(Difference::Orphan);
}

/// Runs what dlt fails on, and then loads one more record, which nothing is wrong with. The rows of this program follow.
#[track_caller]
fn check_next_run(case: &Case, next: &str, expected: &[&str]) {
    let last = case.runs.last().unwrap().clone();
    let mut case = case.clone();
    case.runs.push(Load { records: vec![next.as_bytes().to_vec()], ..last });

    let (judge, mut ours) = (Judge::new(), Ours::new(std::slice::from_ref(&case)));
    let outcomes: Vec<_> = case.runs.iter().map(|load| judge.load(load)).collect();
    for loaded in &outcomes[outcomes.len() - 2..] {
        assert!(loaded.error.is_some() && loaded.stuck, "{outcomes:?}");
    }
    for load in &case.runs {
        ours.load(std::slice::from_ref(load)).code(0);
    }
    let text = ours.dataset(|dataset| dataset.dump(&[&case.name])).text(&case.name);
    let rows: Vec<_> = text.lines().filter(|line| line.trim_start().starts_with("row ")).collect();
    assert_eq!(rows, expected);
}

fn case(name: &str) -> Case {
    cases(|case| case.name == name).remove(0)
}

#[test]
fn a_bad_record_does_not_block_the_next_run() {
    let mut case = case("a_key_that_is_null");
    // Where there is no dataset yet, dlt forgets the package in place of being stuck, and the good records with it.
    let first = Load { records: vec![br#"{"id":0,"x":0}"#.to_vec()], ..case.runs[0].clone() };
    case.runs.insert(0, first);
    check_next_run(
        &case,
        r#"{"id":4,"x":4}"#,
        &[
            "row a_key_that_is_null id=0 x=0 (load 1, random)",
            "row a_key_that_is_null id=1 x=1 (load 2, random)",
            "row a_key_that_is_null id=3 x=3 (load 2, random)",
            "row a_key_that_is_null id=4 x=4 (load 3, random)",
        ],
    );
}

#[test]
fn a_table_that_merges_from_now_on_goes_on_merging() {
    check_next_run(
        &case("append_then_merge"),
        r#"{"id":2,"l":[4]}"#,
        &[
            "row append_then_merge id=1 (load 2, random)",
            "  row append_then_merge__l value=3 (item 0, root, hash)",
            "row append_then_merge id=2 (load 3, random)",
            "  row append_then_merge__l value=4 (item 0, root, hash)",
        ],
    );
}
