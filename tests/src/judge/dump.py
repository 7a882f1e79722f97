"""Dumps a dataset as text, so that two of them can be compared whole, whoever made them.

What differs from load to load is replaced by what it means: load ids by `load 1`, `load 2`; ids that dlt draws at random
by `random`; ids of child rows by `hash` where they are the hash that dlt documents. Rows are sorted, child rows under
their parent.
"""

import base64
import datetime
import json
import zlib
from collections import defaultdict

import duckdb
from dlt.common.normalizers.json.helpers import get_nested_row_hash
from dlt.common.schema import Schema
from dlt.common.schema.utils import generate_version_hash

LINKS = ("_dlt_id", "_dlt_parent_id", "_dlt_list_idx", "_dlt_root_id", "_dlt_load_id")
DATES = {"x-valid-from", "x-valid-to"}
DAY = datetime.timedelta(days=1)
# What counts versions is compared by its meaning: a new version when the content is new.
COUNTERS = ("version", "version_hash", "previous_hashes", "imported_version_hash")


def dump(file, dataset, cases):
    """The text of each case, which is a resource with its tables, and of the bookkeeping (`books`)."""
    with duckdb.connect(file, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        data = Dataset(connection, dataset)
        tables = {case: [name for name in data.names if name == case or name.startswith(case + "__")] for case in cases}
        texts = {case: "\n".join(_case(data, names)) for case, names in tables.items()}
        return {"cases": texts, "books": "\n".join(_books(data)), "hash": data.schema["version_hash"]}


class Dataset:
    """The tables of a dataset, with what its newest schema says of them."""

    def __init__(self, connection, name):
        self.connection, self.name = connection, name
        self.columns = defaultdict(dict)
        described = connection.execute(
            "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() "
            "WHERE schema_name = ? ORDER BY table_name, column_index",
            [name],
        )
        for table, column, data_type, nullable in described.fetchall():
            self.columns[table][column] = data_type if nullable else f"{data_type} NOT NULL"
        self.schema = json.loads(self.rows("_dlt_version", "inserted_at")[-1]["schema"])
        self.names = sorted({*self.columns, *self.schema["tables"]})
        loads = self.rows("_dlt_loads", "load_id")
        self.loads = [row["load_id"] for row in loads]
        self.ends = [row["inserted_at"] for row in loads]

    def rows(self, table, order="rowid"):
        """The rows of a table, without their nulls."""
        if table not in self.columns:
            return []
        result = self.connection.execute(f'SELECT * FROM "{self.name}"."{table}" ORDER BY {order}')
        names = [column[0] for column in result.description]
        rows = [zip(names, row) for row in result.fetchall()]
        return [{name: value for name, value in row if value is not None} for row in rows]

    def load(self, load_id):
        return f"load {self.loads.index(load_id) + 1}" if load_id in self.loads else f"no load `{load_id}`"


    def time(self, value):
        """A time of a load as its number; another one, which was told by hints, as it is."""
        if self.ends[0] - DAY < value <= self.ends[-1]:
            return f"time of load {1 + sum(end < value for end in self.ends)}"
        return _value(value)


def _case(data, names):
    for name in names:
        yield from _columns(data, name)
    yield from _rows(data, names)


def _columns(data, name):
    """Columns with type and hints; those without a type are in the schema alone."""
    hints = dict(data.schema["tables"].get(name, {}))
    columns = hints.pop("columns", {})
    hints.pop("name", None)
    yield f"table {name} {_json(hints)}"
    present = data.columns.get(name, {})
    for column in [*present, *(column for column in columns if column not in present)]:
        hint = {key: value for key, value in columns.get(column, {}).items() if key not in ("name", "data_type")}
        data_type = columns.get(column, {}).get("data_type")
        yield f"  {column} {present.get(column, '-')} {data_type} {_json(hint)}"
    if [*present] != [column for column in columns if column in present]:
        yield f"  the schema has another order: {', '.join(columns)}"


def _rows(data, names):
    """The rows of root tables with the rows below them, in the order of their texts."""
    below, known, roots = defaultdict(list), set(), []
    for name in names:
        rows = data.rows(name)
        known.update(row["_dlt_id"] for row in rows)
        for row in rows:
            roots.append((name, row))
            if "_dlt_parent_id" in row:
                below[row["_dlt_parent_id"]].append((name, row))
    roots = [(name, row) for name, row in roots if row.get("_dlt_parent_id") not in known]
    trees = sorted(tree for name, row in roots for tree in [_tree(data, below, name, row, row["_dlt_id"], 0)])
    seen = [row["_dlt_id"] for name in names for row in data.rows(name)]
    for tree in trees:
        yield from tree
    if len(seen) != len(set(seen)):
        yield f"{len(seen) - len(set(seen))} ids are there twice"


def _tree(data, below, name, row, root, depth):
    hints = data.schema["tables"].get(name, {})
    dates = [column for column, hint in hints.get("columns", {}).items() if DATES.intersection(hint)]
    values = {key: data.time(value) if key in dates else _value(value) for key, value in sorted(row.items())}
    values = " ".join(f"{key}={value}" for key, value in values.items() if key not in LINKS)
    links = []
    if "_dlt_load_id" in row:
        links.append(data.load(row["_dlt_load_id"]))
    if "_dlt_list_idx" in row:
        links.append(f"item {row['_dlt_list_idx']}")
    if "_dlt_parent_id" in row and depth == 0:
        links.append(f"parent {row['_dlt_parent_id']}")
    if "_dlt_root_id" in row:
        links.append("root" if row["_dlt_root_id"] == root else f"root {row['_dlt_root_id']}")
    links.append(_id(row, name, hints))
    lines = ["  " * depth + f"row {name} {values} ({', '.join(links)})"]
    children = sorted(below.get(row["_dlt_id"], []), key=lambda child: (child[0], child[1].get("_dlt_list_idx", 0)))
    for child, child_row in children:
        lines += _tree(data, below, child, child_row, root, depth + 1)
    return lines


def _id(row, name, hints):
    row_id = row["_dlt_id"]
    if "parent" in hints and "_dlt_parent_id" in row and "_dlt_list_idx" in row:
        if row_id == get_nested_row_hash(row["_dlt_parent_id"], name, row["_dlt_list_idx"]):
            return "hash"
    elif len(row_id) == 14 and not _makes_ids(hints):
        return "random"
    return f"id {row_id}"


def _makes_ids(hints):
    """Whether the ids of a root table are made of its rows; all others are drawn."""
    strategy = hints.get("x-merge-strategy") if hints.get("write_disposition") == "merge" else None
    if strategy == "scd2":
        return "x-row-version" in hints["columns"].get("_dlt_id", {})
    return strategy in ("upsert", "insert-only", "cdc")


def _books(data):
    """The bookkeeping tables, and all of the schema that is not a data table."""
    schema = data.schema
    for name in ("_dlt_loads", "_dlt_version", "_dlt_pipeline_state"):
        yield from _columns(data, name)
    rest = {key: value for key, value in schema.items() if key not in (*COUNTERS, "tables")}
    yield f"schema {_json(rest)}"
    versions = data.rows("_dlt_version", "inserted_at, version")
    hashes = [row["version_hash"] for row in versions]
    for place, row in enumerate(versions):
        stored = json.loads(row["schema"])
        facts = [f"engine {row['engine_version']}", row["schema_name"]]
        if generate_version_hash(stored) != row["version_hash"] or stored["version_hash"] != row["version_hash"]:
            facts.append("with a wrong hash")
        if Schema.from_dict(json.loads(row["schema"])).version_hash != row["version_hash"]:
            facts.append("which dlt reads as another version")
        if place and stored["version"] <= json.loads(versions[place - 1]["schema"])["version"]:
            facts.append("with a version that is not higher")
        yield f"version {place + 1}: {', '.join(facts)}"
    for place, row in enumerate(data.rows("_dlt_loads", "load_id")):
        version = hashes.index(row["schema_version_hash"]) + 1
        yield f"load {place + 1}: {row['schema_name']}, status {row['status']}, version {version}"
    states = data.rows("_dlt_pipeline_state", "created_at, version")
    newest = _without_ours(json.loads(zlib.decompress(base64.b64decode(states[-1]["state"]))))
    counted = [key for key in newest if key.startswith("_")]
    rest = {key: value for key, value in newest.items() if key not in counted}
    engines = sorted({row["engine_version"] for row in states})
    yield f"state of {states[-1]['pipeline_name']}, engine {engines}: {_json(rest)} and {sorted(counted)}"


def _without_ours(state):
    """A state without what this program keeps in it, and without what is empty then."""
    if not isinstance(state, dict):
        return state
    kept = {key: _without_ours(value) for key, value in state.items() if key != "sluicegate"}
    return {key: value for key, value in kept.items() if value != {}}


def _value(value):
    if isinstance(value, datetime.datetime):
        return f"{value.isoformat()}"
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"{value!r}" if isinstance(value, float) else f"{value}"


def _json(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
