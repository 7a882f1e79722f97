//! Hints of columns: types from the start, and columns that must have a value.

use acceptance::fake_jivo::{Fault, Options};
use acceptance::project::Project;
use toml::Table;

use crate::start;

const INBOUND: &str = "inbound_messages";

#[test]
fn hinted_columns_have_their_type_and_must_have_a_value() {
    let server = start(Options { inbound: 1, ..Options::default() });
    let hint = |data_type: &str| {
        let mut table = Table::new();
        table.insert("data_type".into(), data_type.into());
        table
    };
    let mut required = Table::new();
    required.insert("nullable".into(), false.into());
    let key = "resources.inbound_messages.columns";
    let mut columns = Table::new();
    for (name, table) in [
        ("zip", hint("text")),
        ("price", hint("decimal")),
        ("day", hint("date")),
        ("visitor.fields", hint("json")),
        ("at", hint("timestamp")),
        ("big", hint("wei")),
        ("raw", hint("binary")),
        ("clock", hint("time")),
        ("id", required),
    ] {
        columns.insert(name.into(), table.into());
    }
    let project = Project::new(&server).only(&[INBOUND]).set(key, columns);
    server.fault(INBOUND, .., Fault::Records(r#"{"id":1,"zip":123,"price":"1.5","day":"2024-01-02","visitor":{"fields":{"a":[1]},"name":"x"},"at":1700000000,"big":7,"raw":"aGk=","clock":"03:04:05"},{"zip":"4"},{"id":2,"day":"soon"}"#.to_owned()));
    let (output, report) = project.run_with_report();
    output.code(0);
    report.loaded(INBOUND, 2);
    assert_eq!(report.resource(INBOUND)["rejected"], 1);
    let types = project.query(
        "SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = \
         'jivochat_data' AND table_name = 'inbound_messages' AND NOT starts_with(column_name, '_dlt_') ORDER BY ordinal_position",
    );
    let types: Vec<String> = types
        .iter()
        .map(|row| format!("{} {}", row["name"].as_str().unwrap(), row["type"].as_str().unwrap()))
        .collect();
    let expected = [
        "zip VARCHAR",
        "price DECIMAL(38,9)",
        "day DATE",
        "visitor__fields JSON",
        "at TIMESTAMP WITH TIME ZONE",
        "big DECIMAL(38,0)",
        "raw BLOB",
        "clock TIME",
        "id BIGINT",
        "visitor__name VARCHAR",
        "day__v_text VARCHAR",
    ];
    assert_eq!(types, expected);
    let text = "SELECT concat_ws('|', zip, price, day, visitor__fields, epoch(\"at\"), big, raw, clock) \
                FROM jivochat_data.inbound_messages WHERE id = 1";
    assert_eq!(project.value(text), "123|1.500000000|2024-01-02|{\"a\":[1]}|1700000000.0|7|hi|03:04:05");
    let reason = project.value("SELECT reason FROM jivochat_data._rejected_records");
    assert_eq!(reason, "column `id` of table `inbound_messages` must have a value");

    // The type of a column that is there stays, and the hint says that it has no effect.
    server.fault(INBOUND, .., Fault::Records(r#"{"id":3,"zip":9}"#.to_owned()));
    let project = project.set(&format!("{key}.zip.data_type"), "bigint");
    project.run().run().code(0).stderr_has(&[
        "warning: inbound_messages: column `zip` of `inbound_messages` is text already and stays so: `data_type = \"bigint\"` \
         has no effect\n",
    ]);
}
