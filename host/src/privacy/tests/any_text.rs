//! Any JSON text and any rules: what is named is gone, the rest is as it was.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// A JSON text with its white space, and a secret text at places that the paths below lead to.
fn any_json() -> impl Strategy<Value = String> {
    let space = || prop::sample::select(vec!["", " ", "\t ", "\r"]);
    let scalar = prop::sample::select(vec![
        "1",
        "-0.50",
        "1e999",
        "123456789012345678901234567890",
        "true",
        "null",
        "\"\"",
        "\"t\"",
        "\"\\u0073\\\"\\\\\"",
        "\"secret\"",
        "\"s\\u0065cret\"",
    ]);
    let key = prop::sample::select(vec!["a", "b", "\\u0061", "0", "c d", "value", ""]);
    scalar.prop_map(str::to_owned).prop_recursive(4, 40, 4, move |inner| {
        let padded =
            (space(), inner.clone(), space()).prop_map(|(before, value, after)| format!("{before}{value}{after}"));
        let member = (space(), key.clone(), space(), padded.clone())
            .prop_map(|(before, key, after, value)| format!("{before}\"{key}\"{after}:{value}"));
        let joined = |items: Vec<String>| items.join(",");
        prop_oneof![
            prop::collection::vec(padded, 0..4).prop_map(move |items| format!("[{}]", joined(items))),
            prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

fn any_paths() -> impl Strategy<Value = Vec<String>> {
    let path =
        prop::collection::vec(prop::sample::select(vec!["a", "b", "0", "*", "[0]", "[*]", "'c d'", "value"]), 1..4);
    prop::collection::vec(path.prop_map(|steps| steps.join(".")), 0..4)
}

fn any_guard(drop: Vec<String>, hash: Vec<String>) -> Guard {
    let paths = |paths: Vec<String>| paths.iter().map(|path| path.parse().unwrap()).collect::<Vec<_>>();
    let (drop, hash) = (paths(drop), paths(hash));
    let rules = Rules::new(drop.clone(), hash).unwrap_or_else(|_| Rules::new(drop, Vec::new()).unwrap());
    Guard::new(rules, key())
}

/// All scalars of a value that are no hash, as they are written.
fn scalars(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| scalars(item, found)),
        Value::Object(members) => members.values().for_each(|member| scalars(member, found)),
        Value::String(text) if text.starts_with("hash_") => {}
        other => found.push(other.to_string()),
    }
}

proptest! {
    #[test]
    fn a_second_time_changes_nothing(text in any_json(), drop in any_paths(), hash in any_paths()) {
        let guard = any_guard(drop, hash);
        let (once, rejected) = records(&guard, &text);
        prop_assert!(rejected.is_empty(), "{:?}", rejected);
        prop_assert_eq!(&records(&guard, &once).0, &once);
        // It is JSON whenever the text was; a number that is too large for the judge is none.
        if serde_json::from_str::<Value>(&text).is_ok() {
            prop_assert!(serde_json::from_str::<Value>(&once).is_ok(), "{}", once);
        }
        let body = event(&guard, text.as_bytes());
        prop_assert_eq!(event(&guard, body.as_bytes()), body);
    }

    #[test]
    fn the_rest_is_as_it_was(text in any_json(), drop in any_paths()) {
        // Items that are named by more than `[*]` leave a null; without them, a text only loses.
        let drop = drop.into_iter().filter(|path| !path.contains('[')).collect();
        let (once, _) = records(&any_guard(drop, Vec::new()), &text);
        let mut rest = text.chars();
        prop_assert!(once == "{}" || once.chars().all(|kept| rest.any(|c| c == kept)), "{} of {}", once, text);
    }

    #[test]
    fn nothing_named_is_left(inner in any_json(), other in any_json()) {
        let guard = guard(&["a.b"], &["'c d'"]);
        let text = format!("{{\"x\":{other},\"a\":[{{\"b\":{inner}}}],\"c d\":{inner},\"\\u0063 d\":{inner}}}");
        let (once, _) = records(&guard, &text);
        prop_assert!(once.starts_with(&format!("{{\"x\":{other},\"a\":[{{}}],\"c d\":")), "{}", once);
        let hashed = &once[once.find("\"c d\":").unwrap()..];
        let tail = format!("{{{hashed}");
        if let Ok(value) = serde_json::from_str::<Value>(&tail) {
            let mut found = Vec::new();
            scalars(&value, &mut found);
            found.retain(|scalar| scalar != "null");
            prop_assert!(found.is_empty(), "{:?} in {}", found, tail);
        }
    }

    #[test]
    fn any_bytes_are_rewritten_or_withheld(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let guard = guard(&["a"], &["b"]);
        let once = guard.event(Event {
            method: String::new(),
            path_with_query: String::new(),
            headers: Vec::new(),
            body: Bytes::from(bytes),
            received_at_ms: 0,
            relay: None,
        });
        let twice = guard.event(once.clone());
        prop_assert_eq!(twice, once);
    }
}
