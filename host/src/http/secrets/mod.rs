//! Secrets that a component never sees: it handles tokens, and the host puts the values in on the way out and takes them
//! back out on the way in.
//!
//! A secret that its user exposes is another matter: the component is given the value itself. The host still keeps it out of
//! what it prints, and out of the records and cursors that it stores, as far as the value can be recognized in them.

mod masker;
mod spelling;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub(crate) use self::masker::Masker;
use self::spelling::{Case, Spellings};
use crate::{
    http::{allow::AllowList, origin::Origin},
    secret::Secret,
};

/// One secret: what the component has in its place, and where the value may go.
#[derive(Clone, Debug)]
pub struct SecretGrant {
    /// URL-safe and random: no other text contains it by chance.
    pub token: String,
    /// The value itself.
    pub value: Secret,
    /// The origins whose requests get the value; in all other requests the token stays.
    pub origins: AllowList,
    /// Whether the component is given the value itself, and not the token.
    pub exposed: bool,
}

/// A list of secrets that cannot be worked with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// A value with a line break would end a header.
    #[error("a secret must hold no line break and no other control character")]
    Control,
    /// A short value would be found in texts that have nothing to do with it.
    #[error("a secret must have at least {MIN_LENGTH} bytes")]
    Short,
    /// The tables for finding them could not be built.
    #[error("the secrets cannot be searched for")]
    Search(#[source] aho_corasick::BuildError),
}

/// Fewest bytes of a secret and of its token.
const MIN_LENGTH: usize = 8;

/// All but the characters that RFC 3986 calls unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What people see in the place of a secret.
const HIDDEN: &str = "****";

/// A text, or bytes that may be one.
pub(crate) trait Text: AsRef<[u8]> {
    /// From what was such a text before something in it was replaced.
    fn from_bytes(bytes: Vec<u8>) -> Self;
}

impl Text for Vec<u8> {
    fn from_bytes(bytes: Vec<u8>) -> Self {
        bytes
    }
}

