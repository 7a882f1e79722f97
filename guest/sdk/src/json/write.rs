//! Writing JSON, member by member.

use std::fmt::Display;

/// An object that is being written.
#[derive(Debug)]
pub struct Object(String);

impl Default for Object {
    fn default() -> Self {
        Self("{".to_owned())
    }
}

impl Object {
    /// Adds a member whose value is JSON already, or a number or boolean that is written like JSON.
    pub fn raw(&mut self, key: &str, json: impl Display) -> &mut Self {
        self.member(key, &json.to_string())
    }

    /// Adds a text.
    pub fn text(&mut self, key: &str, text: &str) -> &mut Self {
        self.member(key, &quoted(text))
    }

    fn member(&mut self, key: &str, json: &str) -> &mut Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quoted(key));
        self.0.push(':');
        self.0.push_str(json);
        self
    }

    /// Ends the object and gives its JSON.
    pub fn finish(&mut self) -> String {
        self.0.push('}');
        std::mem::take(&mut self.0)
    }
}

/// A text as a JSON string.
pub fn quoted(text: &str) -> String {
    // Writing a text to memory cannot fail.
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects() {
        assert_eq!(Object::default().finish(), "{}");
        let written = Object::default().text("a\"", "ü\n\u{1}").raw("b", 1).raw("c", "[null]").finish();
        assert_eq!(written, "{\"a\\\"\":\"ü\\n\\u0001\",\"b\":1,\"c\":[null]}");
    }
}
