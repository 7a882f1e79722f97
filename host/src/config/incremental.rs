//! The `incremental` hint of a resource: dlt's keys, checked.

use serde_json::{Number, Value};
use toml::{Table, Value as Toml};

use super::keys;
use crate::{
    incremental::{FieldPath, Lag, Mark, OnMissing, Scale},
    model::RowOrder,
};

/// What the pipeline file says of reading a resource on.
#[derive(Clone, Debug, PartialEq)]
pub enum IncrementalHint {
    /// It is read as a whole, whatever the component lists.
    Off,
    /// It is read on by a field.
    On(Box<IncrementalKeys>),
}

/// The keys of the hint; what is left out has its default elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IncrementalKeys {
    /// The field; none: the one that the component lists.
    pub cursor_path: Option<FieldPath>,
    /// Where the first read begins.
    pub initial_value: Option<Mark>,
    /// Where a backfill ends.
    pub end_value: Option<Mark>,
    /// How far before the last value a read begins.
    pub lag: Option<Lag>,
    /// The order in which the service answers.
    pub row_order: RowOrder,
    /// `range_start = "open"`.
    pub range_start_open: bool,
    /// `range_end = "closed"`.
    pub range_end_closed: bool,
    /// What becomes of a record without a value.
    pub on_cursor_value_missing: OnMissing,
    /// What tells records with the same value apart; none: the resource's key.
    pub primary_key: Option<Key>,
}

/// A key, and whether it is written as a list: dlt hashes `"id"` and `["id"]` differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The fields.
    pub fields: Vec<String>,
    /// Whether they were written as a list.
    pub as_list: bool,
}

/// The key within the resource's table, and what is wrong with it.
type Problem = (String, String);

impl IncrementalHint {
    /// Checks the hint: `false`, the path of the field, or a table.
    pub(super) fn resolve(hint: Toml) -> Result<Self, Problem> {
        let problem = |reason: &str| Err(("incremental".to_owned(), reason.to_owned()));
        match hint {
            Toml::Boolean(false) => Ok(Self::Off),
            Toml::Boolean(true) => problem("says not by which field; write `{ cursor_path = \"…\" }`"),
            Toml::String(path) => {
                let cursor_path = Some(field_path("", &path)?);
                Ok(Self::On(Box::new(IncrementalKeys { cursor_path, ..IncrementalKeys::default() })))
            }
            Toml::Table(table) => table_of(&table).map(|keys| Self::On(Box::new(keys))),
            _ => problem("is `false`, the path of a field, or a table with `cursor_path`"),
        }
    }
}

fn table_of(table: &Table) -> Result<IncrementalKeys, Problem> {
    let text = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(Toml::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(wrong(key, "must be a text")),
    };
    let row_order =
        choice("row_order", text("row_order")?, &[("asc", RowOrder::Ascending), ("desc", RowOrder::Descending)])?;
    let on_missing = choice(
        "on_cursor_value_missing",
        text("on_cursor_value_missing")?,
        &[("raise", OnMissing::Raise), ("include", OnMissing::Include), ("exclude", OnMissing::Exclude)],
    )?;
    let sides = [("open", true), ("closed", false)];
    let keys = IncrementalKeys {
        cursor_path: text("cursor_path")?.map(|path| field_path(".cursor_path", path)).transpose()?,
        initial_value: table.get("initial_value").map(|value| mark("initial_value", value)).transpose()?,
        end_value: table.get("end_value").map(|value| mark("end_value", value)).transpose()?,
        lag: table.get("lag").map(lag).transpose()?.flatten(),
        row_order: row_order.unwrap_or_default(),
        range_start_open: choice("range_start", text("range_start")?, &sides)?.unwrap_or(false),
        range_end_closed: !choice("range_end", text("range_end")?, &sides)?.unwrap_or(true),
        on_cursor_value_missing: on_missing.unwrap_or_default(),
        primary_key: table.get("primary_key").map(key).transpose()?,
    };
    check_together(&keys)?;
    Ok(keys)
}

