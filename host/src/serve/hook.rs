//! The key in the address of a hook: whoever knows it may send events, and nobody can guess it.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use crate::privacy::make_private_folder;

/// Random bytes of a key: 192 bits.
const BYTES: usize = 24;

/// A key that is kept in a file.
#[derive(Clone, PartialEq, Eq)]
pub struct HookKey(String);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[error("the hook's key `{}` cannot be {doing}", path.display())]
pub struct HookKeyError {
    /// The file.
    pub path: PathBuf,
    /// What was tried.
    pub doing: &'static str,
    /// What the operating system says.
    #[source]
    pub source: io::Error,
}

impl HookKey {
    /// The key of a folder. It is made when there is none.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds no key.
    pub fn open(dir: &Path) -> Result<Self, HookKeyError> {
        match Self::read(dir) {
            Err(error) if error.source.kind() == io::ErrorKind::NotFound => {
                let made = Self::write(dir, false);
                // Another process may have been first.
                if made.is_ok() { made } else { Self::read(dir) }
            }
            read => read,
        }
    }

    /// The key of a folder.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no key.
    pub fn read(dir: &Path) -> Result<Self, HookKeyError> {
        let path = file(dir);
        let failed = |source| HookKeyError { path: path.clone(), doing: "read", source };
        let text = fs::read_to_string(&path).map_err(failed)?;
        let key = text.trim_end();
        let is_key = key.len() >= 22 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if is_key {
            Ok(Self(key.to_owned()))
        } else {
            Err(failed(io::Error::other("it holds no key; `sluicegate hook rotate` makes a new one")))
        }
    }

    /// Puts a new key in place of the one of a folder. The file holds the old or the new one, whatever happens.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn rotate(dir: &Path) -> Result<Self, HookKeyError> {
        Self::write(dir, true)
    }

    fn write(dir: &Path, replace: bool) -> Result<Self, HookKeyError> {
        let path = file(dir);
        let write = || {
            let mut bytes = [0; BYTES];
            getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
            let key = URL_SAFE_NO_PAD.encode(bytes);
            make_private_folder(dir)?;
            // Such a file is this user's alone, mode 0600.
            let mut new = tempfile::NamedTempFile::new_in(dir)?;
            writeln!(new, "{key}")?;
            new.as_file().sync_all()?;
            let put = if replace { new.persist(&path) } else { new.persist_noclobber(&path) };
            put.map_err(|error| error.error)?;
            Ok(Self(key))
        };
        write().map_err(|source| HookKeyError { path: path.clone(), doing: "written", source })
    }

    /// Whether a text is the key. Takes the same time whatever the text is.
    pub fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }

    /// The path of the hook.
    pub fn path(&self) -> String {
        format!("/hook/{}", self.0)
    }

    /// The path of the relay, which the same key opens.
    pub fn relay_path(&self) -> String {
        format!("/relay/{}", self.0)
    }
}

/// The key is not told by accident.
impl std::fmt::Debug for HookKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HookKey(***)")
    }
}

fn file(dir: &Path) -> PathBuf {
    dir.join("hook.key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_replaced_when_asked() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("own");
        let key = HookKey::open(&dir).unwrap();
        assert_eq!(HookKey::open(&dir).unwrap(), key);
        let path = key.path();
        let text = path.strip_prefix("/hook/").unwrap();
        assert!(text.len() == 32 && key.is(text) && !key.is(&text[1..]) && !key.is(""));
        let other = HookKey::rotate(&dir).unwrap();
        assert!(!other.is(text));
        assert_eq!(HookKey::read(&dir).unwrap(), other);
        assert_eq!(format!("{key:?}"), "HookKey(***)");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_is_this_user_s_alone() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        HookKey::open(dir.path()).unwrap();
        assert_eq!(fs::metadata(file(dir.path())).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["", "short\n", "0123456789012345678901/../.."] {
            fs::write(file(dir.path()), text).unwrap();
            let error = HookKey::open(dir.path()).unwrap_err();
            assert!(error.source.to_string().starts_with("it holds no key"), "{error}");
        }
    }
}
