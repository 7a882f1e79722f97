//! Events of the CRM, one record each: what changed, and how.

use crate::webhook::{
    received::Received,
    tables::{CRM, Tables},
    value::Members,
};

/// The event with its category.
pub(super) fn event(event: &Received<'_>, tables: &mut Tables) {
    let mut rest = event.members.clone();
    rest.take("event_type");
    let mut record = Members::default();
    record.set_text("id", Some(&event.id()));
    record.set_text("category", event.kind.category());
    record.set_text("event_name", event.name.as_deref());
    record.set_text("received_at", Some(&event.received_at));
    record.fill(rest);
    tables.add(CRM, &record);
}
