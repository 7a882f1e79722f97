//! Pieces of work without input and output, for counts and micro-benchmarks: always the same 20 pages of 1,000 nested records.

use acceptance::fake_jivo::messages::{Direction, write_message};
use anyhow::Context as _;
use sluicegate::model::ResourceName;
use sluicegate::normalize::schema::Schema;
use sluicegate::normalize::{Normalizer, TableBatch};
use sluicegate_guest::body::Body;
use sluicegate_guest::json::{Document, Path};
use sluicegate_guest::select::{Records, records};

/// How many pages there are.
const PAGES: u64 = 20;

/// Records of a page.
const PAGE_ROWS: u64 = 1000;

/// Records of all pages.
pub const ROWS: u64 = PAGES * PAGE_ROWS;

/// What the pages are records of.
pub const RESOURCE: &str = "inbound_messages";

/// Pages as a service sends them: the records in an envelope.
pub fn bodies() -> Vec<Vec<u8>> {
    let body = |page| {
        let end = format!("],\"pagination\":{{\"next\":\"http://127.0.0.1/r/messages?page={}\"}}}}", page + 1);
        [b"{\"data\":[", rendered(page, b',').as_slice(), end.as_bytes()].concat()
    };
    (0..PAGES).map(body).collect()
}

/// Pages as a component hands them over: a record on each line.
pub fn lines() -> Vec<Vec<u8>> {
    (0..PAGES).map(|page| rendered(page, b'\n')).collect()
}

fn rendered(page: u64, between: u8) -> Vec<u8> {
    let mut out = Vec::new();
    for number in page * PAGE_ROWS..(page + 1) * PAGE_ROWS {
        if !out.is_empty() {
            out.push(between);
        }
        write_message(&mut out, Direction::Inbound, number, u64::MAX);
    }
    out
}

/// Takes the records out of pages, as the guest library does it where it is compiled natively: by a parser.
pub fn split(bodies: Vec<Vec<u8>>) -> anyhow::Result<Vec<Records>> {
    let path: Path = "data".parse().ok().context("`data` is a path")?;
    let split = |body| {
        let body = Body::new(body);
        let document = Document::parse_along(body.text(), &path.0)?;
        Ok(records(&body, &document, &path))
    };
    bodies.into_iter().map(split).collect()
}

/// Makes rows of records; the ids are the same each time.
pub fn normalize(pages: &[Vec<u8>]) -> anyhow::Result<(Schema, Vec<TableBatch>)> {
    let mut next = 0_u64;
    let ids = Box::new(move |bytes: &mut [u8]| {
        for chunk in bytes.chunks_mut(8) {
            next += 1;
            chunk.copy_from_slice(&next.to_le_bytes()[..chunk.len()]);
        }
    });
    let mut normalizer = Normalizer::new(Schema::new("bench"), ids);
    let resource = ResourceName::new(RESOURCE)?;
    for page in pages {
        let outcome = normalizer.page(&resource, "1.0", 0, page)?;
        anyhow::ensure!(outcome.records == PAGE_ROWS, "{outcome:?}");
    }
    let batches = normalizer.take_batches()?;
    Ok((normalizer.schema().clone(), batches))
}
