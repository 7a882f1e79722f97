//! Cases whose answers were made by dlt 1.31 itself: `dlt_cases.txt`.
//!
//! Each case has a title (`#`), hints (`!`), records (`>`), then the tables and the rows, without ids and load ids.

use super::{dump, normalizer, page, resource};
use crate::normalize::ResourceHints;

#[derive(Default)]
struct Case<'a> {
    title: &'a str,
    hints: Vec<(&'a str, &'a str)>,
    records: Vec<&'a str>,
    expected: Vec<&'a str>,
}

fn cases(text: &str) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(title) = line.strip_prefix("# ") {
            cases.push(Case { title, ..Case::default() });
            continue;
        }
        let case = cases.last_mut().unwrap();
        if let Some(hint) = line.strip_prefix("! ") {
            case.hints.push(hint.split_once('=').unwrap());
        } else if let Some(record) = line.strip_prefix("> ") {
            case.records.push(record);
        } else {
            case.expected.push(line);
        }
    }
    cases
}

#[test]
fn pages_become_what_dlt_makes_of_them() {
    let cases = cases(include_str!("dlt_cases.txt"));
    assert!(cases.len() > 20);
    for case in cases {
        let mut normalizer = normalizer();
        let mut hints = ResourceHints::new(resource());
        for (name, value) in &case.hints {
            match *name {
                "max_table_nesting" => hints.max_table_nesting = value.parse().ok(),
                "primary_key" => hints.primary_key = Some(value.split(',').map(str::to_owned).collect()),
                other => panic!("unknown hint `{other}`"),
            }
        }
        normalizer.declare(&hints);
        let outcome = page(&mut normalizer, &case.records);
        assert_eq!((outcome.records, outcome.rejected), (case.records.len() as u64, 0), "{}", case.title);
        assert_eq!(normalizer.take_collisions(), [], "{}", case.title);

        let batches = normalizer.take_batches().unwrap();
        let hidden = |name: &str, value: &str| {
            matches!(name, "_dlt_parent_id" | "_dlt_load_id") || (name == "_dlt_id" && value != "\"abc\"")
        };
        let mut lines = dump::tables(normalizer.schema());
        lines.extend(dump::rows(&batches, hidden));
        assert_eq!(lines.join("\n"), case.expected.join("\n"), "{}", case.title);
    }
}
