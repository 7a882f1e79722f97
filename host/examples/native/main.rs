//! The JivoChat source compiled into the program instead of run as a component, for `make bench` alone: it shows what the
//! sandbox costs.
//!
//! `native ORIGIN FILE` loads `inbound_messages` into the dataset `bench` of a DuckDB file through the same pipeline:
//! queue, normalizer and sink. What it leaves out is the sandbox and all that belongs to it: WebAssembly, the look for
//! secrets in answers, limits, grants and the pooled asynchronous client, in whose place is the plainest client there is.

mod http;

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use jivochat::JivoChat;
use serde_json::{Value, json};
use sluicegate::{
    model::{Cursor, Page, PageRequest, ResourceName, ResourceSpec},
    normalize::{Normalizer, ResourceHints, schema::Schema},
    pipeline::{self, Action, Destination, LoadThresholds, Planned, Settings, Unobserved},
    retry::RetryPolicy,
    sink::{Sink, SinkOptions},
    source::{ErrorKind, Source, SourceError},
    state::{Checkpoint, State},
};
use sluicegate_guest::{bindings::types, component};

use crate::http::Client;

/// The component's code, called directly.
struct Native {
    config: String,
    client: Client,
}

impl Source for Native {
    async fn resources(&self) -> Result<Vec<ResourceSpec>, SourceError> {
        Ok(Vec::new())
    }

    async fn fetch_page(&self, request: PageRequest) -> Result<Page, SourceError> {
        let request = types::PageRequest {
            resource_name: request.resource.to_string(),
            incremental: None,
            cursor: request.cursor.map(|cursor| cursor.0),
            state: request.state,
            max_records: request.max_records,
            max_bytes: request.max_bytes,
        };
        let page = component::fetch_page::<JivoChat>(&self.client, &self.config, &request)
            .map_err(|error| SourceError::new(ErrorKind::Permanent, error.message))?;
        Ok(Page { records: page.records.into(), next: page.next.map(Cursor), ..Page::default() })
    }
}

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let (origin, file) = args.next().zip(args.next()).context("usage: native ORIGIN FILE")?;
    let config = json!({"base_url": origin, "random": "bench", "jivo_public_id": "bench-public-id"}).to_string();
    let source = Native { config, client: Client::default() };
    let options = SinkOptions {
        path: file.clone().into(),
        dataset: "bench".into(),
        pipeline: "bench".into(),
        schema_name: "bench".into(),
        lock_wait: Duration::ZERO,
        memory: 128 << 20,
    };
    let destination = Destination {
        sink: Sink::open(options, &mut |_| ())?,
        normalizer: Normalizer::new(Schema::new("bench"), random_bytes()),
        sources: Value::Object(serde_json::Map::new()),
        state: State::default(),
        drop_others: None,
    };
    let planned = Planned {
        hints: ResourceHints::new(ResourceName::new("inbound_messages")?),
        action: Action::Fetch(Checkpoint::default()),
        incremental: None,
        refresh: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let never = std::future::pending();
    let (planned, settings) = ([planned], settings(file));
    let run = pipeline::run(&source, &planned, destination, &settings, Arc::new(Unobserved), never);
    let finished = runtime.block_on(run);
    if let Some(error) = finished.source_errors.into_iter().flatten().next() {
        return Err(error.into());
    }
    finished.loader_error.map_or(Ok(()), |error| Err(error.into()))
}

/// As the program has them when the pipeline file says nothing.
fn settings(destination: String) -> Settings {
    Settings {
        run_id: "native".into(),
        pipeline: "bench".into(),
        dataset: "bench".into(),
        source: "bench".into(),
        destination,
        concurrency: 4,
        retry: RetryPolicy { attempts: 1, max_wait: Duration::ZERO, budget: Duration::ZERO },
        load: LoadThresholds { rows: 100_000, bytes: 64 << 20, every: Duration::from_secs(10) },
        pages: 100_000,
        page_hints: (10_000, 8 << 20),
        guard: sluicegate::privacy::Guard::default(),
    }
}

fn random_bytes() -> sluicegate::normalize::RandomBytes {
    // Without random bytes ids would repeat, and no row may be written then.
    Box::new(|bytes| getrandom::fill(bytes).unwrap_or_else(|error| panic!("the system has no random bytes: {error}")))
}
