//! Tests of what becomes of texts.

mod any_bytes;
mod any_text;
mod paths;

use super::*;

fn rules(drop: &[&str], hash: &[&str]) -> Rules {
    let paths = |paths: &[&str]| paths.iter().map(|path| path.parse().unwrap()).collect();
    Rules::new(paths(drop), paths(hash)).unwrap()
}

fn key() -> Key {
    Key::of(&[7; 32])
}

fn guard(drop: &[&str], hash: &[&str]) -> Guard {
    Guard::new(rules(drop, hash), key())
}

fn hash(text: &str) -> String {
    Hasher::new(key()).hash(text.as_bytes())
}

fn resource() -> ResourceName {
    ResourceName::new("r").unwrap()
}

/// The records that are left, and those that are rejected.
fn records(guard: &Guard, records: &str) -> (String, Vec<RejectedRecord>) {
    let mut rejected = Vec::new();
    let left = guard.records(&resource(), Bytes::from(records.to_owned()), &mut rejected);
    (String::from_utf8(left.to_vec()).unwrap(), rejected)
}

fn event(guard: &Guard, body: &[u8]) -> String {
    let event = Event {
        method: "POST".into(),
        path_with_query: "?shop=oslo".into(),
        headers: Vec::new(),
        body: Bytes::copy_from_slice(body),
        received_at_ms: 1,
        relay: None,
    };
    String::from_utf8(guard.event(event).body.to_vec()).unwrap()
}

#[test]
fn without_rules_nothing_is_looked_at() {
    let idle = Guard::default();
    assert!(idle.is_idle() && guard(&[], &[]).is_idle() && !guard(&["a"], &[]).is_idle());
    let bytes = Bytes::from_static(b"no JSON\n");
    let left = idle.records(&resource(), bytes.clone(), &mut Vec::new());
    assert_eq!((left.as_ptr(), left.len()), (bytes.as_ptr(), bytes.len()));
    assert_eq!(event(&idle, b"no JSON"), "no JSON");
    // Nor is a page copied that has nothing of what is named.
    let bytes = Bytes::from_static(b"{\"b\":1}\n{\"b\":2}\n");
    let left = guard(&["a"], &["c"]).records(&resource(), bytes.clone(), &mut Vec::new());
    assert_eq!(left.as_ptr(), bytes.as_ptr());
}

#[test]
fn paths_that_name_nothing_are_known() {
    let guard = guard(&["a.b", "c"], &["d", "e"]);
    records(&guard, "{\"a\":{},\"c\":null,\"d\":null}");
    assert_eq!(guard.idle_paths(), ["a.b", "e"]);
}

#[test]
fn lines_that_are_no_records_are_withheld() {
    let guard = guard(&["a"], &["b"]);
    let page = "{\"a\":1,\"c\":2}\n\n{\"a\":\"Vera\"\n  \r\n{\"c\":3}\n";
    let (left, rejected) = records(&guard, page);
    assert_eq!(left, "{\"c\":2}\n\n\n  \r\n{\"c\":3}\n");
    assert_eq!(rejected[0].reason, "not JSON: expected `,` or `}` at byte 11");
    assert!(rejected.len() == 1 && !rejected[0].raw.contains("Vera"), "{rejected:?}");
    let mut rejected = Vec::new();
    let left = guard.records(&resource(), Bytes::from_static(b"\xff\n7\n"), &mut rejected);
    assert_eq!((&left[..], rejected[0].reason.as_str()), (&b"\n7\n"[..], "not UTF-8"));
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(records(&guard, &deep).1[0].reason, "nested deeper than 127 levels");
}

