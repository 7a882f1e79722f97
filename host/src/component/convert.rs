//! From the types of the contract to those of `model`, with everything checked that a component could get wrong.

use std::{collections::HashSet, time::Duration};

use serde::de::IgnoredAny;

use crate::{
    component::{bindings::types, limits::Limits, text::tame},
    http::{limits::LimitHit, secrets::Secrets},
    model::{Cursor, Page, PageRequest, RejectedRecord, ResourceName, ResourceSpec, RowOrder, WriteDisposition},
    source::{ErrorKind, SourceError},
};

/// The contract's limit for cursors and states.
const MAX_STATE: usize = 64 * 1024;

/// Each resource is a table and at least one call, so there is an end to how many a component may list.
const MAX_RESOURCES: usize = 10_000;

/// Most bytes of a name that becomes a table's, and of a path into a record.
const MAX_NAME: usize = 255;

/// Why something that a component returned is not taken.
#[derive(Debug)]
pub(super) enum Broken {
    /// It is larger than it may be.
    Limit(LimitHit),
    /// It breaks the contract.
    Contract(SourceError),
}

impl Broken {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Contract(SourceError::new(kind, message))
    }
}

/// What the component is asked for; `reveal` turns what was stored of it into what it had returned.
pub(super) fn request(request: &PageRequest, reveal: impl Fn(&str) -> String) -> types::PageRequest {
    types::PageRequest {
        resource_name: request.resource.to_string(),
        incremental: request.range.as_ref().map(|range| types::IncrementalRange {
            cursor_path: range.cursor_path.clone(),
            start: range.start.clone(),
            end: range.end.clone(),
            row_order: match range.row_order {
                RowOrder::Unordered => types::RowOrder::Unordered,
                RowOrder::Ascending => types::RowOrder::Asc,
                RowOrder::Descending => types::RowOrder::Desc,
            },
        }),
        cursor: request.cursor.as_ref().map(|cursor| reveal(&cursor.0)),
        state: request.state.as_deref().map(reveal),
        max_records: request.max_records,
        max_bytes: request.max_bytes,
    }
}

/// Checks names and their uniqueness; the rest is text that tables and people can bear.
pub(super) fn resources(specs: Vec<types::ResourceSpec>) -> Result<Vec<ResourceSpec>, Broken> {
    let wrong = |message: String| Broken::new(ErrorKind::Config, message);
    if specs.len() > MAX_RESOURCES {
        return Err(wrong(format!("the component lists {} resources, more than {MAX_RESOURCES}", specs.len())));
    }
    let mut seen = HashSet::new();
    specs
        .into_iter()
        .map(|spec| {
            let name = ResourceName::new(spec.name).map_err(|error| {
                let error = tame(&error.to_string());
                wrong(format!("the component lists a wrong resource: {error}"))
            })?;
            if name.as_str().len() > MAX_NAME {
                let name = tame(name.as_str());
                return Err(wrong(format!("the component lists a resource whose name is too long: `{name}`")));
            }
            let mut texts = spec.primary_key.iter().chain(&spec.incremental);
            if let Some(text) = texts.find(|text| text.len() > MAX_NAME || text.chars().any(char::is_control)) {
                let text = tame(text);
                return Err(wrong(format!("the component lists `{name}` with `{text}`, which is no path of a field")));
            }
            if !seen.insert(name.clone()) {
                return Err(wrong(format!("the component lists the resource `{name}` twice")));
            }
            Ok(ResourceSpec {
                name,
                description: tame(&spec.description),
                primary_key: spec.primary_key,
                write_disposition: match spec.write_disposition {
                    types::WriteDisposition::Append => WriteDisposition::Append,
                    types::WriteDisposition::Replace => WriteDisposition::Replace,
                    types::WriteDisposition::Merge => WriteDisposition::Merge,
                },
                incremental: spec.incremental,
            })
        })
        .collect()
}

