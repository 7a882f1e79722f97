//! One page from request to records: asks, follows redirects, reads the answer, and says where the next page starts.

use std::time::SystemTime;

use crate::{
    bindings::types::{IncrementalRange, Page},
    body::Body,
    cursor::Cursor,
    error::{Error, Kind, Result},
    json::{Document, Path},
    paging::{self, Answer, Next, Paginator, counter::Place, detect::detect, total, trail::digest},
    request::{Fetch, origin_digest, portable},
    resource::{Resource, Shape},
    response::{Header, Headers, Response, excerpt, shown},
    select,
    source::Source,
    url::Url,
};

/// How many redirects are followed for one page.
const MAX_REDIRECTS: usize = 5;

/// How many characters of what is wrong with a page go into the message: an answer may name links and keys of any length.
const MESSAGE_CHARS: usize = 500;

/// How many bytes at each end of a page's records go into its digest: enough to tell pages apart.
const DIGEST_BYTES: usize = 4096;

/// What the component needs from outside.
pub trait Service {
    /// Makes a GET request and reads the answer to its end. Errors name the origin and nothing more of the URL.
    fn get(&self, url: &Url) -> Result<Response>;

    /// The same with the source's own headers. Who asks for none of the sources that have some need not provide it.
    fn get_with(&self, url: &Url, headers: &[Header]) -> Result<Response> {
        if headers.is_empty() {
            self.get(url)
        } else {
            Err(Error::new(Kind::Permanent, "whoever makes the requests of this source sends no headers of its own"))
        }
    }

    /// The time of day.
    fn now(&self) -> SystemTime;
}

/// Fetches one page of a resource.
pub fn page(
    service: &dyn Service,
    source: &Source,
    resource: &Resource,
    cursor: Option<&str>,
    range: Option<&IncrementalRange>,
) -> Result<Page> {
    let fetch = match cursor {
        Some(cursor) => Fetch::resume(source, resource, cursor)?,
        None => Fetch::first(resource, range)?,
    };
    let answered = get(service, source, &fetch.url)?;
    let body = &answered.body;
    let page = match resource.shape {
        Shape::Single { read, otherwise } => {
            read(body, service.now()).map(one).ok_or_else(|| not_the_promise(otherwise, body, source))
        }
        Shape::Records => Paged { source, resource, fetch: &fetch, answered: &answered }.page(),
    };
    page.map_err(|error| {
        let wrong = shown(&error.message, &source.secrets, MESSAGE_CHARS);
        let message = format!("`GET {}`: {wrong}", source.show(&answered.url));
        Error { message, ..error }.with_status(answered.status)
    })
}

/// A success.
struct Answered {
    /// What answered, after redirects.
    url: Url,
    status: u16,
    headers: Headers,
    body: Body,
}

/// Asks for a URL, follows redirects, and gives the URL that answered with a success.
fn get(service: &dyn Service, source: &Source, url: &Url) -> Result<Answered> {
    let mut url = url.clone();
    for _ in 0..=MAX_REDIRECTS {
        if url.origin != source.base.origin && source.secrets.stand_in(&url) {
            if source.secrets.stand_in_host_of(&url) {
                return Err(Error::new(Kind::Permanent, "the secret would leave in the name of another host"));
            }
            // An origin that is not granted is the host's to refuse; a request without the link tells whether it is one.
            if let Err(error) = service.get(&url.root())
                && error.kind == Kind::Permanent
            {
                return Err(error);
            }
            return Err(Error::new(
                Kind::Permanent,
                format!("the secret would leave for another origin: `{}` is not `{}`", url.origin, source.base.origin),
            ));
        }
        let response = service.get_with(&url, source.headers_for(&url))?;
        let shown = source.show(&url);
        let status = response.status;
        if !response.is_redirect() {
            let (headers, body) = response.into_body(&shown, &source.secrets, service.now())?;
            return Ok(Answered { url, status, headers, body });
        }
        let place = response.headers.get("location").filter(|place| !place.is_empty());
        let place = place.ok_or("sends to another URL without naming it".to_owned());
        let to = place.and_then(|place| {
            let shown = || excerpt(place, &source.secrets);
            url.resolve(place).map_err(|reason| format!("sends to `{}`, which {reason}", shown()))
        });
        url = to.map_err(|reason| {
            Error::invalid_response(format!("`GET {shown}` answered {status} and {reason}")).with_status(status)
        })?;
    }
    Err(Error::new(
        Kind::Permanent,
        format!("`GET {}` was redirected more than {MAX_REDIRECTS} times", source.show(&url)),
    ))
}

