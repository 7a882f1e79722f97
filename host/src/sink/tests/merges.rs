//! Merges by each strategy: records in, tables out.

use super::*;
use crate::model::{MergeStrategy, ResourceName, SortOrder};
use crate::normalize::{Normalizer, ResourceHints};

/// A resource `t` that is loaded again and again, into a database of its own.
pub(super) struct Loads {
    pub(super) fixture: Fixture,
    pub(super) sink: Sink,
    normalizer: Normalizer,
    pub(super) hints: ResourceHints,
    count: i64,
}

impl Loads {
    /// A merge by `id`.
    pub(super) fn merging(strategy: MergeStrategy) -> Self {
        let mut hints = ResourceHints::new(ResourceName::new("t").unwrap());
        hints.write_disposition = WriteDisposition::Merge;
        hints.merge.strategy = Some(strategy);
        hints.primary_key = Some(vec!["id".to_owned()]);
        Self::of(hints)
    }

    pub(super) fn of(hints: ResourceHints) -> Self {
        let fixture = Fixture::new();
        let sink = fixture.open();
        let mut loads = Self { fixture, sink, normalizer: normalizer(Schema::new("src"), 0), hints, count: 0 };
        loads.declare();
        loads
    }

    /// Takes the hints up.
    pub(super) fn declare(&mut self) {
        self.normalizer.declare(&self.hints);
    }

    /// The same file in the hands of another process.
    pub(super) fn reopen(&mut self) {
        self.sink = Sink::open(options(PathBuf::from(":memory:")), &mut |_| ()).unwrap();
        self.sink = self.fixture.open();
        let schema = self.sink.stored().unwrap().schema.unwrap();
        self.normalizer = normalizer(schema, self.count);
        self.declare();
    }

    pub(super) fn id(&self) -> String {
        format!("{}.5", self.count + 1)
    }

    /// Appends records to the load that is under way.
    pub(super) fn append(&mut self, records: &[impl AsRef<str>]) {
        let records: Vec<_> = records.iter().map(AsRef::as_ref).collect();
        let outcome = self.normalizer.page(&self.hints.resource, &self.id(), 0, records.join("\n").as_bytes());
        assert_eq!(outcome.unwrap().rejected, 0, "{records:?}");
        for batch in self.normalizer.take_batches().unwrap() {
            self.sink.append(self.normalizer.schema(), &batch.table, &batch.batch).unwrap();
        }
    }

    /// Commits the load that is under way. `complete` ends the resource.
    pub(super) fn commit(&mut self, complete: bool) -> Committed {
        let finished: &[&str] = if complete { &["t"] } else { &[] };
        let id = self.id();
        self.count += 1;
        commit(&mut self.sink, &id, &self.normalizer.schema().clone(), finished)
    }

    /// One load that brings all of the resource.
    pub(super) fn load(&mut self, records: &[impl AsRef<str>]) -> Committed {
        self.append(records);
        self.commit(true)
    }

    #[track_caller]
    pub(super) fn check(&self, sql: &str, expect: &[&str]) {
        check(&self.sink, sql, expect);
    }
}

/// Ids are numbers that grow, from a start that differs by process.
fn normalizer(schema: Schema, start: i64) -> Normalizer {
    let mut next: u64 = start.unsigned_abs() << 32;
    let ids = move |bytes: &mut [u8]| {
        for id in bytes.chunks_mut(10) {
            next += 1;
            id.iter_mut().zip(u64::to_be_bytes(next)).for_each(|(byte, digit)| *byte = digit);
        }
    };
    Normalizer::new(schema, Box::new(ids))
}

const ROOT: &str = "SELECT id, name, _dlt_load_id FROM data.t ORDER BY id, name";
const CHILD: &str = "SELECT t.name, c.value FROM data.t__l AS c JOIN data.t ON t._dlt_id = c._dlt_parent_id \
                     AND t._dlt_id = c._dlt_root_id ORDER BY ALL";
/// Rows below no row, at both levels, and tables that rows waited in.
const LEFT: &str = "SELECT (SELECT count(*) FROM data.t__l WHERE _dlt_root_id NOT IN (SELECT _dlt_id FROM data.t)), \
                    (SELECT count(*) FROM duckdb_tables() WHERE database_name = 'temp' OR schema_name = 'data_staging')";

