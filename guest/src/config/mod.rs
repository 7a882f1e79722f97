//! The configuration of the component: one JSON object, checked whole before anything is done with it.

pub mod paginator;
pub mod resource;
pub mod table;

use crate::{
    error::{Error, Result},
    json::Json,
    resources::{BUILT_IN, Resource},
    response::excerpt,
    secret::Secret,
    url::{Url, encode},
};
use resource::{Defaults, Place};
use table::{Table, members, unknown};

/// Where JivoChat answers.
pub const BASE_URL: &str = "https://wh.jivosite.com";

/// JSON Schema of the configuration.
pub const SCHEMA: &str = include_str!("schema.json");

const KEYS: [&str; 5] = ["base_url", "random", "jivo_public_id", "page_size", "resources"];

/// The settings of a run.
#[derive(Clone, Debug)]
pub struct Config {
    /// `base_url`: requests to its origin may hold the secret.
    pub base: Url,
    /// The token that stands for the channel's secret.
    pub secret: Secret,
    /// The five resources and those added, in this order.
    pub resources: Vec<Resource>,
}

impl Config {
    /// Reads and checks the configuration. Errors are `invalid-config` and name the key by its dotted path.
    pub fn parse(json: &str) -> Result<Self> {
        Self::read(json, None)
    }

    /// Checks a configuration for events alone: they come whether or not there is a channel that can be read.
    pub fn check_for_events(json: &str) -> Result<()> {
        Self::read(json, Some("-")).map(|_| ())
    }

    /// Reads and checks the configuration, with `channel` in the place of what is missing of the channel's URL.
    fn read(json: &str, channel: Option<&str>) -> Result<Self> {
        let value = Json::parse(json)
            .map_err(|error| Error::config(format!("the configuration is no JSON object: {error}")))?;
        let table = Table::open(value, "", &KEYS)?;
        let base_url = table.text("base_url")?.unwrap_or_else(|| BASE_URL.to_owned());
        let mut base =
            Url::parse(&base_url).map_err(|reason| Error::config(format!("`base_url` {reason}: `{base_url}`")))?;
        if base.target.contains('?') || base_url.contains('#') {
            return Err(Error::config(format!("`base_url` must end with a path, without `?` and `#`: `{base_url}`")));
        }
        base.target = format!("{}/", base.target.trim_end_matches('/'));
        let random = required(&table, "random", channel)?;
        let secret = Secret::new(secret(&table, channel)?);
        let page_size = table.whole("page_size", 1)?;
        // A `.` or `..` would be another path, however it is encoded.
        for (key, segment) in [("random", random.as_str()), ("jivo_public_id", secret.reveal())] {
            if matches!(segment, "." | "..") {
                return Err(Error::config(format!("`{key}` must be a segment of the channel's URL")));
            }
        }
        let mut channel = base.clone();
        channel.target = format!("{}{}/{}/", base.target, encode(&random), encode(secret.reveal()));
        let place = Place { base: base.clone(), channel };
        let resources = resources(table.get("resources"), &Defaults { place, page_size })?;
        Ok(Self { base, secret, resources })
    }

    /// The resource with a name.
    pub fn resource(&self, name: &str) -> Result<&Resource> {
        self.resources.iter().find(|resource| resource.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.resources.iter().map(|resource| resource.name.as_str()).collect();
            unknown(&format!("resource `{name}`"), name, &names)
        })
    }

    /// How a URL is called in messages.
    pub fn show(&self, url: &Url) -> String {
        excerpt(&url.to_string(), &self.secret)
    }
}

fn resources(value: Option<Json<'_>>, defaults: &Defaults) -> Result<Vec<Resource>> {
    let tables = value.map_or_else(|| Ok(Vec::new()), |value| members(value, "resources"))?;
    let table = |wanted: &str| tables.iter().rev().find(|(name, _)| name == wanted).map(|(_, value)| *value);
    let mut resources: Vec<Resource> = BUILT_IN
        .iter()
        .map(|built_in| resource::built_in(built_in, table(built_in.name), defaults))
        .collect::<Result<_>>()?;
    for (at, (name, value)) in tables.iter().enumerate() {
        let is_last = tables[at + 1..].iter().all(|(other, _)| other != name);
        if is_last && BUILT_IN.iter().all(|built_in| built_in.name != name) {
            resources.push(resource::added(name, *value, defaults)?);
        }
    }
    Ok(resources)
}

fn required(table: &Table<'_>, key: &str, stand_in: Option<&str>) -> Result<String> {
    table.text(key)?.or_else(|| stand_in.map(str::to_owned)).ok_or_else(|| {
        Error::config(format!("`{key}` is missing: the channel's URL is `{BASE_URL}/<random>/<jivo_public_id>`"))
    })
}

/// The secret, of which no message says more than that it is wrong.
fn secret(table: &Table<'_>, stand_in: Option<&str>) -> Result<String> {
    match table.get("jivo_public_id") {
        Some(value) if value.string().is_none() => Err(Error::config("`jivo_public_id` must be a text")),
        _ => required(table, "jivo_public_id", stand_in),
    }
}

#[cfg(test)]
mod tests;
