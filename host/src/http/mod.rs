//! The HTTP capability that a component is lent.

pub mod address;
pub mod allow;
pub mod limits;
pub mod record;
pub mod secrets;
