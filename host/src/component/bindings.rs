//! Bindings generated from `wit/`; no logic. What leaves [`component`](super) is made of types of `model`.

mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "complete-source-component",
        exports: { default: async },
        with: {
            "wasi": wasmtime_wasi::p2::bindings,
            "wasi:http": wasmtime_wasi_http::p2::bindings::http,
        },
    });
}

/// The interface `people`, which a component may leave out.
pub(super) use generated::exports::sluicegate::source::people;
/// The interface `relay`, which a component may leave out: the indices of its functions and its types.
pub(super) use generated::exports::sluicegate::source::relay;
/// The interface `setup`, which a component may leave out: the indices of its functions and its types.
pub(super) use generated::exports::sluicegate::source::setup;
/// The interface `source`: the indices of its functions and its types.
pub(super) use generated::exports::sluicegate::source::source;
/// The interface `webhook`, which a component may leave out, likewise.
pub(super) use generated::exports::sluicegate::source::webhook;
/// The types that the interfaces share.
pub(super) use generated::sluicegate::source::types;
