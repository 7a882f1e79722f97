//! What is dropped or hashed is found nowhere: not in the database and its log, not in the inbox, the report and what is
//! printed.

mod config;
mod pull;
mod push;
mod relay;

use std::path::{Path, PathBuf};

use acceptance::cli::Output;
use acceptance::places::workspace;
use acceptance::project::Project;

/// The lists that `docs/privacy.md` has for all that clients say and are.
fn documented(project: Project) -> Project {
    let text = std::fs::read_to_string(workspace().join("docs/privacy.md")).unwrap();
    let (_, section) = text.split_once("### All that clients say and are").unwrap();
    let block = section.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let table: toml::Table = block.parse().unwrap();
    table["privacy"]
        .as_table()
        .unwrap()
        .iter()
        .fold(project, |project, (key, paths)| project.set(&format!("privacy.{key}"), paths.clone()))
}

/// All files below a folder but the pipeline file and what was put there by the test.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.file_name().unwrap() != "sluicegate.toml" && path.extension() != Some("given".as_ref()) {
            found.push(path);
        }
    }
    found
}

/// The files that hold one of the texts, with it.
fn found(dir: &Path, texts: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for path in files(dir) {
        let bytes = std::fs::read(&path).unwrap();
        let holds = |text: &&&str| memchr::memmem::find(&bytes, text.as_bytes()).is_some();
        found.extend(texts.iter().filter(holds).map(|text| (path.clone(), (*text).to_owned())));
    }
    found
}

/// Panics when one of the texts is in a file, in a table (whose file may be compressed) or in what was printed.
#[track_caller]
fn assert_nowhere(project: &Project, outputs: &[&Output], texts: &[&str]) {
    let in_files = found(project.dir(), texts);
    assert!(in_files.is_empty(), "{in_files:?}");
    for output in outputs {
        for text in texts {
            output.lacks(text);
        }
    }
    if project.path("jivochat.duckdb").exists() {
        let rows = in_tables(project);
        let left: Vec<_> = texts.iter().filter(|text| rows.contains(**text)).collect();
        assert!(left.is_empty(), "{left:?} in {rows}");
    }
}

/// All tables of the dataset, as one text.
#[track_caller]
fn in_tables(project: &Project) -> String {
    let tables = project.query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema LIKE 'jivochat_data%' \
         AND table_schema NOT LIKE '%staging'",
    );
    let select = |row: &serde_json::Value| {
        let table = row["table_name"].as_str().unwrap();
        format!("SELECT '{table}' AS _table, COLUMNS(*)::VARCHAR FROM jivochat_data.{table}")
    };
    let selects: Vec<String> = tables.iter().map(select).collect();
    let rows = project.query(&selects.join(" UNION ALL BY NAME "));
    let values = rows.iter().flat_map(|row| row.as_object().unwrap().values());
    values.map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
