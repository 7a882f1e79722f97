//! Appending, evolving, committing and losing a load.

use super::*;

fn status() -> Schema {
    schema(vec![root("status", WriteDisposition::Append)])
}

#[test]
fn a_load_lays_out_what_dlt_would() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    assert_eq!(sink.stored().unwrap(), Stored::default());
    let schema = status();
    sink.append(&schema, "status", &rows("1.5", &[(1, "a"), (2, "b")])).unwrap();
    let committed = commit(&mut sink, "1.5", &schema, &["status"]);
    assert_eq!(committed.rows, IndexMap::from([("status".to_owned(), 2)]));
    check(&sink, "SELECT * FROM data.status", &[r#"[1,"a","1.5","1a"]"#, r#"[2,"b","1.5","2b"]"#]);
    check(
        &sink,
        "SELECT column_name || ' ' || data_type || ' ' || is_nullable FROM information_schema.columns \
         WHERE table_schema = 'data' AND table_name <> '_dlt_version' ORDER BY table_name, ordinal_position",
        &[
            r#"["load_id VARCHAR NO"]"#,
            r#"["schema_name VARCHAR YES"]"#,
            r#"["status BIGINT NO"]"#,
            r#"["inserted_at TIMESTAMP WITH TIME ZONE NO"]"#,
            r#"["schema_version_hash VARCHAR YES"]"#,
            r#"["version BIGINT NO"]"#,
            r#"["engine_version BIGINT NO"]"#,
            r#"["pipeline_name VARCHAR NO"]"#,
            r#"["state VARCHAR NO"]"#,
            r#"["created_at TIMESTAMP WITH TIME ZONE NO"]"#,
            r#"["version_hash VARCHAR YES"]"#,
            r#"["_dlt_load_id VARCHAR NO"]"#,
            r#"["_dlt_id VARCHAR NO"]"#,
            r#"["id BIGINT YES"]"#,
            r#"["name VARCHAR YES"]"#,
            r#"["_dlt_load_id VARCHAR NO"]"#,
            r#"["_dlt_id VARCHAR NO"]"#,
        ],
    );
    check(
        &sink,
        "SELECT load_id, l.schema_name, status, epoch_us(l.inserted_at), schema_version_hash = version_hash \
         FROM data._dlt_loads AS l, data._dlt_version",
        &[r#"["1.5","src",0,1700000000123456,true]"#],
    );
    check(
        &sink,
        "SELECT version, engine_version, pipeline_name, _dlt_load_id, length(_dlt_id) FROM data._dlt_pipeline_state",
        &[r#"[1,4,"pipe","1.5",14]"#],
    );
    sink.close().unwrap();

    let stored = fixture.open().stored().unwrap();
    assert_eq!(stored.schema, Some(schema));
    assert_eq!(Value::Object(stored.state.unwrap()), json!({ "src": { "at": "1.5" } }));
}

#[test]
fn bookkeeping_grows_only_when_something_changed() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = status();
    let state = json!({});
    for load_id in ["1.0", "2.0"] {
        let end = CommitLoad {
            load_id,
            schema: &schema,
            state: &state,
            staged: None,
            inbox: None,
            finished: &[],
            inserted_at: 0,
        };
        sink.commit(&end).unwrap();
    }
    let counts = "SELECT (SELECT count(*) FROM data._dlt_version), (SELECT count(*) FROM data._dlt_pipeline_state), \
                  (SELECT count(*) FROM data._dlt_loads)";
    check(&sink, counts, &["[1,1,2]"]);
    add(&mut schema.tables["status"], &[("late", DataType::Double)]);
    commit(&mut sink, "3.0", &schema, &[]);
    check(&sink, counts, &["[2,2,3]"]);
    check(&sink, "SELECT version FROM data._dlt_version ORDER BY version", &["[1]", "[2]"]);
}

#[test]
fn columns_come_late_and_in_any_order() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = status();
    sink.append(&schema, "status", &rows("1.0", &[(1, "a")])).unwrap();
    add(&mut schema.tables["status"], &[("at", DataType::Timestamp), ("Ö\"k", DataType::Bool)]);
    let micros = TimestampMicrosecondArray::from(vec![1_700_000_000_000_001]).with_timezone("UTC");
    let late = batch(vec![
        ("Ö\"k", Arc::new(BooleanArray::from(vec![true])) as ArrayRef),
        ("_dlt_id", texts(&["2b"])),
        ("at", Arc::new(micros)),
        ("_dlt_load_id", texts(&["1.0"])),
    ]);
    sink.append(&schema, "status", &late).unwrap();
    sink.append(&schema, "status", &rows("1.0", &[(3, "c")])).unwrap();
    commit(&mut sink, "1.0", &schema, &[]);
    check(
        &sink,
        "SELECT id, name, _dlt_id, epoch_us(\"at\"), \"Ö\"\"k\" FROM data.status",
        &[r#"[1,"a","1a",null,null]"#, r#"[null,null,"2b",1700000000000001,true]"#, r#"[3,"c","3c",null,null]"#],
    );
}

#[test]
fn an_error_takes_back_the_load_and_leaves_the_sink_usable() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = status();
    sink.append(&schema, "status", &rows("1.0", &[(1, "a")])).unwrap();
    commit(&mut sink, "1.0", &schema, &[]);

    add(&mut schema.tables["status"], &[("late", DataType::Double)]);
    sink.append(&schema, "status", &rows("2.0", &[(2, "b")])).unwrap();
    let unfit = batch(vec![("id", ints(&[3]))]);
    let error = sink.append(&schema, "status", &unfit).unwrap_err();
    assert!(matches!(&error, SinkError::Contract { table, .. } if table == "status"), "{error}");
    check(&sink, "SELECT id FROM data.status", &["[1]"]);

    sink.append(&schema, "status", &rows("3.0", &[(4, "d")])).unwrap();
    commit(&mut sink, "3.0", &schema, &[]);
    check(&sink, "SELECT id, late FROM data.status", &["[1,null]", "[4,null]"]);
}

#[test]
fn a_table_that_the_schema_lacks_is_told() {
    let fixture = Fixture::new();
    let error = fixture.open().append(&status(), "other", &rows("1.0", &[(1, "a")])).unwrap_err();
    assert_eq!(error.to_string(), "the rows do not fit table `other`: the schema does not have it");
}

#[test]
fn rolled_back_rows_are_gone() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    sink.append(&status(), "status", &rows("1.0", &[(1, "a")])).unwrap();
    sink.rollback().unwrap();
    check(&sink, "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'data'", &["[0]"]);
    commit(&mut sink, "2.0", &status(), &[]);
    check(&sink, "SELECT load_id FROM data._dlt_loads", &[r#"["2.0"]"#]);
}

/// What a killed process leaves is the file and its log as they are at that moment.
#[test]
fn a_crash_in_mid_load_leaves_the_loads_before() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = status();
    sink.append(&schema, "status", &rows("1.0", &[(1, "a")])).unwrap();
    commit(&mut sink, "1.0", &schema, &[]);
    add(&mut schema.tables["status"], &[("late", DataType::Double)]);
    let many: Vec<_> = (0..300_000).map(|id| (id, "x")).collect();
    sink.append(&schema, "status", &rows("2.0", &many)).unwrap();

    let after = TempDir::new().unwrap();
    for name in ["test.duckdb", "test.duckdb.wal"] {
        std::fs::copy(fixture.folder.path().join(name), after.path().join(name)).unwrap();
    }
    let survivor = Sink::open(options(after.path().join("test.duckdb")), &mut |_| ()).unwrap();
    check(&survivor, "SELECT * FROM data.status", &[r#"[1,"a","1.0","1a"]"#]);
    let stored = survivor.stored().unwrap();
    assert_eq!(stored.schema, Some(status()));
    assert_eq!(stored.state.unwrap()["src"]["at"], "1.0");
}

#[test]
fn a_table_without_row_ids_is_a_table() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let columns = [("resource", DataType::Text), ("_dlt_load_id", DataType::Text), ("raw", DataType::Text)];
    let schema = schema(vec![table("_rejected_records", &columns)]);
    let rejected = batch(vec![("resource", texts(&["r"])), ("_dlt_load_id", texts(&["1.0"])), ("raw", texts(&["\0"]))]);
    sink.append(&schema, "_rejected_records", &rejected).unwrap();
    assert_eq!(commit(&mut sink, "1.0", &schema, &[]).rows["_rejected_records"], 1);
    check(&sink, "SELECT * FROM data._rejected_records", &[r#"["r","1.0","\u0000"]"#]);
}

#[test]
fn a_sink_may_move_to_another_thread() {
    fn moves<T: Send>() {}
    moves::<Sink>();
    moves::<Reader>();
    moves::<SinkError>();
}

#[test]
fn a_macro_of_the_database_is_not_taken_for_the_rows() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let schema = schema(vec![root("t", WriteDisposition::Append)]);
    sink.append(&schema, "t", &rows("1.0", &[(1, "a")])).unwrap();
    commit(&mut sink, "1.0", &schema, &["t"]);
    for place in ["", "data."] {
        sink.query(&format!("CREATE MACRO {place}_sluicegate_batches() AS TABLE SELECT 9, 'z', '0', 'x'")).unwrap();
    }
    sink.append(&schema, "t", &rows("2.0", &[(2, "b")])).unwrap();
    commit(&mut sink, "2.0", &schema, &["t"]);
    check(&sink, "SELECT id FROM data.t ORDER BY id", &["[1]", "[2]"]);
}
