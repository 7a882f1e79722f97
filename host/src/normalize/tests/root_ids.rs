//! Ids that follow from what is in a record. The expected ones were made by dlt 1.31 with orjson 3.13.

use super::{dump, normalizer, page, resource};
use crate::{
    model::{MergeStrategy, WriteDisposition},
    normalize::{Normalizer, ROOT_NUMBER, ResourceHints, schema::VersionPart},
};

fn merging(strategy: MergeStrategy, primary_key: &[&str]) -> Normalizer {
    let mut hints = ResourceHints::new(resource());
    hints.write_disposition = WriteDisposition::Merge;
    hints.merge.strategy = Some(strategy);
    hints.primary_key = Some(primary_key.iter().map(|&path| path.to_owned()).collect());
    let mut normalizer = normalizer();
    normalizer.declare(&hints);
    normalizer
}

/// The ids of the rows of some records.
fn ids(normalizer: &mut Normalizer, records: &[&str]) -> Vec<String> {
    assert_eq!(page(normalizer, records).rejected, 0, "{records:?}");
    let batch = normalizer.take_batches().unwrap().into_iter().find(|batch| batch.table == "t").unwrap().batch;
    let id = |row| dump::cell(&batch, "_dlt_id", row).unwrap().trim_matches('"').to_owned();
    (0..batch.num_rows()).map(id).collect()
}

