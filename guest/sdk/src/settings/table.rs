//! Reading a table of the configuration: each key is asked for by name, and none may be left over.

use crate::{
    error::{Error, Result},
    json::{Json, Path},
};

/// A table of the configuration and where it stands, for messages.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    members: Vec<(String, Json<'a>)>,
    place: &'a str,
}

impl<'a> Table<'a> {
    /// Opens a value that must be a table and hold no other keys than these.
    pub fn open(value: Json<'a>, place: &'a str, known: &[&str]) -> Result<Self> {
        let members = members(value, place)?;
        for (key, _) in &members {
            if !known.contains(&key.as_str()) {
                return Err(unknown(&format!("key `{}`", join(place, key)), key, known));
            }
        }
        Ok(Self { members, place })
    }

    /// The dotted path of this table.
    pub fn place(&self) -> &'a str {
        self.place
    }

    /// The dotted path of a key of this table.
    pub fn place_of(&self, key: &str) -> String {
        join(self.place, key)
    }

    /// The value of a key; null is as good as none.
    pub fn get(&self, key: &str) -> Option<Json<'a>> {
        self.find(key).filter(|value| !value.is_null())
    }

    /// Whether a key stands there with null: "none", where leaving it out would mean the default.
    pub fn is_null(&self, key: &str) -> bool {
        self.find(key).is_some_and(Json::is_null)
    }

    /// Of several with one name the last counts.
    fn find(&self, key: &str) -> Option<Json<'a>> {
        self.members.iter().rev().find(|(name, _)| name == key).map(|(_, value)| *value)
    }

    /// A text that is not empty.
    pub fn text(&self, key: &str) -> Result<Option<String>> {
        self.get(key)
            .map(|value| match value.string().as_deref().map(str::trim) {
                Some("") => Err(Error::config(format!("`{}` is empty", self.place_of(key)))),
                Some(text) => Ok(text.to_owned()),
                None => Err(self.wrong(key, "must be a text", value)),
            })
            .transpose()
    }

    /// A whole number of at least `least`.
    pub fn whole(&self, key: &str, least: u64) -> Result<Option<u64>> {
        self.get(key)
            .map(|value| {
                let number = value.text().and_then(|text| text.trim().parse().ok());
                number
                    .filter(|&number| number >= least)
                    .ok_or_else(|| self.wrong(key, &format!("must be a whole number of at least {least}"), value))
            })
            .transpose()
    }

    /// A boolean.
    pub fn boolean(&self, key: &str) -> Result<Option<bool>> {
        self.get(key)
            .map(|value| match value.get() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(self.wrong(key, "must be true or false", value)),
            })
            .transpose()
    }

    /// A path into JSON.
    pub fn path(&self, key: &str) -> Result<Option<Path>> {
        self.text(key)?.map(|text| parse_path(&self.place_of(key), &text)).transpose()
    }

    /// One text or a list of texts, none of them empty.
    pub fn texts(&self, key: &str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let refuse = || self.wrong(key, "must be a text or a list of texts", value);
        let text = |value: Json<'_>| Some(value.string()?.trim().to_owned()).filter(|text| !text.is_empty());
        value.one_or_many().into_iter().map(|value| text(value).ok_or_else(refuse)).collect::<Result<_>>().map(Some)
    }

    /// The error for a value of a key.
    pub fn wrong(&self, key: &str, must: &str, value: Json<'_>) -> Error {
        wrong(&self.place_of(key), must, value)
    }
}

/// The members of a value that must be a table.
pub fn members<'a>(value: Json<'a>, place: &str) -> Result<Vec<(String, Json<'a>)>> {
    if value.is_object() { Ok(value.members()) } else { Err(wrong(place, "must be a table", value)) }
}

/// Reads a path into JSON that stands at a place of the configuration.
pub fn parse_path(place: &str, text: &str) -> Result<Path> {
    text.parse().map_err(|reason| Error::config(format!("`{place}` is no path into JSON: `{text}` {reason}")))
}

/// The error for a value that is not what it must be. Long values are not repeated, since a secret may stand in them.
pub fn wrong(place: &str, must: &str, value: Json<'_>) -> Error {
    let kind = match value {
        value if value.is_null() => "null".to_owned(),
        value if value.is_list() => "a list".to_owned(),
        value if value.is_object() => "a table".to_owned(),
        value => match value.string() {
            Some(text) if text.len() > 40 => "a text".to_owned(),
            text => format!("`{}`", text.as_deref().unwrap_or(value.get())),
        },
    };
    let place = if place.is_empty() { "the configuration".to_owned() } else { format!("`{place}`") };
    Error::config(format!("{place} {must}, but is {kind}"))
}

/// The error for a name that is none of the known ones; it names the nearest. `what` calls it by kind, name and place.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> Error {
    let nearest = known
        .iter()
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 2).max(2))
        .map(|(_, candidate)| format!(", did you mean `{candidate}`?"));
    let others = || format!(", known are: {}", known.join(", "));
    Error::config(format!("unknown {what}{}", nearest.unwrap_or_else(others)))
}

/// Joins a place and a key by a dot.
pub fn join(place: &str, key: &str) -> String {
    if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn unknown_keys_name_the_nearest() {
        let check = |value: Value, expect: &str| {
            let value = value.to_string();
            let error = Table::open(Json::parse(&value).unwrap(), "resources.x", &["path", "params", "primary_key"])
                .unwrap_err();
            assert_eq!(error.message, expect);
        };
        check(json!({"pth": 1}), "unknown key `resources.x.pth`, did you mean `path`?");
        check(json!({"primarykey": 1}), "unknown key `resources.x.primarykey`, did you mean `primary_key`?");
        check(json!({"zzzzzzzz": 1}), "unknown key `resources.x.zzzzzzzz`, known are: path, params, primary_key");
        check(json!(false), "`resources.x` must be a table, but is `false`");
        check(json!([]), "`resources.x` must be a table, but is a list");
    }

    #[test]
    fn values() {
        let value = json!({"t": " a ", "e": " ", "n": 5, "s": "7", "neg": -1, "b": true, "nil": null,
            "l": ["a", "b"], "bad": ["a", 1], "p": "a[0]", "q": "a["});
        let known: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let text = value.to_string();
        let table = Table::open(Json::parse(&text).unwrap(), "", &known).unwrap();
        assert_eq!(table.text("t"), Ok(Some("a".to_owned())));
        assert_eq!(table.text("nil"), Ok(None));
        assert!(table.is_null("nil") && !table.is_null("missing"));
        assert_eq!(table.text("e").unwrap_err().message, "`e` is empty");
        assert_eq!(table.text("n").unwrap_err().message, "`n` must be a text, but is `5`");
        assert_eq!((table.whole("n", 1), table.whole("s", 1)), (Ok(Some(5)), Ok(Some(7))));
        assert_eq!(
            table.whole("neg", 0).unwrap_err().message,
            "`neg` must be a whole number of at least 0, but is `-1`"
        );
        assert_eq!(table.boolean("b"), Ok(Some(true)));
        assert!(table.boolean("t").is_err());
        assert_eq!(table.texts("l"), Ok(Some(vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(table.texts("t"), Ok(Some(vec!["a".to_owned()])));
        assert!(table.texts("bad").is_err());
        assert_eq!(table.path("p").unwrap().unwrap().to_string(), "a[0]");
        assert_eq!(table.path("q").unwrap_err().message, "`q` is no path into JSON: `a[` has a `[` without `]`");
    }
}
