//! What is better than in dlt: collisions, large numbers, bad records.

use super::{NOW, dump, normalizer, page, resource};
use crate::{
    model::RejectedRecord,
    normalize::{Collision, Normalizer, REJECTED_TABLE, ResourceHints},
};

/// Rows without ids, then the columns of `t` that have a type.
#[track_caller]
fn check(records: &[&str], expected: &[&str]) -> Normalizer {
    let mut normalizer = normalizer();
    page(&mut normalizer, records);
    let batches = normalizer.take_batches().unwrap();
    assert_eq!(dump::rows(&batches, |name, _| name.starts_with("_dlt_") || name == "rejected_at"), expected);
    normalizer
}

#[track_caller]
fn check_rejected(record: &[u8], reason: &str, raw: &str) {
    let mut normalizer = normalizer();
    let mut records = b"{\"a\":1}\n".to_vec();
    records.extend_from_slice(record);
    records.extend_from_slice(b"\r\n\n{\"a\":2}");
    let outcome = normalizer.page(&resource(), super::LOAD, NOW, &records).unwrap();
    assert_eq!((outcome.records, outcome.rejected), (2, 1), "{reason}");
    let batches = normalizer.take_batches().unwrap();
    let [t, rejected] = batches.as_slice() else { panic!("{} batches", batches.len()) };
    assert_eq!((t.table.as_str(), t.batch.num_rows()), ("t", 2));
    assert_eq!((rejected.table.as_str(), rejected.batch.num_rows()), (REJECTED_TABLE, 1));
    let cell = |column| dump::cell(&rejected.batch, column, 0).unwrap();
    assert_eq!(cell("reason"), serde_json::to_string(reason).unwrap());
    assert_eq!(cell("raw"), serde_json::to_string(raw).unwrap());
    assert_eq!(cell("resource"), "\"t\"");
    assert_eq!(cell("_dlt_load_id"), "\"1700000000.5\"");
    assert_eq!(cell("rejected_at"), "2023-11-14T22:13:20Z");
}

fn collision(table: &str, first: &str, second: &str, column: &str) -> Collision {
    Collision {
        resource: "t".to_owned(),
        table: table.to_owned(),
        keys: [first.to_owned(), second.to_owned()],
        column: column.to_owned(),
    }
}

