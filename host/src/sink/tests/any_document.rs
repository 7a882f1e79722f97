//! What holds for any documents that a dataset may hold; the fuzz target `documents` checks the same. A dataset may have been
//! made by dlt, or by somebody who means harm.
//!
//! An input is a schema as `_dlt_version` keeps it, a state as `_dlt_pipeline_state` keeps it, and records to go on with, with
//! a line `---` between them.

use serde_json::{Map, Value};

use crate::{
    model::ResourceName,
    normalize::{
        Normalizer, ResourceHints,
        schema::{Schema, Table},
    },
    sink::{
        ddl::{self, TableName},
        packed, schema_json,
        state_json::{self, Identity},
    },
    state::{Checkpoint, State},
};

/// Panics when a document is read, gone on from or written back wrongly.
pub(crate) fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let mut parts = text.splitn(3, "\n---\n");
    let mut part = || parts.next().unwrap_or_default();
    let (schema, state, records) = (part(), part(), part());
    if let Ok(document) = packed::document(schema) {
        check_schema(&document, records);
    }
    if let Ok(document) = packed::document(state) {
        check_state(&document);
    }
}

fn check_schema(document: &Value, records: &str) {
    let Ok(schema) = schema_json::read(document) else { return };
    let written = schema_json::write(Some(document), &schema);
    check_settled(&written);
    let Ok(schema) = schema_json::read(&written) else { panic!("no schema: {written}") };

    let mut roots = schema.tables.values().filter(|table| table.parent.is_none());
    let resource = roots.find_map(|table| ResourceName::new(table.name.as_str()).ok());
    let Some(resource) = resource.or_else(|| ResourceName::new("t").ok()) else { return };
    let mut normalizer = Normalizer::new(schema, Box::new(|bytes| bytes.fill(7)));
    normalizer.declare(&ResourceHints::new(resource.clone()));
    // A stored contract may refuse the page.
    if let Ok(page) = normalizer.page(&resource, "1700000000.5", 0, records.as_bytes()) {
        let lines = records.split('\n').filter(|line| !line.trim_matches([' ', '\t', '\r']).is_empty()).count();
        assert_eq!(page.records + page.rejected + page.discarded.records, lines as u64, "records");
    }
    let batches = normalizer.take_batches().unwrap_or_else(|error| panic!("{error}"));
    assert!(batches.iter().all(|batch| normalizer.schema().tables.contains_key(&batch.table)));

    let document = schema_json::write(Some(&written), normalizer.schema());
    check_settled(&document);
    let Ok(read) = schema_json::read(&document) else { panic!("no schema: {document}") };
    assert_eq!(typed(&read), typed(normalizer.schema()), "{document}");
    read.tables.values().for_each(check_statements);
}

/// What was written stays as it is when it is written again.
fn check_settled(document: &Value) {
    let Ok(schema) = schema_json::read(document) else { panic!("no schema: {document}") };
    assert_eq!(&schema_json::write(Some(document), &schema), document);
    let hash = document.as_object().map(schema_json::version_hash);
    assert_eq!(document["version_hash"].as_str(), hash.as_deref());
}

/// The columns that are there, of all tables of data.
fn typed(schema: &Schema) -> Vec<String> {
    let tables = schema.tables.values().filter(|table| !table.is_internal());
    let columns = tables.flat_map(|table| table.columns.values().map(move |column| (table, column)));
    let typed = columns.filter_map(|(table, column)| Some((&table.name, &column.name, column.data_type?)));
    let mut typed: Vec<String> = typed.map(|column| format!("{column:?}")).collect();
    typed.sort();
    typed
}

/// Names are data: whatever they are, a statement makes one table with the columns that the schema has.
fn check_statements(table: &Table) {
    let name = TableName { catalog: "f".into(), schema: "d\"".into(), table: table.name.clone() };
    let columns = table.columns.values().filter(|column| column.data_type.is_some());
    let Some(statement) = ddl::create_table(&name, table) else { return };
    let names =
        [&name.catalog, &name.schema, &name.table].into_iter().chain(columns.clone().map(|column| &column.name));
    assert!(identifiers(&statement).iter().eq(names), "{statement}");
    for column in columns {
        let statement = ddl::add_column(&name, column).unwrap_or_default();
        assert_eq!(identifiers(&statement).last(), Some(&column.name), "{statement}");
    }
}

/// The names in quotes of a statement, in which nothing else is out of the ordinary.
fn identifiers(statement: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = statement;
    while let Some((before, inside)) = rest.split_once('"') {
        assert!(before.chars().all(|c| c.is_ascii_alphanumeric() || " (),.".contains(c)), "{statement}");
        let mut name = String::new();
        rest = inside;
        while let Some((part, after)) = rest.split_once('"') {
            name.push_str(part);
            rest = after;
            match rest.strip_prefix('"') {
                Some(more) => rest = more,
                None => break,
            }
            name.push('"');
        }
        names.push(name);
    }
    names
}

fn check_state(document: &Value) {
    let sources = document.get("sources").filter(|sources| sources.is_object());
    let sources = sources.cloned().unwrap_or_else(|| Value::Object(Map::new()));
    let source = sources.as_object().and_then(|sources| sources.keys().next()).map_or("s", String::as_str);
    let Ok(mut state) = State::read(&sources, source) else { return };
    // What says nothing of a resource is not written.
    state.resources.retain(|_, checkpoint| *checkpoint != Checkpoint::default());
    let mut rewritten = sources.clone();
    state.write(&mut rewritten, source);
    assert_eq!(State::read(&rewritten, source).ok().as_ref(), Some(&state), "{rewritten}");

    let identity = Identity { pipeline: "p", dataset: "d", schema: source };
    let written = state_json::write(Some(document), &identity, &rewritten);
    assert_eq!(written["sources"], rewritten);
    assert_eq!(state_json::write(Some(&written), &identity, &rewritten), written, "written again");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seeds;

    #[test]
    fn what_is_kept() {
        seeds::each("documents", check);
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "null|true|false",
            "-?[0-9]{1,2}",
            Just(i64::MAX.to_string()),
            "\"(t|t__a|text|date|[ab]{0,2}|merge)\""
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let key = prop::sample::select(vec![
                "t",
                "t__a",
                "a",
                "b",
                "name",
                "parent",
                "columns",
                "data_type",
                "nullable",
                "_dlt_id",
                "sources",
                "sluicegate",
                "version",
                "cursor",
                "resources",
                "tables",
                "normalizers",
                "previous_hashes",
            ]);
            prop::collection::vec((key, inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            })
        })
    }

    proptest! {
        #[test]
        fn documents_are_read_and_written_back(tables in json(), rest in json(), state in json(), records in json()) {
            let rest = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).filter(|rest| !rest.is_empty());
            let rest = rest.map(|rest| format!(",{rest}")).unwrap_or_default();
            check(format!("{{\"name\":\"s\",\"tables\":{tables}{rest}}}\n---\n{{\"sources\":{state}}}\n---\n{records}").as_bytes());
        }
    }
}
