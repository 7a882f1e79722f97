//! What belongs to one call: an empty world, the hooks of its requests, and the count of what it uses.

use std::sync::Arc;

use wasmtime::{ResourceLimiter, Store, UpdateDeadline, component::ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::{
    component::{engine::Engine, limits::Limits, meter::Meter, stdio::Log},
    http::{egress::Egress, hooks::CallHooks, limits::LimitHit, record::CallRecord},
};

/// Core instances, memories and tables of one component. Those of today's compilers have fewer than ten of each; a bomb
/// wants thousands.
const MAX_PARTS: usize = 100;

/// Elements of all tables: function pointers, some thousands in a large component.
const MAX_TABLE_ELEMENTS: usize = 1_000_000;

/// The data of a store.
pub(super) struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: CallHooks,
    table: ResourceTable,
    usage: Usage,
}

impl State {
    /// A fresh store for one call, with its limits set.
    pub(super) fn store(
        engine: &Engine,
        limits: &Limits,
        egress: &Arc<Egress>,
        log: &Log,
        record: &Arc<CallRecord>,
        meter: &Meter,
    ) -> Store<Self> {
        let handles = usize::try_from(limits.handles).unwrap_or(usize::MAX);
        let mut wasi = WasiCtx::builder();
        wasi.stdout(log.stream()).stderr(log.stream()).allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        let mut table = ResourceTable::new();
        table.set_max_capacity(handles);
        let state = Self {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            hooks: CallHooks { egress: Arc::clone(egress), record: Arc::clone(record) },
            table,
            usage: Usage { memory: 0, memory_limit: limits.memory, table_elements: 0, record: Arc::clone(record) },
        };
        let mut store = Store::new(engine.inner(), state);
        store.limiter(|state| &mut state.usage);
        store.set_max_component_handles(handles);
        store.set_hostcall_fuel(hostcall_fuel(limits));
        let (meter, budget, record) = (meter.clone(), limits.page_cpu, Arc::clone(record));
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            let spent = meter.spent();
            if spent > budget {
                record.limit(LimitHit::time("page_cpu", "the time that the component ran", spent, budget));
                return Ok(UpdateDeadline::Interrupt);
            }
            // Other calls and the rest of the program get their turn, however long this one computes.
            Ok(UpdateDeadline::Yield(1))
        });
        store
    }
}

/// Bytes that one call may hand over: a page counts once for its bytes and again for the lists and texts in it.
fn hostcall_fuel(limits: &Limits) -> usize {
    usize::try_from(limits.page_bytes.saturating_mul(2).max(1 << 20)).unwrap_or(usize::MAX)
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

/// Counts memory over all memories of the component: many small ones are one large one.
struct Usage {
    memory: u64,
    memory_limit: u64,
    table_elements: usize,
    record: Arc<CallRecord>,
}

impl ResourceLimiter for Usage {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The component's own maximum: growing fails as the specification says.
            return Ok(false);
        }
        let total = self.memory.saturating_add((desired - current.min(desired)) as u64);
        if total > self.memory_limit {
            // A trap, not a failed growth: what a component does without memory is nothing that a user could read.
            let hit = LimitHit::bytes("memory", "the memory of the component", total, self.memory_limit);
            self.record.limit(hit.clone());
            return Err(wasmtime::Error::new(hit));
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_add(desired - current.min(desired));
        if total > MAX_TABLE_ELEMENTS || maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        MAX_PARTS
    }

    fn tables(&self) -> usize {
        MAX_PARTS
    }

    fn memories(&self) -> usize {
        MAX_PARTS
    }
}
