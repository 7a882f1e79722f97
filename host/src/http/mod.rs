//! The HTTP capability that a component is lent.