/// Refuses keys that contradict each other, as dlt does.
fn check_together(keys: &IncrementalKeys) -> Result<(), Problem> {
    if let Some(end) = &keys.end_value {
        let Some(initial) = &keys.initial_value else {
            return Err(wrong("end_value", "needs an `initial_value`: a backfill reads from the one to the other"));
        };
        if initial.scale() != end.scale() {
            let (from, to) = (initial.scale().name(), end.scale().name());
            return Err(wrong("end_value", &format!("is {to}, `{end}`, but `initial_value` is {from}, `{initial}`")));
        }
        if end.precedes(initial) {
            return Err(wrong("end_value", &format!("is `{end}`, which is before `initial_value`, `{initial}`")));
        }
    }
    if let (Some(_), Some(initial)) = (&keys.lag, &keys.initial_value)
        && initial.scale() == Scale::Text
    {
        let reason = format!("needs times or numbers to reckon with, but `initial_value` is the text `{initial}`");
        return Err(wrong("lag", &reason));
    }
    Ok(())
}

fn wrong(key: &str, reason: &str) -> Problem {
    (format!("incremental.{key}"), reason.to_owned())
}

fn field_path(key: &str, text: &str) -> Result<FieldPath, Problem> {
    text.parse().map_err(|error: crate::incremental::InvalidPath| (format!("incremental{key}"), error.to_string()))
}

fn choice<T: Copy>(key: &str, word: Option<&str>, choices: &[(&str, T)]) -> Result<Option<T>, Problem> {
    let Some(word) = word else { return Ok(None) };
    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
    if let Some((_, value)) = choices.iter().find(|(choice, _)| *choice == word) {
        return Ok(Some(*value));
    }
    let known: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    let meant = keys::nearest(word, &words).map(|meant| format!("; did you mean `{meant}`?"));
    Err(wrong(key, &format!("is `{word}`, and can be {}{}", known.join(" or "), meant.unwrap_or_default())))
}

