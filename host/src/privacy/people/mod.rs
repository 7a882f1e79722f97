//! People in records: where records say whose they are, and who was forgotten.
//!
//! 1. [`Marks`] are the fields that say something of a client; what they find in a record are [`Sign`]s and contacts.
//! 2. A [`Person`] is what is known of one: it grows with each record that is found to be theirs.
//! 3. `raw` finds people in texts that are no records.
//! 4. [`Absent`] finds what comes of people who were forgotten.
//! 5. [`Forgotten`] remembers people by keyed hashes of their signs, and nothing else of them.

mod absent;
mod forgotten;
mod mark;
mod person;
mod raw;
mod sign;

pub use absent::Absent;
pub use forgotten::{Forgotten, ForgottenError};
#[cfg(feature = "duckdb")]
pub(crate) use mark::Reading;
pub use mark::{Found, Mark, Marks, Meaning};
pub use person::{Link, Person, Wanted};
#[cfg(feature = "duckdb")]
pub(crate) use sign::scalar;
pub use sign::{Asked, Sign, Sought};
