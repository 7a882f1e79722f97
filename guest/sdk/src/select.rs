//! Where the records are in a body: found out as dlt's `rest_api` does, or told by a path.

use crate::{
    body::Body,
    json::{Document, Json, Path, Segment},
};

/// Keys that are likely to hold the records.
const RECORD_KEYS: [&str; 11] =
    ["data", "items", "results", "entries", "records", "rows", "entities", "payload", "content", "objects", "values"];

/// How deep lists are looked for, in keys from the top.
const MAX_DEPTH: usize = 3;

/// Keys that an answer may have beside its records.
const PAGING_KEYS: [&str; 22] = [
    "next",
    "prev",
    "previous",
    "first",
    "last",
    "self",
    "cursor",
    "cursors",
    "page",
    "pages",
    "per_page",
    "page_size",
    "total",
    "count",
    "limit",
    "offset",
    "meta",
    "metadata",
    "pagination",
    "paging",
    "links",
    "_links",
];

/// How such keys begin.
const PAGING_PREFIXES: [&str; 5] = ["next", "prev", "has", "total", "page"];

/// Finds out where the records are: the first list below a well-known key, else the first list, else the whole document.
///
/// Lists are met in document order, an object's own members before those that follow the object, to a depth of three keys.
/// None if the document says nothing of records: then the answer is an empty page, and a later one shows where they are.
pub fn detect(document: &Document<'_>) -> Option<Path> {
    if is_bare(document) {
        return None;
    }
    let mut lists = Vec::new();
    collect_lists(document, &mut Vec::new(), &mut lists);
    let known = lists.iter().position(|path| matches!(path.last(), Some(key) if RECORD_KEYS.contains(&key.as_str())));
    let keys = if lists.is_empty() { Vec::new() } else { lists.swap_remove(known.unwrap_or(0)) };
    Some(Path(keys.into_iter().map(Segment::Key).collect()))
}

/// Whether an answer has nothing but what stands beside records, and null: an empty page, however the list was written.
pub fn is_bare(document: &Document<'_>) -> bool {
    if !document.json.is_object() {
        return false;
    }
    let members = document.members();
    let paging = |key: &str| {
        PAGING_KEYS.contains(&key) || PAGING_PREFIXES.iter().any(|prefix| key.strip_prefix(prefix).is_some_and(is_word))
    };
    let is_beside =
        |(key, value): &(String, Document<'_>)| value.json.is_null() || (paging(key) && !value.json.is_list());
    let tells = |(key, value): &(String, Document<'_>)| {
        paging(key) || (value.json.is_null() && (RECORD_KEYS.contains(&key.as_str()) || key == "messages"))
    };
    members.is_empty() || (members.iter().all(is_beside) && members.iter().any(tells))
}

/// Whether what follows a prefix begins a new word.
fn is_word(rest: &str) -> bool {
    rest.starts_with(|c: char| c == '_' || c.is_ascii_uppercase())
}

fn collect_lists<'d>(value: &'d Document<'_>, path: &mut Vec<&'d str>, lists: &mut Vec<Vec<String>>) {
    for (key, value) in value.members() {
        path.push(key);
        if value.json.is_list() {
            lists.push(path.iter().map(|key| (*key).to_owned()).collect());
        } else if path.len() < MAX_DEPTH {
            collect_lists(value, path, lists);
        }
        path.pop();
    }
}

/// The records of one page.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// One JSON text per line.
    pub lines: Vec<u8>,
    /// How many.
    pub count: u64,
    /// Whether the path led to something, if only to null.
    pub found: bool,
}

/// Takes the records at a path out of a body.
///
/// A list gives its elements, anything else is one record itself, and null is none. After `[*]` the elements were named
/// one by one, and each is a record as it is.
pub fn records(body: &Body, document: &Document<'_>, path: &Path) -> Records {
    let each = path.0.last() == Some(&Segment::All);
    let mut records = Records::default();
    if let Some(items) = document.opened(&path.0) {
        records.found = true;
        records.count = items.len() as u64;
        records.lines.reserve(items.iter().map(|item| item.get().len() + 1).sum());
        let append = if document.may_break(&path.0) { Body::append_line } else { Body::append_unbroken };
        for item in items {
            append(body, *item, &mut records.lines);
        }
        return records;
    }
    for value in path.find(document) {
        records.found = true;
        if each || !(value.is_list() || value.is_null()) {
            records.push(body, value);
        } else {
            for item in value.items() {
                records.push(body, item);
            }
        }
    }
    records
}

impl Records {
    fn push(&mut self, body: &Body, value: Json<'_>) {
        body.append_line(value, &mut self.lines);
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(body: &Body) -> Document<'_> {
        Document::parse(body.text()).unwrap()
    }

    #[test]
    fn detected() {
        let check = |input: &str, expect: &str| {
            let body = Body::new(input.into());
            let found = detect(&open(&body)).map_or("none".to_owned(), |path| path.to_string());
            assert_eq!(found, expect, "{input}");
        };
        check(r"[{}]", "$");
        check(r"5", "$");
        check(r#"{"id":1}"#, "$");
        check(r#"{"messages":[],"tags":[]}"#, "messages");
        check(r#"{"tags":[],"data":[]}"#, "data");
        check(r#"{"tags":[],"x":{"items":[]}}"#, "x.items");
        check(r#"{"x":{"y":{"rows":[]}}}"#, "x.y.rows");
        check(r#"{"x":{"y":{"z":{"rows":[]}}},"other":[]}"#, "other");
        // An object comes before what follows it, and a well-known key must match as it is.
        check(r#"{"meta":{"tags":[]},"list":[]}"#, "meta.tags");
        check(r#"{"Data":[],"results":[]}"#, "results");
        check(r#"{"data":{"items":[]},"results":[]}"#, "data.items");
        // A bare envelope is an empty page; an entity is itself, even if a well-known key of it is null.
        check(r"{}", "none");
        check(r#"{"data":null}"#, "none");
        check(r#"{"messages":null,"next":"x","has_more":true}"#, "none");
        check(r#"{"next_cursor":"x","meta":{"a":1}}"#, "none");
        check(r#"{"id":1,"content":null}"#, "$");
        check(r#"{"a":null}"#, "$");
        check(r#"{"nextel":1}"#, "$");
    }

    #[test]
    fn taken() {
        let check = |input: &str, path: &str, expect: &str, found: bool| {
            let body = Body::new(input.into());
            let records = records(&body, &open(&body), &path.parse().unwrap());
            assert_eq!(String::from_utf8_lossy(&records.lines), expect, "{input} {path}");
            assert_eq!((records.count, records.found), (expect.lines().count() as u64, found), "{input} {path}");
        };
        check(r#"[{"a":1}, 2,null,[3]]"#, "$", "{\"a\":1}\n2\nnull\n[3]\n", true);
        check(r#"{"a":1}"#, "$", "{\"a\":1}\n", true);
        check("null", "$", "", true);
        check(r#"{"data":null}"#, "data", "", true);
        check(r#"{"data":[]}"#, "data", "", true);
        check(r"{}", "data", "", false);
        check(r#"{"data":{"id":1}}"#, "data", "{\"id\":1}\n", true);
        check(r#"{"r":[{"m":[1,2]},{"m":[3]},{"m":null},{}]}"#, "r[*].m", "1\n2\n3\n", true);
        check(r#"{"r":[[1],[2]]}"#, "r[*]", "[1]\n[2]\n", true);
        check(r#"{"r":[[1],[2]]}"#, "r", "[1]\n[2]\n", true);
        check(r#"{"r":[[1],[2]]}"#, "r[1]", "2\n", true);
    }
}
