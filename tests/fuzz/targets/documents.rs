//! Schemas and states that a dataset holds: see `any_document`.
#![no_main]

#[path = "../../../host/src"]
mod host {
    pub mod model;
    pub mod normalize;
    pub mod sink {
        pub mod ddl;
        pub mod packed;
        pub mod schema_json;
        pub mod state_json;
        pub mod tests {
            pub mod any_document;
        }
    }
    pub mod state;
}

use host::{model, normalize, sink, state};

libfuzzer_sys::fuzz_target!(|data: &[u8]| sink::tests::any_document::check(data));
