//! Who was forgotten: keyed hashes of their signs, in a file of the pipeline's own folder. With them what comes again can be
//! told to be theirs, and without the key nobody can be told by them.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{Asked, Found, Link, Marks, Person, Sign, raw};
use crate::privacy::{Key, KeyError};

/// The file, and that of its key.
const FILE: &str = "forgotten";
const KEY: &str = "forget.key";

/// The format that is written.
const FORMAT: u32 = 1;

/// Those who were forgotten.
#[derive(Clone, Debug, Default)]
pub struct Forgotten {
    dir: PathBuf,
    key: Option<Key>,
    people: Vec<Entry>,
    /// Which of the people has a hash.
    known: HashMap<String, usize>,
}

/// One person, as hashes in base64.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// When they were forgotten first.
    at: String,
    /// What they were called then.
    asked: String,
    /// The kinds of identities that they have, in clear.
    kinds: BTreeSet<String>,
    /// All by which they are told.
    signs: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    /// The hash of nothing: it tells whether the key is the one that the others were made with.
    key_check: String,
    people: Vec<Entry>,
}

/// Why it is not known who was forgotten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForgottenError {
    /// The key cannot be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The file cannot be read or written.
    #[error("`{}` cannot be {doing}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The hashes were made with another key, or the key is gone.
    #[error("`{}` was written with another key than `{}`", path.display(), key.display())]
    OtherKey {
        /// The file.
        path: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
}

impl ForgottenError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::OtherKey { path, .. } => format!(
                "put the key back from a copy: without it nobody in `{}` is known, and data of theirs would come back",
                path.display()
            ),
            Self::Key(_) | Self::File { .. } => {
                "nothing is loaded that could bring somebody back: put both files right".to_owned()
            }
        }
    }
}

