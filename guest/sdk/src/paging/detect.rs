//! Finding out how a service pages, from the first answer to a request that said nothing of pages.
//!
//! The order and the keys are those of dlt's `rest_api`: a `Link` header, a link in the body, a number of pages, a cursor in
//! the body, else a single page. Where dlt then leaves out or doubles rows, this looks closer: at the number of the page,
//! at offsets, and at the name of the parameter that takes the cursor.

use super::{
    Answer, Paginator,
    counter::{Counter, Place},
    link::relation_in,
    total::TOTAL_KEYS,
};
use crate::{
    error::{Error, Result},
    json::{Document, Json, Path, Segment},
};

/// Keys that tell the number of pages, in lower case.
const PAGE_TOTAL_KEYS: [&str; 3] = ["total_pages", "pages", "totalpages"];

/// Keys that tell the number of this page, beside the number of pages.
const PAGE_KEYS: [&str; 7] = ["page", "current_page", "currentPage", "page_number", "pageNumber", "current", "number"];

/// Keys that say whether there is more.
const MORE_KEYS: [&str; 8] =
    ["has_more", "hasMore", "has_next", "hasNext", "has_next_page", "hasNextPage", "more", "more_available"];

/// Keys that tell the size of a page, beside its offset.
const LIMIT_KEYS: [&str; 5] = ["limit", "page_size", "pageSize", "per_page", "perPage"];

/// Headers that hold a cursor where nothing in the body does.
const CURSOR_HEADERS: [&str; 3] = ["next", "x-next-cursor", "next-cursor"];

/// What `next_…` keys are called in a request, where that is not `cursor`.
const CURSOR_PARAMS: [&str; 6] = ["page", "offset", "token", "page_token", "pageToken", "marker"];

/// Tells the dialect of the first answer, and where a counter stands after it.
pub fn detect(answer: &Answer<'_>) -> Result<(Paginator, Place)> {
    let here = |paginator| Ok((paginator, Place::default()));
    if answer.headers.get("link").and_then(|header| relation_in(header, "next")).is_some() {
        return here(Paginator::HeaderLink { links_next_key: "next".to_owned() });
    }
    let Some(document) = answer.document else { return here(Paginator::SinglePage) };
    let next = find(document, next_of);
    if let Some((path, value)) = &next
        && value.text().is_some_and(|link| link.starts_with("http") || link.starts_with(['/', '?']))
    {
        return here(Paginator::JsonLink { next_url_path: path.clone() });
    }
    let has_cursor = next.as_ref().and_then(|(_, value)| value.text()).is_some_and(|cursor| !cursor.is_empty());
    if let Some(found) = find(document, page_total_of).and_then(|(path, _)| by_page(document, &path, has_cursor)) {
        return Ok(found);
    }
    if let Some((cursor_path, _)) = next {
        return here(by_cursor(document, cursor_path));
    }
    if let Some(found) = find(document, offset_of).and_then(|(path, _)| by_offset(document, &path)) {
        return Ok(found);
    }
    let mut headers = CURSOR_HEADERS.iter();
    if let Some(name) = headers.find(|name| answer.headers.get(name).is_some_and(|cursor| !cursor.is_empty())) {
        return here(Paginator::HeaderCursor { cursor_key: (*name).to_owned(), cursor_param: "cursor".to_owned() });
    }
    match find(document, more_of) {
        Some((path, value)) if value.get() == "true" => Err(Error::invalid_response(format!(
            "the answer says that there is more (`{path}`), but not where: a `paginator` has to be set"
        ))),
        _ => here(Paginator::SinglePage),
    }
}

/// What a search accepts: a member, or a member of it, whose key it gives then.
type Accept = for<'d, 'a> fn(&str, &'d Document<'a>) -> Option<(Option<&'d str>, Json<'a>)>;

/// Finds the first member that is accepted, in document order, objects before what follows them. Lists are not entered.
fn find<'a>(document: &Document<'a>, accept: Accept) -> Option<(Path, Json<'a>)> {
    document.members().iter().find_map(|(key, value)| {
        let (mut path, found) = match accept(key, value) {
            Some((inner, found)) => (Path(inner.map(|key| Segment::Key(key.to_owned())).into_iter().collect()), found),
            None => find(value, accept)?,
        };
        path.0.insert(0, Segment::Key(key.clone()));
        Some((path, found))
    })
}

fn next_of<'d, 'a>(key: &str, value: &'d Document<'a>) -> Option<(Option<&'d str>, Json<'a>)> {
    if !begins(key, &["next"]) {
        return None;
    }
    let is_link =
        |(key, value): &&'d (String, Document<'a>)| begins(key, &["href", "url"]) && value.json.text().is_some();
    match value.members().iter().find(is_link) {
        Some((key, value)) => Some((Some(key), value.json)),
        None => value.json.text().map(|_| (None, value.json)),
    }
}

