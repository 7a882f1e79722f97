//! The component's exports; natively there are none, so that the rest is tested like any library.

use sluicegate_guest::{
    component::{self, user_agent},
    http::Host,
};

use crate::{
    JivoChat,
    bindings::{
        self,
        exports::sluicegate::source::{people, relay, setup, source, webhook},
    },
};

struct Component;

impl source::Guest for Component {
    fn list_resources(config: String) -> Result<Vec<source::ResourceSpec>, source::Error> {
        Ok(component::list_resources::<JivoChat>(&config)?)
    }

    fn fetch_page(config: String, request: source::PageRequest) -> Result<source::Page, source::Error> {
        Ok(component::fetch_page::<JivoChat>(&Host::new(user_agent::<JivoChat>()), &config, &request)?)
    }
}

impl setup::Guest for Component {
    fn describe() -> setup::Description {
        let about = component::describe::<JivoChat>();
        setup::Description {
            name: about.name,
            version: about.version,
            documentation_url: about.documentation_url,
            config_schema: about.config_schema,
            origins: about.origins,
        }
    }

    fn check(config: String) -> Result<(), setup::Error> {
        Ok(component::check::<JivoChat>(&Host::new(user_agent::<JivoChat>()), &config)?)
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

impl people::Guest for Component {
    fn list_marks(config: String) -> Result<Vec<people::Mark>, people::Error> {
        Ok(crate::people::list_marks(&config)?)
    }
}

impl relay::Guest for Component {
    fn plan_message(config: String, message: webhook::Event) -> Result<relay::Verdict, relay::Error> {
        Ok(crate::relay::plan(&config, &message)?)
    }

    fn message_records(
        _config: String,
        message: webhook::Event,
        progress: relay::Progress,
    ) -> Result<Vec<webhook::Delivery>, relay::Error> {
        Ok(crate::relay::records(&message, &progress))
    }
}

bindings::export!(Component with_types_in bindings);