fn one(records: Vec<u8>) -> Page {
    Page { records, rejected: Vec::new(), next: None, state: None, total_hint: None }
}

/// The error for a success that is not what the service promised.
fn not_the_promise(what: &str, body: &Body, source: &Source) -> Error {
    let told =
        if body.is_blank() { "nothing".to_owned() } else { format!("`{}`", excerpt(body.text(), &source.secrets)) };
    Error::invalid_response(format!("the answer is {what}: {told}"))
}

impl Answered {
    /// Whether an empty body is a broken promise, and not the end of the records.
    fn promises_json(&self) -> bool {
        self.status != 204 && self.headers.get("content-type").is_some_and(|kind| kind.contains("json"))
    }
}

/// A page of records that was answered.
struct Paged<'a> {
    source: &'a Source,
    resource: &'a Resource,
    fetch: &'a Fetch,
    answered: &'a Answered,
}

impl Paged<'_> {
    fn page(&self) -> Result<Page> {
        let Answered { url, headers, body, .. } = self.answered;
        if body.is_blank() && !self.answered.promises_json() {
            return Ok(one(Vec::new()));
        }
        let document = match &self.fetch.selector {
            Some(path) => Document::parse_along(body.text(), &path.0),
            None => Document::parse(body.text()),
        };
        let document = document.map_err(|error| not_the_promise(&format!("no JSON ({error})"), body, self.source))?;
        let selector = self.fetch.selector.clone().or_else(|| select::detect(&document));
        let mut records = selector.as_ref().map(|path| select::records(body, &document, path)).unwrap_or_default();
        let answer = Answer {
            document: Some(&document),
            headers,
            count: records.count,
            digest: page_digest(&records.lines),
            counts_list: selector.as_ref().is_none_or(|path| !path.is_plural()),
        };
        let (paginator, place) = match &self.fetch.paginator {
            Some(paginator) => (paginator.clone(), self.fetch.place.clone()),
            None => detect(&answer)?,
        };
        let next = paginator.next(&self.fetch.url, url, &place, &answer)?;
        // Some services end a list of objects with a bare `[]`.
        let nothing = select::is_bare(&document) || body.is_empty_list();
        if let Some(path) = selector.as_ref().filter(|_| !records.found && next.is_none() && !nothing) {
            return Err(not_the_promise(&format!("without `{path}`"), body, self.source));
        }
        if !self.fetch.is_first && place.is_first_again(answer.digest) {
            records = select::Records::default();
        }
        let next = next.map(|next| self.cursor(next, selector, paginator)).transpose()?;
        let total_hint = total::hint(Some(&document), headers, records.count);
        Ok(Page { total_hint, next, ..one(records.lines) })
    }

    fn cursor(&self, next: Next, selector: Option<Path>, paginator: Paginator) -> Result<String> {
        let mut trail = None;
        if paginator.follows() {
            let trail = trail.insert(self.fetch.trail.clone());
            if trail.step(&next.url.to_string()) {
                return Err(paging::repeats());
            }
        }
        let place: Place = next.place;
        let from = origin_digest(self.source, self.resource);
        Cursor { from, to: portable(self.source, &next.url), selector, paginator, place, trail }.encode()
    }
}

/// A digest of a page's records: of both ends, and of how many bytes there are.
fn page_digest(lines: &[u8]) -> u64 {
    let ends = [&lines[..lines.len().min(DIGEST_BYTES)], &lines[lines.len().saturating_sub(DIGEST_BYTES)..]];
    let mut bytes = ends.concat();
    bytes.extend_from_slice(&(lines.len() as u64).to_le_bytes());
    digest(&bytes)
}

#[cfg(test)]
mod tests;
