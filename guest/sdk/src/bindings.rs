//! The contract's types and imports, generated from `wit/`. No logic.

#[allow(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated code follows the generator's taste, which differs from target to target"
)]
mod generated {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "configurable-source-component",
        generate_all,
        pub_export_macro: true,
    });
}

pub use generated::{sluicegate::source::types, *};
