//! What the HTTP capability notes during one call of a component: traffic, refusals, limits, and why connections failed.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    http::{allow::HostPort, limits::LimitHit, origin::Origin, secrets::Secrets},
    model::Traffic,
};

/// What was refused because nothing grants it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
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
        /// Whether a grant would let the request pass: none leads from a name to a metadata service.
        grantable: bool,
    },
    /// Not an origin at all.
    #[error("a request to `{0}` was denied: it is no host that can be granted")]
    Authority(String),
    /// Neither HTTP nor HTTPS.
    #[error("a request by the scheme `{0}` was denied: only `http` and `https` can be granted")]
    Scheme(String),
    /// A tunnel would carry what nobody could look at.
    #[error("a request to `{0}` was denied: nothing grants the method CONNECT")]
    Tunnel(Origin),
    /// A field of a request that is the host's alone.
    #[error("the header field `{0}` of a request was denied: it is the host's alone")]
    Header(String),
}

impl Denial {
    /// The line to add to the pipeline file.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Origin(origin) => Some(format!("add \"{origin}\" to `allow` in [source]")),
            Self::Address { origin, grantable: true, .. } => {
                Some(format!("add \"{}\" to `allow_private` in [source]", HostPort::from(origin)))
            }
            Self::Address { .. } | Self::Authority(_) | Self::Scheme(_) | Self::Tunnel(_) | Self::Header(_) => None,
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
    /// Requests that were tried, granted or not.
    pub tried: u64,
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

    /// Counts a request before it is judged, and tells how many there were with it.
    pub(crate) fn tried(&self) -> u64 {
        let mut notes = self.notes();
        notes.tried += 1;
        notes.tried
    }

    /// Counts a request that is sent.
    pub(crate) fn request(&self) {
        self.notes().traffic.requests += 1;
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

    /// Whether a limit was reached.
    pub(crate) fn is_over(&self) -> bool {
        self.notes().limit.is_some()
    }

    /// Notes a refusal; the first one is the one that is told, and one of a request before one of a field.
    pub(crate) fn denied(&self, denial: Denial) {
        let mut notes = self.notes();
        notes.traffic.denied += 1;
        let is_field = |denial: &Denial| matches!(denial, Denial::Header(_));
        if notes.denial.as_ref().is_none_or(|told| is_field(told) && !is_field(&denial)) {
            notes.denial = Some(denial);
        }
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
pub(crate) struct Warned {
    seen: Mutex<HashSet<String>>,
}

/// More different denials than this are not told one by one: a component can invent hosts without end.
const MAX_WARNINGS: usize = 20;

impl Warned {
    /// Logs a denial with the line that would grant it. A host name may be a secret that the component was given.
    pub(crate) fn warn(&self, denial: &Denial, secrets: &Secrets) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() > MAX_WARNINGS || !seen.insert(denial.to_string()) {
            return;
        }
        if seen.len() > MAX_WARNINGS {
            tracing::warn!("more was denied than these {MAX_WARNINGS}: the rest is counted, and not told one by one");
            return;
        }
        let hint = denial.hint().map_or_else(String::new, |hint| format!("; {hint}"));
        tracing::warn!("{}", secrets.hide(&format!("{denial}{hint}")));
    }
}