#[test]
fn an_upsert_makes_ids_of_keys_as_dlt_does() {
    for (record, id) in [
        (r#"{"id":1}"#, "z5jIxXIbUnmbKw"),
        (r#"{"id":-7}"#, "PxzO/+ClT4FXqQ"),
        (r#"{"id":0}"#, "USG1q5Faq1m8TA"),
        (r#"{"id":9223372036854775807}"#, "wZksQ5oyIw4lPQ"),
        (r#"{"id":18446744073709551615}"#, "C2OmtZSyR+Acdg"),
        (r#"{"id":"1"}"#, "34mTpKkIs8DCig"),
        (r#"{"id":""}"#, "ql229GCBvPm8hA"),
        (r#"{"id":"a\"b\\c\n\t\u0000\u001f\u007f\/"}"#, "ViiP5Lc5dFiG/g"),
        (r#"{"id":"имя 😀 é"}"#, "qKuezONNqxgK1Q"),
        (r#"{"id":"\u0438\u043c\u044f \ud83d\ude00 \u00e9"}"#, "qKuezONNqxgK1Q"),
        (r#"{"id":"2024-01-02T03:04:05Z"}"#, "DyIs8wg80oi+Jw"),
        (r#"{"id":1.0}"#, "cvXT4XHjvZjFxg"),
        (r#"{"id":1.50}"#, "ajYxs7YZNhIBVQ"),
        (r#"{"id":-0.0}"#, "skUCgLHpatPvkg"),
        (r#"{"id":1E16}"#, "6N0mXdwMw8jGdA"),
        (r#"{"id":1e+22}"#, "58pJLHEhw3ztmQ"),
        (r#"{"id":1e-7}"#, "u+/2soluJO4U2Q"),
        (r#"{"id":0.00001}"#, "/xfddsYNuBNu8A"),
        (r#"{"id":123456789.125}"#, "DzEWztrWZzmPvA"),
        (r#"{"id":5e-324}"#, "MZ8bMTRA4GP/Bw"),
        (r#"{"id":1.7976931348623157e308}"#, "RL0iEZ0/RejCmg"),
        (r#"{"id":true}"#, "8tzPerpjGpGGTQ"),
        (r#"{"id":false}"#, "DzXAzqJaKn+t+A"),
        (r#"{"other":9,"id":1,"l":[1]}"#, "z5jIxXIbUnmbKw"),
        (r#"{"id":2,"id":1}"#, "z5jIxXIbUnmbKw"),
        // The key whose name the column has counts, not the one that got a name of its own.
        (r#"{"ID":1,"id":2}"#, "z5jIxXIbUnmbKw"),
        (r#"{"id":1,"_dlt_id":"mine"}"#, "mine"),
    ] {
        for strategy in [MergeStrategy::Upsert, MergeStrategy::InsertOnly] {
            assert_eq!(ids(&mut merging(strategy, &["id"]), &[record]), [id], "{record}");
        }
    }
}

#[test]
fn keys_of_several_fields_are_put_in_order() {
    for (key, record, id) in [
        (["b", "a"], r#"{"b":1,"a":"x"}"#, "t8htE3Gr5XylGw"),
        (["a", "b"], r#"{"b":1,"a":"x"}"#, "t8htE3Gr5XylGw"),
        (["A", "B"], r#"{"a":"x","n":null,"b":1}"#, "t8htE3Gr5XylGw"),
    ] {
        assert_eq!(ids(&mut merging(MergeStrategy::Upsert, &key), &[record]), [id], "{record}");
    }
    // `{"chat__id":7}`
    let mut normalizer = merging(MergeStrategy::Upsert, &["chat.id"]);
    let nested = ids(&mut normalizer, &[r#"{"chat":{"name":"c","id":7}}"#, r#"{"x":{"id":7},"chat":{"id":7}}"#]);
    assert_eq!(nested, ["jpNH/VtRkJzWjg", "jpNH/VtRkJzWjg"]);
}

#[test]
fn a_key_counts_as_it_came_not_as_its_column_has_it() {
    let mut normalizer = merging(MergeStrategy::Upsert, &["id"]);
    let records = [r#"{"id":1}"#, r#"{"id":"1"}"#, r#"{"id":1.0}"#];
    assert_eq!(ids(&mut normalizer, &records), ["z5jIxXIbUnmbKw", "34mTpKkIs8DCig", "cvXT4XHjvZjFxg"]);
}

#[test]
fn a_key_that_is_kept_as_json_counts_with_its_members_in_order() {
    let mut normalizer = merging(MergeStrategy::Upsert, &["id"]);
    let mut hints = ResourceHints::new(resource());
    hints.write_disposition = WriteDisposition::Merge;
    hints.merge.strategy = Some(MergeStrategy::Upsert);
    hints.primary_key = Some(vec!["id".to_owned()]);
    hints.max_table_nesting = Some(0);
    normalizer.declare(&hints);
    assert_eq!(ids(&mut normalizer, &[r#"{"id":{"b":[1,{"d":2,"c":null}],"a":1}}"#]), ["RKoJRfkiBC3xww"]);
}

#[test]
fn scd2_makes_ids_of_records_as_dlt_does() {
    for (record, id) in [
        (r#"{"id":1,"name":"a","l":[{"x":1},{"x":2}]}"#, "A+48WIVbePIGtA"),
        (r#"{"l":[{"x":1},{"x":2}],"id":1,"name":"a"}"#, "A+48WIVbePIGtA"),
        (
            r#"{"b":{"d":1,"c":[]},"a":null,"_dlt_load_id":"x","_dlt_id":"","_dltx":1,"_d":2,"n":{"_dlt_id":3}}"#,
            "XHOndOzaUAupGA",
        ),
        (r#"[1,"x",{"b":1,"a":2}]"#, "J+vJhhhWfWIVqg"),
        ("{}", "RoBn8+L4hTHbJQ"),
        (r#"{"a":1,"a":2}"#, "Wb8LIv72/V4uzw"),
        (r#"{"a":2}"#, "Wb8LIv72/V4uzw"),
    ] {
        assert_eq!(ids(&mut merging(MergeStrategy::Scd2, &[]), &[record]), [id], "{record}");
    }
}

#[test]
fn a_field_may_tell_versions_apart() {
    let mut hints = ResourceHints::new(resource());
    hints.write_disposition = WriteDisposition::Merge;
    hints.merge.strategy = Some(MergeStrategy::Scd2);
    hints.merge.versions.row_version = Some("meta.hash".to_owned());
    let mut normalizer = normalizer();
    normalizer.declare(&hints);
    let [first, second] = &ids(&mut normalizer, &[r#"{"meta":{"hash":"a"}}"#, r#"{"meta":{"hash":"a"}}"#])[..] else {
        panic!("two records are two rows")
    };
    assert_ne!(first, second);
    assert_eq!(page(&mut normalizer, &[r#"{"meta":{}}"#]).rejected, 1);
    let columns = &normalizer.schema().tables["t"].columns;
    assert_eq!(columns["meta__hash"].version, Some(VersionPart::RowVersion));
    assert!(columns["_dlt_id"].row_key);
}

#[test]
fn a_table_of_versions_begins_with_their_times() {
    let mut normalizer = merging(MergeStrategy::Scd2, &[]);
    page(&mut normalizer, &[r#"{"id":1,"l":[1]}"#]);
    let expected = [
        "t: _dlt_valid_from timestamp, _dlt_valid_to timestamp, id bigint, _dlt_load_id text not null, _dlt_id text not null",
        "t__l < t: value bigint, _dlt_parent_id text not null, _dlt_list_idx bigint not null, _dlt_id text not null",
    ];
    assert_eq!(dump::tables(normalizer.schema()), expected);
    let id = &normalizer.schema().tables["t"].columns["_dlt_id"];
    assert!(!id.row_key && !id.unique && id.version == Some(VersionPart::RowVersion));
    assert!(normalizer.schema().tables["t__l"].columns["_dlt_id"].row_key);

    // Another strategy makes the id a key again.
    let mut hints = ResourceHints::new(resource());
    hints.write_disposition = WriteDisposition::Merge;
    hints.merge.strategy = Some(MergeStrategy::Upsert);
    hints.primary_key = Some(vec!["id".to_owned()]);
    normalizer.declare(&hints);
    let table = &normalizer.schema().tables["t"];
    assert!(table.columns["_dlt_id"].row_key && table.columns.values().all(|column| column.version.is_none()));
}

#[test]
fn a_record_that_is_no_object_may_be_its_own_key() {
    // `{"value":"a"}`
    let mut normalizer = merging(MergeStrategy::Upsert, &["value"]);
    assert_eq!(ids(&mut normalizer, &[r#""a""#]), ["AagFpn/IDhF/Hg"]);
}

#[test]
fn a_record_without_a_whole_key_is_rejected() {
    let mut normalizer = merging(MergeStrategy::Upsert, &["id", "chat.id"]);
    let records =
        [r#"{"id":1}"#, r#"{"id":null,"chat":{"id":1}}"#, r#"{"id":[1],"chat":{"id":1}}"#, r#"{"id":{"x":1}}"#];
    assert_eq!(page(&mut normalizer, &records).rejected, 4);
    assert_eq!(page(&mut normalizer, &[r#"{"id":1,"chat":{"id":1}}"#]).rejected, 0);
}

#[test]
fn rows_below_a_record_have_its_number() {
    let mut normalizer = merging(MergeStrategy::DeleteInsert, &["id"]);
    page(&mut normalizer, &[r#"{"id":1,"l":[{"m":[1]},{}]}"#, r#"{"l":[1]}"#, r#"{"id":2,"l":[{"m":[2]}]}"#]);
    let batches = normalizer.take_batches().unwrap();
    let numbers = |table: &str| -> Vec<i64> {
        let batch = &batches.iter().find(|batch| batch.table == table).unwrap().batch;
        let number = |row| dump::cell(batch, ROOT_NUMBER, row).unwrap().parse().unwrap();
        (0..batch.num_rows()).map(number).collect()
    };
    let [first, second] = numbers("t")[..] else { panic!("{:?}", numbers("t")) };
    assert!(first < second);
    assert_eq!(numbers("t__l"), [first, first, second]);
    assert_eq!(numbers("t__l__m"), [first, second]);
    let rejected = batches.iter().find(|batch| batch.table == "_rejected_records").unwrap();
    assert!(rejected.batch.column_by_name(ROOT_NUMBER).is_none());
}
