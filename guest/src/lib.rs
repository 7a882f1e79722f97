//! JivoChat as a source component: the five resources of a channel, whatever the configuration adds to them, and what the
//! service pushes.
//!
//! The component keeps nothing between calls: configuration, resource and cursor say it all. Everything but [`http`] and
//! the exports is plain Rust, runs natively, and is tested there. In reading order:
//!
//! * [`config`] checks the settings and makes the [`resources`] of them;
//! * [`fetch`] takes one page from request to records: [`request`] says what to get, [`template`] with what in it, [`response`] what the answer means,
//!   [`select`] where the records are, [`paging`] what the next request is, and [`cursor`] carries that to the next call;
//! * [`webhook`] says what the events that JivoChat pushes mean;
//! * [`http`] is the one file that calls the host; [`bindings`] is generated from the contract in `wit/`.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

pub mod bindings;
pub mod body;
pub mod config;
pub mod cursor;
pub mod error;
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "the generated exports are `extern` functions")]
mod export;
pub mod fetch;
pub mod http;
pub mod json;
pub mod paging;
pub mod request;
pub mod resources;
pub mod response;
pub mod secret;
pub mod select;
pub mod single;
pub mod template;
pub mod url;
pub mod webhook;

use bindings::{
    exports::sluicegate::source::setup::Description,
    sluicegate::source::types::{Page, PageRequest, ResourceSpec},
};
use config::{BASE_URL, Config, SCHEMA};
use error::Result;
use fetch::Service;
use resources::Resource;

/// The resource that tells cheaply whether a channel can be read.
const CHECKED: &str = "status";

/// Lists the resources there are with a configuration, which is checked whole.
pub fn list_resources(config: &str) -> Result<Vec<ResourceSpec>> {
    Ok(Config::parse(config)?.resources.iter().map(Resource::spec).collect())
}

/// Fetches one page.
pub fn fetch_page(service: &dyn Service, config: &str, request: &PageRequest) -> Result<Page> {
    let config = Config::parse(config)?;
    let resource = config.resource(&request.resource_name)?;
    fetch::page(service, &config, resource, request.cursor.as_deref(), request.incremental.as_ref())
}

/// Lists the resources that events fill; the configuration is checked as for the others, but may lack a channel.
pub fn list_webhook_resources(config: &str) -> Result<Vec<ResourceSpec>> {
    Config::check_for_events(config).map(|()| webhook::resources())
}

/// Says what the component is.
pub fn describe() -> Description {
    Description {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        documentation_url: Some(format!("{}/blob/main/docs/jivochat.md", env!("CARGO_PKG_REPOSITORY"))),
        config_schema: SCHEMA.to_owned(),
        origins: vec![BASE_URL.to_owned()],
    }
}

/// Asks for the status, and fails as a run would.
pub fn check(service: &dyn Service, config: &str) -> Result<()> {
    let config = Config::parse(config)?;
    fetch::page(service, &config, config.resource(CHECKED)?, None, None).map(|_| ())
}
