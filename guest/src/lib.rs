//! JivoChat as a source component: the five resources of a channel, whatever the configuration adds to them, what the
//! service pushes, and what is sent to it. How a page is asked for and read is [`sluicegate_guest`]'s.
//!
//! * [`config`] checks the settings and makes the resources of them; [`single`] reads the one answer that is no object;
//! * [`webhook`] says what the events that JivoChat pushes mean, [`relay`] how messages of clients are passed on to it,
//!   [`people`] which client a record is of;
//! * [`bindings`] is generated from the contract in `wit/`.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

pub mod bindings;
pub mod config;
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "the generated exports are `extern` functions")]
mod export;
pub mod people;
pub mod relay;
mod resources;
pub mod single;
pub mod webhook;

// What whoever runs the source without a component has to provide, and gets.
pub use sluicegate_guest::{error, fetch, response, url};

use config::{BASE_URL, SCHEMA, SETTINGS};
use sluicegate_guest::{Component, Result, Setting, Settings, Source, bindings::types::ResourceSpec};

/// The component.
#[derive(Clone, Copy, Debug)]
pub struct JivoChat;

impl Component for JivoChat {
    const NAME: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DOCUMENTATION: Option<&'static str> =
        Some(concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/jivochat.md"));
    const ORIGINS: &'static [&'static str] = &[BASE_URL];
    const SETTINGS: &'static [Setting] = &SETTINGS;
    const CHECKED: &'static str = "status";

    fn source(settings: &Settings<'_>) -> Result<Source> {
        config::source(settings)
    }

    fn config_schema() -> String {
        SCHEMA.to_owned()
    }
}

/// Lists the resources that events fill; the configuration is checked as for the others, but may lack a channel.
pub fn list_webhook_resources(config: &str) -> Result<Vec<ResourceSpec>> {
    config::check_for_events(config).map(|()| webhook::resources())
}
