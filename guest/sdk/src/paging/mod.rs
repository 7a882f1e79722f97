//! What the next request is: one paginator per dialect of paging, set by configuration or found out on the first page.
//!
//! * [`Paginator`] says how a service pages; its keys and defaults are those of dlt's `rest_api`.
//! * [`detect`](detect::detect) finds out which one an answer speaks, in dlt's order.
//! * [`counter`] counts offsets and page numbers; [`link`] follows links and cursors.
//! * [`trail`] notices that links or cursors go round in a circle.

pub mod counter;
pub mod detect;
mod dialects;
pub mod link;
mod stored;
pub mod total;
pub mod trail;

use crate::{
    error::{Error, Result},
    json::{Document, Json, Path},
    response::Headers,
    url::Url,
};
use counter::{Counter, Place};

/// How a service pages. `auto` is not among them: it ends with one of these after the first page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paginator {
    /// There is one page.
    SinglePage,
    /// The body holds the link to the next page.
    JsonLink {
        /// Where.
        next_url_path: Path,
    },
    /// The `Link` header holds the link to the next page.
    HeaderLink {
        /// The relation that means "next".
        links_next_key: String,
    },
    /// A header holds a cursor.
    HeaderCursor {
        /// Name of the header.
        cursor_key: String,
        /// Query parameter that takes the cursor.
        cursor_param: String,
    },
    /// The body holds a cursor.
    Cursor {
        /// Where.
        cursor_path: Path,
        /// Query parameter that takes the cursor.
        cursor_param: String,
        /// Whether a page without records is the last one.
        stop_after_empty_page: bool,
        /// A boolean in the body that says whether there is more.
        has_more_path: Option<Path>,
    },
    /// Pages are asked for by the position of their first record.
    Offset(Counter),
    /// Pages are asked for by number.
    PageNumber(Counter),
}

/// What a paginator looks at in an answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The body; none if it was empty.
    pub document: Option<&'a Document<'a>>,
    /// The headers.
    pub headers: &'a Headers,
    /// How many records the page had.
    pub count: u64,
    /// A digest of the records, to tell pages apart.
    pub digest: u64,
    /// Whether the count is that of the service's own list, and not of several lists put together.
    pub counts_list: bool,
}

/// The next request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// What to get.
    pub url: Url,
    /// Where a counter stands then.
    pub place: Place,
}

impl Paginator {
    /// Adds what the first request of a resource must say to be answered with a page.
    pub fn start(&self, url: &mut Url) -> Place {
        match self {
            Self::Offset(counter) | Self::PageNumber(counter) => counter.start(url),
            _ => Place::default(),
        }
    }

    /// Tells the request after the one for `asked` (answered by `answered`, when it was redirected); none at the end.
    pub fn next(&self, asked: &Url, answered: &Url, place: &Place, answer: &Answer<'_>) -> Result<Option<Next>> {
        let url = match self {
            Self::SinglePage => None,
            Self::Offset(counter) | Self::PageNumber(counter) => return counter.next(asked, place, answer),
            Self::JsonLink { next_url_path } => link::in_body(next_url_path, answered, answer)?,
            Self::HeaderLink { links_next_key } => link::in_header(links_next_key, answered, answer)?,
            Self::HeaderCursor { cursor_key, cursor_param } => {
                let cursor = answer.headers.get(cursor_key).filter(|cursor| !cursor.is_empty());
                cursor.map(|cursor| link::with_cursor(asked, cursor_param, cursor)).transpose()?
            }
            Self::Cursor { cursor_path, cursor_param, stop_after_empty_page, has_more_path } => {
                let cursor = answer.document.and_then(|document| cursor_path.first(document)).and_then(Json::text);
                let over = (*stop_after_empty_page && answer.count == 0)
                    || has_more(has_more_path.as_ref(), answer)? == Some(false);
                // As in dlt, an empty cursor and a 0 mean that there is none.
                let cursor = cursor.filter(|cursor| !over && !cursor.is_empty() && cursor != "0");
                cursor.map(|cursor| link::with_cursor(asked, cursor_param, &cursor)).transpose()?
            }
        };
        if url.as_ref().is_some_and(|url| url == asked || url == answered) {
            return Err(repeats());
        }
        Ok(url.map(|url| Next { url, place: Place::default() }))
    }

    /// Whether the service names the next page, so that it may go round in a circle.
    pub fn follows(&self) -> bool {
        !matches!(self, Self::SinglePage | Self::Offset(_) | Self::PageNumber(_))
    }
}

/// The error for a service that sends its reader in a circle.
pub fn repeats() -> Error {
    Error::invalid_response(
        "the next page that the answer names is one that was read already: the paging goes in a circle",
    )
}

/// Reads the boolean that says whether there is more; none if no path is set, or nothing is there.
fn has_more(path: Option<&Path>, answer: &Answer<'_>) -> Result<Option<bool>> {
    let Some(path) = path else { return Ok(None) };
    let Some(value) = answer.document.and_then(|document| path.first(document)) else { return Ok(None) };
    if value.is_null() {
        return Ok(None);
    }
    let more = value.boolean();
    more.map(Some).ok_or_else(|| Error::invalid_response(format!("`{path}` in the answer is neither true nor false")))
}
