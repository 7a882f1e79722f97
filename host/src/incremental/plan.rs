//! Where a read begins: from settings, dlt's state, and a read that was not completed.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    boundary::{Boundary, Identity},
    dedup::Dedup,
    filter::{BeforePage, Filter},
    mark::Mark,
    point::Scale,
    settings::{Late, Settings},
};
use crate::state::{self, Checkpoint, Reading, Watermark};

/// Settings and state that do not go together.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlanError {
    /// They are on different scales.
    #[error("`initial_value` is {}, `{initial}`, but the reads so far ended at {}, `{last}`", .scales.0.name(), .scales.1.name())]
    Scales {
        /// What the settings say.
        initial: String,
        /// What the state says.
        last: String,
        /// What each of them is.
        scales: (Scale, Scale),
    },
    /// Nothing lies a number of seconds, days or units before a text.
    #[error("`lag` needs times or numbers to reckon with, but the reads so far ended at the text `{last}`")]
    LagOfText {
        /// What the state says.
        last: String,
    },
    /// What the state holds is none that dlt or this program writes.
    #[error("the state of `{field}` cannot be understood")]
    Damaged {
        /// The path of the field.
        field: String,
    },
}

impl Filter {
    /// Plans a read. `fields` is dlt's state of the resource's incremental fields.
    ///
    /// A read that was begun goes on in its own range, whatever the settings say now: its cursor was made for that range,
    /// and leaving it would lose or double records. The settings hold for the next read.
    pub fn plan(
        mut settings: Settings,
        fields: Option<&Map<String, Value>>,
        checkpoint: &Checkpoint,
    ) -> Result<Self, PlanError> {
        let mut begun = None;
        if let Some(reading) = &checkpoint.reading
            && let Ok(field) = reading.cursor_path.parse()
        {
            settings.field = field;
            settings.end_value = reading.end.as_ref().and_then(Mark::new);
            begun = Some(&**reading);
        }
        let damaged = || PlanError::Damaged { field: settings.field.to_string() };
        let known = match fields.and_then(|fields| fields.get(settings.field.as_str())) {
            Some(Value::Object(known)) if known.is_empty() => None,
            Some(known) => Some(Watermark::deserialize(known).map_err(|_| damaged())?),
            None => None,
        };
        let known = known.filter(|_| !settings.replaces && settings.end_value.is_none());
        let last = match known.as_ref().map(|known| &known.last_value) {
            None | Some(Value::Null) => None,
            Some(value) => Some(Mark::new(value).ok_or_else(damaged)?),
        };
        let dedup = if settings.remembers_boundary() { settings.dedup.clone() } else { Dedup::Off };
        let identity = Identity { dedup, takes_changed: settings.late == Late::Merge };
        let mut filter = Self {
            identity,
            known,
            start: None,
            end: settings.end_value.clone(),
            lower: None,
            highest: None,
            scale: None,
            ended_early: false,
            late: 0,
            took: false,
            before: BeforePage::default(),
            settings,
        };
        match begun {
            Some(reading) => filter.go_on(reading),
            // The cursor was made without a range: the rest of its pages is taken as a whole.
            None if checkpoint.cursor.is_some() => {
                if filter.end.is_none() {
                    filter.highest = filter.highest_before(&checkpoint.boundary);
                }
            }
            None => filter.begin(last.as_ref(), &checkpoint.boundary)?,
        }
        let marks = [&filter.start, &filter.end, &filter.settings.initial_value];
        let boundaries = [&filter.lower, &filter.highest].into_iter().flatten().map(Boundary::mark);
        filter.scale = marks.into_iter().flatten().chain(boundaries).next().map(Mark::scale);
        Ok(filter)
    }

    fn go_on(&mut self, reading: &Reading) {
        self.start = reading.start.as_ref().and_then(Mark::new);
        self.lower = reading.lower.as_ref().and_then(Boundary::restore);
        self.highest = reading.highest.as_ref().and_then(Boundary::restore);
    }

    fn begin(&mut self, last: Option<&Mark>, boundary: &[String]) -> Result<(), PlanError> {
        let initial = self.settings.initial_value.as_ref();
        self.start = match last {
            None => initial.cloned(),
            Some(last) => {
                if let Some(initial) = initial.filter(|initial| initial.scale() != last.scale()) {
                    return Err(PlanError::Scales {
                        initial: initial.to_string(),
                        last: last.to_string(),
                        scales: (initial.scale(), last.scale()),
                    });
                }
                match self.settings.lag {
                    None => Some(last.clone()),
                    Some(_) if last.scale() == Scale::Text => {
                        return Err(PlanError::LagOfText { last: last.to_string() });
                    }
                    Some(lag) => {
                        let lagged = lag.before(last, initial);
                        let floor = |lagged: &Mark| {
                            initial.is_none_or(|first| lagged.point().compare(first.point()) != Some(Ordering::Less))
                        };
                        lagged.filter(floor).or_else(|| initial.cloned())
                    }
                }
            }
        };
        self.lower = match self.settings.lag {
            None if last.is_some() => self.highest_before(boundary),
            _ => self.start.clone().map(Boundary::new),
        };
        if self.end.is_none() {
            self.highest = self.highest_before(boundary);
        }
        Ok(())
    }

    /// The highest value of the reads before this one, or else where the first begins.
    pub(super) fn highest_before(&self, records: &[String]) -> Option<Boundary> {
        let Some(known) = self.known.as_ref().filter(|known| !known.last_value.is_null()) else {
            return self.settings.initial_value.clone().map(Boundary::new);
        };
        let remembers = self.identity.dedup != Dedup::Off;
        let kept = |hashes: &[String]| if remembers { hashes.to_vec() } else { Vec::new() };
        Boundary::restore(&state::Boundary {
            value: known.last_value.clone(),
            unique_hashes: kept(&known.unique_hashes),
            records: kept(records),
        })
    }
}
