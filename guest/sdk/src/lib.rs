//! What a sluicegate source component in Rust is made of: an author describes the settings and the resources of a service,
//! and this library does the rest.
//!
//! [`Component`] is what an author writes, and [`export!`] makes a component of it; `guest/template` is one to copy. In
//! reading order:
//!
//! * [`component`] is the author's side; [`settings`] reads the configuration, [`source`] and [`resource`] are what comes of it;
//! * [`fetch`] takes one page from request to records: [`request`] says what to get, [`template`] with what in it,
//!   [`response`] what the answer means, [`select`] where the records are, [`paging`] what the next request is, and
//!   [`cursor`] carries that to the next call;
//! * [`body`] and [`json`] see a page without reading more of it than asked for, and never re-type a record;
//! * [`http`] is the one file that calls the host; [`bindings`] is generated from the contract in `wit/`.
//!
//! Nothing is kept between calls: configuration, resource and cursor say it all. Everything but [`http`] and the exports is
//! plain Rust, runs natively, and is tested there.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

pub mod bindings;
pub mod body;
pub mod component;
pub mod cursor;
pub mod error;
pub mod export;
pub mod fetch;
pub mod http;
pub mod json;
pub mod paging;
pub mod request;
pub mod resource;
pub mod response;
pub mod secret;
pub mod select;
pub mod settings;
pub mod source;
pub mod template;
#[cfg(test)]
mod testing;
pub mod url;

pub use component::Component;
pub use error::{Error, Result};
pub use paging::Paginator;
pub use resource::{Resource, Shape};
pub use settings::{Kind, Setting, Settings};
pub use source::Source;
