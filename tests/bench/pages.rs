//! The pages that all tools load, made from the numbers of their records: the same number is the same record.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use acceptance::fake_jivo::messages::{Direction, write_message};

/// Records of a page.
pub(crate) const PAGE_ROWS: u64 = 1000;

/// Pages that are kept in memory, so that the server costs next to nothing beside the tool that is measured.
const KEPT_PAGES: u64 = 200;

/// Columns of a wide record.
const WIDE: u64 = 200;

/// What a record looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Messages: 20 leaves, a list of objects with a list in them.
    Nested,
    /// Eight scalars.
    Flat,
    /// 200 scalars.
    Wide,
    /// Eight scalars whose types change from record to record, and a new key every ten pages.
    Changing,
}

impl Shape {
    fn write(self, out: &mut Vec<u8>, number: u64) {
        let mut text = String::new();
        match self {
            Self::Nested => return write_message(out, Direction::Inbound, number, u64::MAX),
            Self::Flat => write_flat(&mut text, number),
            Self::Wide => write_wide(&mut text, number),
            Self::Changing => write_changing(&mut text, number),
        }
        out.extend_from_slice(text.as_bytes());
    }
}

// Writing to a string cannot fail, so the answers of `write!` are not looked at.

fn write_flat(out: &mut String, number: u64) {
    let (minute, second) = (number / 60 % 60, number % 60);
    let _ = write!(
        out,
        r#"{{"id":"m-{number:07}","sequence":{number},"score":{}.5,"is_read":{},"created_at":"2026-01-01T12:{minute:02}:{second:02}Z","channel":"{}","text":"message number {number}","rating":{}}}"#,
        number % 100,
        number.is_multiple_of(2),
        number % 7,
        number % 5,
    );
}

fn write_wide(out: &mut String, number: u64) {
    let _ = write!(out, r#"{{"id":{number}"#);
    for column in 1..WIDE {
        let value = number.wrapping_mul(column) % 10_000;
        let _ = match column % 4 {
            0 => write!(out, r#","text_{column}":"value {value}""#),
            1 => write!(out, r#","count_{column}":{value}"#),
            2 => write!(out, r#","share_{column}":{value}.25"#),
            _ => write!(out, r#","flag_{column}":{}"#, value.is_multiple_of(2)),
        };
    }
    out.push('}');
}

fn write_changing(out: &mut String, number: u64) {
    let _ = write!(out, r#"{{"id":{number}"#);
    for column in 0..6 {
        let value = number % 1000;
        let _ = match (number + column) % 4 {
            0 => write!(out, r#","field_{column}":"{value}""#),
            1 => write!(out, r#","field_{column}":{value}"#),
            2 => write!(out, r#","field_{column}":"words {value}""#),
            _ => write!(out, r#","field_{column}":null"#),
        };
    }
    let _ = write!(out, r#","new_{}":{number}}}"#, number / (10 * PAGE_ROWS) % 20);
}

/// Records in pages.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    shape: Shape,
    first: u64,
    rows: u64,
    /// Whether no record comes twice. Else the first pages come again after the last that is kept.
    distinct: bool,
    kept: Vec<Vec<u8>>,
}

impl Pages {
    /// So many records from the number `first` on.
    pub(crate) fn new(shape: Shape, first: u64, rows: u64, distinct: bool) -> Self {
        let mut pages = Self { shape, first, rows, distinct, kept: Vec::new() };
        pages.kept = (0..pages.count().min(KEPT_PAGES)).map(|page| pages.render(page)).collect();
        pages
    }

    /// How many pages there are.
    pub(crate) fn count(&self) -> u64 {
        self.rows.div_ceil(PAGE_ROWS)
    }

    /// The records of a page, between commas.
    pub(crate) fn records(&self, page: u64) -> Cow<'_, [u8]> {
        let kept = if self.distinct { page } else { page % KEPT_PAGES };
        let kept = usize::try_from(kept).ok().and_then(|kept| self.kept.get(kept));
        kept.map_or_else(|| Cow::Owned(self.render(page)), |records| Cow::Borrowed(records.as_slice()))
    }

    fn render(&self, page: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 << 20);
        for number in self.numbers(page) {
            if !out.is_empty() {
                out.push(b',');
            }
            self.shape.write(&mut out, self.first + number);
        }
        out
    }

    fn numbers(&self, page: u64) -> std::ops::Range<u64> {
        page * PAGE_ROWS..((page + 1) * PAGE_ROWS).min(self.rows)
    }

    /// Writes the records to a file, one on each line.
    pub(crate) fn write_lines(&self, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(std::fs::File::create(path)?);
        let mut line = Vec::new();
        for number in 0..self.rows {
            line.clear();
            self.shape.write(&mut line, self.first + number);
            line.push(b'\n');
            file.write_all(&line)?;
        }
        file.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn each_page_is_a_list_of_records() {
        for shape in [Shape::Nested, Shape::Flat, Shape::Wide, Shape::Changing] {
            let pages = Pages::new(shape, 5, 1500, true);
            assert_eq!(pages.count(), 2);
            let rows = |page| {
                let text = format!("[{}]", String::from_utf8(pages.records(page).into_owned()).unwrap());
                serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap().len()
            };
            assert_eq!((rows(0), rows(1)), (1000, 500), "{shape:?}");
        }
    }

    #[test]
    fn a_wide_record_has_200_columns() {
        let mut text = String::new();
        write_wide(&mut text, 3);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap().as_object().unwrap().len(), 200);
    }
}
