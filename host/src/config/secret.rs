//! The places where secrets are looked up.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::{ConfigError, file::SecretEntry};
use crate::secret::Secret;

/// A secret's shortest length in bytes. A shorter one would be found by chance in what a service answers, and replacing it
/// there would spoil the data.
const SHORTEST: usize = 8;

/// A secret that was found, and where it may go.
#[derive(Clone, Debug)]
pub struct SecretValue {
    /// Its value.
    pub value: Secret,
    /// What is done with it.
    pub binding: SecretBinding,
}

/// Where a secret may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretBinding {
    /// Its key in the component's configuration.
    pub key: String,
    /// The origins whose requests may carry it; none: the first that is granted.
    pub origins: Option<Vec<String>>,
    /// Whether the component is given the value itself.
    pub exposed: bool,
}

impl SecretBinding {
    pub(super) fn new(key: &str, entry: Option<&SecretEntry>) -> Self {
        let (origins, exposed) = match entry {
            Some(SecretEntry::Full { origins, expose, .. }) => (origins.clone(), *expose == Some(true)),
            Some(SecretEntry::From(_)) | None => (None, false),
        };
        Self { key: key.to_owned(), origins, exposed }
    }
}

/// Where secrets are looked up beside the pipeline file's own entries.
#[derive(Debug)]
pub(super) struct Places<'a> {
    pub file: &'a Path,
    pub dir: &'a Path,
    pub source: &'a str,
    pub env: &'a dyn EnvLookup,
}

/// The environment, lent by the one place that may read it.
pub trait EnvLookup {
    /// The value of a variable that is set and is valid Unicode.
    fn var(&self, name: &str) -> Option<String>;
}

impl fmt::Debug for dyn EnvLookup + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnvLookup")
    }
}

impl<F: Fn(&str) -> Option<String>> EnvLookup for F {
    fn var(&self, name: &str) -> Option<String> {
        self(name)
    }
}

