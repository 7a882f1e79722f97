//! The five resources of a channel, and what is known of each: where it is asked for and what an answer looks like.

use crate::{
    bindings::sluicegate::source::types::{ResourceSpec, WriteDisposition},
    config::resource::Place,
    error::{Error, Result},
    json::Path,
    paging::Paginator,
    template::{Ends, Template},
    url::{Url, encode},
};

/// What an answer is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A bare `0` or `1`, or an object; stamped with the time it was read.
    Status,
    /// One object.
    Object,
    /// Pages of records.
    Records,
}

/// A resource that is there without being configured.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn<'a> {
    /// Its name.
    pub name: &'a str,
    /// One sentence for a person who chooses.
    pub description: &'a str,
    /// Relative to the channel.
    pub path: &'a str,
    /// What an answer is made of.
    pub shape: Shape,
}

/// The five.
pub const BUILT_IN: [BuiltIn<'static>; 5] = [
    BuiltIn {
        name: "status",
        description: "Whether agents are online now: one row per run.",
        path: "status",
        shape: Shape::Status,
    },
    BuiltIn {
        name: "channel_info",
        description: "What the service says of the channel itself.",
        path: "",
        shape: Shape::Object,
    },
    BuiltIn {
        name: "inbound_messages",
        description: "Messages from clients to agents.",
        path: "inbound_messages",
        shape: Shape::Records,
    },
    BuiltIn {
        name: "outbound_messages",
        description: "Messages from agents to clients.",
        path: "outbound_messages",
        shape: Shape::Records,
    },
    BuiltIn { name: "health", description: "Whether the channel works.", path: "health", shape: Shape::Object },
];

/// One kind of data, as configured.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its name, and that of its table.
    pub name: String,
    /// One sentence for a person who chooses.
    pub description: String,
    /// Where it is asked for, without parameters of its own; with placeholders, an example of it.
    pub url: Url,
    /// Where it is asked for, when that holds placeholders.
    pub path: Option<PathTemplate>,
    /// What an answer is made of.
    pub shape: Shape,
    /// How its records and pages are found.
    pub paging: Paging,
    /// Query parameters of the first request.
    pub params: Vec<Param>,
    /// The fields that identify a record.
    pub primary_key: Vec<String>,
    /// What new rows do to old ones.
    pub write_disposition: WriteDisposition,
    /// The field to read on by.
    pub incremental: Option<Incremental>,
}

/// How records and pages are found.
#[derive(Clone, Debug)]
pub struct Paging {
    /// Where the records are; none: found out.
    pub selector: Option<Path>,
    /// How the service pages; none: found out.
    pub paginator: Option<Paginator>,
    /// How many records to ask for.
    pub page_size: Option<u64>,
}

/// A query parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Template,
}

/// A path that depends on the part that is wanted.
#[derive(Clone, Debug)]
pub struct PathTemplate {
    /// The path.
    pub template: Template,
    /// What it is relative to.
    pub place: Place,
}

/// The field to read on by.
#[derive(Clone, Debug)]
pub struct Incremental {
    /// Where it is in a record.
    pub cursor_path: String,
    /// The query parameter that takes the lowest value wanted.
    pub start_param: Option<String>,
    /// The query parameter that takes the first value not wanted any more.
    pub end_param: Option<String>,
}

impl Resource {
    /// Where the part between `ends` is asked for. What a value says stays within its segment or parameter.
    pub fn url_for(&self, ends: &Ends) -> Result<Url> {
        let Some(PathTemplate { template, place }) = &self.path else { return Ok(self.url.clone()) };
        let key = format!("resources.{}.path", self.name);
        let path = template.fill(ends, encode).ok_or_else(|| {
            Error::config(format!("`{key}` needs a value to begin or end at, and there is none: set `initial_value`"))
        })?;
        let url = place.resolve(&path, &key)?;
        if url.origin != self.url.origin {
            return Err(Error::config(format!("`{key}` must name its origin without a placeholder")));
        }
        Ok(url)
    }

    /// The facts that the host is told.
    pub fn spec(&self) -> ResourceSpec {
        ResourceSpec {
            name: self.name.clone(),
            description: self.description.clone(),
            primary_key: self.primary_key.clone(),
            write_disposition: self.write_disposition,
            incremental: self.incremental.as_ref().map(|incremental| incremental.cursor_path.clone()),
        }
    }
}
