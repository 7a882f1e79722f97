//! Compares the functions that a component exports with those of the contract, before anything of it runs: an instance
//! would begin with its start functions.

use wasmtime::{
    Engine, Result,
    component::{
        Component, ComponentNamedList, Lift, Lower,
        types::{self as wasm, ComponentItem},
    },
};

use crate::component::{
    bindings::{people, relay, setup, types, webhook},
    inspect::is_contract,
};

/// Fails with the first function of the contract that is missing or has other types.
pub(super) fn check(engine: &Engine, component: &Component) -> Result<()> {
    let exported = component.component_type();
    for (name, item) in exported.exports(engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else { continue };
        let interface = Interface { engine, exported: &exported, name, instance: &instance };
        if is_contract(name, "source") {
            interface.has::<(String,), (Result<Vec<types::ResourceSpec>, types::Error>,)>("list-resources")?;
            interface.has::<(String, types::PageRequest), (Result<types::Page, types::Error>,)>("fetch-page")?;
        } else if is_contract(name, "setup") {
            interface.has::<(), (setup::Description,)>("describe")?;
            interface.has::<(String,), (Result<(), types::Error>,)>("check")?;
        } else if is_contract(name, "webhook") {
            interface.has::<(String,), (Result<Vec<types::ResourceSpec>, types::Error>,)>("list-resources")?;
            interface.has::<(String, webhook::Event), (Result<webhook::Outcome, types::Error>,)>("handle-event")?;
        } else if is_contract(name, "people") {
            interface.has::<(String,), (Result<Vec<people::Mark>, types::Error>,)>("list-marks")?;
        } else if is_contract(name, "relay") {
            interface.has::<(String, webhook::Event), (Result<relay::Verdict, types::Error>,)>("plan-message")?;
            interface
                .has::<(String, webhook::Event, relay::Progress), (Result<Vec<webhook::Delivery>, types::Error>,)>(
                    "message-records",
                )?;
        }
    }
    Ok(())
}

/// An interface that a component exports.
struct Interface<'a> {
    engine: &'a Engine,
    exported: &'a wasm::Component,
    name: &'a str,
    instance: &'a wasm::ComponentInstance,
}

impl Interface<'_> {
    fn has<P, R>(&self, function: &str) -> Result<()>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let name = || format!("`{function}` of `{}`", self.name);
        let Some(ComponentItem::ComponentFunc(found)) =
            self.instance.get_export(self.engine, function).map(|item| item.ty)
        else {
            return Err(wasmtime::format_err!("there is no function {}", name()));
        };
        let fits = found.typecheck::<P, R>(&self.exported.instance_type());
        fits.map_err(|error| error.context(format!("{} has other types", name())))
    }
}
