//! What the whole configuration accepts and how it refuses the rest.

use serde_json::{Value, json};

use sluicegate_guest::{bindings::types::WriteDisposition, error, settings::resource};

use super::*;

fn config(resources: &Value) -> Result<Source> {
    parse(&json!({"random": "r", "jivo_public_id": "tok", "resources": resources}).to_string())
}

fn names(config: &Source) -> Vec<&str> {
    config.resources.iter().map(|resource| resource.name.as_str()).collect()
}

#[test]
fn the_five_and_those_added() {
    let found = config(&json!({"zeta": {}, "status": {}, "alpha": {"path": "/a"}})).unwrap();
    let five = ["status", "channel_info", "inbound_messages", "outbound_messages", "health"];
    assert_eq!(names(&found), [&five[..], &["zeta", "alpha"]].concat());
    let spec = found.find("inbound_messages").unwrap().spec();
    assert_eq!((spec.primary_key, spec.write_disposition, spec.incremental), (vec![], WriteDisposition::Append, None));
}

#[test]
fn hints_are_told_to_the_host() {
    let found = config(&json!({"inbound_messages": {"primary_key": "id", "write_disposition": "merge",
        "incremental": {"cursor_path": "created_at"}}, "x": {"primary_key": ["a", "b.c"], "incremental": "at"}}))
    .unwrap();
    let spec = found.find("inbound_messages").unwrap().spec();
    assert_eq!(spec.primary_key, ["id"]);
    assert_eq!(spec.write_disposition, WriteDisposition::Merge);
    assert_eq!(spec.incremental.as_deref(), Some("created_at"));
    let spec = found.find("x").unwrap().spec();
    assert_eq!((spec.primary_key, spec.incremental.as_deref()), (vec!["a".to_owned(), "b.c".to_owned()], Some("at")));
}

#[test]
fn the_top_level() {
    let check = |config: Value, expect: &str| {
        let error = parse(&config.to_string()).unwrap_err();
        assert_eq!(error.message, expect);
        assert_eq!(error.kind, error::Kind::InvalidConfig);
    };
    let url = "the channel's URL is `https://wh.jivosite.com/<random>/<jivo_public_id>`";
    check(json!({"jivo_public_id": "t"}), &format!("`random` is missing: {url}"));
    check(json!({"random": "r"}), &format!("`jivo_public_id` is missing: {url}"));
    check(json!({"random": "r", "jivo_public_id": 987_654}), "`jivo_public_id` must be a text");
    check(json!({"random": " ", "jivo_public_id": "t"}), "`random` is empty");
    check(json!({"random": "..", "jivo_public_id": "t"}), "`random` must be a segment of the channel's URL");
    check(json!({"randon": "r"}), "unknown key `randon`, did you mean `random`?");
    check(json!([]), "the configuration must be a table, but is a list");
    let with = |key: &str, value: Value| {
        let mut config = json!({"random": "r", "jivo_public_id": "t"});
        config[key] = value;
        config
    };
    check(with("base_url", json!("jivo")), "`base_url` is no absolute URL: `jivo`");
    check(with("base_url", json!("ftp://h")), "`base_url` is neither http nor https: `ftp://h`");
    check(
        with("base_url", json!("https://h?x")),
        "`base_url` must end with a path, without `?` and `#`: `https://h?x`",
    );
    check(with("page_size", json!(0)), "`page_size` must be a whole number of at least 1, but is `0`");
    check(with("resources", json!([])), "`resources` must be a table, but is a list");
    assert!(parse("{").unwrap_err().message.starts_with("the configuration is no JSON object: "));
}

