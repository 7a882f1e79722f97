//! Writes a value of a tape as compact JSON, which is what a JSON column stores.

use std::{collections::HashMap, fmt::Write};

use super::tape::{Document, Node, Tape};

/// Appends a value. Of members with the same key the last one's value is written, at the place of the first.
pub(crate) fn write(document: Document<'_>, at: usize, out: &mut String) {
    write_ordered(document, at, unique_members, out);
}

/// Appends a value, the members of objects in the order of their keys: two values that are equal have one text.
pub(crate) fn write_sorted(document: Document<'_>, at: usize, out: &mut String) {
    write_ordered(document, at, sorted_members, out);
}

/// Finds the values of an object's members, in some order.
type Members = fn(Document<'_>, usize) -> Vec<usize>;

fn write_ordered(document: Document<'_>, at: usize, members: Members, out: &mut String) {
    match document.node(at) {
        Node::Null => out.push_str("null"),
        Node::Bool(true) => out.push_str("true"),
        Node::Bool(false) => out.push_str("false"),
        // Writing to a string never fails.
        Node::Int(value) => drop(write!(out, "{value}")),
        Node::Float(value) => write_float(value, out),
        Node::BigInt(span) | Node::HugeFloat(span) => out.push_str(document.span(span)),
        node @ (Node::Text(_) | Node::Unescaped(_)) => write_string(document.string(node), out),
        Node::Array { .. } => {
            out.push('[');
            for (position, item) in document.items(at).enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_ordered(document, item, members, out);
            }
            out.push(']');
        }
        Node::Object { .. } => {
            out.push('{');
            for (position, value) in members(document, at).into_iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_string(key(document, value), out);
                out.push(':');
                write_ordered(document, value, members, out);
            }
            out.push('}');
        }
    }
}

/// The values of an object, of each key one: at the place of the first, the last.
fn unique_members(document: Document<'_>, at: usize) -> Vec<usize> {
    let mut values: Vec<usize> = Vec::new();
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    for (key, value) in document.members(at) {
        let place = *places.entry(key).or_insert(values.len());
        match values.get_mut(place) {
            Some(first) => *first = value,
            None => values.push(value),
        }
    }
    values
}

/// The same in the order of the keys, byte by byte.
pub(crate) fn sorted_members(document: Document<'_>, at: usize) -> Vec<usize> {
    let mut values = unique_members(document, at);
    values.sort_by_key(|value| document.bytes(document.node(key_of(*value))));
    values
}

/// The key of a member, told by its value.
pub(crate) fn key(document: Document<'_>, value: usize) -> &str {
    document.string(document.node(key_of(value)))
}

/// The place of the key of a member: right before its value.
fn key_of(value: usize) -> usize {
    value - 1
}

/// Copies a tape without the members that a later one of the same key replaces. Both borrow from the same text.
pub(crate) fn without_duplicates(document: Document<'_>) -> Tape {
    let mut tape =
        Tape { nodes: Vec::with_capacity(document.tape.nodes.len()), unescaped: document.tape.unescaped.clone() };
    copy(document, 0, &mut tape);
    tape
}

fn copy(document: Document<'_>, at: usize, tape: &mut Tape) {
    let start = tape.nodes.len();
    tape.nodes.push(document.node(at));
    let length = |tape: &Tape| u32::try_from(tape.nodes.len()).unwrap_or(u32::MAX);
    let closed = match document.node(at) {
        Node::Array { .. } => {
            document.items(at).for_each(|item| copy(document, item, tape));
            Node::Array { end: length(tape) }
        }
        Node::Object { .. } => {
            for value in unique_members(document, at) {
                tape.nodes.push(document.node(key_of(value)));
                copy(document, value, tape);
            }
            Node::Object { end: length(tape) }
        }
        _ => return,
    };
    if let Some(node) = tape.nodes.get_mut(start) {
        *node = closed;
    }
}

/// Writes a float in the shortest form, as the JSON library does that dlt uses.
fn write_float(value: f64, out: &mut String) {
    let scientific = format!("{value:e}");
    // Writing to a string never fails.
    let _ = match scientific.split_once('e').map(|(mantissa, exponent)| (mantissa, exponent.parse::<i32>())) {
        Some((mantissa, Ok(exponent @ 16..))) => write!(out, "{mantissa}e+{exponent}"),
        Some((mantissa, Ok(exponent @ ..=-6))) => write!(out, "{mantissa}e{exponent}"),
        Some((_, Ok(-5))) => write!(out, "{value}"),
        _ => write!(out, "{value:?}"),
    };
}

/// Appends a string in quotes.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' => drop(write!(out, "\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::parse::parse;

    #[test]
    fn values_are_written_compactly() {
        for (text, expected) in [
            (" { \"a\" : [ 1 , 2.50 , null , true , false ] } ", r#"{"a":[1,2.5,null,true,false]}"#),
            (
                r#""a\"\\\/\b\f\n\r\t\u0000\u001f\u007fé\u2028""#,
                "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u{7f}é\u{2028}\"",
            ),
            ("[1.0,100.0,1e15,1e16,1e22]", "[1.0,100.0,1000000000000000.0,1e+16,1e+22]"),
            ("[1e-4,1e-5,1.5e-7,-0.0,5e-324]", "[0.0001,0.00001,1.5e-7,-0.0,5e-324]"),
            ("[123456789012345678901234567890,1e999]", "[123456789012345678901234567890,1e999]"),
            (r#"{"a":1,"b":2,"a":{"c":3,"c":4}}"#, r#"{"a":{"c":4},"b":2}"#),
        ] {
            let mut tape = Tape::default();
            parse(text, &mut tape).unwrap();
            let document = Document { text, tape: &tape };
            let mut out = String::new();
            write(document, 0, &mut out);
            assert_eq!(out, expected);

            out.clear();
            write_sorted(document, 0, &mut out);
            assert_eq!(out, expected);

            let unique = without_duplicates(document);
            let mut out = String::new();
            write(Document { text, tape: &unique }, 0, &mut out);
            assert_eq!(out, expected);
        }
    }
    #[test]
    fn members_may_be_sorted() {
        let text = r#"{"b":[{"d":1,"c":{"я":2,"z":3,"":4}}],"B":5,"a":6,"a":7}"#;
        let mut tape = Tape::default();
        parse(text, &mut tape).unwrap();
        let mut out = String::new();
        write_sorted(Document { text, tape: &tape }, 0, &mut out);
        assert_eq!(out, r#"{"B":5,"a":7,"b":[{"c":{"":4,"z":3,"я":2},"d":1}]}"#);
    }
}
