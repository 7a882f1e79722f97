"""Loads the pages with dlt's rest_api source. How dlt works is set by the environment; see `rivals.rs`."""

import sys

import dlt
from dlt.sources.rest_api import rest_api_source


def main():
    origin, disposition, names = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
    file_format = sys.argv[4] if len(sys.argv) > 4 else None
    resources = [
        {
            "name": name,
            "write_disposition": disposition,
            "endpoint": {"path": name, "data_selector": "data"},
            **({"primary_key": "id"} if disposition == "merge" else {}),
        }
        for name in names
    ]
    paginator = {"type": "json_link", "next_url_path": "pagination.next"}
    source = rest_api_source({"client": {"base_url": origin, "paginator": paginator}, "resources": resources})
    pipeline = dlt.pipeline(
        "bench", destination=dlt.destinations.duckdb("loaded.duckdb"), dataset_name="bench", pipelines_dir="pipelines"
    )
    pipeline.run(source, loader_file_format=file_format)


if __name__ == "__main__":
    main()
