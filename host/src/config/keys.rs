//! The keys a pipeline file may have, and the search for those it may not.

use toml::{Table, Value};

/// What a contract may speak of.
const CONTRACT: &[&str] = &["tables", "columns", "data_type"];

/// The known keys of each table. `*` stands for any name.
const TABLES: &[(&str, &[&str])] = &[
    ("", &["pipeline", "source", "destination", "load", "schedule", "serve", "relay", "privacy", "resources"]),
    ("pipeline", &["name", "dataset", "schema_contract"]),
    ("pipeline.schema_contract", CONTRACT),
    (
        "source",
        &[
            "name",
            "component",
            "sha256",
            "concurrency",
            "ca_file",
            "proxy",
            "allow",
            "allow_private",
            "resources",
            "config",
            "secrets",
            "limits",
            "retry",
        ],
    ),
    ("source.secrets.*", &["from", "origins", "expose"]),
    (
        "source.limits",
        &[
            "memory",
            "page_cpu",
            "page_time",
            "idle",
            "response",
            "response_head",
            "page_bytes",
            "page_records",
            "requests_per_page",
            "pages",
            "connections",
            "handles",
            "log",
            "component",
            "compile_time",
        ],
    ),
    ("source.retry", &["attempts", "max_wait", "budget"]),
    ("destination", &["url", "lock_wait", "memory"]),
    ("load", &["commit_rows", "commit_bytes", "commit_every"]),
    ("schedule", &["every"]),
    (
        "serve",
        &[
            "listen",
            "public_base",
            "body",
            "flush_every",
            "flush_events",
            "dedupe_window",
            "admin",
            "tls",
            "inbox",
            "inbox_size",
            "retention",
        ],
    ),
    ("serve.tls", &["cert", "key"]),
    ("relay", &["unknown", "resends", "shortest_wait", "longest_wait"]),
    ("privacy", &["drop", "hash", "client", "retention"]),
    (
        "resources.*",
        &[
            "write_disposition",
            "primary_key",
            "merge_key",
            "max_table_nesting",
            "schema_contract",
            "incremental",
            "columns",
        ],
    ),
    (
        "resources.*.incremental",
        &[
            "cursor_path",
            "initial_value",
            "end_value",
            "lag",
            "row_order",
            "range_start",
            "range_end",
            "on_cursor_value_missing",
            "primary_key",
        ],
    ),
    (
        "resources.*.write_disposition",
        &[
            "disposition",
            "strategy",
            "deduplicated",
            "validity_column_names",
            "active_record_timestamp",
            "boundary_timestamp",
            "row_version_column_name",
        ],
    ),
    ("resources.*.schema_contract", CONTRACT),
    ("resources.*.columns.*", &["data_type", "nullable", "primary_key", "merge_key", "hard_delete", "dedup_sort"]),
];

/// Keys of dlt that this version does not act on yet. Ignoring them in silence could surprise a user who knows them, so they
/// are refused.
const NOT_YET: &[&str] =
    &["resources.*.incremental.last_value_func", "resources.*.incremental.allow_external_schedulers"];

/// A key that a pipeline file may not have.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Objection {
    /// No such key; the known one that looks most like it.
    Unknown { key: String, nearest: Option<String> },
    /// A key of a later version.
    NotYet { key: String },
}

/// Finds the first key that a pipeline file may not have.
pub(super) fn check(file: &Table) -> Result<(), Objection> {
    check_table(file, "", "")
}

/// `pattern` is the table's path with `*` for free names, `path` the path as it is in the file.
fn check_table(table: &Table, pattern: &str, path: &str) -> Result<(), Objection> {
    let known = TABLES.iter().find(|(name, _)| *name == pattern).map(|(_, keys)| *keys);
    for (key, value) in table {
        let key_path = join(path, key);
        let named = join(pattern, key);
        if NOT_YET.contains(&named.as_str()) {
            return Err(Objection::NotYet { key: key_path });
        }
        let child_pattern = match known {
            Some(keys) if !keys.contains(&key.as_str()) => {
                let nearest = nearest(key, keys).map(|found| join(path, found));
                return Err(Objection::Unknown { key: key_path, nearest });
            }
            Some(_) => named,
            None => join(pattern, "*"),
        };
        if let Value::Table(child) = value
            && is_checked(&child_pattern)
        {
            check_table(child, &child_pattern, &key_path)?;
        }
    }
    Ok(())
}

/// Whether a table, or one below it, has keys to check. What belongs to the component (`source.config`) has none.
fn is_checked(pattern: &str) -> bool {
    TABLES
        .iter()
        .any(|(name, _)| *name == pattern || name.strip_prefix(pattern).is_some_and(|rest| rest.starts_with('.')))
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The candidate that looks most like a word, when it looks like it at all.
pub(crate) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    candidates
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str) -> Result<(), Objection> {
        check(&text.parse::<Table>().unwrap())
    }

    fn unknown(key: &str, nearest: Option<&str>) -> Result<(), Objection> {
        Err(Objection::Unknown { key: key.into(), nearest: nearest.map(Into::into) })
    }

    #[test]
    fn unknown_keys_are_found_at_any_depth() {
        let cases = [
            ("[source]\nalow = []", unknown("source.alow", Some("source.allow"))),
            ("[surce]\nallow = []", unknown("surce", Some("source"))),
            ("[source.limits]\nmemori = '1MiB'", unknown("source.limits.memori", Some("source.limits.memory"))),
            ("[resources.x]\nprimary_keys = []", unknown("resources.x.primary_keys", Some("resources.x.primary_key"))),
            ("[source.secrets.id]\nfrm = 'env:X'", unknown("source.secrets.id.frm", Some("source.secrets.id.from"))),
            (
                "[pipeline]\nschema_contract = { column = 'freeze' }",
                unknown("pipeline.schema_contract.column", Some("pipeline.schema_contract.columns")),
            ),
            ("zzz = 1", unknown("zzz", None)),
            (
                "[resources.x]\nwrite_disposition = { disposition = 'merge', source_filter = 'a > 1' }",
                unknown("resources.x.write_disposition.source_filter", None),
            ),
            ("[privacy]\ndrop = []", Ok(())),
            ("[privacy]\ndorp = []", unknown("privacy.dorp", Some("privacy.drop"))),
            ("[privcy]\ndrop = []", unknown("privcy", Some("privacy"))),
            (
                "[resources.x]\nincremental = { cursor_pth = 'a' }",
                unknown("resources.x.incremental.cursor_pth", Some("resources.x.incremental.cursor_path")),
            ),
            (
                "[resources.x]\nincremental = { last_value_func = 'min' }",
                Err(Objection::NotYet { key: "resources.x.incremental.last_value_func".into() }),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(check_text(text), expected, "{text}");
        }
    }

    #[test]
    fn what_belongs_to_the_component_is_free() {
        let text = "[source.config.resources.chats]\nanything = { goes = 1 }\n[source.secrets]\nany_name = 'env:X'\n\
                    [resources.any]\nwrite_disposition = { disposition = 'merge', strategy = 'delete-insert' }\n\
                    columns.deleted = { hard_delete = true }";
        assert_eq!(check_text(text), Ok(()));
    }
}
