//! Tables that get columns after many rows of their load: all rows are there, whatever came in which order.

use proptest::prelude::*;

use super::*;
use crate::sink::connect::ROW_GROUP;

/// A batch of a table, of so many rows.
#[derive(Clone, Debug)]
struct Step {
    table: usize,
    rows: i64,
    /// The table gets another column before it.
    grows: bool,
    /// It has the values of all columns that came late.
    full: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let group = i64::try_from(ROW_GROUP).unwrap();
    let rows = prop_oneof![1..300_i64, 2_000..14_000_i64, 20_000..40_000_i64, Just(group), Just(2 * group)];
    (0..2_usize, rows, any::<bool>(), any::<bool>()).prop_map(|(table, rows, grows, full)| Step {
        table,
        rows,
        grows,
        full,
    })
}

/// What should be in a table.
#[derive(Clone, Debug, Default)]
struct Model {
    rows: i64,
    sum: i64,
    /// Values of each column that came late.
    late: Vec<i64>,
}

impl Model {
    fn check(&self, sink: &Sink, table: &str) {
        let late = (0..self.late.len()).map(|n| format!(", count(late_{n}), count(*) FILTER (late_{n} <> id)"));
        let sql = format!(
            "SELECT count(*), count(DISTINCT id), sum(id)::BIGINT, count(*) FILTER (text <> id || ' words'){} \
             FROM data.{table}",
            late.collect::<String>()
        );
        let mut expect = vec![json!(self.rows), json!(self.rows), json!(self.sum), json!(0)];
        expect.extend(self.late.iter().flat_map(|values| [json!(values), json!(0)]));
        let found = sink.query(&sql).unwrap().rows;
        assert_eq!(found, [expect], "{table}");
    }
}

fn check_all(sink: &Sink, names: &[&str], models: &[Model]) {
    for (name, model) in names.iter().zip(models).filter(|(_, model)| model.rows > 0) {
        model.check(sink, name);
    }
}

/// Checks what a kill would leave at this moment.
fn check_copy(fixture: &Fixture, names: &[&str], models: &[Model]) {
    let copy = TempDir::new().unwrap();
    for entry in std::fs::read_dir(fixture.folder.path()).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    check_all(&Sink::open(options(copy.path().join("test.duckdb")), &mut |_| ()).unwrap(), names, models);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn all_rows_are_there_whatever_comes_when(
        loads in prop::collection::vec(prop::collection::vec(step(), 1..9), 1..4),
        is_grouped in prop::bool::weighted(0.8),
        room in prop_oneof![Just(32 << 20), Just(1 << 20), Just(100_000)],
        is_foreign in any::<bool>(),
    ) {
        let fixture = Fixture::new();
        // A sink that leaves the size to DuckDB has no need to look.
        let is_foreign = is_foreign && is_grouped;
        if is_foreign {
            // Another program made `t`, with one large row group.
            let sql = "CREATE SCHEMA data; CREATE TABLE data.t AS SELECT -i AS id, -i || ' words' AS text FROM range(30000) AS r (i)";
            Connection::open(fixture.path()).unwrap().execute_batch(sql).unwrap();
        }
        let mut sink = fixture.open();
        (sink.growing.is_grouped, sink.growing.room) = (is_grouped, room);
        let names = ["t", "u"];
        let columns = [("id", DataType::Bigint), ("text", DataType::Text)];
        let mut schema = schema(names.iter().map(|name| table(name, &columns)).collect());
        let mut models = [Model::default(), Model::default()];
        if is_foreign {
            (models[0].rows, models[0].sum) = (30_000, -449_985_000);
        }
        let mut next = 1;
        for (load, steps) in loads.iter().enumerate() {
            let before = models.clone();
            for step in steps {
                let (name, model) = (names[step.table], &mut models[step.table]);
                if step.grows {
                    let late = format!("late_{}", model.late.len());
                    add(&mut schema.tables[name], &[(&late, DataType::Bigint)]);
                    model.late.push(0);
                }
                let ids: Vec<_> = (next..next + step.rows).collect();
                next += step.rows;
                model.rows += step.rows;
                model.sum += ids.iter().sum::<i64>();
                let words: Vec<_> = ids.iter().map(|id| format!("{id} words")).collect();
                let words: Vec<_> = words.iter().map(String::as_str).collect();
                let late: Vec<_> = (0..model.late.len()).map(|index| format!("late_{index}")).collect();
                let mut columns = vec![("id", ints(&ids)), ("text", texts(&words))];
                if step.full {
                    columns.extend(late.iter().map(|late| (late.as_str(), ints(&ids))));
                    model.late.iter_mut().for_each(|values| *values += step.rows);
                }
                sink.append(&schema, name, &batch(columns)).unwrap();
            }
            check_copy(&fixture, &names, &before);
            commit(&mut sink, &format!("{load}.0"), &schema, &[]);
            check_copy(&fixture, &names, &models);
        }
        sink.close().unwrap();
        check_all(&fixture.open(), &names, &models);
    }
}