/// Takes the values of secrets out of a page: all of it is stored.
pub(super) fn without(secrets: &Secrets, page: types::Page) -> types::Page {
    types::Page {
        records: secrets.keep_out(page.records),
        rejected: rejected_without(secrets, page.rejected),
        next: page.next.map(|next| secrets.keep_out(next)),
        state: page.state.map(|state| secrets.keep_out(state)),
        total_hint: page.total_hint,
    }
}

pub(super) fn rejected_without(secrets: &Secrets, records: Vec<types::RejectedRecord>) -> Vec<types::RejectedRecord> {
    let without = |record: types::RejectedRecord| types::RejectedRecord {
        raw: secrets.keep_out(record.raw),
        reason: secrets.keep_out(record.reason),
    };
    records.into_iter().map(without).collect()
}

/// Checks the sizes of a page, that it leads on, and that its state can be kept.
pub(super) fn page(page: types::Page, request: &PageRequest, limits: &Limits) -> Result<Page, Broken> {
    let rejected_bytes: usize = page.rejected.iter().map(|record| record.raw.len() + record.reason.len()).sum();
    let bytes = (page.records.len() + rejected_bytes) as u64;
    if bytes > limits.page_bytes {
        return Err(Broken::Limit(LimitHit::bytes("page_bytes", "the size of the page", bytes, limits.page_bytes)));
    }
    let records = (count_lines(&page.records) + page.rejected.len()) as u64;
    if records > limits.page_records {
        let hit = LimitHit::count("page_records", "the number of records of the page", records, limits.page_records);
        return Err(Broken::Limit(hit));
    }
    let wrong = |message: String| Err(Broken::new(ErrorKind::InvalidResponse, message));
    for (text, what) in [(&page.next, "cursor"), (&page.state, "state")] {
        if let Some(text) = text
            && text.len() > MAX_STATE
        {
            return wrong(format!("the component returned a {what} of {} bytes, more than 64KiB", text.len()));
        }
    }
    if let Some(state) = &page.state
        && let Err(error) = serde_json::from_str::<IgnoredAny>(state)
    {
        return wrong(format!("the component returned a state that is not JSON: {error}"));
    }
    let next = page.next.map(Cursor);
    if next.is_some() && next == request.cursor {
        return wrong("the component returned the cursor that it was given: the pages would never end".to_owned());
    }
    Ok(Page {
        records: page.records.into(),
        rejected: rejected(page.rejected),
        next,
        state: page.state,
        total_hint: page.total_hint,
        traffic: crate::model::Traffic::default(),
    })
}

pub(super) fn rejected(records: Vec<types::RejectedRecord>) -> Vec<RejectedRecord> {
    records.into_iter().map(|record| RejectedRecord { raw: record.raw, reason: tame(&record.reason) }).collect()
}

/// Lines that are not empty. White space alone is no record either, but it is rare enough to count.
pub(super) fn count_lines(records: &[u8]) -> usize {
    let mut lines = 0;
    let mut from = 0;
    for end in memchr::memchr_iter(b'\n', records).chain([records.len()]) {
        lines += usize::from(end > from);
        from = end + 1;
    }
    lines
}

