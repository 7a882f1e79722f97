//! The configuration of the component: one JSON object, checked whole before anything is done with it.

use sluicegate_guest::{Error, Kind, Result, Setting, Settings, Source, secret::Secret, url::encode};

use crate::resources::resources;

/// Where JivoChat answers.
pub const BASE_URL: &str = "https://wh.jivosite.com";

/// JSON Schema of the configuration.
pub const SCHEMA: &str = include_str!("config/schema.json");

/// The keys; the schema says what there is to say of them.
pub const SETTINGS: [Setting; 5] = [
    Setting::new("base_url", Kind::Url, "").or(BASE_URL),
    Setting::new("random", Kind::Text, ""),
    Setting::new("jivo_public_id", Kind::Secret, ""),
    Setting::new("page_size", Kind::Count, ""),
    Setting::new("resources", Kind::Resources, ""),
];

/// Reads and checks the configuration. Errors are `invalid-config` and name the key by its dotted path.
pub fn parse(json: &str) -> Result<Source> {
    source(&Settings::open(json, &SETTINGS)?)
}

/// The channel and its resources.
pub fn source(settings: &Settings<'_>) -> Result<Source> {
    read(settings, None)
}

/// Checks a configuration for events alone: they come whether or not there is a channel that can be read.
pub fn check_for_events(json: &str) -> Result<()> {
    read(&Settings::open(json, &SETTINGS)?, Some("-")).map(|_| ())
}

/// The names of the resources that can be asked for, checked in the same way.
pub fn resources_for_events(json: &str) -> Result<Vec<String>> {
    let source = read(&Settings::open(json, &SETTINGS)?, Some("-"))?;
    Ok(source.resources.into_iter().map(|resource| resource.name).collect())
}

/// Reads the settings, with `channel` in the place of what is missing of the channel's URL.
fn read(settings: &Settings<'_>, channel: Option<&str>) -> Result<Source> {
    let base = settings.url("base_url")?;
    let random = required(settings, "random", channel)?;
    let secret = Secret::new(secret(settings, channel)?);
    // A `.` or `..` would be another path, however it is encoded.
    for (key, segment) in [("random", random.as_str()), ("jivo_public_id", secret.reveal())] {
        if matches!(segment, "." | "..") {
            return Err(Error::config(format!("`{key}` must be a segment of the channel's URL")));
        }
    }
    let below = format!("{}/{}/", encode(&random), encode(secret.reveal()));
    let mut source = Source::new(base).secret(secret).page_size(settings.count("page_size")?);
    source.root.target.push_str(&below);
    let resources = resources(&source)?;
    source.with(resources).configured(settings.table().get("resources"))
}

fn required(settings: &Settings<'_>, key: &str, stand_in: Option<&str>) -> Result<String> {
    settings.text(key)?.or_else(|| stand_in.map(str::to_owned)).ok_or_else(|| {
        Error::config(format!("`{key}` is missing: the channel's URL is `{BASE_URL}/<random>/<jivo_public_id>`"))
    })
}

/// The secret, of which no message says more than that it is wrong.
fn secret(settings: &Settings<'_>, stand_in: Option<&str>) -> Result<String> {
    match settings.table().get("jivo_public_id") {
        Some(value) if value.string().is_none() => Err(Error::config("`jivo_public_id` must be a text")),
        _ => required(settings, "jivo_public_id", stand_in),
    }
}

#[cfg(test)]
mod tests;
