//! What can be wrong with a configuration.

use std::path::{Path, PathBuf};

/// A configuration that cannot be used. Nothing was contacted and nothing written when it is raised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The pipeline file cannot be read.
    #[error("cannot read the pipeline file `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The pipeline file is not TOML, or a value has the wrong type.
    #[error("cannot understand `{}`", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A key that means nothing.
    #[error("unknown key `{key}` in `{}`", path.display())]
    UnknownKey {
        /// The key with its tables, dotted.
        key: String,
        /// The file.
        path: PathBuf,
        /// The known key that looks most like it.
        nearest: Option<String>,
    },
    /// A value that cannot be used.
    #[error("`{key}` in `{}`: {reason}", path.display())]
    Value {
        /// The key with its tables, dotted.
        key: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A value that cannot be used, and what can be done about it.
    #[error("`{key}` in `{}`: {reason}", path.display())]
    Advised {
        /// The key with its tables, dotted.
        key: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// A word that is none of those that a key takes, and looks like one of them.
    #[error("`{key}` in `{}`: {reason}", path.display())]
    Word {
        /// The key with its tables, dotted.
        key: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// The word that it looks most like.
        nearest: &'static str,
    },
    /// A secret that is in none of the places where it is looked up.
    #[error("the secret `{key}` is missing; tried {tried}")]
    MissingSecret {
        /// The secret's key.
        key: String,
        /// The places, in the order of look-up.
        tried: String,
        /// Where to put it.
        advice: String,
    },
    /// A secret that was found and cannot be used.
    #[error("the secret `{key}` from {place} {reason}")]
    BadSecret {
        /// The secret's key.
        key: String,
        /// Where it was found.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An option of the command line that cannot be used.
    #[error("`{option}`: {reason}")]
    Option {
        /// The option, as it was typed.
        option: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What is wrong with a value, before it is known which file it stands in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadValue {
    /// The key within its table, dotted.
    pub key: String,
    pub reason: String,
    /// For a word that is none: the one that it looks most like.
    pub nearest: Option<&'static str>,
}

impl From<(String, String)> for BadValue {
    /// A key, and what is wrong with its value.
    fn from((key, reason): (String, String)) -> Self {
        Self { key, reason, nearest: None }
    }
}

impl BadValue {
    pub(super) fn new(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::from((key.into(), reason.into()))
    }

    /// A word that is none of those that the key takes.
    pub(super) fn word(key: impl Into<String>, word: &str, known: &[&'static str]) -> Self {
        let reason = format!("`{word}` is none of {}", quoted_list(known));
        Self { key: key.into(), reason, nearest: super::nearest(word, known) }
    }

    /// The error, of a value in a table of a file.
    pub(super) fn within(self, table: &str, path: &Path) -> ConfigError {
        let Self { key, reason, nearest } = self;
        let (key, path) = (format!("{table}.{key}"), path.to_owned());
        match nearest {
            Some(nearest) => ConfigError::Word { key, path, reason, nearest },
            None => ConfigError::Value { key, path, reason },
        }
    }
}

/// `a`, `b` and `c`.
pub(crate) fn quoted_list(names: &[&str]) -> String {
    match names {
        [] => "none".into(),
        [one] => format!("`{one}`"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", first.join(", "))
        }
    }
}

impl ConfigError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Some(
                "write one with `sluicegate init CHANNEL_URL`, or name another file: `sluicegate run PIPELINE`".into(),
            ),
            Self::UnknownKey { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::Word { nearest, .. } => Some(format!("did you mean `{nearest}`?")),
            Self::Advised { hint, .. } => Some(hint.clone()),
            Self::MissingSecret { advice, .. } => Some(advice.clone()),
            _ => None,
        }
    }
}