/// An error of the component: its case is the kind, its words are tamed.
pub(super) fn error(error: types::Error) -> SourceError {
    let (kind, info) = match error {
        types::Error::InvalidConfig(info) => (ErrorKind::Config, info),
        types::Error::Auth(info) => (ErrorKind::Auth, info),
        types::Error::NotFound(info) => (ErrorKind::NotFound, info),
        types::Error::RateLimited(info) => (ErrorKind::RateLimited, info),
        types::Error::Transient(info) => (ErrorKind::Transient, info),
        types::Error::Permanent(info) => (ErrorKind::Permanent, info),
        types::Error::InvalidResponse(info) => (ErrorKind::InvalidResponse, info),
        types::Error::CursorExpired(info) => (ErrorKind::CursorExpired, info),
    };
    let message = tame(&info.message);
    let message = if message.is_empty() { "the component gave no reason".to_owned() } else { message };
    SourceError {
        http_status: info.http_status,
        code: info.code.map(|code| tame(&code)),
        retry_after: info.retry_after_ms.map(Duration::from_millis),
        ..SourceError::new(kind, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(name: &str) -> types::ResourceSpec {
        types::ResourceSpec {
            name: name.into(),
            description: "a\u{7}b".into(),
            primary_key: vec!["id".into()],
            write_disposition: types::WriteDisposition::Merge,
            incremental: None,
        }
    }

    #[test]
    fn resources_are_checked() {
        fn check(names: &[&str], expect: Result<usize, &str>) {
            let found = resources(names.iter().map(|name| spec(name)).collect());
            let found = found.map(|specs| specs.len()).map_err(|error| match error {
                Broken::Contract(error) => {
                    assert_eq!(error.kind, ErrorKind::Config);
                    error.message
                }
                Broken::Limit(hit) => hit.to_string(),
            });
            assert_eq!(found, expect.map_err(str::to_owned), "{names:?}");
        }
        check(&[], Ok(0));
        check(&["status", "inbound_messages2"], Ok(2));
        check(&["a", "a"], Err("the component lists the resource `a` twice"));
        check(
            &["Status\n"],
            Err(
                "the component lists a wrong resource: `Status\\u{a}` is no resource name: it must begin with a small \
                 letter and go on with small letters, digits and `_`",
            ),
        );
        assert_eq!(resources(vec![spec("a")]).unwrap()[0].description, "a\\u{7}b");
    }

    fn a_page(records: &str) -> types::Page {
        types::Page { records: records.into(), rejected: Vec::new(), next: None, state: None, total_hint: None }
    }

    fn take(page_: types::Page, limits: Limits) -> Result<Page, String> {
        let request = PageRequest {
            resource: ResourceName::new("r").unwrap(),
            range: None,
            cursor: Some(Cursor("c1".into())),
            state: None,
            max_records: 1,
            max_bytes: 1,
        };
        page(page_, &request, &limits).map_err(|error| match error {
            Broken::Contract(error) => format!("{}: {}", error.kind.as_str(), error.message),
            Broken::Limit(hit) => hit.key.unwrap_or_default().to_owned(),
        })
    }

    #[test]
    fn pages_are_checked() {
        fn check(page: types::Page, expect: Result<(), &str>) {
            let limits = Limits { page_bytes: 20, page_records: 3, ..Limits::default() };
            assert_eq!(take(page, limits).map(drop), expect.map_err(str::to_owned));
        }
        check(a_page(""), Ok(()));
        check(a_page("1\n2\n3\n"), Ok(()));
        check(a_page("\n\n1\n\n2\n\n3"), Ok(()));
        check(a_page("1\n2\n3\n4"), Err("page_records"));
        check(a_page("\"123456789012345678901\""), Err("page_bytes"));
        let rejected = vec![types::RejectedRecord { raw: "x".repeat(30), reason: String::new() }];
        check(types::Page { rejected, ..a_page("") }, Err("page_bytes"));
        check(types::Page { next: Some("c2".into()), ..a_page("") }, Ok(()));
        check(
            types::Page { next: Some("c1".into()), ..a_page("") },
            Err("invalid-response: the component returned the cursor that it was given: the pages would never end"),
        );
        check(
            types::Page { next: Some("c".repeat(MAX_STATE + 1)), ..a_page("") },
            Err("invalid-response: the component returned a cursor of 65537 bytes, more than 64KiB"),
        );
        check(types::Page { state: Some("{}".into()), ..a_page("") }, Ok(()));
        check(
            types::Page { state: Some("{".into()), ..a_page("") },
            Err(
                "invalid-response: the component returned a state that is not JSON: EOF while parsing an object at line 1 \
                 column 1",
            ),
        );
    }
}
