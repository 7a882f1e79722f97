//! Tests of whole pipeline files.

mod any_file;

use super::*;

const FILE: &str = r#"
[pipeline]
name = "jivochat_pipeline"
dataset = "jivochat_data"

[source]
name = "jivochat_source"
component = "jivochat.wasm"
allow = ["https://wh.jivosite.com"]

[source.config]
random = "a1b2c3"
"#;

fn load(text: &str, overrides: &Overrides) -> Result<Config, ConfigError> {
    Config::from_text(Path::new("/data/sluicegate.toml"), text, overrides)
}

fn message(text: &str) -> String {
    load(text, &Overrides::default()).unwrap_err().to_string()
}

#[test]
fn the_example_of_the_contract_is_read() {
    let config = load(FILE, &Overrides::default()).unwrap();
    assert_eq!((config.pipeline.as_str(), config.dataset.as_str()), ("jivochat_pipeline", "jivochat_data"));
    assert_eq!(config.component, Path::new("/data/jivochat.wasm"));
    assert_eq!(config.database, Path::new("/data/jivochat_pipeline.duckdb"));
    assert_eq!(config.load.commit_rows, 100_000);
    assert_eq!(config.component_config["random"], "a1b2c3");
    assert_eq!(config.resources, None);
}

#[test]
fn the_command_line_wins() {
    let overrides = Overrides {
        resources: vec!["status".into(), "status".into()],
        destination: Some("duckdb:///tmp/other.duckdb".into()),
        dataset: Some("other".into()),
        set: vec![
            ("random".into(), "zzz".into()),
            ("page_size".into(), "50".into()),
            ("resources.chats.path".into(), "chats".into()),
        ],
        allow: vec!["http://127.0.0.1:1".into()],
        allow_private: vec!["127.0.0.1:1".into()],
    };
    let config = load(FILE, &overrides).unwrap();
    assert_eq!(config.database, Path::new("/tmp/other.duckdb"));
    assert_eq!(config.dataset, "other");
    assert_eq!(config.allow, ["https://wh.jivosite.com", "http://127.0.0.1:1"]);
    assert_eq!(
        Value::Object(config.component_config),
        serde_json::json!({"random": "zzz", "page_size": 50, "resources": {"chats": {"path": "chats"}}})
    );
    assert_eq!(config.resources.map(|names| names.len()), Some(1));
}

#[test]
fn what_cannot_be_used_is_named() {
    let cases = [
        (format!("{FILE}\n[destination]\nurl = 'postgres://x'"), "`destination.url`"),
        (format!("{FILE}\n[load]\ncommit_every = 'often'"), "`load.commit_every`"),
        (format!("{FILE}\n[source.limits]\nmemory = 'lots'"), "`source.limits.memory`"),
        (format!("{FILE}\n[resources.status]\nwrite_disposition = 'upsert'"), "`resources.status.write_disposition`"),
        (format!("{FILE}\n[resources.Status]\nprimary_key = 'id'"), "`resources.Status`"),
        (format!("{FILE}\n[privacy]\ndrop = ['a..b']"), "`privacy.drop`"),
        (format!("{FILE}\n[privacy]\nhash = 'a[x]'"), "`privacy.hash`"),
        (format!("{FILE}\n[privacy]\ndrop = ['a']\nhash = ['a.b']"), "`privacy.hash`"),
        (FILE.replace("jivochat_data", "jivo data"), "`pipeline.dataset`"),
        (FILE.replace("allow =", "alow ="), "unknown key `source.alow`"),
        ("[pipeline".into(), "cannot understand"),
    ];
    for (text, expected) in cases {
        let message = message(&text);
        assert!(message.contains(expected) && message.contains("/data/sluicegate.toml"), "{message}");
    }
}

#[test]
fn a_secret_in_clear_is_refused() {
    let text = FILE.replace("[source.config]", "[source.config]\npublic_id = 'abcdefghij'");
    let config = load(&text, &Overrides::default()).unwrap();
    let env = |_: &str| None;
    let error = config.secrets(&[("public_id".into(), true)], &env).unwrap_err().to_string();
    assert!(error.contains("source.config.public_id") && !error.contains("abcdefghij"), "{error}");
}

#[test]
fn a_secret_is_bound_to_origins_when_its_entry_names_them() {
    let env = |_: &str| Some("0123456789".to_owned());
    let bound = |text: &str| {
        let config = load(text, &Overrides::default()).unwrap();
        config.secrets(&[("public_id".into(), true)], &env).unwrap()[0].binding.clone()
    };
    let binding = SecretBinding { key: "public_id".into(), origins: None, exposed: false };
    assert_eq!(bound(FILE), binding);
    let text = format!("{FILE}\n[source.secrets]\npublic_id = {{ from = 'env:X', origins = ['https://a.example'] }}");
    assert_eq!(bound(&text), SecretBinding { origins: Some(vec!["https://a.example".into()]), ..binding.clone() });
    let text = format!("{FILE}\n[source.secrets]\npublic_id = {{ expose = true }}");
    assert_eq!(bound(&text), SecretBinding { exposed: true, ..binding.clone() });
    assert_eq!(
        load(&text, &Overrides::default()).unwrap().secret_bindings(),
        [SecretBinding { exposed: true, ..binding }]
    );
}

#[test]
fn a_missing_secret_lists_where_it_was_looked_for() {
    let config = load(FILE, &Overrides::default()).unwrap();
    let env = |_: &str| None;
    let error = config.secrets(&[("jivo_public_id".into(), true)], &env).unwrap_err().to_string();
    for place in [
        "`jivo_public_id` in `[source.secrets]` of `/data/sluicegate.toml`",
        "`SOURCES__JIVOCHAT_SOURCE__JIVO_PUBLIC_ID`",
        "`[sources.jivochat_source]` of `/data/.dlt/secrets.toml`",
    ] {
        assert!(error.contains(place), "{error}");
    }
}
