//! Schema contracts: what is kept, dropped, refused and told, and that no run is blocked by the one before.

use acceptance::dlt;
use acceptance::fake_jivo::{FakeJivo, Fault, Options};
use acceptance::project::{Project, Report};
use serde_json::{Value, json};

use crate::start;

const INBOUND: &str = "inbound_messages";
const MODES: [&str; 3] = ["freeze", "discard_row", "discard_value"];

/// A stand-in with as many pages as `run` is called with, one record each unless said otherwise.
struct Source {
    server: FakeJivo,
    pages: usize,
}

impl Source {
    fn new(pages: usize) -> Self {
        let inbound = u64::try_from(pages).unwrap();
        Self { server: start(Options { inbound, page_size: 1, ..Options::default() }), pages }
    }

    fn project(&self) -> Project {
        Project::new(&self.server).only(&[INBOUND])
    }

    /// From now on the pages hold these records.
    fn serve(&self, pages: &[&str]) {
        assert_eq!(pages.len(), self.pages);
        let asked = self.server.requests_to(INBOUND).len();
        self.serve_from(asked + 1, pages);
    }

    /// The next requests get these pages.
    fn serve_from(&self, request: usize, pages: &[&str]) {
        for (number, page) in (request..).zip(pages) {
            self.server.fault(INBOUND, number..=number, Fault::Records((*page).to_owned()));
        }
    }

    fn asked(&self) -> usize {
        self.server.requests_to(INBOUND).len()
    }
}

fn words(contract: &Value) -> toml::Value {
    toml::Value::try_from(contract).unwrap()
}

fn with_contract(project: Project, contract: &Value) -> Project {
    project.set("resources.inbound_messages.schema_contract", words(contract))
}

/// The data of a table, in the order of `id`.
fn rows(project: &Project, table: &str) -> Vec<Value> {
    let mut rows = project.query(&format!("SELECT * FROM jivochat_data.{table} ORDER BY ALL"));
    for row in &mut rows {
        row.as_object_mut().unwrap().retain(|key, value| !key.starts_with("_dlt_") && !value.is_null());
    }
    rows
}

/// The discards of a report: rows and values.
fn discarded(report: &Report) -> (u64, u64) {
    let resource = report.resource(INBOUND);
    (resource["discarded_rows"].as_u64().unwrap(), resource["discarded_values"].as_u64().unwrap())
}

