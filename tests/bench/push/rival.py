"""The rival: a receiver as one writes it in Python, from public parts and without a needless layer.

An ASGI application without a framework, served by uvicorn on uvloop and httptools. Each event is parsed, told from those
that came before by the identity of its message, and committed to SQLite with a sync before it is answered, as sluicegate
does it. It does not make rows of events and does not load them anywhere.
"""

import hashlib
import json
import os
import sqlite3
import time

store = sqlite3.connect(os.environ["RIVAL_STORE"], isolation_level=None, check_same_thread=False)
store.execute("PRAGMA journal_mode = WAL")
store.execute("PRAGMA synchronous = FULL")
store.execute(
    "CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY, received_at REAL, headers TEXT, body BLOB, dedupe_key TEXT UNIQUE)"
)
key = os.environ["RIVAL_KEY"]
TEXT = [(b"content-type", b"text/plain; charset=utf-8")]
JSON = [(b"content-type", b"application/json; charset=utf-8")]


async def answer(send, status, headers, body):
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] != f"/hook/{key}":
        return await answer(send, 404, TEXT, b"not found\n")
    body = b""
    while True:
        part = await receive()
        body += part.get("body", b"")
        if not part.get("more_body"):
            break
    try:
        event = json.loads(body)
    except ValueError:
        return await answer(send, 400, TEXT, b"the body is no JSON\n")
    message = event.get("message") or {}
    identity = message.get("id") or hashlib.sha256(body).hexdigest()
    headers = json.dumps([(name.decode("latin1"), value.decode("latin1")) for name, value in scope["headers"]])
    # The commit blocks the loop: handing it to a thread made it slower, since there is one writer at a time anyway.
    store.execute(
        "INSERT OR IGNORE INTO events (received_at, headers, body, dedupe_key) VALUES (?, ?, ?, ?)",
        (time.time(), headers, body, str(identity)),
    )
    await answer(send, 200, JSON, b'{"result":"ok"}')
