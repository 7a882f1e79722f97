//! Components for tests, written as core modules in text form and wrapped by the contract in `wit/`.

use std::fmt::Write;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The version of the contract in `wit/`.
const VERSION: &str = "0.1.0";

/// Where the prepared results lie in the memory of the guest.
const BASE: usize = 1024;

/// The functions that a request takes.
const REQUEST: &str = r#"
    (import "wasi:http/types@0.2.12" "[constructor]fields" (func $new-fields (result i32)))
    (import "wasi:http/types@0.2.12" "[constructor]outgoing-request" (func $new-request (param i32) (result i32)))
    (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-scheme"
        (func $set-scheme (param i32 i32 i32 i32 i32) (result i32)))
    (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-authority"
        (func $set-authority (param i32 i32 i32 i32) (result i32)))
    (import "wasi:http/types@0.2.12" "[method]outgoing-request.set-path-with-query"
        (func $set-path (param i32 i32 i32 i32) (result i32)))
    (import "wasi:http/outgoing-handler@0.2.12" "handle" (func $handle (param i32 i32 i32 i32)))
    (import "wasi:http/types@0.2.12" "[method]future-incoming-response.subscribe"
        (func $subscribe (param i32) (result i32)))
    (import "wasi:io/poll@0.2.12" "[method]pollable.block" (func $block (param i32)))
"#;

