//! What a file says of itself before anything of it is compiled.

use std::fmt::Write as _;

use semver::Version;
use wasmparser::{ComponentTypeRef, Parser, Payload};

use crate::{component::text::tame, http::limits::LimitHit};

/// The contract's package, without its version.
const PACKAGE: &str = "sluicegate:source";
/// The version that this host was built for.
pub(super) const WIT_VERSION: &str = "0.1.0";

/// What a component is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is an interface of its own")]
pub struct ComponentInfo {
    /// SHA-256 of the file, in small hexadecimal digits.
    pub digest: String,
    /// Size of the file.
    pub size_bytes: u64,
    /// The contract it was built for, as `sluicegate:source@0.1.0`.
    pub wit_package: String,
    /// The interfaces it wants, as `wasi:http/types@0.2.12`, in the order of the file.
    pub imports: Vec<String>,
    /// The interfaces it offers, in the order of the file.
    pub exports: Vec<String>,
    /// Whether it describes and checks its configuration.
    pub has_setup: bool,
    /// Whether it receives what its service pushes.
    pub has_webhook: bool,
    /// Whether it says which client records are of.
    pub has_people: bool,
    /// Whether it passes on what clients write.
    pub has_relay: bool,
    /// Whether it wants sockets, which are linked to stubs that always deny.
    pub wants_sockets: bool,
}

/// Why a file is no source component.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Not WebAssembly at all, or another form of it.
    #[error("it is {0}, not a WebAssembly component")]
    Foreign(&'static str),
    /// It began well.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// A component, but of another contract.
    #[error("it exports `{found}`, and this host speaks `{PACKAGE}/source` of version 0.1")]
    Version {
        /// The export that is nearest to the contract.
        found: String,
    },
    /// A component of something else.
    #[error("it does not export `{PACKAGE}/source@{WIT_VERSION}`, but {}", list(exports))]
    Exports {
        /// What it exports.
        exports: Vec<String>,
    },
    /// It is made to exhaust whatever compiles it.
    #[error(transparent)]
    Limit(LimitHit),
    /// It wants more than there is.
    #[error("it imports {}, which no component is lent", list(imports))]
    Imports {
        /// The imports beyond the documented ones.
        imports: Vec<String>,
    },
}

/// More names than this are not told one by one.
const MAX_TOLD: usize = 50;

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let mut told = names.iter().take(MAX_TOLD).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > MAX_TOLD {
        let _ = write!(told, " and {} more", names.len() - MAX_TOLD);
    }
    told
}

/// Reads what a component imports and exports, and refuses what is no source component.
pub(super) fn inspect(bytes: &[u8], digest: String) -> Result<ComponentInfo, Unfit> {
    recognize(bytes)?;
    let (imports, exports) = surface(bytes)?;
    let wit_package = contract(&exports)?;
    let beyond: Vec<_> = imports.iter().filter(|name| !is_lent(name)).cloned().collect();
    if !beyond.is_empty() {
        return Err(Unfit::Imports { imports: beyond });
    }
    Ok(ComponentInfo {
        digest,
        size_bytes: bytes.len() as u64,
        wit_package,
        has_setup: exports.iter().any(|name| is_contract(name, "setup")),
        has_webhook: exports.iter().any(|name| is_contract(name, "webhook")),
        has_people: exports.iter().any(|name| is_contract(name, "people")),
        has_relay: exports.iter().any(|name| is_contract(name, "relay")),
        wants_sockets: imports.iter().any(|name| name.starts_with("wasi:sockets/")),
        imports,
        exports,
    })
}

/// Tells what a file is by how it begins.
fn recognize(bytes: &[u8]) -> Result<(), Unfit> {
    let foreign = |what| Err(Unfit::Foreign(what));
    let text = bytes.get(..bytes.len().min(512)).unwrap_or_default().trim_ascii_start();
    let begins = |with: &[u8]| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => Ok(()),
        Some([0, b'a', b's', b'm', _, _, 0, 0]) => foreign("a core WebAssembly module"),
        Some([0x7f, b'E', b'L', b'F', ..]) => foreign("a compiled file (ELF)"),
        _ if bytes.is_empty() => foreign("empty"),
        _ if begins(b"<!doctype") || begins(b"<html") || begins(b"<?xml") => foreign("a web page"),
        _ if begins(b"(component") || begins(b"(module") => foreign("WebAssembly in text form"),
        _ if begins(b"version https://git-lfs") => foreign("a pointer of Git LFS"),
        _ => foreign("something else"),
    }
}

