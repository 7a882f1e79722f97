//! The component's exports; natively there are none, so that the rest is tested like any library.

use crate::{
    bindings::{
        self,
        exports::sluicegate::source::{setup, source, webhook},
    },
    http::Host,
};

struct Component;

impl source::Guest for Component {
    fn list_resources(config: String) -> Result<Vec<source::ResourceSpec>, source::Error> {
        Ok(crate::list_resources(&config)?)
    }

    fn fetch_page(config: String, request: source::PageRequest) -> Result<source::Page, source::Error> {
        Ok(crate::fetch_page(&Host, &config, &request)?)
    }
}

impl setup::Guest for Component {
    fn describe() -> setup::Description {
        crate::describe()
    }

    fn check(config: String) -> Result<(), setup::Error> {
        Ok(crate::check(&Host, &config)?)
    }
}

impl webhook::Guest for Component {
    fn list_resources(config: String) -> Result<Vec<webhook::ResourceSpec>, webhook::Error> {
        Ok(crate::list_webhook_resources(&config)?)
    }

    fn handle_event(_config: String, event: webhook::Event) -> Result<webhook::Outcome, webhook::Error> {
        Ok(crate::webhook::handle(&event))
    }
}

bindings::export!(Component with_types_in bindings);
