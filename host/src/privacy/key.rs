//! Keys of hashes, each in a file of its own: whoever has no such file can neither tell what was hashed nor try values.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac::{self, HMAC_SHA256};

/// Random bytes of a key: as many as a hash has.
const BYTES: usize = 32;

/// A key that is kept in a file.
#[derive(Clone)]
pub struct Key(hmac::Key);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[error("the key `{}` cannot be {doing}", path.display())]
pub struct KeyError {
    /// The file.
    pub path: PathBuf,
    /// What was tried.
    pub doing: &'static str,
    /// What the operating system says.
    #[source]
    pub source: io::Error,
}

impl Key {
    /// The key in a file of a folder. It is made when there is none.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds no key.
    pub fn open(dir: &Path, file_name: &str) -> Result<Self, KeyError> {
        let path = dir.join(file_name);
        match read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Another process may be first: then there is one to read.
                let made = make(dir, &path);
                let found = read(&path).map_err(|unread| made.err().unwrap_or(unread));
                found.map_err(|source| KeyError { path, doing: "made", source })
            }
            found => found.map_err(|source| KeyError { path, doing: "read", source }),
        }
    }

    /// A key of these bytes, for tests and for those who keep it elsewhere.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(HMAC_SHA256, bytes))
    }

    /// The keyed hash of bytes: HMAC-SHA-256. The same bytes have another one in another domain.
    pub fn hash(&self, domain: &str, bytes: &[u8]) -> [u8; 32] {
        let mut hmac = hmac::Context::with_key(&self.0);
        hmac.update(domain.as_bytes());
        // No name of a domain holds it, so no two pairs of domain and bytes are hashed as one.
        hmac.update(&[0]);
        hmac.update(bytes);
        let mut hash = [0; 32];
        hash.copy_from_slice(hmac.sign().as_ref());
        hash
    }
}

/// The key is not told by accident.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(***)")
    }
}

fn read(path: &Path) -> io::Result<Key> {
    let text = fs::read_to_string(path)?;
    match URL_SAFE_NO_PAD.decode(text.trim_end()) {
        Ok(bytes) if bytes.len() == BYTES => Ok(Key::of(&bytes)),
        _ => Err(io::Error::other("it holds no key of 32 bytes in base64url")),
    }
}

/// Makes a file with a new key, unless there is one. It is there whole or not at all, and there for good.
fn make(dir: &Path, path: &Path) -> io::Result<()> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    make_private_folder(dir)?;
    // Such a file is this user's alone, mode 0600.
    let mut new = tempfile::NamedTempFile::new_in(dir)?;
    writeln!(new, "{}", URL_SAFE_NO_PAD.encode(bytes))?;
    new.as_file().sync_all()?;
    new.persist_noclobber(path).map_err(|error| error.error)?;
    // Values that are hashed with a key that is gone after a loss of power would join with nothing any more.
    #[cfg(unix)]
    fs::File::open(dir)?.sync_all()?;
    Ok(())
}

/// Makes a folder that is this user's alone: it holds what people wrote, and keys.
pub(crate) fn make_private_folder(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    #[test]
    fn a_key_is_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("own");
        let hash = |name: &str| Key::open(&dir, name).unwrap().hash("d", b"x");
        assert_eq!(hash("hash.key"), hash("hash.key"));
        assert_ne!(hash("hash.key"), hash("forget.key"));
        assert_eq!(format!("{:?}", Key::open(&dir, "hash.key").unwrap()), "Key(***)");
        let before = hash("hash.key");
        fs::remove_file(dir.join("hash.key")).unwrap();
        assert_ne!(hash("hash.key"), before);
    }

    /// What `printf 'd\0x' | openssl dgst -sha256 -mac HMAC -macopt key:…` says.
    #[test]
    fn hashes_are_those_of_the_standard() {
        let key = Key::of(b"0123456789abcdef0123456789abcdef");
        assert_eq!(hex(&key.hash("d", b"x")), "53216229f114e9410436ddf008f700cb928328208b011c0861bce4211da336a6");
        assert_ne!(key.hash("d", b"x"), key.hash("e", b"x"));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_is_this_user_s_alone() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("own");
        Key::open(&dir, "hash.key").unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(dir.join("hash.key")).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["", "c2hvcnQ\n", "not base64: !\n"] {
            fs::write(dir.path().join("hash.key"), text).unwrap();
            let error = Key::open(dir.path(), "hash.key").unwrap_err();
            assert!(error.source.to_string().starts_with("it holds no key") && error.doing == "read", "{error}");
        }
        // A folder that cannot be one: a file is there.
        let error = Key::open(&dir.path().join("hash.key"), "hash.key").unwrap_err();
        assert!(error.to_string().contains("hash.key"), "{error}");
    }
}
