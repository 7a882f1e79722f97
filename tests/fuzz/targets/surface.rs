//! What a file says of itself: see `any_surface`.
#![no_main]

#[path = "../../../host/src"]
mod host {
    pub mod component {
        pub mod inspect;
        pub mod tests {
            pub mod any_surface;
        }
        pub mod text;
    }
    pub mod http {
        pub mod limits;
    }
}
mod assemble;

use host::{component, http};

libfuzzer_sys::fuzz_target!(|data: &[u8]| component::tests::any_surface::check(data));
libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, _seed: u32| {
    assemble::mutate(data, size, max_size)
});