#[test]
fn what_is_dropped_is_counted_and_told() {
    let source = Source::new(2);
    let project = source.project();
    source.serve(&[r#"{"id":1,"n":1,"l":[1]}"#, r#"{"id":2,"n":2}"#]);
    project.run().run().code(0);

    let project = with_contract(project, &json!({"columns": "discard_row", "data_type": "discard_value"}));
    source.serve(&[r#"{"id":3,"n":"three"},{"id":4,"new":4,"l":[1,2]},null"#, r#"{"id":5}"#]);
    let (output, report) = project.run_with_report();
    output
        .code(0)
        .stderr_has(&["warning: inbound_messages: 3 rows and 1 value discarded by `schema_contract = { columns = \
         \"discard_row\", data_type = \"discard_value\" }` of `[resources.inbound_messages]`\n"]);
    report.loaded(INBOUND, 2);
    assert_eq!(discarded(&report), (3, 1));
    assert_eq!(report.resource(INBOUND)["rejected"], 1);
    assert_eq!(report.0["loads"][0]["rows"], json!({"inbound_messages": 2, "_rejected_records": 1}));
    let expected = [json!({"id": 1, "n": 1}), json!({"id": 2, "n": 2}), json!({"id": 3}), json!({"id": 5})];
    assert_eq!(rows(&project, INBOUND), expected);
    assert_eq!(project.count("_rejected_records"), 1, "a dropped record is not a rejected one");

    // Nothing was learned from what was dropped.
    source.serve(&[r#"{"id":6,"new":"text now"}"#, r#"{"id":7}"#]);
    let project = with_contract(project, &json!("evolve"));
    project.run().run().code(0);
    assert_eq!(rows(&project, INBOUND)[4], json!({"id": 6, "new": "text now"}));
}

#[test]
fn a_run_that_drops_everything_is_loaded() {
    let source = Source::new(1);
    let project = with_contract(source.project(), &json!({"tables": "discard_row"}));
    source.serve(&[r#"{"id":1},{"id":2,"l":[1]}"#]);
    let project = project.set("source.resources", vec!["status", INBOUND]);
    let (output, report) = project.run_with_report();
    output.code(0);
    report.loaded(INBOUND, 0).loaded("status", 1);
    assert_eq!(discarded(&report), (3, 0));
    assert_eq!(project.tables(), ["status"]);
    // The table is as new as before.
    source.serve(&[r#"{"id":1},{"id":2,"l":[1]}"#]);
    with_contract(project, &json!("evolve")).run().run().code(0).lacks("discarded");
}

#[test]
fn a_frozen_resource_fails_alone_and_goes_on_when_it_can() {
    for relaxed in [None, Some("evolve"), Some("discard_value"), Some("discard_row")] {
        let source = Source::new(3);
        let project = source.project().set("source.resources", vec!["status", INBOUND]).set("load.commit_rows", 1);
        source.serve(&[r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":3}"#]);
        project.run().run().code(0);

        let project = with_contract(project, &json!("freeze"));
        let asked = source.asked();
        source.serve(&[r#"{"id":4}"#, r#"{"id":5},{"id":6,"new":6}"#, r#"{"id":7}"#]);
        let (output, report) = project.run_with_report();
        output.code(5).stderr_has(&[
            "error: inbound_messages: destination: a record brings the new column `new` of table `inbound_messages`, and \
             `schema_contract` of `[resources.inbound_messages]` freezes `columns`\n",
            "hint: to take it, write `schema_contract = { tables = \"freeze\", columns = \"evolve\", data_type = \
             \"freeze\" }` in `[resources.inbound_messages]`",
        ]);
        report.failed(INBOUND, "destination", None).loaded("status", 1);
        assert_eq!(report.0["status"], "partial");
        // The page before is kept; of the page with the record, nothing is.
        assert_eq!(report.resource(INBOUND)["records"], 1);
        assert_eq!(project.value("SELECT max(id) FROM jivochat_data.inbound_messages"), "4");

        // As long as nothing changes it fails again, and asks for no page twice that it has.
        let again = asked + 2;
        source.serve_from(source.asked() + 1, &[r#"{"id":5},{"id":6,"new":6}"#]);
        project.run().run().code(5);
        assert!(source.server.requests_to(INBOUND)[again..].iter().all(|request| request.target.contains("page=")));
        assert_eq!(project.value("SELECT count(*) FROM jivochat_data.inbound_messages"), "4");

        // The data are good again, or the contract is another one: it goes on, and nothing is lost or doubled.
        let page = if relaxed.is_some() { r#"{"id":5},{"id":6,"new":6}"# } else { r#"{"id":5},{"id":6}"# };
        source.serve_from(source.asked() + 1, &[page, r#"{"id":7}"#]);
        let project = if let Some(word) = relaxed { with_contract(project, &json!(word)) } else { project };
        let (output, report) = project.run_with_report();
        output.code(0);
        report.loaded(INBOUND, if relaxed == Some("discard_row") { 2 } else { 3 });
        let ids = project.value("SELECT string_agg(id, '' ORDER BY id) FROM jivochat_data.inbound_messages");
        assert_eq!(ids, if relaxed == Some("discard_row") { "123457" } else { "1234567" });
        let columns = project.value("SELECT count(*) FROM duckdb_columns() WHERE column_name = 'new'");
        assert_eq!(columns, if relaxed == Some("evolve") { "1" } else { "0" });
    }
}

#[test]
fn a_frozen_replace_keeps_the_old_rows_until_the_new_ones_are_complete() {
    let source = Source::new(3);
    let project = source.project().set("resources.inbound_messages.write_disposition", "replace");
    let project = with_contract(project, &json!({"columns": "freeze"})).set("load.commit_rows", 1);
    // A table that is new takes the columns of all pages.
    source.serve(&[r#"{"id":1}"#, r#"{"id":2,"n":1}"#, r#"{"id":3,"m":1}"#]);
    project.run().run().code(0);
    source.serve(&[r#"{"id":4}"#, r#"{"id":5}"#, r#"{"id":6,"new":1}"#]);
    project.run().run().code(5);
    assert_eq!(project.value("SELECT string_agg(id, '' ORDER BY id) FROM jivochat_data.inbound_messages"), "123");
    source.serve_from(source.asked() + 1, &[r#"{"id":6}"#]);
    project.run().run().code(0);
    assert_eq!(project.value("SELECT string_agg(id, '' ORDER BY id) FROM jivochat_data.inbound_messages"), "456");
}

#[test]
fn a_new_table_takes_columns_until_it_was_read_to_the_end_whatever_stops_it() {
    let source = Source::new(3);
    let project = with_contract(source.project(), &json!({"columns": "freeze"})).set("load.commit_rows", 1);
    let project = project.without_retries();
    source.serve(&[r#"{"id":1}"#, r#"{"id":2,"n":1}"#, ""]);
    source.server.fault(INBOUND, 3..=3, Fault::CloseBeforeAnswer);
    project.run().run().code(4);
    source.serve_from(4, &[r#"{"id":3,"m":1}"#]);
    project.run().run().code(0);
    source.serve(&[r#"{"id":4,"n":2,"m":2}"#, r#"{"id":5}"#, r#"{"id":6,"late":1}"#]);
    project.run().run().code(5);
    assert_eq!(project.count(INBOUND), 5);
}

#[test]
fn a_merge_works_with_a_frozen_schema() {
    let source = Source::new(1);
    let project = source.project();
    source.serve(&[r#"{"id":1,"v":"a","l":[1]},{"id":2,"v":"b","gone":false}"#]);
    project.run().run().code(0);
    let project = with_contract(project, &json!("freeze"))
        .set("resources.inbound_messages.write_disposition", "merge")
        .set("resources.inbound_messages.primary_key", vec!["id"])
        .set("resources.inbound_messages.columns.gone.hard_delete", true);
    source.serve(&[r#"{"id":1,"v":"c","l":[2,3]},{"id":2,"gone":true},{"id":3,"v":"d"}"#]);
    project.run().run().code(0);
    let expected = [json!({"id": 1, "v": "c"}), json!({"id": 3, "v": "d"})];
    assert_eq!(rows(&project, INBOUND), expected);
    assert_eq!(rows(&project, "inbound_messages__l"), [json!({"value": 2}), json!({"value": 3})]);
}

/// The same records through dlt, with the contract of each case; prints rows by case and table.
const IN_DLT: &str = r#"
import dlt, duckdb, json, sys
from dlt.common.schema.exceptions import DataValidationError

first, second, contracts = (json.loads(argument) for argument in sys.argv[1:])
answers = []
for number, contract in enumerate(contracts):
    pipeline = dlt.pipeline(f"case_{number}", destination=dlt.destinations.duckdb(f"case_{number}.duckdb"), dataset_name="d")
    frozen = False
    for records, terms in ((first, "evolve"), (second, contract)):
        resource = dlt.resource(records, name="t", schema_contract=terms)
        try:
            pipeline.run(resource)
        except Exception:
            frozen = True
    tables = {}
    with duckdb.connect(f"case_{number}.duckdb", read_only=True) as db:
        for table in pipeline.default_schema.data_table_names():
            cursor = db.execute(f'SELECT * FROM d."{table}" ORDER BY ALL')
            names = [column[0] for column in cursor.description]
            rows = ({k: v for k, v in zip(names, row) if v is not None and not k.startswith("_dlt")} for row in cursor.fetchall())
            tables[table] = list(rows)
    answers.append({"frozen": frozen, "tables": tables})
print(json.dumps(answers))
"#;

#[test]
fn each_contract_does_what_it_does_in_dlt() {
    let first = r#"{"id":1,"n":1,"l":[{"x":1}]},{"id":2,"n":2}"#;
    let second = r#"{"id":3,"n":3,"new":1},{"id":4,"n":"four"},{"id":5,"n":5,"m":[{"y":1}],"l":[{"x":2},{"x":3,"z":1},{"x":"w"}]},{"id":6}"#;
    let entities = ["tables", "columns", "data_type"];
    let each = entities.iter().flat_map(|entity| MODES.iter().map(move |mode| json!({*entity: *mode})));
    let contracts: Vec<Value> = MODES.iter().map(|mode| json!(mode)).chain(each).chain([json!("evolve")]).collect();

    // One resource of one run for each contract, all of the same endpoint.
    let source = Source::new(1);
    let names: Vec<String> = (0..contracts.len()).map(|number| format!("case_{number}")).collect();
    let mut project = source.project().set("source.resources", names.clone());
    for name in &names {
        project = project.set(&format!("source.config.resources.{name}.path"), INBOUND);
    }
    source.server.fault(INBOUND, .., Fault::Records(first.to_owned()));
    project.run().run().code(0);
    for (name, contract) in names.iter().zip(&contracts) {
        project = project.set(&format!("resources.{name}.schema_contract"), words(contract));
    }
    source.server.fault(INBOUND, .., Fault::Records(second.to_owned()));
    let (output, report) = project.run_with_report();
    output.code(5);

    let list = |records: &str| format!("[{records}]");
    let answers = dlt::script(project.dir(), IN_DLT)
        .args([list(first), list(second), serde_json::to_string(&contracts).unwrap()])
        .run();
    let answers: Vec<Value> = serde_json::from_str(&answers.code(0).stdout).unwrap();
    let loaded: u64 = rows_in_all(&answers[contracts.len() - 1]);
    for ((name, contract), answer) in names.iter().zip(&contracts).zip(&answers) {
        let resource = report.resource(name);
        let failed = resource["error"]["kind"] == "destination";
        assert_eq!(failed, answer["frozen"].as_bool().unwrap(), "{contract}: {resource:#}");
        for (table, theirs) in answer["tables"].as_object().unwrap() {
            let ours = rows(&project, &table.replacen('t', name, 1));
            assert_eq!(&json!(ours), theirs, "`{table}` of {contract}");
        }
        if !failed {
            let dropped = resource["discarded_rows"].as_u64().unwrap();
            assert_eq!(dropped, loaded - rows_in_all(answer), "{contract}: {resource:#}");
        }
    }
}

fn rows_in_all(answer: &Value) -> u64 {
    let tables = answer["tables"].as_object().unwrap();
    tables.values().map(|rows| u64::try_from(rows.as_array().unwrap().len()).unwrap()).sum()
}

#[test]
fn a_contract_of_the_pipeline_holds_for_resources_without_one_and_is_stored_for_dlt() {
    let source = Source::new(1);
    let project = source.project();
    source.serve(&[r#"{"id":1}"#]);
    project.run().run().code(0);
    let project = project.set("pipeline.schema_contract", words(&json!({"columns": "discard_value"})));
    source.serve(&[r#"{"id":2,"new":1}"#]);
    let (output, report) = project.run_with_report();
    output
        .code(0)
        .stderr_has(&["1 value discarded by `schema_contract = { columns = \"discard_value\" }` of `[pipeline]`"]);
    assert_eq!(discarded(&report), (0, 1));

    let code = "import dlt\n\
         pipeline = dlt.pipeline('jivochat_pipeline', destination=dlt.destinations.duckdb('jivochat.duckdb'), \
         dataset_name='jivochat_data')\n\
         pipeline.sync_destination()\n\
         schema = pipeline.default_schema\n\
         print(schema.settings['schema_contract'], schema.resolve_contract_settings_for_table('inbound_messages'))";
    dlt::run(project.dir(), code).stdout_has(&[
        "{'columns': 'discard_value'} {'tables': 'evolve', 'columns': 'discard_value', 'data_type': 'evolve'}",
    ]);

    // A resource's contract takes its place as a whole; without any, the stored one holds.
    let own = with_contract(project, &json!({"tables": "freeze"}));
    source.serve(&[r#"{"id":3,"new":1}"#]);
    own.run().run().code(0);
    let silent = own.unset("resources").unset("pipeline.schema_contract");
    source.serve(&[r#"{"id":4,"l":[1]}"#]);
    silent.run().run().code(5).stderr_has(&["and the schema contract stored in the dataset freezes `tables`"]);
    source.serve(&[r#"{"id":4,"l":[1]}"#]);
    let project = with_contract(silent, &json!("evolve"));
    project.run().run().code(0);
    assert_eq!(project.count("inbound_messages__l"), 1);
}

#[test]
fn a_contract_that_dlt_stored_holds_until_the_pipeline_file_says_otherwise() {
    let source = Source::new(1);
    let project = source.project();
    let code = "import dlt\n\
         pipeline = dlt.pipeline('jivochat_pipeline', destination=dlt.destinations.duckdb('jivochat.duckdb'), \
         dataset_name='jivochat_data')\n\
         resource = dlt.resource([{'id': 1}], name='inbound_messages', schema_contract={'columns': 'discard_row'})\n\
         print(pipeline.run(resource, schema=dlt.Schema('jivochat_source')))";
    dlt::run(project.dir(), code).stdout_has(&["LOADED"]);
    source.serve(&[r#"{"id":2},{"id":3,"new":1}"#]);
    let (output, report) = project.run_with_report();
    output
        .code(0)
        .stderr_has(&["1 row discarded by `schema_contract = { columns = \"discard_row\" }`, stored in the dataset"]);
    assert_eq!(discarded(&report), (1, 0));
    source.serve(&[r#"{"id":4,"new":1}"#]);
    let project = project.set("pipeline.schema_contract", "evolve");
    project.run().run().code(0);
    let expected = [json!({"id": 1}), json!({"id": 2}), json!({"id": 4, "new": 1})];
    assert_eq!(rows(&project, INBOUND), expected);
}

#[test]
fn words_that_are_none_are_named_with_the_nearest() {
    let source = Source::new(1);
    for (key, value, words) in [
        ("pipeline.schema_contract", json!("frieze"), ["`pipeline.schema_contract` in `", "did you mean `freeze`?"]),
        (
            "resources.inbound_messages.schema_contract",
            json!({"columns": "discard_rows"}),
            ["`resources.inbound_messages.schema_contract.columns` in `", "did you mean `discard_row`?"],
        ),
        (
            "resources.inbound_messages.schema_contract",
            json!({"column": "freeze"}),
            ["`resources.inbound_messages.schema_contract.column` in `", "schema_contract.columns`?"],
        ),
        (
            "pipeline.schema_contract",
            json!(7),
            ["`pipeline.schema_contract` in `", "write a word such as `\"freeze\"`"],
        ),
        (
            "resources.inbound_messages.columns.id",
            json!({"data_type": "bigin"}),
            ["`resources.inbound_messages.columns.id.data_type` in `", "did you mean `bigint`?"],
        ),
        (
            "resources.inbound_messages.columns._dlt_id",
            json!({"data_type": "text"}),
            ["`resources.inbound_messages.columns._dlt_id` in `", "begin with `_dlt`"],
        ),
    ] {
        let project = source.project().set(key, toml::Value::try_from(&value).unwrap());
        project.run().run().code(2).stderr_has(&words).stderr_has(&["sluicegate.toml"]);
        assert_eq!(source.asked(), 0);
    }
}
