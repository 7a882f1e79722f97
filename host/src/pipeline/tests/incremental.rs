//! Reads by a field: when the last value moves, and what a read that begins again loads.

use super::*;
use crate::model::RowOrder;

fn by_id(row_order: RowOrder) -> Incremental {
    Incremental { row_order, ..Incremental::new("id".parse().unwrap()) }
}

/// dlt's last value, `null` when there is none.
fn last_value(disk: &Disk) -> serde_json::Value {
    let (_, destination) = disk.open(&["one"], WriteDisposition::Append);
    let fields = destination.state.incremental.get(&ResourceName::new("one").unwrap()).cloned();
    fields.map_or(serde_json::Value::Null, |fields| fields["id"]["last_value"].clone())
}

#[tokio::test]
async fn the_last_value_moves_with_the_last_page_and_no_earlier() {
    let disk = Disk { incremental: Some(by_id(RowOrder::Unordered)), ..Disk::new() };
    let source = Numbers::new(4).failing("one", 2, &[ErrorKind::Permanent]);
    disk.run(&source, &["one"], WriteDisposition::Append, forever()).await;
    assert_eq!(disk.ids("one"), json!([[4, 4]]));
    assert_eq!(last_value(&disk), json!(null));
    let finished = disk.run(&source, &["one"], WriteDisposition::Append, forever()).await;
    assert_eq!(finished.report.resources[0].pages, 2);
    assert_eq!(disk.ids("one"), json!([[8, 8]]));
    assert_eq!(last_value(&disk), json!(7));

    let finished = disk.run(&Numbers::new(5), &["one"], WriteDisposition::Append, forever()).await;
    let resource = &finished.report.resources[0];
    assert_eq!((resource.records, resource.incremental.as_ref().unwrap().filtered), (2, 8));
    assert_eq!(disk.ids("one"), json!([[10, 10]]));
}

#[tokio::test]
async fn an_expired_cursor_doubles_nothing_where_values_ascend() {
    let disk = Disk { incremental: Some(by_id(RowOrder::Ascending)), ..Disk::new() };
    disk.run(&Numbers::new(1), &["one"], WriteDisposition::Append, forever()).await;
    // Two pages of the second read are committed when its cursor expires, and the read that begins again fails once more.
    let source = Numbers::new(5).failing("one", 3, &[ErrorKind::CursorExpired, ErrorKind::Permanent]);
    let finished = disk.run(&source, &["one"], WriteDisposition::Append, forever()).await;
    assert_eq!(statuses(&finished), [ResourceStatus::Failed]);
    assert_eq!(disk.ids("one"), json!([[6, 6]]));
    let ranges = source.ranges.lock().unwrap().clone();
    assert!(ranges.iter().all(|start| start.as_deref() == Some("1")), "{ranges:?}");
    disk.run(&Numbers::new(5), &["one"], WriteDisposition::Append, forever()).await;
    assert_eq!(disk.ids("one"), json!([[10, 10]]));
    assert_eq!(last_value(&disk), json!(9));
}

#[tokio::test]
async fn a_read_that_ends_early_is_complete() {
    let settings = Incremental {
        initial_value: crate::incremental::Mark::new(&json!(1)),
        end_value: crate::incremental::Mark::new(&json!(4)),
        ..by_id(RowOrder::Ascending)
    };
    let disk = Disk { incremental: Some(settings), ..Disk::new() };
    for runs in 1..=2 {
        let finished = disk.run(&Numbers::new(9), &["one"], WriteDisposition::Append, forever()).await;
        assert_eq!(statuses(&finished), [ResourceStatus::Loaded]);
        assert_eq!(finished.report.resources[0].pages, 3);
        assert_eq!(disk.ids("one"), json!([[3 * runs, 3]]));
    }
    assert_eq!(last_value(&disk), json!(null));
}
