//! What is not to be kept: values are dropped or hashed before anything of theirs is written.
//!
//! [`Guard`] is applied at few places, each of them before anything else sees what came: to the pages of a pull, to events
//! before the component and the inbox have them, and to what the component made of events.

mod key;
pub mod people;

use bytes::Bytes;

pub(crate) use key::make_private_folder;
pub use key::{Key, KeyError};

use crate::model::{Event, RejectedRecord, ResourceName};

/// Changes what came into what may be kept. Cheap to clone; the default one changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Guard {}

impl Guard {
    /// The records of a page or a delivery: JSON texts separated by line feeds.
    pub fn records(&self, _resource: &ResourceName, records: Bytes) -> Bytes {
        records
    }

    /// A record that was kept aside.
    pub fn rejected(&self, _resource: &ResourceName, rejected: RejectedRecord) -> RejectedRecord {
        rejected
    }

    /// An event, before the component sees it and before the inbox has it.
    pub fn event(&self, event: Event) -> Event {
        event
    }
}
