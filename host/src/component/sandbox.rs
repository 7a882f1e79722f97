//! A component as a source of the pipeline.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    component::{
        bindings::{setup, source},
        call::Caller,
        convert,
        limits::Limits,
        load::Component,
        stdio::Log,
        text::{Words, tame},
    },
    http::{
        allow::{AllowList, HostPort},
        egress::{Egress, EgressError, EgressOptions},
        proxy::Proxy,
        secrets::{SecretGrant, Secrets},
        stand_in::StandIn,
        tls::TlsOptions,
    },
    model::{Page, PageRequest, ResourceSpec},
    source::{ErrorKind, Source, SourceError},
};

/// What a component is run with.
#[derive(Clone, Debug, Default)]
pub struct SourceOptions {
    /// The configuration, one JSON object; tokens stand in the place of secrets.
    pub config: String,
    /// The origins that it may reach.
    pub grants: AllowList,
    /// The pairs of host and port that may have private or loopback addresses.
    pub allow_private: Vec<HostPort>,
    /// The secrets that it uses without seeing them.
    pub secrets: Vec<SecretGrant>,
    /// How much it may use.
    pub limits: Limits,
    /// Which certificates are trusted.
    pub tls: TlsOptions,
    /// A proxy that all requests go through.
    pub proxy: Option<Proxy>,
    /// What the component logs is not told, nor what it says of errors once a service has answered: it could quote what must
    /// not be kept.
    pub withholds_words: bool,
}

impl SourceOptions {
    /// The way out that they grant.
    pub(super) fn egress(&self) -> Result<Egress, EgressError> {
        Egress::new(EgressOptions {
            grants: self.grants.clone(),
            allow_private: self.allow_private.clone(),
            secrets: self.secrets.clone(),
            limits: self.limits.http(),
            tls: self.tls.clone(),
            proxy: self.proxy.clone(),
        })
    }
}

/// Takes secrets out of the texts of a configuration. One that is no JSON is the component's to refuse.
fn withhold(secrets: &Secrets, config: String) -> String {
    fn walk(secrets: &Secrets, value: &mut Value) {
        match value {
            Value::String(text) => *text = secrets.withhold(std::mem::take(text)),
            Value::Array(items) => items.iter_mut().for_each(|item| walk(secrets, item)),
            Value::Object(items) => items.values_mut().for_each(|item| walk(secrets, item)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let Ok(mut value) = serde_json::from_str(&config) else { return secrets.withhold(config) };
    walk(secrets, &mut value);
    value.to_string()
}

/// What a component says of itself, its texts made harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// Name of the source.
    pub name: String,
    /// Version of the component.
    pub version: String,
    /// A page for people.
    pub documentation_url: Option<String>,
    /// JSON Schema of the configuration.
    pub config_schema: String,
    /// The origins that it wants to reach with its defaults.
    pub origins: Vec<String>,
}

/// A component with its configuration, in its sandbox. Each call runs in an instance of its own; calls may overlap.
pub struct ComponentSource {
    pub(super) caller: Caller,
    pub(super) config: String,
}

impl ComponentSource {
    /// Prepares a source. Opens no connection and runs nothing.
    pub fn new(component: Component, options: SourceOptions) -> Result<Self, EgressError> {
        Self::with(component, options, None)
    }

    /// The same with a stand-in that answers each granted request in the place of the network.
    pub fn answered_by(component: Component, options: SourceOptions, by: StandIn) -> Result<Self, EgressError> {
        Self::with(component, options, Some(by))
    }

    fn with(component: Component, options: SourceOptions, by: Option<StandIn>) -> Result<Self, EgressError> {
        let limits = options.limits;
        let mut egress = options.egress()?;
        egress.stand_in = by;
        // What a user wrote into the configuration may hold a secret that is elsewhere handed over as a token.
        let config = withhold(&egress.secrets, options.config);
        let log = Log::new(limits.log, Arc::clone(&egress.secrets));
        let words = if options.withholds_words { Words::WithheldOnceAnswered } else { Words::Told };
        Ok(Self { caller: Caller { component, egress: Arc::new(egress), limits, log, words }, config })
    }

    /// Tries the configuration with one cheap request. False when the component cannot.
    pub async fn check(&self) -> Result<bool, SourceError> {
        let Some(setup) = self.caller.component.setup() else { return Ok(false) };
        let call = async |store: &mut _, instance| {
            let guest: setup::Guest = setup.load(&mut *store, &instance)?;
            guest.call_check(store, &self.config).await
        };
        self.caller.call("check", call, Ok).await.map(|_| true)
    }
}

impl Component {
    /// What the component says of itself; none when it does not. It runs without any grant.
    pub async fn describe(&self, limits: &Limits) -> Result<Option<Description>, SourceError> {
        let Some(setup) = self.setup() else { return Ok(None) };
        let options = SourceOptions { limits: *limits, ..SourceOptions::default() };
        let source = ComponentSource::new(self.clone(), options)
            .map_err(|error| SourceError::new(ErrorKind::Config, error.to_string()))?;
        let call = async |store: &mut _, instance| {
            let guest: setup::Guest = setup.load(&mut *store, &instance)?;
            guest.call_describe(store).await.map(Ok)
        };
        let take = |found: setup::Description| {
            Ok(Description {
                name: tame(&found.name),
                version: tame(&found.version),
                documentation_url: found.documentation_url.as_deref().map(tame),
                config_schema: found.config_schema,
                origins: found.origins.iter().map(|origin| tame(origin)).collect(),
            })
        };
        source.caller.call("describe", call, take).await.map(|(description, _)| Some(description))
    }
}

impl Source for ComponentSource {
    async fn resources(&self) -> Result<Vec<ResourceSpec>, SourceError> {
        let call = async |store: &mut _, instance| {
            let guest: source::Guest = self.caller.component.source().load(&mut *store, &instance)?;
            guest.call_list_resources(store, &self.config).await
        };
        let secrets = &self.caller.egress.secrets;
        let (mut specs, _) = self.caller.call("list-resources", call, convert::resources).await?;
        for spec in &mut specs {
            spec.description = secrets.hide(&spec.description);
        }
        Ok(specs)
    }

    async fn fetch_page(&self, request: PageRequest) -> Result<Page, SourceError> {
        let secrets = &self.caller.egress.secrets;
        let wanted = convert::request(&request, |text| secrets.reveal(text));
        let call = async |store: &mut _, instance| {
            let guest: source::Guest = self.caller.component.source().load(&mut *store, &instance)?;
            guest.call_fetch_page(store, &self.config, &wanted).await
        };
        let take = |page| convert::page(convert::without(secrets, page), &request, &self.caller.limits);
        let (page, traffic) = self.caller.call("fetch-page", call, take).await?;
        Ok(Page { traffic, ..page })
    }
}
