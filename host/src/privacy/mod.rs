//! What is not to be kept: values are dropped or hashed before anything of theirs is written.
//!
//! [`Guard`] is applied at few places, each of them before anything else sees what came: to the pages of a pull, to events
//! before the component and the inbox have them, and to what the component made of events ([`Guarded`]).
//!
//! [`Rules`] are the paths of the pipeline file; `rewrite` does to JSON texts what they say, with hashes of one [`Key`]
//! (`hash`). A text that is no JSON is withheld as a whole: nobody can tell what it holds.

mod guarded;
mod hash;
mod key;
pub mod people;
mod rewrite;
mod rules;

use std::sync::Arc;

use bytes::Bytes;

pub use guarded::Guarded;
#[cfg(feature = "duckdb")]
pub(crate) use key::make_private_folder;
pub use key::{Key, KeyError};
pub use rules::{Action, RuleConflict, Rules};

use self::{
    hash::Hasher,
    people::Absent,
    rewrite::{Rewriter, Root},
};
use crate::{
    json_path::JsonPath,
    model::{Delivery, Event, Page, RejectedRecord, RelayProgress, ResourceName},
};

/// The file of the key in the folder that is the program's own.
pub const KEY_FILE: &str = "hash.key";

/// What stands in the place of a component's words about what it saw.
pub const WITHHELD_REASON: &str = "the component says why, which is withheld, for [privacy] is set";

/// What some editors put before a JSON text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Changes what came into what may be kept. Cheap to clone; the default one changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    own: Option<Arc<Own>>,
    /// Who was forgotten; none when nobody was.
    absent: Option<Arc<Absent>>,
}

#[derive(Debug)]
struct Own {
    rules: Rules,
    hasher: Hasher,
}

impl Guard {
    /// A guard that does what rules say, with hashes of a key.
    pub fn new(rules: Rules, key: Key) -> Self {
        Self { own: (!rules.is_empty()).then(|| Arc::new(Own { rules, hasher: Hasher::new(key) })), absent: None }
    }

    /// The same, which leaves people out as well who were forgotten.
    #[must_use]
    pub fn without(self, absent: Absent) -> Self {
        Self { absent: Some(Arc::new(absent)), ..self }
    }

    /// Those who were forgotten; none when nobody was.
    pub fn absent(&self) -> Option<&Absent> {
        self.absent.as_deref()
    }

    /// Whether some values are hashed.
    pub fn hashes(&self) -> bool {
        self.own.as_ref().is_some_and(|own| own.rules.hashes())
    }

    /// What hashes values; none when none is.
    pub(self) fn hasher(&self) -> Option<Hasher> {
        self.own.as_ref().filter(|_| self.hashes()).map(|own| own.hasher.clone())
    }

    /// Whether nothing is ever changed, but for those who were forgotten.
    pub fn is_idle(&self) -> bool {
        self.own.is_none()
    }

    /// The paths that have named nothing so far.
    pub fn idle_paths(&self) -> Vec<&str> {
        self.own.iter().flat_map(|own| own.rules.idle()).map(JsonPath::as_str).collect()
    }

    /// Takes the records of people who were forgotten out of a page as it came; tells how many they are.
    pub fn leave_out(&self, resource: &ResourceName, page: &mut Page) -> u64 {
        let Some(absent) = &self.absent else { return 0 };
        absent.leave_out(resource.as_str(), &mut page.records, &mut page.rejected)
    }

    /// A page that was pulled. The component has seen what the service answered, so its own words are not kept.
    pub fn page(&self, resource: &ResourceName, page: Page) -> Page {
        if self.is_idle() {
            return page;
        }
        let pulled = |record| RejectedRecord { reason: WITHHELD_REASON.to_owned(), ..self.rejected(resource, record) };
        let mut rejected: Vec<_> = page.rejected.into_iter().map(pulled).collect();
        let records = self.records(resource, page.records, &mut rejected);
        Page { records, rejected, ..page }
    }

    /// What a component made of an event that was clean when it got it.
    pub fn delivery(&self, delivery: Delivery) -> Delivery {
        if self.is_idle() {
            return delivery;
        }
        let Delivery { resource, records, rejected } = delivery;
        let mut rejected: Vec<_> = rejected.into_iter().map(|record| self.rejected(&resource, record)).collect();
        let records = self.records(&resource, records, &mut rejected);
        Delivery { resource, records, rejected }
    }

    /// The records of a page or a delivery: JSON texts separated by line feeds. Those that are none go to `rejected`.
    pub fn records(&self, _resource: &ResourceName, records: Bytes, rejected: &mut Vec<RejectedRecord>) -> Bytes {
        let Some(own) = &self.own else { return records };
        let mut rewriter = Rewriter::new(&own.rules, &own.hasher, &records);
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', &records).chain([records.len()]) {
            let line = &records[start..end];
            if !line.trim_ascii().is_empty()
                && let Err(unreadable) = rewriter.text(start..end, Root::Record)
            {
                rewriter.replace(start, end, b"");
                rejected.push(RejectedRecord { raw: own.hasher.withhold(line), reason: unreadable.to_string() });
            }
            start = end + 1;
        }
        rewriter.finish().map_or_else(|| records.clone(), Bytes::from)
    }

    /// A record that was kept aside.
    pub fn rejected(&self, _resource: &ResourceName, rejected: RejectedRecord) -> RejectedRecord {
        let Some(own) = &self.own else { return rejected };
        let raw = own.text(rejected.raw.as_bytes(), Root::Record);
        let raw = raw.map(|raw| String::from_utf8_lossy(&raw).into_owned());
        RejectedRecord { raw: raw.unwrap_or(rejected.raw), ..rejected }
    }

    /// What stands in the place of a key that a component made of values that may not be kept. Equal keys stay equal.
    pub fn alias(&self, key: Option<String>) -> Option<String> {
        match &self.own {
            Some(own) => key.map(|key| own.hasher.hash(key.as_bytes())),
            None => key,
        }
    }

    /// An event, before the component sees it and before the inbox has it. Headers and path stay as they are.
    pub fn event(&self, event: Event) -> Event {
        let Some(own) = &self.own else { return event };
        let body = own.text(&event.body, Root::Body).map_or_else(|| event.body.clone(), Bytes::from);
        // What a service said of a message may quote it.
        let relay = event.relay.map(|progress| match (&progress.reason, progress.http_status) {
            (Some(_), Some(status)) => RelayProgress { reason: Some(RelayProgress::answered(status)), ..progress },
            _ => progress,
        });
        Event { body, relay, ..event }
    }
}

impl Own {
    /// What a text becomes; none when it may stay as it is.
    fn text(&self, text: &[u8], root: Root) -> Option<Vec<u8>> {
        if self.hasher.is_harmless(text) {
            return None;
        }
        let start = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut rewriter = Rewriter::new(&self.rules, &self.hasher, text);
        match rewriter.text(start..text.len(), root) {
            Ok(()) => rewriter.finish(),
            Err(_) => Some(self.hasher.withhold(text).into_bytes()),
        }
    }
}

#[cfg(test)]
mod tests;
