"""Loads records with dlt, as a dlt user would."""

import contextlib
import io
import os

import dlt
import duckdb
import simplejson


def load(file, dataset, pipeline, source, resources, work_dir):
    """One `pipeline.run` of resources into a DuckDB file.

    A resource has a name, hints as dlt spells them, and `records`: a page, one JSON text per line, each byte as the
    character of the same number. The page is read as `requests` reads an answer of JSON. Tells whether the run succeeded, else why not, and whether a package is stuck.
    """
    pipeline = dlt.pipeline(
        pipeline, destination=dlt.destinations.duckdb(file), dataset_name=dataset, pipelines_dir=work_dir
    )
    try:
        try:
            pipeline.run(_source(source, resources)())
            error = None
        except Exception as failure:
            error = _reasons(failure)
        return {"error": error, "stuck": pipeline.has_pending_data}
    finally:
        pipeline.deactivate()


def query(file, sql):
    """The rows of a query, every value as text."""
    with duckdb.connect(file, read_only=True) as connection:
        return [[None if value is None else str(value) for value in row] for row in connection.execute(sql).fetchall()]


def run(code, work_dir, names):
    """Runs a test's own Python in a folder; the answer is what it printed."""
    before = os.getcwd()
    printed = io.StringIO()
    os.chdir(work_dir)
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "<test>", "exec"), {"dlt": dlt, "duckdb": duckdb, **names})
    finally:
        os.chdir(before)
    return printed.getvalue()


def _source(name, resources):
    def pages(text):
        # An empty page yields nothing at all, as a source does that finds nothing new.
        if text.strip():
            lines = text.encode("latin-1").split(b"\n")
            yield [simplejson.loads(line.decode()) for line in lines if line.strip()]

    def made():
        for resource in resources:
            yield dlt.resource(pages, name=resource["name"], **resource["hints"])(resource["records"])

    return dlt.source(made, name=name)


def _reasons(failure):
    """The chain of causes, innermost last, each in one line."""
    reasons = []
    while failure is not None:
        text = str(failure).strip().split("\n")[0]
        reasons.append(f"{type(failure).__name__}: {text}")
        failure = failure.__cause__ or failure.__context__
    return reasons
