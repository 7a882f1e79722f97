//! One table below `resources`: it changes a resource, or adds one.

use super::{
    paginator::paginator,
    table::{Table, join, members, unknown, wrong},
};
use crate::{
    bindings::types::WriteDisposition,
    error::{Error, Result},
    json::{Json, Path},
    resource::{Incremental, Param, PathTemplate, Resource, Shape},
    source::Source,
    template::{Ends, Template},
    url::Url,
};

/// The keys of a resource's table.
pub const KEYS: [&str; 7] =
    ["path", "data_selector", "paginator", "params", "primary_key", "write_disposition", "incremental"];
const DISPOSITIONS: [&str; 3] = ["append", "replace", "merge"];
const INCREMENTAL_KEYS: [&str; 3] = ["cursor_path", "start_param", "end_param"];

/// Keys of dlt's `incremental` that only the host can obey.
const HOST_KEYS: [&str; 8] = [
    "initial_value",
    "end_value",
    "row_order",
    "lag",
    "on_cursor_value_missing",
    "range_start",
    "range_end",
    "primary_key",
];

/// What paths are relative to.
#[derive(Clone, Debug)]
pub struct Place {
    /// What paths with a leading slash are relative to, with a slash at the end.
    pub base: Url,
    /// What paths without a leading slash are relative to, with a slash at the end.
    pub root: Url,
}

/// A resource that only the configuration knows; its path is its name unless it is set.
pub(crate) fn added(source: &Source, name: &str, value: Json<'_>) -> Result<Resource> {
    let mut resource = source.resource(name, name)?.about("Added by configuration.");
    change(&mut resource, value, &source.place(), source.page_size).map(|()| resource)
}

/// Refuses what is no name of a resource.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    if starts && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_')) {
        return Ok(());
    }
    let place = join("resources", name);
    Err(Error::config(format!("`{place}` is no name of a resource: it must be like `[a-z][a-z0-9_]*`")))
}

/// Changes a resource as its table says; paths are relative to `base`.
pub(crate) fn change(resource: &mut Resource, value: Json<'_>, base: &Place, page_size: Option<u64>) -> Result<()> {
    let place = join("resources", &resource.name);
    let table = Table::open(value, &place, &KEYS)?;
    if let Some(path) = table.text("path")? {
        (resource.url, resource.path) = path_of(&path, &table.place_of("path"), base)?;
    }
    if let Some(selector) = table.path("data_selector")? {
        resource.paging.selector = Some(selector);
        resource.shape = Shape::Records;
    }
    if let Some(value) = table.get("paginator") {
        resource.paging.paginator = paginator(value, &table.place_of("paginator"), page_size)?;
        resource.shape = Shape::Records;
    }
    if let Some(value) = table.get("params") {
        resource.params = params(value, &table.place_of("params"))?;
    }
    if let Some(keys) = table.texts("primary_key")? {
        for key in &keys {
            key.parse::<Path>().map_err(|reason| {
                Error::config(format!("`{}` is no path into a record: `{key}` {reason}", table.place_of("primary_key")))
            })?;
        }
        resource.primary_key = keys;
    }
    if let Some(name) = table.text("write_disposition")? {
        resource.write_disposition = match name.as_str() {
            "append" => WriteDisposition::Append,
            "replace" => WriteDisposition::Replace,
            "merge" => WriteDisposition::Merge,
            other => {
                let what = format!("write disposition `{other}` in `{}`", table.place_of("write_disposition"));
                return Err(unknown(&what, other, &DISPOSITIONS));
            }
        };
    }
    if let Some(value) = table.get("incremental") {
        resource.incremental = Some(incremental(value, &table.place_of("incremental"))?);
    }
    Ok(())
}

/// Where a path leads, and the path itself if it depends on the part that is wanted.
fn path_of(path: &str, key: &str, place: &Place) -> Result<(Url, Option<PathTemplate>)> {
    let template = template(path, key)?;
    // Any value will do for an example: the real ones are encoded.
    let example = Ends { start: Some("0".to_owned()), end: Some("0".to_owned()) };
    let example = template.fill(&example, str::to_owned).unwrap_or_default();
    let url = place.resolve(&example, key)?;
    Ok((url, (!template.is_plain()).then(|| PathTemplate { template, place: place.clone() })))
}

fn template(text: &str, key: &str) -> Result<Template> {
    Template::parse(text).map_err(|problem| Error::config(format!("`{key}` {problem}")))
}

impl Place {
    /// Relative to `root`, with a leading slash to `base`, or a whole URL. `key` is where the path is set.
    pub(crate) fn resolve(&self, path: &str, key: &str) -> Result<Url> {
        let is_scheme = |scheme: &str| scheme.bytes().all(|b| b.is_ascii_alphabetic());
        let absolute = path.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme));
        // The path stays below what it is relative to: `..` does not lead out of it.
        let segments = || path.split(['?', '#']).next().unwrap_or_default().split('/');
        if !absolute && segments().any(|segment| segment == "..") {
            return Err(Error::config(format!("`{key}` must not hold `..`: `{path}`")));
        }
        let url = if absolute {
            Url::parse(path)
        } else if path.is_empty() {
            let target = self.root.target.trim_end_matches('/').to_owned();
            Ok(Url { target, ..self.root.clone() })
        } else {
            let base = if path.starts_with('/') { &self.base } else { &self.root };
            // `./` keeps a path such as `a:b` from being taken for a scheme.
            base.resolve(&format!("./{}", path.trim_start_matches('/')))
        };
        url.map_err(|reason| Error::config(format!("`{key}` {reason}: `{path}`")))
    }
}

fn params(value: Json<'_>, place: &str) -> Result<Vec<Param>> {
    let mut params = Vec::new();
    for (name, value) in members(value, place)? {
        for value in value.one_or_many() {
            let place = join(place, &name);
            let text = match (value.text(), value.get()) {
                (Some(text), _) => text,
                (None, boolean @ ("true" | "false")) => boolean.to_owned(),
                _ => {
                    return Err(wrong(&place, "must be a text, a number, true or false, or a list of them", value));
                }
            };
            params.push(Param { name: name.clone(), value: template(&text, &place)? });
        }
    }
    Ok(params)
}

fn incremental(value: Json<'_>, place: &str) -> Result<Incremental> {
    let cursor_path = |text: &str, place: &str| {
        text.parse::<Path>()
            .map(|_| text.to_owned())
            .map_err(|reason| Error::config(format!("`{place}` is no path into a record: `{text}` {reason}")))
    };
    if let Some(text) = value.string() {
        return Ok(Incremental { cursor_path: cursor_path(text.trim(), place)?, start_param: None, end_param: None });
    }
    if !value.is_object() {
        return Err(wrong(place, "must be a path or a table with `cursor_path`", value));
    }
    if let Some(key) = HOST_KEYS.iter().find(|key| value.member(key).is_some()) {
        let place = join(place, key);
        return Err(Error::config(format!(
            "`{place}` is for the host: it belongs to the resource's own settings, beside the source's"
        )));
    }
    let table = Table::open(value, place, &INCREMENTAL_KEYS)?;
    let path = table.text("cursor_path")?.ok_or_else(|| Error::config(format!("`{place}.cursor_path` is missing")))?;
    Ok(Incremental {
        cursor_path: cursor_path(&path, &table.place_of("cursor_path"))?,
        start_param: table.text("start_param")?,
        end_param: table.text("end_param")?,
    })
}
