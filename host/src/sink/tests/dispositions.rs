//! Replace and merge, over one load and over several.

use super::*;

fn pair(disposition: WriteDisposition) -> Schema {
    let merges = disposition == WriteDisposition::Merge;
    schema(vec![root("t", disposition), child("t__c", "t", merges)])
}

const ROOT: &str = "SELECT id, name, _dlt_load_id FROM data.t ORDER BY id, name";
const CHILD: &str = "SELECT value FROM data.t__c ORDER BY value";
const STAGED: &str = "SELECT (SELECT count(*) FROM data_staging.t) + (SELECT count(*) FROM data_staging.t__c)";

#[test]
fn replace_swaps_when_the_resource_is_complete() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = pair(WriteDisposition::Replace);
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
    let schema = pair(WriteDisposition::Replace);
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
    let mut schema = pair(WriteDisposition::Replace);
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
fn merge_puts_rows_in_place_of_those_with_their_key() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = pair(WriteDisposition::Merge);
    sink.append(&schema, "t", &rows("1.0", &[(1, "a"), (2, "b")])).unwrap();
    sink.append(&schema, "t__c", &child_rows(true, &[("a1", "1a"), ("a2", "1a"), ("b1", "2b")])).unwrap();
    commit(&mut sink, "1.0", &schema, &["t"]);
    check(&sink, STAGED, &["[0]"]);

    add(&mut schema.tables["t"], &[("late", DataType::Bool)]);
    // The last record of a key wins, with its children and no others.
    sink.append(&schema, "t", &rows("2.0", &[(1, "first"), (3, "c")])).unwrap();
    sink.append(&schema, "t__c", &child_rows(true, &[("first", "1first")])).unwrap();
    sink.append(&schema, "t", &rows("2.0", &[(1, "last")])).unwrap();
    sink.append(&schema, "t__c", &child_rows(true, &[("last", "1last")])).unwrap();
    let committed = commit(&mut sink, "2.0", &schema, &["t"]);
    assert_eq!(committed.rows, IndexMap::from([("t".to_owned(), 2), ("t__c".to_owned(), 1)]));
    check(&sink, ROOT, &[r#"[1,"last","2.0"]"#, r#"[2,"b","1.0"]"#, r#"[3,"c","2.0"]"#]);
    check(&sink, CHILD, &[r#"["b1"]"#, r#"["last"]"#]);
}

#[test]
fn the_last_of_many_records_wins() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let schema = schema(vec![root("t", WriteDisposition::Merge)]);
    for round in 0..8 {
        let name = round.to_string();
        let many: Vec<_> = (0..40_000).map(|id| (id, name.as_str())).collect();
        sink.append(&schema, "t", &rows("1.0", &many)).unwrap();
    }
    commit(&mut sink, "1.0", &schema, &["t"]);
    check(&sink, "SELECT count(*), min(name), max(name) FROM data.t", &[r#"[40000,"7","7"]"#]);
}

#[test]
fn hard_delete_and_merge_key() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = pair(WriteDisposition::Merge);
    add(&mut schema.tables["t"], &[("gone", DataType::Bool)]);
    schema.tables["t"].columns["gone"].hard_delete = true;
    schema.tables["t"].columns["name"].merge_key = true;
    sink.append(&schema, "t", &rows("1.0", &[(1, "a"), (2, "a"), (3, "b"), (4, "c")])).unwrap();
    sink.append(&schema, "t__c", &child_rows(true, &[("2", "2a"), ("3", "3b"), ("4", "4c")])).unwrap();
    commit(&mut sink, "1.0", &schema, &["t"]);

    // 5 takes the place of all with the name `a`; 3 is deleted.
    let batch = batch(vec![
        ("id", ints(&[5, 3])),
        ("name", texts(&["a", "z"])),
        ("_dlt_load_id", texts(&["2.0", "2.0"])),
        ("_dlt_id", texts(&["5a", "3z"])),
        ("gone", Arc::new(BooleanArray::from(vec![None, Some(true)])) as ArrayRef),
    ]);
    sink.append(&schema, "t", &batch).unwrap();
    sink.append(&schema, "t__c", &child_rows(true, &[("5", "5a"), ("z", "3z")])).unwrap();
    commit(&mut sink, "2.0", &schema, &["t"]);
    check(&sink, ROOT, &[r#"[4,"c","1.0"]"#, r#"[5,"a","2.0"]"#]);
    check(&sink, CHILD, &[r#"["4"]"#, r#"["5"]"#]);
}

#[test]
fn without_keys_a_merge_appends() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = schema(vec![root("t", WriteDisposition::Merge)]);
    schema.tables["t"].columns["id"].primary_key = false;
    for load_id in ["1.0", "2.0"] {
        sink.append(&schema, "t", &rows(load_id, &[(1, "a")])).unwrap();
        commit(&mut sink, load_id, &schema, &["t"]);
    }
    check(&sink, ROOT, &[r#"[1,"a","1.0"]"#, r#"[1,"a","2.0"]"#]);
}

#[test]
fn append_may_turn_into_merge() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut grandchild = child("t__c__d", "t__c", false);
    let appending = schema(vec![root("t", WriteDisposition::Append), child("t__c", "t", false), grandchild.clone()]);
    sink.append(&appending, "t", &rows("1.0", &[(1, "a"), (2, "b")])).unwrap();
    sink.append(&appending, "t__c", &child_rows(false, &[("x", "1a"), ("y", "2b")])).unwrap();
    sink.append(&appending, "t__c__d", &child_rows(false, &[("xx", "1a/x"), ("yy", "2b/y")])).unwrap();
    commit(&mut sink, "1.0", &appending, &["t"]);

    add(&mut grandchild, &[("_dlt_root_id", DataType::Text)]);
    grandchild.columns["_dlt_root_id"].root_key = true;
    let merging = schema(vec![root("t", WriteDisposition::Merge), child("t__c", "t", true), grandchild]);
    sink.append(&merging, "t", &rows("2.0", &[(1, "new")])).unwrap();
    sink.append(&merging, "t__c", &child_rows(true, &[("z", "1new")])).unwrap();
    commit(&mut sink, "2.0", &merging, &["t"]);
    check(&sink, ROOT, &[r#"[1,"new","2.0"]"#, r#"[2,"b","1.0"]"#]);
    check(&sink, CHILD, &[r#"["y"]"#, r#"["z"]"#]);
    check(&sink, "SELECT value, _dlt_root_id FROM data.t__c__d", &[r#"["yy","2b"]"#]);
}

#[test]
fn any_table_may_be_replaced_once() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let schema = schema(vec![root("t", WriteDisposition::Merge), root("u", WriteDisposition::Append)]);
    for table in ["t", "u"] {
        sink.append(&schema, table, &rows("1.0", &[(1, "old"), (2, "old")])).unwrap();
    }
    commit(&mut sink, "1.0", &schema, &["t", "u"]);
    for table in ["t", "u"] {
        sink.replace_once(table);
        sink.restart(&schema, table).unwrap();
        sink.append(&schema, table, &rows("2.0", &[(1, "twice"), (1, "new")])).unwrap();
    }
    commit(&mut sink, "2.0", &schema, &[]);
    check(&sink, ROOT, &[r#"[1,"old","1.0"]"#, r#"[2,"old","1.0"]"#]);
    commit(&mut sink, "3.0", &schema, &["t", "u"]);
    check(&sink, ROOT, &[r#"[1,"new","3.0"]"#]);
    check(&sink, "SELECT name FROM data.u", &[r#"["twice"]"#, r#"["new"]"#]);
    sink.append(&schema, "u", &rows("4.0", &[(9, "more")])).unwrap();
    commit(&mut sink, "4.0", &schema, &["u"]);
    check(&sink, "SELECT count(*) FROM data.u", &["[3]"]);
}
