//! Tables that keep versions of their rows (`scd2`).

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::merges::Loads;
use super::*;
use crate::model::{Instant, MergeStrategy};

/// A resource `t` without a key, of which versions are kept.
fn versions() -> Loads {
    let mut loads = Loads::merging(MergeStrategy::Scd2);
    loads.hints.primary_key = None;
    Loads::of(loads.hints)
}

/// Versions with the loads in which they began and ended.
const ROOT: &str = "SELECT name, epoch(_dlt_valid_from), epoch(_dlt_valid_to), _dlt_load_id FROM data.t ORDER BY ALL";
const CHILD: &str = "SELECT t.name, l.value FROM data.t__l AS l JOIN data.t ON t._dlt_id = l._dlt_parent_id \
                     WHERE t._dlt_valid_to IS NULL ORDER BY ALL";

const A: &str = r#"{"name":"a","l":[1,2]}"#;
const B: &str = r#"{"name":"b","l":[{"m":[3]}]}"#;
const B2: &str = r#"{"name":"b","l":[{"m":[4]}]}"#;
const C: &str = r#"{"name":"c"}"#;

#[test]
fn versions_begin_and_end_with_loads() {
    let mut loads = versions();
    let committed = loads.load(&[A, B]);
    assert_eq!(committed.rows["t"], 2);
    loads.check(ROOT, &[r#"["a",1.5,null,"1.5"]"#, r#"["b",1.5,null,"1.5"]"#]);

    // A stays, B changes deep within, C comes.
    let committed = loads.load(&[A, B2, C]);
    assert_eq!(committed.rows, IndexMap::from([("t", 2), ("t__l", 1), ("t__l__m", 1)].map(|(t, n)| (t.to_owned(), n))));
    let rows =
        [r#"["a",1.5,null,"1.5"]"#, r#"["b",1.5,2.5,"1.5"]"#, r#"["b",2.5,null,"2.5"]"#, r#"["c",2.5,null,"2.5"]"#];
    loads.check(ROOT, &rows);
    loads.check("SELECT value FROM data.t__l__m ORDER BY value", &["[3]", "[4]"]);
    loads.check(CHILD, &[r#"["a",1]"#, r#"["a",2]"#, r#"["b",null]"#]);

    // Nothing changes.
    assert_eq!(loads.load(&[C, B2, A]), Committed::default());
    loads.check(ROOT, &rows);

    // A goes and comes again: it is a new version with the old id, and its children are there already.
    loads.load(&[B2, C]);
    loads.load(&[A, B2, C]);
    loads.check(ROOT, &[r#"["a",1.5,4.5,"1.5"]"#, r#"["a",5.5,null,"5.5"]"#, rows[1], rows[2], rows[3]]);
    loads.check("SELECT count(DISTINCT _dlt_id), count(*) FROM data.t WHERE name = 'a'", &["[1,2]"]);
    loads.check(CHILD, &[r#"["a",1]"#, r#"["a",2]"#, r#"["b",null]"#]);
    loads.check("SELECT count(DISTINCT _dlt_id), count(*) FROM data.t__l", &["[4,4]"]);
}

#[test]
fn versions_are_put_in_once_whatever_it_takes() {
    let mut loads = versions();
    loads.load(&[A, B, C]);
    loads.append(&[A]);
    loads.commit(false);
    loads.check(ROOT, &[r#"["a",1.5,null,"1.5"]"#, r#"["b",1.5,null,"1.5"]"#, r#"["c",1.5,null,"1.5"]"#]);
    loads.append(&[B2, A]);
    loads.commit(false);
    loads.reopen();
    loads.append(&[B2]);
    loads.commit(true);
    loads.check(
        ROOT,
        &[r#"["a",1.5,null,"1.5"]"#, r#"["b",1.5,4.5,"1.5"]"#, r#"["b",4.5,null,"4.5"]"#, r#"["c",1.5,4.5,"1.5"]"#],
    );
    loads.check("SELECT (SELECT count(*) FROM data_staging.t) + (SELECT count(*) FROM data_staging.t__l)", &["[0]"]);
}

#[test]
fn without_a_record_nothing_is_retired() {
    let mut loads = versions();
    loads.load(&[A]);
    loads.commit(true);
    loads.check(ROOT, &[r#"["a",1.5,null,"1.5"]"#]);
}

#[test]
fn the_same_record_twice_is_one_version() {
    let mut loads = versions();
    loads.append(&[A, A]);
    loads.append(&[A]);
    loads.commit(true);
    loads.check(ROOT, &[r#"["a",1.5,null,"1.5"]"#]);
    loads.check(CHILD, &[r#"["a",1]"#, r#"["a",2]"#]);
}

#[test]
fn of_the_records_with_one_primary_key_the_last_is_the_version() {
    let mut loads = Loads::merging(MergeStrategy::Scd2);
    loads.load(&[r#"{"id":1,"name":"a"}"#, r#"{"id":2,"name":"b"}"#]);
    loads.load(&[r#"{"id":1,"name":"a"}"#, r#"{"id":2,"name":"b"}"#, r#"{"id":1,"name":"z"}"#]);
    loads.check(ROOT, &[r#"["a",1.5,2.5,"1.5"]"#, r#"["b",1.5,null,"1.5"]"#, r#"["z",2.5,null,"2.5"]"#]);
}

#[test]
fn with_a_merge_key_only_versions_with_it_are_retired() {
    let mut loads = versions();
    loads.hints.merge_key = Some(vec!["a".to_owned(), "b".to_owned()]);
    loads.declare();
    let record = |a: &str, b: &str, name: &str| json!({"a": a, "b": b, "name": name}).to_string();
    loads.load(&[record("x", "yz", "1"), record("x", "yz", "2"), record("xy", "z", "3"), record("x", "y", "4")]);
    loads.load(&[record("x", "yz", "2"), record("x", "yz", "5"), record("new", "", "6")]);
    loads.check(
        "SELECT name FROM data.t WHERE _dlt_valid_to IS NULL ORDER BY name",
        &[r#"["2"]"#, r#"["3"]"#, r#"["4"]"#, r#"["5"]"#, r#"["6"]"#],
    );
}

#[test]
fn versions_may_be_noted_in_other_ways() {
    let mut loads = versions();
    let versions = &mut loads.hints.merge.versions;
    versions.validity_columns = ["validFrom".to_owned(), "validTo".to_owned()];
    versions.active_record_timestamp = Instant::parse("9999-12-31");
    versions.boundary_timestamp = Instant::parse("2026-01-02T03:04:05.5+01:00");
    versions.row_version = Some("rev".to_owned());
    let mut loads = Loads::of(loads.hints);
    loads.load(&[r#"{"name":"a","rev":1,"l":[1]}"#, r#"{"name":"b","rev":2}"#]);
    loads.hints.merge.versions.boundary_timestamp = None;
    loads.declare();
    // The version that holds is told by the field alone.
    loads.load(&[r#"{"name":"other","rev":1,"l":[9]}"#, r#"{"name":"c","rev":3,"l":[3]}"#]);
    loads.check(
        "SELECT name, CAST(valid_from AT TIME ZONE 'UTC' AS VARCHAR), CAST(valid_to AT TIME ZONE 'UTC' AS VARCHAR) \
         FROM data.t ORDER BY name",
        &[
            r#"["a","2026-01-02 02:04:05.5","9999-12-31 00:00:00"]"#,
            r#"["b","2026-01-02 02:04:05.5","1970-01-01 00:00:02.5"]"#,
            r#"["c","1970-01-01 00:00:02.5","9999-12-31 00:00:00"]"#,
        ],
    );
    loads.check("SELECT value FROM data.t__l ORDER BY value", &["[1]", "[3]"]);
}

#[test]
fn an_appended_table_may_keep_versions_from_then_on() {
    let mut loads = versions();
    let versions = std::mem::replace(&mut loads.hints.write_disposition, WriteDisposition::Append);
    loads.hints.merge.strategy = None;
    let mut loads = Loads::of(loads.hints);
    loads.load(&[A, C]);
    loads.hints.write_disposition = versions;
    loads.hints.merge.strategy = Some(MergeStrategy::Scd2);
    loads.declare();
    loads.load(&[A]);
    loads.check(ROOT, &[r#"["a",2.5,null,"2.5"]"#, r#"["a",null,2.5,"1.5"]"#, r#"["c",null,2.5,"1.5"]"#]);
    loads.check(CHILD, &[r#"["a",1]"#, r#"["a",2]"#]);
}

#[test]
fn a_table_of_versions_may_be_replaced_once() {
    let mut loads = versions();
    loads.load(&[A, B]);
    loads.load(&[B2]);
    loads.sink.replace_once("t", &[]);
    loads.append(&[A, A]);
    loads.commit(false);
    loads.append(&[B2]);
    loads.commit(true);
    loads.check(ROOT, &[r#"["a",4.5,null,"4.5"]"#, r#"["b",4.5,null,"4.5"]"#]);
    loads.check("SELECT value FROM data.t__l__m", &["[4]"]);
}

#[test]
fn columns_for_versions_are_needed() {
    let mut loads = versions();
    loads.load(&[A]);
    let mut schema = loads.sink.stored().unwrap().schema.unwrap();
    schema.tables["t"].columns["_dlt_valid_to"].version = None;
    let end = CommitLoad {
        load_id: "9.0",
        schema: &schema,
        state: &json!({}),
        staged: None,
        inbox: None,
        finished: &["t".to_owned()],
        inserted_at: 0,
    };
    let error = loads.sink.commit(&end).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the rows do not fit table `t`: a merge needs columns for versions, which the schema lacks"
    );
    loads.check(ROOT, &[r#"["a",1.5,null,"1.5"]"#]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The versions that hold after a load are its records; and each version that ever began has its children once.
    #[test]
    fn versions_that_hold_are_the_records_of_the_last_load(
        loads in prop::collection::vec(prop::collection::vec(prop::collection::vec(0..6_u8, 0..4), 1..4), 1..5),
    ) {
        let mut kept = versions();
        let record = |n: &u8| format!(r#"{{"name":{n},"l":[{n},{{"m":[{n}]}}]}}"#);
        kept.load(&[record(&99)]);
        let mut holding = BTreeSet::from([99]);
        let mut versions = 1;
        let mut ever = BTreeSet::from([99]);
        for load in &loads {
            let mut records = BTreeSet::new();
            for (place, part) in load.iter().enumerate() {
                kept.append(&part.iter().map(record).collect::<Vec<_>>());
                records.extend(part);
                if place + 1 < load.len() {
                    kept.commit(false);
                }
            }
            kept.commit(true);
            if !records.is_empty() {
                versions += records.difference(&holding).count();
                ever.extend(&records);
                holding = records;
            }
            let names: Vec<_> = holding.iter().map(|n| format!("[{n}]")).collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            kept.check("SELECT name FROM data.t WHERE _dlt_valid_to IS NULL ORDER BY name", &names);
            kept.check("SELECT count(*) FROM data.t", &[&format!("[{versions}]")]);
            let children = ever.len();
            kept.check(
                "SELECT (SELECT count(*) FROM data.t__l), (SELECT count(*) FROM data.t__l__m)",
                &[&format!("[{},{children}]", children * 2)],
            );
        }
        kept.check("SELECT count(*) FROM data.t WHERE _dlt_valid_from >= _dlt_valid_to", &["[0]"]);
    }
}