impl Forgotten {
    /// Reads who was forgotten; nobody when there is no file.
    ///
    /// # Errors
    /// What [`ForgottenError`] lists.
    pub fn open(dir: &Path) -> Result<Self, ForgottenError> {
        let path = dir.join(FILE);
        let failed = |source| ForgottenError::File { path: path.clone(), doing: "read", source };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { dir: dir.to_owned(), ..Self::default() });
            }
            Err(error) => return Err(failed(error)),
        };
        let file: File = serde_json::from_str(&text).map_err(|error| failed(error.into()))?;
        if file.format != FORMAT {
            return Err(failed(io::Error::other(format!(
                "it has format {}, and this program reads format 1",
                file.format
            ))));
        }
        let other = || ForgottenError::OtherKey { path: path.clone(), key: dir.join(KEY) };
        if !dir.join(KEY).exists() {
            return Err(other());
        }
        let key = Key::open(dir, KEY)?;
        if file.key_check != hash(&key, "check", &[]) {
            return Err(other());
        }
        let known = known(&file.people);
        Ok(Self { dir: dir.to_owned(), key: Some(key), people: file.people, known })
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Whether somebody was forgotten who was called so.
    pub fn was_asked(&self, asked: &Asked) -> bool {
        let hash = self.key.as_ref().map(|key| asked_hash(key, asked));
        self.people.iter().any(|entry| Some(&entry.asked) == hash.as_ref())
    }

    /// Whether a sign is one of theirs.
    pub fn knows(&self, sign: &Sign) -> bool {
        let Some(key) = self.key.as_ref().filter(|_| !self.known.is_empty()) else { return false };
        self.known.contains_key(&sign_hash(key, sign))
    }

    /// How a record is theirs; none when it is not.
    pub fn link(&self, found: &Found) -> Option<Link> {
        if found.identities.iter().any(|sign| self.knows(sign)) {
            return Some(Link::Is);
        }
        let key = self.key.as_ref().filter(|_| !self.known.is_empty())?;
        let owners = found.belongings.iter().filter_map(|sign| self.known.get(&sign_hash(key, sign)));
        let of_another = |owner: &Entry| found.identities.iter().any(|sign| owner.kinds.contains(&sign.kind));
        let belongs = owners.filter_map(|owner| self.people.get(*owner)).any(|owner| !of_another(owner));
        let reaches = |contact: &String| self.known.contains_key(&hash(key, "contact", &[contact]));
        (belongs || (found.identities.is_empty() && found.contacts.iter().any(reaches))).then_some(Link::Belongs)
    }

    /// Whether a text that is no record names one of them.
    pub fn is_named(&self, text: &str, marks: &Marks) -> bool {
        let Some(key) = self.key.as_ref().filter(|_| !self.known.is_empty()) else { return false };
        let kinds = marks.kinds();
        let is_identity = |value: &str| {
            kinds.iter().any(|kind| self.knows(&Sign::new(kind, value)))
                || self.known.contains_key(&hash(key, "last", &[value]))
        };
        let is_contact = |value: &str| self.known.contains_key(&hash(key, "contact", &[value]));
        raw::names(text, marks, &is_identity, &is_contact)
    }

    /// Remembers a person, by hashes alone. When it comes back, that is durable.
    ///
    /// # Errors
    /// What [`ForgottenError`] lists.
    pub fn add(&mut self, asked: &Asked, person: &Person) -> Result<(), ForgottenError> {
        let key = match &self.key {
            Some(key) => key.clone(),
            None => Key::open(&self.dir, KEY)?,
        };
        let asked = asked_hash(&key, asked);
        let signs = person.identities.iter().chain(&person.belongings).map(|sign| sign_hash(&key, sign));
        // What stands for a person in texts that are no records.
        let last = person.identities.iter().filter(|sign| sign.parts.len() > 1).filter_map(|sign| sign.parts.last());
        let last = last.map(|last| hash(&key, "last", &[last]));
        let contacts = person.contacts.iter().map(|contact| hash(&key, "contact", &[contact]));
        let mut signs: Vec<String> = signs.chain(last).chain(contacts).collect();
        let now = format!("{:.0}", jiff::Timestamp::now());
        let kinds = person.identities.iter().map(|sign| sign.kind.clone());
        match self.people.iter_mut().find(|entry| entry.asked == asked) {
            Some(entry) => {
                entry.kinds.extend(kinds);
                signs.retain(|sign| !entry.signs.contains(sign));
                entry.signs.append(&mut signs);
            }
            None => self.people.push(Entry { at: now, asked, kinds: kinds.collect(), signs }),
        }
        self.key = Some(key);
        self.write()
    }

    /// Takes a person out again who was called so, or has such an identity. Tells whether there was one.
    ///
    /// # Errors
    /// What [`ForgottenError`] lists.
    pub fn lift(&mut self, asked: &Asked, marks: &Marks) -> Result<bool, ForgottenError> {
        let Some(key) = self.key.clone() else { return Ok(false) };
        let kinds = marks.kinds();
        let kinds = kinds.iter().filter(|kind| asked.kind.as_ref().is_none_or(|only| only == *kind));
        let parts: Vec<String> = asked.id.split('/').map(str::to_owned).collect();
        let mut hashes = vec![asked_hash(&key, asked)];
        for kind in kinds {
            hashes.push(sign_hash(&key, &Sign::new(kind, &asked.id)));
            hashes.push(sign_hash(&key, &Sign { kind: (*kind).to_owned(), parts: parts.clone() }));
        }
        let before = self.people.len();
        self.people
            .retain(|entry| !hashes.contains(&entry.asked) && !hashes.iter().any(|hash| entry.signs.contains(hash)));
        if self.people.len() == before {
            return Ok(false);
        }
        self.write().map(|()| true)
    }

    /// Writes the file: the old one or the new one is there, whatever happens.
    fn write(&mut self) -> Result<(), ForgottenError> {
        self.known = known(&self.people);
        let Some(key) = &self.key else { return Ok(()) };
        let path = self.dir.join(FILE);
        let write = || {
            let file = File { format: FORMAT, key_check: hash(key, "check", &[]), people: self.people.clone() };
            let text = serde_json::to_string_pretty(&file)?;
            let mut new = tempfile::NamedTempFile::new_in(&self.dir)?;
            writeln!(new, "{text}")?;
            new.as_file().sync_all()?;
            new.persist(&path).map_err(|error| error.error)?;
            #[cfg(unix)]
            fs::File::open(&self.dir)?.sync_all()?;
            Ok(())
        };
        write().map_err(|source: io::Error| ForgottenError::File { path: path.clone(), doing: "written", source })
    }
}

