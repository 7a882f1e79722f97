//! How far the events of an inbox are loaded.

use super::*;

fn mark(sink: &mut Sink, load_id: &str, inbox: &str, through: u64) {
    let schema = schema(vec![root("t", WriteDisposition::Append)]);
    sink.append(&schema, "t", &rows(load_id, &[(1, load_id)])).unwrap();
    let end = CommitLoad {
        load_id,
        schema: &schema,
        state: &json!({}),
        staged: None,
        inbox: Some(InboxMark { inbox, through }),
        finished: &[],
        inserted_at: 0,
    };
    sink.commit(&end).unwrap();
}

#[test]
fn it_is_known_with_the_rows_and_by_inbox() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    assert_eq!(sink.loaded_through("a").unwrap(), None);
    mark(&mut sink, "1.5", "a", 7);
    mark(&mut sink, "2.5", "b", 2);
    mark(&mut sink, "3.5", "a", 9);
    sink.close().unwrap();
    let sink = fixture.open();
    let known = ["a", "b", "c"].map(|inbox| sink.loaded_through(inbox).unwrap());
    assert_eq!(known, [Some(9), Some(2), None]);
    let rows = sink.query("SELECT * FROM data._sluicegate_inbox ORDER BY 1").unwrap().rows;
    assert_eq!(json!(rows), json!([["a", 9, "3.5"], ["b", 2, "2.5"]]));
}

#[test]
fn it_is_not_known_without_the_rows() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    mark(&mut sink, "1.5", "a", 7);
    let schema = schema(vec![root("t", WriteDisposition::Append)]);
    sink.append(&schema, "t", &rows("2.5", &[(2, "x")])).unwrap();
    sink.ensure_inbox().unwrap();
    sink.write_inbox(InboxMark { inbox: "a", through: 8 }, "2.5").unwrap();
    sink.rollback().unwrap();
    assert_eq!(sink.loaded_through("a").unwrap(), Some(7));
}
