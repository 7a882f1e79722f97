//! The engine: compiles components, keeps what it compiled, and makes time pass for those that run.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use wasmtime::{
    Cache, CacheConfig, Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig, ResourcesRequired,
};

use super::state::MAX_PARTS;

/// How often a running component is looked at. Short enough that a limit of a second is kept well, long enough to cost
/// nothing.
const TICK: Duration = Duration::from_millis(10);

/// Bytes of stack that a component may use: those of one thread of a usual program are not needed by what runs no threads.
pub(super) const STACK: usize = 512 * 1024;

/// Tables of one component that a pool has places for: those that compilers make, and some.
const TABLES: u32 = 4;

/// Memory that is kept ready for the instances of a component, each of which lives for one call. What a call has touched is
/// cleared and kept for the next one, instead of being given back to the system and asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Calls that may overlap. One more is an error.
    pub calls: u32,
    /// Bytes of one instance that are kept.
    pub kept: usize,
    /// Bytes that one instance may have, by its limit.
    pub memory: u64,
}

impl Pool {
    /// For a receiver of events: as many calls as it handles at once, and some that load; what a small event touches.
    pub fn of_events(memory: u64) -> Self {
        Self { calls: 300, kept: 1 << 20, memory }
    }

    /// For pages, of which at most `at_once` are fetched at the same time: an instance has a page of some megabytes twice, as it came
    /// and as records, and some calls may overlap with those of pages.
    pub fn of_pages(at_once: usize, memory: u64) -> Self {
        Self { calls: u32::try_from(at_once).unwrap_or(u32::MAX).saturating_add(16), kept: 4 << 20, memory }
    }

    fn config(self) -> PoolingAllocationConfig {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(self.calls).total_stacks(self.calls);
        let parts = u32::try_from(MAX_PARTS).unwrap_or(u32::MAX);
        pool.total_core_instances(self.calls.saturating_mul(parts));
        pool.total_memories(self.calls).max_memories_per_module(1);
        pool.total_tables(self.calls.saturating_mul(TABLES)).max_tables_per_module(TABLES);
        // A table that grows meets the limit of memory before the end of its place, as it does without a pool.
        pool.table_elements(usize::try_from(self.memory).unwrap_or(usize::MAX) / size_of::<usize>() + 1);
        // Where the kernel can tell which pages were written, only those are cleared.
        pool.pagemap_scan(Enabled::Auto);
        pool.linear_memory_keep_resident(self.kept).table_keep_resident(self.kept).async_stack_keep_resident(self.kept);
        pool
    }
}

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
    pooled: bool,
}

impl Engine {
    /// Starts an engine. With a folder, compiled components are kept below it; a folder that cannot be used safely costs
    /// time, not the run.
    pub fn new(cache_dir: Option<&Path>) -> Result<Self, EngineError> {
        Self::start(cache_dir, None)
    }

    /// Starts an engine for many short calls: it keeps memory ready for instances, which costs address space. A component
    /// that is larger than what is kept ready is refused when it is loaded; [`Engine::new`] takes it.
    pub fn pooled(cache_dir: Option<&Path>, pool: Pool) -> Result<Self, EngineError> {
        Self::start(cache_dir, Some(pool))
    }

    fn start(cache_dir: Option<&Path>, pool: Option<Pool>) -> Result<Self, EngineError> {
        let fail = |error: wasmtime::Error| EngineError { reason: format!("{error:#}") };
        let mut config = Config::new();
        config.epoch_interruption(true);
        config.max_wasm_stack(STACK);
        if let Some(pool) = pool {
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool.config()));
        }
        if let Some(cache) = cache_dir.and_then(cache) {
            config.cache(Some(cache));
        }
        let inner = wasmtime::Engine::new(&config).map_err(fail)?;
        start_clock(&inner).map_err(|error| EngineError { reason: error.to_string() })?;
        Ok(Self { inner, pooled: pool.is_some() })
    }

    /// Whether there is always a place for the instances of a component, as many as may run at once. A pool has a memory and some tables
    /// for each call, and a component may be made of several modules with memories and tables of their own.
    pub(super) fn has_places_for(&self, component: &wasmtime::component::Component) -> bool {
        let fits = |needed: ResourcesRequired| needed.num_memories <= 1 && needed.num_tables <= TABLES;
        !self.pooled || component.resources_required().is_some_and(fits)
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
    fn a_pool_has_no_place_for_every_component() {
        let memory = "(core module $m (memory 1)) (core instance (instantiate $m))";
        let tables =
            |count| format!("(core module $m {}) (core instance (instantiate $m))", "(table 1 funcref)".repeat(count));
        let two_memories = format!("{memory} (core module $n (memory 1)) (core instance (instantiate $n))");
        let pooled = Engine::pooled(None, Pool::of_pages(1, 1 << 20)).unwrap();
        let on_demand = Engine::new(None).unwrap();
        for (parts, fits) in [(memory.to_owned(), true), (two_memories, false), (tables(4), true), (tables(5), false)] {
            let bytes = wat::parse_str(format!("(component {parts})")).unwrap();
            let has_places = |engine: &Engine| {
                // A module of too many tables is refused by the pool itself.
                let component = wasmtime::component::Component::new(engine.inner(), &bytes);
                component.is_ok_and(|component| engine.has_places_for(&component))
            };
            assert_eq!(has_places(&pooled), fits, "{parts}");
            assert!(has_places(&on_demand), "{parts}");
        }
    }

    #[test]
    fn an_unusable_folder_costs_the_cache_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(Engine::new(Some(&file)).is_ok());
    }
}
