"""Acknowledged durable events per second: `sluicegate serve` against the rival, by wrk with 64 connections, in turns; and
`serve` beside a reader that opens the database in a loop.

Usage: push.py SLUICEGATE COMPONENT PYTHON [SECONDS [ROUNDS]]. PYTHON is one with the packages of requirements.txt. Writes the
figures to stdout as Markdown.
"""

import contextlib
import json
import os
import pathlib
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
CONNECTIONS = 64

PIPELINE = """
[pipeline]
name = "push"
[source]
name = "jivochat_source"
component = "{component}"
[source.config]
random = "random"
[source.secrets]
jivo_public_id = "env:PUSH_SECRET"
[serve]
listen = "127.0.0.1:{port}"
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nobody listens on port {port}")


def peak_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


@contextlib.contextmanager
def running(command, port, log, env):
    process = subprocess.Popen(command, env={**os.environ, **env}, stdout=log, stderr=log)
    try:
        wait_for(port)
        yield process
    finally:
        process.terminate()
        process.wait(60)


def load(port, path, name, seconds):
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", str(HERE / "events.lua")]
    command += [f"http://127.0.0.1:{port}", "--", path, name]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stderr.strip().splitlines()[-1])


@contextlib.contextmanager
def reading(python, database):
    """A reader that opens the database, counts and closes, without a pause; its figures are in the list that is yielded."""
    figures = []
    reader = subprocess.Popen([python, str(HERE / "reader.py"), database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield figures
    finally:
        figures.append(json.loads(reader.communicate("stop\n", 120)[0]))


def sluicegate(program, component, seconds, name, python=None):
    with tempfile.TemporaryDirectory(dir=".") as folder, open(pathlib.Path(folder, "log"), "w") as log:
        port = free_port()
        pipeline = pathlib.Path(folder, "sluicegate.toml")
        pipeline.write_text(PIPELINE.format(component=component, port=port))
        env = {"PUSH_SECRET": "not-a-secret"}
        with running([program, "serve", str(pipeline)], port, log, env) as process:
            url = subprocess.run([program, "hook", "url", str(pipeline)], capture_output=True, text=True, check=True).stdout
            path = url.strip().split(str(port), 1)[1]
            reader = reading(python, str(pathlib.Path(folder, "push.duckdb"))) if python else contextlib.nullcontext([])
            with reader as read:
                figures = load(port, path, name, seconds)
            figures["reader"] = read[0] if read else None
            figures["peak_mib"] = peak_mib(process.pid)
            loaded = wait_loaded(port)
        figures["kept"] = loaded
        return figures


def wait_loaded(port):
    """Waits until nothing waits any more; the number of events that are loaded."""
    while True:
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        values = dict(line.split() for line in text.splitlines() if not line.startswith("#") and line.count(" ") == 1)
        if float(values["sluicegate_inbox_events"]) == 0:
            return int(values["sluicegate_events_loaded_total"])
        time.sleep(0.2)


def rival(python, app, seconds, name):
    with tempfile.TemporaryDirectory(dir=".") as folder, open(pathlib.Path(folder, "log"), "w") as log:
        port, store = free_port(), str(pathlib.Path(folder, "events.sqlite").resolve())
        command = [python, "-m", "uvicorn", app, "--app-dir", str(HERE), "--port", str(port), "--no-access-log"]
        command += ["--loop", "uvloop", "--http", "httptools", "--log-level", "warning"]
        with running(command, port, log, {"RIVAL_STORE": store, "RIVAL_KEY": "key"}) as process:
            figures = load(port, "/hook/key", name, seconds)
            figures["peak_mib"] = peak_mib(process.pid)
        figures["kept"] = sqlite3.connect(store).execute("SELECT count(*) FROM events").fetchone()[0]
        return figures


def main():
    program, component, python = (os.path.abspath(path) for path in sys.argv[1:4])
    seconds = int(sys.argv[4]) if len(sys.argv) > 4 else 10
    rounds = int(sys.argv[5]) if len(sys.argv) > 5 else 3
    tools = {
        "sluicegate serve": lambda name: sluicegate(program, component, seconds, name),
        "Python: bare ASGI, uvicorn, SQLite": lambda name: rival(python, "rival:app", seconds, name),
        "Python: FastAPI, uvicorn, SQLite": lambda name: rival(python, "usual:app", seconds, name),
    }
    found = {tool: [] for tool in tools}
    for turn in range(rounds):
        for tool, measure in tools.items():
            figures = measure(f"run{turn}")
            if figures["failed"] or figures["kept"] < figures["requests"]:
                raise SystemExit(f"{tool} lost or refused events: {figures}")
            found[tool].append(figures)
            print(f"{tool}: {figures}", file=sys.stderr)
    rate = lambda run: run["requests"] / run["seconds"]
    print("| receiver | events/s (median) | min to max | p50 | p99 | longest | peak memory |")
    print("|---|---|---|---|---|---|---|")
    for tool, runs in found.items():
        median = lambda value: statistics.median(value(run) for run in runs)
        rates = [rate(run) for run in runs]
        print(
            f"| {tool} | {median(rate):,.0f} | {min(rates):,.0f} to {max(rates):,.0f} | {median(lambda r: r['p50_ms']):.1f} ms | "
            f"{median(lambda r: r['p99_ms']):.1f} ms | {max(r['max_ms'] for r in runs):.1f} ms | {median(lambda r: r['peak_mib']):.0f} MiB |"
        )
    ours, bare, usual = (statistics.median(map(rate, runs)) for runs in found.values())
    print(f"\nRatio of events per second: {ours / bare:.1f} to bare ASGI, {ours / usual:.1f} to FastAPI.")
    run = sluicegate(program, component, seconds, "read", python)
    reader = run["reader"]
    print(
        f"\nBeside a reader that opens the database in a loop: {rate(run):,.0f} events/s, {run['failed']} of {run['requests']:,} "
        f"failed, p99 {run['p99_ms']:.1f} ms. The reader opened it {reader['opened']:,} times and was refused "
        f"{reader['refused']:,} times; the longest time that it was refused in a row is {reader['longest_ms']:,.0f} ms."
    )


main()
