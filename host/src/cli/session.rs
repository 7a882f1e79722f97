//! What most commands begin with: a pipeline's configuration, its component in the sandbox, and its secrets.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use super::{args::Changes, environment, exit_code, failure::Failure};
use crate::{
    component::{
        Component, ComponentSource, ComponentWebhook, Description, Engine, Limits, LoadErrorKind, LoadOptions, Pool,
        SourceOptions,
    },
    config::{self, Config, Overrides, SecretBinding, SecretValue, quoted_list},
    http::{
        allow::{AllowList, HostPort},
        origin::GrantError,
        proxy::Proxy,
        secrets::SecretGrant,
        tls::TlsOptions,
        token::new_token,
    },
    lock::{Entry, Folder, LOCK_FILE},
    model::{ResourceName, ResourceSpec},
    privacy::people::Marks,
    sink::SinkOptions,
    source::{ErrorKind, Source, SourceError},
};

/// A pipeline whose component is loaded and whose secrets are known.
pub(crate) struct Session {
    pub(crate) config: Config,
    pub(crate) component: Component,
    pub(crate) limits: Limits,
    secrets: Vec<SecretValue>,
}

impl Session {
    /// Reads the pipeline file, loads the component and looks the secrets up. Contacts nothing.
    pub(crate) async fn open(path: &Path, overrides: &Overrides) -> Result<Self, Failure> {
        Self::open_with(path, overrides, true, None).await
    }

    /// The same for events, which come whether or not there is a service that can be asked: secrets may be missing, unless
    /// the pipeline file says that it is asked.
    pub(crate) async fn open_for_events(path: &Path, overrides: &Overrides) -> Result<Self, Failure> {
        Self::open_with(path, overrides, false, None).await
    }

    /// The same with another component in the place of the pipeline's.
    pub(crate) async fn open_component(path: &Path, overrides: &Overrides, component: &Path) -> Result<Self, Failure> {
        Self::open_with(path, overrides, true, Some(component)).await
    }

    async fn open_with(
        path: &Path,
        overrides: &Overrides,
        asks: bool,
        component: Option<&Path>,
    ) -> Result<Self, Failure> {
        let mut config = Config::load(path, overrides)?;
        if let Some(component) = component {
            component.clone_into(&mut config.component);
            config.sha256 = None;
        }
        let limits = limits(&config.limits);
        let pool =
            if asks { Pool::of_pages(config.concurrency, limits.memory) } else { Pool::of_events(limits.memory) };
        let locked = locked(&config)?;
        let sha256 = locked.as_ref().map(|entry| entry.sha256().to_owned()).or_else(|| config.sha256.clone());
        let component =
            load_for_many_calls(&config.component, sha256, &limits, pool).map_err(|failure| match locked {
                Some(entry) => failure.of_locked(&entry.name),
                None => failure,
            })?;
        let description = component.describe(&limits).await?;
        let asks = asks || config.schedule.is_some() || config.resources.is_some();
        let marked = marked_secrets(description.as_ref()).into_iter().map(|(key, needed)| (key, needed && asks));
        let secrets = config.secrets(&marked.collect::<Vec<_>>(), &environment)?;
        tell_exposed(secrets.iter().map(|secret| &secret.binding), &config.file);
        Ok(Self { config, component, limits, secrets })
    }