fn known(people: &[Entry]) -> HashMap<String, usize> {
    let pairs = people.iter().enumerate();
    pairs.flat_map(|(number, entry)| entry.signs.iter().map(move |sign| (sign.clone(), number))).collect()
}

fn hash(key: &Key, domain: &str, parts: &[&str]) -> String {
    // No two lists of parts are one text: each says how long it is.
    let text = parts.iter().fold(String::new(), |text, part| format!("{text}{}:{part}", part.len()));
    STANDARD_NO_PAD.encode(key.hash(domain, text.as_bytes()))
}

fn sign_hash(key: &Key, sign: &Sign) -> String {
    let parts: Vec<&str> = [sign.kind.as_str()].into_iter().chain(sign.parts.iter().map(String::as_str)).collect();
    hash(key, "sign", &parts)
}

fn asked_hash(key: &Key, asked: &Asked) -> String {
    hash(key, "asked", &[asked.kind.as_deref().unwrap_or_default(), &asked.id])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::people::{Meaning, mark::tests::mark};

    fn asked(id: &str) -> Asked {
        Asked { kind: None, id: id.to_owned() }
    }

    fn marks() -> Marks {
        Marks::new(vec![mark("r", Meaning::Identity, "client", &["client_id"])], &[]).unwrap()
    }

    #[test]
    fn people_are_known_by_hashes_alone_until_that_is_lifted() {
        let dir = tempfile::tempdir().unwrap();
        let mut person = Person::of(Sign::new("client", "cust-0042"));
        person.belongings.insert(Sign::new("chat", "chat-55120"));
        person.contacts.insert("vera@example.org".to_owned());
        let mut forgotten = Forgotten::open(dir.path()).unwrap();
        assert!(forgotten.is_empty() && !dir.path().join(KEY).exists());
        forgotten.add(&asked("cust-0042"), &person).unwrap();
        forgotten.add(&asked("cust-0042"), &person).unwrap();
        let mut forgotten = Forgotten::open(dir.path()).unwrap();
        assert!(
            forgotten.knows(&Sign::new("client", "cust-0042")) && !forgotten.knows(&Sign::new("visitor", "cust-0042"))
        );
        assert!(forgotten.was_asked(&asked("cust-0042")) && !forgotten.was_asked(&asked("cust-0043")));
        assert!(forgotten.is_named(r#"{"client_id":"cust-0042""#, &marks()));
        assert!(forgotten.is_named("VERA@example.org", &marks()) && !forgotten.is_named("ada@example.org", &marks()));
        let found = Found { belongings: vec![Sign::new("chat", "chat-55120")], ..Found::default() };
        assert_eq!(forgotten.link(&found), Some(Link::Belongs));
        let text = fs::read_to_string(dir.path().join(FILE)).unwrap();
        assert!(!text.contains("cust") && !text.contains("vera") && !text.contains("chat-5"), "{text}");
        assert_eq!(forgotten.people.len(), 1);
        assert!(!forgotten.lift(&asked("cust-0043"), &marks()).unwrap());
        assert!(forgotten.lift(&asked("cust-0042"), &marks()).unwrap());
        assert!(Forgotten::open(dir.path()).unwrap().is_empty());
    }

    #[test]
    fn nobody_comes_back_because_a_key_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let mut forgotten = Forgotten::open(dir.path()).unwrap();
        forgotten.add(&asked("1"), &Person::of(Sign::new("client", "1"))).unwrap();
        fs::remove_file(dir.path().join(KEY)).unwrap();
        let error = Forgotten::open(dir.path()).unwrap_err();
        assert!(matches!(error, ForgottenError::OtherKey { .. }) && error.hint().contains("from a copy"), "{error}");
        Key::open(dir.path(), KEY).unwrap();
        assert!(matches!(Forgotten::open(dir.path()), Err(ForgottenError::OtherKey { .. })));
        fs::write(dir.path().join(FILE), "{").unwrap();
        assert!(matches!(Forgotten::open(dir.path()), Err(ForgottenError::File { .. })));
    }
}
