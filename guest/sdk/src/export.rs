//! The exports of a component, made of what its author wrote.

use std::marker::PhantomData;

use crate::{
    bindings::exports::sluicegate::source::{setup, source},
    component::{self, Component, user_agent},
    http::Host,
};

/// Answers the host for a component.
#[derive(Debug)]
pub struct Exported<C>(PhantomData<C>);

impl<C: Component> source::Guest for Exported<C> {
    fn list_resources(config: String) -> Result<Vec<source::ResourceSpec>, source::Error> {
        Ok(component::list_resources::<C>(&config)?)
    }

    fn fetch_page(config: String, request: source::PageRequest) -> Result<source::Page, source::Error> {
        Ok(component::fetch_page::<C>(&Host::new(user_agent::<C>()), &config, &request)?)
    }
}

impl<C: Component> setup::Guest for Exported<C> {
    fn describe() -> setup::Description {
        component::describe::<C>()
    }

    fn check(config: String) -> Result<(), setup::Error> {
        Ok(component::check::<C>(&Host::new(user_agent::<C>()), &config)?)
    }
}

/// Exports a [`Component`] to the host. Natively it does nothing, so that the crate is tested like any other.
#[macro_export]
macro_rules! export {
    ($component:ident) => {
        #[cfg(target_arch = "wasm32")]
        mod exported {
            type Exported = $crate::export::Exported<super::$component>;
            $crate::bindings::export!(Exported with_types_in $crate::bindings);
        }
    };
}
