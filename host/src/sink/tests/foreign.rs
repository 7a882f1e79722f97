//! Files whose row groups are as large as DuckDB makes them by itself, as dlt's are.

use super::*;

/// A database that another program made, with 50,000 rows in one row group.
fn made_elsewhere(fixture: &Fixture, columns: &str) {
    let connection = Connection::open(fixture.path()).unwrap();
    let sql = format!(
        "CREATE SCHEMA data; CREATE TABLE data.t ({columns}); \
         INSERT INTO data.t SELECT i, 'x' || i FROM range(50000) AS r (i)"
    );
    connection.execute_batch(&sql).unwrap();
}

const GROUPS: &str = "SELECT max(rows)::BIGINT FROM (SELECT sum(count) AS rows FROM pragma_storage_info('data.t') \
                      WHERE column_path = '[0]' GROUP BY row_group_id)";

fn late(columns: usize) -> Schema {
    let mut schema = schema(vec![table("t", &[("id", DataType::Bigint), ("text", DataType::Text)])]);
    for column in 0..columns {
        add(&mut schema.tables["t"], &[(&format!("late_{column}"), DataType::Bigint)]);
    }
    schema
}

#[test]
fn few_rows_with_a_new_column_come_to_a_large_row_group() {
    let fixture = Fixture::new();
    made_elsewhere(&fixture, "id BIGINT NOT NULL, text VARCHAR DEFAULT 'none'");
    let mut sink = fixture.open();
    check(&sink, GROUPS, &["[50000]"]);
    // Rows that came before the column, and more columns in the same load and in the next one.
    for load in 0..2_i64 {
        for step in 0..2_i64 {
            let ids = ints(&[50_000 + load * 2 + step]);
            let columns = usize::try_from(load * 2 + step).unwrap();
            sink.append(&late(columns), "t", &batch(vec![("id", ids.clone()), ("text", texts(&["new"]))])).unwrap();
        }
        commit(&mut sink, &format!("{load}.0"), &late(usize::try_from(load * 2 + 2).unwrap()), &[]);
        let copy = TempDir::new().unwrap();
        for name in ["test.duckdb", "test.duckdb.wal"] {
            std::fs::copy(fixture.folder.path().join(name), copy.path().join(name)).unwrap();
        }
        let survivor = Sink::open(options(copy.path().join("test.duckdb")), &mut |_| ()).unwrap();
        let there = 50_002 + load * 2;
        let found = "SELECT count(*), count(DISTINCT id), max(id), count(*) FILTER (text = 'new') FROM data.t";
        check(&survivor, found, &[&format!("[{there},{there},{},{}]", there - 1, there - 50_000)]);
    }
    check(&sink, GROUPS, &["[12288]"]);
    let described = "SELECT name, \"notnull\", dflt_value FROM pragma_table_info('data.t') LIMIT 2";
    check(&sink, described, &[r#"["id",true,null]"#, r#"["text",false,"'none'"]"#]);
    check(&sink, "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '%copy%'", &["[0]"]);
    sink.close().unwrap();
    check(&fixture.open(), "SELECT count(*), sum(id)::BIGINT FROM data.t", &["[50004,1250175006]"]);
}

/// The rows that are copied fill row groups in that load, too.
#[test]
fn many_rows_and_more_columns_follow_the_copy() {
    let fixture = Fixture::new();
    made_elsewhere(&fixture, "id BIGINT NOT NULL, text VARCHAR");
    let mut sink = fixture.open();
    for (step, columns) in [(0, 1), (1, 2), (2, 2), (3, 3), (4, 3)] {
        let ids: Vec<_> = (50_000 + step * 5_000..).take(5_000).collect();
        sink.append(&late(columns), "t", &batch(vec![("id", ints(&ids)), ("text", texts(&["new"; 5_000]))])).unwrap();
    }
    commit(&mut sink, "1.0", &late(3), &[]);
    check(&sink, GROUPS, &["[12288]"]);
    sink.close().unwrap();
    let found = "SELECT count(*), count(DISTINCT id), max(id), count(*) FILTER (text = 'new') FROM data.t";
    check(&fixture.open(), found, &["[75000,75000,74999,25000]"]);
}

#[test]
fn a_load_that_fails_leaves_a_large_row_group_as_it_was() {
    let fixture = Fixture::new();
    made_elsewhere(&fixture, "id BIGINT NOT NULL, text VARCHAR");
    let mut sink = fixture.open();
    let row = || batch(vec![("id", ints(&[1])), ("text", texts(&["new"]))]);
    sink.append(&late(1), "t", &row()).unwrap();
    sink.rollback().unwrap();
    check(&sink, GROUPS, &["[50000]"]);
    sink.append(&late(1), "t", &row()).unwrap();
    commit(&mut sink, "1.0", &late(1), &[]);
    check(&sink, "SELECT count(*), count(late_0) FROM data.t", &["[50001,0]"]);
}

#[test]
fn a_copy_of_the_file_has_row_groups_of_the_size_that_loads_ask_for() {
    let fixture = Fixture::new();
    made_elsewhere(&fixture, "id BIGINT NOT NULL, text VARCHAR");
    let alone = Alone::take(&fixture.path(), Duration::ZERO).unwrap();
    alone.rewrite("test", 64 << 20, Duration::ZERO, &mut |_| ()).unwrap();
    let sink = fixture.open();
    check(&sink, GROUPS, &["[12288]"]);
    check(&sink, "SELECT count(*), sum(id)::BIGINT FROM data.t", &["[50000,1249975000]"]);
}

/// DuckDB minds the size of row groups of tables with an index, and a copy would not have it.
#[test]
fn a_table_with_a_key_keeps_it() {
    let fixture = Fixture::new();
    made_elsewhere(&fixture, "id BIGINT PRIMARY KEY, text VARCHAR");
    let mut sink = fixture.open();
    sink.append(&late(1), "t", &batch(vec![("id", ints(&[50_000])), ("text", texts(&["new"]))])).unwrap();
    commit(&mut sink, "1.0", &late(1), &[]);
    check(&sink, "SELECT count(*), count(late_0) FROM data.t", &["[50001,0]"]);
    check(&sink, "SELECT count(*) FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'", &["[1]"]);
}
