//! Hints of single columns: types from the start, and columns that must have a value.

use super::{dump, normalizer, page, resource, with_schema};
use crate::{
    model::ColumnHint,
    normalize::{IdleHint, Normalizer, ResourceHints, schema::DataType},
};

fn hints(columns: &[(&str, Option<DataType>, bool)]) -> ResourceHints {
    let column = |(path, data_type, nullable): &(&str, Option<DataType>, bool)| ColumnHint {
        path: (*path).to_owned(),
        data_type: *data_type,
        nullable: *nullable,
    };
    ResourceHints { columns: columns.iter().map(column).collect(), ..ResourceHints::new(resource()) }
}

fn hinted(columns: &[(&str, Option<DataType>, bool)]) -> Normalizer {
    let mut normalizer = normalizer();
    assert_eq!(normalizer.declare(&hints(columns)), []);
    normalizer
}

/// The columns of `t` after some records.
#[track_caller]
fn check_columns(normalizer: &mut Normalizer, records: &[&str], expected: &str) {
    page(normalizer, records);
    assert_eq!(dump::tables(normalizer.schema())[0], format!("t: {expected}"));
}

/// What becomes of a value under a hint, as a cell in the column or in a variant of it.
#[track_caller]
fn check_value(data_type: DataType, value: &str, expected: &str) {
    let mut normalizer = hinted(&[("v", Some(data_type), true)]);
    page(&mut normalizer, &[&format!("{{\"v\":{value}}}")]);
    let rows = dump::rows(&normalizer.take_batches().unwrap(), |name, _| name.starts_with("_dlt_"));
    assert_eq!(rows, [format!("t | {expected}")], "{data_type:?} <- {value}");
}

#[test]
fn values_are_fitted_into_the_hinted_type() {
    use DataType as T;
    for (data_type, value, expected) in [
        (T::Text, "7", "v=\"7\""),
        (T::Text, "\"2024-01-02T03:04:05Z\"", "v=\"2024-01-02T03:04:05Z\""),
        (T::Bigint, "\"7\"", "v=7"),
        (T::Bigint, "\"seven\"", "v__v_text=\"seven\""),
        (T::Double, "7", "v=7.0"),
        (T::Bool, "\"yes\"", "v=true"),
        (T::Bool, "\"maybe\"", "v__v_text=\"maybe\""),
        (T::Timestamp, "1700000000", "v=2023-11-14T22:13:20Z"),
        (T::Timestamp, "true", "v__v_bool=true"),
        (T::Date, "true", "v__v_bool=true"),
        (T::Time, "7", "v__v_bigint=7"),
        (T::Binary, "1.5", "v__v_double=1.5"),
        (T::Json, "{\"a\":[1,{\"b\":null}]}", "v={\"a\":[1,{\"b\":null}]}"),
        (T::Json, "[1,2]", "v=[1,2]"),
        (T::Json, "7", "v__v_bigint=7"),
        (T::Decimal, "1.5", "v=1500000000"),
        (T::Wei, "7", "v=7"),
    ] {
        check_value(data_type, value, expected);
    }
}

#[test]
fn hinted_columns_come_first_and_have_their_type_from_the_start() {
    let mut normalizer = hinted(&[
        ("z", Some(DataType::Bigint), true),
        ("user.name", Some(DataType::Text), false),
        ("user__age", Some(DataType::Double), true),
        ("whole", Some(DataType::Json), true),
        ("later", None, true),
    ]);
    check_columns(
        &mut normalizer,
        &[r#"{"a":1,"user":{"name":"x"},"whole":{"b":{"c":[1]}},"later":true}"#],
        "z bigint, user__name text not null, user__age double, whole json, a bigint, later bool, _dlt_load_id text not \
         null, _dlt_id text not null",
    );
}

#[test]
fn a_hint_may_come_after_rows() {
    let mut first = normalizer();
    page(&mut first, &[r#"{"a":1,"b":null}"#]);
    first.take_batches().unwrap();
    let mut normalizer = with_schema(first.schema().clone());
    let idle = normalizer.declare(&hints(&[
        ("a", Some(DataType::Text), true),
        ("b", Some(DataType::Text), false),
        ("c", Some(DataType::Json), true),
    ]));
    let hint = IdleHint { table: "t".into(), column: "a".into(), has: DataType::Bigint, hinted: DataType::Text };
    assert_eq!(idle, [hint]);
    assert_eq!(
        idle[0].to_string(),
        "column `a` of `t` is bigint already and stays so: `data_type = \"text\"` has no effect"
    );
    check_columns(
        &mut normalizer,
        &[r#"{"a":"x","b":2,"c":{}}"#],
        "a bigint, _dlt_load_id text not null, _dlt_id text not null, b text, c json, a__v_text text variant",
    );
}

#[test]
fn a_record_without_a_value_that_must_be_is_rejected() {
    let check = |mut normalizer: Normalizer| {
        let outcome = page(&mut normalizer, &[r#"{"a":{"b":1}}"#, r#"{"a":{"b":null}}"#, r#"{"new":1}"#]);
        assert_eq!((outcome.records, outcome.rejected), (1, 2));
        assert!(!normalizer.schema().tables["t"].columns.contains_key("new"));
        let rows = dump::rows(&normalizer.take_batches().unwrap(), |name, _| name != "reason");
        assert_eq!(rows[1], "_rejected_records | reason=\"column `a__b` of table `t` must have a value\"");
    };
    check(hinted(&[("a.b", None, false)]));
    check(hinted(&[("a__b", Some(DataType::Bigint), false)]));
    // A column that is there and takes nulls stays as it is, but gets no more of them.
    let mut first = normalizer();
    page(&mut first, &[r#"{"a":{"b":1}}"#]);
    first.take_batches().unwrap();
    let mut normalizer = with_schema(first.schema().clone());
    normalizer.declare(&hints(&[("a.b", None, false)]));
    assert!(normalizer.schema().tables["t"].columns["a__b"].nullable);
    check(normalizer);
}

#[test]
fn a_rejected_first_record_takes_no_hinted_column_with_it() {
    let mut normalizer = hinted(&[("v", Some(DataType::Text), true)]);
    page(&mut normalizer, &["null", "{"]);
    check_columns(&mut normalizer, &[r#"{"v":1}"#], "v text, _dlt_load_id text not null, _dlt_id text not null");
}

#[test]
fn columns_of_dlt_s_own_cannot_be_hinted() {
    let mut normalizer = hinted(&[("_dlt_id", Some(DataType::Bigint), true)]);
    check_columns(&mut normalizer, &["{}"], "_dlt_load_id text not null, _dlt_id text not null");
}
