//! JSON seen without reading more of it than asked for: bodies, their members, and paths into them.
//!
//! Values stay slices of the body ([`RawValue`]), so that numbers, key order and escapes of a record are never touched.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

mod path;

pub use path::{Path, Segment};

/// A value one level deep.
#[derive(Debug)]
pub enum Node<'a> {
    /// The members in document order, keys decoded, duplicates kept.
    Object(Vec<(String, &'a RawValue)>),
    /// The elements.
    List(Vec<&'a RawValue>),
    /// A number, string, boolean or null.
    Scalar(&'a RawValue),
}

impl<'a> Node<'a> {
    /// Opens a value.
    pub fn of(raw: &'a RawValue) -> Self {
        // A raw value was parsed before, so that neither branch can fail on its syntax.
        match raw.get().as_bytes().first() {
            Some(b'{') => members(raw.get()).map_or(Self::Scalar(raw), Self::Object),
            Some(b'[') => serde_json::from_str(raw.get()).map_or(Self::Scalar(raw), Self::List),
            _ => Self::Scalar(raw),
        }
    }
}

/// The members of an object; none for anything else.
pub fn object(raw: &RawValue) -> Option<Vec<(String, &RawValue)>> {
    match Node::of(raw) {
        Node::Object(members) => Some(members),
        _ => None,
    }
}

fn members(text: &str) -> serde_json::Result<Vec<(String, &RawValue)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    serde_json::Deserializer::from_str(text).deserialize_map(Members)
}

/// Whether a value is a list.
pub fn is_list(raw: &RawValue) -> bool {
    raw.get().starts_with('[')
}

/// Whether a value is an object.
pub fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

/// Whether a value is null.
pub fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// The text of a string, or a number as it is written.
pub fn text(raw: &RawValue) -> Option<String> {
    match raw.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw.get()).ok(),
        Some(b'-' | b'0'..=b'9') => Some(raw.get().to_owned()),
        _ => None,
    }
}

/// A whole number that is not negative, also one in quotes or with a fraction of zero.
pub fn count(raw: &RawValue) -> Option<u64> {
    let text = text(raw)?;
    let text = text.trim();
    let whole = text.split_once('.').filter(|(_, zeros)| zeros.bytes().all(|b| b == b'0')).map_or(text, |(n, _)| n);
    whole.parse().ok()
}

/// A boolean, also one in words as dlt takes them.
pub fn boolean(raw: &RawValue) -> Option<bool> {
    let text = text(raw).unwrap_or_else(|| raw.get().to_owned());
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> &RawValue {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn nodes() {
        assert!(matches!(Node::of(raw("{}")), Node::Object(members) if members.is_empty()));
        assert!(matches!(Node::of(raw("[1,[2]]")), Node::List(items) if items.len() == 2));
        assert!(matches!(Node::of(raw("\"x\"")), Node::Scalar(_)));
        let members = object(raw(r#"{ "a\u0062" : [1] , "c":{"d":null}, "c": 2 }"#)).unwrap();
        let members: Vec<_> = members.iter().map(|(key, value)| (key.as_str(), value.get())).collect();
        assert_eq!(members, [("ab", "[1]"), ("c", r#"{"d":null}"#), ("c", "2")]);
    }

    #[test]
    fn scalars() {
        assert_eq!(text(raw(r#""a\nb""#)).as_deref(), Some("a\nb"));
        assert_eq!(text(raw("18446744073709551616")).as_deref(), Some("18446744073709551616"));
        assert_eq!(text(raw("null")), None);
        for (input, expect) in
            [("12", Some(12)), ("\" 12 \"", Some(12)), ("12.0", Some(12)), ("12.5", None), ("-1", None), ("[]", None)]
        {
            assert_eq!(count(raw(input)), expect, "{input}");
        }
        for (input, expect) in [("true", Some(true)), ("\"No\"", Some(false)), ("1", Some(true)), ("null", None)] {
            assert_eq!(boolean(raw(input)), expect, "{input}");
        }
    }

    #[test]
    fn deep_nesting_is_no_recursion() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        assert!(matches!(Node::of(raw(&deep)), Node::List(items) if items.len() == 1));
    }
}
