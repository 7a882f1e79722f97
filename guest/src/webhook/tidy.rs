//! One spelling for what JivoChat spells in several ways, by the name of the member that holds it.
//!
//! Its own samples write the same identity as a number here and as a string there, "nothing" as null, `{}` or `[]`, and
//! coordinates as text; see `docs/jivochat.md`. Here each becomes one type, so that it is one column, and two spellings of
//! one event are the same event.

use super::{
    time,
    value::{Members, Value},
};
use sluicegate_guest::json::Json;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// A text, even if a number stands there: identities above all.
    Text,
    /// A number, whether or not it stands in quotes.
    Number,
    /// A number that may have a fraction, and is written as if it had one: a whole number would begin a column of another type.
    Fraction,
    /// A time in seconds since 1970.
    Seconds,
    /// True or false, which CRM events write as 1 or 0.
    Flag,
    /// One object or a list of them.
    Many,
    /// Names and values of the user's own choice: left alone.
    Opaque,
}

/// What members are, by name. Those that are not here are left as they are.
const SORTS: [(&str, Sort); 39] = [
    ("id", Sort::Text),
    ("number", Sort::Text),
    ("phone", Sort::Text),
    ("contact", Sort::Text),
    ("user_token", Sort::Text),
    ("ga", Sort::Text),
    ("ym", Sort::Text),
    ("region_code", Sort::Text),
    ("country_code", Sort::Text),
    ("color", Sort::Text),
    ("name", Sort::Text),
    ("title", Sort::Text),
    ("text", Sort::Text),
    ("latitude", Sort::Fraction),
    ("longitude", Sort::Fraction),
    ("amount", Sort::Fraction),
    ("chats_count", Sort::Number),
    ("visits_count", Sort::Number),
    ("position", Sort::Number),
    ("file_size", Sort::Number),
    ("width", Sort::Number),
    ("height", Sort::Number),
    ("value", Sort::Number),
    ("date", Sort::Seconds),
    ("timestamp", Sort::Seconds),
    ("blacklisted", Sort::Flag),
    ("has_deal", Sort::Flag),
    ("show_notification", Sort::Flag),
    ("enabled", Sort::Flag),
    ("multiple", Sort::Flag),
    ("agents", Sort::Many),
    ("tags", Sort::Many),
    ("merged_tags", Sort::Many),
    ("messages", Sort::Many),
    ("contacts", Sort::Many),
    ("keyboard", Sort::Many),
    ("pipeline_statuses", Sort::Many),
    ("attributes", Sort::Opaque),
    ("custom_data", Sort::Opaque),
];

/// What members are by how their names end.
const ENDINGS: [(&str, Sort); 3] = [("_id", Sort::Text), ("_ts", Sort::Seconds), ("_timestamp", Sort::Seconds)];

/// Whole numbers of so many digits are exact as floating-point numbers.
const EXACT_DIGITS: usize = 15;

/// Tidies the members of an object. Those that say nothing are left out.
pub fn members(members: Members) -> Members {
    let tidied = members.0.into_iter().map(|(key, value)| {
        let key = latin(&key);
        let value = match sort(&key) {
            Some(sort) => sorted(sort, value),
            None => self::value(value),
        };
        (key, value)
    });
    let tidied: Vec<_> = tidied.filter(|(_, value)| !value.is_empty()).collect();
    // Two names may have become one.
    Members::of(tidied)
}

/// A name with the Latin `c` in place of the Cyrillic one, which stands in some names of JivoChat's documentation.
pub fn latin(name: &str) -> String {
    let replaced = name.replace('\u{441}', "c");
    if replaced.is_ascii() { replaced } else { name.to_owned() }
}

