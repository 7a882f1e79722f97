//! Schema contracts: cases whose answers were made by dlt 1.31 itself, `contract_cases.json`.
//!
//! Each case goes on from one record, with a contract and more records. It has the tables and the rows that dlt made of
//! all of them, or what the contract forbade.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    contracts::{columns, contract, goes_on, hints, rows_of, try_page},
    normalizer, page,
};

/// Rows of a case as lines, sorted.
fn lines(tables: &Map<String, Value>) -> Vec<String> {
    let line = |table: &str, row: &Value| {
        let cells: Vec<String> =
            row.as_object().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{table} | {}", cells.join(" ")).trim_end().to_owned()
    };
    let mut lines: Vec<String> = tables
        .iter()
        .flat_map(|(table, rows)| rows.as_array().unwrap().iter().map(move |row| line(table, row)))
        .collect();
    lines.sort();
    lines
}

#[test]
fn contracts_do_what_they_do_in_dlt() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("contract_cases.json")).unwrap();
    assert!(cases.len() > 90);
    let first = r#"{"a":1,"l":[{"x":1}]}"#;
    for case in cases {
        let mut normalizer = normalizer();
        page(&mut normalizer, &[first]);
        let mut rows = rows_of(&normalizer.take_batches().unwrap());
        let mut normalizer = goes_on(normalizer.schema(), &hints(contract(&case["contract"])));
        let records: Vec<String> = case["records"].as_array().unwrap().iter().map(Value::to_string).collect();
        let outcome = try_page(&mut normalizer, &records.iter().map(String::as_str).collect::<Vec<_>>());
        rows.extend(rows_of(&normalizer.take_batches().unwrap()));
        rows.sort();
        let expected = case["rows"].as_object().unwrap();
        assert_eq!(rows, lines(expected), "{case}");

        // dlt leaves the columns of dropped rows behind, empty; here they leave no trace.
        let has_value = |table: &str, column: &str| {
            expected.get(table).is_some_and(|rows| rows.as_array().unwrap().iter().any(|row| row.get(column).is_some()))
        };
        for (table, columns) in columns(normalizer.schema()) {
            let theirs = case["tables"][table].as_object().unwrap_or_else(|| panic!("{table} of {case}"));
            let theirs: BTreeMap<&str, &str> = theirs
                .iter()
                .filter(|(column, _)| has_value(table, column))
                .map(|(column, data_type)| (column.as_str(), data_type.as_str().unwrap()))
                .collect();
            assert_eq!(columns, theirs, "{table} of {case}");
        }
        match (&case["frozen"], outcome) {
            (Value::Null, outcome) => drop(outcome.unwrap()),
            (frozen, outcome) => {
                let text = outcome.unwrap_err().to_string();
                let entity = format!("freezes `{}`", frozen[0].as_str().unwrap());
                // dlt names the variant, which is not there; here it is the column that the value does not fit.
                let name = frozen[2].as_str().or(frozen[1].as_str()).unwrap();
                let name = format!("`{}`", name.split("__v_").next().unwrap());
                assert!(text.contains(&entity) && text.contains(&name), "{text}: {case}");
            }
        }
    }
}
