"""Loads the records from a file with DuckDB's own reader: as one table of structs, or taken apart into three tables.

The time is that of the statements and of closing the file, without the start of the interpreter.
"""

import sys
import time

import duckdb

FLAT = """
CREATE TABLE bench.inbound_messages AS SELECT id, sequence, channel_id, chat_id, direction, type, text, created_at,
    timestamp, score, is_read, visitor.number AS visitor__number, visitor.name AS visitor__name,
    visitor.email AS visitor__email, visitor.phone AS visitor__phone, visitor.geoip.city AS visitor__geoip__city,
    visitor.geoip.country_code AS visitor__geoip__country_code, visitor.geoip.latitude AS visitor__geoip__latitude,
    visitor.geoip.longitude AS visitor__geoip__longitude, agent.id AS agent__id, agent.name AS agent__name,
    page.url AS page__url, page.title AS page__title
FROM raw;
CREATE TEMP TABLE items AS SELECT id, generate_subscripts(attachments, 1) - 1 AS idx, unnest(attachments) AS item
FROM raw;
CREATE TABLE bench.inbound_messages__attachments AS SELECT id AS message_id, idx, item.file_name, item.file_size,
    item.mime_type, item.file
FROM items;
CREATE TABLE bench.inbound_messages__attachments__previews AS SELECT id AS message_id, idx AS attachment_idx,
    preview_idx, preview.width, preview.height
FROM (SELECT id, idx, generate_subscripts(item.previews, 1) - 1 AS preview_idx, unnest(item.previews) AS preview
      FROM items);
"""


def main():
    mode, file = sys.argv[1:3]
    began = time.perf_counter()
    connection = duckdb.connect("loaded.duckdb", config={"threads": "2"})
    connection.execute("CREATE SCHEMA bench")
    read = f"SELECT * FROM read_json('{file}', format = 'newline_delimited')"
    if mode == "struct":
        connection.execute(f"CREATE TABLE bench.inbound_messages AS {read}")
    else:
        connection.execute(f"CREATE TEMP TABLE raw AS {read}")
        connection.execute(FLAT)
    connection.close()
    print(f"seconds: {time.perf_counter() - began}")


main()
