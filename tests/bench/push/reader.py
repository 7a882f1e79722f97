"""Opens a database for reading, counts, closes, and does so again until a line comes on stdin. Tells how it fared as JSON."""

import json
import pathlib
import sys
import threading
import time

import duckdb

over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), over.set()), daemon=True).start()
opened, refused, longest, since = 0, 0, 0.0, None
while not over.is_set():
    if not pathlib.Path(sys.argv[1]).exists():
        time.sleep(0.01)
        continue
    try:
        with duckdb.connect(sys.argv[1], read_only=True) as connection:
            connection.execute("SELECT count(*) FROM information_schema.tables").fetchone()
        opened, since = opened + 1, None
    except duckdb.Error:
        since = since or time.monotonic()
        refused, longest = refused + 1, max(longest, time.monotonic() - since)
        time.sleep(0.005)
print(json.dumps({"opened": opened, "refused": refused, "longest_ms": longest * 1e3}))