/// A list whether it is a list, one object, or an object of objects by position.
pub fn many(value: Value) -> Vec<Value> {
    match value {
        Value::List(items) => items,
        Value::Object(members) if members.0.iter().all(|(key, _)| key.bytes().all(|b| b.is_ascii_digit())) => {
            members.0.into_iter().map(|(_, value)| value).collect()
        }
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn sort(key: &str) -> Option<Sort> {
    let named = SORTS.iter().find(|(name, _)| *name == key);
    named.or_else(|| ENDINGS.iter().find(|(ending, _)| key.ends_with(ending))).map(|(_, sort)| *sort)
}

fn sorted(sort: Sort, found: Value) -> Value {
    match (sort, found) {
        // Where no text belongs, a blank one is "nothing" once more.
        (Sort::Number | Sort::Fraction | Sort::Seconds | Sort::Flag, Value::Text(text)) if text.trim().is_empty() => {
            Value::Null
        }
        (Sort::Text, Value::Number(number)) => Value::Text(whole(&number).to_owned()),
        (Sort::Number, Value::Text(text)) if is_number(text.trim()) => Value::Number(text.trim().to_owned()),
        (Sort::Fraction, Value::Text(text) | Value::Number(text)) if is_number(text.trim()) => {
            Value::Number(fraction(text.trim()))
        }
        (Sort::Seconds, found) => match found.text().and_then(time::from_seconds) {
            Some(time) => Value::Text(time),
            None => value(found),
        },
        (Sort::Flag, found) => match found.text() {
            Some("0") => Value::Boolean(false),
            Some("1") => Value::Boolean(true),
            _ => value(found),
        },
        (Sort::Many, found @ (Value::List(_) | Value::Object(_))) => value(Value::List(many(found))),
        (Sort::Opaque, found) => found,
        (_, found) => value(found),
    }
}

/// Tidies what is in a value.
fn value(value: Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(members(object)),
        Value::List(items) => Value::List(items.into_iter().map(self::value).filter(|item| !item.is_empty()).collect()),
        other => other,
    }
}

/// A whole number without the fraction that some writers give it.
fn whole(number: &str) -> &str {
    number.split_once('.').filter(|(_, zeros)| zeros.bytes().all(|b| b == b'0')).map_or(number, |(whole, _)| whole)
}

/// A number with a fraction, unless it is so large that digits would be lost.
fn fraction(number: &str) -> String {
    let is_whole = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let fraction = if is_whole && number.len() <= EXACT_DIGITS { ".0" } else { "" };
    format!("{number}{fraction}")
}

/// Whether a text is a number in JSON's grammar.
fn is_number(text: &str) -> bool {
    Json::parse(text).is_ok_and(Json::is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expect: &str) {
        let Value::Object(object) = Value::read(Json::parse(input).unwrap()) else { panic!("{input} is no object") };
        let mut out = String::new();
        members(object).write(&mut out, false);
        assert_eq!(out, expect, "{input}");
    }

    #[test]
    fn identities_are_texts() {
        check(r#"{"id":7,"chat_id":55120,"number":312}"#, r#"{"id":"7","chat_id":"55120","number":"312"}"#);
        check(r#"{"id":"7","tags":[{"id":5}]}"#, r#"{"id":"7","tags":[{"id":"5"}]}"#);
        check(r#"{"id":7.0,"a_id":7.5}"#, r#"{"id":"7","a_id":"7.5"}"#);
        check(r#"{"offline_message_id":1767229200123}"#, r#"{"offline_message_id":"1767229200123"}"#);
        check(r#"{"analytics":{"ga":"GA1.2","ym":16}}"#, r#"{"analytics":{"ga":"GA1.2","ym":"16"}}"#);
        check(r#"{"id":{"a":1},"valid":1}"#, r#"{"id":{"a":1},"valid":1}"#);
    }

    #[test]
    fn numbers_are_numbers() {
        check(r#"{"latitude":"67.2804","longitude":-14.4}"#, r#"{"latitude":67.2804,"longitude":-14.4}"#);
        check(
            r#"{"latitude":" 67 ","longitude":"north","amount":"007"}"#,
            r#"{"latitude":67.0,"longitude":"north","amount":"007"}"#,
        );
        check(r#"{"latitude":" ","longitude":"{}","width":""}"#, r#"{"longitude":"{}"}"#);
        check(r#"{"chats_count":"2","width":640}"#, r#"{"chats_count":2,"width":640}"#);
    }

    #[test]
    fn what_may_have_a_fraction_is_written_with_one() {
        check(
            r#"{"amount":1250,"latitude":-33,"longitude":1e2}"#,
            r#"{"amount":1250.0,"latitude":-33.0,"longitude":1e2}"#,
        );
        check(
            r#"{"amount":"99000000000000000000","latitude":"1.50"}"#,
            r#"{"amount":99000000000000000000,"latitude":1.50}"#,
        );
    }

    #[test]
    fn nothing_is_left_out() {
        check(
            r#"{"a":null,"b":{},"c":[],"d":"","e":{"f":null},"g":[null,{}],"h":0,"i":false}"#,
            r#"{"d":"","h":0,"i":false}"#,
        );
    }

    #[test]
    fn seconds_are_timestamps() {
        check(
            r#"{"created_ts":1767225600,"timestamp":"1767225600"}"#,
            r#"{"created_ts":"2026-01-01T00:00:00.000Z","timestamp":"2026-01-01T00:00:00.000Z"}"#,
        );
        check(r#"{"closed_ts":null,"created_ts":"","date":"soon"}"#, r#"{"date":"soon"}"#);
    }

    #[test]
    fn flags_are_booleans() {
        check(
            r#"{"has_deal":1,"enabled":"0","blacklisted":false,"multiple":2,"show_notification":""}"#,
            r#"{"has_deal":true,"enabled":false,"blacklisted":false,"multiple":2}"#,
        );
    }

    #[test]
    fn one_or_many() {
        check(r#"{"tags":{"id":5,"title":"x"}}"#, r#"{"tags":[{"id":"5","title":"x"}]}"#);
        check(r#"{"tags":{"0":{"id":5},"1":{"id":6}}}"#, r#"{"tags":[{"id":"5"},{"id":"6"}]}"#);
        check(r#"{"tags":{},"agents":null,"messages":"x"}"#, r#"{"messages":"x"}"#);
    }

    #[test]
    fn names_are_latin() {
        check(
            "{\"\u{441}ontact_type\":\"phone\",\"\u{441}трана\":1}",
            "{\"contact_type\":\"phone\",\"\u{441}трана\":1}",
        );
    }

    #[test]
    fn what_the_user_named_is_left_alone() {
        check(r#"{"attributes":{"id":7,"x":null}}"#, r#"{"attributes":{"id":7,"x":null}}"#);
    }
}
