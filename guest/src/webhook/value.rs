//! The tree of an event: texts decoded, numbers as they are written, members in document order and each name once.

use std::{collections::BinaryHeap, fmt};

use serde::de::{Deserializer, Visitor};

use sluicegate_guest::json::{Json, quoted};

/// How many lists and objects inside each other are opened: more than any event has. What lies deeper stays a text.
const MAX_DEPTH: usize = 12;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Null.
    Null,
    /// True or false.
    Boolean(bool),
    /// A number as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Members),
}

/// The members of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members(pub Vec<(String, Value)>);

impl Value {
    /// Reads a value.
    pub fn read(json: Json<'_>) -> Self {
        Self::read_at(json, MAX_DEPTH)
    }

    fn read_at(json: Json<'_>, depth: usize) -> Self {
        let text = json.get();
        match text.as_bytes().first() {
            Some(b'{' | b'[') if depth == 0 => Self::Text(text.to_owned()),
            Some(b'{') => {
                let members = json.members().into_iter();
                Self::Object(Members::of(members.map(|(key, value)| (key, Self::read_at(value, depth - 1))).collect()))
            }
            Some(b'[') => Self::List(json.items().into_iter().map(|item| Self::read_at(item, depth - 1)).collect()),
            Some(b'"') => Self::Text(decoded(text)),
            Some(b't') => Self::Boolean(true),
            Some(b'f') => Self::Boolean(false),
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number(text.to_owned()),
        }
    }

    /// The text of a text or a number.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            _ => None,
        }
    }

    /// The members, if it is an object.
    pub fn object(&self) -> Option<&Members> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// Whether it says nothing: events write "nothing" as null, `{}` or `[]`, or leave the member out.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::List(items) => items.is_empty(),
            Self::Object(members) => members.0.is_empty(),
            _ => false,
        }
    }

    /// Writes the value as JSON; `sorted` orders members by name, so that equal values are equal texts.
    pub fn write(&self, out: &mut String, sorted: bool) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) => out.push_str(number),
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    out.push(if at == 0 { '[' } else { ',' });
                    item.write(out, sorted);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Object(members) => members.write(out, sorted),
        }
    }
}

impl Members {
    /// Takes members of which several may have one name: the last of them counts, as in most readers.
    pub fn of(mut members: Vec<(String, Value)>) -> Self {
        let mut last = vec![true; members.len()];
        for pair in by_name(&members).windows(2) {
            last[pair[0].1] = pair[0].0 != pair[1].0;
        }
        let mut last = last.into_iter();
        members.retain(|_| last.next() != Some(false));
        Self(members)
    }

    /// The member with a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Takes a member out.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
    }

    /// The member with a name, if it is an object.
    pub fn object(&self, name: &str) -> Option<&Self> {
        self.get(name)?.object()
    }

    /// The text of a member that is a text or a number, and not blank.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.text().filter(|text| !text.trim().is_empty())
    }

    /// Sets a member, in the place of the one with its name or at the end.
    pub fn set(&mut self, name: &str, value: Value) {
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Sets a member to a text, if there is one.
    pub fn set_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.set(name, Value::Text(text.to_owned()));
        }
    }

    /// Copies a member, if it is there.
    pub fn copy(&mut self, from: &Self, name: &str) {
        self.copy_as(from, name, name);
    }

    /// Copies a member under another name, if it is there.
    pub fn copy_as(&mut self, from: &Self, name: &str, new_name: &str) {
        if let Some(value) = from.get(name) {
            self.set(new_name, value.clone());
        }
    }

    /// Adds the members that are not there yet.
    pub fn fill(&mut self, others: Self) {
        let own = self.0.len();
        for (key, value) in others.0 {
            if self.0[..own].iter().all(|(name, _)| *name != key) {
                self.0.push((key, value));
            }
        }
    }

    /// Writes the object as JSON; see [`Value::write`].
    pub fn write(&self, out: &mut String, sorted: bool) {
        let order: Vec<usize> =
            if sorted { by_name(&self.0).into_iter().map(|(_, at)| at).collect() } else { (0..self.0.len()).collect() };
        out.push('{');
        for (position, (key, value)) in order.into_iter().map(|at| &self.0[at]).enumerate() {
            if position > 0 {
                out.push(',');
            }
            out.push_str(&quoted(key));
            out.push(':');
            value.write(out, sorted);
        }
        out.push('}');
    }
}

/// The names in order, each with its position; equal names are in the order of their positions.
fn by_name(members: &[(String, Value)]) -> Vec<(&str, usize)> {
    // By a heap: the sort of slices is fifteen times its code.
    let named: BinaryHeap<_> = members.iter().enumerate().map(|(at, (name, _))| (name.as_str(), at)).collect();
    named.into_sorted_vec()
}

/// The text of a JSON string. Half an emoji, which JSON can write and Unicode does not know, becomes U+FFFD.
fn decoded(json: &str) -> String {
    struct Lossy;
    impl Visitor<'_> for Lossy {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_bytes(Lossy).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expect: &str) {
        let mut out = String::new();
        Value::read(Json::parse(input).unwrap()).write(&mut out, false);
        assert_eq!(out, expect, "{input}");
    }

    #[test]
    fn read_and_written() {
        check(
            r#" {"a" : [1.50, -2e3 ,true,false,null,"x\n\u00e4"], "b":{},"c":[]} "#,
            r#"{"a":[1.50,-2e3,true,false,null,"x\nä"],"b":{},"c":[]}"#,
        );
        // Of members with the same name the last one counts.
        check(r#"{"a":1,"b":2,"a":3}"#, r#"{"b":2,"a":3}"#);
        check(
            r#"["\ud83d\ude42","\ud83d","\ude42x"]"#,
            "[\"🙂\",\"\u{fffd}\u{fffd}\u{fffd}\",\"\u{fffd}\u{fffd}\u{fffd}x\"]",
        );
        check("5", "5");
    }

    #[test]
    fn what_lies_deep_stays_a_text() {
        let deep = format!("{}1{}", "[".repeat(14), "]".repeat(14));
        check(&deep, &format!("{}\"[[1]]\"{}", "[".repeat(12), "]".repeat(12)));
        let deepest = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        assert!(matches!(Value::read(Json::parse(&deepest).unwrap()), Value::List(_)));
    }

    #[test]
    fn sorted() {
        let mut out = String::new();
        Value::read(Json::parse(r#"{"b":{"d":1,"c":2},"a":[3,1]}"#).unwrap()).write(&mut out, true);
        assert_eq!(out, r#"{"a":[3,1],"b":{"c":2,"d":1}}"#);
    }
}