fn begins(key: &str, prefixes: &[&str]) -> bool {
    let key = key.to_ascii_lowercase();
    prefixes.iter().any(|prefix| key.starts_with(prefix))
}

fn page_total_of<'d, 'a>(key: &str, value: &'d Document<'a>) -> Option<(Option<&'d str>, Json<'a>)> {
    let found = PAGE_TOTAL_KEYS.contains(&key.to_ascii_lowercase().as_str()) && value.json.count().is_some();
    found.then_some((None, value.json))
}

fn offset_of<'d, 'a>(key: &str, value: &'d Document<'a>) -> Option<(Option<&'d str>, Json<'a>)> {
    (key == "offset" && value.json.count().is_some()).then_some((None, value.json))
}

fn more_of<'d, 'a>(key: &str, value: &'d Document<'a>) -> Option<(Option<&'d str>, Json<'a>)> {
    (MORE_KEYS.contains(&key) && matches!(value.json.get(), "true" | "false")).then_some((None, value.json))
}

/// The first of some keys beside a path.
fn beside<'a>(document: &Document<'a>, path: &Path, keys: &[&str]) -> Option<(Path, Json<'a>)> {
    keys.iter().find_map(|key| {
        let path = path.sibling(key);
        path.first(document).map(|value| (path, value))
    })
}

/// Pages by number. When the answer does not tell its own number, the next request is for page 1 and shows which it was.
fn by_page(document: &Document<'_>, total_path: &Path, has_cursor: bool) -> Option<(Paginator, Place)> {
    let current = beside(document, total_path, &PAGE_KEYS).and_then(|(_, value)| value.count());
    let next = beside(document, total_path, &["next_page", "nextPage"]).and_then(|(_, value)| value.count());
    let current = current.or_else(|| next.and_then(|next| next.checked_sub(1)));
    if current.is_none() && has_cursor {
        // A cursor is surer than a number that has to be guessed.
        return None;
    }
    let base = current.unwrap_or(0);
    let counter = Counter { total_path: Some(total_path.clone()), start: base, base, ..guessed("page", false) };
    Some((Paginator::PageNumber(counter), Place { at: base, base, unnumbered: current.is_none(), ..Place::default() }))
}

/// Pages by offset: the answer tells its own offset and the total of records.
fn by_offset(document: &Document<'_>, offset_path: &Path) -> Option<(Paginator, Place)> {
    let at = offset_path.first(document)?.count()?;
    let (total_path, total) = beside(document, offset_path, &TOTAL_KEYS)?;
    total.count()?;
    // The service's word on its page size, so that an empty page is no obstacle.
    let step = beside(document, offset_path, &LIMIT_KEYS).and_then(|(_, value)| value.count()).unwrap_or(0);
    let counter = Counter { total_path: Some(total_path), start: at, ..guessed("offset", true) };
    Some((Paginator::Offset(counter), Place { at, step, ..Place::default() }))
}

fn guessed(param: &str, records: bool) -> Counter {
    Counter {
        records,
        param: param.to_owned(),
        start: 0,
        base: 0,
        guessed: true,
        limit: None,
        total_path: None,
        maximum: None,
        // The total says where the end is; a page may be empty before that.
        stop_after_empty_page: false,
        has_more_path: None,
    }
}