/// DuckDB 1.5.5 breaks when a table with many rows of the open transaction is altered and appended to.
#[test]
fn a_column_may_come_after_many_rows() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = schema(vec![root("status", WriteDisposition::Append)]);
    let many = |from: i64| rows("1.0", &(from..from + 50_000).map(|id| (id, "x")).collect::<Vec<_>>());
    sink.append(&schema, "status", &rows("0.0", &[(-1, "x")])).unwrap();
    commit(&mut sink, "0.0", &schema, &[]);
    for round in 0..12 {
        if round % 4 == 3 {
            add(&mut schema.tables["status"], &[(["c0", "c1", "c2"][round / 4], DataType::Text)]);
        }
        sink.append(&schema, "status", &many(i64::try_from(round).unwrap() * 50_000)).unwrap();
    }
    commit(&mut sink, "1.0", &schema, &[]);
    check(
        &sink,
        "SELECT count(*), count(DISTINCT id), max(id), count(c2) FROM data.status",
        &["[600001,600001,599999,0]"],
    );
    check(&sink, "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'data_staging'", &["[0]"]);
}

#[test]
fn rows_wait_no_longer_than_their_table_grows() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = schema(vec![root("status", WriteDisposition::Append)]);
    let many: Vec<_> = (0..20_000).map(|id| (id, "x")).collect();
    // A column in the middle of the first load and of the third: the load after each expects another one.
    for (load, grows, growing) in [(1, true, 1), (2, false, 0), (3, true, 1), (4, false, 0), (5, false, 0)] {
        let id = format!("{load}.0");
        sink.append(&schema, "status", &rows(&id, &many)).unwrap();
        if grows {
            add(&mut schema.tables["status"], &[(["", "c1", "", "c3"][load], DataType::Text)]);
        }
        sink.append(&schema, "status", &rows(&id, &many)).unwrap();
        commit(&mut sink, &id, &schema, &[]);
        assert_eq!(sink.growing.growing(), growing, "{load}");
    }
    check(&sink, "SELECT count(*), count(DISTINCT id) FROM data.status", &["[200000,20000]"]);
}

/// DuckDB has written row groups ahead by then, and must not alter their table.
#[test]
fn columns_come_late_over_many_rows() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = schema(vec![table("t", &[("id", DataType::Bigint)]), table("u", &[("id", DataType::Bigint)])]);
    let many = |from: i64| batch(vec![("id", ints(&(from..from + 30_000).collect::<Vec<_>>()))]);
    for load in 0..3_i64 {
        for step in 0..3_i64 {
            for table in ["t", "u"] {
                sink.append(&schema, table, &many((load * 3 + step) * 30_000)).unwrap();
                add(&mut schema.tables[table], &[(&format!("late_{load}_{step}"), DataType::Text)]);
            }
        }
        commit(&mut sink, &format!("{load}.0"), &schema, &[]);
    }
    sink.append(&schema, "t", &many(0)).unwrap();
    add(&mut schema.tables["t"], &[("lost", DataType::Text)]);
    sink.append(&schema, "t", &many(0)).unwrap();
    sink.rollback().unwrap();
    sink.close().unwrap();
    for table in ["t", "u"] {
        let found = format!("SELECT count(*), count(DISTINCT id), max(id), count(late_2_2) FROM data.{table}");
        check(&fixture.open(), &found, &["[270000,270000,269999,0]"]);
    }
}

