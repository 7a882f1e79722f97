//! What a pipeline would ask: resources, first pages, the same page again, the way to the end.

use std::collections::HashSet;

use serde_json::Value;

use super::{Findings, Verdict};
use crate::{
    model::{Cursor, Page, PageRequest, ResourceSpec, WriteDisposition},
    source::{ErrorKind, Source, SourceError},
};

/// The first page of a resource, or another one.
pub(super) fn request(spec: &ResourceSpec, cursor: Option<Cursor>) -> PageRequest {
    let (resource, range, state) = (spec.name.clone(), None, None);
    PageRequest { resource, range, cursor, state, max_records: 10_000, max_bytes: 8 << 20 }
}

/// Tries a source out. `tokens` stand for its secrets; `limit` is how many pages of a resource are enough, and whether
/// more of them are a fault is told by `endless_is_wrong`.
///
/// # Errors
/// When the configuration is not accepted, so that there is nothing to try.
pub async fn try_out<S: Source>(
    source: &S,
    tokens: &[String],
    (limit, endless_is_wrong): (usize, bool),
    findings: &mut Findings,
) -> Result<Vec<ResourceSpec>, SourceError> {
    let listed = source.resources().await?;
    let again = source.resources().await?;
    if listed == again {
        findings.note("listing", Verdict::Pass, format!("{} resource(s)", listed.len()));
    } else {
        findings.note("listing", Verdict::Fail, "the second list is another one");
    }
    for spec in &listed {
        if spec.write_disposition == WriteDisposition::Merge && spec.primary_key.is_empty() {
            findings.note("keys", Verdict::Fail, format!("`{}` merges, and has no primary key", spec.name));
        }
        one(source, spec, tokens, (limit, endless_is_wrong), findings).await;
    }
    Ok(listed)
}

async fn one<S: Source>(
    source: &S,
    spec: &ResourceSpec,
    tokens: &[String],
    (limit, endless_is_wrong): (usize, bool),
    findings: &mut Findings,
) {
    let name = &spec.name;
    let (mut cursor, mut seen) = (None, HashSet::new());
    for number in 1..=limit {
        let page = match source.fetch_page(request(spec, cursor.clone())).await {
            Ok(page) => page,
            Err(error) => return failed(spec, &error, tokens, findings),
        };
        if page.traffic.denied > 0 {
            findings.note("origins", Verdict::Fail, format!("`{name}`: a request was denied"));
        } else if page.traffic.requests > 0 {
            findings.note("origins", Verdict::Pass, "no request was denied");
        }
        findings.note("pages", Verdict::Pass, format!("`{name}` and those after it came"));
        look(spec, &page, tokens, findings);
        if number <= 2 {
            again(source, spec, cursor.clone(), &page, findings).await;
        }
        let Some(next) = page.next else {
            return findings.note("cursors", Verdict::Pass, format!("`{name}` ends after {number} page(s)"));
        };
        if !seen.insert(next.clone()) {
            return findings.note("cursors", Verdict::Fail, format!("`{name}` comes back to a cursor that was before"));
        }
        cursor = Some(next);
    }
    let verdict = if endless_is_wrong { Verdict::Fail } else { Verdict::NotApplicable };
    findings.note("cursors", verdict, format!("`{name}` does not end within {limit} pages"));
}

/// A first page that does not come is no fault of the component when the service refused it.
fn failed(spec: &ResourceSpec, error: &SourceError, tokens: &[String], findings: &mut Findings) {
    let detail = format!("`{}`: {}", spec.name, error.message);
    secrets(&error.message, tokens, &spec.name.to_string(), findings);
    match error.kind {
        ErrorKind::Denied => findings.note("origins", Verdict::Fail, detail),
        ErrorKind::InvalidResponse
            if error.http_status.is_none() && error.message.contains("cursor that it was given") =>
        {
            findings.note("cursors", Verdict::Fail, detail);
        }
        ErrorKind::Trap | ErrorKind::Limit => findings.note("pages", Verdict::Fail, detail),
        _ => findings.note("pages", Verdict::NotApplicable, detail),
    }
}

/// Asks for a page once more. Each call has a fresh instance, so that only what the contract lets through is there again.
async fn again<S: Source>(
    source: &S,
    spec: &ResourceSpec,
    cursor: Option<Cursor>,
    first: &Page,
    findings: &mut Findings,
) {
    let name = &spec.name;
    match source.fetch_page(request(spec, cursor)).await {
        Ok(second) if same(&second, first) => findings.note("same-page", Verdict::Pass, "twice the same"),
        Ok(_) => findings.note("same-page", Verdict::Fail, format!("`{name}`: the second time it is another page")),
        Err(error) => findings.note("same-page", Verdict::Fail, format!("`{name}`: the second time: {error}")),
    }
}

/// Whether two pages are one. The time of day is lent to stamp records, so that digits may differ between them.
fn same(one: &Page, other: &Page) -> bool {
    let text = |page: &Page| String::from_utf8_lossy(&page.records).replace(|c: char| c.is_ascii_digit(), "0");
    let records =
        one.records == other.records || (one.lines().count() == other.lines().count() && text(one) == text(other));
    records && one.next == other.next && one.state == other.state && one.rejected == other.rejected
}

/// Looks at what is in a page.
fn look(spec: &ResourceSpec, page: &Page, tokens: &[String], findings: &mut Findings) {
    let name = &spec.name;
    for line in page.lines() {
        let Ok(record) = serde_json::from_slice::<Value>(line) else {
            findings.note("records", Verdict::Fail, format!("`{name}` has a line that is no JSON text"));
            continue;
        };
        findings.note("records", Verdict::Pass, "each line is a JSON text");
        for path in spec.primary_key.iter().filter(|_| record.is_object()) {
            let found = path.split('.').try_fold(&record, |value, key| value.get(key));
            match found {
                Some(_) => findings.note("keys", Verdict::Pass, "records have the fields of their key"),
                None => {
                    findings.note("keys", Verdict::Fail, format!("`{name}` has a record without `{path}`, of its key"));
                }
            }
        }
    }
    secrets(&String::from_utf8_lossy(&page.records), tokens, name.as_str(), findings);
    for rejected in &page.rejected {
        secrets(&format!("{} {}", rejected.raw, rejected.reason), tokens, name.as_str(), findings);
    }
}

pub(super) fn secrets(text: &str, tokens: &[String], name: &str, findings: &mut Findings) {
    if tokens.is_empty() {
        findings.note("secrets", Verdict::NotApplicable, "it asks for no secret");
    } else if tokens.iter().any(|token| text.contains(token.as_str())) {
        findings.note("secrets", Verdict::Fail, format!("`{name}` puts a token into what is stored or shown"));
    } else {
        findings.note("secrets", Verdict::Pass, "no token was found");
    }
}
