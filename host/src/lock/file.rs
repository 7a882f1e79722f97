//! The lock file: read strictly, for what is passed over could be what protects a user.

use std::{collections::HashSet, io::Read as _, path::Path};

use serde::{Deserialize, Serialize};

use super::{LockError, is_name, is_sha256};

/// The format that is written.
const FORMAT: i64 = 1;

/// Most bytes of a lock file: thousands of components.
const MAX_BYTES: u64 = 1 << 20;

const HEADER: &str = "# Written by `sluicegate component`. Keep it with the pipeline file, under version control.\n";

/// All components of a folder, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// In the order of their names.
    pub components: Vec<Entry>,
}

/// One component, as it was when the user agreed to it.
///
/// What a registry and signatures will add has its place here: another way in [`Origin`], and a list of signatures over
/// `digest`. Both come with another format number, so that a program that knows nothing of them does not pass them over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Entry {
    /// Its name, which is that of its file: `components/<name>.wasm`.
    pub name: String,
    /// The version that it says it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `sha256:` and the digest of its bytes in small hexadecimal digits.
    pub digest: String,
    /// The contract that it was built for, as `sluicegate:source@0.1.0`.
    pub wit: String,
    /// The origins that it asks for. Asking grants nothing.
    pub origins: Vec<String>,
    /// Where it came from.
    pub from: Origin,
}

/// Where a component came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Origin {
    /// A file, as the user named it.
    File(String),
    /// A URL, without its query, which may hold a credential.
    Url(String),
}

impl Entry {
    /// An entry, with nothing that is optional.
    pub fn new(name: &str, sha256: &str, wit: &str, from: Origin) -> Self {
        let (name, digest, wit) = (name.to_owned(), format!("sha256:{sha256}"), wit.to_owned());
        Self { name, version: None, digest, wit, origins: Vec::new(), from }
    }

    /// The digest without the name of its kind.
    pub fn sha256(&self) -> &str {
        self.digest.strip_prefix("sha256:").unwrap_or_default()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: i64,
    #[serde(default, rename = "component")]
    components: Vec<Entry>,
}

impl Lock {
    /// Reads a lock file; none when there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, LockError> {
        let failed = |source| LockError::Read { path: path.to_owned(), source };
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        Self::parse(path, &bytes).map(Some)
    }

    /// Reads the text of a lock file; the path is its name in errors.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, LockError> {
        let damaged = |reason: String| LockError::Damaged { path: path.to_owned(), reason };
        if bytes.len() as u64 > MAX_BYTES {
            return Err(damaged("it is larger than 1MiB".to_owned()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| damaged("it is no UTF-8".to_owned()))?;
        let told = |error: &toml::de::Error| error.message().trim_end().replace('\n', " ");
        // The number decides what the rest may be, so that it is looked at first.
        let table: toml::Table = toml::from_str(text).map_err(|error| damaged(told(&error)))?;
        if let Some(format) = table.get("format").and_then(toml::Value::as_integer).filter(|format| *format > FORMAT) {
            return Err(LockError::TooNew { path: path.to_owned(), format });
        }
        let File { format, components } = toml::from_str(text).map_err(|error| damaged(told(&error)))?;
        if format != FORMAT {
            return Err(damaged(format!("there is no format {format}")));
        }
        let mut names = HashSet::new();
        for Entry { name, digest, .. } in &components {
            if !is_name(name) {
                return Err(damaged(format!("`{}` is no name of a component", name.escape_debug())));
            }
            if !digest.strip_prefix("sha256:").is_some_and(is_sha256) {
                return Err(damaged(format!("the digest of `{name}` is none of SHA-256")));
            }
            if !names.insert(name) {
                return Err(damaged(format!("`{name}` is in it twice")));
            }
        }
        Ok(Self { components })
    }

    /// The text of the file.
    pub(super) fn text(&self) -> String {
        let file = File { format: FORMAT, components: self.components.clone() };
        // Texts, lists of texts and numbers can all be written.
        format!("{HEADER}{}", toml::to_string(&file).unwrap_or_default())
    }

    /// The entry of a name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.components.iter().find(|entry| entry.name == name)
    }

    /// Puts an entry in, in the place of one with the same name.
    pub fn put(&mut self, entry: Entry) {
        self.take_out(&entry.name);
        self.components.push(entry);
        self.components.sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// Takes an entry out.
    pub fn take_out(&mut self, name: &str) {
        self.components.retain(|entry| entry.name != name);
    }
}
