//! What belongs to one call: an empty world, the hooks of its requests, and the count of what it uses.

use std::sync::Arc;

use wasmtime::{ResourceLimiter, Store, UpdateDeadline, component::ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::{
    component::{call::Caller, limits::Limits, meter::Meter, text::Words},
    http::{hooks::CallHooks, limits::LimitHit, record::CallRecord},
};

/// Core instances, memories and tables of one component. Those of today's compilers have fewer than ten of each; a bomb
/// wants thousands.
pub(super) const MAX_PARTS: usize = 100;

/// Bytes of the header fields of a request, with what each field takes in memory beside its text. Servers refuse heads that
/// are half as large, and a component may hold as many as it may have handles.
const MAX_FIELDS: usize = 16 * 1024;

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
    pub(super) fn store(caller: &Caller, words: Words, record: &Arc<CallRecord>, meter: &Meter) -> Store<Self> {
        let Caller { component, egress, limits, log, .. } = caller;
        let handles = usize::try_from(limits.handles).unwrap_or(usize::MAX);
        let mut wasi = WasiCtx::builder();
        wasi.stdout(log.stream(words))
            .stderr(log.stream(words))
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        let mut table = ResourceTable::new();
        table.set_max_capacity(handles);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_FIELDS);
        let state = Self {
            wasi: wasi.build(),
            http,
            hooks: CallHooks::new(egress, record),
            table,
            usage: Usage { used: 0, limit: limits.memory, record: Arc::clone(record) },
        };
        let mut store = Store::new(component.engine().inner(), state);
        store.limiter(|state| &mut state.usage);
        store.set_max_component_handles(handles);
        store.set_hostcall_fuel(hostcall_fuel(limits));
        let (meter, budget, record) = (meter.clone(), limits.page_cpu, Arc::clone(record));
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            if record.is_over() {
                // A limit decides over the call, whatever the component makes of it.
                return Ok(UpdateDeadline::Interrupt);
            }
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
pub(super) fn hostcall_fuel(limits: &Limits) -> usize {
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

/// Counts memory over all memories and tables of the component: many small ones are one large one.
struct Usage {
    used: u64,
    limit: u64,
    record: Arc<CallRecord>,
}

impl Usage {
    /// Lets a part grow by some bytes, unless all of them together become too large.
    ///
    /// That is a trap, not a failed growth: what a component does without memory is nothing that a user could read.
    fn grow(&mut self, bytes: u64) -> wasmtime::Result<bool> {
        let total = self.used.saturating_add(bytes);
        if total > self.limit {
            let hit = LimitHit::bytes("memory", "the memory of the component", total, self.limit);
            self.record.limit(hit.clone());
            return Err(wasmtime::Error::new(hit));
        }
        self.used = total;
        Ok(true)
    }
}

impl ResourceLimiter for Usage {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The component's own maximum: growing fails as the specification says.
            return Ok(false);
        }
        self.grow((desired - current.min(desired)) as u64)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let bytes = |elements: usize| (elements as u64).saturating_mul(size_of::<usize>() as u64);
        // A maximum beyond the limit may be that of the place that a pool has for the table: the limit comes first.
        if maximum.is_some_and(|maximum| desired > maximum && bytes(maximum) <= self.limit) {
            return Ok(false);
        }
        self.grow(bytes(desired - current.min(desired)))
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
