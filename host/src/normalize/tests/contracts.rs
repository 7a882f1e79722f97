//! Schema contracts: what they drop and refuse, what is counted, and what is left in the schema.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{LOAD, NOW, dump, normalizer, page, resource, with_schema};
use crate::{
    model::{ColumnHint, ContractEntity, ContractMode, SchemaContract, WriteDisposition},
    normalize::{
        BrokenContract, Discarded, Normalizer, PageOutcome, ROOT_NUMBER, ResourceHints, TableBatch,
        schema::{DataType, Schema},
    },
};

/// The contract of a case: a word, or an object of words.
pub(super) fn contract(value: &Value) -> SchemaContract {
    let mode = |word: &Value| ContractMode::parse(word.as_str().unwrap()).unwrap();
    match value {
        Value::Object(words) => {
            SchemaContract::Each(ContractEntity::ALL.map(|entity| words.get(entity.as_str()).map(mode)))
        }
        word => SchemaContract::All(mode(word)),
    }
}

pub(super) fn hints(contract: SchemaContract) -> ResourceHints {
    ResourceHints { schema_contract: Some(contract), ..ResourceHints::new(resource()) }
}

/// A normalizer that goes on from the schema of another run.
pub(super) fn goes_on(schema: &Schema, hints: &ResourceHints) -> Normalizer {
    let mut normalizer = with_schema(schema.clone());
    normalizer.declare(hints);
    normalizer
}

/// The schema after a first run without a contract.
fn known(records: &[&str]) -> Schema {
    let mut normalizer = normalizer();
    page(&mut normalizer, records);
    normalizer.take_batches().unwrap();
    normalizer.schema().clone()
}

pub(super) fn try_page(normalizer: &mut Normalizer, records: &[&str]) -> Result<PageOutcome, BrokenContract> {
    normalizer.page(&resource(), LOAD, NOW, records.join("\n").as_bytes())
}

/// Goes on from a first run with a contract, and answers what was dropped and which rows there are.
#[track_caller]
fn check(first: &[&str], terms: &Value, second: &[&str], discarded: [u64; 3], expected: &[&str]) -> Normalizer {
    let mut normalizer = goes_on(&known(first), &hints(contract(terms)));
    let outcome = try_page(&mut normalizer, second).unwrap();
    let [records, rows, values] = discarded;
    assert_eq!(outcome.discarded, Discarded { records, rows, values });
    assert_eq!(outcome.records + outcome.rejected + records, second.len() as u64);
    assert_eq!(rows_of(&normalizer.take_batches().unwrap()), expected);
    normalizer
}

/// Rows without what is random.
pub(super) fn rows_of(batches: &[TableBatch]) -> Vec<String> {
    dump::rows(batches, |name, _| name.starts_with("_dlt_") || name == "rejected_at")
}

/// The columns of all tables that have a type, without those of dlt.
pub(super) fn columns(schema: &Schema) -> BTreeMap<&str, BTreeMap<&str, &str>> {
    schema
        .tables
        .values()
        .filter(|table| !table.is_new())
        .map(|table| {
            let columns = table.columns.values().filter(|column| !column.name.starts_with("_dlt_"));
            let columns = columns.filter_map(|column| Some((column.name.as_str(), column.data_type?.as_str())));
            (table.name.as_str(), columns.collect())
        })
        .collect()
}