impl Text for String {
    fn from_bytes(bytes: Vec<u8>) -> Self {
        Self::from_utf8(bytes).unwrap_or_else(|error| Self::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

/// The secrets of a source, ready to be put in and taken out.
#[derive(Debug)]
pub struct Secrets {
    grants: Vec<SecretGrant>,
    tokens: AhoCorasick,
    /// All values.
    values: Spellings,
    /// The values that the component is not given.
    withheld: Spellings,
}

impl Secrets {
    /// Checks the secrets and prepares the search for them.
    pub fn new(grants: Vec<SecretGrant>) -> Result<Self, SecretError> {
        for grant in &grants {
            if grant.value.expose().chars().any(char::is_control) {
                return Err(SecretError::Control);
            }
            if grant.value.expose().len() < MIN_LENGTH || grant.token.len() < MIN_LENGTH {
                return Err(SecretError::Short);
            }
        }
        let tokens = AhoCorasickBuilder::new()
            .match_kind(MatchKind::LeftmostLongest)
            .build(grants.iter().map(|grant| &grant.token))
            .map_err(SecretError::Search)?;
        let values = || grants.iter().map(|grant| grant.value.expose()).enumerate();
        let withheld = Spellings::new(values().filter(|(index, _)| !grants[*index].exposed));
        Ok(Self { values: Spellings::new(values()), withheld, tokens, grants })
    }

    /// Whether any is bound to an origin.
    pub(crate) fn are_bound_to(&self, origin: &Origin) -> bool {
        self.grants.iter().any(|grant| grant.origins.allows(origin))
    }

    /// Whether a response must be searched.
    pub(crate) fn are_withheld(&self) -> bool {
        !self.withheld.is_empty()
    }

    /// Puts the values, percent-encoded, into the path and query of a request to an origin. None when nothing changes.
    pub(crate) fn fill_path(&self, path: &str, origin: &Origin) -> Option<String> {
        let write = |value: &str| utf8_percent_encode(value, ENCODED).to_string();
        let filled = self.fill(path.as_bytes(), |grant| grant.origins.allows(origin), write)?;
        String::from_utf8(filled).ok()
    }

    /// Puts the values into the headers of a request to an origin.
    pub(crate) fn fill_headers(&self, headers: &mut HeaderMap, origin: &Origin) {
        for value in headers.values_mut() {
            if let Some(filled) = self.fill(value.as_bytes(), |grant| grant.origins.allows(origin), str::to_owned)
                && let Ok(mut filled) = HeaderValue::from_bytes(&filled)
            {
                filled.set_sensitive(true);
                *value = filled;
            }
        }
    }

    /// Puts the values that the component is given into a text of its own that was stored.
    pub(crate) fn reveal(&self, text: &str) -> String {
        let filled = self.fill(text.as_bytes(), |grant| grant.exposed, str::to_owned);
        filled.and_then(|filled| String::from_utf8(filled).ok()).unwrap_or_else(|| text.to_owned())
    }

    fn fill(
        &self,
        text: &[u8],
        is_meant: impl Fn(&SecretGrant) -> bool,
        write: impl Fn(&str) -> String,
    ) -> Option<Vec<u8>> {
        let mut filled = Vec::new();
        let mut from = 0;
        for found in self.tokens.find_iter(text) {
            let Some(grant) = self.grants.get(found.pattern().as_usize()) else { continue };
            if is_meant(grant) {
                filled.extend_from_slice(text.get(from..found.start())?);
                filled.extend_from_slice(write(grant.value.expose()).as_bytes());
                from = found.end();
            }
        }
        if from == 0 {
            return None;
        }
        filled.extend_from_slice(text.get(from..)?);
        Some(filled)
    }

    fn token(&self, index: usize) -> &str {
        self.grants.get(index).map_or(HIDDEN, |grant| &grant.token)
    }

    /// Takes the values out of the headers of a response. A name that holds one goes with its field: names come in small
    /// letters, in which a token would not be one.
    pub(crate) fn mask_headers(&self, headers: &mut HeaderMap) {
        let holds = |name: &&HeaderName| self.withheld.find(name.as_str().as_bytes(), 0, Case::Same).is_some();
        let named: Vec<HeaderName> = headers.keys().filter(holds).cloned().collect();
        for name in named {
            headers.remove(name);
        }
        for value in headers.values_mut() {
            if let Some(masked) = self.withheld.replace(value.as_bytes(), Case::Differs, |index| self.token(index)) {
                *value = HeaderValue::from_bytes(&masked).unwrap_or_else(|_| HeaderValue::from_static(HIDDEN));
            }
        }
    }

    fn mask<T: Text>(&self, values: &Spellings, text: T) -> T {
        values.replace(text.as_ref(), Case::Differs, |index| self.token(index)).map_or(text, T::from_bytes)
    }

    /// Takes the values that the component is not given out of what it is given.
    pub(crate) fn withhold<T: Text>(&self, text: T) -> T {
        self.mask(&self.withheld, text)
    }

    /// Takes all values out of what a component returned to be stored. One that it was not given can only be there when it
    /// was put together from what a service wrote in a way that is not known here.
    pub(crate) fn keep_out<T: Text>(&self, text: T) -> T {
        self.mask(&self.values, text)
    }

    /// Puts `****` in the place of tokens and values in a text for people, such as a component's error.
    pub(crate) fn hide(&self, text: &str) -> String {
        let hidden = self.values.replace(text.as_bytes(), Case::Same, |_| HIDDEN);
        let hidden = hidden.map_or_else(|| text.to_owned(), |hidden| String::from_utf8_lossy(&hidden).into_owned());
        self.tokens.replace_all(&hidden, &vec![HIDDEN; self.grants.len()])
    }
}

#[cfg(test)]
mod tests;
