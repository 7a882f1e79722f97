//! What `serve` and `replay` begin with: an inbox, a component that takes events, and what loads them.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::{
    failure::Failure,
    plan, privacy, render, retention, run,
    session::{Session, sink_options},
};
use crate::{
    component::ComponentWebhook,
    config::Config,
    model::{MergeStrategy, ResourceName, ResourceSpec, SortOrder, WriteDisposition},
    normalize::{ResourceHints, schema::Schema},
    privacy::Guarded,
    serve::{
        Loader, LoaderOptions,
        inbox::{Inbox, InboxError, Lock},
    },
    sink::{Reader, SinkError, Stored},
    state::State,
};

/// The fact beside the events that holds the tokens of secrets, for when the destination cannot be read.
const TOKENS: &str = "tokens";

/// What is needed to receive events.
pub(crate) struct Parts {
    /// Held for as long as this process receives into the inbox.
    pub(crate) lock: Lock,
    pub(crate) inbox: Inbox,
    pub(crate) webhook: Guarded<ComponentWebhook>,
    pub(crate) loader: Loader,
    /// Resources whose records take the place of their older selves.
    pub(crate) keyed: HashSet<ResourceName>,
}

impl Parts {
    /// Puts the parts together. The inbox is made once nothing is wrong with the configuration.
    pub(crate) async fn new(session: &Session) -> Result<Self, Failure> {
        let config = &session.config;
        let noted = match Inbox::open(&config.serve.inbox) {
            Ok(inbox) => inbox.fact(TOKENS)?,
            Err(InboxError::Missing { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let stored = stored(config)?;
        let tokens = tokens(session, noted.as_deref(), stored.as_ref())?;
        let Some(mut webhook) = session.webhook(&tokens).await? else {
            return Err(Failure::config(
                format!("the component `{}` receives no events", config.component.display()),
                Some("it does not export `webhook`; `sluicegate run` asks its service for data instead".to_owned()),
            ));
        };
        // What the pipeline file says of resources must be about some that there are, pulled or pushed. Those that are pulled
        // are looked up if it names one: without a service that can be asked there are none.
        let is_pushed = |name: &ResourceName| webhook.resources().iter().any(|spec| spec.name == *name);
        if config.resources.is_some() || !config.hints.keys().all(is_pushed) {
            session.select(session.list(&session.source(&tokens)?).await?).await?;
        }
        let schema = stored.and_then(|stored| stored.schema).unwrap_or_else(|| Schema::new(&config.source));
        let resources = resources(webhook.resources(), config, &schema)?;
        retention::warn_of_unknown(config, &schema, webhook.resources().iter().map(|spec| spec.name.as_str()));
        let is_keyed = |hints: &ResourceHints| {
            let has_key = hints.primary_key.as_ref().is_some_and(|key| !key.is_empty());
            hints.write_disposition == WriteDisposition::Merge && has_key
        };
        let keyed = resources.iter().filter(|(hints, _)| is_keyed(hints));
        let keyed = keyed.map(|(hints, _)| hints.resource.clone()).collect();
        let guard = privacy::guard(config)?;
        let lock = Inbox::lock(&config.serve.inbox)?;
        let guard = privacy::without_forgotten(guard, session, &tokens).await?;
        if !guard.is_idle() && guard.absent().is_some() {
            // To tell whose an event is, the component sees it whole.
            webhook.withhold_words();
        }
        let inbox = Inbox::open_or_make(&config.serve.inbox, &new_id()?)?;
        inbox.set_fact(TOKENS, &serde_json::to_string(&tokens).unwrap_or_default())?;
        let loader = Loader::new(LoaderOptions {
            sink: sink_options(config),
            resources,
            contract: config.schema_contract,
            tokens,
            random: run::random_source,
            retention: retention::limits(config),
        });
        Ok(Self { lock, inbox, webhook: Guarded::new(webhook, guard), loader, keyed })
    }
}

/// What the destination holds; none when another process has it just now. Events are taken all the same.
fn stored(config: &Config) -> Result<Option<Stored>, Failure> {
    let database = &config.database;
    if !database.exists() {
        if let Some(folder) = database.parent().filter(|folder| !folder.is_dir()) {
            let reason = format!("the folder `{}` is not there", folder.display());
            return Err(SinkError::NotFound { path: database.clone(), reason }.into());
        }
        return Ok(Some(Stored::default()));
    }
    let read = Reader::open(database, config.lock_wait.min(WAIT), &mut render::waiting(database))
        .and_then(|reader| reader.stored(&sink_options(config)));
    match read {
        Ok(stored) => Ok(Some(stored)),
        Err(SinkError::Locked { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// How long the destination is waited for before events are taken.
const WAIT: std::time::Duration = std::time::Duration::from_secs(1);

/// The tokens that stand for secrets: those of the destination, those that were noted beside the events, or new ones.
fn tokens(
    session: &Session,
    noted: Option<&str>,
    stored: Option<&Stored>,
) -> Result<BTreeMap<String, String>, Failure> {
    let noted = noted.and_then(|text| serde_json::from_str(text).ok());
    let mut known: BTreeMap<String, String> = noted.unwrap_or_default();
    if let Some(stored) = stored {
        let sources = Value::Object(stored.state.clone().unwrap_or_default());
        let mut state = State::read(&sources, &session.config.source)?;
        if let Some(staged) = &stored.staged {
            state.read_staged(staged, &session.config.source)?;
        }
        known.extend(state.tokens);
    }
    session.tokens(&known)
}

/// How the rows of events are written, with the field that tells which of two records with one key is the later one.
fn resources(
    specs: &[ResourceSpec],
    config: &Config,
    schema: &Schema,
) -> Result<Vec<(ResourceHints, Option<String>)>, Failure> {
    let hints = plan::hints(specs, config);
    plan::check(&hints, schema, config)?;
    hints.iter().try_for_each(|hints| privacy::check_stored(hints, schema, config))?;
    let resource = |(mut hints, spec): (ResourceHints, &ResourceSpec)| {
        let name = &hints.resource;
        let whole = match hints.write_disposition {
            WriteDisposition::Replace => Some("`replace`"),
            WriteDisposition::Merge if hints.merge.strategy == Some(MergeStrategy::Scd2) => Some("`scd2`"),
            _ => None,
        };
        if let Some(whole) = whole {
            let hint = "write `append` or `merge`: an event does not know the others".to_owned();
            let message = format!("{whole} needs a resource that comes to an end, and events of `{name}` never do");
            return Err(Failure::config(message, Some(hint)));
        }
        privacy::check(&hints, spec.incremental.as_deref(), config)?;
        let version = spec.incremental.clone().filter(|_| hints.write_disposition == WriteDisposition::Merge);
        if let Some(version) = &version
            && hints.merge.dedup_sort.is_none()
        {
            hints.merge.dedup_sort = Some((version.clone(), SortOrder::Desc));
        }
        Ok((hints, version))
    };
    hints.into_iter().zip(specs).map(resource).collect()
}

/// What a new inbox is called: it is told from others in the destination.
fn new_id() -> Result<String, Failure> {
    let id = getrandom::u64().map_err(|error| anyhow::anyhow!("cannot get random bytes: {error}"))?;
    Ok(format!("{id:016x}"))
}
