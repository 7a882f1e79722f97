//! Finds, checks and compiles a component.

use std::{
    fmt::Write,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};
use wasmtime::component::{InstancePre, Linker};

use crate::{
    component::{
        bindings::{people, relay, setup, source, webhook},
        engine::Engine,
        inspect::{ComponentInfo, Unfit, inspect},
        limits::Limits,
        link::link,
        signature,
        state::State,
        text::tame,
    },
    http::limits::LimitHit,
};

/// What a file must be like.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// The digest that the file must have, in hexadecimal digits; `sha256:` in front is fine.
    pub sha256: Option<String>,
    /// Most bytes.
    pub max_size: u64,
    /// Longest time of compiling.
    pub compile_time: Duration,
}

impl From<&Limits> for LoadOptions {
    fn from(limits: &Limits) -> Self {
        Self { sha256: None, max_size: limits.component, compile_time: limits.compile_time }
    }
}

/// Why a component cannot be used. Nothing of it has run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[error("cannot load the component `{path}`")]
pub struct LoadError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub kind: LoadErrorKind,
}

/// See [`LoadError`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadErrorKind {
    /// The file is not there or not readable.
    #[error(transparent)]
    Read(io::Error),
    /// The file is too large, compiles for too long, or is made to do so.
    #[error(transparent)]
    Limit(LimitHit),
    /// The file is another one than the pipeline file says.
    #[error("its digest is `{found}`, not `{expected}`")]
    Digest {
        /// The digest of the file.
        found: String,
        /// The digest of the pipeline file.
        expected: String,
    },
    /// The file is no source component that this host can run.
    #[error(transparent)]
    Unfit(Unfit),
    /// The file is damaged in a way that only compiling shows.
    #[error("it cannot be compiled: {0}")]
    Compile(String),
    /// It needs more memories or tables than a pooled engine has places for.
    #[error("it is made of more memories or tables than are kept ready for it")]
    NoPlace,
    /// Its imports or exports have other types than the contract says.
    #[error("it does not fit the contract: {0}")]
    Link(String),
}

/// A component that was checked and compiled, ready to be instantiated any number of times. Cloning it is cheap.
#[derive(Clone)]
pub struct Component {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    info: ComponentInfo,
    instance: InstancePre<State>,
    source: source::GuestIndices,
    setup: Option<setup::GuestIndices>,
    webhook: Option<webhook::GuestIndices>,
    people: Option<people::GuestIndices>,
    relay: Option<relay::GuestIndices>,
}

impl Component {
    /// Reads a file, checks it and compiles it, or takes what the engine compiled earlier.
    pub fn load(engine: &Engine, path: &Path, options: &LoadOptions) -> Result<Self, LoadError> {
        let load = || {
            let bytes = read(path, options.max_size)?;
            Self::from_bytes(engine, bytes, options)
        };
        load().map_err(|kind| LoadError { path: path.to_owned(), kind })
    }

    /// Checks and compiles what was read or received already. `name` stands for it in errors.
    pub fn load_bytes(engine: &Engine, name: &Path, bytes: Vec<u8>, options: &LoadOptions) -> Result<Self, LoadError> {
        let load = || {
            check_size(bytes.len() as u64, options.max_size)?;
            Self::from_bytes(engine, bytes, options)
        };
        load().map_err(|kind| LoadError { path: name.to_owned(), kind })
    }

