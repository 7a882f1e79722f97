//! Dumps side by side.

use acceptance::judge::Dump;
use similar::{ChangeTag, TextDiff};

/// The lines in which two texts differ: `-` those of dlt, `+` ours. Empty when there are none.
pub(super) fn difference(theirs: &str, ours: &str) -> String {
    let diff = TextDiff::from_lines(theirs, ours);
    let changes = diff.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal);
    let lines: Vec<_> = changes.map(|change| format!("{} {}", change.tag(), change.value())).collect();
    lines.concat()
}

/// Panics with all differences of two dumps.
#[track_caller]
pub(crate) fn assert_same(theirs: &Dump, ours: &Dump) {
    let cases = theirs.cases.keys().map(|case| (case.as_str(), difference(&theirs.text(case), &ours.text(case))));
    let books = ("the bookkeeping", difference(&theirs.books, &ours.books));
    let found = cases.chain([books]).filter(|(_, lines)| !lines.is_empty());
    let found: Vec<_> = found.map(|(name, lines)| format!("\n{name}\n{lines}")).collect();
    assert!(found.is_empty(), "lines of dlt (-) and ours (+) differ\n{}", found.concat());
    // All is the same that was looked at, so what is left is the schema's order of columns, or a hash that is wrong.
    assert_eq!(theirs.hash, ours.hash, "the schemas have other hashes");
}
