//! What the HTTP capability notes during one call of a component: traffic, refusals, limits, and why connections failed.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    http::{allow::HostPort, limits::LimitHit, origin::Origin},
    model::Traffic,
};

/// A request that was refused because nothing grants it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The origin is not on the allow-list.
    #[error("a request to `{0}` was denied: the origin is not granted")]
    Origin(Origin),
    /// The origin is granted, but its addresses are not public.
    #[error("a request to `{origin}` was denied: its address is not a public one ({addresses})")]
    Address {
        /// Where the request went.
        origin: Origin,
        /// The addresses with the reason for each.
        addresses: String,
    },
    /// Not an origin at all.
    #[error("a request to `{0}` was denied: it is no host that can be granted")]
    Authority(String),
}

impl Denial {
    /// The line to add to the pipeline file.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Origin(origin) => Some(format!("add \"{origin}\" to `allow` in [source]")),
            Self::Address { origin, .. } => {
                Some(format!("add \"{}\" to `allow_private` in [source]", HostPort::from(origin)))
            }
            Self::Authority(_) => None,
        }
    }
}

/// The notes of one call. Shared by the call, its requests and their bodies.
#[derive(Debug, Default)]
pub struct CallRecord {
    notes: Mutex<Notes>,
}

/// What was noted so far.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// Requests, bytes and denials.
    pub traffic: Traffic,
    /// The first denial.
    pub denial: Option<Denial>,
    /// The first limit that was reached.
    pub limit: Option<LimitHit>,
    /// The server that was silent for too long.
    pub stalled: Option<String>,
    /// Why a certificate was refused.
    pub certificate: Option<String>,
}

impl CallRecord {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        // The notes are plain values: a panic elsewhere cannot leave them half-written.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was noted so far.
    pub fn snapshot(&self) -> Notes {
        self.notes().clone()
    }

    /// Counts a request, and tells how many there were before it.
    pub(crate) fn request(&self) -> u64 {
        let mut notes = self.notes();
        let before = notes.traffic.requests;
        notes.traffic.requests += 1;
        before
    }

    /// Takes a request back that was counted and then not sent.
    pub(crate) fn not_sent(&self) {
        let mut notes = self.notes();
        notes.traffic.requests = notes.traffic.requests.saturating_sub(1);
    }

    /// Counts decoded bytes of a body.
    pub(crate) fn received(&self, bytes: usize) {
        self.notes().traffic.bytes += bytes as u64;
    }

    /// Notes a limit; the first one is the one that is told.
    pub(crate) fn limit(&self, hit: LimitHit) {
        self.notes().limit.get_or_insert(hit);
    }

    /// Notes a refusal; the first one is the one that is told.
    pub(crate) fn denied(&self, denial: Denial) {
        let mut notes = self.notes();
        notes.traffic.denied += 1;
        notes.denial.get_or_insert(denial);
    }

    /// Notes a server that was silent for too long.
    pub(crate) fn stalled(&self, message: String) {
        self.notes().stalled.get_or_insert(message);
    }

    /// Notes a certificate that was refused.
    pub(crate) fn certificate(&self, message: String) {
        self.notes().certificate.get_or_insert(message);
    }
}

/// Warns of each denial once, however often a component tries.
#[derive(Debug, Default)]
pub struct Warned {
    seen: Mutex<HashSet<String>>,
}

/// More different denials than this are not told one by one: a component can invent hosts without end.
const MAX_WARNINGS: usize = 20;

impl Warned {
    /// Logs a denial with the line that would grant it.
    pub fn warn(&self, denial: &Denial) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < MAX_WARNINGS && seen.insert(denial.to_string()) {
            let hint = denial.hint().map_or_else(String::new, |hint| format!("; {hint}"));
            tracing::warn!("{denial}{hint}");
        }
    }
}
