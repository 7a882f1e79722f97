//! A service that pages through numbered records in every dialect: each record is read once, whatever the sizes are.

use std::time::SystemTime;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{config, page};
use crate::{error::Result, fetch::Service, response::Response, url::Url};

/// How the service says where the next page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Link,
    HeaderLink,
    HeaderCursor,
    Cursor,
    CursorWithMore,
    /// Pages from this number on, told in the answer or not.
    Page {
        base: u64,
        told: bool,
    },
    Offset,
}

/// Serves `0..total`, at most `size` at a time; `empty` is a page that it withholds.
#[derive(Clone, Copy, Debug)]
struct Model {
    dialect: Dialect,
    total: u64,
    size: u64,
    empty: Option<u64>,
}

impl Model {
    fn first_of(&self, url: &Url) -> u64 {
        let number = |name: &str| url.param(name).map(|text| text.parse::<u64>().unwrap());
        match self.dialect {
            Dialect::Page { base, .. } => number("page").map_or(0, |page| page.saturating_sub(base) * self.size),
            Dialect::Offset => number("offset").unwrap_or(0),
            Dialect::Link | Dialect::HeaderLink => number("from").unwrap_or(0),
            _ => number("cursor").unwrap_or(0),
        }
    }
}

impl Service for Model {
    fn get(&self, url: &Url) -> Result<Response> {
        let first = self.first_of(url);
        let end = first.saturating_add(self.size).min(self.total);
        let next = (end < self.total).then_some(end);
        let withheld = self.empty.is_some_and(|page| page == first / self.size);
        let records: Vec<u64> = if withheld { Vec::new() } else { (first..end).collect() };
        let mut body = json!({ "data": records });
        let mut response = Response { status: 200, ..Response::default() };
        match self.dialect {
            Dialect::Link => body["links"] = json!({"next": next.map(|next| format!("?from={next}"))}),
            Dialect::HeaderLink => {
                if let Some(next) = next {
                    response.headers.add("Link", format!("<{url}?>; rel=prev, <?from={next}>; rel=next").as_bytes());
                }
            }
            Dialect::HeaderCursor => {
                if let Some(next) = next {
                    response.headers.add("Next", next.to_string().as_bytes());
                }
            }
            Dialect::Cursor => body["next_cursor"] = json!(next.map(|next| next.to_string())),
            // Such services name a cursor on the last page too.
            Dialect::CursorWithMore => body["paging"] = json!({"next": end.to_string(), "has_more": next.is_some()}),
            Dialect::Page { base, told } => {
                let meta = json!({"total_pages": self.total.div_ceil(self.size)});
                body["meta"] = meta;
                if told {
                    body["meta"]["page"] = json!(first / self.size + base);
                }
            }
            Dialect::Offset => {
                body["total"] = json!(self.total);
                body["offset"] = json!(first);
                body["limit"] = json!(self.size);
            }
        }
        response.body = body.to_string().into_bytes();
        Ok(response)
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

/// Reads all records of `x`, each page twice, as a host does after a crash.
fn read(model: &Model, resource: &Value) -> Result<Vec<u64>> {
    let config = config(resource);
    let (mut records, mut cursor) = (Vec::new(), None::<String>);
    for _ in 0..200 {
        let found = page(model, &config, config.find("x")?, cursor.as_deref(), None)?;
        let again = page(model, &config, config.find("x")?, cursor.as_deref(), None)?;
        assert_eq!((&found.records, &found.next), (&again.records, &again.next), "a page is the same again");
        records.extend(String::from_utf8_lossy(&found.records).lines().map(|line| line.parse::<u64>().unwrap()));
        cursor = found.next;
        if cursor.is_none() {
            return Ok(records);
        }
    }
    panic!("no end");
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop_oneof![
        Just(Dialect::Link),
        Just(Dialect::HeaderLink),
        Just(Dialect::HeaderCursor),
        Just(Dialect::Cursor),
        Just(Dialect::CursorWithMore),
        (0u64..2, any::<bool>()).prop_map(|(base, told)| Dialect::Page { base, told }),
        Just(Dialect::Offset),
    ]
}

proptest! {
    #[test]
    fn found_out(dialect in dialect(), total in 0u64..60, size in 1u64..9) {
        let model = Model { dialect, total, size, empty: None };
        prop_assert_eq!(read(&model, &json!({})), Ok((0..total).collect::<Vec<_>>()));
    }

    #[test]
    fn an_empty_page_is_no_end(dialect in dialect(), total in 1u64..60, size in 1u64..9, empty in 0u64..9) {
        // Whether a first page without records is number 0 or 1 cannot be seen; then the service has to tell.
        let untold = matches!(dialect, Dialect::Page { told: false, .. });
        let model = Model { dialect, total, size, empty: Some(empty + u64::from(untold)) };
        let withheld = |record: &u64| Some(record / size) == model.empty;
        let expect: Vec<u64> = (0..total).filter(|record| !withheld(record)).collect();
        prop_assert_eq!(read(&model, &json!({})), Ok(expect));
    }

    #[test]
    fn counted_as_configured(total in 0u64..60, size in 1u64..9, limit in 1u64..20, base in 0u64..2) {
        let all: Vec<u64> = (0..total).collect();
        // The service may allow less than the limit, or give more.
        let offset = json!({"paginator": {"type": "offset", "limit": limit, "total_path": ""}});
        prop_assert_eq!(read(&Model { dialect: Dialect::Offset, total, size, empty: None }, &offset), Ok(all.clone()));
        let dialect = Dialect::Page { base, told: true };
        let page = json!({"paginator": {"type": "page_number", "base_page": base, "total_path": "meta.total_pages"}});
        prop_assert_eq!(read(&Model { dialect, total, size, empty: None }, &page), Ok(all.clone()));
        let page = json!({"paginator": {"type": "page_number", "base_page": base}});
        prop_assert_eq!(read(&Model { dialect, total, size, empty: None }, &page), Ok(all.clone()));
    }
}
