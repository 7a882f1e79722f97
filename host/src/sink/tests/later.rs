//! Rows that come late do not take the place of later ones.

use super::merges::Loads;
use super::*;
use crate::model::{MergeStrategy, SortOrder};

fn loads(strategy: MergeStrategy) -> Loads {
    let mut loads = Loads::merging(strategy);
    loads.hints.merge.dedup_sort = Some(("v".to_owned(), SortOrder::Desc));
    loads.declare();
    loads.sink.keep_later("t", "v".to_owned());
    loads
}

fn found(loads: &Loads) -> serde_json::Value {
    let rows = |sql| loads.sink.query(sql).unwrap().rows;
    json!([
        rows("SELECT id, v, name FROM data.t ORDER BY id"),
        rows("SELECT t.id, l.value FROM data.t AS t JOIN data.t__l AS l ON l._dlt_parent_id = t._dlt_id ORDER BY ALL"),
        rows("SELECT count(*)::INT FROM data.t__l"),
    ])
}

#[test]
fn the_later_of_two_rows_stays_whatever_order_they_come_in() {
    for strategy in [MergeStrategy::DeleteInsert, MergeStrategy::Upsert] {
        let mut loads = loads(strategy);
        loads.append(&[r#"{"id":1,"v":"5","name":"now","l":[51]}"#, r#"{"id":1,"v":"3","name":"before","l":[31,32]}"#]);
        loads.commit(true);
        let now = json!([[[1, "5", "now"]], [[1, 51]], [[1]]]);
        assert_eq!(found(&loads), now, "{strategy:?}");
        loads.append(&[r#"{"id":1,"v":"4","name":"late","l":[41,42]}"#, r#"{"id":2,"v":"1","name":"other","l":[11]}"#]);
        loads.commit(true);
        let other = json!([[[1, "5", "now"], [2, "1", "other"]], [[1, 51], [2, 11]], [[2]]]);
        assert_eq!(found(&loads), other, "{strategy:?}");
        // An equal version is the same record once more, perhaps better understood; one without a version is older than any.
        loads.append(&[r#"{"id":1,"v":"5","name":"again","l":[]}"#, r#"{"id":2,"name":"unknown"}"#]);
        loads.commit(true);
        let again = json!([[[1, "5", "again"], [2, "1", "other"]], [[2, 11]], [[1]]]);
        assert_eq!(found(&loads), again, "{strategy:?}");
    }
}

#[test]
fn without_the_column_there_is_nothing_to_compare() {
    let mut loads = Loads::merging(MergeStrategy::DeleteInsert);
    loads.sink.keep_later("t", "v".to_owned());
    for name in ["one", "two"] {
        loads.append(&[format!(r#"{{"id":1,"name":"{name}"}}"#)]);
        loads.commit(true);
    }
    assert_eq!(json!(loads.sink.query("SELECT name FROM data.t").unwrap().rows), json!([["two"]]));
}
