//! One table below `resources`: it changes a resource, or adds one.

use super::{
    paginator::paginator,
    table::{Table, join, members, unknown, wrong},
};
use crate::{
    bindings::sluicegate::source::types::WriteDisposition,
    error::{Error, Result},
    json::{Json, Path},
    request::{END_PLACEHOLDER, START_PLACEHOLDERS},
    resources::{BuiltIn, Incremental, Paging, Param, Resource, Shape},
    url::Url,
};

pub(super) const KEYS: [&str; 7] =
    ["path", "data_selector", "paginator", "params", "primary_key", "write_disposition", "incremental"];
const DISPOSITIONS: [&str; 3] = ["append", "replace", "merge"];
const INCREMENTAL_KEYS: [&str; 3] = ["cursor_path", "start_param", "end_param"];

/// Keys of dlt's `incremental` that only the host can obey.
const HOST_KEYS: [&str; 6] =
    ["initial_value", "end_value", "row_order", "lag", "on_cursor_value_missing", "range_start"];

/// What paths are relative to.
pub(super) struct Channel<'a> {
    /// `base_url`, with a slash at the end.
    pub(super) base: &'a Url,
    /// The channel's URL, with a slash at the end.
    pub(super) url: &'a Url,
    /// How many records to ask for per page.
    pub(super) page_size: Option<u64>,
}

/// One of the five, with what the configuration changes.
pub(super) fn built_in(built_in: &BuiltIn, value: Option<Json<'_>>, channel: &Channel<'_>) -> Result<Resource> {
    let mut resource = Resource {
        name: built_in.name.to_owned(),
        description: built_in.description.to_owned(),
        url: resolve(built_in.path, "path", channel)?,
        shape: built_in.shape,
        paging: Paging { selector: None, paginator: None, page_size: channel.page_size },
        params: Vec::new(),
        primary_key: Vec::new(),
        write_disposition: WriteDisposition::Append,
        incremental: None,
    };
    match value {
        None => Ok(resource),
        Some(value) => change(&mut resource, value, channel).map(|()| resource),
    }
}

/// A resource that only the configuration knows; its path is its name unless it is set.
pub(super) fn added(name: &str, value: Json<'_>, channel: &Channel<'_>) -> Result<Resource> {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts || !name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_')) {
        let place = join("resources", name);
        return Err(Error::config(format!("`{place}` is no name of a resource: it must be like `[a-z][a-z0-9_]*`")));
    }
    let added = BuiltIn { name, description: "Added by configuration.", path: name, shape: Shape::Records };
    built_in(&added, Some(value), channel)
}

fn change(resource: &mut Resource, value: Json<'_>, channel: &Channel<'_>) -> Result<()> {
    let place = join("resources", &resource.name);
    let table = Table::open(value, &place, &KEYS)?;
    if let Some(path) = table.text("path")? {
        resource.url = resolve(&path, &table.place_of("path"), channel)?;
    }
    if let Some(selector) = table.path("data_selector")? {
        resource.paging.selector = Some(selector);
        resource.shape = Shape::Records;
    }
    if let Some(value) = table.get("paginator") {
        resource.paging.paginator = paginator(value, &table.place_of("paginator"), channel.page_size)?;
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

/// Relative to the channel, with a leading slash to `base_url`, or a whole URL.
fn resolve(path: &str, place: &str, channel: &Channel<'_>) -> Result<Url> {
    let absolute = path.split_once("://").is_some_and(|(scheme, _)| scheme.bytes().all(|b| b.is_ascii_alphabetic()));
    // The path stays below what it is relative to: `..` does not lead out of the channel.
    if !absolute && path.split(['?', '#']).next().is_some_and(|path| path.split('/').any(|segment| segment == "..")) {
        return Err(Error::config(format!("`{place}` must not hold `..`: `{path}`")));
    }
    let url = if absolute {
        Url::parse(path)
    } else if path.is_empty() {
        Ok(Url { target: channel.url.target.trim_end_matches('/').to_owned(), ..channel.url.clone() })
    } else {
        let base = if path.starts_with('/') { channel.base } else { channel.url };
        // `./` keeps a path such as `a:b` from being taken for a scheme.
        base.resolve(&format!("./{}", path.trim_start_matches('/')))
    };
    url.map_err(|reason| Error::config(format!("`{place}` {reason}: `{path}`")))
}

fn params(value: Json<'_>, place: &str) -> Result<Vec<Param>> {
    let mut params = Vec::new();
    for (name, value) in members(value, place)? {
        for value in value.one_or_many() {
            let text = match (value.text(), value.get()) {
                (Some(text), _) => text,
                (None, boolean @ ("true" | "false")) => boolean.to_owned(),
                _ => {
                    return Err(wrong(
                        &join(place, &name),
                        "must be a text, a number, true or false, or a list of them",
                        value,
                    ));
                }
            };
            check_placeholders(&text, &join(place, &name))?;
            params.push(Param { name: name.clone(), value: text });
        }
    }
    Ok(params)
}

/// Refuses placeholders that dlt would fill, but nobody fills here: sent as they are, they would ask for something else.
fn check_placeholders(text: &str, place: &str) -> Result<()> {
    for (at, _) in text.match_indices("{incremental.").chain(text.match_indices("{resources.")) {
        let rest = &text[at..];
        let end = rest.find('}').map_or(rest.len(), |end| end + 1);
        let placeholder = &rest[..end];
        if !START_PLACEHOLDERS.contains(&placeholder) && placeholder != END_PLACEHOLDER {
            return Err(Error::config(format!("`{place}` holds `{placeholder}`, which nothing stands for")));
        }
    }
    Ok(())
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