/// A value of the field: a text, a number, or a date and time of TOML, which stands for its text.
fn mark(key: &str, value: &Toml) -> Result<Mark, Problem> {
    let value = match value {
        Toml::String(text) => Value::String(text.clone()),
        Toml::Integer(number) => Value::from(*number),
        Toml::Float(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
        Toml::Datetime(time) if time.date.is_some() => Value::String(time.to_string()),
        _ => Value::Null,
    };
    Mark::new(&value).ok_or_else(|| wrong(key, "must be a text, a number, or a date, with or without a time"))
}

/// A lag of nothing is none.
fn lag(value: &Toml) -> Result<Option<Lag>, Problem> {
    match value {
        Toml::Integer(0) => Ok(None),
        Toml::Integer(lag) if *lag > 0 => Ok(Some(Lag::Whole(*lag))),
        Toml::Float(lag) if *lag == 0.0 => Ok(None),
        Toml::Float(lag) if lag.is_finite() && *lag > 0.0 => Ok(Some(Lag::Fraction(*lag))),
        Toml::Integer(_) | Toml::Float(_) => Err(wrong("lag", "must not be less than 0")),
        _ => Err(wrong("lag", "must be a number: of seconds for times, of days for dates, of units for numbers")),
    }
}

fn key(value: &Toml) -> Result<Key, Problem> {
    let text = |value: &Toml| value.as_str().map(str::to_owned);
    let (fields, as_list) = match value {
        Toml::Array(list) => (list.iter().map(text).collect(), true),
        value => (text(value).map(|field| vec![field]), false),
    };
    let fields: Vec<String> =
        fields.ok_or_else(|| wrong("primary_key", "must be the name of a field, or a list of them"))?;
    for field in &fields {
        field_path(".primary_key", field)?;
    }
    Ok(Key { fields, as_list })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(toml: &str) -> Result<IncrementalHint, Problem> {
        let table: Table = format!("incremental = {toml}").parse().unwrap();
        IncrementalHint::resolve(table["incremental"].clone())
    }

    fn keys(toml: &str) -> IncrementalKeys {
        match read(toml) {
            Ok(IncrementalHint::On(keys)) => *keys,
            other => panic!("{toml}: {other:?}"),
        }
    }

    #[test]
    fn the_keys_of_dlt_are_read() {
        assert_eq!(read("false"), Ok(IncrementalHint::Off));
        assert_eq!(keys("'a.b'").cursor_path.unwrap().as_str(), "a.b");
        let found = keys(
            "{ cursor_path = 'a.b[0]', initial_value = 2026-01-01T00:00:00Z, end_value = '2026-02-01', row_order = 'asc', \
             range_start = 'open', range_end = 'closed', on_cursor_value_missing = 'include', primary_key = [] }",
        );
        assert_eq!(found.initial_value.unwrap().value(), &json!("2026-01-01T00:00:00Z"));
        assert_eq!(found.end_value.unwrap().value(), &json!("2026-02-01"));
        assert_eq!((found.row_order, found.on_cursor_value_missing), (RowOrder::Ascending, OnMissing::Include));
        assert!(found.range_start_open && found.range_end_closed);
        assert_eq!(found.primary_key, Some(Key { fields: Vec::new(), as_list: true }));
        let found =
            keys("{ initial_value = 5, lag = 1.5, range_start = 'closed', range_end = 'open', primary_key = 'id' }");
        assert_eq!((found.cursor_path, found.lag), (None, Some(Lag::Fraction(1.5))));
        assert!(!found.range_start_open && !found.range_end_closed);
        assert_eq!(found.primary_key, Some(Key { fields: vec!["id".into()], as_list: false }));
        assert_eq!(keys("{ initial_value = 2026-01-01 }").initial_value.unwrap().value(), &json!("2026-01-01"));
        assert_eq!(keys("{ initial_value = 1.5, lag = 0 }").lag, None);
    }

    #[test]
    fn what_cannot_be_obeyed_is_refused() {
        for (toml, key, reason) in [
            ("true", "incremental", "says not by which field; write `{ cursor_path = \"…\" }`"),
            ("5", "incremental", "is `false`, the path of a field, or a table with `cursor_path`"),
            ("''", "incremental", "`` is no path into a record: it names no field"),
            (
                "{ cursor_path = 'a..b' }",
                "incremental.cursor_path",
                "`a..b` is no path into a record: it has an empty name",
            ),
            ("{ cursor_path = 5 }", "incremental.cursor_path", "must be a text"),
            (
                "{ end_value = 5 }",
                "incremental.end_value",
                "needs an `initial_value`: a backfill reads from the one to the other",
            ),
            (
                "{ initial_value = 5, end_value = '2026-01-01' }",
                "incremental.end_value",
                "is a time, `2026-01-01`, but `initial_value` is a number, `5`",
            ),
            (
                "{ initial_value = '2026-01-01T00:00:00Z', end_value = '2026-01-01T00:30:00+01:00' }",
                "incremental.end_value",
                "is `2026-01-01T00:30:00+01:00`, which is before `initial_value`, `2026-01-01T00:00:00Z`",
            ),
            (
                "{ initial_value = true }",
                "incremental.initial_value",
                "must be a text, a number, or a date, with or without a time",
            ),
            (
                "{ initial_value = 10:00:00 }",
                "incremental.initial_value",
                "must be a text, a number, or a date, with or without a time",
            ),
            (
                "{ initial_value = nan }",
                "incremental.initial_value",
                "must be a text, a number, or a date, with or without a time",
            ),
            (
                "{ lag = '1h' }",
                "incremental.lag",
                "must be a number: of seconds for times, of days for dates, of units for numbers",
            ),
            ("{ lag = -1 }", "incremental.lag", "must not be less than 0"),
            ("{ lag = inf }", "incremental.lag", "must not be less than 0"),
            (
                "{ lag = 5, initial_value = 'abc' }",
                "incremental.lag",
                "needs times or numbers to reckon with, but `initial_value` is the text `abc`",
            ),
            (
                "{ row_order = 'ascending' }",
                "incremental.row_order",
                "is `ascending`, and can be `asc` or `desc`; did you mean `asc`?",
            ),
            ("{ range_start = 'shut' }", "incremental.range_start", "is `shut`, and can be `open` or `closed`"),
            ("{ primary_key = [5] }", "incremental.primary_key", "must be the name of a field, or a list of them"),
        ] {
            assert_eq!(read(toml), Err((key.to_owned(), reason.to_owned())), "{toml}");
        }
    }
}
