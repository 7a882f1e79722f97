//! Where events are kept from the moment they are acknowledged: an SQLite file of its own, in a folder beside the pipeline
//! file.
//!
//! Each event has a number, in the order of arrival, that is never used again. How far the events are loaded is known to the
//! destination, in the transaction of their rows; the inbox only has a note of it. What a process that is killed leaves:
//!
//! * before the COMMIT of an event: nothing of it, and the service has no answer;
//! * after it: the event, whether or not the answer went out. A service that asks again is answered, and nothing is doubled;
//! * after a load: the event is loaded, whether or not the note says so.
//!
//! An event that the component could not handle is kept as well, without a number that counts: it gets a new one once it can
//! be handled, as if it had come then.

mod error;
mod exchange;
mod forget;
mod insert;
mod prune;
mod read;
mod relays;
mod store;
#[cfg(test)]
mod tests;

pub use error::InboxError;
pub use exchange::{export_line, import_line};
pub use forget::KeptRelay;
pub use insert::{NewEvent, Stored, Write, Written};
pub use prune::Pruned;
pub use read::{Kept, Status};
pub use relays::{Learned, NewRelay, TakenRelay, WaitingRelay};
pub use store::{Inbox, Lock};