    fn from_bytes(engine: &Engine, bytes: Vec<u8>, options: &LoadOptions) -> Result<Self, LoadErrorKind> {
        let digest = hex(&Sha256::digest(&bytes));
        if let Some(expected) = &options.sha256 {
            let wanted = expected.trim().strip_prefix("sha256:").unwrap_or(expected.trim());
            if !wanted.eq_ignore_ascii_case(&digest) {
                return Err(LoadErrorKind::Digest { found: digest, expected: expected.clone() });
            }
        }
        let info = inspect(&bytes, digest).map_err(|unfit| match unfit {
            Unfit::Limit(hit) => LoadErrorKind::Limit(hit),
            unfit => LoadErrorKind::Unfit(unfit),
        })?;
        let component = compile(engine, bytes, options.compile_time)?;
        if !engine.has_places_for(&component) {
            return Err(LoadErrorKind::NoPlace);
        }
        let misfit = |error: wasmtime::Error| LoadErrorKind::Link(tame(&format!("{error:#}")));
        signature::check(engine.inner(), &component).map_err(misfit)?;
        let mut linker = Linker::new(engine.inner());
        link(&mut linker, &info).map_err(misfit)?;
        let instance = linker.instantiate_pre(&component).map_err(misfit)?;
        let source = source::GuestIndices::new(&instance).map_err(misfit)?;
        let setup = info.has_setup.then(|| setup::GuestIndices::new(&instance)).transpose().map_err(misfit)?;
        let webhook = info.has_webhook.then(|| webhook::GuestIndices::new(&instance)).transpose().map_err(misfit)?;
        let people = info.has_people.then(|| people::GuestIndices::new(&instance)).transpose().map_err(misfit)?;
        // Its messages fill what `webhook` lists.
        let relay = (info.has_relay && info.has_webhook).then(|| relay::GuestIndices::new(&instance));
        let relay = relay.transpose().map_err(misfit)?;
        let engine = engine.clone();
        Ok(Self { inner: Arc::new(Inner { engine, info, instance, source, setup, webhook, people, relay }) })
    }

    /// What the component is made of.
    pub fn info(&self) -> &ComponentInfo {
        &self.inner.info
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(super) fn instance(&self) -> &InstancePre<State> {
        &self.inner.instance
    }

    pub(super) fn source(&self) -> &source::GuestIndices {
        &self.inner.source
    }

    pub(super) fn setup(&self) -> Option<&setup::GuestIndices> {
        self.inner.setup.as_ref()
    }

    pub(super) fn webhook_indices(&self) -> Option<&webhook::GuestIndices> {
        self.inner.webhook.as_ref()
    }

    pub(super) fn people_indices(&self) -> Option<&people::GuestIndices> {
        self.inner.people.as_ref()
    }

    pub(super) fn relay_indices(&self) -> Option<&relay::GuestIndices> {
        self.inner.relay.as_ref()
    }
}

/// Reads no more than a component may have, whatever the file is.
fn read(path: &Path, max_size: u64) -> Result<Vec<u8>, LoadErrorKind> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(LoadErrorKind::Read)?;
    file.take(max_size.saturating_add(1)).read_to_end(&mut bytes).map_err(LoadErrorKind::Read)?;
    check_size(bytes.len() as u64, max_size)?;
    Ok(bytes)
}

fn check_size(size: u64, max_size: u64) -> Result<(), LoadErrorKind> {
    if size > max_size {
        let hit = LimitHit::bytes("component", "the size of the file", size, max_size);
        return Err(LoadErrorKind::Limit(hit));
    }
    Ok(())
}

/// Compiles in a thread of its own, which is left behind when it takes too long: a compiler cannot be stopped.
fn compile(engine: &Engine, bytes: Vec<u8>, limit: Duration) -> Result<wasmtime::component::Component, LoadErrorKind> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let engine = engine.inner().clone();
    let began = Instant::now();
    thread::Builder::new()
        .name("compile".to_owned())
        .spawn(move || {
            // Nobody waits any more when the limit was reached.
            let _ = sender.send(wasmtime::component::Component::from_binary(&engine, &bytes));
        })
        .map_err(LoadErrorKind::Read)?;
    match receiver.recv_timeout(limit) {
        Ok(compiled) => compiled.map_err(|error| LoadErrorKind::Compile(tame(&format!("{error:#}")))),
        Err(mpsc::RecvTimeoutError::Timeout) => {
            Err(LoadErrorKind::Limit(LimitHit::time("compile_time", "the time of compiling", began.elapsed(), limit)))
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(LoadErrorKind::Compile("the compiler gave up without a word".to_owned()))
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
