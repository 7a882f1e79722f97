//! `state`: shows where the resources of a pipeline stopped, or forgets it.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

use super::{
    args::{StateArgs, StateFormat, StateShowArgs},
    exit_code,
    failure::{Failure, Outcome},
    render,
    session::{Session, sink_options, unknown_resource},
};
use crate::{
    config::{Config, Overrides},
    incremental::Mark,
    model::ResourceName,
    normalize::schema::Schema,
    pipeline,
    sink::{CommitLoad, Reader, Sink, Stored},
    state::{self, Checkpoint, State},
};

/// Prints where resources stopped. Opens the destination for reading only.
pub(crate) async fn show(args: &StateShowArgs) -> Outcome {
    let asked = Asked::new(&args.of.names)?;
    let config = &asked.config;
    let stored = if config.database.exists() {
        let reader = Reader::open(&config.database, config.lock_wait, &mut render::waiting(&config.database))?;
        reader.stored(&sink_options(config))?
    } else {
        Stored::default()
    };
    let known = Known::new(config, &stored)?;
    let names = known.choose(&asked).await?;
    let text = match args.format {
        StateFormat::Text => known.text(&names, config),
        StateFormat::Json => known.json(&names, config)?,
    };
    // Tokens only stand for secrets; still, what is shown may end up anywhere.
    let tokens = known.state.tokens.values();
    render::data(&tokens.fold(text, |text, token| text.replace(token.as_str(), "***")))?;
    Ok(exit_code::OK)
}

/// Forgets where resources stopped, in one transaction, and tells what that was.
pub(crate) async fn reset(args: &StateArgs) -> Outcome {
    let asked = Asked::new(&args.names)?;
    let config = &asked.config;
    if !config.database.exists() {
        let known = Known::new(config, &Stored::default())?;
        known.choose(&asked).await?;
        render::data(&format!("nothing to forget: there is no {} yet\n", config.destination()))?;
        return Ok(exit_code::OK);
    }
    let mut sink = Sink::open(sink_options(config), &mut render::waiting(&config.database))?;
    let stored = sink.stored()?;
    let mut known = Known::new(config, &stored)?;
    let names = known.choose(&asked).await?;
    let mut told = String::new();
    for name in &names {
        let forgotten: Vec<String> = known.facts(name, &config.source).into_iter().map(|fact| fact.name).collect();
        let forgotten = if forgotten.is_empty() { "nothing".to_owned() } else { forgotten.join(", ") };
        let _ = writeln!(told, "{name}: forgot {forgotten}");
        known.forget(name, &config.source);
    }
    let mut sources = known.sources.clone();
    known.state.write(&mut sources, &config.source);
    let staged = known.state.staged();
    let now = jiff::Timestamp::now().as_microsecond();
    let schema = stored.schema.unwrap_or_else(|| Schema::new(&config.source));
    if Value::Object(stored.state.unwrap_or_default()) == sources {
        if stored.staged != staged {
            sink.save(&schema, staged.as_ref(), now)?;
        }
    } else {
        let load_id = pipeline::load_id(now);
        sink.commit(&CommitLoad {
            load_id: &load_id,
            schema: &schema,
            state: &sources,
            staged: staged.as_ref(),
            inbox: None,
            finished: &[],
            inserted_at: now,
        })?;
    }
    sink.close()?;
    render::data(&told)?;
    Ok(exit_code::OK)
}

/// What the command line asks for.
struct Asked {
    pipeline: PathBuf,
    resources: Vec<ResourceName>,
    config: Config,
}

impl Asked {
    /// Tells the pipeline file from resources: it ends in `.toml`, or is a file.
    fn new(names: &[String]) -> Result<Self, Failure> {
        let is_pipeline =
            |name: &&String| Path::new(name).extension().is_some_and(|end| end == "toml") || Path::new(name).is_file();
        let (pipelines, resources): (Vec<&String>, Vec<&String>) = names.iter().partition(is_pipeline);
        let pipeline = match pipelines.as_slice() {
            [] => super::environment("SLUICEGATE_PIPELINE").unwrap_or_else(|| "sluicegate.toml".to_owned()),
            [one] => (*one).clone(),
            [one, two, ..] => {
                return Err(Failure::config(
                    format!("`{one}` and `{two}` are two pipeline files, and one is wanted"),
                    None,
                ));
            }
        };
        let resources = resources.into_iter().map(|name| ResourceName::new(name.as_str()));
        let resources = resources.collect::<Result<_, _>>();
        let resources = resources.map_err(|error| Failure::with_code(exit_code::CONFIG, error))?;
        let config = Config::load(Path::new(&pipeline), &Overrides::default())?;
        Ok(Self { pipeline: pipeline.into(), resources, config })
    }
}

/// Something that is kept of a resource.
struct Fact {
    /// What it is.
    name: String,
    /// The value, for people.
    value: String,
}

/// What is known of the resources of a pipeline.
struct Known {
    /// dlt's `sources` object.
    sources: Value,
    state: State,
    /// All resources of which anything is known, if only that the pipeline file names them.
    names: Vec<ResourceName>,
}

