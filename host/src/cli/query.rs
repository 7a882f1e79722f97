//! `query`: SQL on the destination of a pipeline.

use std::path::Path;

use comfy_table::{Table, presets};
use serde_json::Value;

use super::{
    args::{QueryArgs, QueryFormat},
    exit_code,
    failure::{Failure, Outcome},
};
use crate::{
    config::{Config, Overrides},
    sink::{Answer, Reader},
};

/// Runs a query and prints its result. Opens the destination for reading only.
pub(crate) fn query(args: &QueryArgs) -> Outcome {
    let (pipeline, sql) = match args.pipeline_and_sql.as_slice() {
        [sql] => ("sluicegate.toml", sql),
        [pipeline, sql] => (pipeline.as_str(), sql),
        _ => return Err(Failure::config("`query` takes a pipeline file and one query", None)),
    };
    let config = Config::load(Path::new(pipeline), &Overrides::default())?;
    let reader = Reader::open(&config.database, config.lock_wait, &mut super::render::waiting(&config.database))?;
    let result = reader.query(sql).map_err(|error| {
        let mut failure = Failure::from(error);
        if failure.hint.is_none() {
            failure.hint = Some(format!("tables are in the dataset: `SELECT * FROM {}.status`", config.dataset));
        }
        failure
    })?;
    let text = match args.format {
        QueryFormat::Table => table(&result),
        QueryFormat::Csv => csv(&result)?,
        QueryFormat::Json => json(&result)?,
    };
    super::render::data(&text)?;
    Ok(exit_code::OK)
}

/// A result as a table for people.
pub(crate) fn table(result: &Answer) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY).set_header(&result.columns);
    for row in &result.rows {
        table.add_row(row.iter().map(|value| text(value, "NULL")));
    }
    format!("{table}\n")
}

/// A value without JSON's quotes.
fn text(value: &Value, null: &str) -> String {
    match value {
        Value::Null => null.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn csv(result: &Answer) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = writer.write_record(&result.columns).and_then(|()| {
        result.rows.iter().try_for_each(|row| writer.write_record(row.iter().map(|value| text(value, ""))))
    });
    written.map_err(anyhow::Error::from)?;
    let bytes = writer.into_inner().map_err(|error| anyhow::anyhow!("cannot write the result: {}", error.error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Column names with a number behind those that were there before, as DuckDB's own JSON has them: `a`, `a_1`.
fn distinct(columns: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(columns.len());
    for column in columns {
        let numbered = (1..).map(|number| format!("{column}_{number}"));
        let mut candidates = std::iter::once(column.clone()).chain(numbered);
        names.extend(candidates.find(|name| !names.contains(name)));
    }
    names
}

fn json(result: &Answer) -> Result<String, Failure> {
    let names = distinct(&result.columns);
    let rows: Vec<serde_json::Map<_, _>> =
        result.rows.iter().map(|row| names.iter().cloned().zip(row.iter().cloned()).collect()).collect();
    let text = serde_json::to_string_pretty(&rows).map_err(anyhow::Error::from)?;
    Ok(format!("{text}\n"))
}
