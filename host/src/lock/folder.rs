//! The folder of a pipeline: its components and its lock file, and how both are changed together.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::{COMPONENTS, Entry, LOCK_FILE, Lock, LockError};
use crate::fault::{Point, point};

/// The beginning of the names of files that are not in their place yet.
const STAGED: &str = ".adding-";

/// The folder that a pipeline file is in.
#[derive(Clone, Debug)]
pub struct Folder {
    dir: PathBuf,
}

/// What is there of one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: State,
}

/// How a component is, compared with its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// As when it was added.
    Whole,
    /// Another file is in its place.
    Differs {
        /// The digest of that file.
        found: String,
    },
    /// There is no file.
    Missing,
    /// A link or a folder is in its place.
    NoFile,
    /// A file that nobody added.
    Unlisted,
}

impl Folder {
    /// The folder `dir`, be it empty or not.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The lock file.
    pub fn lock_file(&self) -> PathBuf {
        self.dir.join(LOCK_FILE)
    }

    /// The file of a component.
    pub fn component(&self, name: &str) -> PathBuf {
        self.components().join(format!("{name}.wasm"))
    }

    fn components(&self) -> PathBuf {
        self.dir.join(COMPONENTS)
    }

    /// What the lock file says; nothing when there is none.
    pub fn lock(&self) -> Result<Lock, LockError> {
        Ok(Lock::read(&self.lock_file())?.unwrap_or_default())
    }

    /// The entry of the component that a path leads to; none for a file that is not in this folder's `components`, or that
    /// has no entry. Links hide nothing: neither one to such a file nor one in its place.
    pub fn entry_of(&self, path: &Path) -> Result<Option<Entry>, LockError> {
        let Ok(components) = self.components().canonicalize() else { return Ok(None) };
        let named = path.parent().and_then(|parent| {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            Some(parent.canonicalize().ok()?.join(path.file_name()?))
        });
        let is_here = |path: &PathBuf| path.parent() == Some(components.as_path());
        let candidates: Vec<PathBuf> = named.into_iter().chain(path.canonicalize()).filter(is_here).collect();
        if candidates.is_empty() {
            return Ok(None);
        }
        let lock = self.lock()?;
        let name = |path: &PathBuf| path.file_name()?.to_str()?.strip_suffix(".wasm").map(str::to_owned);
        Ok(candidates.iter().filter_map(name).find_map(|name| lock.entry(&name).cloned()))
    }

    /// Puts a component and its entry in, in place of those of the same name.
    ///
    /// Killed at any point, the folder holds the old component with the old entry, or an entry whose component is missing or
    /// differs, which is refused, or the new component with the new entry. Adding it again completes it.
    pub fn add(&self, entry: Entry, bytes: &[u8]) -> Result<(), LockError> {
        let components = self.components();
        let failed = |source| LockError::Write { path: components.clone(), source };
        if fs::symlink_metadata(&components).is_ok_and(|found| found.is_symlink()) {
            return Err(LockError::Linked { path: components });
        }
        fs::create_dir_all(&components).map_err(failed)?;
        let _alone = self.alone()?;
        self.clear().map_err(failed)?;
        let path = self.component(&entry.name);
        let staged = stage(&components, bytes).map_err(failed)?;
        point(Point::ComponentStaged);
        let mut lock = self.lock()?;
        lock.put(entry);
        self.write(&lock)?;
        point(Point::ComponentLocked);
        staged.persist(&path).map_err(|error| LockError::Write { path, source: error.error })?;
        sync(&components).map_err(failed)?;
        point(Point::ComponentPlaced);
        Ok(())
    }

    /// Takes a component and its entry away. False when there is neither.
    pub fn remove(&self, name: &str) -> Result<bool, LockError> {
        if !self.components().is_dir() && self.lock()?.entry(name).is_none() {
            return Ok(false);
        }
        fs::create_dir_all(self.components()).map_err(|source| LockError::Write { path: self.components(), source })?;
        let _alone = self.alone()?;
        let mut lock = self.lock()?;
        let path = self.component(name);
        let gone = match fs::remove_file(&path) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(source) => return Err(LockError::Write { path, source }),
        };
        point(Point::ComponentRemoved);
        let listed = lock.entry(name).is_some();
        if listed {
            lock.take_out(name);
            self.write(&lock)?;
        }
        Ok(gone || listed)
    }

    /// Compares each component with its entry, and finds those without one.
    pub fn verify(&self) -> Result<Vec<Found>, LockError> {
        let lock = self.lock()?;
        let state_of = |entry: &Entry| {
            let path = self.component(&entry.name);
            let state = state(&path, entry).map_err(|source| LockError::Read { path, source })?;
            Ok(Found { name: entry.name.clone(), state })
        };
        let mut found: Vec<Found> = lock.components.iter().map(state_of).collect::<Result<_, _>>()?;
        let components = self.components();
        let failed = |source| LockError::Read { path: components.clone(), source };
        let mut unlisted = Vec::new();
        if components.is_dir() {
            for file in fs::read_dir(&components).map_err(failed)? {
                let file = file.map_err(failed)?.file_name().to_string_lossy().into_owned();
                let Some(name) = file.strip_suffix(".wasm") else { continue };
                if lock.entry(name).is_none() {
                    unlisted.push(Found { name: name.escape_debug().to_string(), state: State::Unlisted });
                }
            }
        }
        unlisted.sort_by(|one, other| one.name.cmp(&other.name));
        found.extend(unlisted);
        Ok(found)
    }

    /// Waits for another process that changes the folder. Held until the file is dropped.
    fn alone(&self) -> Result<File, LockError> {
        let path = self.components().join(".lock");
        let take = || {
            let file = File::create(&path)?;
            file.lock()?;
            Ok(file)
        };
        take().map_err(|source| LockError::Write { path: path.clone(), source })
    }

    /// Takes away what a process left behind that was killed. Nobody else is at it.
    fn clear(&self) -> io::Result<()> {
        for file in fs::read_dir(self.components())? {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with(STAGED) {
                fs::remove_file(file.path())?;
            }
        }
        Ok(())
    }

    fn write(&self, lock: &Lock) -> Result<(), LockError> {
        let path = self.lock_file();
        let dir = if self.dir.as_os_str().is_empty() { Path::new(".") } else { &self.dir };
        let write = || {
            stage(dir, lock.text().as_bytes())?.persist(&path).map_err(|error| error.error)?;
            sync(dir)
        };
        write().map_err(|source| LockError::Write { path: path.clone(), source })
    }
}

/// A file that is whole and durable, and not in its place yet. What is in it is no secret: whoever runs the pipeline reads it.
fn stage(dir: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.prefix(STAGED).tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// How a file is, compared with its entry.
fn state(path: &Path, entry: &Entry) -> io::Result<State> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => return Ok(State::NoFile),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::Missing),
        Err(error) => return Err(error),
    }
    let (mut file, mut hasher, mut block) = (File::open(path)?, Sha256::new(), vec![0; 64 << 10]);
    loop {
        match file.read(&mut block)? {
            0 => break,
            read => hasher.update(&block[..read]),
        }
    }
    let found = crate::component::hex(&hasher.finalize());
    Ok(if found == entry.sha256() { State::Whole } else { State::Differs { found } })
}

/// Makes the names in a folder durable.
#[cfg(unix)]
fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Folders cannot be opened elsewhere.
#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}
