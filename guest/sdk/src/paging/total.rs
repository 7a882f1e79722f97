//! How many records a service says there are: for progress, and for finding out that it counts offsets.

use crate::{json::Document, response::Headers};

/// Keys that tell the number of records.
pub(super) const TOTAL_KEYS: [&str; 11] = [
    "total",
    "total_count",
    "totalCount",
    "total_records",
    "totalRecords",
    "total_items",
    "totalItems",
    "total_results",
    "totalResults",
    "total_messages",
    "count",
];

/// Objects beside the records in which services tell it.
const BESIDE: [&str; 6] = ["meta", "metadata", "pagination", "paging", "page_info", "pageInfo"];

/// The number of records the resource has, if the answer tells it: at the top, beside the records, or in `X-Total-Count`.
///
/// Nobody depends on it. A number that is smaller than the page itself, such as `count` of the page, is none.
pub fn hint(document: Option<&Document<'_>>, headers: &Headers, page_count: u64) -> Option<u64> {
    let header = headers.get("x-total-count").and_then(|text| text.trim().parse().ok());
    let body = || in_members(document?).or_else(|| BESIDE.iter().find_map(|key| in_members(document?.member(key)?)));
    header.or_else(body).filter(|&total| total >= page_count && total > 0)
}

fn in_members(value: &Document<'_>) -> Option<u64> {
    TOTAL_KEYS.iter().find_map(|key| value.member(key)?.json.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints() {
        let check = |body: &str, page_count: u64, expect: Option<u64>| {
            let document = Document::parse(body).unwrap();
            assert_eq!(hint(Some(&document), &Headers::default(), page_count), expect, "{body}");
        };
        check(r#"{"data":[],"total":120}"#, 50, Some(120));
        check(r#"{"pagination":{"total_count":"7"}}"#, 1, Some(7));
        check(r#"{"count":2}"#, 2, Some(2));
        check(r#"{"count":1}"#, 2, None);
        check(r#"{"other":{"total":5}}"#, 1, None);
        check(r"[]", 0, None);
        assert_eq!(hint(None, &Headers::from([("X-Total-Count", "9")]), 1), Some(9));
    }
}
