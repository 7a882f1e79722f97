//! Links and cursors that an answer names.

use super::Answer;
use crate::{
    error::{Error, Result},
    json::Path,
    url::Url,
};

/// The longest link or cursor that is followed, in bytes: it has to fit into a cursor of the contract.
const MAX_BYTES: usize = 32 * 1024;

/// The link at a path of the body.
pub(super) fn in_body(path: &Path, answered: &Url, answer: &Answer<'_>) -> Result<Option<Url>> {
    let Some(value) = answer.document.and_then(|document| path.first(document)) else { return Ok(None) };
    // `{"href": …}` is how some write a link.
    let inner = || value.members().into_iter().find(|(key, _)| matches!(key.as_str(), "href" | "url"));
    let link = value.text().or_else(|| inner().and_then(|(_, value)| value.text()));
    link.filter(|link| !link.trim().is_empty()).map(|link| resolve(answered, &link)).transpose()
}

/// The link with a relation in the `Link` header.
pub(super) fn in_header(relation: &str, answered: &Url, answer: &Answer<'_>) -> Result<Option<Url>> {
    answer
        .headers
        .get("link")
        .and_then(|header| relation_in(header, relation))
        .map(|link| resolve(answered, link))
        .transpose()
}

/// The request with a cursor in a query parameter.
pub(super) fn with_cursor(asked: &Url, param: &str, cursor: &str) -> Result<Url> {
    if cursor.len() > MAX_BYTES {
        return Err(Error::invalid_response(format!("the cursor in the answer is longer than {MAX_BYTES} bytes")));
    }
    let mut url = asked.clone();
    url.set_param(param, cursor);
    Ok(url)
}

fn resolve(answered: &Url, link: &str) -> Result<Url> {
    if link.len() > MAX_BYTES {
        return Err(Error::invalid_response(format!("the link in the answer is longer than {MAX_BYTES} bytes")));
    }
    answered
        .resolve(link)
        .map_err(|reason| Error::invalid_response(format!("the answer names a link that {reason}: `{link}`")))
}

/// Finds the link with a relation in a `Link` header (RFC 8288): `<url>; rel="next", <url>; rel=last`.
pub(super) fn relation_in<'a>(header: &'a str, relation: &str) -> Option<&'a str> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (link, after) = after.split_once('>')?;
        let end = end_of_params(after);
        let (params, after) = after.split_at(end);
        if split_outside_quotes(params, ';').any(|param| is_relation(param, relation)) {
            return Some(link.trim());
        }
        rest = after;
    }
    None
}

fn is_relation(param: &str, relation: &str) -> bool {
    let Some((name, value)) = param.split_once('=') else { return false };
    let value = value.trim().trim_matches('"');
    name.trim().eq_ignore_ascii_case("rel")
        && (value.eq_ignore_ascii_case(relation)
            || value.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(relation)))
}

fn end_of_params(text: &str) -> usize {
    split_outside_quotes(text, ',').next().map_or(0, str::len)
}

fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations() {
        let check = |header: &str, expect: Option<&str>| assert_eq!(relation_in(header, "next"), expect, "{header}");
        check("<https://h/a?page=2>; rel=\"next\", <https://h/a?page=9>; rel=\"last\"", Some("https://h/a?page=2"));
        check("<https://h/a?page=9>; rel=\"last\",<https://h/a,b>;rel=next", Some("https://h/a,b"));
        check("<a>; title=\"x, <b>; rel=next\"; rel=\"prev\"", None);
        check("<a>; title=\"x; y\"; REL=\"last Next\"", Some("a"));
        check("<a>", None);
        check("<a", None);
        check("", None);
        check("<a>; rel=nextish, <b>", None);
    }
}
