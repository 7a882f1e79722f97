//! Every dialect of paging, found out or as configured, to its end.

use serde_json::json;

use super::{AT, Fake, check, check_error, read};
use crate::error::Kind;

#[test]
fn links_in_the_body() {
    check(
        &json!({}),
        &[("/x", r#"{"data":[1,2],"next":"/r/token/x?page=2"}"#), ("/x?page=2", r#"{"data":[3],"next":null}"#)],
        &["1 2", "3"],
    );
    // An empty page in the middle, a list that is null, one that is missing.
    check(
        &json!({}),
        &[
            ("/x", r#"{"data":[1],"next":"?p=2"}"#),
            ("/x?p=2", r#"{"data":[],"next":"?p=3"}"#),
            ("/x?p=3", r#"{"data":null,"next":"?p=4"}"#),
            ("/x?p=4", r#"{"next":"?p=5"}"#),
            ("/x?p=5", r#"{"data":[2]}"#),
        ],
        &["1", "", "", "", "2"],
    );
    // The first page does not show where the records are.
    check(
        &json!({}),
        &[("/x", r#"{"messages":null,"next":"?p=2"}"#), ("/x?p=2", r#"{"messages":[7],"next":null}"#)],
        &["", "7"],
    );
    check(
        &json!({"paginator": {"type": "json_link", "next_url_path": "links.more"}, "data_selector": "rows"}),
        &[("/x", r#"{"rows":[1],"links":{"more":"x?b"},"next":"/never"}"#), ("/x?b", r#"{"rows":[2]}"#)],
        &["1", "2"],
    );
}

#[test]
fn cursors_in_the_body() {
    check(
        &json!({"params": {"limit": 2}}),
        &[
            ("/x?limit=2", r#"{"items":[1,2],"pagination":{"next_cursor":"a b"}}"#),
            ("/x?limit=2&cursor=a%20b", r#"{"items":[],"pagination":{"next_cursor":"c"}}"#),
            ("/x?limit=2&cursor=c", r#"{"items":[3],"pagination":{"next_cursor":""}}"#),
        ],
        &["1 2", "", "3"],
    );
    check(
        &json!({}),
        &[
            ("/x", r#"{"data":[1],"next_cursor":5,"has_more":true}"#),
            ("/x?cursor=5", r#"{"data":[2],"next_cursor":6,"has_more":false}"#),
        ],
        &["1", "2"],
    );
    check(
        &json!({"paginator": {"type": "cursor", "cursor_path": "c", "cursor_param": "after", "stop_after_empty_page": true}}),
        &[("/x", r#"{"data":[1],"c":"a"}"#), ("/x?after=a", r#"{"data":[],"c":"b"}"#)],
        &["1", ""],
    );
}

#[test]
fn headers() {
    let mut fake = Fake::default();
    fake.answer("/x", 200, &[("Link", "</r/token/x?page=2>; rel=\"next\"")], "[1]");
    fake.answer("/x?page=2", 200, &[("Link", "</r/token/x>; rel=\"prev\"")], "[2]");
    assert_eq!(read(&fake, &json!({})).unwrap(), ["1", "2"]);
    let mut fake = Fake::default();
    fake.answer("/x", 200, &[("X-Next", "k")], "[1]");
    fake.answer("/x?after=k", 200, &[("X-Next", "")], "[2]");
    let paginator = json!({"type": "header_cursor", "cursor_key": "x-next", "cursor_param": "after"});
    assert_eq!(read(&fake, &json!({"paginator": paginator})).unwrap(), ["1", "2"]);
}

#[test]
fn numbered_pages() {
    // The answer tells its number.
    check(
        &json!({}),
        &[
            ("/x", r#"{"data":[1],"meta":{"page":1,"total_pages":3}}"#),
            ("/x?page=2", r#"{"data":[],"meta":{"page":2,"total_pages":3}}"#),
            ("/x?page=3", r#"{"data":[3],"meta":{"page":3,"total_pages":3}}"#),
        ],
        &["1", "", "3"],
    );
    // It does not, and the first page is number 1: read twice, passed on once.
    check(
        &json!({}),
        &[
            ("/x", r#"{"data":[1],"pages":3}"#),
            ("/x?page=1", r#"{"data":[1],"pages":3}"#),
            ("/x?page=2", r#"{"data":[2],"pages":3}"#),
            ("/x?page=3", r#"{"data":[3],"pages":3}"#),
        ],
        &["1", "", "2", "3"],
    );
    // It does not, and the first page is number 0.
    check(
        &json!({}),
        &[
            ("/x", r#"{"data":[1],"pages":3}"#),
            ("/x?page=1", r#"{"data":[2],"pages":3}"#),
            ("/x?page=2", r#"{"data":[3],"pages":3}"#),
        ],
        &["1", "2", "3"],
    );
    // As dlt counts when it is told to: `total` is pages, the first is number 0, an empty page ends it.
    check(
        &json!({"paginator": "page_number"}),
        &[("/x?page=0", r#"{"data":[1],"total":2}"#), ("/x?page=1", r#"{"data":[2],"total":2}"#)],
        &["1", "2"],
    );
    check(
        &json!({"paginator": {"type": "page_number", "base_page": 1, "page_param": "p"}}),
        &[("/x?p=1", "[1]"), ("/x?p=2", "[2]"), ("/x?p=3", "[]")],
        &["1", "2", ""],
    );
    check(
        &json!({"paginator": {"type": "page_number", "has_more_path": "more"}}),
        &[("/x?page=0", r#"{"data":[1],"more":"true"}"#), ("/x?page=1", r#"{"data":[2],"more":false}"#)],
        &["1", "2"],
    );
    check(
        &json!({"paginator": {"type": "page_number", "maximum_page": 2}}),
        &[("/x?page=0", "[1]"), ("/x?page=1", "[2]")],
        &["1", "2"],
    );
}

#[test]
fn offsets() {
    check(
        &json!({}),
        &[
            ("/x", r#"{"data":[1,2],"total":5,"offset":0,"limit":2}"#),
            ("/x?offset=2", r#"{"data":[3,4],"total":5,"offset":2,"limit":2}"#),
            ("/x?offset=4", r#"{"data":[5],"total":5,"offset":4,"limit":2}"#),
        ],
        &["1 2", "3 4", "5"],
    );
    // No total; a short page is no end.
    check(
        &json!({"paginator": {"type": "offset", "limit": 2}}),
        &[
            ("/x?offset=0&limit=2", "[1,2]"),
            ("/x?offset=2&limit=2", "[3]"),
            ("/x?offset=4&limit=2", "[5]"),
            ("/x?offset=6&limit=2", "[]"),
        ],
        &["1 2", "3", "5", ""],
    );
    // The service allows less than was asked for.
    check(
        &json!({"paginator": {"type": "offset", "limit": 9}}),
        &[("/x?offset=0&limit=9", r#"{"data":[1,2],"total":3}"#), ("/x?offset=2&limit=9", r#"{"data":[3],"total":3}"#)],
        &["1 2", "3"],
    );
    check(
        &json!({"paginator": {"type": "offset", "limit": 2, "maximum_offset": 2}}),
        &[("/x?offset=0&limit=2", "[1,2]")],
        &["1 2"],
    );
}

#[test]
fn circles_end() {
    let circle = "the next page that the answer names is one that was read already: the paging goes in a circle";
    let error = |at: &str| format!("{AT}{at}`: {circle}");
    check_error(&json!({}), &[("/x", r#"{"data":[],"next":"/r/token/x"}"#)], Kind::InvalidResponse, &error(""));
    let same = r#"{"data":[1],"next_cursor":"a"}"#;
    check_error(&json!({}), &[("/x", same), ("/x?cursor=a", same)], Kind::InvalidResponse, &error("?cursor=a"));
    check_error(
        &json!({}),
        &[
            ("/x", r#"{"data":[1],"next_cursor":"a"}"#),
            ("/x?cursor=a", r#"{"data":[2],"next_cursor":"b"}"#),
            ("/x?cursor=b", r#"{"data":[3],"next_cursor":"a"}"#),
        ],
        Kind::InvalidResponse,
        &error("?cursor=b"),
    );
    check_error(
        &json!({"paginator": "page_number"}),
        &[("/x?page=0", "[1]"), ("/x?page=1", "[1]")],
        Kind::InvalidResponse,
        &format!("{AT}?page=1`: two pages hold the same records: the service seems to ignore `page`"),
    );
}
