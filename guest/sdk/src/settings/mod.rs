//! The configuration of a source: one JSON object, whose keys an author describes once. The check of what is set and the
//! schema that the component shows are both made of that.

pub mod paginator;
pub mod resource;
pub mod table;

use crate::{
    error::{Error, Result},
    json::{Json, Object, quoted},
    secret::Secret,
    url::Url,
};
use table::Table;

/// What a setting holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number of at least 1.
    Count,
    /// The URL of the service.
    Url,
    /// A credential: the component sees a token in its place.
    Secret,
    /// Tables that change or add resources, by name.
    Resources,
}

/// A key of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name.
    pub key: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// One sentence for the person who sets it.
    pub about: &'static str,
    /// What holds when it is not set; none: it must be asked for with [`Settings::required`], or can be left out.
    pub default: Option<&'static str>,
}

impl Setting {
    /// Describes a key without a default.
    pub const fn new(key: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { key, kind, about, default: None }
    }

    /// Gives it a default.
    #[must_use]
    pub const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    fn schema(&self) -> String {
        let mut schema = Object::default();
        match self.kind {
            Kind::Text | Kind::Secret => schema.text("type", "string"),
            Kind::Url => schema.text("type", "string").text("format", "uri"),
            Kind::Count => schema.text("type", "integer").raw("minimum", 1),
            Kind::Resources => schema.text("type", "object"),
        };
        schema.text("description", self.about);
        if self.kind == Kind::Secret {
            schema.raw("writeOnly", true);
        }
        if let Some(default) = self.default {
            schema.raw("default", if self.kind == Kind::Count { default.to_owned() } else { quoted(default) });
        }
        schema.finish()
    }
}

/// JSON Schema of a configuration with these keys.
pub fn schema(settings: &[Setting]) -> String {
    let mut properties = Object::default();
    for setting in settings {
        properties.raw(setting.key, setting.schema());
    }
    let properties = properties.finish();
    Object::default()
        .text("$schema", "https://json-schema.org/draft/2020-12/schema")
        .text("type", "object")
        .raw("properties", properties)
        .raw("additionalProperties", false)
        .finish()
}

/// A configuration that holds no other keys than those described.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    table: Table<'a>,
    known: &'a [Setting],
}

impl<'a> Settings<'a> {
    /// Opens a configuration.
    pub fn open(json: &'a str, known: &'a [Setting]) -> Result<Self> {
        let value = Json::parse(json)
            .map_err(|error| Error::config(format!("the configuration is no JSON object: {error}")))?;
        let keys: Vec<&str> = known.iter().map(|setting| setting.key).collect();
        Ok(Self { table: Table::open(value, "", &keys)?, known })
    }

    /// What is set, as it is.
    pub fn table(&self) -> &Table<'a> {
        &self.table
    }

    /// A text, or the key's default.
    pub fn text(&self, key: &str) -> Result<Option<String>> {
        Ok(self.table.text(key)?.or_else(|| self.setting(key)?.default.map(str::to_owned)))
    }

    /// A text, or the key's default; an error where there is neither.
    pub fn required(&self, key: &str) -> Result<String> {
        let about = || self.setting(key).map(|setting| format!(": {}", setting.about)).unwrap_or_default();
        self.text(key)?.ok_or_else(|| Error::config(format!("`{key}` is missing{}", about())))
    }

    /// A whole number of at least 1, or the key's default.
    pub fn count(&self, key: &str) -> Result<Option<u64>> {
        let default = || self.setting(key)?.default?.parse().ok();
        Ok(self.table.whole(key, 1)?.or_else(default))
    }

    /// The URL below which all resources are, which must be set or have a default.
    pub fn url(&self, key: &str) -> Result<Url> {
        let text = self.required(key)?;
        let url = Url::parse(&text).map_err(|reason| Error::config(format!("`{key}` {reason}: `{text}`")))?;
        if url.target.contains('?') || text.contains('#') {
            return Err(Error::config(format!("`{key}` must end with a path, without `?` and `#`: `{text}`")));
        }
        Ok(url)
    }

    /// A credential, which must be set.
    pub fn secret(&self, key: &str) -> Result<Secret> {
        match self.table.get(key) {
            // No message says more of it than that it is wrong.
            Some(value) if value.string().is_none() => Err(Error::config(format!("`{key}` must be a text"))),
            _ => self.required(key).map(Secret::new),
        }
    }

    fn setting(&self, key: &str) -> Option<&Setting> {
        self.known.iter().find(|setting| setting.key == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [Setting; 3] = [
        Setting::new("base_url", Kind::Url, "Where it answers.").or("https://h"),
        Setting::new("token", Kind::Secret, "From the account's page."),
        Setting::new("page_size", Kind::Count, "Records per page.").or("50"),
    ];

    #[test]
    fn what_is_set_and_what_is_not() {
        let settings = Settings::open(r#"{"token":"t"}"#, &KNOWN).unwrap();
        assert_eq!(settings.url("base_url").unwrap().to_string(), "https://h/");
        assert_eq!(settings.secret("token").unwrap().reveal(), "t");
        assert_eq!(settings.count("page_size"), Ok(Some(50)));
        let check = |json: &str, key: &str, expect: &str| {
            let error = Settings::open(json, &KNOWN).and_then(|settings| match key {
                "base_url" => settings.url(key).map(|_| ()),
                _ => settings.secret(key).map(|_| ()),
            });
            assert_eq!(error.unwrap_err().message, expect);
        };
        check("{}", "token", "`token` is missing: From the account's page.");
        check(r#"{"token":98765}"#, "token", "`token` must be a text");
        check(r#"{"tokn":"x"}"#, "token", "unknown key `tokn`, did you mean `token`?");
        check(
            r#"{"base_url":"https://h?x"}"#,
            "base_url",
            "`base_url` must end with a path, without `?` and `#`: `https://h?x`",
        );
        assert!(Settings::open("[", &KNOWN).unwrap_err().message.starts_with("the configuration is no JSON object: "));
    }

    #[test]
    fn the_schema_says_the_same() {
        let schema: serde_json::Value = serde_json::from_str(&schema(&KNOWN)).unwrap();
        let properties = &schema["properties"];
        assert_eq!(properties["token"]["writeOnly"], true);
        assert_eq!(properties["base_url"]["default"], "https://h");
        assert_eq!(properties["page_size"]["default"], 50);
        assert_eq!(schema["additionalProperties"], false);
    }
}
