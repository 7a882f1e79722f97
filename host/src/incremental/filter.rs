//! One read of a resource by its incremental field: which part is asked for, which of the records that come are new, and
//! where the next read begins.
//!
//! No record is lost and none doubled, wherever a run is killed, as long as no record that a service adds later has a
//! value below those that it has shown before:
//!
//! * A read asks for the values from the last one of the reads before on, and takes what is above it and those at it that
//!   it does not know by their hash. Which records these are is decided by the range and the hashes that the read began
//!   with. They do not change until it is complete, so it does not matter at which pages it was stopped and continued.
//! * The highest value seen, with the hashes of the records that have it, is committed with the rows of the same pages,
//!   as the state of this read alone. It becomes the last value in the commit of the last page, and no earlier: a page
//!   that was not read yet may hold lower ones.

use std::cmp::Ordering;

use super::{
    boundary::{Boundary, Identity, Known},
    dedup::MissingKey,
    mark::Mark,
    point::{Point, Scale},
    settings::{Late, OnMissing, Settings},
};
use crate::{
    model::{IncrementalRange, RowOrder},
    normalize::{Gate, Verdict, tape::Document},
    state::Watermark,
};

/// A read, with what it has seen so far.
#[derive(Clone, Debug)]
pub struct Filter {
    pub(super) settings: Settings,
    pub(super) identity: Identity,
    /// dlt's state as it was before the read.
    pub(super) known: Option<Watermark>,
    /// The first and the last value that the service is asked for.
    pub(super) start: Option<Mark>,
    pub(super) end: Option<Mark>,
    /// Below this no record is new.
    pub(super) lower: Option<Boundary>,
    /// The highest value, that of earlier reads included.
    pub(super) highest: Option<Boundary>,
    /// What values are compared as, once there is one.
    pub(super) scale: Option<Scale>,
    /// A value has shown that all that follow are out of the range.
    pub(super) ended_early: bool,
    pub(super) late: u64,
    /// Whether this part of the read has taken a record.
    pub(super) took: bool,
    /// What was there before the page that is passing.
    pub(super) before: BeforePage,
}

/// What a page may change, as it was before: the page may come again.
#[derive(Clone, Debug, Default)]
pub(super) struct BeforePage {
    /// The highest value, once the page has moved it.
    moved_from: Option<Boundary>,
    /// How many records at the highest value were known; none when there was no value.
    known: Option<Known>,
    scale: Option<Scale>,
    late: u64,
    took: bool,
}

impl Filter {
    /// The part of the resource that is asked for, the same for all pages.
    pub fn range(&self) -> IncrementalRange {
        IncrementalRange {
            cursor_path: self.settings.field.to_string(),
            start: self.start.as_ref().map(Mark::to_json_text),
            end: self.end.as_ref().map(Mark::to_json_text),
            row_order: self.settings.row_order,
        }
    }

    /// Whether the order of the records may show before the last page that no more are wanted.
    pub fn may_end_early(&self) -> bool {
        match self.settings.row_order {
            RowOrder::Unordered => false,
            RowOrder::Ascending => self.end.is_some(),
            RowOrder::Descending => self.lower.is_some(),
        }
    }

    /// Whether it has shown so.
    pub fn ended_early(&self) -> bool {
        self.ended_early
    }

    /// Whether it takes records again that earlier reads took, and nothing tells their rows apart.
    pub fn reads_again(&self) -> bool {
        self.settings.lag.is_some() && self.known.is_some() && self.settings.late == Late::LeaveOut
    }

    /// How many records were older than the last value of an earlier read, whatever became of them.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// What becomes of them.
    pub fn on_late(&self) -> Late {
        self.settings.late
    }

    /// How many records share the highest value, when they were at most `limit` before this read and are more now.
    pub fn crowd(&self, limit: usize) -> Option<usize> {
        let before = self.known.as_ref().map_or(0, |known| known.unique_hashes.len());
        let now = self.highest.as_ref().map_or(0, Boundary::len);
        (before <= limit && now > limit).then_some(now)
    }

    /// The resource is read again from its first page, because the service no longer accepts the cursor. The range stays.
    ///
    /// Rows of the pages so far may be kept. Where records ascend, it is known then which of them come again.
    pub fn begin_again(&mut self, rows_are_kept: bool) {
        self.ended_early = false;
        if !rows_are_kept {
            self.highest = self.highest_before(&[]);
        } else if self.settings.row_order == RowOrder::Ascending
            && self.settings.lag.is_none()
            && let Some(highest) = &mut self.highest
        {
            highest.settle(&self.identity);
            self.lower = Some(highest.clone());
        }
    }