/// What compilers for whole programs import unasked.
const PROGRAM: &str = r#"
    (import "wasi:cli/environment@0.2.12" "get-environment" (func $environment (param i32)))
    (import "wasi:cli/environment@0.2.12" "get-arguments" (func $arguments (param i32)))
    (import "wasi:filesystem/preopens@0.2.12" "get-directories" (func $directories (param i32)))
    (import "wasi:sockets/tcp-create-socket@0.2.12" "create-tcp-socket" (func $tcp (param i32 i32)))
    (import "wasi:sockets/udp-create-socket@0.2.12" "create-udp-socket" (func $udp (param i32 i32)))
    (import "wasi:sockets/instance-network@0.2.12" "instance-network" (func $network (result i32)))
    (import "wasi:sockets/ip-name-lookup@0.2.12" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
    (import "wasi:random/random@0.2.12" "get-random-u64" (func $random (result i64)))
    (import "wasi:clocks/monotonic-clock@0.2.12" "now" (func $now (result i64)))
    (import "wasi:cli/stderr@0.2.12" "get-stderr" (func $stderr (result i32)))
    (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
        (func $write (param i32 i32 i32 i32)))
    (import "wasi:cli/exit@0.2.12" "exit" (func $exit (param i32)))
"#;

/// The world of such programs.
const PROGRAM_WORLD: &str = "
    package test:program;
    world program {
        include sluicegate:source/source-component@0.1.0;
        import wasi:cli/environment@0.2.12;
        import wasi:cli/exit@0.2.12;
        import wasi:cli/stderr@0.2.12;
        import wasi:clocks/monotonic-clock@0.2.12;
        import wasi:filesystem/preopens@0.2.12;
        import wasi:random/random@0.2.12;
        import wasi:sockets/instance-network@0.2.12;
        import wasi:sockets/ip-name-lookup@0.2.12;
        import wasi:sockets/tcp-create-socket@0.2.12;
        import wasi:sockets/udp-create-socket@0.2.12;
    }
";

/// The bodies of the functions of the interface `webhook`.
struct Webhook {
    list_resources: String,
    handle_event: String,
}

/// A guest whose functions are given as the bodies of core functions.
pub(super) struct Guest {
    list_resources: String,
    fetch_page: String,
    /// What `fetch-page` does before.
    first: String,
    data: Vec<u8>,
    /// Pages of 64 KiB that the memory begins with.
    pub(super) memory: u32,
    world: &'static str,
    version: &'static str,
    setup: bool,
    webhook: Option<Webhook>,
    /// The body of the function of the interface `people`.
    people: Option<String>,
    imports: &'static str,
    parts: String,
}

impl Guest {
    /// A guest that lists nothing and returns an empty last page.
    pub(super) fn new() -> Self {
        let mut guest = Self {
            list_resources: String::new(),
            fetch_page: String::new(),
            first: String::new(),
            data: Vec::new(),
            memory: 2,
            world: "source-component",
            version: VERSION,
            setup: false,
            webhook: None,
            people: None,
            imports: "",
            parts: String::new(),
        };
        guest.list_resources = guest.place(&[0; 12]);
        guest.page(b"", None)
    }

    /// Puts bytes into the memory and returns the code that gives their address.
    fn place(&mut self, bytes: &[u8]) -> String {
        while !self.data.len().is_multiple_of(8) {
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

    /// Adds memories, tables and the like to the module.
    pub(super) fn parts(mut self, parts: &str) -> Self {
        self.parts.push_str(parts);
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

    /// Lets `fetch-page` send a request first, wait for the response, and forget it.
    pub(super) fn request(mut self, authority: &str) -> Self {
        self.imports = REQUEST;
        let pair = self.text(authority.as_bytes());
        let at = u32::from_le_bytes(pair[..4].try_into().unwrap());
        let length = authority.len();
        let path = self.text(b"/");
        let path = u32::from_le_bytes(path[..4].try_into().unwrap());
        let _ = write!(
            self.first,
            "(local.set $request (call $new-request (call $new-fields)))
             (drop (call $set-scheme (local.get $request) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
             (drop (call $set-authority (local.get $request) (i32.const 1) (i32.const {at}) (i32.const {length})))
             (drop (call $set-path (local.get $request) (i32.const 1) (i32.const {path}) (i32.const 1)))
             (call $handle (local.get $request) (i32.const 0) (i32.const 0) (i32.const 256))
             (if (i32.eqz (i32.load8_u (i32.const 256)))
                (then (call $block (call $subscribe (i32.load (i32.const 264))))))
            "
        );
        self
    }

    /// Lets `fetch-page` make WIT resources without end first.
    pub(super) fn hoard(mut self) -> Self {
        self.imports = REQUEST;
        self.first.push_str("(loop $more (drop (call $new-fields)) (br $more))");
        self
    }

    /// Builds it as a whole program, which looks around first: it traps unless it finds no variables, no arguments, no
    /// folders and no sockets.
    pub(super) fn program(mut self) -> Self {
        self.imports = PROGRAM;
        self.world = "program";
        for list in ["$environment", "$arguments", "$directories"] {
            let _ =
                write!(self.first, "(call {list} (i32.const 256)) (if (i32.load (i32.const 260)) (then unreachable))");
        }
        for result in [
            "(call $tcp (i32.const 0) (i32.const 256))",
            "(call $udp (i32.const 0) (i32.const 256))",
            "(call $resolve (call $network) (i32.const 1024) (i32.const 1) (i32.const 256))",
        ] {
            let _ = write!(self.first, "{result} (if (i32.eqz (i32.load8_u (i32.const 256))) (then unreachable))");
        }
        self.first.push_str(
            "(drop (call $random)) (drop (call $now))
             (call $write (call $stderr) (i32.const 1024) (i32.const 1) (i32.const 256))
             (if (i32.load8_u (i32.const 256)) (then unreachable))",
        );
        self
    }

    /// Lets `list-resources` return names.
    pub(super) fn resources(mut self, names: &[&str]) -> Self {
        self.list_resources = self.specs(names, 0);
        self
    }

    fn specs(&mut self, names: &[&str], disposition: u8) -> String {
        let mut specs = Vec::new();
        for name in names {
            let mut spec = [0; 40];
            spec[..8].copy_from_slice(&self.text(name.as_bytes()));
            spec[24] = disposition;
            specs.extend_from_slice(&spec);
        }
        let mut list = self.text(&specs);
        list[4..].copy_from_slice(&u32::try_from(names.len()).unwrap().to_le_bytes());
        // The payload has the alignment of the error case, which holds a 64-bit number.
        let mut result = [0; 64];
        result[8..16].copy_from_slice(&list);
        self.place(&result)
    }

    /// Adds the interface `webhook`, which lists `names` and runs code for an event; the code must leave an address.
    ///
    /// The parameters of the code, two numbers for each text or list: configuration, method, path, headers, body; then
    /// the time.
    pub(super) fn webhook(mut self, names: &[&str], disposition: u8, handle_event: &str) -> Self {
        self.world = "receiving-source-component";
        let list_resources = self.specs(names, disposition);
        self.webhook = Some(Webhook { list_resources, handle_event: handle_event.to_owned() });
        self
    }

    /// Code that answers an event with its method as media type and with its body, and delivers its body as records.
    pub(super) fn echo(mut self, resource: &str) -> Self {
        let mut delivery = [0; 24];
        delivery[..8].copy_from_slice(&self.text(resource.as_bytes()));
        let delivery = self.text(&delivery);
        let at = |pair: &[u8]| u32::from_le_bytes(pair[..4].try_into().unwrap());
        // The layout that the canonical ABI gives to `result<outcome, error>`.
        let mut result = [0; 64];
        result[8..10].copy_from_slice(&202_u16.to_le_bytes());
        result[12] = 1;
        result[32..36].copy_from_slice(&delivery[..4]);
        result[36] = 1;
        result[40] = 1;
        result[44..52].copy_from_slice(&self.text(b"key"));
        let result = self.text(&result);
        let (outcome, delivery) = (at(&result), at(&delivery));
        let mut code = String::new();
        for (to, from) in [(outcome + 16, 2), (outcome + 24, 8), (delivery + 8, 8)] {
            let _ = write!(
                code,
                "(i32.store (i32.const {to}) (local.get {from}))
                 (i32.store (i32.const {}) (local.get {}))",
                to + 4,
                from + 1
            );
        }
        let code = format!("{code} (i32.const {outcome})");
        self.webhook(&[resource], 0, &code)
    }

    /// Adds the interface `people`, which marks one field as an identity.
    pub(super) fn people(mut self, resource: &str, kind: &str, path: &str) -> Self {
        self.world = "person-aware-source-component";
        let one = |mut list: [u8; 8]| {
            list[4..].copy_from_slice(&1_u32.to_le_bytes());
            list
        };
        let path = self.text(path.as_bytes());
        let mut mark = [0; 28];
        mark[..8].copy_from_slice(&self.text(resource.as_bytes()));
        mark[12..20].copy_from_slice(&self.text(kind.as_bytes()));
        mark[20..].copy_from_slice(&one(self.text(&path)));
        let mut result = [0; 64];
        result[8..16].copy_from_slice(&one(self.text(&mark)));
        self.people = Some(self.place(&result));
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
        let mut data = String::new();
        for byte in &self.data {
            let _ = write!(data, "\\{byte:02x}");
        }
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
        let webhook = self.webhook.as_ref().map_or_else(String::new, |webhook| {
            let Webhook { list_resources, handle_event } = webhook;
            format!(
                r#"(func (export "sluicegate:source/webhook@{version}#list-resources") (param i32 i32) (result i32)
                    {list_resources})
                   (func (export "sluicegate:source/webhook@{version}#handle-event")
                    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
                    (local $request i32)
                    {first} {handle_event})"#,
                first = self.first
            )
        });
        let people = self.people.as_ref().map_or_else(String::new, |list_marks| {
            format!(r#"(func (export "sluicegate:source/people@{version}#list-marks") (param i32 i32) (result i32) {list_marks})"#)
        });
        let first = &self.first;
        let (imports, parts) = (self.imports, &self.parts);
        let module = format!(
            r#"(module
                {imports}
                (memory (export "memory") {memory})
                (global $heap (mut i32) (i32.const {heap}))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                    (local $at i32)
                    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                    (global.set $heap (i32.add (local.get $at) (local.get 3)))
                    (local.get $at))
                (func (export "sluicegate:source/source@{version}#list-resources") (param i32 i32) (result i32)
                    {list_resources})
                (func $self (export "sluicegate:source/source@{version}#fetch-page") (param i32) (result i32)
                    (local $request i32)
                    {first} {fetch_page})
                {setup}
                {webhook}
                {people}
                {parts}
                (data (i32.const {BASE}) "{data}"))"#
        );
        let mut module = wat::parse_str(module).unwrap();
        let mut resolve = Resolve::default();
        let package = if version == VERSION {
            let contract = resolve.push_dir("../wit").unwrap().0;
            let program = resolve.push_str("program.wit", PROGRAM_WORLD).unwrap();
            if self.world == "program" { program } else { contract }
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
