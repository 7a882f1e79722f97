//! `resources`: what a component lists.

use std::collections::BTreeMap;

use comfy_table::{Table, presets};
use serde_json::{Map, Value, json};

use super::{
    args::ResourcesArgs,
    exit_code,
    failure::{Failure, Outcome},
    render,
    session::{self, Session, overrides},
};
use crate::{
    component::{ComponentSource, Limits, SourceOptions},
    model::ResourceSpec,
    source::Source,
};

/// Prints the resources of a pipeline, or of a component without configuration.
pub(crate) async fn resources(args: ResourcesArgs) -> Outcome {
    let listed = if args.target.extension().is_some_and(|extension| extension == "wasm") {
        of_component(&args).await?
    } else {
        let session = Session::open(&args.target, &overrides(&args.changes)).await?;
        let source = session.source(&session.tokens(&BTreeMap::new())?)?;
        session.list(&source).await?
    };
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header([
        "name",
        "write disposition",
        "primary key",
        "incremental",
        "description",
    ]);
    for spec in &listed {
        table.add_row(row(spec));
    }
    render::data(&format!("{}\n", table.trim_fmt()))?;
    Ok(exit_code::OK)
}

async fn of_component(args: &ResourcesArgs) -> Result<Vec<ResourceSpec>, Failure> {
    let component = session::load_component(&args.target, None, &Limits::default())?;
    let description = component.describe(&Limits::default()).await?;
    let schema = description.and_then(|found| serde_json::from_str(&found.config_schema).ok()).unwrap_or_default();
    let mut config = examples(&schema);
    config.extend(args.changes.set.iter().map(|(key, value)| (key.clone(), json!(value))));
    let options = SourceOptions { config: serde_json::Value::Object(config).to_string(), ..SourceOptions::default() };
    let source = ComponentSource::new(component, options).map_err(anyhow::Error::from)?;
    source.resources().await.map_err(|error| {
        let mut failure = session::config_failure(error);
        failure.hint =
            Some("name a pipeline file instead, or give the component what it needs with `--set KEY=VALUE`".into());
        failure
    })
}

/// What a component's schema requires, with the schema's own example in each place, or just a word: enough to list
/// resources by.
fn examples(schema: &Value) -> Map<String, Value> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let example = |key: &str| match &schema["properties"][key]["examples"][0] {
        Value::Null => json!("example"),
        example => example.clone(),
    };
    required.map(|key| (key.to_owned(), example(key))).collect()
}

fn row(spec: &ResourceSpec) -> [String; 5] {
    let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    [
        spec.name.to_string(),
        spec.write_disposition.as_str().to_owned(),
        or_none(spec.primary_key.join(", ")),
        or_none(spec.incremental.clone().unwrap_or_default()),
        spec.description.clone(),
    ]
}