    /// A token for each secret: the one given, or else a new one.
    pub(crate) fn tokens(&self, known: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Failure> {
        let mut tokens = known.clone();
        for SecretValue { binding, .. } in &self.secrets {
            if !tokens.contains_key(&binding.key) {
                let token = new_token().map_err(|error| anyhow::anyhow!("cannot get random bytes: {error}"))?;
                tokens.insert(binding.key.clone(), token);
            }
        }
        Ok(tokens)
    }

    /// The keys of the secrets.
    pub(crate) fn secret_keys(&self) -> Vec<String> {
        self.secrets.iter().map(|secret| secret.binding.key.clone()).collect()
    }

    /// The component as a source, with tokens in place of the secrets that are not exposed to it.
    pub(crate) fn source(&self, tokens: &BTreeMap<String, String>) -> Result<ComponentSource, Failure> {
        ComponentSource::new(self.component.clone(), self.options(tokens)?)
            .map_err(|error| Failure::with_code(exit_code::CONFIG, error))
    }

    /// The component as a receiver of events; none when it receives none.
    pub(crate) async fn webhook(&self, tokens: &BTreeMap<String, String>) -> Result<Option<ComponentWebhook>, Failure> {
        self.component.webhook(self.options(tokens)?).await.map_err(config_failure)
    }

    /// Where records say which client they are of: the component's word, and the pipeline file's. An error when neither says.
    pub(crate) async fn marks(&self, tokens: &BTreeMap<String, String>) -> Result<Marks, Failure> {
        let of_component = self.component.marks(self.options(tokens)?).await.map_err(config_failure)?;
        Marks::new(of_component.unwrap_or_default(), &self.config.privacy.client)
            .map_err(|error| Failure::with_code(exit_code::CONFIG, error))
    }

    fn options(&self, tokens: &BTreeMap<String, String>) -> Result<SourceOptions, Failure> {
        let config = &self.config;
        let grants = AllowList::parse(&config.allow).map_err(|error| self.grant_failure("allow", error))?;
        let private = config.allow_private.iter().map(|pair| HostPort::parse(pair)).collect::<Result<_, _>>();
        let proxy = config.proxy.as_deref().map(Proxy::parse).transpose();
        let mut component_config = config.component_config.clone();
        let mut secrets = Vec::with_capacity(self.secrets.len());
        for SecretValue { value, binding } in &self.secrets {
            let Some(token) = tokens.get(&binding.key) else { continue };
            let (value, exposed) = (value.clone(), binding.exposed);
            let given = if exposed { value.expose() } else { token };
            component_config.insert(binding.key.clone(), Value::String(given.to_owned()));
            let origins = match &binding.origins {
                Some(origins) => AllowList::parse(origins).map_err(|error| self.grant_failure("secrets", error))?,
                None => grants.first(),
            };
            secrets.push(SecretGrant { token: token.clone(), value, origins, exposed });
        }
        Ok(SourceOptions {
            config: Value::Object(component_config).to_string(),
            grants,
            allow_private: private.map_err(|error| self.grant_failure("allow_private", error))?,
            secrets,
            limits: self.limits,
            tls: TlsOptions { ca_file: config.ca_file.clone() },
            proxy: proxy.map_err(|error| Failure::with_code(exit_code::CONFIG, error))?,
            withholds_words: !config.privacy.rules.is_empty(),
        })
    }

    /// An entry of the pipeline file or of the command line that grants nothing.
    fn grant_failure(&self, key: &str, error: GrantError) -> Failure {
        let place = format!("`source.{key}` in `{}`", self.config.file.display());
        let hint = "write an origin as `https://host[:port]`, and a private address as `host:port`".to_owned();
        Failure { hint: Some(hint), ..Failure::with_code(exit_code::CONFIG, anyhow::Error::new(error).context(place)) }
    }

    /// What the component lists, in its order.
    pub(crate) async fn list(&self, source: &ComponentSource) -> Result<Vec<ResourceSpec>, Failure> {
        source.resources().await.map_err(config_failure)
    }

    /// Those of the listed resources that the pipeline wants, in the component's order. Hints may also be for resources that
    /// events fill.
    pub(crate) async fn select(&self, listed: Vec<ResourceSpec>) -> Result<Vec<ResourceSpec>, Failure> {
        let names: Vec<&str> = listed.iter().map(|spec| spec.name.as_str()).collect();
        let is_listed = |name: &&ResourceName| names.contains(&name.as_str());
        if let Some(unknown) = self.config.hints.keys().find(|name| !is_listed(name)) {
            let webhook = self.webhook(&self.tokens(&BTreeMap::new())?).await?;
            let pushed = webhook.as_ref().map(ComponentWebhook::resources).unwrap_or_default();
            let names: Vec<&str> = listed.iter().chain(pushed).map(|spec| spec.name.as_str()).collect();
            if let Some(unknown) = self.config.hints.keys().find(|name| !names.contains(&name.as_str())) {
                return Err(unknown_resource(unknown, &names));
            }
            tracing::debug!(resource = %unknown, "hints of a resource that events fill");
        }
        let Some(wanted) = &self.config.resources else { return Ok(listed) };
        if let Some(unknown) = wanted.iter().find(|name| !is_listed(name)) {
            return Err(unknown_resource(unknown, &names));
        }
        Ok(listed.into_iter().filter(|spec| wanted.contains(&spec.name)).collect())
    }
}

/// A resource that is none of those that there are.
pub(crate) fn unknown_resource(name: &ResourceName, names: &[&str]) -> Failure {
    let hint = config::nearest(name.as_str(), names)
        .map_or_else(|| format!("it lists {}", quoted_list(names)), |nearest| format!("did you mean `{nearest}`?"));
    Failure::config(format!("the component lists no resource `{name}`"), Some(hint))
}

/// Where a pipeline writes to, and in whose name.
pub(crate) fn sink_options(config: &Config) -> SinkOptions {
    SinkOptions {
        path: config.database.clone(),
        dataset: config.dataset.clone(),
        pipeline: config.pipeline.clone(),
        schema_name: config.source.clone(),
        lock_wait: config.lock_wait,
        memory: config.memory,
    }
}

/// Loads a component, compiled once and cached.
pub(crate) fn load_component(path: &Path, sha256: Option<String>, limits: &Limits) -> Result<Component, Failure> {
    Ok(Component::load(&engine()?, path, &LoadOptions { sha256, ..LoadOptions::from(limits) })?)
}

/// An engine that keeps what it compiles.
pub(crate) fn engine() -> Result<Engine, Failure> {
    Ok(Engine::new(cache_dir().as_deref()).map_err(anyhow::Error::from)?)
}

/// Loads a component that is called for each page or event. One that is too large for a pool, or a machine without the address
/// space for one, costs speed alone.
fn load_for_many_calls(path: &Path, sha256: Option<String>, limits: &Limits, pool: Pool) -> Result<Component, Failure> {
    let options = LoadOptions { sha256: sha256.clone(), ..LoadOptions::from(limits) };
    let pooled = Engine::pooled(cache_dir().as_deref(), pool).map(|engine| Component::load(&engine, path, &options));
    match pooled {
        Ok(Ok(component)) => Ok(component),
        Ok(Err(error))
            if !matches!(error.kind, LoadErrorKind::Compile(_) | LoadErrorKind::Link(_) | LoadErrorKind::NoPlace) =>
        {
            Err(error.into())
        }
        _ => load_component(path, sha256, limits),
    }
}

/// The entry of the pipeline's component, when it was added by `component add`.
fn locked(config: &Config) -> Result<Option<Entry>, Failure> {
    let Some(entry) = Folder::new(&config.dir).entry_of(&config.component)? else { return Ok(None) };
    let differs = config
        .sha256
        .as_deref()
        .filter(|told| !told.trim().trim_start_matches("sha256:").eq_ignore_ascii_case(entry.sha256()));
    if let Some(told) = differs {
        let (file, locked) = (config.file.display(), entry.sha256());
        return Err(Failure::config(
            format!("`source.sha256` in `{file}` is `{told}`, and `{LOCK_FILE}` has `{locked}` of `{}`", entry.name),
            Some("take `sha256` out: the lock file says the same for each component that was added".to_owned()),
        ));
    }
    Ok(Some(entry))
}

/// The options of a command line that change settings.
pub(crate) fn overrides(changes: &Changes) -> Overrides {
    Overrides {
        set: changes.set.clone(),
        allow: changes.allow.clone(),
        allow_private: changes.allow_private.clone(),
        ..Overrides::default()
    }
}

/// A failure of `list-resources`, which depends on the configuration alone.
pub(crate) fn config_failure(error: SourceError) -> Failure {
    let config = error.kind == ErrorKind::Config;
    let mut failure = Failure::from(error);
    if config {
        failure.code = exit_code::CONFIG;
    }
    failure
}

/// The properties that the component's schema calls secret, each with whether it is required.
pub(crate) fn marked_secrets(description: Option<&Description>) -> Vec<(String, bool)> {
    let Some(description) = description else { return Vec::new() };
    let schema: Value = serde_json::from_str(&description.config_schema).unwrap_or_default();
    let required = |key: &str| {
        schema["required"].as_array().is_some_and(|keys| keys.iter().any(|required| required.as_str() == Some(key)))
    };
    let properties = schema["properties"].as_object().into_iter().flatten();
    // Another key could neither be written into a pipeline file nor be shown.
    let is_key = |key: &str| key.len() <= 100 && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    properties
        .filter(|(key, property)| property["writeOnly"].as_bool() == Some(true) && is_key(key))
        .map(|(key, _)| (key.clone(), required(key)))
        .collect()
}

/// Says which secrets the component itself gets, each time: nothing keeps it from sending one on to any granted origin.
pub(crate) fn tell_exposed<'a>(secrets: impl IntoIterator<Item = &'a SecretBinding>, file: &Path) {
    for SecretBinding { key, .. } in secrets.into_iter().filter(|binding| binding.exposed) {
        let file = file.display();
        eprintln!(
            "warning: the component is given the secret `{key}` itself, for `{file}` says `expose = true`: it can send \
             it to every granted origin, and put it into tables in a form that is not recognized"
        );
    }
}

/// The sandbox's limits with those of the pipeline file laid over them.
pub(crate) fn limits(overrides: &config::Limits) -> Limits {
    let mut limits = Limits::default();
    macro_rules! lay_over {
        ($($field:ident),*) => { $( if let Some(value) = overrides.$field { limits.$field = value; } )* };
    }
    lay_over!(
        memory,
        page_cpu,
        page_time,
        idle,
        response,
        response_head,
        page_bytes,
        page_records,
        requests_per_page,
        connections,
        handles,
        log,
        component,
        compile_time
    );
    limits
}

/// Where compiled components are kept; none when the system says nothing of a place for caches.
fn cache_dir() -> Option<std::path::PathBuf> {
    use etcetera::BaseStrategy;

    if let Some(dir) = environment("SLUICEGATE_CACHE_DIR") {
        return Some(dir.into());
    }
    Some(etcetera::choose_base_strategy().ok()?.cache_dir().join("sluicegate"))
}
