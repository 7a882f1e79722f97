//! Components for tests, written as core modules in text form and wrapped by the contract in `wit/`.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The version of the contract in `wit/`.
const VERSION: &str = "0.1.0";

/// Where the prepared results lie in the memory of the guest.
const BASE: usize = 1024;

/// A guest whose functions are given as the bodies of core functions.
pub(super) struct Guest {
    list_resources: String,
    fetch_page: String,
    data: Vec<u8>,
    /// Pages of 64 KiB that the memory begins with.
    pub(super) memory: u32,
    world: &'static str,
    version: &'static str,
    setup: bool,
}

impl Guest {
    /// A guest that lists nothing and returns an empty last page.
    pub(super) fn new() -> Self {
        let mut guest = Self {
            list_resources: String::new(),
            fetch_page: String::new(),
            data: Vec::new(),
            memory: 2,
            world: "source-component",
            version: VERSION,
            setup: false,
        };
        guest.list_resources = guest.place(&[0; 12]);
        guest.page(b"", None)
    }

    /// Puts bytes into the memory and returns the code that gives their address.
    fn place(&mut self, bytes: &[u8]) -> String {
        while self.data.len() % 8 != 0 {
            self.data.push(0);
        }
        let at = BASE + self.data.len();
        self.data.extend_from_slice(bytes);
        format!("i32.const {at}")
    }

    fn text(&mut self, text: &[u8]) -> [u8; 8] {
        let at = self.place(text);
        let at: u32 = at.rsplit(' ').next().unwrap().parse().unwrap();
        let mut pair = [0; 8];
        pair[..4].copy_from_slice(&at.to_le_bytes());
        pair[4..].copy_from_slice(&u32::try_from(text.len()).unwrap().to_le_bytes());
        pair
    }

    /// Lets `fetch-page` run code; the code must leave an address.
    pub(super) fn fetch_page(mut self, code: &str) -> Self {
        self.fetch_page = code.to_owned();
        self
    }

    /// Lets `fetch-page` return a page.
    pub(super) fn page(mut self, records: &[u8], next: Option<&str>) -> Self {
        // The layout that the canonical ABI gives to `result<page, error>`.
        let mut result = [0; 64];
        result[8..16].copy_from_slice(&self.text(records));
        if let Some(next) = next {
            result[24] = 1;
            result[28..36].copy_from_slice(&self.text(next.as_bytes()));
        }
        self.fetch_page = self.place(&result);
        self
    }

    /// Lets `fetch-page` fail with one of the cases of `error`, by its number.
    pub(super) fn error(mut self, case: u8, message: &str, status: Option<u16>, retry_after_ms: Option<u64>) -> Self {
        let mut result = [0; 64];
        result[0] = 1;
        result[8] = case;
        result[16..24].copy_from_slice(&self.text(message.as_bytes()));
        if let Some(status) = status {
            result[24] = 1;
            result[26..28].copy_from_slice(&status.to_le_bytes());
        }
        if let Some(ms) = retry_after_ms {
            result[40] = 1;
            result[48..56].copy_from_slice(&ms.to_le_bytes());
        }
        self.fetch_page = self.place(&result);
        self
    }

    /// Lets `list-resources` return names.
    pub(super) fn resources(mut self, names: &[&str]) -> Self {
        let mut specs = Vec::new();
        for name in names {
            let mut spec = [0; 40];
            spec[..8].copy_from_slice(&self.text(name.as_bytes()));
            specs.extend_from_slice(&spec);
        }
        let mut list = self.text(&specs);
        list[4..].copy_from_slice(&u32::try_from(names.len()).unwrap().to_le_bytes());
        // The payload has the alignment of the error case, which holds a 64-bit number.
        let mut result = [0; 64];
        result[8..16].copy_from_slice(&list);
        self.list_resources = self.place(&result);
        self
    }

    /// Adds the interface `setup`, whose `describe` gives empty texts and whose `check` succeeds.
    pub(super) fn setup(mut self) -> Self {
        self.world = "configurable-source-component";
        self.setup = true;
        self
    }

    /// Builds it for another version of the contract.
    pub(super) fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// The component's file.
    pub(super) fn build(&self) -> Vec<u8> {
        let version = self.version;
        let data: String = self.data.iter().map(|byte| format!("\\{byte:02x}")).collect();
        let heap = BASE + self.data.len() + 8;
        let (list_resources, fetch_page, memory) = (&self.list_resources, &self.fetch_page, self.memory);
        let setup = if self.setup {
            format!(
                r#"(func (export "sluicegate:source/setup@{version}#describe") (result i32) i32.const 512)
                   (func (export "sluicegate:source/setup@{version}#check") (param i32 i32) (result i32) i32.const 512)"#
            )
        } else {
            String::new()
        };
        let module = format!(
            r#"(module
                (memory (export "memory") {memory})
                (global $heap (mut i32) (i32.const {heap}))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                    (local $at i32)
                    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                    (global.set $heap (i32.add (local.get $at) (local.get 3)))
                    (local.get $at))
                (func (export "sluicegate:source/source@{version}#list-resources") (param i32 i32) (result i32)
                    {list_resources})
                (func (export "sluicegate:source/source@{version}#fetch-page") (param i32) (result i32) {fetch_page})
                {setup}
                (data (i32.const {BASE}) "{data}"))"#
        );
        let mut module = wat::parse_str(module).unwrap();
        let mut resolve = Resolve::default();
        let package = if version == VERSION {
            resolve.push_dir("../wit").unwrap().0
        } else {
            let dir = tempfile::tempdir().unwrap();
            for name in ["types.wit", "source.wit"] {
                std::fs::copy(format!("../wit/{name}"), dir.path().join(name)).unwrap();
            }
            let world = format!("package sluicegate:source@{version}; world source-component {{ export source; }}");
            std::fs::write(dir.path().join("world.wit"), world).unwrap();
            resolve.push_dir(dir.path()).unwrap().0
        };
        let world = resolve.select_world(&[package], Some(self.world)).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
    }
}
