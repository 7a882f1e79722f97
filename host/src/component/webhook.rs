//! A component as a receiver of events: no origin is granted to it, whatever the pipeline grants.

use std::collections::HashSet;

use bytes::Bytes;

use crate::{
    component::{
        bindings::webhook,
        convert,
        load::Component,
        outcome,
        sandbox::{ComponentSource, SourceOptions},
        text::Words,
    },
    http::{allow::AllowList, egress::Egress},
    model::{Answer, Event, Outcome, ResourceName, ResourceSpec},
    source::{ErrorKind, EventHandler, SourceError},
};

/// A component with its configuration that says what events mean. Each call runs in an instance of its own, within the
/// same limits as the fetching of a page; calls may overlap.
pub struct ComponentWebhook {
    pub(super) source: ComponentSource,
    resources: Vec<ResourceSpec>,
    pub(super) names: HashSet<ResourceName>,
    /// With all grants: what the host itself sends to the service.
    pub(super) way_out: Egress,
    /// Whether its words are told about messages that are to be passed on.
    pub(super) words_of_messages: Words,
}

impl Component {
    /// Lists the resources that events fill; none when the component receives no events. It gets none of the grants of
    /// the options, and secrets are there to be hidden: only what the host sends in its name needs them.
    ///
    /// # Errors
    /// As those of [`Source`](crate::source::Source): of the configuration, of the component, or of the sandbox.
    pub async fn webhook(&self, options: SourceOptions) -> Result<Option<ComponentWebhook>, SourceError> {
        let Some(indices) = self.webhook_indices() else { return Ok(None) };
        let way_out = options.egress().map_err(|error| SourceError::new(ErrorKind::Config, error.to_string()))?;
        // What is not to be kept is out of events before the component sees them, so that it cannot speak of it. A message that
        // is to be passed on it sees as it is.
        let words_of_messages = if options.withholds_words { Words::Withheld } else { Words::Told };
        let options = SourceOptions {
            grants: AllowList::default(),
            allow_private: Vec::new(),
            withholds_words: false,
            ..options
        };
        let source = ComponentSource::new(self.clone(), options)
            .map_err(|error| SourceError::new(ErrorKind::Config, error.to_string()))?;
        let call = async |store: &mut _, instance| {
            let guest: webhook::Guest = indices.load(&mut *store, &instance)?;
            guest.call_list_resources(store, &source.config).await
        };
        let listed = source.caller.call("list-resources", call, |specs| {
            let specs = convert::resources(specs)?;
            outcome::resources(&specs)?;
            Ok(specs)
        });
        let (resources, _) = listed.await.map_err(without_network)?;
        let names = resources.iter().map(|spec| spec.name.clone()).collect();
        Ok(Some(ComponentWebhook { source, resources, names, way_out, words_of_messages }))
    }
}

impl ComponentWebhook {
    /// The resources that events fill, in the component's order.
    pub fn resources(&self) -> &[ResourceSpec] {
        &self.resources
    }

    /// Withholds its words about events, for it will see what is not to be kept.
    pub fn withhold_words(&mut self) {
        self.source.caller.words = Words::Withheld;
    }

    async fn handle(&self, event: &Event) -> Result<Outcome, SourceError> {
        let Some(indices) = self.source.caller.component.webhook_indices() else {
            return Err(SourceError::new(ErrorKind::Config, "the component receives no events"));
        };
        let secrets = &self.source.caller.egress.secrets;
        let given = outcome::event(event, secrets);
        let call = async |store: &mut _, instance| {
            let guest: webhook::Guest = indices.load(&mut *store, &instance)?;
            guest.call_handle_event(store, &self.source.config, &given).await
        };
        let take = |found| {
            let found = outcome::without(secrets, found);
            outcome::outcome(found, &self.names, &self.source.caller.limits)
        };
        self.source.caller.call("handle-event", call, take).await.map(|(outcome, _)| outcome).map_err(without_network)
    }
}

impl EventHandler for ComponentWebhook {
    async fn handle_event(&self, event: &Event) -> Result<Outcome, SourceError> {
        match &event.relay {
            None => self.handle(event).await,
            Some(progress) => {
                let deliveries = self.message_records(event, progress).await?;
                let answer = Answer { status: 200, content_type: None, body: Bytes::new() };
                Ok(Outcome { answer, deliveries, dedupe_key: Some(progress.key()), forgotten: false })
            }
        }
    }
}

/// No grant would help.
pub(super) fn without_network(error: SourceError) -> SourceError {
    if error.kind != ErrorKind::Denied {
        return error;
    }
    let hint = "a component takes events without the network: tell its author".to_owned();
    SourceError { hint: Some(hint), ..error }
}
