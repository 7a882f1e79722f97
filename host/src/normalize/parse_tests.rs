use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::*;
use crate::normalize::{json_text, tape::Document};

/// What a text holds, as compact JSON.
fn read(text: &str) -> Result<String, ParseError> {
    let mut tape = Tape::default();
    parse(text, &mut tape)?;
    let mut out = String::new();
    json_text::write(Document { text, tape: &tape }, 0, &mut out);
    Ok(out)
}

fn root(text: &str) -> Option<Node> {
    let mut tape = Tape::default();
    parse(text, &mut tape).ok()?;
    tape.nodes.first().copied()
}

#[test]
fn numbers_are_told_apart_as_python_does() {
    let all = |text: &str| Span { start: 0, end: u32::try_from(text.len()).unwrap() };
    for (text, expected) in [
        ("1", Some(Node::Int(1))),
        ("-0", Some(Node::Int(0))),
        ("-0.0", Some(Node::Float(-0.0))),
        ("1e2", Some(Node::Float(100.0))),
        ("9223372036854775807", Some(Node::Int(i64::MAX))),
        ("-9223372036854775808", Some(Node::Int(i64::MIN))),
        ("9223372036854775808", Some(Node::BigInt(all("9223372036854775808")))),
        ("-9223372036854775809", Some(Node::BigInt(all("-9223372036854775809")))),
        ("1e999", Some(Node::HugeFloat(all("1e999")))),
        ("1e-999", Some(Node::Float(0.0))),
        ("01", None),
        ("+1", None),
        ("1.", None),
        (".5", None),
        ("1e", None),
        ("-", None),
        ("NaN", None),
        ("Infinity", None),
        ("-Infinity", None),
        ("0x10", None),
    ] {
        assert_eq!(root(text), expected, "{text}");
    }
}

#[test]
fn strings_are_unescaped() {
    for (text, expected) in [
        (r#""a\u0000b""#, r#""a\u0000b""#),
        (r#""\ud83d\ude00""#, "\"😀\""),
        (r#""\ud800""#, "\"\u{fffd}\""),
        (r#""x\ud800y\udc00z""#, "\"x\u{fffd}y\u{fffd}z\""),
        (r#""\ud800\ud83d\ude00""#, "\"\u{fffd}😀\""),
        (r#""\ud800\n""#, "\"\u{fffd}\\n\""),
    ] {
        assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
    }
    for text in [r#""\x""#, r#""\u12g4""#, r#""\ud800\u12""#, "\"a\tb\"", "\"a\0b\"", r#"""#, r#""abc"#, r#""abc\"#] {
        assert!(read(text).is_err(), "{text:?}");
    }
}

#[test]
fn what_ends_a_string_is_found_at_every_offset() {
    for length in 0..40 {
        let plain = "é".repeat(length);
        assert_eq!(read(&format!("\"{plain}\"")), Ok(format!("\"{plain}\"")));
        assert_eq!(read(&format!("\"{plain}\\n{plain}\"")), Ok(format!("\"{plain}\\n{plain}\"")));
        assert!(read(&format!("\"{plain}\u{1f}\"")).is_err());
        assert_eq!(read(&format!("\"{plain}\u{7f} \"")), Ok(format!("\"{plain}\u{7f} \"")));
    }
}

#[test]
fn deep_texts_are_refused_without_going_down() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(&nested(MAX_DEPTH)).is_ok());
    assert!(serde_json::from_str::<Value>(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(read(&nested(MAX_DEPTH + 1)), Err(ParseError::TooDeep));
    assert!(serde_json::from_str::<Value>(&nested(MAX_DEPTH + 1)).is_err());
    for text in ["[".repeat(1_000_000), "{\"a\":".repeat(1_000_000), "[{\"a\":".repeat(500_000)] {
        assert_eq!(read(&text), Err(ParseError::TooDeep));
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Eighths: serde_json may miss the last bit of other numbers.
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn all_json_is_read_as_it_was_written(value in json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let read = read(&text).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&read).unwrap(), value);
    }

    #[test]
    fn what_is_json_is_decided_as_serde_json_does(text in "[\\[\\]{}:,\"\\\\truefalsn0-9.eE+ u\u{0}é-]{0,24}") {
        prop_assert_eq!(read(&text).is_ok(), serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{:?}", text);
    }

    #[test]
    fn damaged_json_is_decided_as_serde_json_does(value in json(), at in any::<prop::sample::Index>(), c in any::<char>()) {
        let mut chars: Vec<char> = serde_json::to_string(&value).unwrap().chars().collect();
        let at = at.index(chars.len());
        chars[at] = c;
        let text: String = chars.into_iter().collect();
        prop_assert_eq!(read(&text).is_ok(), serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{:?}", text);
    }
}