#[test]
fn mistakes_in_resources_are_named_by_their_place() {
    let check = |resources: Value, expect: &str| assert_eq!(config(&resources).unwrap_err().message, expect);
    check(json!({"status": false}), "`resources.status` must be a table, but is `false`");
    check(
        json!({"inbound_messages": {"pth": "x"}}),
        "unknown key `resources.inbound_messages.pth`, did you mean `path`?",
    );
    check(json!({"Bad-Name": {}}), "`resources.Bad-Name` is no name of a resource: it must be like `[a-z][a-z0-9_]*`");
    check(json!({"x": {"path": "../other/status"}}), "`resources.x.path` must not hold `..`: `../other/status`");
    check(json!({"x": {"path": "ftp://h/"}}), "`resources.x.path` is neither http nor https: `ftp://h/`");
    check(
        json!({"x": {"data_selector": "a..b"}}),
        "`resources.x.data_selector` is no path into JSON: `a..b` has an empty name",
    );
    check(
        json!({"x": {"params": {"a": {}}}}),
        "`resources.x.params.a` must be a text, a number, true or false, or a list of them, but is a table",
    );
    check(
        json!({"x": {"params": {"a": "{resources.y.id}"}}}),
        "`resources.x.params.a` holds `{resources.y.id}`, which nothing stands for; a brace is written twice",
    );
    check(
        json!({"x": {"path": "chats/{id}"}}),
        "`resources.x.path` holds `{id}`, which nothing stands for; a brace is written twice",
    );
    check(
        json!({"x": {"write_disposition": "upsert"}}),
        "unknown write disposition `upsert` in `resources.x.write_disposition`, known are: append, replace, merge",
    );
    check(json!({"x": {"incremental": {}}}), "`resources.x.incremental.cursor_path` is missing");
    check(
        json!({"x": {"incremental": {"cursor_path": "a", "initial_value": 1}}}),
        "`resources.x.incremental.initial_value` is for the host: it belongs to the resource's own settings, beside the source's",
    );
    check(
        json!({"x": {"incremental": {"cursor_path": "a", "range_end": "open"}}}),
        "`resources.x.incremental.range_end` is for the host: it belongs to the resource's own settings, beside the source's",
    );
    check(
        json!({"x": {"primary_key": [1]}}),
        "`resources.x.primary_key` must be a text or a list of texts, but is a list",
    );
    check(
        json!({"x": {"paginator": {"type": "page_number", "total_path": "", "stop_after_empty_page": false}}}),
        "`resources.x.paginator` says nowhere where to stop: set `total_path`, `maximum_page`, `has_more_path` or `stop_after_empty_page`",
    );
}

#[test]
fn events_need_no_channel() {
    check_for_events("{}").unwrap();
    check_for_events(r#"{"random":"r","page_size":5}"#).unwrap();
    let error = check_for_events(r#"{"page_sise":5}"#).unwrap_err();
    assert!(error.message.starts_with("unknown key `page_sise`"), "{}", error.message);
    assert!(parse("{}").is_err());
}

#[test]
fn an_unknown_resource_names_the_nearest() {
    let error = config(&json!({})).unwrap().find("inbound_message").unwrap_err();
    assert_eq!(error.message, "unknown resource `inbound_message`, did you mean `inbound_messages`?");
}

#[test]
fn urls_are_shown_without_the_secret() {
    let found = config(&json!({})).unwrap();
    let url = &found.find("health").unwrap().url;
    assert_eq!(url.to_string(), "https://wh.jivosite.com/r/tok/health");
    assert_eq!(found.show(url), "https://wh.jivosite.com/r/***/health");
}

#[test]
fn a_secret_that_is_no_token_stays_one_segment() {
    let found = parse(&json!({"random": "a/b", "jivo_public_id": "x/../y?z"}).to_string()).unwrap();
    assert_eq!(found.find("status").unwrap().url.target, "/a%2Fb/x%2F..%2Fy%3Fz/status");
}

/// The schema must know each key that the code knows, and no other.
#[test]
fn the_schema_is_json_and_knows_the_same_keys() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let keys = |value: &Value| value["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&schema), SETTINGS.map(|setting| setting.key));
    assert_eq!(keys(&schema["$defs"]["resource"]), resource::KEYS);
    assert_eq!(schema["properties"]["jivo_public_id"]["writeOnly"], json!(true));
    assert_eq!(schema["properties"]["base_url"]["default"], json!(BASE_URL));
    for example in schema["properties"]["resources"]["examples"].as_array().unwrap() {
        config(example).unwrap();
    }
}
