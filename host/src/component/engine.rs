//! The engine: compiles components, keeps what it compiled, and makes time pass for those that run.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use wasmtime::{Cache, CacheConfig, Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How often a running component is looked at. Short enough that a limit of a second is kept well, long enough to cost
/// nothing.
const TICK: Duration = Duration::from_millis(10);

/// Bytes of stack that a component may use: those of one thread of a usual program are not needed by what runs no threads.
pub(super) const STACK: usize = 512 * 1024;

/// Calls that may overlap in a pooled engine: as many as a receiver handles at once, and some that load.
const POOLED: u32 = 300;

/// Bytes of an instance that are cleared and kept for the next one, instead of being given back to the system and asked for
/// again: what a small event touches.
const KEPT: usize = 1 << 20;

/// The engine cannot be made on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the WebAssembly engine cannot be started: {reason}")]
pub struct EngineError {
    reason: String,
}

/// Compiles and runs components; one is enough for a process. Cloning it is cheap.
#[derive(Clone)]
pub struct Engine {
    inner: wasmtime::Engine,
}

impl Engine {
    /// Starts an engine. With a folder, compiled components are kept below it; a folder that cannot be used safely costs
    /// time, not the run.
    pub fn new(cache_dir: Option<&Path>) -> Result<Self, EngineError> {
        Self::start(cache_dir, InstanceAllocationStrategy::OnDemand)
    }

    /// Starts an engine for many short calls: it keeps memory ready for instances, which costs address space. A component
    /// that is larger than what is kept ready is refused when it is loaded; [`Engine::new`] takes it.
    pub fn pooled(cache_dir: Option<&Path>) -> Result<Self, EngineError> {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(POOLED).total_core_instances(POOLED * 4).total_memories(POOLED);
        pool.total_tables(POOLED * 4).total_stacks(POOLED).max_memories_per_module(1);
        // Where the kernel can tell which pages were written, only those are cleared.
        pool.pagemap_scan(Enabled::Auto);
        pool.linear_memory_keep_resident(KEPT).table_keep_resident(KEPT).async_stack_keep_resident(KEPT);
        Self::start(cache_dir, InstanceAllocationStrategy::Pooling(pool))
    }

    fn start(cache_dir: Option<&Path>, strategy: InstanceAllocationStrategy) -> Result<Self, EngineError> {
        let fail = |error: wasmtime::Error| EngineError { reason: format!("{error:#}") };
        let mut config = Config::new();
        config.epoch_interruption(true);
        config.max_wasm_stack(STACK);
        config.allocation_strategy(strategy);
        if let Some(cache) = cache_dir.and_then(cache) {
            config.cache(Some(cache));
        }
        let inner = wasmtime::Engine::new(&config).map_err(fail)?;
        start_clock(&inner).map_err(|error| EngineError { reason: error.to_string() })?;
        Ok(Self { inner })
    }

    pub(super) fn inner(&self) -> &wasmtime::Engine {
        &self.inner
    }
}

/// Advances the epoch until the engine is gone.
fn start_clock(engine: &wasmtime::Engine) -> io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("epoch".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    })?;
    Ok(())
}

fn cache(dir: &Path) -> Option<Cache> {
    let open = || -> Result<Cache, String> {
        let dir = private_folder(dir).map_err(|error| error.to_string())?;
        let mut config = CacheConfig::new();
        config.with_directory(dir);
        Cache::new(config).map_err(|error| format!("{error:#}"))
    };
    match open() {
        Ok(cache) => Some(cache),
        Err(reason) => {
            tracing::warn!("compiled components are not kept: `{}` cannot be used: {reason}", dir.display());
            None
        }
    }
}

/// Makes a folder that only this user writes to. What lies in it is run as machine code, so nobody else may put it there.
fn private_folder(dir: &Path) -> io::Result<PathBuf> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let folder = dir.join("components");
    builder.create(&folder)?;
    let folder = folder.canonicalize()?;
    // A file made now belongs to this user, and shows at once whether anything can be written.
    let own = tempfile::tempfile_in(&folder)?.metadata()?;
    check_owner(&folder.metadata()?, &own)?;
    Ok(folder)
}

#[cfg(unix)]
fn check_owner(folder: &fs::Metadata, own: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    if folder.uid() != own.uid() {
        return Err(io::Error::other("it belongs to another user"));
    }
    if folder.mode() & 0o022 != 0 {
        return Err(io::Error::other("others may write to it"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_owner(_: &fs::Metadata, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_folder_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let folder = private_folder(&dir.path().join("cache")).unwrap();
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert!(private_folder(&dir.path().join("cache")).is_ok());
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(private_folder(&dir.path().join("cache")).is_err());
    }

    #[test]
    fn an_unusable_folder_costs_the_cache_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(Engine::new(Some(&file)).is_ok());
    }
}
