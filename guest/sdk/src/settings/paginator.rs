//! The `paginator` of a resource: a name, or a table with `type` and dlt's keys.

use super::table::{Table, join, unknown, wrong};
use crate::{
    error::{Error, Result},
    json::{Json, Path},
    paging::{Paginator, counter::Counter},
};

const TYPES: [&str; 8] =
    ["auto", "single_page", "json_link", "header_link", "header_cursor", "cursor", "offset", "page_number"];

/// Keys of dlt's paginators that put the position into the body of a POST request.
const BODY_KEYS: [&str; 4] = ["cursor_body_path", "offset_body_path", "limit_body_path", "page_body_path"];

/// Reads a paginator; none is `auto`. `page_size` is how many records to ask for where the paginator does not say.
pub fn paginator(value: Json<'_>, place: &str, page_size: Option<u64>) -> Result<Option<Paginator>> {
    if let Some(name) = value.string() {
        return of_type(&name, place, Json::EMPTY, place, page_size);
    }
    if !value.is_object() {
        return Err(wrong(place, "must be the name of a paginator or a table with `type`", value));
    }
    if let Some(key) = BODY_KEYS.iter().find(|key| value.member(key).is_some()) {
        let place = join(place, key);
        return Err(Error::config(format!(
            "`{place}` is for POST requests, but resources are read by GET: set the `_param` key"
        )));
    }
    match value.member("type").map(|kind| kind.string().ok_or(kind)) {
        Some(Ok(name)) => of_type(&name, &join(place, "type"), value, place, page_size),
        Some(Err(other)) => Err(wrong(&join(place, "type"), "must be a text", other)),
        None => Err(Error::config(format!("`{place}.type` is missing, known are: {}", TYPES.join(", ")))),
    }
}

fn of_type(
    name: &str,
    name_place: &str,
    value: Json<'_>,
    place: &str,
    page_size: Option<u64>,
) -> Result<Option<Paginator>> {
    let open = |keys: &[&str]| Table::open(value, place, &[&["type"], keys].concat());
    let or = |text: Option<String>, default: &str| text.unwrap_or_else(|| default.to_owned());
    Ok(Some(match name {
        "auto" => {
            open(&[])?;
            return Ok(None);
        }
        "single_page" => {
            open(&[])?;
            Paginator::SinglePage
        }
        "json_link" | "json_response" => {
            let table = open(&["next_url_path"])?;
            Paginator::JsonLink { next_url_path: path_or(&table, "next_url_path", "next")? }
        }
        "header_link" => {
            let table = open(&["links_next_key"])?;
            Paginator::HeaderLink { links_next_key: or(table.text("links_next_key")?, "next") }
        }
        "header_cursor" => {
            let table = open(&["cursor_key", "cursor_param"])?;
            Paginator::HeaderCursor {
                cursor_key: or(table.text("cursor_key")?, "next"),
                cursor_param: or(table.text("cursor_param")?, "cursor"),
            }
        }
        "cursor" => {
            let table = open(&["cursor_path", "cursor_param", "stop_after_empty_page", "has_more_path"])?;
            Paginator::Cursor {
                cursor_path: path_or(&table, "cursor_path", "cursors.next")?,
                cursor_param: or(table.text("cursor_param")?, "cursor"),
                stop_after_empty_page: table.boolean("stop_after_empty_page")?.unwrap_or(false),
                has_more_path: table.path("has_more_path")?,
            }
        }
        "offset" => Paginator::Offset(offset(
            &open(&[
                "limit",
                "offset",
                "offset_param",
                "limit_param",
                "total_path",
                "maximum_offset",
                "stop_after_empty_page",
                "has_more_path",
            ])?,
            page_size,
        )?),
        "page_number" => Paginator::PageNumber(page_number(&open(&[
            "base_page",
            "page",
            "page_param",
            "total_path",
            "maximum_page",
            "stop_after_empty_page",
            "has_more_path",
        ])?)?),
        other => return Err(unknown(&format!("paginator `{other}` in `{name_place}`"), other, &TYPES)),
    }))
}

fn offset(table: &Table<'_>, page_size: Option<u64>) -> Result<Counter> {
    let limit_param = table.text("limit_param")?.unwrap_or_else(|| "limit".to_owned());
    let limit = table.whole("limit", 1)?.or(page_size);
    bounded(
        table,
        Counter {
            records: true,
            param: table.text("offset_param")?.unwrap_or_else(|| "offset".to_owned()),
            start: table.whole("offset", 0)?.unwrap_or(0),
            base: 0,
            guessed: false,
            limit: limit.map(|limit| (limit_param, limit)),
            total_path: total_path(table)?,
            maximum: table.whole("maximum_offset", 0)?,
            stop_after_empty_page: table.boolean("stop_after_empty_page")?.unwrap_or(true),
            has_more_path: table.path("has_more_path")?,
        },
    )
}

