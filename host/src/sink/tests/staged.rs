//! Commits that only stage rows, and what is noted beside these.

use super::*;

const BOOKKEEPING: &str = "SELECT (SELECT count(*) FROM data._dlt_loads), (SELECT count(*) FROM data._dlt_pipeline_state), \
                           (SELECT count(*) FROM data._dlt_version)";

fn replacing() -> Schema {
    schema(vec![root("t", WriteDisposition::Replace), child("t__c", "t", false)])
}

/// Stages a row of a replacement and notes `known` beside it.
fn stage(sink: &mut Sink, schema: &Schema, name: &str, known: &Value) {
    sink.append(schema, "t", &rows("1.0", &[(1, name)])).unwrap();
    sink.append(schema, "t__c", &child_rows(false, &[(name, name)])).unwrap();
    assert!(!sink.changes_dataset());
    sink.save(schema, Some(known), 0).unwrap();
}

fn staged(sink: &Sink) -> Option<Value> {
    sink.stored().unwrap().staged
}

#[test]
fn staged_rows_are_no_load() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let schema = replacing();
    stage(&mut sink, &schema, "a", &json!({"at": 1}));
    stage(&mut sink, &schema, "b", &json!({"at": 2}));
    check(&sink, BOOKKEEPING, &["[0,0,1]"]);
    drop(sink);

    let mut sink = fixture.open();
    assert_eq!(staged(&sink), Some(json!({"at": 2})));
    let stored = sink.stored().unwrap();
    assert_eq!((stored.state, stored.schema), (None, Some(schema.clone())));
    // A load of another resource brings nothing of them; what waits is told anew.
    let mut both = schema.clone();
    both.tables.insert("u".into(), root("u", WriteDisposition::Append));
    sink.append(&both, "u", &rows("2.0", &[(1, "u")])).unwrap();
    assert!(sink.changes_dataset());
    let known = json!({"at": 2});
    let state = json!({});
    let end = CommitLoad {
        load_id: "2.0",
        schema: &both,
        state: &state,
        staged: Some(&known),
        inbox: None,
        finished: &["u".to_owned()],
        inserted_at: 0,
    };
    assert_eq!(sink.commit(&end).unwrap().rows, IndexMap::from([("u".to_owned(), 1)]));
    check(&sink, BOOKKEEPING, &["[1,1,2]"]);
    assert_eq!(staged_after(sink, &fixture), Some(known));

    let mut sink = fixture.open();
    let committed = commit(&mut sink, "3.0", &both, &["t"]);
    assert_eq!(committed.rows, IndexMap::from([("t".to_owned(), 2), ("t__c".to_owned(), 2)]));
    check(&sink, "SELECT name, _dlt_load_id FROM data.t ORDER BY name", &[r#"["a","3.0"]"#, r#"["b","3.0"]"#]);
    check(&sink, "SELECT load_id FROM data._dlt_loads ORDER BY load_id", &[r#"["2.0"]"#, r#"["3.0"]"#]);
    assert_eq!(staged_after(sink, &fixture), None);
}

/// What the next process finds.
fn staged_after(sink: Sink, fixture: &Fixture) -> Option<Value> {
    drop(sink);
    staged(&fixture.open())
}

#[test]
fn what_is_noted_counts_only_as_long_as_the_rows_are_there() {
    for meddling in [
        "DELETE FROM data_staging.t__c",
        "DELETE FROM data_staging.t; DELETE FROM data_staging.t__c",
        "INSERT INTO data_staging.t SELECT * FROM data_staging.t",
        "DROP TABLE data_staging.t__c",
        "DROP SCHEMA data_staging CASCADE",
    ] {
        let fixture = Fixture::new();
        let mut sink = fixture.open();
        stage(&mut sink, &replacing(), "a", &json!({"at": 1}));
        sink.connection.execute_batch("CREATE TABLE data_staging.other AS SELECT 1 AS x").unwrap();
        assert_eq!(staged_after(sink, &fixture), Some(json!({"at": 1})));
        let sink = fixture.open();
        sink.connection.execute_batch(meddling).unwrap();
        assert_eq!(staged_after(sink, &fixture), None, "{meddling}");
    }
}

#[test]
fn pipelines_and_sources_of_one_dataset_note_their_own() {
    let fixture = Fixture::new();
    let others = SinkOptions { pipeline: "other".into(), schema_name: "other".into(), ..options(fixture.path()) };
    let mut other = Schema::new("other");
    other.tables.insert("o".into(), root("o", WriteDisposition::Replace));
    let mut sink = Sink::open(others.clone(), &mut |_| ()).unwrap();
    sink.append(&other, "o", &rows("1.0", &[(1, "o")])).unwrap();
    sink.save(&other, Some(&json!("other")), 0).unwrap();
    drop(sink);

    let mut sink = fixture.open();
    assert_eq!(staged(&sink), None);
    stage(&mut sink, &replacing(), "a", &json!("own"));
    commit(&mut sink, "2.0", &replacing(), &["t"]);
    drop(sink);
    assert_eq!(staged(&fixture.open()), None);
    assert_eq!(staged(&Sink::open(others, &mut |_| ()).unwrap()), Some(json!("other")));
}

#[test]
fn a_failure_leaves_what_was_staged_before() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let schema = replacing();
    stage(&mut sink, &schema, "a", &json!({"at": 1}));
    let unfit = batch(vec![("id", texts(&["no number"]))]);
    sink.append(&schema, "t", &rows("1.0", &[(2, "b")])).unwrap();
    sink.append(&schema, "t", &unfit).unwrap_err();
    assert_eq!(staged(&sink), Some(json!({"at": 1})));
    stage(&mut sink, &schema, "c", &json!({"at": 2}));
    commit(&mut sink, "3.0", &schema, &["t"]);
    check(&sink, "SELECT name FROM data.t ORDER BY name", &[r#"["a"]"#, r#"["c"]"#]);
}
