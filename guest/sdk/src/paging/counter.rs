//! Offsets and page numbers: pages that are asked for by counting.

use super::{Answer, Next, has_more};
use crate::{
    error::{Error, Result},
    json::Path,
    url::Url,
};

/// How to count, and where to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Whether records are counted; else pages.
    pub records: bool,
    /// Query parameter that takes the count.
    pub param: String,
    /// The count of the first request.
    pub start: u64,
    /// The number of the service's first page.
    pub base: u64,
    /// Nobody said that the service pages so; an answer looked like it.
    pub guessed: bool,
    /// How many records to ask for, and in which query parameter.
    pub limit: Option<(String, u64)>,
    /// Where the body tells the total: of records, or of pages.
    pub total_path: Option<Path>,
    /// The count at which to stop in any case.
    pub maximum: Option<u64>,
    /// Whether a page without records is the last one.
    pub stop_after_empty_page: bool,
    /// A boolean in the body that says whether there is more.
    pub has_more_path: Option<Path>,
}

/// Where a counter stands: what the page that is being read was asked for by, and what was learned from those before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The count in the request.
    pub at: u64,
    /// The number of the service's first page.
    pub base: u64,
    /// By how much an offset grows: the size that the first page really had.
    pub step: u64,
    /// Digest of the records of the page before, 0 if it had none.
    pub before: u64,
    /// The page was asked for without a number, and did not tell it. Only the first page can be so.
    pub unnumbered: bool,
    /// The page before was, and this one, number 1, shows whether that was number 0 or 1.
    pub probing: bool,
}

impl Place {
    /// Whether a page repeats the first one, which was asked for without a number: it is not to be passed on then.
    pub fn is_first_again(&self, digest: u64) -> bool {
        self.probing && self.before == digest
    }
}

impl Counter {
    /// Adds the first count to the first request.
    pub(super) fn start(&self, url: &mut Url) -> Place {
        self.ask(url, self.start);
        Place { at: self.start, base: self.base, ..Place::default() }
    }

    fn ask(&self, url: &mut Url, at: u64) {
        url.set_param(&self.param, &at.to_string());
        if let Some((param, limit)) = &self.limit {
            url.set_param(param, &limit.to_string());
        }
    }

    /// Counts on. An end is: an empty page (if set so), `has_more` being false, the total, or the maximum.
    pub(super) fn next(&self, asked: &Url, place: &Place, answer: &Answer<'_>) -> Result<Option<Next>> {
        if self.stop_after_empty_page && answer.count == 0 {
            return Ok(None);
        }
        let more = has_more(self.has_more_path.as_ref(), answer)?;
        let total = self.total(answer)?;
        if more == Some(false) {
            return Ok(None);
        }
        let unbounded = more.is_none() && total.is_none() && self.maximum.is_none();
        let again = answer.count > 0 && place.before == answer.digest;
        let base = if place.probing && again { 1 } else { place.base };
        if again && !place.probing && (self.guessed || unbounded) {
            return Err(Error::invalid_response(format!(
                "two pages hold the same records: the service seems to ignore `{}`",
                self.param
            )));
        }
        let step = match (self.records, place.step) {
            (false, _) => 1,
            (true, 0) => self.first_step(answer),
            (true, step) => step,
        };
        let Some(at) = place.at.checked_add(step).filter(|_| step > 0) else { return Ok(None) };
        let last = total.map(|total| total.saturating_add(if self.records { 0 } else { base }));
        if last.is_some_and(|last| at >= last) || self.maximum.is_some_and(|maximum| at >= maximum) {
            return Ok(None);
        }
        if !self.stop_after_empty_page && answer.count == 0 && unbounded {
            return Err(Error::invalid_response(
                "an empty page, and nothing in it that says whether it is the last one",
            ));
        }
        let mut url = asked.clone();
        self.ask(&mut url, at);
        let before = if answer.count == 0 { 0 } else { answer.digest };
        let step = if self.records { step } else { 0 };
        Ok(Some(Next { url, place: Place { at, base, step, before, probing: place.unnumbered, unnumbered: false } }))
    }

    /// The size of the first page: what services answer to a limit that is beyond what they allow is a smaller page, and
    /// counting on by the limit would leave out the records between.
    fn first_step(&self, answer: &Answer<'_>) -> u64 {
        let limit = self.limit.as_ref().map_or(0, |(_, limit)| *limit);
        if answer.count > 0 && (answer.counts_list || limit == 0) { answer.count } else { limit }
    }

    fn total(&self, answer: &Answer<'_>) -> Result<Option<u64>> {
        let Some(path) = &self.total_path else { return Ok(None) };
        match answer.document.and_then(|document| path.first(document)) {
            None => Ok(None),
            Some(value) if value.is_null() => Ok(None),
            Some(value) => value
                .count()
                .map(Some)
                .ok_or_else(|| Error::invalid_response(format!("`{path}` in the answer is no whole number"))),
        }
    }
}