fn page_number(table: &Table<'_>) -> Result<Counter> {
    let base = table.whole("base_page", 0)?.unwrap_or(0);
    bounded(
        table,
        Counter {
            records: false,
            param: table.text("page_param")?.unwrap_or_else(|| "page".to_owned()),
            start: table.whole("page", 0)?.unwrap_or(base),
            base,
            guessed: false,
            limit: None,
            total_path: total_path(table)?,
            maximum: table.whole("maximum_page", 0)?,
            stop_after_empty_page: table.boolean("stop_after_empty_page")?.unwrap_or(true),
            has_more_path: table.path("has_more_path")?,
        },
    )
}

/// Refuses a counter that nothing stops.
fn bounded(table: &Table<'_>, counter: Counter) -> Result<Counter> {
    let stops = counter.stop_after_empty_page
        || counter.total_path.is_some()
        || counter.maximum.is_some()
        || counter.has_more_path.is_some();
    if stops {
        return Ok(counter);
    }
    let maximum = if counter.records { "maximum_offset" } else { "maximum_page" };
    Err(Error::config(format!(
        "`{}` says nowhere where to stop: set `total_path`, `{maximum}`, `has_more_path` or `stop_after_empty_page`",
        table.place()
    )))
}

/// `total` unless it is set. TOML knows no null, so an empty text stands for dlt's `None` too.
fn total_path(table: &Table<'_>) -> Result<Option<Path>> {
    if table.is_null("total_path") || table.get("total_path").and_then(Json::string).as_deref() == Some("") {
        return Ok(None);
    }
    path_or(table, "total_path", "total").map(Some)
}

fn path_or(table: &Table<'_>, key: &str, default: &str) -> Result<Path> {
    let place = table.place_of(key);
    Ok(match table.path(key)? {
        Some(path) => path,
        None => super::table::parse_path(&place, default)?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: &Value) -> Result<Option<Paginator>> {
        paginator(Json::parse(&value.to_string()).unwrap(), "resources.x.paginator", Some(50))
    }

    #[test]
    fn names_stand_for_defaults() {
        let check = |value: Value, expect: &str| {
            let found = read(&value).unwrap();
            assert_eq!(found.map_or_else(|| "null".to_owned(), |found| found.to_json()), expect, "{value}");
        };
        check(json!("auto"), "null");
        check(json!({"type": "auto"}), "null");
        check(json!("single_page"), r#""single_page""#);
        check(json!("json_link"), r#"{"json_link":{"next_url_path":"next"}}"#);
        check(json!("header_link"), r#"{"header_link":{"links_next_key":"next"}}"#);
        check(json!("header_cursor"), r#"{"header_cursor":{"cursor_key":"next","cursor_param":"cursor"}}"#);
        check(
            json!({"type": "cursor", "cursor_path": "$.meta.next"}),
            r#"{"cursor":{"cursor_path":"meta.next","cursor_param":"cursor","stop_after_empty_page":false,"has_more_path":null}}"#,
        );
        check(
            json!("offset"),
            r#"{"offset":{"records":true,"param":"offset","start":0,"base":0,"guessed":false,"limit":["limit",50],"total_path":"total","maximum":null,"stop_after_empty_page":true,"has_more_path":null}}"#,
        );
        check(
            json!({"type": "page_number", "base_page": 1, "total_path": "", "maximum_page": 9}),
            r#"{"page_number":{"records":false,"param":"page","start":1,"base":1,"guessed":false,"limit":null,"total_path":null,"maximum":9,"stop_after_empty_page":true,"has_more_path":null}}"#,
        );
    }

    #[test]
    fn mistakes_are_named() {
        let check = |value: Value, expect: &str| assert_eq!(read(&value).unwrap_err().message, expect, "{value}");
        check(json!("cursr"), "unknown paginator `cursr` in `resources.x.paginator`, did you mean `cursor`?");
        check(
            json!({"type": "ofset"}),
            "unknown paginator `ofset` in `resources.x.paginator.type`, did you mean `offset`?",
        );
        check(
            json!({"type": "cursor", "cursor_pth": "a"}),
            "unknown key `resources.x.paginator.cursor_pth`, did you mean `cursor_path`?",
        );
        check(
            json!({"type": "offset", "limit": 0}),
            "`resources.x.paginator.limit` must be a whole number of at least 1, but is `0`",
        );
        check(
            json!({"type": "cursor", "cursor_path": "a["}),
            "`resources.x.paginator.cursor_path` is no path into JSON: `a[` has a `[` without `]`",
        );
        check(
            json!({"type": "page_number", "page_body_path": "p"}),
            "`resources.x.paginator.page_body_path` is for POST requests, but resources are read by GET: set the `_param` key",
        );
        check(json!(5), "`resources.x.paginator` must be the name of a paginator or a table with `type`, but is `5`");
        assert!(
            read(&json!({}))
                .unwrap_err()
                .message
                .starts_with("`resources.x.paginator.type` is missing, known are: auto, ")
        );
    }
}