#[test]
fn a_broken_contract_names_what_broke_it_and_what_to_do() {
    let schema = known(&[r#"{"a":1}"#]);
    let frozen = hints(SchemaContract::All(ContractMode::Freeze));
    for (record, message) in [
        (
            r#"{"l":[1]}"#,
            "a record brings the new table `t__l`, and `schema_contract` of `[resources.t]` freezes `tables`",
        ),
        (
            r#"{"b":1}"#,
            "a record brings the new column `b` of table `t`, and `schema_contract` of `[resources.t]` freezes `columns`",
        ),
        (
            r#"{"a":"x"}"#,
            "a record brings a text for column `a` (bigint) of table `t`, and `schema_contract` of `[resources.t]` \
             freezes `data_type`",
        ),
    ] {
        let broken = try_page(&mut goes_on(&schema, &frozen), &[record]).unwrap_err();
        assert_eq!(broken.to_string(), message);
    }
    let broken = try_page(&mut goes_on(&schema, &frozen), &[r#"{"b":1}"#]).unwrap_err();
    assert_eq!(
        broken.hint(),
        "to take it, write `schema_contract = { tables = \"freeze\", columns = \"evolve\", data_type = \"freeze\" }` in \
         `[resources.t]`, or to leave it out `discard_value` or `discard_row` in place of `evolve`; the next run goes on at \
         the page that was refused"
    );
}

#[test]
fn a_refused_page_leaves_no_trace() {
    let terms = SchemaContract::Each([None, None, Some(ContractMode::Freeze)]);
    let mut normalizer = goes_on(&known(&[r#"{"a":1,"l":[{"x":1}]}"#]), &hints(terms));
    try_page(&mut normalizer, &[r#"{"a":2,"l":[{"x":2}],"n":1}"#]).unwrap();
    let (schema, pending) = (normalizer.schema().clone(), (normalizer.pending_rows(), normalizer.pending_bytes()));
    let refused = [
        r#"{"a":3,"b":1,"m":[{"y":[1]}],"userName":1,"user_name":2}"#,
        "no JSON",
        r#"{"a":4,"c":null,"l":[{"x":5,"z":1},{"x":"six"}]}"#,
        r#"{"a":5}"#,
    ];
    try_page(&mut normalizer, &refused).unwrap_err();
    assert_eq!(normalizer.schema(), &schema);
    assert_eq!((normalizer.pending_rows(), normalizer.pending_bytes()), pending);
    assert_eq!(normalizer.take_collisions(), []);
    // The same page is taken once it is good, or once the contract is: as if it had come for the first time.
    let good: Vec<String> = refused.iter().map(|record| record.replace("\"six\"", "6")).collect();
    let outcome = try_page(&mut normalizer, &good.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    assert_eq!((outcome.records, outcome.rejected), (3, 1));
    assert_eq!(normalizer.take_collisions().len(), 1);
    let rows = rows_of(&normalizer.take_batches().unwrap());
    assert_eq!(
        rows,
        [
            "t | a=2 n=1",
            "t | a=3 b=1 user_name=1 user_name_effroa=2",
            "t | a=4",
            "t | a=5",
            "t__l | x=2",
            "t__l | x=5 z=1",
            "t__l | x=6",
            "t__m |",
            "t__m__y | value=1",
            "_rejected_records | raw=\"no JSON\" reason=\"not JSON: unexpected character at byte 0\" resource=\"t\"",
        ]
    );
}

#[test]
fn all_rows_that_a_contract_drops_are_counted() {
    let first = [r#"{"a":1,"l":[{"x":1,"m":[1]}],"j":[1]}"#];
    let row = json!({"columns": "discard_row"});
    // A root row with two items, one of which has two of its own.
    let record = r#"{"a":2,"b":1,"l":[{"x":1,"m":[1,2]},{"x":2}]}"#;
    check(&first, &row, &[record, r#"{"a":3}"#], [1, 5, 0], &["t | a=3"]);
    // An item, and what is below it; the rows above and beside stay.
    let record = r#"{"a":2,"l":[{"x":1,"m":[1,2]},{"x":2,"z":1,"m":[3,[4]]},{"x":3,"m":[5]}]}"#;
    let kept = ["t | a=2", "t__l | x=1", "t__l | x=3", "t__l__m | value=1", "t__l__m | value=2", "t__l__m | value=5"];
    check(&first, &row, &[record], [0, 4, 0], &kept);
    // A table that is not made, with one below it.
    let tables = json!({"tables": "discard_value"});
    check(&first, &tables, &[r#"{"a":2,"o":{"k":[{"y":[1,2]},3,[4,5]]}}"#], [0, 7, 0], &["t | a=2"]);
    // Lists that are kept whole are no rows.
    let whole = ResourceHints { max_table_nesting: Some(0), ..hints(contract(&row)) };
    let outcome = try_page(&mut goes_on(&known(&first), &whole), &[r#"{"a":2,"b":1,"l":[1,2]}"#]).unwrap();
    assert_eq!(outcome.discarded, Discarded { records: 1, rows: 1, values: 0 });
}

#[test]
fn values_are_counted_one_by_one() {
    let value = json!("discard_value");
    check(
        &[r#"{"a":1,"l":[{"x":1}]}"#],
        &value,
        &[r#"{"a":"x","b":1,"o":{"p":true,"q":{"r":2.5,"s":null}},"l":[{"x":2,"y":1},{"x":[1]}],"e":{},"f":[]}"#],
        [0, 1, 5],
        &["t |", "t__l | x=2", "t__l |"],
    );
    // A second key of one name would need a column of its own.
    check(&[r#"{"user_name":1}"#], &value, &[r#"{"userName":2,"user_name":3}"#], [0, 0, 1], &["t | user_name=2"]);
    // A number that no type of numbers holds is a value of another type.
    check(&[r#"{"a":1}"#], &value, &[r#"{"a":1e999}"#, r#"{"a":18446744073709551616}"#], [0, 0, 2], &["t |", "t |"]);
}

#[test]
fn a_null_breaks_no_contract() {
    for terms in [json!("freeze"), json!("discard_row"), json!("discard_value")] {
        let normalizer = check(
            &[r#"{"a":1}"#],
            &terms,
            &[r#"{"a":null,"b":null,"o":{"p":null},"l":[]}"#, r#"{"b":null}"#],
            [0; 3],
            &["t |", "t |"],
        );
        assert_eq!(columns(normalizer.schema())["t"].len(), 1);
    }
    // dlt drops rows for a null, too, once the key has had a value; here they stay.
    let records = [r#"{"a":1,"b":1}"#, r#"{"a":2,"b":null}"#];
    check(&[r#"{"a":1}"#], &json!("discard_row"), &records, [1, 1, 0], &["t | a=2"]);
}

#[test]
fn a_dropped_row_leaves_no_trace_in_the_schema() {
    let first = [r#"{"a":1,"l":[{"x":1}]}"#];
    let schema = known(&first);
    let terms = json!({"data_type": "discard_row"});
    let normalizer = check(&first, &terms, &[r#"{"b":1,"o":{"p":1},"m":[1],"a":"x"}"#], [1, 2, 0], &[]);
    assert_eq!(columns(normalizer.schema()), columns(&schema));
    // In a child row, columns may have got their types before the value comes that is dropped.
    let record = r#"{"a":2,"l":[{"n":7,"h":1e999},{"x":2,"n":"now a text"}]}"#;
    let mut normalizer = check(&first, &terms, &[record], [0, 1, 0], &["t | a=2", "t__l | n=\"now a text\" x=2"]);
    assert_eq!(columns(normalizer.schema())["t__l"], BTreeMap::from([("n", "text"), ("x", "bigint")]));
    // The same in the first row of a table.
    try_page(&mut normalizer, &[r#"{"m":[{"n":7,"h":1e999}]}"#]).unwrap();
    assert!(!columns(normalizer.schema()).contains_key("t__m"));
    try_page(&mut normalizer, &[r#"{"m":[{"n":true}]}"#]).unwrap();
    assert_eq!(rows_of(&normalizer.take_batches().unwrap()), ["t |", "t |", "t__m | n=true"]);
}

#[test]
fn a_new_root_table_takes_columns_until_it_was_read_to_the_end() {
    let columns_frozen = contract(&json!({"columns": "freeze"}));
    let mut normalizer = normalizer();
    normalizer.declare(&hints(columns_frozen));
    try_page(&mut normalizer, &[r#"{"a":1}"#, r#"{"b":1}"#]).unwrap();
    normalizer.take_batches().unwrap();
    // The run was stopped here; the next one goes on.
    let mut normalizer = goes_on(normalizer.schema(), &hints(columns_frozen));
    try_page(&mut normalizer, &[r#"{"c":1}"#]).unwrap();
    normalizer.take_batches().unwrap();
    normalizer.settle(&resource());
    try_page(&mut normalizer, &[r#"{"a":1,"b":2,"c":3}"#]).unwrap();
    try_page(&mut normalizer, &[r#"{"d":1}"#]).unwrap_err();
    // A table that has had no row is still new.
    let mut normalizer = self::normalizer();
    normalizer.declare(&hints(columns_frozen));
    normalizer.settle(&resource());
    try_page(&mut normalizer, &[r#"{"a":1}"#, r#"{"b":1}"#]).unwrap();
}

#[test]
fn a_child_table_takes_columns_with_its_first_row_alone() {
    let terms = json!({"columns": "discard_value"});
    let records = [r#"{"l":[{"x":1,"y":1},{"x":2,"z":1}]}"#];
    check(&[r#"{"a":1}"#], &terms, &records, [0, 0, 1], &["t |", "t__l | x=1 y=1", "t__l | x=2"]);
}

#[test]
fn a_root_table_that_may_not_come_has_no_rows() {
    for (mode, rows) in [("discard_row", 3), ("discard_value", 3)] {
        let mut normalizer = normalizer();
        let column = ColumnHint { path: "a".into(), data_type: Some(DataType::Text), nullable: false };
        normalizer.declare(&ResourceHints { columns: vec![column], ..hints(contract(&json!({"tables": mode}))) });
        let outcome = try_page(&mut normalizer, &[r#"{"a":1,"l":[1]}"#, r#"{"a":2}"#, "null"]).unwrap();
        assert_eq!((outcome.records, outcome.rejected), (0, 1));
        assert_eq!(outcome.discarded, Discarded { records: 2, rows, values: 0 });
        assert!(normalizer.schema().tables["t"].is_new());
        let batches = normalizer.take_batches().unwrap();
        assert_eq!(batches.iter().map(|batch| batch.table.as_str()).collect::<Vec<_>>(), ["_rejected_records"]);
    }
    let mut normalizer = normalizer();
    normalizer.declare(&hints(SchemaContract::All(ContractMode::Freeze)));
    try_page(&mut normalizer, &[""]).unwrap();
    let broken = try_page(&mut normalizer, &["{}"]).unwrap_err();
    assert!(broken.to_string().starts_with("a record brings the new table `t`, "), "{broken}");
}

#[test]
fn dlt_s_own_columns_and_declared_ones_are_always_allowed() {
    let merge = ResourceHints {
        write_disposition: WriteDisposition::Merge,
        primary_key: Some(vec!["key.id".into()]),
        hard_delete: Some("gone".into()),
        columns: vec![ColumnHint { path: "more".into(), data_type: None, nullable: true }],
        ..hints(SchemaContract::All(ContractMode::Freeze))
    };
    let mut normalizer = goes_on(&known(&[r#"{"a":1,"l":[1]}"#]), &merge);
    let record = r#"{"a":1,"key":{"id":1},"gone":true,"more":"x","_dlt_mine":7,"l":[2]}"#;
    try_page(&mut normalizer, &[record]).unwrap();
    assert!(normalizer.schema().tables["t__l"].columns.contains_key("_dlt_root_id"));
    let rows = dump::rows(&normalizer.take_batches().unwrap(), |name, _| name == ROOT_NUMBER || name.ends_with("_id"));
    assert_eq!(rows, ["t | _dlt_mine=7 a=1 gone=true more=\"x\"", "t__l | _dlt_list_idx=0 value=2"]);
    try_page(&mut normalizer, &[r#"{"key":{"id":1,"other":1}}"#]).unwrap_err();
}

/// What becomes of a record with a new column, and where the contract is said to be.
#[track_caller]
fn check_origin(schema: &Schema, pipeline: Option<&str>, own: Option<&str>, mode: ContractMode, place: &str) {
    let word = |word: &str| SchemaContract::All(ContractMode::parse(word).unwrap());
    let mut normalizer = with_schema(schema.clone());
    if let Some(pipeline) = pipeline {
        normalizer.set_contract(word(pipeline));
    }
    normalizer.declare(&ResourceHints { schema_contract: own.map(word), ..ResourceHints::new(resource()) });
    assert_eq!(
        normalizer.contract_of(&resource()).unwrap(),
        format!("`schema_contract = \"{}\"`{place}", mode.as_str())
    );
    let outcome = try_page(&mut normalizer, &[r#"{"l":[{"new":1}]}"#]);
    let found = match outcome {
        Err(_) => ContractMode::Freeze,
        Ok(PageOutcome { discarded: Discarded { values: 1, .. }, .. }) => ContractMode::DiscardValue,
        Ok(PageOutcome { discarded: Discarded { rows: 1, .. }, .. }) => ContractMode::DiscardRow,
        Ok(_) => ContractMode::Evolve,
    };
    assert_eq!(found, mode);
    let stored = normalizer.schema();
    assert!(stored.tables["t__l"].schema_contract.is_none());
    if let Some(own) = own {
        assert_eq!(stored.tables["t"].schema_contract, Some(word(own)));
    }
    if let Some(pipeline) = pipeline {
        assert_eq!(stored.schema_contract, Some(word(pipeline)));
    }
}

#[test]
fn the_pipeline_file_s_contract_takes_the_place_of_the_stored_one() {
    use ContractMode as M;
    let plain = known(&[r#"{"l":[{"x":1}]}"#]);
    let mut frozen = plain.clone();
    frozen.schema_contract = Some(SchemaContract::All(M::Freeze));
    let mut child = frozen.clone();
    child.tables["t"].schema_contract = Some(SchemaContract::All(M::DiscardValue));
    let mut own = child.clone();
    own.tables["t__l"].schema_contract = Some(SchemaContract::All(M::DiscardRow));
    let (stored, pipeline, own_place) = (", stored in the dataset", " of `[pipeline]`", " of `[resources.t]`");
    check_origin(&plain, None, None, M::Evolve, stored);
    check_origin(&frozen, None, None, M::Freeze, stored);
    check_origin(&child, None, None, M::DiscardValue, stored);
    for schema in [&plain, &frozen, &child, &own] {
        check_origin(schema, Some("discard_value"), None, M::DiscardValue, pipeline);
        check_origin(schema, Some("freeze"), Some("evolve"), M::Evolve, own_place);
        check_origin(schema, None, Some("freeze"), M::Freeze, own_place);
    }
    // A child's own contract holds for its rows.
    let mut normalizer = goes_on(&own, &ResourceHints::new(resource()));
    let outcome = try_page(&mut normalizer, &[r#"{"new":1,"l":[{"new":1}]}"#]).unwrap();
    assert_eq!(outcome.discarded, Discarded { records: 0, rows: 1, values: 1 });
}

#[test]
fn a_variant_that_is_there_or_declared_takes_values() {
    let frozen = hints(SchemaContract::All(ContractMode::Freeze));
    let mut normalizer = goes_on(&known(&[r#"{"a":1}"#, r#"{"a":"x"}"#]), &frozen);
    try_page(&mut normalizer, &[r#"{"a":"y"}"#]).unwrap();
    assert_eq!(rows_of(&normalizer.take_batches().unwrap()), ["t | a__v_text=\"y\""]);
    try_page(&mut normalizer, &[r#"{"a":true}"#]).unwrap_err();

    let declared = ColumnHint { path: "a__v_text".into(), data_type: None, nullable: true };
    let hints = ResourceHints { columns: vec![declared], ..frozen };
    let mut normalizer = goes_on(&known(&[r#"{"a":1,"_dlt_mine":7}"#]), &hints);
    try_page(&mut normalizer, &[r#"{"a":"y","_dlt_mine":"seven"}"#]).unwrap();
    assert_eq!(rows_of(&normalizer.take_batches().unwrap()), ["t | a__v_text=\"y\""]);
    assert!(normalizer.schema().tables["t"].columns.contains_key("_dlt_mine__v_text"));
}

#[test]
fn a_list_that_is_kept_as_json_has_no_rows_to_count() {
    let json = ColumnHint { path: "j".into(), data_type: Some(DataType::Json), nullable: true };
    let dropping = ResourceHints { columns: vec![json], ..hints(contract(&json!({"columns": "discard_row"}))) };
    let mut normalizer = goes_on(&known(&[r#"{"a":1}"#]), &dropping);
    let outcome = try_page(&mut normalizer, &[r#"{"new":1,"j":[1,2],"l":[1,2]}"#]).unwrap();
    assert_eq!(outcome.discarded, Discarded { records: 1, rows: 3, values: 0 });
}