impl Places<'_> {
    /// Looks a secret up: the entry of the pipeline file, then dlt's environment variable, then `.dlt/secrets.toml`.
    ///
    /// An entry that names a place decides: when that place is empty the secret is missing, for a look-up that went on
    /// could find another secret than the one that was meant.
    pub(super) fn find(&self, key: &str, entry: Option<&SecretEntry>) -> Result<Option<Secret>, ConfigError> {
        let from = entry.and_then(|entry| match entry {
            SecretEntry::From(from) => Some(from.as_str()),
            SecretEntry::Full { from, .. } => from.as_deref(),
        });
        let found = match from {
            Some(from) => self.find_by_entry(key, from)?,
            None => self.find_as_dlt(key)?,
        };
        let Some((value, place)) = found else { return Ok(None) };
        let bad = |reason: &str| {
            Err(ConfigError::BadSecret { key: key.to_owned(), place: place.clone(), reason: reason.to_owned() })
        };
        if value.len() < SHORTEST {
            return bad("is shorter than 8 bytes, so it could not be told from ordinary text in an answer");
        }
        if value.chars().any(char::is_control) {
            return bad("holds a control character");
        }
        Ok(Some(Secret::new(value)))
    }

    fn find_by_entry(&self, key: &str, from: &str) -> Result<Option<(String, String)>, ConfigError> {
        if let Some(name) = from.strip_prefix("env:") {
            return Ok(self.env.var(name).map(|value| (value, format!("the environment variable `{name}`"))));
        }
        if let Some(path) = from.strip_prefix("file:") {
            let path = self.dir.join(path);
            let place = format!("the file `{}`", path.display());
            return match std::fs::read_to_string(&path) {
                Ok(text) => Ok(Some((text.trim_end_matches(['\r', '\n']).to_owned(), place))),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(ConfigError::BadSecret {
                    key: key.to_owned(),
                    place,
                    reason: format!("cannot be read: {error}"),
                }),
            };
        }
        Err(ConfigError::Value {
            key: format!("source.secrets.{key}"),
            path: self.file.to_owned(),
            reason: "write where the secret is, `env:NAME` or `file:PATH`, not the secret itself".into(),
        })
    }

    fn find_as_dlt(&self, key: &str) -> Result<Option<(String, String)>, ConfigError> {
        let name = self.variable(key);
        if let Some(value) = self.env.var(&name) {
            return Ok(Some((value, format!("the environment variable `{name}`"))));
        }
        let path = self.secrets_file();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ConfigError::Read { path, source }),
        };
        // The cause of a parse error quotes the line, which may be a secret.
        let file = text.parse::<toml::Table>().map_err(|_| ConfigError::BadSecret {
            key: key.to_owned(),
            place: format!("`{}`", path.display()),
            reason: "cannot be read: the file is not TOML".into(),
        })?;
        let value = file
            .get("sources")
            .and_then(|sources| sources.get(self.source))
            .and_then(|source| source.get(key))
            .and_then(toml::Value::as_str);
        Ok(value.map(|value| (value.to_owned(), format!("`{}`", path.display()))))
    }

    /// dlt's name of the environment variable.
    fn variable(&self, key: &str) -> String {
        format!("SOURCES__{}__{}", self.source, key).to_uppercase()
    }

    fn secrets_file(&self) -> PathBuf {
        self.dir.join(".dlt").join("secrets.toml")
    }

    /// The error for a secret that is in none of its places.
    pub(super) fn missing(&self, key: &str, entry: Option<&SecretEntry>) -> ConfigError {
        let variable = self.variable(key);
        let file = self.secrets_file();
        let entry_place = match entry {
            Some(SecretEntry::From(from) | SecretEntry::Full { from: Some(from), .. }) => {
                return ConfigError::MissingSecret {
                    key: key.to_owned(),
                    tried: format!("`{from}`, as `[source.secrets]` in `{}` says", self.file.display()),
                    advice: format!(
                        "set it there, or take the entry out to have `{variable}` and `{}` tried",
                        file.display()
                    ),
                };
            }
            _ => format!("`{key}` in `[source.secrets]` of `{}`", self.file.display()),
        };
        ConfigError::MissingSecret {
            key: key.to_owned(),
            tried: format!(
                "{entry_place}, the environment variable `{variable}`, and `{key}` in `[sources.{}]` of `{}`",
                self.source,
                file.display()
            ),
            advice: format!(
                "set `{variable}`, or write `{key} = \"…\"` under `[sources.{}]` in `{}`",
                self.source,
                file.display()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(entry: Option<&str>, env: &[(&str, &str)], secrets_toml: Option<&str>) -> Result<Option<String>, String> {
        let dir = tempfile::tempdir().unwrap();
        if let Some(text) = secrets_toml {
            std::fs::create_dir(dir.path().join(".dlt")).unwrap();
            std::fs::write(dir.path().join(".dlt/secrets.toml"), text).unwrap();
        }
        std::fs::write(dir.path().join("id.txt"), "from-a-file\n").unwrap();
        let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let file = dir.path().join("sluicegate.toml");
        let places = Places { file: &file, dir: dir.path(), source: "jivochat_source", env: &env };
        let entry = entry.map(|from| SecretEntry::From(from.into()));
        places
            .find("public_id", entry.as_ref())
            .map(|found| found.map(|secret| secret.expose().to_owned()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_place_that_has_it_wins() {
        let dlt_env = ("SOURCES__JIVOCHAT_SOURCE__PUBLIC_ID", "from-dlt-env");
        let toml = "[sources.jivochat_source]\npublic_id = 'from-the-toml'";
        let cases = [
            (Some("env:MINE"), vec![("MINE", "from-my-env"), dlt_env], Some("from-my-env")),
            (Some("file:id.txt"), vec![dlt_env], Some("from-a-file")),
            (None, vec![dlt_env], Some("from-dlt-env")),
            (None, vec![], Some("from-the-toml")),
            (Some("env:MINE"), vec![dlt_env], None),
        ];
        for (entry, env, expected) in cases {
            assert_eq!(find(entry, &env, Some(toml)), Ok(expected.map(Into::into)), "{entry:?}");
        }
        assert_eq!(find(None, &[], None), Ok(None));
    }

    #[test]
    fn a_secret_that_cannot_be_masked_is_refused() {
        let short = find(Some("env:MINE"), &[("MINE", "short")], None).unwrap_err();
        assert!(short.contains("shorter than 8 bytes") && !short.contains("`short`"), "{short}");
        assert!(find(Some("env:MINE"), &[("MINE", "line\nfeed-inside")], None).is_err());
        let literal = find(Some("the-value-itself"), &[], None).unwrap_err();
        assert!(!literal.contains("the-value-itself"), "{literal}");
        let torn = find(None, &[], Some("[sources.jivochat_source]\npublic_id = 'half-a-secret")).unwrap_err();
        assert!(!torn.contains("half-a-secret"), "{torn}");
    }
}
