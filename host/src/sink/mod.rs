//! The DuckDB destination.
