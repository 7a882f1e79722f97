"""Prints the number of rows of each table that a tool has loaded, as one JSON object."""

import json
import sys

import duckdb

connection = duckdb.connect(sys.argv[1], read_only=True)
tables = connection.execute(
    "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'bench' AND table_name NOT LIKE '\\_%' ESCAPE '\\'"
).fetchall()
print(json.dumps({name: connection.execute(f"SELECT count(*) FROM bench.{name}").fetchone()[0] for (name,) in tables}))