const STRATEGIES: [MergeStrategy; 2] = [MergeStrategy::DeleteInsert, MergeStrategy::Upsert];
pub(super) const BY_KEY: [MergeStrategy; 3] =
    [MergeStrategy::DeleteInsert, MergeStrategy::Upsert, MergeStrategy::InsertOnly];

#[test]
fn a_row_takes_the_place_of_the_one_with_its_key() {
    for strategy in STRATEGIES {
        let mut loads = Loads::merging(strategy);
        loads.load(&[r#"{"id":1,"name":"a","l":["a1","a2"]}"#, r#"{"id":2,"name":"b","l":["b1"]}"#]);
        loads.check(CHILD, &[r#"["a","a1"]"#, r#"["a","a2"]"#, r#"["b","b1"]"#]);

        // The last record of a key wins, with its children and no others, in whichever batch it comes.
        loads.append(&[r#"{"id":1,"name":"x","l":["x1","x2","x3"]}"#, r#"{"id":3,"name":"c"}"#]);
        loads.append(&[r#"{"id":1,"name":"z","late":true,"l":["z1"]}"#]);
        let committed = loads.commit(true);
        assert_eq!(committed.rows, IndexMap::from([("t".to_owned(), 2), ("t__l".to_owned(), 1)]), "{strategy:?}");
        loads.check(ROOT, &[r#"[1,"z","2.5"]"#, r#"[2,"b","1.5"]"#, r#"[3,"c","2.5"]"#]);
        loads.check(CHILD, &[r#"["b","b1"]"#, r#"["z","z1"]"#]);
        loads.check(LEFT, &["[0,0]"]);
    }
}

#[test]
fn the_last_of_many_records_wins() {
    for strategy in STRATEGIES {
        let mut loads = Loads::merging(strategy);
        for round in 0..3 {
            let many: Vec<_> = (0..40_000).map(|id| format!(r#"{{"id":{id},"name":"{round}"}}"#)).collect();
            loads.append(&many);
        }
        loads.commit(true);
        loads.check("SELECT count(*), min(name), max(name) FROM data.t", &[r#"[40000,"2","2"]"#]);
    }
}

#[test]
fn dedup_sort_chooses_among_the_records_of_a_load() {
    for strategy in STRATEGIES {
        for (order, expect) in [(SortOrder::Desc, ["5b", "1", "null"]), (SortOrder::Asc, ["2", "1", "null"])] {
            let mut loads = Loads::merging(strategy);
            loads.hints.merge.dedup_sort = Some(("at".to_owned(), order));
            loads.declare();
            loads.append(&[
                r#"{"id":1,"name":"5a","at":5,"l":["5a"]}"#,
                r#"{"id":1,"name":"5b","at":5,"l":["5b"]}"#,
                r#"{"id":1,"name":"2","at":2,"l":["2"]}"#,
                r#"{"id":2,"name":"1","at":1}"#,
                r#"{"id":2,"name":"without","at":null}"#,
            ]);
            loads.append(&[r#"{"id":1,"name":"3","at":3,"l":["3"]}"#, r#"{"id":3,"name":"null"}"#]);
            loads.commit(true);
            let expect: Vec<_> = expect.iter().map(|name| format!("[\"{name}\"]")).collect();
            let expect: Vec<_> = expect.iter().map(String::as_str).collect();
            loads.check("SELECT name FROM data.t ORDER BY id", &expect);
            loads.check("SELECT value FROM data.t__l", &expect[..1]);

            // Only within a load: what is there already does not count.
            loads.load(&[r#"{"id":1,"name":"later","at":4}"#]);
            loads.check("SELECT name FROM data.t WHERE id = 1", &[r#"["later"]"#]);
        }
    }
}

#[test]
fn a_marked_record_deletes() {
    for strategy in STRATEGIES {
        let mut loads = Loads::merging(strategy);
        loads.hints.hard_delete = Some("gone".to_owned());
        loads.declare();
        let all: Vec<_> = (1..=5).map(|id| format!(r#"{{"id":{id},"name":"{id}","l":[{id}]}}"#)).collect();
        loads.load(&all);
        loads.append(&[
            r#"{"id":1,"name":"x","gone":true,"l":[7]}"#,
            r#"{"id":2,"name":"x","gone":true}"#,
            r#"{"id":2,"name":"back","gone":false}"#,
            r#"{"id":3,"name":"x","gone":null}"#,
            r#"{"id":4,"name":"x"}"#,
            r#"{"id":4,"name":"y","gone":true}"#,
            r#"{"id":9,"name":"never there","gone":true,"l":[9]}"#,
        ]);
        let committed = loads.commit(true);
        assert_eq!(committed.rows, IndexMap::from([("t".to_owned(), 2)]), "{strategy:?}");
        loads.check("SELECT id, name FROM data.t ORDER BY id", &[r#"[2,"back"]"#, r#"[3,"x"]"#, r#"[5,"5"]"#]);
        loads.check("SELECT value FROM data.t__l", &["[5]"]);
        loads.check(LEFT, &["[0,0]"]);
    }
}

#[test]
fn a_mark_that_is_no_truth_value_deletes_when_it_is_there() {
    for strategy in STRATEGIES {
        let mut loads = Loads::merging(strategy);
        loads.hints.hard_delete = Some("deleted_at".to_owned());
        loads.declare();
        loads.load(&[r#"{"id":1,"name":"a"}"#, r#"{"id":2,"name":"b"}"#]);
        loads.load(&[r#"{"id":1,"deleted_at":"2024-01-02T03:04:05Z"}"#, r#"{"id":2,"name":"c","deleted_at":null}"#]);
        loads.check("SELECT id, name FROM data.t", &[r#"[2,"c"]"#]);
    }
}

#[test]
fn the_latest_of_the_records_decides_whether_it_is_deleted() {
    for strategy in STRATEGIES {
        let mut loads = Loads::merging(strategy);
        loads.hints.hard_delete = Some("gone".to_owned());
        loads.hints.merge.dedup_sort = Some(("at".to_owned(), SortOrder::Desc));
        loads.declare();
        loads.load(&[r#"{"id":1,"name":"a","at":1}"#, r#"{"id":2,"name":"b","at":1}"#]);
        loads.load(&[
            r#"{"id":1,"at":3,"gone":true}"#,
            r#"{"id":1,"at":2,"gone":false}"#,
            r#"{"id":2,"name":"c","at":3}"#,
            r#"{"id":2,"at":2,"gone":true}"#,
        ]);
        loads.check("SELECT id, name FROM data.t", &[r#"[2,"c"]"#]);
    }
}

#[test]
fn compound_keys_and_keys_in_objects() {
    for strategy in STRATEGIES {
        let mut loads = Loads::merging(strategy);
        loads.hints.primary_key = Some(vec!["chat.id".to_owned(), "Agent".to_owned()]);
        loads.declare();
        loads.load(&[
            r#"{"Agent":"o","chat":{"id":1},"n":1}"#,
            r#"{"Agent":"o","chat":{"id":2},"n":1}"#,
            r#"{"Agent":"p","chat":{"id":1},"n":1}"#,
        ]);
        loads.load(&[r#"{"Agent":"o","chat":{"id":"1"},"n":2}"#, r#"{"Agent":"p","chat":{"id":2},"n":2}"#]);
        loads.check(
            "SELECT agent, chat__id, n FROM data.t ORDER BY ALL",
            &[r#"["o",1,2]"#, r#"["o",2,1]"#, r#"["p",1,1]"#, r#"["p",2,2]"#],
        );
    }
}

#[test]
fn rows_with_either_key_are_replaced() {
    let mut loads = Loads::merging(MergeStrategy::DeleteInsert);
    loads.hints.merge_key = Some(vec!["day".to_owned()]);
    loads.declare();
    loads.load(&[
        r#"{"id":1,"day":"mon","l":[{"m":[1]}]}"#,
        r#"{"id":2,"day":"mon","l":[{"m":[2]}]}"#,
        r#"{"id":3,"day":"tue","l":[{"m":[3]}]}"#,
        r#"{"id":4,"day":"wed","l":[{"m":[4]}]}"#,
    ]);
    // 1 and 2 go with their day, 3 with its id; two rows of one day stay beside each other.
    loads.load(&[r#"{"id":3,"day":"mon","l":[{"m":[33,34]}]}"#, r#"{"id":5,"day":"mon"}"#]);
    loads.check("SELECT id, day FROM data.t ORDER BY id", &[r#"[3,"mon"]"#, r#"[4,"wed"]"#, r#"[5,"mon"]"#]);
    loads.check("SELECT value FROM data.t__l__m ORDER BY value", &["[4]", "[33]", "[34]"]);
    loads.check("SELECT count(*) FROM data.t__l", &["[2]"]);
}

#[test]
fn a_merge_key_alone_replaces_and_keeps_doubles() {
    let mut loads = Loads::merging(MergeStrategy::DeleteInsert);
    (loads.hints.primary_key, loads.hints.merge_key) = (Some(Vec::new()), Some(vec!["day".to_owned()]));
    loads.declare();
    loads.load(&[r#"{"day":"mon","n":1}"#, r#"{"day":"tue","n":1}"#]);
    loads.load(&[r#"{"day":"mon","n":2}"#, r#"{"day":"mon","n":2}"#]);
    loads.check("SELECT day, n FROM data.t ORDER BY ALL", &[r#"["mon",2]"#, r#"["mon",2]"#, r#"["tue",1]"#]);
}

#[test]
fn a_source_may_promise_that_keys_differ() {
    let mut loads = Loads::merging(MergeStrategy::DeleteInsert);
    loads.hints.merge.deduplicated = Some(true);
    loads.declare();
    loads.load(&[r#"{"id":1,"n":1}"#]);
    loads.load(&[r#"{"id":1,"n":2}"#, r#"{"id":1,"n":3}"#]);
    loads.check("SELECT n FROM data.t ORDER BY n", &["[2]", "[3]"]);
}

#[test]
fn without_keys_a_merge_appends() {
    let mut loads = Loads::merging(MergeStrategy::DeleteInsert);
    loads.hints.primary_key = Some(Vec::new());
    loads.declare();
    loads.load(&[r#"{"id":1,"l":[1]}"#]);
    loads.load(&[r#"{"id":1,"l":[1]}"#]);
    loads.check("SELECT id, _dlt_load_id FROM data.t", &[r#"[1,"1.5"]"#, r#"[1,"2.5"]"#]);
    loads.check("SELECT * EXCLUDE (_dlt_id, _dlt_root_id, _dlt_parent_id) FROM data.t__l", &["[1,0]", "[1,0]"]);
}

#[test]
fn append_may_turn_into_a_merge() {
    for strategy in STRATEGIES {
        let mut loads = Loads::merging(strategy);
        let merging = loads.hints.clone();
        loads.hints = ResourceHints::new(merging.resource.clone());
        loads.normalizer = normalizer(Schema::new("src"), 1);
        loads.declare();
        let old = [r#"{"id":1,"name":"a","l":[{"m":[1]}]}"#, r#"{"id":2,"name":"b","l":[{"m":[2]}]}"#];
        loads.load(&old);
        loads.load(&old[..1]);

        loads.hints = merging;
        loads.reopen();
        loads.load(&[r#"{"id":1,"name":"c","l":[{"m":[3]}]}"#]);
        loads.check(ROOT, &[r#"[1,"c","3.5"]"#, r#"[2,"b","1.5"]"#]);
        loads.check("SELECT value FROM data.t__l__m ORDER BY ALL", &["[2]", "[3]"]);
        let orphans = "SELECT count(*) FROM data.t__l__m AS m LEFT JOIN data.t ON t._dlt_id = m._dlt_root_id \
                       LEFT JOIN data.t__l AS l ON l._dlt_id = m._dlt_parent_id WHERE t.id IS NULL OR l._dlt_id IS NULL";
        loads.check(orphans, &["[0]"]);
    }
}

#[test]
fn an_upsert_keeps_the_row_and_what_others_put_into_it() {
    let mut loads = Loads::merging(MergeStrategy::Upsert);
    loads.load(&[r#"{"id":1,"name":"a","l":[1,2]}"#, r#"{"id":2,"name":"b"}"#]);
    loads.check("SELECT _dlt_id FROM data.t ORDER BY id", &[r#"["z5jIxXIbUnmbKw"]"#, r#"["M6/KlLzJ2FeV/w"]"#]);
    loads.check("SELECT _dlt_id FROM data.t__l", &[r#"["6rVOW0pbUSjaAg"]"#, r#"["cOEyiQlNnfS7Kg"]"#]);
    loads
        .sink
        .connection
        .execute_batch("ALTER TABLE data.t ADD COLUMN note VARCHAR; UPDATE data.t SET note = 'mine'")
        .unwrap();
    loads.reopen();
    loads.load(&[r#"{"id":1,"other":true,"l":[5]}"#]);
    loads.check(
        "SELECT id, name, other, note, _dlt_id, _dlt_load_id FROM data.t ORDER BY id",
        &[r#"[1,null,true,"mine","z5jIxXIbUnmbKw","2.5"]"#, r#"[2,"b",null,"mine","M6/KlLzJ2FeV/w","1.5"]"#],
    );
    loads.check("SELECT value, _dlt_id FROM data.t__l", &[r#"[5,"6rVOW0pbUSjaAg"]"#]);
}

#[test]
fn insert_only_leaves_known_keys_alone() {
    let mut loads = Loads::merging(MergeStrategy::InsertOnly);
    loads.hints.hard_delete = Some("gone".to_owned());
    loads.declare();
    loads.load(&[r#"{"id":1,"name":"a","l":["a"]}"#]);
    loads.append(&[
        r#"{"id":1,"name":"x","l":["x","x"]}"#,
        r#"{"id":1,"gone":true}"#,
        r#"{"id":2,"name":"first","l":["first","first"]}"#,
        r#"{"id":3,"name":"x","gone":true,"l":["x"]}"#,
    ]);
    loads.append(&[r#"{"id":2,"name":"last","l":["last"]}"#]);
    let committed = loads.commit(true);
    assert_eq!(committed.rows, IndexMap::from([("t".to_owned(), 1), ("t__l".to_owned(), 1)]));
    loads.check(ROOT, &[r#"[1,"a","1.5"]"#, r#"[2,"last","2.5"]"#]);
    loads.check(CHILD, &[r#"["a","a"]"#, r#"["last","last"]"#]);
    loads.check(LEFT, &["[0,0]"]);
}

#[test]
fn rows_that_dlt_left_in_staging_do_not_count() {
    for strategy in BY_KEY {
        let mut loads = Loads::merging(strategy);
        loads.load(&[r#"{"id":1,"name":"a","l":["a"]}"#]);
        loads
            .sink
            .connection
            .execute_batch(
                "CREATE SCHEMA data_staging; CREATE TABLE data_staging.t AS FROM data.t; \
             CREATE TABLE data_staging.t__l AS FROM data.t__l",
            )
            .unwrap();
        loads.reopen();
        loads.load(&[r#"{"id":2,"name":"b"}"#]);
        loads.check(ROOT, &[r#"[1,"a","1.5"]"#, r#"[2,"b","2.5"]"#]);
        loads.check(CHILD, &[r#"["a","a"]"#]);
    }
}

#[test]
fn a_merge_that_is_replaced_once_has_each_key_once() {
    for strategy in BY_KEY {
        let mut loads = Loads::merging(strategy);
        loads.load(&[r#"{"id":1,"name":"old","l":["old"]}"#, r#"{"id":2,"name":"old"}"#]);
        loads.sink.replace_once("t", &[]);
        loads.append(&[r#"{"id":1,"name":"x","l":["x","x"]}"#, r#"{"id":3,"name":"c","l":["c"]}"#]);
        loads.commit(false);
        loads.reopen();
        loads.sink.replace_once("t", &[]);
        loads.append(&[r#"{"id":1,"name":"new","l":["new"]}"#]);
        loads.commit(true);
        loads.check(ROOT, &[r#"[1,"new","3.5"]"#, r#"[3,"c","3.5"]"#]);
        loads.check(CHILD, &[r#"["c","c"]"#, r#"["new","new"]"#]);
    }
}

/// A list may lead to the table of another resource; its items are records there, several of one record.
#[test]
fn records_of_one_record_are_told_apart() {
    let mut loads = Loads::merging(MergeStrategy::Upsert);
    let mut inner = loads.hints.clone();
    inner.resource = ResourceName::new("t__l").unwrap();
    loads.normalizer.declare(&inner);
    loads.load(&[r#"{"id":1,"l":[{"id":7,"m":[1]},{"id":8,"m":[2]},{"id":7,"m":[3,4]}]}"#]);
    loads.check("SELECT id FROM data.t__l ORDER BY ALL", &["[7]", "[8]"]);
    loads.check("SELECT value FROM data.t__l__m ORDER BY ALL", &["[2]", "[3]", "[4]"]);
}
