//! What can be wrong with a configuration.

use std::path::PathBuf;

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

impl ConfigError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Some(
                "write one with `sluicegate init CHANNEL_URL`, or name another file: `sluicegate run PIPELINE`".into(),
            ),
            Self::UnknownKey { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::MissingSecret { advice, .. } => Some(advice.clone()),
            _ => None,
        }
    }
}
