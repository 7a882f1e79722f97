//! The same records, loaded by dlt and by this program: every table, column, type, hint and value is compared.
//!
//! [`losses`] and [`crashes`] show where dlt loses data, each row of the table in `docs/tables.md`.

mod crashes;
mod losses;
mod ours;
pub(crate) mod text;

use acceptance::corpus::{self, Case, Load};
use acceptance::judge::Dump;

use ours::Ours;

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Dlt,
    Ours,
}

use Turn::{Dlt, Ours as We};

fn cases(wanted: impl Fn(&Case) -> bool) -> Vec<Case> {
    corpus::cases().into_iter().filter(wanted).collect()
}

/// The loads of run number `run`.
fn loads(cases: &[Case], run: usize) -> Vec<Load> {
    cases.iter().filter_map(|case| case.runs.get(run).cloned()).collect()
}

fn runs(cases: &[Case]) -> usize {
    cases.iter().map(|case| case.runs.len()).max().unwrap_or_default()
}

fn names(cases: &[Case]) -> Vec<&str> {
    cases.iter().map(|case| case.name.as_str()).collect()
}

/// Loads all runs into one dataset, by turns; the last turn lasts to the end.
#[track_caller]
fn load(cases: &[Case], turns: &[Turn]) -> Dump {
    let mut ours = Ours::new(cases);
    for run in 0..runs(cases) {
        let loads = loads(cases, run);
        match turns.get(run).or(turns.last()).unwrap() {
            Turn::Ours => drop(ours.load(&loads).code(0)),
            Turn::Dlt => {
                let loaded = ours.dataset(|dataset| dataset.load(&loads));
                assert_eq!((loaded.error, loaded.stuck), (None, false), "run {run} of {turns:?}");
            }
        }
    }
    ours.dataset(|dataset| dataset.dump(&names(cases)))
}

#[test]
fn what_dlt_does_not_lose_is_loaded_as_dlt_loads_it() {
    let cases = cases(|case| case.difference.is_none() && !case.starts_with_dlt);
    assert!(corpus::cases().len() >= 150);
    text::assert_same(&load(&cases, &[Dlt]), &load(&cases, &[We]));
}

#[test]
fn dlt_and_this_program_take_turns() {
    let cases = cases(|case| case.difference.is_none() && !case.starts_with_dlt && case.runs.len() > 1);
    let alone = load(&cases, &[Dlt]);
    for turns in [[Dlt, We, Dlt], [We, Dlt, We]] {
        text::assert_same(&alone, &load(&cases, &turns));
    }
}

#[test]
fn what_dlt_began_is_gone_on_with() {
    let cases = cases(|case| case.difference.is_none() && case.starts_with_dlt);
    text::assert_same(&load(&cases, &[Dlt]), &load(&cases, &[Dlt, We]));
}
