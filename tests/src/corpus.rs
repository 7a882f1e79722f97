//! The cases that are loaded with both programs: `tests/fixtures/parity/*.toml`.
//!
//! ```toml
//! [name_of_the_case]                    # and of its resource
//! hints = { max_table_nesting = 0 }     # as dlt spells them
//! difference = "collision"              # when dlt loses something here; see `Difference`
//! runs = [
//!     '''                               # a run: its records, a line each
//! {"a":1}
//! {"a":2}
//! ''',
//!     { records = '''{"a":3}''', hints = { write_disposition = "replace" } },
//! ]
//! ```
//!
//! With `dlt_hints`, which only dlt knows, dlt has to make the first run. In records `<300>` stands for 300 times the letter `k`. With `latin_1 = true` letters with accents are sent as bytes
//! that are not UTF-8.

use std::path::Path;

use serde_json::{Value, json};
use toml::Table;

use crate::places;

/// What dlt loses or cannot do, and this program keeps or does: the rows of the table in `docs/tables.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Difference {
    /// Two keys of a record want one column or table.
    Collision,
    /// A number beyond 64 bits.
    Beyond64Bits,
    /// A record that kills dlt's package.
    BadRecord,
    /// The same key twice in a merge.
    SameKeyTwice,
    /// A record that a merge leaves out, because it is deleted or its key is known.
    LeftOut,
    /// A table with data that merges from now on.
    AppendToMerge,
    /// What a schema contract drops.
    Contract,
    /// Fractions finer than a microsecond.
    Nanoseconds,
    /// Doubles of more than 15 digits: dlt writes them as decimals, which DuckDB turns into the next double but one.
    Rounding,
    /// A NUL in a text.
    Nul,
    /// A text that begins with one of dlt's own marks of a type.
    PrivateUse,
    /// An item with an id of its own.
    Orphan,
}

impl Difference {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Collision,
        Self::Beyond64Bits,
        Self::BadRecord,
        Self::SameKeyTwice,
        Self::LeftOut,
        Self::AppendToMerge,
        Self::Contract,
        Self::Nanoseconds,
        Self::Rounding,
        Self::Nul,
        Self::PrivateUse,
        Self::Orphan,
    ];

    /// The word for it in the cases.
    pub fn name(self) -> &'static str {
        match self {
            Self::Collision => "collision",
            Self::Beyond64Bits => "beyond 64 bits",
            Self::BadRecord => "bad record",
            Self::SameKeyTwice => "same key twice",
            Self::LeftOut => "left out",
            Self::AppendToMerge => "append to merge",
            Self::Contract => "contract",
            Self::Nanoseconds => "nanoseconds",
            Self::Rounding => "rounding",
            Self::Nul => "nul",
            Self::PrivateUse => "private use",
            Self::Orphan => "orphan",
        }
    }

    fn of_name(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|difference| difference.name() == name);
        found.unwrap_or_else(|| panic!("`{name}` is no difference"))
    }
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name, which is that of its resource and root table.
    pub name: String,
    /// Why dlt's dataset is another one.
    pub difference: Option<Difference>,
    /// Whether only dlt can make its tables.
    pub starts_with_dlt: bool,
    /// What is loaded, run by run.
    pub runs: Vec<Load>,
}

/// What one run loads of one resource.
#[derive(Clone, Debug)]
pub struct Load {
    /// The resource.
    pub resource: String,
    /// Its hints, as both programs spell them.
    pub hints: Table,
    /// Hints that only dlt knows.
    pub dlt_hints: Table,
    /// Its records, JSON texts, as bytes that may not be UTF-8.
    pub records: Vec<Vec<u8>>,
}

/// All cases, file by file, in the order of their names.
pub fn cases() -> Vec<Case> {
    let dir = places::workspace().join("tests/fixtures/parity");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().filter(|file| file.extension().is_some_and(|e| e == "toml")).flat_map(|file| read(file)).collect()
}

fn read(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file).unwrap();
    let table: Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let case = |(name, case): (&String, &toml::Value)| Case::read(name, case.as_table().unwrap());
    table.iter().map(case).collect()
}

impl Case {
    fn read(name: &str, table: &Table) -> Self {
        let known = ["hints", "dlt_hints", "difference", "runs", "latin_1"];
        assert!(table.keys().all(|key| known.contains(&key.as_str())), "`{name}` has a key that is none");
        let table_at =
            |table: &Table, key| table.get(key).map_or_else(Table::new, |hints| hints.as_table().unwrap().clone());
        let dlt_hints = table_at(table, "dlt_hints");
        let latin_1 = table.get("latin_1").is_some_and(|on| on.as_bool().unwrap());
        let run = |run: &toml::Value| {
            let (records, changed) = match run {
                toml::Value::String(records) => (records.as_str(), Table::new()),
                run => (run["records"].as_str().unwrap(), table_at(run.as_table().unwrap(), "hints")),
            };
            let mut hints = table_at(table, "hints");
            hints.extend(changed);
            let lines = records.lines().filter(|line| !line.is_empty());
            let records = lines.map(|line| if latin_1 { encode_latin_1(line) } else { spell_out(line).into_bytes() });
            Load { resource: name.to_owned(), hints, dlt_hints: dlt_hints.clone(), records: records.collect() }
        };
        let runs = table["runs"].as_array().unwrap().iter().map(run).collect();
        let difference = table.get("difference").map(|word| Difference::of_name(word.as_str().unwrap()));
        Self { name: name.to_owned(), difference, starts_with_dlt: !dlt_hints.is_empty(), runs }
    }
}

impl Load {
    /// The page that holds the records, as the service answers it.
    pub fn page(&self) -> Vec<u8> {
        let mut page = self.records.join(&b","[..]);
        page.insert(0, b'[');
        page.push(b']');
        page
    }

    pub(crate) fn to_json(&self) -> Value {
        // Bytes go to dlt as the characters of the same numbers.
        let records = self.records.join(&b"\n"[..]);
        let records: String = records.into_iter().map(char::from).collect();
        let hints: Table = self.hints.clone().into_iter().chain(self.dlt_hints.clone()).collect();
        json!({"name": self.resource, "hints": hints, "records": records})
    }
}

/// Puts the letters in that `<300>` stands for.
fn spell_out(line: &str) -> String {
    let long = regex::Regex::new("<([0-9]+)>").unwrap();
    long.replace_all(line, |found: &regex::Captures<'_>| "k".repeat(found[1].parse().unwrap())).into_owned()
}

fn encode_latin_1(line: &str) -> Vec<u8> {
    line.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}
