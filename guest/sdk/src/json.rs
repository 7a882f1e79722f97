//! JSON seen without reading more of it than asked for: documents, their members, and paths into them.
//!
//! Values stay slices of the body, so that numbers, key order and escapes of a record are never touched. A page is mostly
//! one long list, which is passed over once when it is known where it is, and twice when that has to be found out.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

mod document;
mod envelope;
mod path;
mod split;
mod write;

pub use document::Document;
pub use path::{Path, Segment};
pub use write::{Object, quoted};

/// A value: a slice of a text that was parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// An object without members.
    pub const EMPTY: Json<'static> = Json("{}");

    /// Takes a text that must be one JSON value, with white space around it or not.
    pub fn parse(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str::<&RawValue>(text).map(|raw| Self(raw.get()))
    }

    /// The value as it is written.
    pub fn get(self) -> &'a str {
        self.0
    }

    /// Whether it is a list.
    pub fn is_list(self) -> bool {
        self.0.starts_with('[')
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    /// Whether it is null.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The members of an object in document order, keys decoded, duplicates kept; none of anything else.
    pub fn members(self) -> Vec<(String, Self)> {
        if self.is_object() { members(self.0).unwrap_or_default() } else { Vec::new() }
    }

    /// The member with a name. Of several the last one counts, as in most readers.
    pub fn member(self, name: &str) -> Option<Self> {
        self.members().into_iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The elements of a list; none of anything else.
    pub fn items(self) -> Vec<Self> {
        let items: Vec<&RawValue> =
            if self.is_list() { serde_json::from_str(self.0).unwrap_or_default() } else { Vec::new() };
        items.into_iter().map(|raw| Self(raw.get())).collect()
    }

    /// The elements of a list; anything else is one itself.
    pub fn one_or_many(self) -> Vec<Self> {
        if self.is_list() { self.items() } else { vec![self] }
    }

    /// The text of a string; none of anything else.
    pub fn string(self) -> Option<String> {
        if self.0.starts_with('"') { serde_json::from_str(self.0).ok() } else { None }
    }

    /// Whether it is a number.
    pub fn is_number(self) -> bool {
        self.0.starts_with(|c: char| c == '-' || c.is_ascii_digit())
    }

    /// The text of a string, or a number as it is written.
    pub fn text(self) -> Option<String> {
        if self.is_number() { Some(self.0.to_owned()) } else { self.string() }
    }

    /// A whole number that is not negative, also one in quotes or with a fraction of zero.
    pub fn count(self) -> Option<u64> {
        let text = self.text()?;
        let text = text.trim();
        let whole = text.split_once('.').filter(|(_, zeros)| zeros.bytes().all(|b| b == b'0')).map_or(text, |(n, _)| n);
        whole.parse().ok()
    }

    /// A boolean, also one in words as dlt takes them.
    pub fn boolean(self) -> Option<bool> {
        let text = self.text().unwrap_or_else(|| self.0.to_owned());
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
            _ => None,
        }
    }
}

fn members(text: &str) -> serde_json::Result<Vec<(String, Json<'_>)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, Json<'de>)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                members.push((key, Json(value.get())));
            }
            Ok(members)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = deserializer.deserialize_map(Members)?;
    deserializer.end()?;
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json<'_> {
        Json::parse(text).unwrap()
    }

    #[test]
    fn values() {
        assert_eq!(json(" {} ").members(), []);
        assert_eq!(json("[1, [2]]").items(), [Json("1"), Json("[2]")]);
        assert_eq!((json("\"x\"").members().len(), json("\"x\"").items().len()), (0, 0));
        let members = json(r#"{ "a\u0062" : [1] , "c":{"d":null}, "c": 2 }"#).members();
        let members: Vec<_> = members.iter().map(|(key, value)| (key.as_str(), value.get())).collect();
        assert_eq!(members, [("ab", "[1]"), ("c", r#"{"d":null}"#), ("c", "2")]);
    }

    #[test]
    fn scalars() {
        assert_eq!(json(r#""a\nb""#).text().as_deref(), Some("a\nb"));
        assert_eq!(json("18446744073709551616").text().as_deref(), Some("18446744073709551616"));
        assert_eq!(json("null").text(), None);
        for (input, expect) in
            [("12", Some(12)), ("\" 12 \"", Some(12)), ("12.0", Some(12)), ("12.5", None), ("-1", None), ("[]", None)]
        {
            assert_eq!(json(input).count(), expect, "{input}");
        }
        for (input, expect) in [("true", Some(true)), ("\"No\"", Some(false)), ("1", Some(true)), ("null", None)] {
            assert_eq!(json(input).boolean(), expect, "{input}");
        }
    }

    #[test]
    fn deep_nesting_is_no_recursion() {
        let lists = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(json(&lists).items().len(), 1);
    }
}
