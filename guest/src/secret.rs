//! The credential of the channel, which the component only sees as a token and never shows.

use std::fmt;

use crate::url::encode;

/// What stands in place of the secret in messages.
const MASK: &str = "***";

/// A text that is sent but never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for a request.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A text with the secret masked, in clear and percent-encoded.
    pub fn mask(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        let text = text.replace(&self.0, MASK);
        let encoded = encode(&self.0);
        if encoded == self.0 { text } else { text.replace(&encoded, MASK) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked() {
        let secret = Secret::new("a b");
        assert_eq!(secret.mask("x a b y a%20b"), "x *** y ***");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(Secret::new("").mask("x"), "x");
    }
}