#[test]
fn two_keys_of_a_record_with_one_name_are_both_kept() {
    let mut normalizer = check(
        &[
            r#"{"userName":1,"user_name":2,"User Name":"three"}"#,
            r#"{"user_name":4}"#,
            r#"{"userName":5,"user_name":6}"#,
        ],
        &[
            "t | user_name=1 user_name_effroa=2 user_name_pdyb6w=\"three\"",
            "t | user_name=4",
            "t | user_name=5 user_name_effroa=6",
        ],
    );
    assert_eq!(
        normalizer.take_collisions(),
        [
            collision("t", "userName", "user_name", "user_name_effroa"),
            collision("t", "userName", "User Name", "user_name_pdyb6w"),
        ]
    );
    page(&mut normalizer, &[r#"{"userName":5,"user_name":6}"#]);
    assert_eq!(normalizer.take_collisions(), []);
}

#[test]
fn the_key_that_comes_later_in_the_record_gets_the_tag() {
    let mut normalizer = check(&[r#"{"a":{"b":1},"a__b":2}"#], &["t | a__b=1 a__b_uqd2ww=2"]);
    assert_eq!(normalizer.take_collisions(), [collision("t", "a.b", "a__b", "a__b_uqd2ww")]);
    let mut normalizer = check(&[r#"{"a__b":1,"a":{"b":2}}"#], &["t | a__b=1 a__b_atldyq=2"]);
    assert_eq!(normalizer.take_collisions(), [collision("t", "a__b", "a.b", "a__b_atldyq")]);
}

#[test]
fn keys_of_other_scripts_are_all_kept() {
    let normalizer = check(&[r#"{"日本":5,"имя":6,"中":7}"#], &["t | x=5 x_6q1kgw=6 x_bhsbxg=7"]);
    assert_eq!(normalizer.schema().tables.len(), 1);
}

#[test]
fn two_lists_of_a_record_with_one_name_are_both_kept() {
    let mut normalizer = check(
        &[r#"{"xY":[1],"x_y":[2,3]}"#, r#"{"x_y":[4]}"#],
        &["t |", "t |", "t__x_y | value=1", "t__x_y | value=4", "t__x_y_cizkbg | value=2", "t__x_y_cizkbg | value=3"],
    );
    assert_eq!(normalizer.take_collisions(), [collision("t", "xY", "x_y", "t__x_y_cizkbg")]);
}

#[test]
fn a_null_has_its_name_too() {
    let mut normalizer = check(
        &[r#"{"userName":null,"user_name":1}"#, r#"{"userName":2,"user_name":null}"#],
        &["t | user_name_effroa=1", "t | user_name=2"],
    );
    assert_eq!(normalizer.take_collisions().len(), 1);
}

#[test]
fn keys_without_a_name_get_one() {
    check(&[r#"{"__":1,"o":{"____":2,"__":[3]}}"#], &["t | _empty=1 o___empty=2", "t__o___empty | value=3"]);
    check(&[r#"{"":[1]}"#], &["t |", "t___empty | value=1"]);
}

#[test]
fn integers_beyond_64_bits_are_kept() {
    check(
        &[r#"{"n":9223372036854775808}"#, r#"{"n":1}"#, r#"{"n":-99999999999999999999999999999999999999}"#],
        &["t | n=9223372036854775808", "t | n=1", "t | n=-99999999999999999999999999999999999999"],
    );
    check(
        &[
            r#"{"n":1}"#,
            r#"{"n":18446744073709551616}"#,
            r#"{"n":100000000000000000000000000000000000000}"#,
            r#"{"n":1e30}"#,
            r#"{"n":1e999}"#,
        ],
        &[
            "t | n=1",
            "t | n__v_wei=18446744073709551616",
            "t | n__v_text=\"100000000000000000000000000000000000000\"",
            "t | n__v_double=1e30",
            "t | n__v_text=\"1e999\"",
        ],
    );
}

#[test]
fn a_number_that_no_type_holds_leaves_its_column_open() {
    let normalizer = check(
        &[r#"{"n":100000000000000000000000000000000000000}"#, r#"{"n":1e999}"#, r#"{"n":7}"#],
        &["t | n__v_text=\"100000000000000000000000000000000000000\"", "t | n__v_text=\"1e999\"", "t | n=7"],
    );
    assert_eq!(
        dump::tables(normalizer.schema()),
        ["t: n__v_text text variant, _dlt_load_id text not null, _dlt_id text not null, n bigint"]
    );
}

#[test]
fn a_variant_may_have_a_variant() {
    check(
        &[r#"{"x":1}"#, r#"{"x":"2024-01-02T03:04:05Z"}"#, r#"{"x":"abc"}"#, r#"{"x":"2024-01-02"}"#],
        &[
            "t | x=1",
            "t | x__v_text=2024-01-02T03:04:05Z",
            "t | x__v_text__v_text=\"abc\"",
            "t | x__v_text=2024-01-02T00:00:00Z",
        ],
    );
    check(
        &[r#"{"x":1,"x__v_text":3}"#, r#"{"x":"abc"}"#, r#"{"x":"abc","x__v_text":4}"#],
        &["t | x=1 x__v_text=3", "t | x__v_text__v_text=\"abc\"", "t | x__v_text__v_text=\"abc\" x__v_text_ikrfeq=4"],
    );
}

#[test]
fn bad_records_are_kept_aside() {
    let too_deep = "[".repeat(10_000);
    for (record, reason, raw) in [
        (b"{\"a\":\xff}".as_slice(), "not UTF-8", "{\"a\":\u{fffd}}"),
        (b"{\"a\":", "not JSON: unexpected end at byte 5", "{\"a\":"),
        (b"nope", "not JSON: unexpected character at byte 0", "nope"),
        (b"{\"a\":NaN}", "not JSON: unexpected character at byte 5", "{\"a\":NaN}"),
        (b"{\"a\":1} x", "not JSON: characters after the value at byte 8", "{\"a\":1} x"),
        (b"null", "the record is null", "null"),
        (b"<html>", "not JSON: unexpected character at byte 0", "<html>"),
        (too_deep.as_bytes(), "nested deeper than 127 levels", &too_deep),
    ] {
        check_rejected(record, reason, raw);
    }
}

#[test]
fn the_last_of_two_equal_keys_counts() {
    check(
        &[r#"{"a":1,"b":{"c":1,"c":2},"a":"x","l":[1],"l":[{"d":1,"d":[2]}]}"#, r#"{"a":{"x":1},"a":2.5}"#],
        &["t | a=\"x\" b__c=2", "t | a=\"2.5\"", "t__l |", "t__l__d | value=2"],
    );
}

#[test]
fn odd_texts_are_kept() {
    check(
        &["{\"a\":\"x\\u0000y\"}", r#"{"a":"cut \ud83d"}"#, "{\"a\":\"\u{2028}\u{feff}\"}"],
        &["t | a=\"x\\u0000y\"", "t | a=\"cut \u{fffd}\"", "t | a=\"\u{2028}\u{feff}\""],
    );
}

#[test]
fn lost_fractions_of_microseconds_are_counted() {
    let mut normalizer = normalizer();
    let outcome = page(
        &mut normalizer,
        &[
            r#"{"a":"2024-01-02T03:04:05.123456789Z","l":[{"b":"2024-01-02T03:04:05.0000001"}]}"#,
            r#"{"a":"2024-01-02T03:04:05.123456000Z"}"#,
            r#"{"a":"2024-01-02T03:04:05.123456001Z"}"#,
        ],
    );
    assert_eq!(outcome.truncated_timestamps, 3);
}

#[test]
fn a_record_without_its_key_is_rejected_and_leaves_no_trace() {
    let mut normalizer = normalizer();
    let mut hints = ResourceHints::new(resource());
    hints.primary_key = Some(vec!["id".to_owned(), "chat.id".to_owned()]);
    normalizer.declare(&hints);
    page(&mut normalizer, &[r#"{"id":1,"chat":{"id":"x"},"n":null}"#]);
    let before = normalizer.schema().tables["t"].clone();
    let outcome = page(
        &mut normalizer,
        &[
            r#"{"chat":{"id":"y"},"new":1,"n":"typed","l":[{"deep":[1]}]}"#,
            r#"{"id":null,"chat":{"id":"y"},"other":true}"#,
            r#"{"id":"text","chat":{"id":"y"},"m":[1]}"#,
            r#"{"id":2,"chat":{}}"#,
        ],
    );
    assert_eq!((outcome.records, outcome.rejected), (0, 4));
    assert_eq!(normalizer.schema().tables["t"], before);
    assert_eq!(normalizer.schema().tables.keys().collect::<Vec<_>>(), ["t", REJECTED_TABLE]);
    let outcome = page(&mut normalizer, &[r#"{"id":3,"chat":{"id":"z"},"new":"now a text","n":5,"l":["x"]}"#]);
    assert_eq!((outcome.records, outcome.rejected), (1, 0));
    let rows = dump::rows(&normalizer.take_batches().unwrap(), |name, _| name.starts_with("_dlt_"));
    assert_eq!(rows[..2], ["t | chat__id=\"x\" id=1", "t | chat__id=\"z\" id=3 n=5 new=\"now a text\""]);
    assert!(rows[2].contains("reason=\"column `id` of table `t` must have a value\""), "{}", rows[2]);
    assert!(rows[5].contains("reason=\"column `chat__id` of table `t` must have a value\""), "{}", rows[5]);
    assert_eq!(rows[6], "t__l | value=\"x\"");
}

#[test]
fn records_that_the_source_rejected_are_kept_too() {
    let mut normalizer = normalizer();
    let rejected = RejectedRecord { raw: "<html>".to_owned(), reason: "not JSON".to_owned() };
    normalizer.reject(&resource(), super::LOAD, NOW, &rejected);
    assert_eq!(normalizer.pending_rows(), 1);
    assert_eq!(
        dump::tables(normalizer.schema()),
        ["_rejected_records: resource text, _dlt_load_id text not null, reason text, raw text, rejected_at timestamp"]
    );
}

#[test]
fn objects_whose_keys_are_ids_do_not_make_endless_columns() {
    let wide = |from: usize, to: usize, value: &str| {
        let members: Vec<String> = (from..to).map(|key| format!("\"k{key}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    };
    let mut normalizer = normalizer();
    let outcome = page(
        &mut normalizer,
        &[
            &wide(0, 10_001, "1"),
            &wide(0, 10_001, "{}"),
            &wide(0, 10_001, "[1]"),
            &wide(0, 6_000, "1"),
            &wide(6_000, 12_000, "null"),
            &wide(5_000, 5_999, "2"),
            r#"{"k5":7}"#,
        ],
    );
    assert_eq!((outcome.records, outcome.rejected), (3, 4));
    assert_eq!(normalizer.schema().tables["t"].columns.len(), 6_002);
    let batches = normalizer.take_batches().unwrap();
    let reason = |row| dump::cell(&batches[1].batch, "reason", row).unwrap();
    for row in [0, 1, 3] {
        assert_eq!(reason(row), "\"table `t` would have more than 10000 columns\"");
    }
}

#[test]
fn keys_that_lead_nowhere_are_forgotten() {
    let mut normalizer = normalizer();
    for round in 0..30 {
        let members: Vec<String> = (0..5_000).map(|key| format!("\"k{round}_{key}\":{{}}")).collect();
        let outcome = page(&mut normalizer, &[&format!("{{{},\"a\":1}}", members.join(","))]);
        assert_eq!(outcome.records, 1);
    }
    assert_eq!(normalizer.schema().tables["t"].columns.len(), 3);
}

#[test]
fn what_is_nested_as_deep_as_may_be_is_taken_apart() {
    let lists = format!("{}1{}", "[".repeat(127), "]".repeat(127));
    let objects = format!("{}1{}", "{\"a\":".repeat(127), "}".repeat(127));
    let both = format!("{}1{}", "{\"a\":[".repeat(63), "]}".repeat(63));
    let mut normalizer = normalizer();
    let outcome = page(&mut normalizer, &[&lists, &objects, &both]);
    assert_eq!((outcome.records, outcome.rejected), (3, 0));
    let tables = &normalizer.schema().tables;
    assert!(tables["t"].columns.contains_key(["a"; 127].join("__").as_str()));
    assert_eq!(tables.len(), 1 + 127 + 63);
}

#[test]
fn records_do_not_go_into_a_table_of_list_items() {
    let mut normalizer = normalizer();
    page(&mut normalizer, &[r#"{"l":[1]}"#]);
    let other = crate::model::ResourceName::new("t__l").unwrap();
    let outcome = normalizer.page(&other, super::LOAD, NOW, b"{}").unwrap();
    assert_eq!((outcome.records, outcome.rejected), (0, 1));
}
