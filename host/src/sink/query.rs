//! Reading from the database: `sluicegate query`, and the figures that a run shows at its end.

use std::path::Path;
use std::time::Duration;

use duckdb::Connection;
use duckdb::arrow::array::{Array, ArrayRef, AsArray as _};
use duckdb::arrow::datatypes::{
    DataType, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use duckdb::arrow::error::ArrowError;
use duckdb::arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::Value;

use super::connect::{self, Access};
use super::error::SinkError;
use super::stored::{self, Found, Stored};
use super::{SinkOptions, Warm};

/// The answer to a query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Names of the columns, in order.
    pub columns: Vec<String>,
    /// Rows; a value per column. Numbers, truth values and nulls are JSON's own, anything else is text: times in
    /// RFC 3339, decimals and integers beyond 64 bits in digits, lists and structs as DuckDB's Arrow shows them.
    pub rows: Vec<Vec<Value>>,
}

/// A database opened for reading only.
pub struct Reader {
    connection: Connection,
    path: std::path::PathBuf,
}

impl Reader {
    /// Opens the file at `path`, which must be there.
    ///
    /// # Errors
    /// As [`Sink::open`](super::Sink::open): a file that another process is writing to is locked for readers, too.
    pub fn open(path: &Path, lock_wait: Duration, on_wait: &mut dyn FnMut(&str)) -> Result<Self, SinkError> {
        let connection = connect::open(path, Access::Read, lock_wait, on_wait, &mut Warm::default())?.connection;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// What loads left for the pipeline of `options`, whose file this is.
    ///
    /// # Errors
    /// [`SinkError::Bookkeeping`] when a stored document is none.
    pub fn stored(&self, options: &SinkOptions) -> Result<Stored, SinkError> {
        let found = Found::read(&self.connection, options)?;
        stored::documents(options, found.schema.as_ref(), found.state.as_ref(), found.staged)
    }

    /// Runs `sql` and collects what the last of its statements answers.
    ///
    /// # Errors
    /// [`SinkError::Query`] with DuckDB's reason; a statement that writes is one of those.
    pub fn query(&self, sql: &str) -> Result<Answer, SinkError> {
        run(&self.connection, &self.path, sql)
    }
}

pub(super) fn run(connection: &Connection, path: &Path, sql: &str) -> Result<Answer, SinkError> {
    let failed = |error: duckdb::Error| match SinkError::classify(path, "the query", &error) {
        SinkError::Other { reason, .. } => SinkError::Query { reason },
        other => other,
    };
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let batches = statement.query_arrow([]).map_err(failed)?;
    let schema = batches.get_schema();
    let columns = schema.fields().iter().map(|field| field.name().clone()).collect();
    let mut rows = Vec::new();
    for batch in batches {
        let cells: Result<Vec<_>, _> = batch.columns().iter().map(values).collect();
        let mut cells: Vec<_> = cells
            .map_err(|error| SinkError::Query { reason: error.to_string() })?
            .into_iter()
            .map(Vec::into_iter)
            .collect();
        rows.extend((0..batch.num_rows()).map(|_| cells.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>()));
    }
    Ok(Answer { columns, rows })
}

/// One column's values.
fn values(array: &ArrayRef) -> Result<Vec<Value>, ArrowError> {
    macro_rules! numbers {
        ($type:ty) => {
            array.as_primitive::<$type>().iter().map(|number| number.map_or(Value::Null, Value::from)).collect()
        };
    }
    Ok(match array.data_type() {
        DataType::Null => vec![Value::Null; array.len()],
        DataType::Boolean => array.as_boolean().iter().map(|b| b.map_or(Value::Null, Value::from)).collect(),
        DataType::Int8 => numbers!(Int8Type),
        DataType::Int16 => numbers!(Int16Type),
        DataType::Int32 => numbers!(Int32Type),
        DataType::Int64 => numbers!(Int64Type),
        DataType::UInt8 => numbers!(UInt8Type),
        DataType::UInt16 => numbers!(UInt16Type),
        DataType::UInt32 => numbers!(UInt32Type),
        DataType::UInt64 => numbers!(UInt64Type),
        DataType::Float32 => {
            array.as_primitive::<Float32Type>().iter().map(|n| n.map_or(Value::Null, |n| float(n.into()))).collect()
        }
        DataType::Float64 => array.as_primitive::<Float64Type>().iter().map(|n| n.map_or(Value::Null, float)).collect(),
        // `sum` and `count` over integers answer HUGEINT, which Arrow has as a decimal without fraction.
        DataType::Decimal128(_, 0) => {
            array.as_primitive::<Decimal128Type>().iter().map(|n| n.map_or(Value::Null, integer)).collect()
        }
        // The zone is that of the session, by name; the instant is what counts, so it is shown in UTC.
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
            let instants = array.as_primitive::<TimestampMicrosecondType>().clone();
            texts(&instants.with_timezone("+00:00"))?
        }
        _ => texts(array)?,
    })
}

fn texts(array: &dyn Array) -> Result<Vec<Value>, ArrowError> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array, &options)?;
    let text = |row| {
        if array.is_null(row) { Ok(Value::Null) } else { formatter.value(row).try_to_string().map(Value::String) }
    };
    (0..array.len()).map(text).collect()
}

/// JSON has no infinity and no NaN: they are shown as DuckDB writes them.
fn float(number: f64) -> Value {
    match serde_json::Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None => Value::String(number.to_string().to_lowercase()),
    }
}

/// Integers beyond 64 bits are texts. Arrow itself would cut the 39th digit that a HUGEINT can have.
fn integer(number: i128) -> Value {
    i64::try_from(number).map_or_else(|_| Value::String(number.to_string()), Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_become_json() {
        let connection = Connection::open_in_memory().unwrap();
        let sql = "SELECT 1 AS a, 1.5::DOUBLE, true, NULL, 'x', sum(i), TIMESTAMPTZ '2026-01-02 03:04:05.5+00', \
                   DATE '2026-01-02', 1.50::DECIMAL(38,9), 12345678901234567890123::HUGEINT, [1, 2], {'k': 'v'} \
                   FROM range(3) t(i)";
        let answer = run(&connection, Path::new("x"), sql).unwrap();
        assert_eq!(answer.columns[0], "a");
        assert_eq!(
            answer.rows,
            [[
                json!(1),
                json!(1.5),
                json!(true),
                json!(null),
                json!("x"),
                json!(3),
                json!("2026-01-02T03:04:05.500Z"),
                json!("2026-01-02"),
                json!("1.500000000"),
                json!("12345678901234567890123"),
                json!("[1, 2]"),
                json!("{k: v}"),
            ]]
        );
    }

    #[test]
    fn a_refused_query_says_why() {
        let connection = Connection::open_in_memory().unwrap();
        let error = run(&connection, Path::new("x"), "SELECT * FROM nowhere").unwrap_err().to_string();
        assert_eq!(error, "the query failed: Catalog Error: Table with name nowhere does not exist!");
    }
}
