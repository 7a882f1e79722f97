//! The credentials of a source, which the component only sees as tokens and never shows.

use std::fmt;

use crate::url::{Url, encode};

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

/// All secrets of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// Takes one more.
    pub fn add(&mut self, secret: Secret) {
        self.0.push(secret);
    }

    /// A text with each secret masked.
    pub fn mask(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| secret.mask(&text))
    }

    /// Whether one of them stands in a URL.
    pub fn stand_in(&self, url: &Url) -> bool {
        self.0.iter().any(|secret| url.holds(secret.reveal()))
    }

    /// Whether one of them stands in the name of a URL's host.
    pub fn stand_in_host_of(&self, url: &Url) -> bool {
        self.0.iter().any(|secret| url.origin.holds(secret.reveal()))
    }
}

impl From<Secret> for Secrets {
    fn from(secret: Secret) -> Self {
        Self(vec![secret])
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

    #[test]
    fn several_are_masked() {
        let mut secrets = Secrets::from(Secret::new("one-1"));
        secrets.add(Secret::new("two-2"));
        assert_eq!(secrets.mask("one-1 and two-2"), "*** and ***");
        let url = Url::parse("https://h/a?k=two%2D2").unwrap();
        assert!(secrets.stand_in(&url) && !secrets.stand_in_host_of(&url));
        assert!(secrets.stand_in_host_of(&Url::parse("https://ONE-1.h/").unwrap()));
    }
}