/// Components in components: those of today's tools are three deep. Each level costs the compiler all levels around it.
const MAX_DEPTH: u64 = 20;

/// Bytes of one function. Those of large interpreters have a tenth of it; the compiler takes a thousand times as much memory.
const MAX_FUNCTION: u64 = 1 << 20;

/// The names of the imports and exports of the outermost component. Nothing of them was checked, so they are tamed: a name
/// that this changes is no name of an interface.
fn surface(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), Unfit> {
    let damaged = |error: wasmparser::BinaryReaderError| Unfit::Damaged(tame(&error.to_string()));
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_u64;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(damaged)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                depth += 1;
                if depth > MAX_DEPTH {
                    let what = "the depth of components in components";
                    return Err(Unfit::Limit(LimitHit::count(None, what, depth, MAX_DEPTH)));
                }
            }
            Payload::CodeSectionEntry(body) if body.range().len() as u64 > MAX_FUNCTION => {
                let (what, size) = ("the size of a function", body.range().len() as u64);
                return Err(Unfit::Limit(LimitHit::bytes(None, what, size, MAX_FUNCTION)));
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import.map_err(damaged)?;
                    let name = tame(import.name.name);
                    // A name alone says nothing of what a bare function or module would be.
                    let interface = matches!(import.ty, ComponentTypeRef::Instance(_));
                    imports.push(if interface { name } else { format!("{name} (no interface)") });
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(tame(export.map_err(damaged)?.name.name));
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

/// Splits `namespace:package/interface@version`.
fn split(name: &str) -> (&str, &str, Option<Version>) {
    let (path, version) = name.split_once('@').map_or((name, None), |(path, version)| (path, Some(version)));
    let (package, interface) = path.split_once('/').unwrap_or((path, ""));
    (package, interface, version.and_then(|version| Version::parse(version).ok()))
}

/// Whether an interface is one of the contract's, of a version that is served.
pub(super) fn is_contract(name: &str, wanted: &str) -> bool {
    let (package, interface, version) = split(name);
    package == PACKAGE && interface == wanted && version.is_some_and(|version| is_served(&version))
}

fn is_served(version: &Version) -> bool {
    version.major == 0 && version.minor == 1 && version.pre.is_empty()
}

/// The package that the component was built for.
fn contract(exports: &[String]) -> Result<String, Unfit> {
    if let Some(name) = exports.iter().find(|name| is_contract(name, "source")) {
        return Ok(name.replacen("/source@", "@", 1));
    }
    match exports.iter().find(|name| split(name).0 == PACKAGE && split(name).1 == "source") {
        Some(other) => Err(Unfit::Version { found: other.clone() }),
        None => Err(Unfit::Exports { exports: exports.to_vec() }),
    }
}

/// Whether an interface is one that components are lent. Some are there only because compilers import them unasked; they
/// lead to an empty world: no arguments, no files, no sockets.
fn is_lent(name: &str) -> bool {
    let (package, interface, version) = split(name);
    let Some(version) = version else { return false };
    if package == PACKAGE {
        return interface == "types" && is_served(&version);
    }
    let wasi_0_2 = version.major == 0 && version.minor == 2 && version.pre.is_empty();
    wasi_0_2
        && match package {
            "wasi:http" => matches!(interface, "types" | "outgoing-handler"),
            "wasi:io" => matches!(interface, "error" | "poll" | "streams"),
            "wasi:clocks" => matches!(interface, "wall-clock" | "monotonic-clock"),
            "wasi:random" => matches!(interface, "random" | "insecure" | "insecure-seed"),
            "wasi:cli" => matches!(
                interface,
                "environment"
                    | "exit"
                    | "stdin"
                    | "stdout"
                    | "stderr"
                    | "terminal-input"
                    | "terminal-output"
                    | "terminal-stdin"
                    | "terminal-stdout"
                    | "terminal-stderr"
            ),
            "wasi:filesystem" => matches!(interface, "types" | "preopens"),
            "wasi:sockets" => matches!(
                interface,
                "network"
                    | "instance-network"
                    | "tcp"
                    | "tcp-create-socket"
                    | "udp"
                    | "udp-create-socket"
                    | "ip-name-lookup"
            ),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &[u8], expect: &str) {
        let found = inspect(file, String::new()).map_or_else(|error| error.to_string(), |info| format!("{info:?}"));
        assert_eq!(found, expect);
    }

    fn component(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn foreign_files_are_recognized() {
        check(b"", "it is empty, not a WebAssembly component");
        check(&component("(module)"), "it is a core WebAssembly module, not a WebAssembly component");
        check(b"(component)", "it is WebAssembly in text form, not a WebAssembly component");
        check(b"\n<!DOCTYPE html><html>", "it is a web page, not a WebAssembly component");
        check(b"\x7fELF\x02\x01\x01\x00", "it is a compiled file (ELF), not a WebAssembly component");
        check(b"\0asm", "it is something else, not a WebAssembly component");
        check(b"hello", "it is something else, not a WebAssembly component");
    }

    #[test]
    fn files_that_would_exhaust_the_compiler_are_refused() {
        let nested = |depth: usize| "(component ".repeat(depth) + &")".repeat(depth);
        check(&component(&nested(21)), "it does not export `sluicegate:source/source@0.1.0`, but nothing");
        let message = "the depth of components in components reached 21, more than the limit of 20";
        check(&component(&nested(22)), message);
        let function = |size: usize| format!("(component (core module (func {})))", "nop ".repeat(size));
        check(
            &component(&function(1 << 20)),
            "the size of a function reached 1048578 bytes, more than the limit of 1MiB",
        );
        check(&component(&function((1 << 20) - 2)), "it does not export `sluicegate:source/source@0.1.0`, but nothing");
    }

    #[test]
    fn other_contracts_are_refused() {
        check(&component("(component)"), "it does not export `sluicegate:source/source@0.1.0`, but nothing");
        check(
            &component(r#"(component (instance $i) (export "sluicegate:source/source@0.2.0" (instance $i)))"#),
            "it exports `sluicegate:source/source@0.2.0`, and this host speaks `sluicegate:source/source` of version 0.1",
        );
        check(
            &component(r#"(component (instance $i) (export "wasi:cli/run@0.2.0" (instance $i)))"#),
            "it does not export `sluicegate:source/source@0.1.0`, but `wasi:cli/run@0.2.0`",
        );
    }

    #[test]
    fn imports_beyond_the_documented_ones_are_refused() {
        check(
            &component(
                r#"(component
                    (import "wasi:keyvalue/store@0.2.0" (instance))
                    (import "wasi:http/incoming-handler@0.2.0" (instance))
                    (import "wasi:http/types@0.3.0" (instance))
                    (import "wasi:http/types@0.2.3" (instance))
                    (import "f" (func))
                    (instance $i)
                    (export "sluicegate:source/source@0.1.0" (instance $i)))"#,
            ),
            "it imports `wasi:keyvalue/store@0.2.0`, `wasi:http/incoming-handler@0.2.0`, `wasi:http/types@0.3.0`, \
             `f (no interface)`, which no component is lent",
        );
    }

    #[test]
    fn names_inside_of_nested_components_do_not_count() {
        let file = component(
            r#"(component
                (component (import "evil:host/all@0.1.0" (instance)))
                (core module (import "a" "b" (func)))
                (import "wasi:sockets/tcp@0.2.0" (instance))
                (instance $i)
                (export "sluicegate:source/source@0.1.3" (instance $i))
                (export "sluicegate:source/setup@0.1.3" (instance $i))
                (export "sluicegate:source/webhook@0.1.3" (instance $i))
                (export "sluicegate:source/people@0.1.3" (instance $i)))"#,
        );
        let info = inspect(&file, "d".into()).unwrap();
        assert_eq!(info.wit_package, "sluicegate:source@0.1.3");
        assert_eq!(info.imports, ["wasi:sockets/tcp@0.2.0"]);
        assert!(info.has_setup && info.has_webhook && info.has_people && info.wants_sockets);
    }

    #[test]
    fn a_cut_file_is_damaged_or_still_says_the_same() {
        let file = component(r#"(component (instance $i) (export "sluicegate:source/source@0.1.0" (instance $i)))"#);
        let whole = inspect(&file, String::new()).unwrap();
        for end in 0..file.len() {
            // What is cut after the exports has lost no more than names for debuggers.
            let cut = inspect(&file[..end], String::new());
            assert!(cut.is_err() || cut.unwrap().exports == whole.exports, "cut at {end}");
        }
    }
}