fn by_cursor(document: &Document<'_>, cursor_path: Path) -> Paginator {
    let key = match cursor_path.0.last() {
        Some(Segment::Key(key)) => key.as_str(),
        _ => "",
    };
    let rest = key.get("next".len()..).unwrap_or_default().trim_start_matches(['_', '-']);
    let rest = rest
        .chars()
        .next()
        .map_or(String::new(), |first| rest.replacen(first, &first.to_ascii_lowercase().to_string(), 1));
    let cursor_param = if CURSOR_PARAMS.contains(&rest.as_str()) { rest } else { "cursor".to_owned() };
    let at_top = MORE_KEYS.iter().map(|key| Path(vec![Segment::Key((*key).to_owned())]));
    let has_more_path = beside(document, &cursor_path, &MORE_KEYS)
        .map(|(path, _)| path)
        .into_iter()
        .chain(at_top)
        .find(|path| path.first(document).is_some_and(|value| value.boolean().is_some()));
    Paginator::Cursor { cursor_path, cursor_param, stop_after_empty_page: false, has_more_path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::Headers;

    fn found(body: &str, headers: &Headers) -> String {
        let document = Document::parse(body).unwrap();
        let answer = Answer { document: Some(&document), headers, count: 2, digest: 1, counts_list: true };
        match detect(&answer) {
            Ok((paginator, place)) => {
                let unnumbered = if place.unnumbered { " without its number" } else { "" };
                format!("{}{unnumbered} {}", short(&paginator), place.to_json())
            }
            Err(error) => error.message,
        }
    }

    fn short(paginator: &Paginator) -> String {
        match paginator {
            Paginator::SinglePage => "single".to_owned(),
            Paginator::JsonLink { next_url_path } => format!("link {next_url_path}"),
            Paginator::HeaderLink { links_next_key } => format!("header {links_next_key}"),
            Paginator::HeaderCursor { cursor_key, .. } => format!("header cursor {cursor_key}"),
            Paginator::Cursor { cursor_path, cursor_param, has_more_path, .. } => {
                let more = has_more_path.as_ref().map(|path| format!(" while {path}")).unwrap_or_default();
                format!("cursor {cursor_path} as {cursor_param}{more}")
            }
            Paginator::Offset(counter) => format!("offset of {}", counter.total_path.as_ref().unwrap()),
            Paginator::PageNumber(counter) => format!("page of {}", counter.total_path.as_ref().unwrap()),
        }
    }

    #[test]
    fn dialects() {
        let check = |body: &str, expect: &str| assert_eq!(found(body, &Headers::default()), expect, "{body}");
        check(r"[]", "single {}");
        check(r#"{"data":[]}"#, "single {}");
        check(r#"{"data":[],"next":null}"#, "single {}");
        check(r#"{"data":[],"next":"/a?page=2"}"#, "link next {}");
        check(r#"{"data":[],"next":"?page=2"}"#, "link next {}");
        check(r#"{"links":{"self":"/a","next":"https://h/b"}}"#, "link links.next {}");
        check(r#"{"_links":{"next":{"href":"/b"}}}"#, "link _links.next.href {}");
        check(r#"{"paging":{"nextLink":"/b"}}"#, "link paging.nextLink {}");
        check(r#"{"data":[],"next":"abc"}"#, "cursor next as cursor {}");
        check(
            r#"{"pagination":{"next_cursor":"abc","has_more":true}}"#,
            "cursor pagination.next_cursor as cursor while pagination.has_more {}",
        );
        check(r#"{"cursors":{"next":"abc"},"has_more":true}"#, "cursor cursors.next as cursor while has_more {}");
        check(r#"{"nextPageToken":"abc"}"#, "cursor nextPageToken as pageToken {}");
        check(r#"{"next_page":2}"#, "cursor next_page as page {}");
        check(r#"{"next_cursor":""}"#, "cursor next_cursor as cursor {}");
        check(r#"{"meta":{"page":1,"total_pages":4}}"#, r#"page of meta.total_pages {"at":1,"base":1}"#);
        check(r#"{"meta":{"page":0,"total_pages":4}}"#, "page of meta.total_pages {}");
        check(r#"{"totalPages":4,"items":[]}"#, "page of totalPages without its number {}");
        check(r#"{"pages":4,"next_page":2}"#, r#"page of pages {"at":1,"base":1}"#);
        check(r#"{"pages":4,"next_cursor":"x"}"#, "cursor next_cursor as cursor {}");
        check(r#"{"pages":4,"page":1,"next":""}"#, r#"page of pages {"at":1,"base":1}"#);
        check(r#"{"data":[],"total":90,"offset":0,"limit":50}"#, r#"offset of total {"step":50}"#);
        check(r#"{"meta":{"total_count":90,"offset":"0"}}"#, "offset of meta.total_count {}");
        check(r#"{"data":[{"next":"x"}],"pages":[1]}"#, "single {}");
        check(r#"{"data":[],"has_more":false}"#, "single {}");
        check(
            r#"{"data":[],"has_more":true}"#,
            "the answer says that there is more (`has_more`), but not where: a `paginator` has to be set",
        );
    }

    #[test]
    fn a_link_header_comes_first() {
        let headers = Headers::from([("Link", "<https://h/a?page=2>; rel=\"next\"")]);
        assert_eq!(found(r#"{"next":"/x"}"#, &headers), "header next {}");
    }

    #[test]
    fn a_cursor_header_comes_last() {
        let headers = Headers::from([("Next", "abc")]);
        assert_eq!(found(r#"{"data":[]}"#, &headers), "header cursor next {}");
        assert_eq!(found(r#"{"next":"x"}"#, &headers), "cursor next as cursor {}");
        assert_eq!(found("[]", &Headers::from([("Next", "")])), "single {}");
    }
}
