//! The file of an inbox: opened, made, and held by one receiver.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::InboxError;
use crate::privacy::make_private_folder;

/// Version of the tables.
const VERSION: i64 = 2;

/// How long one connection waits for another that writes.
pub(super) const BUSY: Duration = Duration::from_secs(30);

/// The tables of version 1. `state` is 0 for an event that was handled, and 1 for one that could not be.
const EVENTS: &str = "
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        received_at_ms INTEGER NOT NULL,
        method TEXT NOT NULL,
        path TEXT NOT NULL,
        headers TEXT NOT NULL,
        body BLOB NOT NULL,
        dedupe_key TEXT,
        state INTEGER NOT NULL,
        reason TEXT
    );
    CREATE INDEX events_by_key ON events (dedupe_key, received_at_ms) WHERE dedupe_key IS NOT NULL;
    CREATE INDEX events_unhandled ON events (number) WHERE state = 1;
";

/// What version 2 adds: messages that are passed on. `relay` is what was known of one when the event was kept, and none for
/// what the service pushed. `state` is 0 for a message that waits, 1 for one that is being sent, and 2 for one that is over;
/// what was sent is gone then, and what it said is in the events.
const RELAYS: &str = "
    ALTER TABLE events ADD COLUMN relay TEXT;
    CREATE TABLE relays (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        received_at_ms INTEGER NOT NULL,
        dedupe_key TEXT,
        order_key TEXT,
        state INTEGER NOT NULL,
        progress TEXT NOT NULL,
        failures INTEGER NOT NULL,
        not_before_ms INTEGER NOT NULL,
        message TEXT,
        request TEXT
    );
    CREATE INDEX relays_by_key ON relays (dedupe_key) WHERE dedupe_key IS NOT NULL;
    CREATE INDEX relays_waiting ON relays (number) WHERE state < 2;
";

/// An open inbox. Several may be open on one folder, in several processes: each sees what the others have committed.
#[derive(Debug)]
pub struct Inbox {
    pub(super) connection: Connection,
    pub(super) dir: PathBuf,
    id: String,
}

/// Held by the one process that receives into an inbox, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Inbox {
    /// Opens the inbox of a folder, and makes both when they are not there; `id` is what a new one is called.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn open_or_make(dir: &Path, id: &str) -> Result<Self, InboxError> {
        make_private_folder(dir).map_err(|source| InboxError::Folder { path: dir.to_owned(), source })?;
        let is_new = !file(dir).exists();
        let inbox = Self::open_file(dir, id)?;
        if is_new {
            // The names of the files must be as durable as what is in them.
            sync_folders(dir).map_err(|source| InboxError::Folder { path: dir.to_owned(), source })?;
        }
        Ok(inbox)
    }

    /// Opens the inbox of a folder.
    ///
    /// # Errors
    /// [`InboxError::Missing`] when there is none, and what [`InboxError`] lists beside.
    pub fn open(dir: &Path) -> Result<Self, InboxError> {
        if !file(dir).exists() {
            return Err(InboxError::Missing { path: dir.to_owned() });
        }
        Self::open_file(dir, "")
    }

    fn open_file(dir: &Path, new_id: &str) -> Result<Self, InboxError> {
        let failed = |error: rusqlite::Error| InboxError::of_store(dir, &error);
        let mut connection = Connection::open(file(dir)).map_err(failed)?;
        private(&file(dir)).map_err(|source| InboxError::Folder { path: dir.to_owned(), source })?;
        connection.busy_timeout(BUSY).map_err(failed)?;
        prepare(&mut connection, new_id).map_err(failed)?;
        let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
        if found > VERSION {
            return Err(InboxError::TooNew { path: dir.to_owned(), found, known: VERSION });
        }
        let id = connection.query_row("SELECT value FROM facts WHERE name = 'id'", [], |row| row.get(0));
        Ok(Self { id: id.map_err(failed)?, connection, dir: dir.to_owned() })
    }

    /// Another connection to the same inbox.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn again(&self) -> Result<Self, InboxError> {
        Self::open(&self.dir)
    }

    /// What the destination knows it by.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Takes the right to receive into the inbox of a folder, for as long as the answer lives. The system gives it back when
    /// the process ends in whatever way.
    ///
    /// # Errors
    /// [`InboxError::InUse`] when another process has it.
    pub fn lock(dir: &Path) -> Result<Lock, InboxError> {
        let folder = |source| InboxError::Folder { path: dir.to_owned(), source };
        make_private_folder(dir).map_err(folder)?;
        let file = File::create(dir.join("lock")).map_err(folder)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(InboxError::InUse { path: dir.to_owned() }),
            Err(TryLockError::Error(source)) => Err(folder(source)),
        }
    }

    /// Something that is remembered beside the events.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn fact(&self, name: &str) -> Result<Option<String>, InboxError> {
        let found = self.connection.query_row("SELECT value FROM facts WHERE name = ?", [name], |row| row.get(0));
        found.optional().map_err(|error| self.failed(&error))
    }

    /// Remembers something beside the events.
    ///
    /// # Errors
    /// What [`InboxError`] lists.
    pub fn set_fact(&self, name: &str, value: &str) -> Result<(), InboxError> {
        let sql = "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value";
        self.connection.execute(sql, params![name, value]).map(drop).map_err(|error| self.failed(&error))
    }

    pub(super) fn failed(&self, error: &rusqlite::Error) -> InboxError {
        InboxError::of_store(&self.dir, error)
    }
}

/// Sets what holds for a connection, and makes the tables of a new file.
fn prepare(connection: &mut Connection, new_id: &str) -> rusqlite::Result<()> {
    // What was pruned must not stay readable, and the file shall shrink then.
    connection.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA secure_delete = ON;",
    )?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        transaction.execute_batch(EVENTS)?;
        transaction.execute("INSERT INTO facts (name, value) VALUES ('id', ?)", [new_id])?;
    }
    if version < 2 {
        transaction.execute_batch(RELAYS)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}

/// The file with the events.
fn file(dir: &Path) -> PathBuf {
    dir.join("events.sqlite")
}

#[cfg(unix)]
fn private(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(file, fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn private(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes the names in a folder durable, and that of the folder.
#[cfg(unix)]
fn sync_folders(dir: &Path) -> io::Result<()> {
    for folder in dir.ancestors().take(3).filter(|folder| folder.is_dir()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Folders cannot be opened elsewhere.
#[cfg(not(unix))]
fn sync_folders(_: &Path) -> io::Result<()> {
    Ok(())
}
