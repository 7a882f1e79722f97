//! Tables whose row groups have more rows than this program asks for: those that dlt made, or any other program.
//!
//! DuckDB 1.5 takes the last row group of such a table for one with room when few rows come in the transaction that altered it,
//! and fails at the commit ("could not find node in column segment tree"); it would fail at each run that follows. So the
//! first column that comes to such a table has it written anew, within the load.

use duckdb::Connection;

use super::connect::ROW_GROUP;
use super::ddl::{TableName, literal, quote};

/// Rows of a row group that is larger than that are those of another program.
const LARGEST: i64 = ROW_GROUP.cast_signed();

/// A table that takes the place of another, with no rows yet.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) name: TableName,
    columns: String,
}

impl Copy {
    /// Makes an empty copy of a table with large row groups. None when it has none; and when it has keys or indexes, with
    /// which DuckDB minds the size, or other constraints, which a copy would not have.
    pub(super) fn of(connection: &Connection, main: &TableName) -> duckdb::Result<Option<Self>> {
        let figure = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let text = literal(&main.to_string());
        if figure(&format!("SELECT count(*) FROM {main}"))? <= LARGEST {
            return Ok(None);
        }
        let largest = format!(
            "SELECT coalesce(max(rows), 0)::BIGINT FROM (SELECT sum(count) AS rows FROM pragma_storage_info({text}) \
             WHERE column_id = 0 GROUP BY row_group_id, column_path)"
        );
        let of_table = format!(
            "database_name = {} AND schema_name = {} AND table_name = {}",
            literal(&main.catalog),
            literal(&main.schema),
            literal(&main.table)
        );
        let bound = format!(
            "SELECT (SELECT count(*) FROM duckdb_constraints() WHERE {of_table} AND constraint_type <> 'NOT NULL') + \
             (SELECT count(*) FROM duckdb_indexes() WHERE {of_table})"
        );
        if figure(&largest)? <= LARGEST || figure(&bound)? > 0 {
            return Ok(None);
        }
        let name = TableName { table: "_sluicegate_copy".to_owned(), ..main.clone() };
        let described = format!("SELECT name, \"notnull\", dflt_value FROM pragma_table_info({text})");
        let mut statement = connection.prepare(&described)?;
        let column = |row: &duckdb::Row<'_>| Ok((quote(&row.get::<_, String>(0)?), row.get(1)?, row.get(2)?));
        let found = statement.query_map([], column)?.collect::<duckdb::Result<Vec<(_, bool, Option<String>)>>>()?;
        connection.execute_batch(&format!("CREATE TABLE {name} AS SELECT * FROM {main} LIMIT 0"))?;
        for (column, not_null, default) in &found {
            let alter = format!("ALTER TABLE {name} ALTER COLUMN {column} SET");
            if *not_null {
                connection.execute_batch(&format!("{alter} NOT NULL"))?;
            }
            if let Some(default) = default {
                connection.execute_batch(&format!("{alter} DEFAULT {default}"))?;
            }
        }
        let columns = found.into_iter().map(|(column, ..)| column).collect::<Vec<_>>().join(", ");
        tracing::info!("table `{}` is written anew, with smaller row groups, as it gets a column", main.table);
        Ok(Some(Self { name, columns }))
    }

    /// Takes the place of the table, with its rows. The answer is how many.
    pub(super) fn replace(self, connection: &Connection, main: &TableName) -> duckdb::Result<u64> {
        let Self { name, columns } = self;
        let rows = connection.execute(&format!("INSERT INTO {name} ({columns}) SELECT {columns} FROM {main}"), [])?;
        let rename = format!("DROP TABLE {main}; ALTER TABLE {name} RENAME TO {}", quote(&main.table));
        connection.execute_batch(&rename)?;
        Ok(rows as u64)
    }
}
