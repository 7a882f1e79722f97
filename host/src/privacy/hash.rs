//! Hashes in the place of values, and what stands in the place of a text that cannot be understood.
//!
//! A hash is made of a value's text alone, so that the same value is the same hash in each table. It carries a check that
//! needs the key to be made: a value that was hashed already is known as such, and stays as it is, however often it comes by.

use super::Key;

/// What hashes begin with.
const PREFIX: &str = "hash_";

/// Digits of the hash proper, 128 bits, and of its check.
const DIGITS: usize = 32;
const CHECK: usize = 16;

/// What stands before the hash of a text that is withheld.
const WITHHELD: &str = "withheld, for [privacy] is set and this is no JSON: ";

/// Makes hashes with one key.
#[derive(Clone, Debug)]
pub(super) struct Hasher(Key);

impl Hasher {
    pub(super) fn new(key: Key) -> Self {
        Self(key)
    }

    /// The hash of a text: small letters, digits and `_`, so that it stays what it is wherever it is kept.
    pub(super) fn hash(&self, text: &[u8]) -> String {
        let mut hash = String::with_capacity(PREFIX.len() + DIGITS + CHECK);
        hash.push_str(PREFIX);
        push_hex(&mut hash, &self.0.hash("value", text)[..DIGITS / 2]);
        let check = self.check(&hash);
        hash.push_str(&check);
        hash
    }

    /// Whether a text is a hash made with this key.
    pub(super) fn is_hash(&self, text: &[u8]) -> bool {
        let shaped = text.len() == PREFIX.len() + DIGITS + CHECK && text.starts_with(PREFIX.as_bytes());
        let Ok(text) = str::from_utf8(text) else { return false };
        shaped && self.check(&text[..PREFIX.len() + DIGITS]) == text[PREFIX.len() + DIGITS..]
    }

    fn check(&self, hash: &str) -> String {
        let mut check = String::with_capacity(CHECK);
        push_hex(&mut check, &self.0.hash("check", hash.as_bytes())[..CHECK / 2]);
        check
    }

    /// What stands in the place of a text of which nobody can tell what it holds. Two texts have two of them.
    pub(super) fn withhold(&self, text: &[u8]) -> String {
        format!("{WITHHELD}{}", self.hash(text))
    }

    /// Whether a text may be kept though nothing can be told of it: it is empty, or is withheld already.
    pub(super) fn is_harmless(&self, text: &[u8]) -> bool {
        text.trim_ascii().is_empty()
            || text.strip_prefix(WITHHELD.as_bytes()).is_some_and(|hash| self.is_hash(hash.trim_ascii_end()))
    }
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(HEX[usize::from(byte >> 4)]));
        text.push(char::from(HEX[usize::from(byte & 15)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> Hasher {
        Hasher::new(Key::of(&[7; 32]))
    }

    #[test]
    fn hashes_are_known_again() {
        let hasher = hasher();
        let hash = hasher.hash(b"vera@example.org");
        assert!(hash.len() == 53 && hash.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
        assert!(hasher.is_hash(hash.as_bytes()) && hash == hasher.hash(b"vera@example.org"));
        assert_ne!(hash, hasher.hash(b"Vera@example.org"));
        let other = Hasher::new(Key::of(&[8; 32]));
        assert!(!other.is_hash(hash.as_bytes()) && other.hash(b"vera@example.org") != hash);
        for text in [&hash[1..], "hash_", "", &hash.replace("hash_", "hush_"), &format!("{}0", &hash[..52])] {
            assert!(!hasher.is_hash(text.as_bytes()) || text == hash, "{text}");
        }
    }

    #[test]
    fn what_is_withheld_is_known_again() {
        let hasher = hasher();
        let withheld = hasher.withhold(b"name=Vera");
        assert!(hasher.is_harmless(withheld.as_bytes()) && hasher.is_harmless(b" \n"));
        assert_ne!(withheld, hasher.withhold(b"name=Ib"));
        // Nobody gets a text past by the looks of it.
        let hash = hasher.hash(b"x");
        for text in [format!("{WITHHELD}Vera"), format!("{withheld} Vera"), format!("Vera {withheld}"), hash] {
            assert!(!hasher.is_harmless(text.as_bytes()), "{text}");
        }
    }
}
