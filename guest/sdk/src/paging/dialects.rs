//! The dialects as an author names them, with dlt's defaults for what is not said.

use super::{Paginator, counter::Counter};

impl Paginator {
    /// The body holds the link to the next page, at a path such as `links.next`.
    pub fn json_link(path: &str) -> Self {
        Self::JsonLink { next_url_path: path.into() }
    }

    /// The `Link` header holds the link to the next page, with the relation `next`.
    pub fn header_link() -> Self {
        Self::HeaderLink { links_next_key: "next".to_owned() }
    }

    /// The body holds a cursor at a path, and a query parameter takes it. An empty cursor, or none, ends the resource.
    pub fn cursor(path: &str, param: &str) -> Self {
        Self::Cursor {
            cursor_path: path.into(),
            cursor_param: param.to_owned(),
            stop_after_empty_page: false,
            has_more_path: None,
        }
    }

    /// A query parameter takes the number of the page, from `base` on. The total of pages stands at a path of the body; without
    /// one, the first page without records ends the resource.
    pub fn page_number(param: &str, base: u64, total_path: Option<&str>) -> Self {
        Self::PageNumber(Counter { start: base, base, ..counter(param, false, total_path) })
    }

    /// A query parameter takes the position of the first record, and another one how many are wanted. The total of records
    /// stands at a path of the body; without one, the first page without records ends the resource.
    pub fn offset(param: &str, limit_param: &str, limit: u64, total_path: Option<&str>) -> Self {
        Self::Offset(Counter { limit: Some((limit_param.to_owned(), limit)), ..counter(param, true, total_path) })
    }
}

fn counter(param: &str, records: bool, total_path: Option<&str>) -> Counter {
    Counter {
        records,
        param: param.to_owned(),
        start: 0,
        base: 0,
        guessed: false,
        limit: None,
        total_path: total_path.map(Into::into),
        maximum: None,
        stop_after_empty_page: true,
        has_more_path: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    #[test]
    fn written_into_cursors_as_the_configured_ones() {
        let all = [
            Paginator::json_link("links.next"),
            Paginator::header_link(),
            Paginator::cursor("meta.next", "after"),
            Paginator::page_number("page", 1, Some("meta.pages")),
            Paginator::offset("start", "count", 50, None),
        ];
        for paginator in all {
            let json = paginator.to_json();
            assert_eq!(Paginator::from_json(Json::parse(&json).unwrap()), Some(paginator), "{json}");
        }
    }
}
