//! The state of a pipeline as dlt's JSON, engine 4, which `_dlt_pipeline_state` keeps. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha3::{Digest as _, Sha3_256};

/// The version of dlt's state format that is written here.
pub(super) const ENGINE_VERSION: i64 = 4;

/// What the state says of the pipeline, beside the state of its sources.
pub(super) struct Identity<'a> {
    /// Name of the pipeline.
    pub(super) pipeline: &'a str,
    /// Name of the dataset.
    pub(super) dataset: &'a str,
    /// Name of the schema, which is the source's.
    pub(super) schema: &'a str,
}

/// The document with `sources` laid over the stored one. When nothing changed it is the stored document itself.
pub(super) fn write(stored: Option<&Value>, identity: &Identity<'_>, sources: &Value) -> Value {
    let mut document = match stored {
        Some(Value::Object(stored)) => stored.clone(),
        _ => Map::from_iter([
            ("_state_version".to_owned(), json!(0)),
            ("_state_engine_version".to_owned(), json!(ENGINE_VERSION)),
        ]),
    };
    let names = document.entry("schema_names").or_insert_with(|| json!([]));
    if let Value::Array(names) = names
        && !names.iter().any(|name| name.as_str() == Some(identity.schema))
    {
        names.push(identity.schema.into());
    }
    if document.get("default_schema_name").is_none_or(Value::is_null) {
        document.insert("default_schema_name".to_owned(), identity.schema.into());
    }
    document.insert("pipeline_name".to_owned(), identity.pipeline.into());
    document.insert("dataset_name".to_owned(), identity.dataset.into());
    document.insert("destination_type".to_owned(), "dlt.destinations.duckdb".into());
    document.entry("destination_name").or_insert(Value::Null);
    let previous = document.get("_version_hash").and_then(Value::as_str).unwrap_or_default().to_owned();
    document.entry("_version_hash").or_insert_with(|| "".into());
    document.insert("sources".to_owned(), sources.clone());
    let hash = version_hash(&document);
    if previous != hash {
        let version = document.get("_state_version").and_then(Value::as_i64).unwrap_or(0);
        document.insert("_state_version".to_owned(), version.saturating_add(1).into());
        document.insert("_version_hash".to_owned(), hash.into());
    }
    Value::Object(document)
}

/// dlt's hash of a state: of its content without versions, whatever the order of keys.
fn version_hash(document: &Map<String, Value>) -> String {
    let mut content = document.clone();
    for key in ["_local", "_state_version", "_state_engine_version", "_version_hash"] {
        content.shift_remove(key);
    }
    let mut content = Value::Object(content);
    content.sort_all_objects();
    STANDARD.encode(Sha3_256::digest(content.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state that dlt 1.31.0 stored.
    const BY_DLT: &str = r#"{"_state_version":1,"_state_engine_version":4,"schema_names":["jivochat_source"],
        "default_schema_name":"jivochat_source","pipeline_name":"jivochat_pipeline","dataset_name":"jivochat_data",
        "destination_type":"dlt.destinations.duckdb","destination_name":null,
        "_version_hash":"An3GhlcW91fLMm5fx37wVlRNySc04jHSPOHd/MnV2gQ=",
        "sources":{"jivochat_source":{"resources":{"inbound_messages":{"incremental":{"created_at":{
        "initial_value":null,"last_value":"2024-01-02T03:04:06Z","unique_hashes":["wd93qLCAuYK8"],"start_value":null}}}}}}}"#;

    const IDENTITY: Identity<'_> =
        Identity { pipeline: "jivochat_pipeline", dataset: "jivochat_data", schema: "jivochat_source" };

    #[test]
    fn builds_what_dlt_would() {
        let stored: Value = serde_json::from_str(BY_DLT).unwrap();
        let built = write(None, &IDENTITY, &stored["sources"]);
        assert_eq!(built["_version_hash"], stored["_version_hash"]);
        assert_eq!(built["_state_version"], 1);
        assert_eq!(write(Some(&stored), &IDENTITY, &stored["sources"]), stored);
    }

    #[test]
    fn a_change_makes_a_new_version_and_keeps_the_rest() {
        let mut stored: Value = serde_json::from_str(BY_DLT).unwrap();
        stored["other"] = json!({"kept": true});
        let changed = write(Some(&stored), &IDENTITY, &json!({}));
        assert_eq!(changed["_state_version"], 2);
        assert_eq!(changed["other"], json!({"kept": true}));
        assert_eq!(write(Some(&changed), &IDENTITY, &json!({})), changed);
    }
}
