//! Source components: found, checked, compiled, and called in a sandbox.
//!
//! An [`Engine`] compiles; [`Component::load`] refuses whatever is no source component before anything of it runs;
//! [`ComponentSource`] is a component with configuration, grants and secrets, and implements
//! [`Source`](crate::source::Source); [`ComponentWebhook`] is one that says what events mean. Every call gets a fresh
//! instance with [`Limits`], and can reach nothing but what [`http`](crate::http) lends it.

mod bindings;
mod call;
mod convert;
mod engine;
mod inspect;
mod limits;
mod link;
mod load;
mod meter;
mod outcome;
mod people;
mod relay;
mod sandbox;
mod signature;
mod state;
mod stdio;
mod text;
mod webhook;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod webhook_tests;

pub use engine::{Engine, EngineError, Pool};
pub use inspect::{ComponentInfo, Unfit};
pub use limits::Limits;
pub(crate) use load::hex;
pub use load::{Component, LoadError, LoadErrorKind, LoadOptions};
pub use sandbox::{ComponentSource, Description, SourceOptions};
pub use webhook::ComponentWebhook;
