//! Hostile programs in text form, and how a component is made of one.
//!
//! A program that is a whole component is taken as it is. Any other is the fields of a core module, to which the pieces of
//! `tests/hostile/lib` are added: those that all have, those that it asks for with `;;! include: NAME`, and those of the
//! contract's functions that it does not define itself. `(text "…")` stands for the address and the length of a text that is
//! put into the memory, `(heap)` for the first address behind all of them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use acceptance::places::workspace;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A hostile program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Program {
    /// The name of its file.
    pub(super) name: &'static str,
    /// What is in it.
    pub(super) text: &'static str,
}

/// The pieces of programs.
const PIECES: [(&str, &str); 6] = [
    ("base", include_str!("../../hostile/lib/base.wat")),
    ("realloc", include_str!("../../hostile/lib/realloc.wat")),
    ("list_resources", include_str!("../../hostile/lib/list_resources.wat")),
    ("fetch_page", include_str!("../../hostile/lib/fetch_page.wat")),
    ("http", include_str!("../../hostile/lib/http.wat")),
    ("wasi", include_str!("../../hostile/lib/wasi.wat")),
];

/// Where texts lie: behind the first addresses, which a program that counts wrongly would hit.
const TEXTS: usize = 1024;

/// The functions that the outside calls, when a program has them: the name in the program, and the export.
const EXPORTS: [(&str, &str); 6] = [
    ("realloc", "cabi_realloc"),
    ("list_resources", "sluicegate:source/source@0.1.0#list-resources"),
    ("fetch_page", "sluicegate:source/source@0.1.0#fetch-page"),
    ("after_fetch_page", "cabi_post_sluicegate:source/source@0.1.0#fetch-page"),
    ("describe", "sluicegate:source/setup@0.1.0#describe"),
    ("check", "sluicegate:source/setup@0.1.0#check"),
];

/// What programs may import: more than components of the contract's own world do.
const WORLDS: &str = "
    package hostile:programs;
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
    world described-program {
        include program;
        export sluicegate:source/setup@0.1.0;
    }
";

impl Program {
    /// Makes the component and writes it into a folder, under the program's name.
    pub(super) fn write(&self, dir: &Path) -> PathBuf {
        let path = dir.join(format!("{}.wasm", self.name));
        std::fs::write(&path, self.build()).unwrap();
        path
    }

    /// The component's bytes.
    pub(super) fn build(&self) -> Vec<u8> {
        let parse = |text: &str| wat::parse_str(text).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        if fields(self.text).first().is_some_and(|field| field.starts_with("(component")) {
            return parse(self.text);
        }
        let defines = |name: &str| self.text.contains(&format!("(func ${name} "));
        let wanted = |name: &str| match name {
            "base" => true,
            "realloc" | "list_resources" | "fetch_page" => !defines(name),
            _ => self.text.contains(&format!(";;! include: {name}\n")),
        };
        let pieces = PIECES.iter().filter(|(name, _)| wanted(name)).map(|(_, piece)| *piece);
        let code = pieces.chain([self.text]).collect::<Vec<_>>().join("\n");
        let exports = EXPORTS.iter().filter(|(name, _)| code.contains(&format!("(func ${name} ")));
        let exports: Vec<_> = exports.map(|(name, export)| format!("(export \"{export}\" (func ${name}))")).collect();
        let mut module = parse(&module(&(code.clone() + &exports.join("\n"))));
        let mut resolve = Resolve::default();
        resolve.push_dir(workspace().join("wit")).unwrap();
        let package = resolve.push_str("programs.wit", WORLDS).unwrap();
        let world = if defines("describe") { "described-program" } else { "program" };
        let world = resolve.select_world(&[package], Some(world)).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        let encoded = ComponentEncoder::default().module(&module).and_then(ComponentEncoder::encode);
        encoded.unwrap_or_else(|error| panic!("{}: {error:#}", self.name))
    }
}

/// A module of fields: the imports go first, as they must, and the texts into a data segment.
fn module(code: &str) -> String {
    let (code, texts) = place_texts(code);
    let (imports, others): (Vec<_>, Vec<_>) = fields(&code).into_iter().partition(|field| field.starts_with("(import"));
    let mut data = String::new();
    for byte in &texts {
        let _ = write!(data, "\\{byte:02x}");
    }
    format!("(module\n{}\n{}\n(data (i32.const {TEXTS}) \"{data}\"))", imports.join("\n"), others.join("\n"))
        .replace("(heap)", &format!("(i32.const {})", TEXTS + texts.len()))
}

/// Puts the texts of the code aside, each once for each place that names it.
fn place_texts(code: &str) -> (String, Vec<u8>) {
    let mut placed = String::with_capacity(code.len());
    let mut texts = Vec::new();
    let mut parts = code.split("(text \"");
    placed.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (text, rest) = part.split_once("\")").unwrap();
        // The escapes of the text format are those that a data segment has; the only one whose length differs is a pair
        // of digits, and no program has need of it.
        let text = text.replace("\\n", "\n").replace("\\r", "\r").replace("\\\"", "\"").replace("\\\\", "\\");
        let _ = write!(placed, "(i32.const {}) (i32.const {})", TEXTS + texts.len(), text.len());
        texts.extend_from_slice(text.as_bytes());
        placed.push_str(rest);
    }
    (placed, texts)
}

/// The outermost parentheses of a text, without the comments between them.
fn fields(text: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let (mut depth, mut field) = (0_usize, String::new());
    for line in text.lines() {
        let mut in_string = false;
        let mut last = ' ';
        for c in line.chars() {
            if c == ';' && last == ';' && !in_string {
                field.pop();
                break;
            }
            match c {
                '"' if last != '\\' => in_string = !in_string,
                '(' if !in_string => depth += 1,
                ')' if !in_string => depth -= 1,
                _ => {}
            }
            if depth > 0 || c == ')' || c == ';' {
                field.push(c);
            }
            if depth == 0 && c == ')' {
                fields.push(std::mem::take(&mut field));
            }
            last = c;
        }
        if depth > 0 {
            field.push('\n');
        }
    }
    fields
}
