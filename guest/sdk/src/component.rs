//! What an author writes, and the functions of the contract that follow from it.

use crate::{
    bindings::{
        exports::sluicegate::source::setup::Description,
        types::{Page, PageRequest, ResourceSpec},
    },
    error::Result,
    fetch::{self, Service},
    resource::Resource,
    settings::{Setting, Settings, schema},
    source::Source,
};

/// A source component. [`export`](crate::export!) makes the component of it.
pub trait Component {
    /// Name of the source, like `[a-z][a-z0-9_-]*`.
    const NAME: &'static str;

    /// Version of the component: `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;

    /// A page for people about what is read and how it is set up.
    const DOCUMENTATION: Option<&'static str> = None;

    /// The origins that it wants to reach with its defaults, as `https://api.example.com`.
    const ORIGINS: &'static [&'static str];

    /// The keys of the configuration.
    const SETTINGS: &'static [Setting];

    /// The resource that tells cheaply whether the settings are right.
    const CHECKED: &'static str;

    /// The source with its settings: where it is, what it is asked with, and its resources.
    fn source(settings: &Settings<'_>) -> Result<Source>;

    /// JSON Schema of the configuration.
    fn config_schema() -> String {
        schema(Self::SETTINGS)
    }
}

/// Reads the settings of a component.
pub fn source<C: Component>(config: &str) -> Result<Source> {
    C::source(&Settings::open(config, C::SETTINGS)?)
}

/// Lists the resources there are with a configuration, which is checked whole.
pub fn list_resources<C: Component>(config: &str) -> Result<Vec<ResourceSpec>> {
    Ok(source::<C>(config)?.resources.iter().map(Resource::spec).collect())
}

/// Fetches one page.
pub fn fetch_page<C: Component>(service: &dyn Service, config: &str, request: &PageRequest) -> Result<Page> {
    let source = source::<C>(config)?;
    let resource = source.find(&request.resource_name)?;
    fetch::page(service, &source, resource, request.cursor.as_deref(), request.incremental.as_ref())
}

/// Says what the component is.
pub fn describe<C: Component>() -> Description {
    Description {
        name: C::NAME.to_owned(),
        version: C::VERSION.to_owned(),
        documentation_url: C::DOCUMENTATION.map(str::to_owned),
        config_schema: C::config_schema(),
        origins: C::ORIGINS.iter().map(|origin| (*origin).to_owned()).collect(),
    }
}

/// Asks for one page of one resource, and fails as a run would.
pub fn check<C: Component>(service: &dyn Service, config: &str) -> Result<()> {
    let source = source::<C>(config)?;
    fetch::page(service, &source, source.find(C::CHECKED)?, None, None).map(|_| ())
}

/// How the component calls itself in requests.
pub fn user_agent<C: Component>() -> String {
    format!("sluicegate-{}/{}", C::NAME, C::VERSION)
}
