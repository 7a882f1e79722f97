//! What a service pushes, and what a component makes of it.

use bytes::Bytes;

use super::{RejectedRecord, RelayProgress, ResourceName};

/// One HTTP request of a service, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// In capital letters.
    pub method: String,
    /// What stands behind the address that the service was given, from its `/` or `?` on; mostly nothing.
    pub path_with_query: String,
    /// Names in small letters, in the order of arrival; without those that concern the connection alone.
    pub headers: Vec<(String, Bytes)>,
    /// Without transfer and content encoding.
    pub body: Bytes,
    /// When all of it was there, in milliseconds since 1970. It stays with the event for ever.
    pub received_at_ms: u64,
    /// How far it was passed on, if it is no event of the service but a message to it.
    pub relay: Option<RelayProgress>,
}

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the service is answered.
    pub answer: Answer,
    /// The records, in the order in which they are loaded. They are loaded whatever the answer is.
    pub deliveries: Vec<Delivery>,
    /// Events with equal keys are one; none: each is one of its own. At most 1 KiB.
    pub dedupe_key: Option<String>,
    /// It is of somebody who was forgotten, and is answered and not kept. There are no deliveries then.
    pub forgotten: bool,
}

/// What a service is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 200 to 599.
    pub status: u16,
    /// The media type of the body, fit for a header.
    pub content_type: Option<String>,
    /// The body.
    pub body: Bytes,
}

/// The records that an event holds for one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// One of the resources that the component listed.
    pub resource: ResourceName,
    /// JSON texts separated by line feeds.
    pub records: Bytes,
    /// What could not be made a record.
    pub rejected: Vec<RejectedRecord>,
}