    /// A page begins.
    pub fn begin_page(&mut self) {
        let identity = &self.identity;
        let known = self.highest.as_mut().map(|highest| highest.known(identity));
        self.before = BeforePage { moved_from: None, known, scale: self.scale, late: self.late, took: self.took };
    }

    /// The page is not loaded, and will come again: all is as it was before it.
    pub fn undo_page(&mut self) {
        let before = std::mem::take(&mut self.before);
        self.highest = match before.known {
            Some(known) => before.moved_from.or_else(|| self.highest.take()).map(|highest| highest.back_to(known)),
            None => None,
        };
        (self.scale, self.late, self.took) = (before.scale, before.late, before.took);
        self.ended_early = false;
    }

    fn missing(&self) -> Verdict {
        match self.settings.on_missing {
            OnMissing::Raise => Verdict::Reject(format!(
                "no value at `{}`, by which the resource is read on (`on_cursor_value_missing` says what to do with it)",
                self.settings.field
            )),
            OnMissing::Include => Verdict::Take,
            OnMissing::Exclude => Verdict::Leave,
        }
    }

    /// What becomes of a record below the lower boundary.
    fn below(&mut self, point: Point<'_>) -> Verdict {
        let precedes = |mark: &Mark| point.compare(mark.point()) == Some(Ordering::Less);
        let late = self.known.is_some() && self.start.as_ref().is_some_and(precedes);
        self.late += u64::from(late);
        let wanted = !self.settings.initial_value.as_ref().is_some_and(precedes);
        if late && wanted && self.settings.late == Late::Merge { Verdict::Take } else { Verdict::Leave }
    }

    /// Takes a record that is in the range, and moves the highest value up to it.
    fn take(&mut self, point: Point<'_>, text: &str, record: Document<'_>) -> Result<Verdict, MissingKey> {
        let order = self.highest.as_ref().and_then(|highest| point.compare(highest.mark().point()));
        if self.end.is_none() && order != Some(Ordering::Less) {
            let key = self.identity.key(record)?;
            let highest = self.highest.get_or_insert_with(|| Boundary::new(Mark::of_record(point, text)));
            if order == Some(Ordering::Greater) {
                let left = highest.move_to(Mark::of_record(point, text), self.before.moved_from.is_some());
                self.before.moved_from = self.before.moved_from.take().or(left);
            }
            highest.note(record, key.as_deref(), &self.identity);
        }
        self.scale = Some(point.scale());
        self.took = true;
        Ok(Verdict::Take)
    }
}

impl Gate for Filter {
    fn pass(&mut self, record: Document<'_>) -> Verdict {
        let field = &self.settings.field;
        let Some(at) = field.find(record) else { return self.missing() };
        let point = match Point::of_node(record, at) {
            Ok(Some(point)) => point,
            Ok(None) => return self.missing(),
            Err(what) => return Verdict::Reject(format!("the value at `{field}` is {what}: nothing to read on by")),
        };
        if let Some(scale) = self.scale.filter(|scale| *scale != point.scale()) {
            let (found, wanted) = (point.scale().name(), scale.name());
            return Verdict::Reject(format!(
                "the value at `{field}` is {found}, and the resource is read on by {wanted}"
            ));
        }
        if let Some(order) = self.end.as_ref().and_then(|end| point.compare(end.point()))
            && (order == Ordering::Greater || (order == Ordering::Equal && !self.settings.range_end_closed))
        {
            self.ended_early |= self.settings.row_order == RowOrder::Ascending;
            return Verdict::Leave;
        }
        let lower = self.lower.as_ref().and_then(|lower| Some((lower, point.compare(lower.mark().point())?)));
        let descending = self.settings.row_order == RowOrder::Descending;
        let known = match lower {
            Some((_, Ordering::Less)) => {
                self.ended_early |= descending;
                return self.below(point);
            }
            Some((_, Ordering::Equal)) if self.settings.range_start_open => {
                self.ended_early |= descending;
                return Verdict::Leave;
            }
            Some((lower, Ordering::Equal)) => lower.knows(record, &self.identity),
            _ => Ok(false),
        };
        let text = record.string(record.node(at));
        let passed = match known {
            Ok(true) => Ok(Verdict::Leave),
            Ok(false) => self.take(point, text, record),
            Err(missing) => Err(missing),
        };
        passed
            .unwrap_or_else(|MissingKey(key)| Verdict::Reject(format!("no value at `{key}`, which is part of the key")))
    }
}