impl Known {
    fn new(config: &Config, stored: &Stored) -> Result<Self, Failure> {
        let mut sources = Value::Object(stored.state.clone().unwrap_or_default());
        let mut state = State::read(&sources, &config.source)?;
        if let Some(staged) = &stored.staged {
            state.read_staged(staged, &config.source)?;
            state.lay_staged_over(&mut sources, &config.source);
        }
        let kept =
            sources[&config.source]["resources"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let tables = stored.schema.iter().flat_map(|schema| schema.tables.values());
        let loaded = tables.filter(|table| table.parent.is_none()).filter_map(|table| table.resource.as_deref());
        let mut names: Vec<ResourceName> = Vec::new();
        let configured = config.resources.iter().flatten().cloned();
        let stored = loaded.chain(kept).filter_map(|name| ResourceName::new(name).ok());
        for name in configured.chain(stored).chain(state.completed.iter().cloned()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(Self { sources, state, names })
    }

    /// The resources that are asked for, or else all. One that nothing is known of may still be one of the component's.
    async fn choose(&self, asked: &Asked) -> Result<Vec<ResourceName>, Failure> {
        if asked.resources.is_empty() {
            return Ok(self.names.clone());
        }
        if asked.resources.iter().any(|name| !self.names.contains(name)) {
            let session = Session::open(&asked.pipeline, &Overrides::default()).await?;
            let source = session.source(&session.tokens(&BTreeMap::new())?)?;
            let listed = session.list(&source).await?;
            let mut names: Vec<&str> = listed.iter().map(|spec| spec.name.as_str()).collect();
            let more = self.names.iter().map(ResourceName::as_str);
            names.extend(more.filter(|name| listed.iter().all(|spec| spec.name.as_str() != *name)));
            if let Some(unknown) = asked.resources.iter().find(|name| !names.contains(&name.as_str())) {
                return Err(unknown_resource(unknown, &names));
            }
        }
        Ok(asked.resources.clone())
    }

    /// What is kept of a resource; nothing when the next run reads it from its beginning.
    fn facts(&self, name: &ResourceName, source: &str) -> Vec<Fact> {
        let mut facts = Vec::new();
        let none = Map::new();
        let kept = self.sources[source]["resources"][name.as_str()].as_object().unwrap_or(&none);
        let own = kept.get(state::KEY).and_then(Value::as_object).unwrap_or(&none);
        for (key, value) in own {
            let name = match key.as_str() {
                "cursor" => "next page",
                "state" => "state of the component",
                "refresh" => "refresh that is under way",
                "reading" => "incremental read that is under way",
                "boundary" => "known records at the last value",
                other => other,
            };
            let value = match (key.as_str(), value) {
                ("reading", read) => {
                    let start = read.get("start").map_or_else(|| "the beginning".to_owned(), shown_mark);
                    let highest =
                        read.get("highest").map_or_else(|| "nothing".to_owned(), |at| shown_mark(&at["value"]));
                    format!("`{}` from {start}, up to {highest} so far", shown(&read["cursor_path"]))
                }
                ("boundary", Value::Array(hashes)) => hashes.len().to_string(),
                (_, value) => shown(value),
            };
            facts.push(Fact { name: name.to_owned(), value });
        }
        for (key, value) in kept.iter().filter(|(key, _)| *key != state::KEY) {
            match (key.as_str(), value) {
                ("incremental", Value::Object(fields)) => facts.extend(fields.iter().map(|(field, kept)| Fact {
                    name: format!("last value of `{field}`"),
                    value: shown_mark(&kept["last_value"]),
                })),
                (key, value) => facts.push(Fact { name: key.to_owned(), value: shown(value) }),
            }
        }
        if self.state.completed.contains(name) {
            let value = "by a run that did not end by itself; the next one does not read it again".to_owned();
            facts.push(Fact { name: "completed".to_owned(), value });
        }
        facts
    }

    fn text(&self, names: &[ResourceName], config: &Config) -> String {
        let mut text = String::new();
        for name in names {
            let facts = self.facts(name, &config.source);
            let _ = writeln!(text, "{name}");
            if facts.is_empty() {
                text.push_str("  nothing is kept: the next run reads it from its beginning\n");
            }
            for fact in facts {
                let _ = writeln!(text, "  {}: {}", fact.name, fact.value);
            }
        }
        text
    }

    fn json(&self, names: &[ResourceName], config: &Config) -> Result<String, Failure> {
        let resource = |name: &ResourceName| {
            let mut kept =
                self.sources[&config.source]["resources"][name.as_str()].as_object().cloned().unwrap_or_default();
            let own = kept.shift_remove(state::KEY);
            let mut resource = Map::new();
            for key in ["cursor", "state", "refresh"] {
                resource.insert(key.to_owned(), Value::Null);
            }
            resource.extend(own.and_then(|own| own.as_object().cloned()).unwrap_or_default());
            resource.insert("completed".to_owned(), self.state.completed.contains(name).into());
            resource.extend(kept);
            (name.to_string(), Value::Object(resource))
        };
        let resources: Map<String, Value> = names.iter().map(resource).collect();
        let document = json!({
            "pipeline": config.pipeline, "dataset": config.dataset, "source": config.source, "resources": resources,
        });
        Ok(serde_json::to_string_pretty(&document).map_err(anyhow::Error::from)? + "\n")
    }

    /// Forgets a resource, but for a refresh that is under way: its rows are staged from the beginning again.
    fn forget(&mut self, name: &ResourceName, source: &str) {
        state::forget(&mut self.sources, source, name);
        self.state.completed.remove(name);
        self.state.incremental.remove(name);
        self.state.resources.remove(name);
        let refresh = self.state.staged.remove(name).and_then(|checkpoint| checkpoint.refresh);
        if refresh.is_some() {
            self.state.staged.insert(name.clone(), Checkpoint { refresh, ..Checkpoint::default() });
        }
    }
}

/// A value of an incremental field for people, without the tag that dlt gives to Python's types.
fn shown_mark(value: &Value) -> String {
    Mark::new(value).map_or_else(|| shown(value), |mark| mark.to_string())
}

/// A value for people: text as it is, everything else as JSON.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