/// They come in as whole row groups, made of batches that differ in their columns.
#[test]
fn all_rows_that_wait_come_in() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = schema(vec![table("t", &[("id", DataType::Bigint), ("text", DataType::Text)])]);
    let text = "x".repeat(200);
    for load in 0..2_i64 {
        for step in 0..10_i64 {
            let ids: Vec<_> = ((load * 10 + step) * 20_000..).take(20_000).collect();
            let late = format!("late_{load}_{}", step / 3);
            let mut columns = vec![("id", ints(&ids)), ("text", texts(&vec![text.as_str(); ids.len()]))];
            if step % 3 != 0 {
                add(&mut schema.tables["t"], &[(&late, DataType::Bigint)]);
                columns.push((&late, ints(&ids)));
            }
            sink.append(&schema, "t", &batch(columns)).unwrap();
        }
        commit(&mut sink, &format!("{load}.0"), &schema, &[]);
    }
    sink.close().unwrap();
    let found = "SELECT count(*), count(DISTINCT id), sum(length(text))::BIGINT, count(late_0_0), min(late_0_2), \
                 max(late_0_2), min(late_1_0), max(late_1_0) FROM data.t";
    check(&fixture.open(), found, &["[400000,400000,80000000,40000,140000,179999,220000,259999]"]);
}

/// With the memory that a sink has by itself, and rows that do not wait as they are too large.
#[test]
fn columns_may_come_late_to_large_rows() {
    let fixture = Fixture::new();
    let options = SinkOptions { memory: 64 << 20, ..options(fixture.path()) };
    let mut sink = Sink::open(options, &mut |_| ()).unwrap();
    let mut schema = schema(vec![table("t", &[("id", DataType::Bigint), ("text", DataType::Text)])]);
    let text = "many words ".repeat(900);
    for step in 0..30_i64 {
        if step == 14 || step == 20 {
            add(&mut schema.tables["t"], &[(&format!("late_{step}"), DataType::Text)]);
        }
        let ids: Vec<_> = (step * 1000..).take(1000).collect();
        let rows = batch(vec![("id", ints(&ids)), ("text", texts(&vec![text.as_str(); ids.len()]))]);
        sink.append(&schema, "t", &rows).unwrap();
    }
    commit(&mut sink, "1.0", &schema, &[]);
    sink.close().unwrap();
    let found = "SELECT count(*), count(DISTINCT id), min(length(text)), max(length(text)), count(late_20) FROM data.t";
    check(&fixture.open(), found, &["[30000,30000,9900,9900,0]"]);
}

/// A source may have a field of that name; then DuckDB's own row ids are out of reach.
#[test]
fn a_column_called_rowid_is_no_trap() {
    let fixture = Fixture::new();
    let mut sink = fixture.open();
    let mut schema = schema(vec![table("t", &[("rowid", DataType::Bigint)])]);
    let many = |rows: i64| batch(vec![("rowid", ints(&(0..rows).collect::<Vec<_>>()))]);
    sink.append(&schema, "t", &many(20_000)).unwrap();
    add(&mut schema.tables["t"], &[("late", DataType::Text)]);
    // Too few rows for a row group of their own, and too many for the one that is begun.
    sink.append(&schema, "t", &many(12_000)).unwrap();
    let state = json!({});
    let end = CommitLoad {
        load_id: "1.0",
        schema: &schema,
        state: &state,
        staged: None,
        inbox: None,
        finished: &[],
        inserted_at: 0,
    };
    let error = sink.commit(&end).unwrap_err();
    assert!(error.to_string().contains("lower `commit_rows`"), "{error}");
    sink.append(&schema, "t", &many(3)).unwrap();
    commit(&mut sink, "1.0", &schema, &[]);
    check(&sink, "SELECT sum(t.rowid), count(late) FROM data.t", &["[3,0]"]);
}
