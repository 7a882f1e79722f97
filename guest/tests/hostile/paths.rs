//! Paths into JSON, and the search for records.

use serde_json::Value;
use sluicegate_guest::{
    body::Body,
    json::{Document, Json, Path, Segment},
    select,
};

/// An input is a path on one line, and a document.
pub(crate) fn check(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (path, document) = data.split_at(end);
    let Ok(path) = str::from_utf8(path).unwrap_or_default().parse::<Path>() else { return };
    assert_eq!(path.to_string().parse().as_ref(), Ok(&path), "{path} is read again");

    let body = Body::new(document.get(1..).unwrap_or_default().to_vec());
    let value = serde_json::from_str::<Value>(body.text()).ok();
    let Ok(document) = Document::parse(body.text()) else {
        return assert_eq!(value, None, "JSON, yet refused");
    };
    check_along(&body, &document, &path);
    if let Some(value) = value.filter(|_| !path.is_plural()) {
        let found: Vec<Value> = path.find(&document).iter().map(|json| parsed(*json)).collect();
        assert_eq!(found.first(), find(&value, &path.0), "{path}");
    }
    check_records(&body, &document, &path);
    if let Some(detected) = select::detect(&document) {
        check_records(&body, &document, &detected);
    }
}

/// Whether a document is opened along a path or as a whole, the same records are there.
fn check_along(body: &Body, document: &Document<'_>, path: &Path) {
    let Ok(along) = Document::parse_along(body.text(), &path.0) else { panic!("refused along {path}") };
    let records = |document: &Document<'_>| {
        let records = select::records(body, document, path);
        (records.lines, records.count)
    };
    assert_eq!(records(document), records(&along), "{path}");
}

fn check_records(body: &Body, document: &Document<'_>, path: &Path) {
    let records = select::records(body, document, path);
    let lines = records.lines.split_inclusive(|byte| *byte == b'\n');
    let mut count = 0;
    for line in lines {
        count += 1;
        assert!(line.ends_with(b"\n"));
        // A record that is no text goes on as it is.
        if let Ok(text) = str::from_utf8(line) {
            assert!(Json::parse(text).is_ok(), "{text:?}");
        }
    }
    assert_eq!(count, records.count, "{path}");
}

fn parsed(json: Json<'_>) -> Value {
    serde_json::from_str(json.get()).unwrap_or_else(|error| panic!("{error}"))
}

/// What a path leads to, looked up in the plainest way.
fn find<'v>(value: &'v Value, path: &[Segment]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, segment| match segment {
        Segment::Key(key) => value.get(key.as_str()).filter(|_| value.is_object()),
        Segment::Index(index) => value.get(*index).filter(|_| value.is_array()),
        Segment::All => None,
    })
}
