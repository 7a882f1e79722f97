//! All that a dataset holds, as text: each column with its type, each row with what it is linked to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use acceptance::project::Project;
use serde_json::{Map, Value};

/// Tables by name, each as text.
pub(crate) type Tables = BTreeMap<String, String>;

type Row = Map<String, Value>;

/// Columns that are random, or tell of a load. Links are told by what they lead to.
const OF_LOAD: [&str; 5] = ["_dlt_id", "_dlt_parent_id", "_dlt_root_id", "_dlt_load_id", "rejected_at"];

/// All tables with data. `time` is shown in place of times of receipt, which differ from server to server.
pub(crate) fn dump(project: &Project, time: Option<&str>) -> Tables {
    let columns = columns(project);
    let select = |table: &String| format!("SELECT '{table}' AS _table, COLUMNS(*)::VARCHAR FROM jivochat_data.{table}");
    let selects: Vec<String> = columns.keys().map(select).collect();
    let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in project.query(&selects.join(" UNION ALL BY NAME ")) {
        let Value::Object(mut row) = row else { panic!("{row} is no row") };
        let table = row["_table"].as_str().unwrap().to_owned();
        row.iter_mut().for_each(|(column, value)| hide(column, value, time));
        rows.entry(table).or_default().push(row);
    }
    let mut labels = BTreeMap::new();
    // A child's name begins with that of its parent, so it comes later.
    for (table, rows) in &rows {
        for row in rows {
            // What was rejected has no identity.
            if let Some(id) = row["_dlt_id"].as_str() {
                labels.insert(id.to_owned(), label(table, row, &labels));
            }
        }
    }
    let text = |(table, columns): (&String, &BTreeMap<String, String>)| {
        let rows = rows.get(table).into_iter().flatten();
        let mut rows: Vec<String> = rows.map(|row| text(row, columns, &labels)).collect();
        rows.sort();
        let columns: Vec<String> = columns.iter().map(|(name, kind)| format!("{name} {kind}\n")).collect();
        (table.clone(), columns.concat() + &rows.concat())
    };
    columns.iter().map(text).collect()
}

/// Types by column, by table.
fn columns(project: &Project) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut tables: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let rows = project.query(
        "SELECT table_name, column_name, data_type FROM information_schema.columns \
         WHERE table_schema = 'jivochat_data' AND NOT starts_with(table_name, '_dlt_') \
         AND table_name <> '_sluicegate_inbox'",
    );
    for row in rows {
        let text = |column: &str| row[column].as_str().unwrap().to_owned();
        tables.entry(text("table_name")).or_default().insert(text("column_name"), text("data_type"));
    }
    tables
}

/// Hides times of receipt: the columns that hold one, and the identities that are made of one and a digest.
fn hide(column: &str, value: &mut Value, time: Option<&str>) {
    let (Some(time), Some(text)) = (time, value.as_str()) else { return };
    let shown = match (column, text.split_once(' '), text.split_once('-')) {
        ("received_at", ..) => time.to_owned(),
        ("version", Some((rank, _)), _) => format!("{rank} {time}"),
        ("id", _, Some((ms, digest))) if ms.len() == 13 && digest.len() == 32 => format!("{time}-{digest}"),
        _ => return,
    };
    *value = shown.into();
}

/// How a row is called: by its key, or by its place in its parent.
fn label(table: &str, row: &Row, labels: &BTreeMap<String, String>) -> String {
    if let Some(parent) = row["_dlt_parent_id"].as_str() {
        return format!("{} > {table}[{}]", labels[parent], row["_dlt_list_idx"].as_str().unwrap());
    }
    let own = match table {
        "chats" | "calls" => "chat_id",
        "offline_messages" => "offline_message_id",
        "clients" | "client_attributes" => "client_id",
        _ => "id",
    };
    format!("{table} {}", row[own].as_str().unwrap())
}

fn text(row: &Row, columns: &BTreeMap<String, String>, labels: &BTreeMap<String, String>) -> String {
    let parent = row["_dlt_parent_id"].as_str().map(|id| format!(" of {}", labels[id]));
    let mut text = format!("-{}\n", parent.unwrap_or_default());
    for (column, kind) in columns.iter().filter(|(column, _)| !OF_LOAD.contains(&column.as_str())) {
        match row[column].as_str() {
            Some(value) if kind == "VARCHAR" => {
                let _ = writeln!(text, "  {column} = {}", Value::from(value));
            }
            Some(value) => {
                let _ = writeln!(text, "  {column} = {value}");
            }
            None => {}
        }
    }
    text
}
