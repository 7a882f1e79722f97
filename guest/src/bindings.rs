//! The contract with its optional interfaces, generated from `wit/`. No logic. Whatever is not about events is the library's.

#[allow(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated code follows the generator's taste, which differs from target to target"
)]
mod generated {
    wit_bindgen::generate!({
        path: "../wit",
        world: "complete-source-component",
        with: {
            "sluicegate:source/types@0.1.0": sluicegate_guest::bindings::types,
        },
        generate_all,
    });
}

pub use generated::*;