#[test]
fn rejected_records_are_rewritten_or_withheld() {
    let guard = guard(&["phone"], &["mail"]);
    let rejected = |raw: &str| {
        let record = RejectedRecord { raw: raw.into(), reason: "no `id` in 555".into() };
        guard.rejected(&resource(), record)
    };
    assert_eq!(rejected(r#"{"phone":555,"x":1}"#).raw, r#"{"x":1}"#);
    let withheld = rejected("phone=555");
    assert!(!withheld.raw.contains("555") && rejected(&withheld.raw) == withheld, "{withheld:?}");
    assert_eq!(rejected("").raw, "");

    let record = RejectedRecord { raw: "phone=555".into(), reason: "no `id` in 555".into() };
    let page = Page { rejected: vec![record], records: Bytes::from_static(b"{\"phone\":5}"), ..Page::default() };
    let page = guard.page(&resource(), page);
    assert_eq!(page.records, "{}");
    assert_eq!(page.rejected[0].reason, WITHHELD_REASON);
}

#[test]
fn events_are_rewritten_or_withheld() {
    let guard = guard(&["visitor.phone"], &["visitor.email"]);
    let body = r#"{"visitor":{"phone":1,"email":"a"},"n":1.50}"#;
    let clean = format!(r#"{{"visitor":{{"email":"{}"}},"n":1.50}}"#, hash("a"));
    assert_eq!(event(&guard, body.as_bytes()), clean);
    assert_eq!(event(&guard, clean.as_bytes()), clean);
    assert_eq!(event(&guard, format!("\u{feff}{body}").as_bytes()), format!("\u{feff}{clean}"));
    for body in [&b"visitor[phone]=555"[..], b"{\"visitor\":{\"phone\":555}", b"{\"visitor\":{\"phone\":\"\xff555\"}}"]
    {
        let withheld = event(&guard, body);
        assert!(!withheld.contains("555") && event(&guard, withheld.as_bytes()) == withheld, "{withheld}");
    }
    assert_eq!(event(&guard, b" "), " ");
}

#[test]
fn what_a_service_said_of_a_message_is_not_kept() {
    let told = |guard: &Guard, http_status| {
        let progress = RelayProgress::new("b-1".into());
        let relay = Some(RelayProgress { http_status, reason: Some("555 is no phone".into()), ..progress });
        let event = Event {
            method: "POST".into(),
            path_with_query: String::new(),
            headers: Vec::new(),
            body: Bytes::from_static(b"{}"),
            received_at_ms: 1,
            relay,
        };
        guard.event(event).relay.unwrap().reason.unwrap()
    };
    assert_eq!(told(&guard(&["a"], &[]), Some(400)), "the service answered 400");
    // What came without an answer is the host's own word.
    assert_eq!(told(&guard(&["a"], &[]), None), "555 is no phone");
    assert_eq!(told(&Guard::default(), Some(400)), "555 is no phone");
}

#[test]
fn what_is_dropped_cannot_be_hashed() {
    let conflict = |drop: &str, hash: &str| Rules::new(vec![drop.parse().unwrap()], vec![hash.parse().unwrap()]).err();
    for (drop, hash) in [("a", "a"), ("a", "a.b"), ("a[*].b", "a.b"), ("a", "a[*]"), ("a.b", "a[*].b[*].c"), ("*", "a")]
    {
        let expect = RuleConflict { hashed: hash.into(), dropped: drop.into() };
        assert_eq!(conflict(drop, hash), Some(expect));
    }
    for (drop, hash) in [("a.b", "a"), ("a", "b"), ("a.b", "a.c"), ("a[0]", "a[1]"), ("a[scalar]", "a")] {
        assert_eq!(conflict(drop, hash), None, "{drop} {hash}");
    }
}

#[test]
fn fields_that_are_gone_by_are_found() {
    let rules = rules(&["visitor.phone", "list[*].id", "aB"], &["visitor.email", "*.x"]);
    let on = |field: &str| rules.on_field(field).map(|(path, action)| (path.to_string(), action));
    for (field, expect) in [
        ("visitor.phone", Some(("visitor.phone", Action::Drop))),
        ("visitor__phone", Some(("visitor.phone", Action::Drop))),
        ("visitor.phone.digits", Some(("visitor.phone", Action::Drop))),
        ("a_b", Some(("aB", Action::Drop))),
        ("aB", Some(("aB", Action::Drop))),
        ("visitor.email", Some(("visitor.email", Action::Hash))),
        ("page.x", Some(("*.x", Action::Hash))),
        ("visitor", None),
        ("phone", None),
        ("id", None),
        ("list.0", None),
    ] {
        assert_eq!(on(field), expect.map(|(path, action)| (path.to_owned(), action)), "{field}");
    }
}
