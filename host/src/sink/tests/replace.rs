//! Replace, over one load and over several.

use super::*;

fn pair() -> Schema {
    schema(vec![root("t", WriteDisposition::Replace), child("t__c", "t", false)])
}

const ROOT: &str = "SELECT id, name, _dlt_load_id FROM data.t ORDER BY id, name";
const CHILD: &str = "SELECT value FROM data.t__c ORDER BY value";
const STAGED: &str = "SELECT (SELECT count(*) FROM data_staging.t) + (SELECT count(*) FROM data_staging.t__c)";

#[test]
fn replace_swaps_when_the_resource_is_complete() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = pair();
    sink.append(&schema, "t", &rows("1.0", &[(1, "old")])).unwrap();
    sink.append(&schema, "t__c", &child_rows(false, &[("old", "1old")])).unwrap();
    assert_eq!(commit(&mut sink, "1.0", &schema, &["t"]).rows.values().sum::<u64>(), 2);

    sink.append(&schema, "t", &rows("2.0", &[(2, "new")])).unwrap();
    assert_eq!(commit(&mut sink, "2.0", &schema, &[]), Committed::default());
    check(&sink, ROOT, &[r#"[1,"old","1.0"]"#]);
    check(&sink, CHILD, &[r#"["old"]"#]);
    drop(sink);

    // The next process goes on where this one stopped, with a column more.
    let mut sink = fixture.open();
    add(&mut schema.tables["t"], &[("late", DataType::Bool)]);
    sink.append(&schema, "t", &rows("3.0", &[(3, "new")])).unwrap();
    sink.append(&schema, "t__c", &child_rows(false, &[("new", "3new")])).unwrap();
    let committed = commit(&mut sink, "3.0", &schema, &["t"]);
    assert_eq!(committed.rows, IndexMap::from([("t".to_owned(), 2), ("t__c".to_owned(), 1)]));
    check(&sink, ROOT, &[r#"[2,"new","3.0"]"#, r#"[3,"new","3.0"]"#]);
    check(&sink, CHILD, &[r#"["new"]"#]);
    check(&sink, STAGED, &["[0]"]);
}

#[test]
fn replace_without_a_row_empties_the_tables() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let schema = pair();
    sink.append(&schema, "t", &rows("1.0", &[(1, "old")])).unwrap();
    sink.append(&schema, "t__c", &child_rows(false, &[("old", "1old")])).unwrap();
    commit(&mut sink, "1.0", &schema, &["t"]);
    assert_eq!(commit(&mut sink, "2.0", &schema, &["t"]), Committed::default());
    check(&sink, ROOT, &[]);
    check(&sink, CHILD, &[]);
}

#[test]
fn restart_forgets_staged_rows() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = pair();
    sink.append(&schema, "t", &rows("1.0", &[(1, "stale")])).unwrap();
    sink.append(&schema, "t__c", &child_rows(false, &[("stale", "1stale")])).unwrap();
    commit(&mut sink, "1.0", &schema, &[]);

    sink.restart(&schema, "t").unwrap();
    sink.rollback().unwrap();
    check(&sink, STAGED, &["[2]"]);
    sink.restart(&schema, "t").unwrap();
    sink.append(&schema, "t", &rows("2.0", &[(2, "new")])).unwrap();
    add(&mut schema.tables["t"], &[("late", DataType::Bool)]);
    sink.append(&schema, "t", &rows("2.0", &[(3, "new")])).unwrap();
    commit(&mut sink, "2.0", &schema, &["t"]);
    check(&sink, ROOT, &[r#"[2,"new","2.0"]"#, r#"[3,"new","2.0"]"#]);
    check(&sink, CHILD, &[]);
}

#[test]
fn any_table_may_be_replaced_once() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let schema = schema(vec![root("t", WriteDisposition::Append)]);
    sink.append(&schema, "t", &rows("1.0", &[(1, "old"), (2, "old")])).unwrap();
    commit(&mut sink, "1.0", &schema, &["t"]);
    sink.replace_once("t", &[]);
    sink.restart(&schema, "t").unwrap();
    sink.append(&schema, "t", &rows("2.0", &[(1, "new"), (1, "twice")])).unwrap();
    commit(&mut sink, "2.0", &schema, &[]);
    check(&sink, ROOT, &[r#"[1,"old","1.0"]"#, r#"[2,"old","1.0"]"#]);
    commit(&mut sink, "3.0", &schema, &["t"]);
    check(&sink, ROOT, &[r#"[1,"new","3.0"]"#, r#"[1,"twice","3.0"]"#]);
    sink.append(&schema, "t", &rows("4.0", &[(9, "more")])).unwrap();
    commit(&mut sink, "4.0", &schema, &["t"]);
    check(&sink, "SELECT count(*) FROM data.t", &["[3]"]);
}
