//! Loads resources into a DuckDB file, the way the program's `run` does.

use std::{path::PathBuf, sync::Arc, time::Duration};

use serde_json::Value;

use super::{Embedded, Error};
use crate::{
    model::{ResourceSpec, WriteDisposition},
    normalize::{Normalizer, ResourceHints, schema::Schema},
    pipeline::{self, Action, Destination, Finished, LoadThresholds, Planned, Settings, Unobserved},
    sink::{Sink, SinkOptions},
    state::State,
};

/// Where resources are loaded to, and in whose name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoadInto {
    /// The DuckDB file, made when it is missing.
    pub database: PathBuf,
    /// The schema that holds the tables.
    pub dataset: String,
    /// Name of the pipeline, which the state is kept under.
    pub pipeline: String,
    /// Name of the source, which is the schema's name in dlt.
    pub source: String,
    /// How long to wait for a file that another process holds.
    pub lock_wait: Duration,
    /// How many bytes the database may hold in memory.
    pub memory: u64,
    /// How many resources are fetched at once.
    pub concurrency: usize,
}

impl LoadInto {
    /// A file and a dataset; pipeline and source are called after the dataset.
    pub fn new(database: impl Into<PathBuf>, dataset: impl Into<String>) -> Self {
        let dataset = dataset.into();
        Self {
            database: database.into(),
            pipeline: format!("{dataset}_pipeline"),
            source: format!("{dataset}_source"),
            dataset,
            lock_wait: Duration::from_secs(30),
            memory: 64 << 20,
            concurrency: 4,
        }
    }
}

/// A load that is over; its report says what became of each resource.
pub type Loaded = Finished;

impl Embedded {
    /// Loads resources, or all when none is named. One that was stopped in the middle goes on at its last cursor; one that
    /// fails does not stop the others, and is told in the report. What was committed stays in every case, also when the
    /// future is dropped. A resource is read whole: fields to read on by are the program's alone.
    ///
    /// # Errors
    /// [`Error::UnknownResource`], and [`Error::Sink`] or [`Error::State`] when the file cannot be worked with.
    pub async fn load_into(&self, into: &LoadInto, resources: &[&str]) -> Result<Loaded, Error> {
        let listed = self.resources().await?;
        if let Some(unknown) = resources.iter().find(|name| listed.iter().all(|spec| spec.name.as_str() != **name)) {
            return Err(Error::UnknownResource((*unknown).to_owned()));
        }
        let wanted = |spec: &&ResourceSpec| resources.is_empty() || resources.contains(&spec.name.as_str());
        let sink = Sink::open(sink_options(into), &mut |_| ())?;
        let stored = sink.stored()?;
        let sources = Value::Object(stored.state.unwrap_or_default());
        let mut state = State::read(&sources, &into.source)?;
        if let Some(staged) = &stored.staged {
            state.read_staged(staged, &into.source)?;
        }
        // Tokens stay the same from load to load, and with them cursors and rows.
        state.tokens = self.settings.tokens(&state.tokens)?;
        let source = self.settings.source(&self.component, &state.tokens)?;
        let schema = stored.schema.unwrap_or_else(|| Schema::new(&into.source));
        let planned: Vec<Planned> = listed.iter().filter(wanted).map(|spec| planned(spec, &mut state)).collect();
        let normalizer = Normalizer::new(schema, random_bytes());
        let destination = Destination { sink, normalizer, sources, state, drop_others: None };
        let settings = self.settings(into)?;
        let never = std::future::pending();
        Ok(pipeline::run(&source, &planned, destination, &settings, Arc::new(Unobserved), never).await)
    }

    fn settings(&self, into: &LoadInto) -> Result<Settings, Error> {
        let id = getrandom::u64().map_err(|_| Error::Random)?;
        Ok(Settings {
            run_id: format!("{id:016x}"),
            pipeline: into.pipeline.clone(),
            dataset: into.dataset.clone(),
            source: into.source.clone(),
            destination: format!("duckdb:{}", into.database.display()),
            concurrency: into.concurrency.max(1),
            retry: self.settings.retry,
            load: LoadThresholds { rows: 100_000, bytes: 64 << 20, every: Duration::from_secs(10) },
            pages: self.settings.limits.pages,
            page_hints: (10_000, 8 << 20),
            guard: crate::privacy::Guard::default(),
        })
    }
}

fn sink_options(into: &LoadInto) -> SinkOptions {
    SinkOptions {
        path: into.database.clone(),
        dataset: into.dataset.clone(),
        pipeline: into.pipeline.clone(),
        schema_name: into.source.clone(),
        lock_wait: into.lock_wait,
        memory: into.memory,
    }
}

/// What is done with a resource, by the component's own facts.
fn planned(spec: &ResourceSpec, state: &mut State) -> Planned {
    let mut hints = ResourceHints::new(spec.name.clone());
    hints.write_disposition = spec.write_disposition;
    hints.primary_key = (!spec.primary_key.is_empty()).then(|| spec.primary_key.clone());
    state.take_up(&spec.name, spec.write_disposition == WriteDisposition::Replace);
    let action = if state.completed.contains(&spec.name) {
        Action::AlreadyDone
    } else {
        Action::Fetch(state.resources.get(&spec.name).cloned().unwrap_or_default())
    };
    let refresh = match &action {
        Action::Fetch(checkpoint) => checkpoint.refresh.clone(),
        _ => None,
    };
    Planned { hints, action, incremental: None, refresh }
}

fn random_bytes() -> crate::normalize::RandomBytes {
    // Without random bytes ids would repeat, and no row may be written then.
    Box::new(|bytes| getrandom::fill(bytes).unwrap_or_else(|error| panic!("the system has no random bytes: {error}")))
}
