//! What is dropped and hashed: see `any_bytes`.
#![no_main]

#[path = "../../../host/src"]
mod host {
    pub mod json_path;
    pub mod model;
    pub mod normalize;

    pub mod privacy {
        mod hash;
        mod rewrite;
        mod rules;

        #[path = "tests/any_bytes.rs"]
        pub mod any_bytes;

        /// Stands for the key: a hash that costs the fuzzer less.
        #[derive(Clone, Debug)]
        pub struct Key(u8);

        impl Key {
            pub fn of(bytes: &[u8]) -> Self {
                Self(bytes[0])
            }

            pub fn hash(&self, domain: &str, bytes: &[u8]) -> [u8; 32] {
                let seed = 0xcbf2_9ce4_8422_2325 ^ u64::from(self.0);
                let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
                let hash = domain.as_bytes().iter().chain(&[0]).chain(bytes).fold(seed, step);
                let mut whole = [0; 32];
                whole.as_chunks_mut::<8>().0.iter_mut().for_each(|part| *part = hash.to_le_bytes());
                whole
            }
        }
    }
}

use host::{json_path, model, normalize, privacy};

libfuzzer_sys::fuzz_target!(|data: &[u8]| privacy::any_bytes::check(data));
